/* SPDX-License-Identifier: MIT
 *
 * Small files as a whole.
 */
#ifndef CP_FILE_H
#define CP_FILE_H

#include <stddef.h>

#include "error.h"

/* Reads a regular file of at most `limit` bytes. 0 with *text owned (a NUL follows its *size
 * bytes), or -1 with an error that names the file and has its errno as code. */
int cp_file_read(const char *path, size_t limit, char **text, size_t *size, struct cp_error **err);

#endif
