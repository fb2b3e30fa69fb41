/* SPDX-License-Identifier: MIT
 *
 * Where a trace's events go: written as they happen, and told once where that fails.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trace_output.h"

static char folder[64], table[96], json[96];

static int make_folder(void **state)
{
	(void)state;
	strcpy(folder, "/tmp/test-trace-output-XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	snprintf(table, sizeof(table), "%s/table", folder);
	snprintf(json, sizeof(json), "%s/json", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	unlink(table);
	unlink(json);
	return rmdir(folder);
}

/* --- what goes to standard error ----------------------------------------------------------- */

static int saved_stderr = -1, heard = -1;

static void listen_to_stderr(void)
{
	fflush(stderr);
	saved_stderr = dup(STDERR_FILENO);
	heard = memfd_create("stderr", MFD_CLOEXEC);
	assert_true(saved_stderr >= 0 && heard >= 0);
	assert_int_equal(dup2(heard, STDERR_FILENO), STDERR_FILENO);
}

static void assert_heard(const char *wanted)
{
	char text[4096] = "";
	fflush(stderr);
	dup2(saved_stderr, STDERR_FILENO);
	close(saved_stderr);
	ssize_t size = pread(heard, text, sizeof(text) - 1, 0);
	close(heard);
	assert_true(size >= 0);
	assert_string_equal(text, wanted);
}

/* --- outputs -------------------------------------------------------------------------------- */

static struct cp_event event_of(char *object)
{
	return (struct cp_event){.kind = CP_EVENT_ADDON_LOADED,
		.object = object,
		.blames_template = CP_NO,
		.pid = 44,
		.comm = "node",
		.container = {.project = "shop", .service = "auth"}};
}

/* Opens a table and JSON in these files; NULL: not that one. Returns what opening does. */
static int open_outputs(
	struct cp_trace_outputs *outputs, const char *table_file, const char *json_file)
{
	struct cp_options options = {0};
	if (table_file)
		options.outputs[options.n_outputs++] =
			(struct cp_output_request){CP_FORMAT_TABLE, table_file};
	if (json_file)
		options.outputs[options.n_outputs++] =
			(struct cp_output_request){CP_FORMAT_JSON, json_file};
	*outputs = (struct cp_trace_outputs){0};
	return cp_trace_outputs_open(outputs, &options);
}

static char *text_of(const char *path)
{
	static char text[8192];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = 0;
	fclose(file);
	return text;
}

static size_t lines_of(const char *path)
{
	size_t count = 0;
	for (const char *at = text_of(path); (at = strchr(at, '\n')); at++)
		count++;
	return count;
}

static void table_and_json_together(void **state)
{
	struct cp_trace_outputs outputs;
	struct cp_event first = event_of("/app/a.node"), second = event_of("/app/b.node");
	(void)state;
	assert_int_equal(open_outputs(&outputs, table, json), 0);
	struct cp_trace_summary *summary = cp_trace_summary_make();
	cp_trace_outputs_event(&outputs, &first);
	cp_trace_summary_add(summary, &first);
	/* It is there before the trace ends. */
	assert_int_equal(lines_of(table), 1);
	assert_int_equal(lines_of(json), 1);
	cp_trace_outputs_event(&outputs, &second);
	cp_trace_summary_add(summary, &second);
	cp_trace_outputs_summary(&outputs, summary, stderr, false); /* into the table, not there */
	assert_int_equal(cp_trace_outputs_close(&outputs), 0);
	assert_non_null(strstr(text_of(table), "/app/a.node"));
	assert_non_null(strstr(text_of(table), "\n\n  auth (shop)  fine\n"));
	char *lines = text_of(json);
	for (int i = 0; i < 2; i++) {
		json_t *value = json_loads(lines, JSON_DISABLE_EOF_CHECK, NULL);
		assert_string_equal(json_string_value(json_object_get(value, "object")),
			i ? "/app/b.node" : "/app/a.node");
		json_decref(value);
		lines = strchr(lines, '\n') + 1;
	}
	assert_string_equal(lines, "");
	cp_trace_summary_free(summary);
}

static void without_a_table_the_summary_goes_elsewhere(void **state)
{
	struct cp_trace_outputs outputs;
	char *text = NULL;
	size_t size;
	(void)state;
	assert_int_equal(open_outputs(&outputs, NULL, json), 0);
	struct cp_trace_summary *summary = cp_trace_summary_make();
	FILE *otherwise = open_memstream(&text, &size);
	cp_trace_outputs_summary(&outputs, summary, NULL, false); /* --quiet */
	cp_trace_outputs_summary(&outputs, summary, otherwise, false);
	fclose(otherwise);
	assert_string_equal(text, "  nothing failed, and no addon was loaded\n");
	assert_int_equal(cp_trace_outputs_close(&outputs), 0);
	assert_string_equal(text_of(json), "");
	free(text);
	cp_trace_summary_free(summary);
}

static void check_full_disk(bool with_table)
{
	struct cp_trace_outputs outputs;
	struct cp_event event = event_of("/app/a.node");
	struct cp_trace_summary *summary = cp_trace_summary_make();
	listen_to_stderr();
	int opened = with_table ? open_outputs(&outputs, "/dev/full", json)
				: open_outputs(&outputs, table, "/dev/full");
	for (int i = 0; i < 3; i++)
		cp_trace_outputs_event(&outputs, &event);
	cp_trace_outputs_summary(&outputs, summary, NULL, false);
	int closed = cp_trace_outputs_close(&outputs);
	assert_heard("compatprobe: cannot write /dev/full: No space left on device\n");
	assert_int_equal(opened, 0);
	assert_int_equal(closed, CP_EXIT_ERROR);
	/* The other one goes on. */
	assert_int_equal(lines_of(with_table ? json : table), with_table ? 3 : 5);
	cp_trace_summary_free(summary);
}

static void a_full_disk_is_told_once_and_fails_the_run(void **state)
{
	(void)state;
	check_full_disk(true);
	check_full_disk(false);
}

static void a_full_disk_may_show_only_at_the_end(void **state)
{
	struct cp_trace_outputs outputs;
	(void)state;
	listen_to_stderr();
	int opened = open_outputs(&outputs, "/dev/full", NULL);
	fputs("left in the buffer", outputs.items[0].file);
	int closed = cp_trace_outputs_close(&outputs);
	assert_heard("compatprobe: cannot write /dev/full: No space left on device\n");
	assert_int_equal(opened, 0);
	assert_int_equal(closed, CP_EXIT_ERROR);
}

static void a_file_that_cannot_be_made_is_told(void **state)
{
	struct cp_trace_outputs outputs;
	(void)state;
	listen_to_stderr();
	int opened = open_outputs(&outputs, table, "/nowhere/events.json");
	assert_heard("compatprobe: cannot write /nowhere/events.json: No such file or directory\n");
	assert_int_equal(opened, CP_EXIT_ERROR);
	assert_int_equal(cp_trace_outputs_close(&outputs), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(table_and_json_together),
		TEST(without_a_table_the_summary_goes_elsewhere),
		TEST(a_full_disk_is_told_once_and_fails_the_run),
		TEST(a_full_disk_may_show_only_at_the_end),
		TEST(a_file_that_cannot_be_made_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
