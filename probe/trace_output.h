/* SPDX-License-Identifier: MIT
 *
 * Where a trace's events go, as they happen: each -o FORMAT[=FILE], lines for people or JSON lines.
 *
 * Unlike other results, a file is written in place and after every event: a trace may run for
 * hours, and what was seen until somebody ended it is evidence, too. The first write that fails is
 * told at once, and makes the run fail.
 */
#ifndef CP_TRACE_OUTPUT_H
#define CP_TRACE_OUTPUT_H

#include "event.h"
#include "options.h"
#include "output_table.h"
#include "trace_summary.h"

struct cp_trace_output {
	enum cp_format format;
	const char *name; /* as errors call it */
	FILE *file;
	struct cp_table_style style;
	bool failed;
};

struct cp_trace_outputs {
	struct cp_trace_output items[CP_OUTPUT_MAX];
	size_t count;
};

/* 0, or CP_EXIT_ERROR after it was told. */
int cp_trace_outputs_open(struct cp_trace_outputs *outputs, const struct cp_options *options);

void cp_trace_outputs_event(struct cp_trace_outputs *outputs, const struct cp_event *event);

/* The summary goes to each table; where there is none, to `otherwise` (NULL: nowhere). */
void cp_trace_outputs_summary(struct cp_trace_outputs *outputs,
	const struct cp_trace_summary *summary, FILE *otherwise, bool verbose);

/* 0, or CP_EXIT_ERROR where anything could not be written. */
int cp_trace_outputs_close(struct cp_trace_outputs *outputs);

#endif
