/* SPDX-License-Identifier: MIT
 *
 * Events for programs and for people, one by one and summed up.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "trace_json.h"
#include "trace_line.h"
#include "trace_summary.h"

static const struct cp_table_style plain = {0}, colourful = {.colour = true},
				   talkative = {.verbose = true};

#define BRIDGE "/app/node_modules/@temporalio/core-bridge/index.node"
#define NO_LOADER                                                                                  \
	"Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed "    \
	"by " BRIDGE ")"

static struct cp_event workflow_fails(void)
{
	return (struct cp_event){
		.time = 1764111783000000001,
		.kind = CP_EVENT_DLOPEN_FAILED,
		.cause = CP_BECAUSE_MISSING_LOADER,
		.object = "ld-linux-x86-64.so.2",
		.needed_by = BRIDGE,
		.message = NO_LOADER,
		.source = CP_SOURCE_LOADER,
		.libc = CP_EVENT_LIBC_MUSL,
		.blames_template = CP_YES,
		.pid = 42,
		.comm = "node",
		.exe = "/usr/local/bin/node",
		.container = {.id = "0123456789abcdef0123456789abcdef",
			.name = "shop_workflow_1",
			.image = "shop_workflow",
			.runtime = "docker",
			.project = "shop",
			.service = "workflow"},
	};
}

static struct cp_event module_is_missing(void)
{
	return (struct cp_event){
		.kind = CP_EVENT_MODULE_NOT_FOUND,
		.cause = CP_BECAUSE_MODULE_NOT_FOUND,
		.object = "kafkajs",
		.needed_by = "/app/index.js",
		.message = "Cannot find module 'kafkajs'",
		.source = CP_SOURCE_STDERR,
		.blames_template = CP_NO,
		.pid = 43,
		.comm = "node",
		.container = {.project = "shop", .service = "rules-engine"},
	};
}

static struct cp_event addon_loads(char *path)
{
	return (struct cp_event){
		.kind = CP_EVENT_ADDON_LOADED,
		.object = path,
		.libc = CP_EVENT_LIBC_MUSL,
		.pid = 44,
		.comm = "node",
		.container = {.project = "shop", .service = "auth"},
	};
}

static struct cp_event host_crashes(void)
{
	static char *addons[] = {"/opt/a.node", "/opt/b.node"};
	return (struct cp_event){
		.kind = CP_EVENT_CRASHED,
		.cause = CP_BECAUSE_CRASHED,
		.pid = 45,
		.comm = "node",
		.exe = "/usr/bin/node",
		.signal = SIGSEGV,
		.addons = addons,
		.n_addons = 2,
	};
}

/* --- JSON --------------------------------------------------------------------------------- */

static char *json_of(const struct cp_event *event)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	assert_int_equal(cp_trace_json_print(file, event), 0);
	fclose(file);
	return text;
}

static void an_event_is_one_line_of_json(void **state)
{
	(void)state;
	struct cp_event event = workflow_fails();
	char *text = json_of(&event);
	assert_string_equal(text,
		"{\"schema\":\"compatprobe.event/1\",\"time\":\"2025-11-25T23:03:03.000000001Z\","
		"\"kind\":\"dlopen_failed\",\"cause\":\"missing_loader\",\"object\":"
		"\"ld-linux-x86-64.so.2\",\"needed_by\":\"" BRIDGE "\",\"message\":\"" NO_LOADER
		"\",\"source\":\"loader\",\"libc\":\"musl\",\"blames_template\":true,\"optional\":"
		"false,\"process\":{\"pid\":42,\"comm\":\"node\",\"exe\":\"/usr/local/bin/node\"},"
		"\"container\":{\"id\":\"0123456789abcdef0123456789abcdef\",\"name\":"
		"\"shop_workflow_1\",\"image\":\"shop_workflow\",\"runtime\":\"docker\"},"
		"\"project\":\"shop\",\"service\":\"workflow\",\"addons\":[],\"signal\":null,"
		"\"status\":null,\"count\":null}\n");
	free(text);
}

