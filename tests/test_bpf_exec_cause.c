/* SPDX-License-Identifier: MIT
 *
 * Why a program did not start: what the file says, by the errno that execve(2) gave.
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
#include <sys/stat.h>

#include "exec_cause.h"
#include "support/story_stage.h"

#define GONE ": No such file or directory"
#define FORMAT ": Exec format error"

static struct stage stage;

/* "CAUSE BLAMES: MESSAGE" is what is found. */
static void check(const char *path, int error, const char *wanted)
{
	static const char *const answers[] = {
		[CP_UNKNOWN] = "-", [CP_NO] = "false", [CP_YES] = "true"};
	struct cp_exec_cause found;
	char text[8192];
	cp_exec_cause_find(stage.root_fd, path, error, false, &found);
	const char *cause = cp_event_cause_name(found.cause);
	snprintf(text, sizeof(text), "%s %s: %s", cause ? cause : "-",
		answers[found.blames_template], found.message);
	free(found.message);
	assert_string_equal(text, wanted);
	assert_false(found.inferred);
}

static void enoent_of_a_missing_file(void **state)
{
	(void)state;
	check("/app/tool", ENOENT, "missing_file -: /app/tool" GONE);
	stage_text(&stage, "/app/file", "x");
	check("/app/file/tool", ENOENT, "missing_file -: /app/file/tool" GONE);
	check("/app/file/tool", ENOTDIR, "missing_file -: /app/file/tool: Not a directory");
	stage_link(&stage, "/app/dangling", "/nowhere");
	check("/app/dangling", ENOENT, "missing_file -: /app/dangling" GONE);
}

static void enoent_of_a_missing_elf_interpreter(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/tool", .interpreter = "/lib/ld-musl-x86_64.so.1");
	check("/app/tool", ENOENT,
		"missing_interpreter true: /app/tool" GONE
		": the ELF interpreter, /lib/ld-musl-x86_64.so.1, is not there");
	STAGE_OBJECT(&stage, "/app/tool32", .elf_class = ELFCLASS32, .machine = EM_386,
		.interpreter = "/lib/ld-linux.so.2");
	check("/app/tool32", ENOENT,
		"missing_interpreter true: /app/tool32" GONE
		": the ELF interpreter, /lib/ld-linux.so.2, is not there");
	STAGE_OBJECT(&stage, "/app/own", .interpreter = "/opt/tool/ld.so");
	check("/app/own", ENOENT,
		"missing_interpreter -: /app/own" GONE
		": the ELF interpreter, /opt/tool/ld.so, is not there");
	stage_text(&stage, "/lib/ld-musl-x86_64.so.1", "");
	check("/app/tool", ENOENT,
		"- -: /app/tool" GONE " (the file and its interpreter are there now)");
}

static void enoent_of_a_scripts_interpreter(void **state)
{
	(void)state;
	stage_text(&stage, "/app/script", "#! \t/usr/bin/python3 -u\nprint()\n");
	check("/app/script", ENOENT,
		"missing_interpreter true: /app/script" GONE
		": the interpreter that the first line names, /usr/bin/python3, is not there");
	stage_text(&stage, "/app/venv", "#!/app/.venv/bin/python");
	check("/app/venv", ENOENT,
		"missing_interpreter -: /app/venv" GONE
		": the interpreter that the first line names, /app/.venv/bin/python, is not there");
	stage_text(&stage, "/app/crlf", "#!/bin/sh\r\necho\r\n");
	stage_text(&stage, "/bin/sh", "");
	check("/app/crlf", ENOENT,
		"missing_interpreter false: /app/crlf" GONE
		": the first line ends with CR LF, so the kernel looks for \"/bin/sh\\r\"");
	stage_text(&stage, "/app/only-cr", "#!\r\n");
	check("/app/only-cr", ENOENT,
		"missing_interpreter false: /app/only-cr" GONE
		": the first line ends with CR LF, so the kernel looks for \"\\r\"");
}

static void enoent_of_the_interpreters_own(void **state)
{
	(void)state;
	stage_text(&stage, "/app/cli.js", "#!/usr/local/bin/node\n");
	STAGE_OBJECT(&stage, "/usr/local/bin/node", .interpreter = "/lib64/ld-linux-x86-64.so.2");
	check("/app/cli.js", ENOENT,
		"missing_interpreter true: /app/cli.js" GONE
		": the ELF interpreter of /usr/local/bin/node, /lib64/ld-linux-x86-64.so.2, is not "
		"there");
	stage_text(&stage, "/app/outer", "#!/app/inner\n");
	stage_text(&stage, "/app/inner", "#!/bin/sh\r\n");
	check("/app/outer", ENOENT,
		"missing_interpreter false: /app/outer" GONE
		": the first line of /app/inner ends with CR LF, so the kernel looks for "
		"\"/bin/sh\\r\"");
	stage_text(&stage, "/app/circle", "#!/app/circle\n");
	check("/app/circle", ENOENT,
		"- -: /app/circle" GONE " (the file and its interpreter are there now)");
}

static void enoent_that_only_the_runtime_explains(void **state)
{
	struct cp_exec_cause found;
	(void)state;
	stage_text(&stage, "/app/plain", "no interpreter");
	check("/app/plain", ENOENT, "- -: /app/plain" GONE);
	cp_exec_cause_find(-1, "/app/tool", ENOENT, true, &found);
	assert_int_equal(found.cause, CP_BECAUSE_MISSING_INTERPRETER);
	assert_true(found.inferred);
	assert_string_equal(found.message,
		"/app/tool" GONE " (the file was there just before: its interpreter is not)");
	free(found.message);
	cp_exec_cause_find(-1, "/app/tool", ENOENT, false, &found);
	assert_int_equal(found.cause, CP_BECAUSE_UNKNOWN);
	assert_false(found.inferred);
	free(found.message);
	/* The file itself knows better than who tried. */
	cp_exec_cause_find(stage.root_fd, "/app/none", ENOENT, true, &found);
	assert_int_equal(found.cause, CP_BECAUSE_MISSING_FILE);
	assert_false(found.inferred);
	free(found.message);
}

