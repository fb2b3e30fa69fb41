/* SPDX-License-Identifier: MIT
 *
 * Bases for people, and as JSON (schemas compatprobe.bases/1 and compatprobe.base/1).
 * Each prints to `file`; a failed write shows in ferror(file). 0, or -1 with an error.
 */
#ifndef CP_BASE_PRINT_H
#define CP_BASE_PRINT_H

#include <stdbool.h>
#include <stdio.h>

#include "base.h"

/* Every shipped base, a line or an element each. */
int cp_base_list_table(FILE *file, struct cp_error **err);
int cp_base_list_json(FILE *file, struct cp_error **err);

/* One base with its libraries; with `exports` every name that they export. */
int cp_base_show_table(FILE *file, const struct cp_base *base, bool exports, struct cp_error **err);
int cp_base_show_json(FILE *file, const struct cp_base *base, bool exports, struct cp_error **err);

#endif
