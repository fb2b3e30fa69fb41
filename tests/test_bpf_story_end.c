/* SPDX-License-Identifier: MIT
 *
 * Stories' ends: a program that never started, one that crashed, and all those that just ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/story_stage.h"

#define ABSENT "cannot open shared object file: No such file or directory"
#define EXIT(status) ((status) << 8)
#define CORE 0x80

static struct stage stage;

static void load(const char *addon)
{
	stage_dlopen(&stage, addon);
	stage_return(&stage, 1);
	free(stage_told(&stage));
}

/* --- starts -------------------------------------------------------------------------------- */

static void glibc_cannot_start_it(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/prog", .needed = {"libabsent.so.1"});
	stage_exec(&stage, "/app/prog");
	stage_write(&stage,
		"/app/prog: error while loading shared libraries: libabsent.so.1: " ABSENT "\n");
	assert_told(&stage, "");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage,
		"start_failed missing_library libabsent.so.1 /app/prog true stderr "
		"'/app/prog: error while loading shared libraries: libabsent.so.1: " ABSENT
		"' status=127\n");
}

static void who_asked_may_be_a_library(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/prog", .needed = {"libdep.so"}, .runpath = "/app/lib");
	STAGE_OBJECT(&stage, "/app/lib/libdep.so", .needed = {"libabsent.so.1"});
	stage_exec(&stage, "/app/prog");
	stage_write(&stage,
		"/app/prog: error while loading shared libraries: libabsent.so.1: " ABSENT "\n");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "start_failed missing_library libabsent.so.1 /app/lib/libdep.so true "
			    "stderr '/app/prog: error while loading shared libraries: "
			    "libabsent.so.1: " ABSENT "' status=127\n");
}

static void musl_cannot_start_it(void **state)
{
	(void)state;
	stage_exec(&stage, "/app/prog");
	stage_write(&stage, "Error loading shared library libabsent.so.1:");
	stage_write(&stage, " No such file or directory (needed by ");
	stage_write(&stage, "/app/prog)\n");
	stage_write(&stage, "Error relocating /app/prog: f: symbol not found\n");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "start_failed missing_library libabsent.so.1 /app/prog true stderr "
			    "'Error loading shared library libabsent.so.1: No such file or "
			    "directory (needed by /app/prog)' status=127\n");
}

static void musls_text_may_have_no_end(void **state)
{
	(void)state;
	stage_exec(&stage, "/app/prog");
	stage_write(&stage, "Error relocating /app/prog: f: symbol not found");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "start_failed missing_symbol /app/prog - true stderr 'Error relocating "
			    "/app/prog: f: symbol not found' status=127\n");
}

static void a_missing_version_ends_with_1(void **state)
{
	(void)state;
	stage_exec(&stage, "/app/prog");
	stage_write(&stage, "/app/prog: /lib/libc.so.6: version `GLIBC_2.38' not found (required "
			    "by /app/prog)\n");
	stage_exit(&stage, EXIT(1));
	assert_told(&stage, "start_failed symbol_version /lib/libc.so.6 /app/prog true stderr "
			    "'/app/prog: /lib/libc.so.6: version `GLIBC_2.38' not found (required "
			    "by /app/prog)' status=1\n");
}

static void words_of_others_are_no_failed_start(void **state)
{
	static const char *const words[] = {
		"prog: error while loading shared libraries: libabsent.so.1: " ABSENT "\n",
		"Error loading shared library libabsent.so.1: No such file or directory\n",
		"prog: symbol lookup error: prog: undefined symbol: f\n",
	};
	static const int ends[] = {0, EXIT(0), EXIT(1), EXIT(2), EXIT(255), SIGTERM, SIGKILL};
	(void)state;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		for (size_t k = 0; k < sizeof(ends) / sizeof(*ends); k++) {
			stage_exec(&stage, "/usr/bin/supervisor");
			stage_write(&stage, words[i]);
			stage_exit(&stage, ends[k]);
		}
	}
	assert_told(&stage, "");
}

static void not_found_in_a_shell_is_no_failed_start(void **state)
{
	(void)state;
	stage_exec(&stage, "/bin/sh");
	stage_write(&stage, "sh: 1: tool: not found\n");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "");
}

/* --- symbols that are missing at a call ----------------------------------------------------- */

static const char lookup[] = "/app/prog: symbol lookup error: /app/prog: undefined symbol: f\n";

