/* SPDX-License-Identifier: MIT
 *
 * Traces read back, and whose events they are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "recommend_observed.h"
#include "trace_json.h"
#include "trace_read.h"

#define EVENT "{\"schema\":\"compatprobe.event/1\",\"kind\":\"dlopen_failed\""

/* --- there and back -------------------------------------------------------------------------- */

static int same_again(void *context, const struct cp_event *event, struct cp_error **err)
{
	return cp_trace_json_print(context, event) < 0 ? cp_error_set(err, 0, "no memory") : 0;
}

static void what_is_written_is_read(void **state)
{
	(void)state;
	char *addons[] = {"/a.node", "/b\n.node"};
	struct cp_event events[] = {
		{.time = 1764111783123456789,
			.kind = CP_EVENT_DLOPEN_FAILED,
			.cause = CP_BECAUSE_MISSING_LOADER,
			.object = "ld-linux-x86-64.so.2",
			.needed_by = "/app/\xff.node",
			.message = "text",
			.source = CP_SOURCE_LOADER,
			.libc = CP_EVENT_LIBC_MUSL,
			.blames_template = CP_YES,
			.optional = true,
			.pid = 1,
			.comm = "node",
			.exe = "/usr/bin/node",
			.container = {"id", "name", "image", "podman", "shop", "auth"}},
		{.kind = CP_EVENT_CRASHED,
			.cause = CP_BECAUSE_CRASHED,
			.blames_template = CP_NO,
			.addons = addons,
			.n_addons = 2,
			.signal = SIGSEGV,
			.status = 139},
		{.kind = CP_EVENT_LOST, .count = 7},
	};
	char *first = NULL, *second = NULL;
	size_t size;
	FILE *file = open_memstream(&first, &size);
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		assert_int_equal(cp_trace_json_print(file, &events[i]), 0);
	fclose(file);
	FILE *input = fmemopen(first, strlen(first), "r");
	file = open_memstream(&second, &size);
	assert_int_equal(cp_trace_read(input, "trace", same_again, file, NULL), 0);
	fclose(file);
	fclose(input);
	assert_string_equal(first, second);
	free(first);
	free(second);
}

/* --- bad lines ---------------------------------------------------------------------------------
 */

static int ignore(void *context, const struct cp_event *event, struct cp_error **err)
{
	(void)event;
	(void)err;
	++*(int *)context;
	return 0;
}

static void is_refused(const char *text, const char *why)
{
	cp_cleanup_error struct cp_error *err = NULL;
	int count = 0;
	FILE *input = fmemopen((char *)text, strlen(text), "r");
	assert_int_equal(cp_trace_read(input, "t.jsonl", ignore, &count, &err), -1);
	fclose(input);
	if (!strstr(err->message, why))
		fail_msg("%s: wanted %s", err->message, why);
}

static void bad_lines_are_errors_with_their_number(void **state)
{
	(void)state;
	is_refused(EVENT "}\n{\"schema\":", "t.jsonl:2: column ");
	is_refused("nonsense\n", "t.jsonl:1: ");
	is_refused("[]\n", "t.jsonl:1: this is no JSON object");
	is_refused("{}\n", "t.jsonl:1: this is no event of the schema compatprobe.event/1");
	is_refused("{\"schema\":\"compatprobe.scan/1\"}\n", "t.jsonl:1: this is no event");
	is_refused("{\"schema\":\"compatprobe.event/1\"}\n", "\"kind\" is no kind");
	is_refused("{\"schema\":\"compatprobe.event/1\",\"kind\":\"danced\"}",
		"\"kind\" is 'danced', which is not known");
	is_refused(EVENT ",\"cause\":\"bad_luck\"}", "\"cause\" is 'bad_luck'");
	is_refused(EVENT ",\"object\":1}", "\"object\" is no text");
	is_refused(EVENT ",\"container\":\"x\"}", "\"container\" is no object");
	is_refused(EVENT ",\"process\":{\"pid\":-1}}", "\"pid\" is no number");
	is_refused(EVENT ",\"process\":{\"pid\":1e9}}", "\"pid\" is no number");
	is_refused(EVENT ",\"blames_template\":\"yes\"}", "\"blames_template\" is no");
	is_refused(EVENT ",\"addons\":{}}", "\"addons\" is no list");
	is_refused(EVENT ",\"addons\":[1]}", "\"addons\" is no list of texts");
	is_refused(EVENT ",\"time\":\"yesterday\"}", "\"time\" is no time");
	is_refused(EVENT ",\"time\":\"2026-11-25T10:00:00+01:00\"}", "\"time\" is no time in UTC");
	is_refused(EVENT ",\"object\":\"\xff\"}", "t.jsonl:1: ");
	is_refused(EVENT ",\"object\":\"\\u0000\"}", "t.jsonl:1: ");
	is_refused(EVENT ",\"kind\":\"crashed\"}", "t.jsonl:1: ");
}

static void more_fields_and_empty_lines_are_fine(void **state)
{
	(void)state;
	static char text[] = EVENT ",\"new\":{\"a\":1}}\n\n" EVENT "}";
	int count = 0;
	FILE *input = fmemopen(text, strlen(text), "r");
	assert_int_equal(cp_trace_read(input, "t.jsonl", ignore, &count, NULL), 0);
	assert_int_equal(count, 2);
	fclose(input);
}