static void enoexec_says_what_the_file_is(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/arm", .machine = EM_AARCH64);
	check("/app/arm", ENOEXEC, "exec_format false: /app/arm" FORMAT ": built for AArch64");
	STAGE_OBJECT(&stage, "/app/odd", .machine = 4711);
	check("/app/odd", ENOEXEC,
		"exec_format false: /app/odd" FORMAT ": built for ELF machine 4711");
	STAGE_OBJECT(&stage, "/app/big", .machine = EM_S390, .encoding = ELFDATA2MSB);
	check("/app/big", ENOEXEC, "exec_format false: /app/big" FORMAT ": built for S/390");
	STAGE_OBJECT(&stage, "/app/lib", .soname = "lib.so");
	check("/app/lib", ENOEXEC,
		"exec_format false: /app/lib" FORMAT
		": an ELF file for this machine, but damaged or no program");
	stage_text(&stage, "/app/empty", "");
	check("/app/empty", ENOEXEC, "exec_format false: /app/empty" FORMAT ": the file is empty");
	stage_text(&stage, "/app/lfs", "version https://git-lfs.github.com/spec/v1\noid x\n");
	check("/app/lfs", ENOEXEC,
		"exec_format false: /app/lfs" FORMAT
		": a Git LFS pointer, not the file it stands for");
	stage_text(&stage, "/app/exe", "MZ\x90");
	check("/app/exe", ENOEXEC, "exec_format false: /app/exe" FORMAT ": a Windows program");
	stage_text(&stage, "/app/mac", "\xcf\xfa\xed\xfe....");
	check("/app/mac", ENOEXEC, "exec_format false: /app/mac" FORMAT ": a macOS program");
	stage_file(&stage, "/app/data", "a\0b", 3);
	check("/app/data", ENOEXEC, "exec_format false: /app/data" FORMAT ": no program");
	stage_text(&stage, "/app/none", "#!\n");
	check("/app/none", ENOEXEC,
		"exec_format false: /app/none" FORMAT
		": a script whose first line names no interpreter");
	check("/app/absent", ENOEXEC, "exec_format false: /app/absent" FORMAT);
}

static void enoexec_may_be_the_interpreters(void **state)
{
	(void)state;
	stage_text(&stage, "/app/script", "#!/bin/sh\n");
	STAGE_OBJECT(&stage, "/bin/sh", .machine = EM_AARCH64);
	check("/app/script", ENOEXEC,
		"exec_format false: /app/script" FORMAT
		": its interpreter, /bin/sh, does not run: built for AArch64");
}

static void only_a_text_is_a_text(void **state)
{
	struct cp_exec_cause found;
	(void)state;
	stage_text(&stage, "/app/text", "echo hello\n");
	cp_exec_cause_find(stage.root_fd, "/app/text", ENOEXEC, false, &found);
	assert_true(found.is_text);
	assert_string_equal(found.message, "/app/text" FORMAT ": a text without #!");
	free(found.message);
	stage_text(&stage, "/app/script", "#!/app/text\n");
	cp_exec_cause_find(stage.root_fd, "/app/script", ENOEXEC, false, &found);
	assert_false(found.is_text);
	free(found.message);
}

static void eacces_says_why(void **state)
{
	(void)state;
	stage_text(&stage, "/app/file", "x");
	stage_mode(&stage, "/app/file", 0644);
	check("/app/file", EACCES,
		"permission false: /app/file: Permission denied: it is not executable (mode 0644)");
	check("/app", EACCES, "permission false: /app: Permission denied: it is a directory");
	stage_mode(&stage, "/app/file", 0755);
	check("/app/file", EACCES, "permission false: /app/file: Permission denied");
	check("/app/file", EPERM, "permission false: /app/file: Operation not permitted");
	check("/absent", EACCES, "permission false: /absent: Permission denied");
}

static void a_fifo_does_not_stop_it(void **state)
{
	(void)state;
	assert_int_equal(mkfifo(stage_path(&stage, "/pipe"), 0755), 0);
	check("/pipe", ENOENT, "- -: /pipe" GONE);
	check("/pipe", ENOEXEC, "exec_format false: /pipe" FORMAT);
	stage_text(&stage, "/script", "#!/pipe\n");
	check("/script", ENOENT,
		"- -: /script" GONE " (the file and its interpreter are there now)");
	check("/script", ENOEXEC, "exec_format false: /script" FORMAT);
}

static void any_other_error_is_told_as_it_is(void **state)
{
	(void)state;
	check("/app/tool", E2BIG, "- -: /app/tool: Argument list too long");
	check("", ENOENT, "missing_file -: " GONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(enoent_of_a_missing_file),
		STAGE_TEST(enoent_of_a_missing_elf_interpreter),
		STAGE_TEST(enoent_of_a_scripts_interpreter),
		STAGE_TEST(enoent_of_the_interpreters_own),
		STAGE_TEST(enoent_that_only_the_runtime_explains),
		STAGE_TEST(enoexec_says_what_the_file_is),
		STAGE_TEST(enoexec_may_be_the_interpreters),
		STAGE_TEST(only_a_text_is_a_text),
		STAGE_TEST(eacces_says_why),
		STAGE_TEST(a_fifo_does_not_stop_it),
		STAGE_TEST(any_other_error_is_told_as_it_is),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
