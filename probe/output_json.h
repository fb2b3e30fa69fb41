/* SPDX-License-Identifier: MIT
 *
 * JSON, "compatprobe.scan/1": one object per image, on one line, so that several images in a
 * run are JSON Lines and a single one is plain JSON.
 *
 * What is not known is null. Keys and rows keep one order, so that two runs over the same image
 * compare byte for byte. Rows are written one by one; the whole is never in memory.
 */
#ifndef CP_OUTPUT_JSON_H
#define CP_OUTPUT_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "scan.h"

/* Writes the scan and a line feed. 0, or -1 without memory; a failed write shows in
 * ferror(file). */
int cp_json_print(FILE *file, const struct cp_scan *scan);

/* A string, with what is not UTF-8 replaced; null for NULL. A new reference, or NULL without
 * memory. */
json_t *cp_json_text(const char *text);

/* Puts a new reference into an object or array; a NULL `value` (no memory) gives -1. */
int cp_json_put(json_t *object, const char *key, json_t *value);
int cp_json_append(json_t *array, json_t *value);

/* Writes `value` (taken over) in one line. 0 or -1. */
int cp_json_dump(FILE *file, json_t *value);

static inline void cp_json_cleanup(json_t **value)
{
	json_decref(*value);
}
#define cp_cleanup_json __attribute__((cleanup(cp_json_cleanup)))

#endif
