/* SPDX-License-Identifier: MIT
 *
 * An event as one line for people:
 *
 *   12:03:11.482  workflow  dlopen failed: Error loading shared library ld-linux-x86-64.so.2: No
 *   such file or directory (needed by /app/index.node)  → the template's fault (missing_loader)
 *
 * when, whose, what in words, the message as it was printed, and whose fault it is. It is one line
 * whatever the texts hold, and never cut: paths are the evidence.
 */
#ifndef CP_TRACE_LINE_H
#define CP_TRACE_LINE_H

#include <stdio.h>

#include "event.h"
#include "output_table.h"

/* Writes the line with its line feed; does not flush. With style->verbose it also tells the
 * process, and where the message was read. The time of day is local. */
void cp_trace_line_print(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event);

/* The parts of the line, for the summary. */

/* "dlopen failed: MESSAGE (needed by F)" */
void cp_trace_put_matter(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event);
/* "→ the template's fault (missing_loader)"; nothing where there is no fault. */
void cp_trace_put_fault(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event);
/* Escaped, and on one line: a line feed becomes a blank. */
void cp_trace_put_text(FILE *file, const char *text);

/* How bad: CP_OUTCOME_FAILS the template's fault or unknown, CP_OUTCOME_LOADS_WITH not the
 * template's, CP_OUTCOME_CRASHES, or CP_OUTCOME_LOADS. For colours only. */
enum cp_outcome cp_trace_severity(const struct cp_event *event);

#endif