static void what_is_not_known_is_null(void **state)
{
	(void)state;
	struct cp_event event = {.kind = CP_EVENT_LOST, .count = UINT64_MAX};
	char *text = json_of(&event);
	assert_string_equal(text,
		"{\"schema\":\"compatprobe.event/1\",\"time\":\"1970-01-01T00:00:00.000000000Z\","
		"\"kind\":\"lost\",\"cause\":null,\"object\":null,\"needed_by\":null,\"message\":"
		"null,\"source\":null,\"libc\":null,\"blames_template\":null,\"optional\":false,"
		"\"process\":null,\"container\":null,\"project\":null,\"service\":null,\"addons\":"
		"[],\"signal\":null,\"status\":null,\"count\":9223372036854775807}\n");
	free(text);
	event = host_crashes();
	event.time = UINT64_MAX;
	text = json_of(&event);
	assert_non_null(strstr(text, "\"time\":\"2554-07-21T23:34:33.709551615Z\""));
	assert_non_null(strstr(text, "\"addons\":[\"/opt/a.node\",\"/opt/b.node\"],\"signal\":11"));
	assert_non_null(strstr(text, "\"blames_template\":null"));
	free(text);
}

static void any_bytes_make_valid_json(void **state)
{
	(void)state;
	struct cp_event event = workflow_fails();
	event.object = "/a\xff\xc3/\xe2\x82\n\033[31m\"";
	memcpy(event.comm,
		"\xf0\x9f\xff\x80"
		"123456789012",
		16); /* without a NUL */
	char *text = json_of(&event);
	json_error_t error;
	json_t *value = json_loads(text, 0, &error);
	assert_non_null(value);
	assert_ptr_equal(strchr(text, '\n'), text + strlen(text) - 1);
	assert_string_equal(json_string_value(json_object_get(value, "object")),
		"/a\xef\xbf\xbd\xef\xbf\xbd/\xef\xbf\xbd\xef\xbf\xbd\n\033[31m\"");
	json_decref(value);
	free(text);
}

/* --- lines ------------------------------------------------------------------------------------ */

static void line_is(
	const struct cp_event *event, const struct cp_table_style *style, const char *wanted)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	cp_trace_line_print(file, style, event);
	fclose(file);
	assert_string_equal(text, wanted);
	free(text);
}

static void a_line_says_when_who_what_and_whose_fault(void **state)
{
	(void)state;
	struct cp_event event = workflow_fails();
	line_is(&event, &plain,
		"23:03:03.000  workflow        dlopen failed: " NO_LOADER
		"  → the template's fault (missing_loader)\n");
	line_is(&event, &talkative,
		"23:03:03.000  workflow        dlopen failed: " NO_LOADER
		"  → the template's fault (missing_loader)  [42 /usr/local/bin/node, musl, from "
		"loader]\n");
	line_is(&event, &colourful,
		"23:03:03.000  \033[1mworkflow\033[0m        \033[31mdlopen "
		"failed\033[0m: " NO_LOADER
		"  → \033[31mthe template's fault\033[0m (missing_loader)\n");
	event = module_is_missing();
	line_is(&event, &plain,
		"00:00:00.000  rules-engine    module not found: Cannot find module 'kafkajs' "
		"(required by /app/index.js)  → not the template's fault (module_not_found)\n");
	event = addon_loads("/app/bcrypt.node");
	line_is(&event, &plain, "00:00:00.000  auth            loaded /app/bcrypt.node\n");
	event = host_crashes();
	line_is(&event, &plain,
		"00:00:00.000  not in a container: node[45]  crashed: killed by SIGSEGV; it had "
		"loaded /opt/a.node, /opt/b.node  → unknown whose fault (crashed)\n");
	event = (struct cp_event){
		.kind = CP_EVENT_LOST, .count = 12, .message = "writes to stderr"};
	line_is(&event, &plain, "00:00:00.000  tracer          lost: 12 writes to stderr\n");
}

