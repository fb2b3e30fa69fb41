/* SPDX-License-Identifier: MIT */
#include "trace_output.h"

#include <errno.h>
#include <string.h>

#include "trace_json.h"
#include "trace_line.h"

int cp_trace_outputs_open(struct cp_trace_outputs *outputs, const struct cp_options *options)
{
	for (size_t i = 0; i < options->n_outputs; i++) {
		const struct cp_output_request *request = &options->outputs[i];
		struct cp_trace_output *output = &outputs->items[outputs->count];
		output->format = request->format;
		output->name = request->file ? request->file : "standard output";
		output->file = request->file ? fopen(request->file, "we") : stdout;
		if (!output->file)
			return cp_fail("cannot write %s: %s", request->file, strerror(errno));
		cp_table_style_for(&output->style, output->file, options->verbose);
		outputs->count++;
	}
	return 0;
}

/* After each event, so that a full disk is told while the trace goes on. */
static void flush(struct cp_trace_output *output)
{
	if (output->failed || (fflush(output->file) == 0 && !ferror(output->file)))
		return;
	output->failed = true;
	cp_fail("cannot write %s: %s", output->name, strerror(errno));
}

void cp_trace_outputs_event(struct cp_trace_outputs *outputs, const struct cp_event *event)
{
	for (size_t i = 0; i < outputs->count; i++) {
		struct cp_trace_output *output = &outputs->items[i];
		if (output->failed)
			continue;
		if (output->format == CP_FORMAT_TABLE)
			cp_trace_line_print(output->file, &output->style, event);
		else if (cp_trace_json_print(output->file, event) < 0)
			output->failed = cp_fail("out of memory") != 0;
		flush(output);
	}
}

void cp_trace_outputs_summary(struct cp_trace_outputs *outputs,
	const struct cp_trace_summary *summary, FILE *otherwise, bool verbose)
{
	bool printed = false;
	for (size_t i = 0; i < outputs->count; i++) {
		struct cp_trace_output *output = &outputs->items[i];
		if (output->format != CP_FORMAT_TABLE || output->failed)
			continue;
		fputc('\n', output->file);
		cp_trace_summary_print(output->file, &output->style, summary);
		flush(output);
		printed = true;
	}
	if (printed || !otherwise)
		return;
	struct cp_table_style style;
	cp_table_style_for(&style, otherwise, verbose);
	cp_trace_summary_print(otherwise, &style, summary);
}

int cp_trace_outputs_close(struct cp_trace_outputs *outputs)
{
	int status = 0;
	for (size_t i = 0; i < outputs->count; i++) {
		struct cp_trace_output *output = &outputs->items[i];
		flush(output);
		if (output->file != stdout && fclose(output->file) != 0 && !output->failed)
			output->failed =
				cp_fail("cannot write %s: %s", output->name, strerror(errno)) != 0;
		status |= output->failed ? CP_EXIT_ERROR : 0;
	}
	outputs->count = 0;
	return status;
}