static void end_with_lookup_error(void)
{
	stage_exec(&stage, "/app/prog");
	stage_write(&stage, lookup);
	stage_exit(&stage, EXIT(127));
}

static void lazily_bound_it_was_running(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/prog", .symbols = {{.name = "f"}},
		.relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	end_with_lookup_error();
	assert_told(&stage, "crashed missing_symbol /app/prog - true stderr '/app/prog: symbol "
			    "lookup error: /app/prog: undefined symbol: f' status=127\n");
}

static void bound_at_the_load_it_never_started(void **state)
{
	static const char told[] =
		"start_failed missing_symbol /app/prog - true stderr '/app/prog: symbol lookup "
		"error: /app/prog: undefined symbol: f' status=127\n";
	(void)state;
	STAGE_OBJECT(&stage, "/app/prog", .symbols = {{.name = "f"}},
		.relocs = {{.symbol = "f", .type = R_X86_64_GLOB_DAT}});
	end_with_lookup_error();
	assert_told(&stage, told);
	STAGE_OBJECT(&stage, "/app/prog", .symbols = {{.name = "f"}}, .bind_now = true,
		.relocs = {{.symbol = "f", .type = R_X86_64_JUMP_SLOT, .plt = true}});
	end_with_lookup_error();
	assert_told(&stage, told);
}

static void with_an_addon_it_had_started(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .symbols = {{.name = "f"}},
		.relocs = {{.symbol = "f", .type = R_X86_64_GLOB_DAT}});
	stage_exec(&stage, "/usr/bin/node");
	load("/app/x.node");
	stage_write(&stage, "node: symbol lookup error: /app/x.node: undefined symbol: f\n");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "crashed missing_symbol /app/x.node - true stderr 'node: symbol lookup "
			    "error: /app/x.node: undefined symbol: f' status=127 "
			    "addons=/app/x.node\n");
}

/* --- crashes ------------------------------------------------------------------------------- */

static void faults_of_a_process_with_addons(void **state)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGILL, SIGABRT, SIGFPE, SIGSYS, SIGTRAP};
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		char wanted[128];
		load("/app/a.node");
		load("/app/b.node");
		stage_exit(&stage, faults[i] | (i % 2 ? CORE : 0));
		snprintf(wanted, sizeof(wanted),
			"crashed crashed /app/b.node - - - - signal=%d "
			"addons=/app/a.node,/app/b.node\n",
			faults[i]);
		assert_told(&stage, wanted);
	}
	load("/app/a.node");
	stage_exit(&stage, EXIT(139));
	assert_told(&stage, "crashed crashed /app/a.node - - - - status=139 addons=/app/a.node\n");
	load("/app/a.node");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "crashed crashed /app/a.node - - - - status=127 addons=/app/a.node\n");
}

static void other_ends_are_silent(void **state)
{
	static const int others[] = {SIGTERM, SIGKILL, SIGINT, SIGHUP, SIGPIPE, SIGQUIT, EXIT(0),
		EXIT(1), EXIT(134), EXIT(137), EXIT(143)};
	(void)state;
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		load("/app/a.node");
		stage_exit(&stage, others[i]);
	}
	stage_exit(&stage, SIGSEGV);
	stage_exit(&stage, EXIT(139));
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "");
	assert_int_equal(cp_story_processes(stage.story), 0);
}

static void an_addon_that_was_only_opened_is_a_suspect(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/a.node", .needed = {"libc.so.6"});
	stage.flags = CP_RAW_UNGATED;
	stage_look(&stage, "/app/a.node", 3);
	stage_exit(&stage, SIGSEGV);
	assert_told(&stage, "crashed crashed /app/a.node - - - - signal=11 addons=/app/a.node\n");
}

static void old_words_do_not_explain_a_fault(void **state)
{
	(void)state;
	load("/app/a.node");
	stage_write(&stage, /* of a child, passed on */
		"prog: error while loading shared libraries: libabsent.so.1: " ABSENT "\n");
	stage_exit(&stage, SIGSEGV);
	assert_told(&stage, "crashed crashed /app/a.node - - - - signal=11 addons=/app/a.node\n");
}

static void a_new_program_has_no_addons_yet(void **state)
{
	(void)state;
	load("/app/a.node");
	stage_exec(&stage, "/bin/sh");
	stage_exit(&stage, SIGSEGV);
	assert_told(&stage, "");
}

/* --- what is lost --------------------------------------------------------------------------- */

