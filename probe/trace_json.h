/* SPDX-License-Identifier: MIT
 *
 * Events for programs, schema "compatprobe.event/1": one object per line. What is not known is
 * null; all keys are always there, in one order. Bytes that are no UTF-8 (paths may hold any)
 * become U+FFFD.
 */
#ifndef CP_TRACE_JSON_H
#define CP_TRACE_JSON_H

#include <stdio.h>

#include "event.h"

/* Room for "2026-11-25T22:58:03.000000001Z". */
#define CP_TRACE_TIME_SIZE 40
void cp_trace_time(char buffer[CP_TRACE_TIME_SIZE], uint64_t time);

/* Writes the event and a line feed; does not flush. 0, or -1 without memory; a failed write shows
 * in ferror(file). */
int cp_trace_json_print(FILE *file, const struct cp_event *event);

#endif
