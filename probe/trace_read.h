/* SPDX-License-Identifier: MIT
 *
 * Reads back what trace_json.h writes: a file of events, one object per line.
 *
 * Names and texts in it come out of containers. A line that is no event (broken JSON, another
 * schema, a value of the wrong type or one that this version does not know) is an error with file
 * and line: half a trace would be half a truth.
 */
#ifndef CP_TRACE_READ_H
#define CP_TRACE_READ_H

#include <stdio.h>

#include "error.h"
#include "event.h"

#define CP_TRACE_MAX_LINE ((size_t)16 << 20) /* bytes */
#define CP_TRACE_MAX_EVENTS ((size_t)4000000)

/* Called per event, whose strings are borrowed for the call. 0, or -1 with an error, which ends
 * the reading. */
typedef int cp_trace_take(void *context, const struct cp_event *event, struct cp_error **err);

/* Reads all of `file`, which errors call `name`. 0 or -1. */
int cp_trace_read(
	FILE *file, const char *name, cp_trace_take *take, void *context, struct cp_error **err);

#endif