static void a_pid_comes_again(void **state)
{
	(void)state;
	load("/app/a.node");
	stage_write(&stage, "prog: error while loading shared libraries: x: " ABSENT "\n");
	stage_exit(&stage, 0);
	stage_exit(&stage, EXIT(127)); /* another one of that pid, of which nothing else was seen */
	assert_told(&stage, "");
	load("/app/a.node"); /* its end is lost, but not the next one's start */
	stage_exec(&stage, "/bin/true");
	stage_exit(&stage, EXIT(127));
	assert_told(&stage, "");
}

static void of_very_many_the_oldest_are_forgotten(void **state)
{
	(void)state;
	for (unsigned pid = 1; pid <= 70000; pid++) {
		stage.pid = stage.tid = pid;
		stage_record(&stage, CP_RAW_STDERR, 0, "x\n", 2);
	}
	assert_int_equal(cp_story_processes(stage.story), 65536);
	stage_wait(&stage, UINT64_MAX);
	for (unsigned pid = 1; pid <= 70000; pid++) {
		stage.pid = stage.tid = pid;
		stage_exit(&stage, 0);
	}
	assert_int_equal(cp_story_processes(stage.story), 0);
	assert_told(&stage, "");
}

static void records_that_are_not_for_it_are_passed_over(void **state)
{
	(void)state;
	stage_record(&stage, CP_RAW_CGROUP, 0, NULL, 0);
	stage_record(&stage, CP_RAW_ROOT, 0, NULL, 0);
	assert_int_equal(cp_story_processes(stage.story), 0);
	stage_record(&stage, CP_RAW_TYPES + 5, 0, NULL, 0);
	stage_exit(&stage, 0);
	assert_told(&stage, "");
}

/* Every record, in an order from a small generator, with and without the ones before it. */
static void any_order_is_survived(void **state)
{
	static const char *const texts[] = {"/app/a.node", "/lib/libx.so", "", "./x.node", "x.node",
		"Error loading shared library libx.so: No such file or directory", "/",
		"Error: Cannot find module 'a'\n",
		"p: symbol lookup error: /a: undefined symbol: f\n"};
	unsigned seed = 1;
	(void)state;
	STAGE_OBJECT(&stage, "/app/a.node", .needed = {"libx.so"});
	for (int i = 0; i < 20000; i++) {
		seed = seed * 1103515245 + 12345;
		const char *text = texts[(seed >> 8) % 9];
		stage.pid = 1 + (seed >> 12) % 3;
		stage.tid = stage.pid + (seed >> 14) % 3;
		stage.flags = (seed >> 16) & 63;
		unsigned type = (seed >> 22) % CP_RAW_TYPES;
		if (type == CP_RAW_EXCEPTION)
			stage_exception(&stage, (int)(seed % 3), text, "file too short");
		else
			stage_record(&stage, type, (int)(seed >> 27) - 8, text, strlen(text));
		if (seed % 100 == 0)
			stage_wait(&stage, 400 * STAGE_MILLISECOND);
		free(stage_told(&stage));
	}
	stage_wait(&stage, UINT64_MAX);
	free(stage_told(&stage));
	assert_true(cp_story_processes(stage.story) <= 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(glibc_cannot_start_it),
		STAGE_TEST(who_asked_may_be_a_library),
		STAGE_TEST(musl_cannot_start_it),
		STAGE_TEST(musls_text_may_have_no_end),
		STAGE_TEST(a_missing_version_ends_with_1),
		STAGE_TEST(words_of_others_are_no_failed_start),
		STAGE_TEST(not_found_in_a_shell_is_no_failed_start),
		STAGE_TEST(lazily_bound_it_was_running),
		STAGE_TEST(bound_at_the_load_it_never_started),
		STAGE_TEST(with_an_addon_it_had_started),
		STAGE_TEST(faults_of_a_process_with_addons),
		STAGE_TEST(other_ends_are_silent),
		STAGE_TEST(an_addon_that_was_only_opened_is_a_suspect),
		STAGE_TEST(old_words_do_not_explain_a_fault),
		STAGE_TEST(a_new_program_has_no_addons_yet),
		STAGE_TEST(a_pid_comes_again),
		STAGE_TEST(of_very_many_the_oldest_are_forgotten),
		STAGE_TEST(records_that_are_not_for_it_are_passed_over),
		STAGE_TEST(any_order_is_survived),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