/* --- whose
 * ---------------------------------------------------------------------------------------- */

static struct cp_compose_service services[] = {{.name = "auth"}, {.name = "work-er"}};
static const struct cp_compose compose = {.project = "shop", .services = services, .n_services = 2};

static void observe(struct cp_observations *observations, const char *text)
{
	cp_cleanup_error struct cp_error *err = NULL;
	FILE *input = fmemopen((char *)text, strlen(text), "r");
	if (cp_observations_read(observations, &compose, input, "t.jsonl", &err) < 0)
		fail_msg("%s", err->message);
	fclose(input);
}

static void events_go_to_their_services(void **state)
{
	(void)state;
	struct cp_observations all = {0};
	observe(&all,
		EVENT ",\"message\":\"one\",\"project\":\"shop\",\"service\":\"auth\"}\n" EVENT
		      ",\"message\":\"one\",\"project\":\"shop\",\"service\":\"auth\"}\n" EVENT
		      ",\"message\":\"two\",\"project\":\"other\",\"service\":\"auth\"}\n" EVENT
		      ",\"message\":\"3\",\"service\":\"auth\"}\n" EVENT
		      ",\"message\":\"4\",\"project\":\"shop\",\"service\":\"auth\","
		      "\"optional\":true}\n");
	/* another file, by the containers' names */
	observe(&all,
		EVENT ",\"message\":\"a\",\"container\":{\"name\":\"shop_work-er_1\"}}\n" EVENT
		      ",\"message\":\"b\",\"container\":{\"name\":\"shop-work-er-12\"}}\n" EVENT
		      ",\"message\":\"c\",\"container\":{\"name\":\"shop_work-er-1\"}}\n" EVENT
		      ",\"message\":\"d\",\"container\":{\"name\":\"shop_work-er_\"}}\n" EVENT
		      ",\"message\":\"e\",\"container\":{\"name\":\"shop_work-er_1_run\"}}\n" EVENT
		      ",\"message\":\"f\",\"container\":{\"name\":\"work-er\"}}\n"
		      "{\"schema\":\"compatprobe.event/1\",\"kind\":\"lost\",\"count\":5}\n");
	const struct cp_observed *auth = cp_observations_of(&all, &compose, &services[0]);
	const struct cp_observed *worker = cp_observations_of(&all, &compose, &services[1]);
	assert_int_equal(auth->n_failures, 1);
	assert_string_equal(auth->failures[0].text, "dlopen failed: one");
	assert_int_equal(worker->n_failures, 2);
	assert_string_equal(worker->failures[1].text, "dlopen failed: b");
	assert_int_equal(all.n_events, 12);
	assert_int_equal(all.n_matched, 5);
	assert_int_equal(all.n_lost, 5);
	assert_string_equal(all.other, "other");
	cp_observations_clear(&all);
	assert_null(cp_observations_of(&all, &compose, &services[0]));
}

static void loads_are_told_by_path_and_libc(void **state)
{
	(void)state;
	struct cp_observations all = {0};
	observe(&all, "{\"schema\":\"compatprobe.event/1\",\"kind\":\"addon_loaded\",\"object\":"
		      "\"/a.node\",\"libc\":\"musl\",\"project\":\"shop\",\"service\":\"auth\"}\n"
		      "{\"schema\":\"compatprobe.event/1\",\"kind\":\"addon_loaded\",\"object\":"
		      "\"/b.node\",\"project\":\"shop\",\"service\":\"auth\"}\n" EVENT
		      ",\"needed_by\":\"/b.node\",\"project\":\"shop\",\"service\":\"auth\"}\n");
	const struct cp_observed *auth = cp_observations_of(&all, &compose, &services[0]);
	assert_true(cp_observed_loaded(auth, "/a.node", CP_LIBC_MUSL));
	assert_false(cp_observed_loaded(auth, "/a.node", CP_LIBC_GLIBC));
	assert_false(cp_observed_loaded(auth, "/b.node", CP_LIBC_MUSL)); /* and failed */
	assert_false(cp_observed_loaded(auth, "/c.node", CP_LIBC_MUSL));
	assert_false(cp_observed_loaded(NULL, "/a.node", CP_LIBC_MUSL));
	assert_int_equal(cp_observed_count(auth, CP_LIBC_MUSL), 2);
	assert_int_equal(cp_observed_count(auth, CP_LIBC_GLIBC), 1);
	cp_observations_clear(&all);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct cp_observations all = {0};
	for (int i = 0; i < CP_OBSERVED_MAX_FAILURES + 3; i++) {
		char text[256];
		snprintf(text, sizeof(text),
			EVENT ",\"message\":\"m%d\",\"project\":\"shop\",\"service\":\"auth\"}\n",
			i);
		observe(&all, text);
	}
	const struct cp_observed *auth = cp_observations_of(&all, &compose, &services[0]);
	assert_int_equal(auth->n_failures, CP_OBSERVED_MAX_FAILURES);
	assert_int_equal(auth->more, 3);
	cp_observations_clear(&all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(bad_lines_are_errors_with_their_number),
		cmocka_unit_test(more_fields_and_empty_lines_are_fine),
		cmocka_unit_test(events_go_to_their_services),
		cmocka_unit_test(loads_are_told_by_path_and_libc),
		cmocka_unit_test(memory_is_bounded),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