static void without_a_message_the_cause_speaks(void **state)
{
	(void)state;
	struct cp_event event = {
		.kind = CP_EVENT_EXEC_FAILED,
		.cause = CP_BECAUSE_MISSING_INTERPRETER,
		.object = "/lib64/ld-linux-x86-64.so.2",
		.needed_by = "/app/tool",
		.blames_template = CP_YES,
		.container = {.id = "0123456789abcdef0123456789abcdef"},
	};
	line_is(&event, &plain,
		"00:00:00.000  0123456789ab    exec failed: /lib64/ld-linux-x86-64.so.2: this "
		"interpreter is not there (needed by /app/tool)  → the template's fault "
		"(missing_interpreter)\n");
	event = (struct cp_event){
		.kind = CP_EVENT_DLOPEN_FAILED,
		.cause = CP_BECAUSE_MISSING_LIBRARY,
		.object = "libGL.so.1",
		.source = CP_SOURCE_INFERRED,
		.blames_template = CP_YES,
		.container = {.name = "box"},
	};
	line_is(&event, &plain,
		"00:00:00.000  box             dlopen failed: libGL.so.1: this library is not "
		"there (inferred from failed look-ups)  → the template's fault "
		"(missing_library)\n");
	event = (struct cp_event){.kind = CP_EVENT_START_FAILED, .container = {.name = "box"}};
	line_is(&event, &plain,
		"00:00:00.000  box             start failed: it did not say why  → unknown whose "
		"fault\n");
}

static void what_is_optional_is_dim_and_said(void **state)
{
	(void)state;
	struct cp_event event = {
		.kind = CP_EVENT_DLOPEN_FAILED,
		.cause = CP_BECAUSE_MISSING_LIBRARY,
		.object = "libnss_x.so.2",
		.message = "libnss_x.so.2: cannot open shared object file: No such file or "
			   "directory",
		.optional = true,
		.container = {.service = "auth"},
	};
	line_is(&event, &colourful,
		"\033[2m00:00:00.000  auth            dlopen failed: libnss_x.so.2: cannot open "
		"shared object file: No such file or directory  → optional: the program only tried "
		"(missing_library)\033[0m\n");
}

static void hostile_texts_stay_on_their_line(void **state)
{
	(void)state;
	struct cp_event event = module_is_missing();
	event.container.service = "a\nb\033[2J";
	event.message = "one\r\ntwo\n\033[31mthree\xff\xe2\x80\xae";
	event.object = NULL;
	event.needed_by = "/\n";
	line_is(&event, &plain,
		"00:00:00.000  a b\\x1b[2J      module not found: one two "
		"\\x1b[31mthree\\xff\\u{202e} (required by /)  → not the template's fault "
		"(module_not_found)\n");
}

/* --- summary ------------------------------------------------------------------------------------
 */

static char *summary_text(
	const struct cp_trace_summary *summary, const struct cp_table_style *style)
{
	char *text;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	cp_trace_summary_print(file, style, summary);
	fclose(file);
	return text;
}

static void a_trace_is_summed_up_worst_first(void **state)
{
	(void)state;
	struct cp_trace_summary *summary = cp_trace_summary_make();
	struct cp_event events[] = {addon_loads("/app/b.node"), module_is_missing(),
		workflow_fails(), host_crashes(), workflow_fails(), addon_loads("/app/a.node"),
		module_is_missing(), addon_loads("/app/b.node")};
	events[6].needed_by = NULL; /* a logger's repetition */
	for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++)
		cp_trace_summary_add(summary, &events[i]);
	char *text = summary_text(summary, &plain);
	assert_string_equal(text,
		"  workflow (shop)  the template is at fault\n"
		"    dlopen failed: " NO_LOADER " ×2  → the template's fault (missing_loader)\n"
		"  /usr/bin/node (not in a container)  it is not known whether the template is at "
		"fault\n"
		"    crashed: killed by SIGSEGV; it had loaded /opt/a.node, /opt/b.node  → unknown "
		"whose fault (crashed)\n"
		"  rules-engine (shop)  not the template: another one would not cure it\n"
		"    module not found: Cannot find module 'kafkajs' (required by /app/index.js) ×2"
		"  → not the template's fault (module_not_found)\n"
		"  auth (shop)  fine\n"
		"    2 addons loaded\n"
		"      /app/b.node\n"
		"      /app/a.node\n");
	free(text);
	cp_trace_summary_free(summary);
}

