/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a file of events. What is read is written again, and that reads as the same; the
 * line for people is one line; the summary takes all.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_json.h"
#include "trace_line.h"
#include "trace_read.h"
#include "trace_summary.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *json_of(const struct cp_event *event)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	if (!file || cp_trace_json_print(file, event) < 0 || fclose(file) != 0)
		abort();
	return text;
}

static void check_line(const struct cp_event *event)
{
	static const struct cp_table_style style = {.colour = true, .verbose = true};
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	if (!file)
		abort();
	cp_trace_line_print(file, &style, event);
	if (fclose(file) != 0 || !size || strchr(text, '\n') != text + size - 1)
		abort();
	free(text);
}

static int is_same(void *context, const struct cp_event *event, struct cp_error **err)
{
	(void)err;
	char *text = json_of(event);
	if (strcmp(text, context) != 0)
		abort();
	free(text);
	return 0;
}

static int take(void *context, const struct cp_event *event, struct cp_error **err)
{
	char *text = json_of(event);
	FILE *file = fmemopen(text, strlen(text), "r");
	if (!file || cp_trace_read(file, "again", is_same, text, err) < 0)
		abort();
	fclose(file);
	free(text);
	check_line(event);
	cp_trace_summary_add(context, event);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_error *err = NULL;
	struct cp_trace_summary *summary = cp_trace_summary_make();
	FILE *file = size ? fmemopen((void *)(uintptr_t)data, size, "r") : NULL;
	FILE *sink = fopen("/dev/null", "w");
	if (!summary || !sink)
		abort();
	if (file && cp_trace_read(file, "trace", take, summary, &err) < 0 && !err)
		abort();
	cp_trace_summary_print(sink, &(struct cp_table_style){0}, summary);
	fclose(sink);
	if (file)
		fclose(file);
	cp_trace_summary_free(summary);
	cp_error_free(err);
	return 0;
}
