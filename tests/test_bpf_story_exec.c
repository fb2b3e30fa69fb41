/* SPDX-License-Identifier: MIT
 *
 * Stories of starting programs: which of the tries that fail are a failure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/story_stage.h"

#define GONE ": No such file or directory"

static struct stage stage;

static int open_stage(void **state)
{
	stage_set_up(state);
	stage.comm = "sh";
	return 0;
}

static void a_search_that_succeeds_is_silent(void **state)
{
	(void)state;
	stage_exec_failed(&stage, "/usr/local/sbin/node", ENOENT);
	stage_exec_failed(&stage, "/usr/local/bin/node", EACCES);
	stage_exec_failed(&stage, "/usr/sbin/node", ENOENT);
	stage_exec(&stage, "/usr/bin/node");
	stage_exit(&stage, 0);
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void a_search_that_fails_is_one_event(void **state)
{
	(void)state;
	stage_exec_failed(&stage, "/usr/local/bin/tool", ENOENT);
	stage_exec_failed(&stage, "/usr/bin/tool", ENOENT);
	stage_exec_failed(&stage, "/bin/tool", ENOENT);
	stage_wait(&stage, CP_STORY_EXEC_WAIT - STAGE_MILLISECOND);
	assert_told(&stage, "");
	stage_wait(&stage, 2 * STAGE_MILLISECOND);
	assert_told(&stage, "exec_failed missing_file tool - - - 'tool: not found in PATH: tried "
			    "/usr/local/bin/tool and 2 more'\n");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void a_search_ends_with_its_process(void **state)
{
	(void)state;
	stage_exec_failed(&stage, "/app/tool", ENOENT);
	stage_exit(&stage, 127 << 8);
	assert_told(&stage, "exec_failed missing_file /app/tool - - - '/app/tool" GONE "'\n");
	assert_int_equal(cp_story_processes(stage.story), 0);
}

static void the_most_telling_try_is_told(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/usr/bin/tool", .interpreter = "/lib/ld-musl-x86_64.so.1");
	stage_text(&stage, "/sbin/tool", "x");
	stage_mode(&stage, "/sbin/tool", 0600);
	stage_exec_failed(&stage, "/usr/local/bin/tool", ENOENT);
	stage_exec_failed(&stage, "/sbin/tool", EACCES);
	stage_exec_failed(&stage, "/usr/bin/tool", ENOENT);
	stage_exec_failed(&stage, "/bin/tool", ENOENT);
	stage_exit(&stage, 127 << 8);
	assert_told(&stage,
		"exec_failed missing_interpreter /usr/bin/tool - true - '/usr/bin/tool" GONE
		": the ELF interpreter, /lib/ld-musl-x86_64.so.1, is not there'\n");
}

static void permission_is_worth_more_than_absence(void **state)
{
	(void)state;
	stage_text(&stage, "/sbin/tool", "x");
	stage_mode(&stage, "/sbin/tool", 0600);
	stage_exec_failed(&stage, "/sbin/tool", EACCES);
	stage_exec_failed(&stage, "/bin/tool", ENOENT);
	stage_exit(&stage, 127 << 8);
	assert_told(&stage, "exec_failed permission /sbin/tool - false - '/sbin/tool: Permission "
			    "denied: it is not executable (mode 0600)'\n");
}

static void another_name_ends_the_search(void **state)
{
	(void)state;
	stage_exec_failed(&stage, "/bin/pager", ENOENT);
	stage_exec_failed(&stage, "/usr/bin/less", ENOENT);
	stage_exec(&stage, "/bin/less");
	assert_told(&stage, "exec_failed missing_file /bin/pager - - - '/bin/pager" GONE "'\n");
}

static void a_long_chain_is_one_event_with_the_best_of_it(void **state)
{
	char path[64];
	(void)state;
	STAGE_OBJECT(&stage, "/p199/tool", .machine = EM_AARCH64);
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/p%d/tool", i);
		stage_exec_failed(&stage, path, i == 199 ? ENOEXEC : ENOENT);
	}
	stage_exit(&stage, 126 << 8);
	assert_told(&stage, "exec_failed exec_format /p199/tool - false - '/p199/tool: Exec format "
			    "error: built for AArch64'\n");
	stage.pid++, stage.tid++;
	for (int i = 0; i < 300; i++) {
		snprintf(path, sizeof(path), "/p%d/other", i);
		stage_exec_failed(&stage, path, ENOENT);
	}
	stage_exit(&stage, 127 << 8);
	assert_told(&stage, "exec_failed missing_file other - - - 'other: not found in PATH: tried "
			    "/p0/other and 299 more'\n");
}

static void enoexec_is_told_though_a_shell_ran_it(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/arm", .machine = EM_AARCH64);
	stage_exec_failed(&stage, "/app/arm", ENOEXEC);
	stage_exec(&stage, "/bin/sh");
	assert_told(&stage, "exec_failed exec_format /app/arm - false - '/app/arm: Exec format "
			    "error: built for AArch64'\n");
	stage_exit(&stage, 2 << 8);
	assert_told(&stage, "");
}

static void a_text_is_a_script_of_a_shells(void **state)
{
	(void)state;
	stage_text(&stage, "/app/run", "echo hello\n");
	stage_exec_failed(&stage, "/app/run", ENOEXEC);
	stage_exec(&stage, "/bin/sh");
	stage_exit(&stage, 0);
	assert_told(&stage, "");
	/* Where nobody ran it, it is a failure. */
	stage_exec_failed(&stage, "/app/run", ENOEXEC);
	stage_exit(&stage, 1 << 8);
	assert_told(&stage, "exec_failed exec_format /app/run - false - '/app/run: Exec format "
			    "error: a text without #!'\n");
}