static void gaps_are_told(void **state)
{
	(void)state;
	struct cp_trace_summary *summary = cp_trace_summary_make();
	char *text = summary_text(summary, &plain);
	assert_string_equal(text, "  nothing failed, and no addon was loaded\n");
	free(text);
	struct cp_event lost = {.kind = CP_EVENT_LOST, .count = 3};
	cp_trace_summary_add(summary, &lost);
	cp_trace_summary_late(summary, 1);
	text = summary_text(summary, &plain);
	assert_non_null(strstr(text, "  1 program was started before its loader was watched"));
	assert_non_null(strstr(text, "  3 events were lost: this is not all that happened\n"));
	free(text);
	cp_trace_summary_free(summary);
}

static void memory_is_bounded(void **state)
{
	(void)state;
	struct cp_trace_summary *summary = cp_trace_summary_make();
	char *huge = malloc(1 << 20);
	memset(huge, 'x', (1 << 20) - 1);
	huge[(1 << 20) - 1] = '\0';
	for (int i = 0; i < CP_TRACE_MAX_OWNERS + 10; i++) {
		char name[32];
		snprintf(name, sizeof(name), "box%d", i);
		for (int k = 0; k < (i ? 1 : CP_TRACE_MAX_FAILURES + 10); k++) {
			char object[32];
			snprintf(object, sizeof(object), "lib%d.so", k);
			struct cp_event event = {.kind = CP_EVENT_DLOPEN_FAILED,
				.object = object,
				.message = huge,
				.container = {.name = name}};
			cp_trace_summary_add(summary, &event);
			cp_trace_summary_add(summary, &event);
		}
		struct cp_event addon = {
			.kind = CP_EVENT_ADDON_LOADED, .object = huge, .container = {.name = name}};
		cp_trace_summary_add(summary, &addon);
	}
	char *text = summary_text(summary, &talkative);
	assert_non_null(strstr(text, "    and 20 more\n"));
	assert_non_null(strstr(text, "  and 30 events of further processes and containers\n"));
	assert_true(strlen(text) < 4 * 4096 * (CP_TRACE_MAX_OWNERS + CP_TRACE_MAX_FAILURES));
	free(text);
	free(huge);
	cp_trace_summary_free(summary);
}

static bool reached(struct cp_event event, enum cp_outcome level)
{
	struct cp_trace_summary *summary = cp_trace_summary_make();
	cp_trace_summary_add(summary, &event);
	bool result = cp_trace_threshold_reached(summary, level);
	cp_trace_summary_free(summary);
	return result;
}

static void thresholds(void **state)
{
	(void)state;
	struct cp_event optional = workflow_fails();
	optional.optional = true;
	assert_true(reached(workflow_fails(), CP_OUTCOME_FAILS));
	assert_true(reached(workflow_fails(), CP_OUTCOME_LOADS_WITH));
	assert_true(reached(module_is_missing(), CP_OUTCOME_FAILS));
	assert_false(reached(host_crashes(), CP_OUTCOME_FAILS));
	assert_true(reached(host_crashes(), CP_OUTCOME_CRASHES));
	assert_true(reached(host_crashes(), CP_OUTCOME_LOADS_WITH));
	assert_false(reached(optional, CP_OUTCOME_LOADS_WITH));
	assert_false(reached(addon_loads("/a.node"), CP_OUTCOME_LOADS_WITH));
	assert_false(reached(workflow_fails(), CP_OUTCOME_UNKNOWN));
}

int main(void)
{
	setenv("TZ", "UTC", 1);
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_is_one_line_of_json),
		cmocka_unit_test(what_is_not_known_is_null),
		cmocka_unit_test(any_bytes_make_valid_json),
		cmocka_unit_test(a_line_says_when_who_what_and_whose_fault),
		cmocka_unit_test(without_a_message_the_cause_speaks),
		cmocka_unit_test(what_is_optional_is_dim_and_said),
		cmocka_unit_test(hostile_texts_stay_on_their_line),
		cmocka_unit_test(a_trace_is_summed_up_worst_first),
		cmocka_unit_test(gaps_are_told),
		cmocka_unit_test(memory_is_bounded),
		cmocka_unit_test(thresholds),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
