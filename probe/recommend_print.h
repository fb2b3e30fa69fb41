/* SPDX-License-Identifier: MIT
 *
 * Advice as people and programs read it.
 */
#ifndef CP_RECOMMEND_PRINT_H
#define CP_RECOMMEND_PRINT_H

#include <stdio.h>

#include "output_table.h"
#include "recommend.h"

/* A line per service, its reasons below where it is not simply "anything serves". With `verbose`
 * all reasons. */
void cp_advice_table(
	FILE *file, const struct cp_advice *advice, const struct cp_table_style *style);

/* One object, schema "compatprobe.recommend/1". `override` is the file written, or NULL. 0, or -1
 * without memory. */
int cp_advice_json(FILE *file, const struct cp_advice *advice, const char *override);

#endif