static void a_runtime_had_found_the_file(void **state)
{
	static const char *const comms[] = {"runc:[2:INIT]", "crun", "libcrun", "sh"};
	(void)state;
	close(stage.root_fd);
	stage.root_fd = -1;
	for (size_t i = 0; i < 4; i++) {
		stage.comm = comms[i];
		stage_exec_failed(&stage, "/app/tool", ENOENT);
		stage_exit(&stage, 1 << 8);
	}
	char *told = stage_told(&stage);
	assert_string_equal(told,
		"exec_failed missing_interpreter /app/tool - - inferred '/app/tool" GONE
		" (the file was there just before: its interpreter is not)'\n"
		"exec_failed missing_interpreter /app/tool - - inferred '/app/tool" GONE
		" (the file was there just before: its interpreter is not)'\n"
		"exec_failed missing_interpreter /app/tool - - inferred '/app/tool" GONE
		" (the file was there just before: its interpreter is not)'\n"
		"exec_failed - /app/tool - - - '/app/tool" GONE "'\n");
	free(told);
}

static void a_relative_path_is_from_nobody_knows_where(void **state)
{
	(void)state;
	stage_text(&stage, "/tool", "#!/usr/bin/absent\n");
	stage_exec_failed(&stage, "tool", ENOENT);
	stage_exit(&stage, 127 << 8);
	assert_told(&stage, "exec_failed - tool - - - 'tool" GONE "'\n");
	stage_exec_failed(&stage, "", ENOENT); /* fexecve(3) */
	stage_exit(&stage, 127 << 8);
	assert_told(&stage, "exec_failed - - - - - 'a file given by its descriptor" GONE "'\n");
}

static void threads_search_for_themselves(void **state)
{
	(void)state;
	stage.tid = 101;
	stage_exec_failed(&stage, "/bin/a", ENOENT);
	stage.tid = 102;
	stage_exec_failed(&stage, "/bin/b", ENOENT);
	stage.tid = 101;
	stage_exec_failed(&stage, "/usr/bin/a", ENOENT);
	stage.tid = 102;
	stage_exec(&stage, "/usr/bin/b");
	assert_told(&stage,
		"exec_failed missing_file a - - - 'a: not found in PATH: tried /bin/a and 1 "
		"more'\n");
}

static void any_errno_is_told(void **state)
{
	(void)state;
	stage_exec_failed(&stage, "/app/tool", E2BIG);
	stage_exit(&stage, 126 << 8);
	assert_told(&stage, "exec_failed - /app/tool - - - '/app/tool: Argument list too long'\n");
	stage_record(&stage, CP_RAW_EXEC_FAILED, 0, "/app/tool", 9);
	stage_record(&stage, CP_RAW_EXEC_FAILED, INT64_MIN, "/app/tool", 9);
	stage_exit(&stage, 0);
	assert_int_equal(stage.n_events, 1);
}

#define TEST(name) STAGE_TEST_FROM(name, open_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_search_that_succeeds_is_silent),
		TEST(a_search_that_fails_is_one_event),
		TEST(a_search_ends_with_its_process),
		TEST(the_most_telling_try_is_told),
		TEST(permission_is_worth_more_than_absence),
		TEST(another_name_ends_the_search),
		TEST(a_long_chain_is_one_event_with_the_best_of_it),
		TEST(enoexec_is_told_though_a_shell_ran_it),
		TEST(a_text_is_a_script_of_a_shells),
		TEST(a_runtime_had_found_the_file),
		TEST(a_relative_path_is_from_nobody_knows_where),
		TEST(threads_search_for_themselves),
		TEST(any_errno_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
