/* SPDX-License-Identifier: MIT
 *
 * Stories of what a process wrote to its standard error: Node's words, and whose they are.
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

#include "support/story_stage.h"

#define KAFKA                                                                                      \
	"Error: Cannot find module 'kafkajs'\n"                                                    \
	"Require stack:\n"                                                                         \
	"- /app/index.js\n"                                                                        \
	"    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15) {\n"            \
	"  code: 'MODULE_NOT_FOUND'\n}\n"
#define KAFKA_TOLD                                                                                 \
	"module_not_found module_not_found kafkajs /app/index.js false stderr "                    \
	"'Cannot find module 'kafkajs''\n"
#define ABSENT "cannot open shared object file: No such file or directory"

static struct stage stage;

static void a_missing_module_is_told_at_once(void **state)
{
	(void)state;
	stage_write(&stage, "node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\n");
	stage_write(&stage, KAFKA);
	assert_told(&stage, KAFKA_TOLD);
	stage_write(&stage, KAFKA);
	stage_wait(&stage, UINT64_MAX);
	stage_exit(&stage, 1 << 8);
	assert_told(&stage, "");
}

static void a_package_of_the_platforms_blames_the_template(void **state)
{
	(void)state;
	stage_write(&stage, "Error: Cannot find module '@img/sharp-linuxmusl-x64/sharp.node'\n"
			    "Require stack:\n- /app/node_modules/sharp/lib/sharp.js\n");
	assert_told(&stage, "module_not_found module_not_found @img/sharp-linuxmusl-x64/sharp.node "
			    "/app/node_modules/sharp/lib/sharp.js true stderr 'Cannot find module "
			    "'@img/sharp-linuxmusl-x64/sharp.node''\n");
}

static void another_nodes_abi(void **state)
{
	static const char text[] =
		"Error: The module '/app/x.node'\n"
		"was compiled against a different Node.js version using\n"
		"NODE_MODULE_VERSION 137. This version of Node.js requires\n"
		"NODE_MODULE_VERSION 115. Please try re-compiling or re-installing\n";
	(void)state;
	stage_write(&stage, text);
	assert_told(&stage, "dlopen_failed node_abi /app/x.node - false stderr 'The module "
			    "'/app/x.node'\nwas compiled against a different Node.js version "
			    "using\nNODE_MODULE_VERSION 137. This version of Node.js "
			    "requires\nNODE_MODULE_VERSION 115'\n");
}

static void several_failures_in_one_write(void **state)
{
	(void)state;
	stage_write(&stage, "Error: Cannot find module 'a'\nError: Cannot find module 'b'\n"
			    "Error: Cannot find module 'a'\n");
	assert_told(&stage,
		"module_not_found module_not_found a - false stderr 'Cannot find module 'a''\n"
		"module_not_found module_not_found b - false stderr 'Cannot find module 'b''\n");
}

static void a_parent_that_repeats_its_child_is_an_echo(void **state)
{
	(void)state;
	stage_write(&stage, KAFKA);
	assert_told(&stage, KAFKA_TOLD);
	stage.pid = stage.tid = 101;
	stage_write(&stage, KAFKA);
	assert_told(&stage, "");
	/* A program that takes its place says it for itself. */
	stage.pid = stage.tid = 100;
	stage_exec(&stage, "/usr/bin/node");
	stage_write(&stage, KAFKA);
	assert_told(&stage, KAFKA_TOLD);
	/* Another container, or much later, it is no echo. */
	stage.pid = stage.tid = 102;
	stage.cgroup = 8;
	stage_write(&stage, KAFKA);
	assert_told(&stage, KAFKA_TOLD);
	stage.pid = stage.tid = 103;
	stage.cgroup = 7;
	stage_wait(&stage, 3000 * STAGE_MILLISECOND);
	stage_write(&stage, KAFKA);
	assert_told(&stage, KAFKA_TOLD);
}

/* Two workers of one container fail alike, and the look-ups of both show it. */
static void what_a_process_did_itself_is_no_echo(void **state)
{
	(void)state;
	for (unsigned pid = 101; pid < 103; pid++) {
		stage.pid = stage.tid = pid;
		stage.flags = CP_RAW_UNGATED;
		stage_look(&stage, "/app/x.node", 3);
		stage_look(&stage, "/lib/libabsent.so", -ENOENT);
		stage_wait(&stage, CP_STORY_LOOKUP_WAIT + STAGE_MILLISECOND);
		stage.flags = 0;
		stage_write(&stage, "Error: libabsent.so: " ABSENT "\n");
		assert_told(&stage, "dlopen_failed missing_library libabsent.so - true stderr "
				    "'libabsent.so: " ABSENT "'\n");
	}
	stage.pid = stage.tid = 100; /* their parent */
	stage_write(&stage, "Error: libabsent.so: " ABSENT "\n");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void an_echo_may_be_read_first(void **state)
{
	static const char message[] = "Error: Cannot find module 'kafkajs'";
	(void)state;
	stage_write(&stage, message); /* no end of line yet */
	stage.pid = stage.tid = 101;
	stage_write(&stage, "Error: Cannot find module 'kafkajs'\n");
	assert_told(&stage, "module_not_found module_not_found kafkajs - false stderr 'Cannot find "
			    "module 'kafkajs''\n");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void pieces_are_put_together(void **state)
{
	(void)state;
	stage_write(&stage, "Error: Cannot find mod");
	stage_write(&stage, "ule 'kaf");
	stage_wait(&stage, CP_STORY_LINE_WAIT / 2);
	assert_told(&stage, "");
	stage_write(&stage, "kajs'\n");
	assert_told(&stage, "module_not_found module_not_found kafkajs - false stderr 'Cannot find "
			    "module 'kafkajs''\n");
}

static void what_has_no_end_is_read_after_a_while(void **state)
{
	(void)state;
	stage_write(&stage, "Error: Cannot find module 'a'");
	stage_wait(&stage, CP_STORY_LINE_WAIT - STAGE_MILLISECOND);
	assert_told(&stage, "");
	stage_wait(&stage, 2 * STAGE_MILLISECOND);
	assert_told(&stage,
		"module_not_found module_not_found a - false stderr 'Cannot find module 'a''\n");
	stage_write(&stage, "Error: Cannot find module 'b'");
	stage_exec(&stage, "/bin/sh");
	assert_told(&stage,
		"module_not_found module_not_found b - false stderr 'Cannot find module 'b''\n");
	stage_write(&stage, "Error: Cannot find module 'c'");
	stage_exit(&stage, 1 << 8);
	assert_told(&stage,
		"module_not_found module_not_found c - false stderr 'Cannot find module 'c''\n");
}

static void a_line_that_never_ends_is_read_in_parts(void **state)
{
	char text[3000];
	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "\nError: Cannot find module 'far'\n", 33);
	for (int i = 0; i < 100; i++)
		stage_record(&stage, CP_RAW_STDERR, 0, text, sizeof(text));
	stage_exit(&stage, 0);
	assert_told(&stage, "module_not_found module_not_found far - false stderr 'Cannot find "
			    "module 'far''\n");
}

static void no_byte_is_lost_where_a_part_ends(void **state)
{
	static char text[CP_RAW_TEXT];
	(void)state;
	memset(text, 'x', sizeof(text));
	for (int i = 0; i < 5; i++) /* 16,000 bytes of 16,384 */
		stage_record(&stage, CP_RAW_STDERR, 0, text, 3200);
	memcpy(text + 1000, "\nError: Cannot find module 'far'\n", 33);
	stage_record(&stage, CP_RAW_STDERR, 0, text, 2000);
	stage_exit(&stage, 0);
	assert_told(&stage, "module_not_found module_not_found far - false stderr 'Cannot find "
			    "module 'far''\n");
}

static void what_dlopen_told_is_not_told_again(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/x.node");
	stage_exception(&stage, ENOENT, "libabsent.so", "cannot open shared object file");
	stage_return(&stage, 0);
	assert_told(&stage, "dlopen_failed missing_library libabsent.so - true loader "
			    "'libabsent.so: " ABSENT "'\n");
	stage.flags = 0;
	stage_write(&stage, "Error: libabsent.so: " ABSENT "\n  code: 'ERR_DLOPEN_FAILED'\n");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void the_file_counts_more_than_nodes_words(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/arm.node", .machine = EM_AARCH64);
	stage_write(&stage, "Error: Error relocating /app/arm.node: unsupported relocation type "
			    "1026\n  code: 'ERR_DLOPEN_FAILED'\n");
	assert_told(&stage, "dlopen_failed wrong_architecture /app/arm.node - false stderr 'Error "
			    "relocating /app/arm.node: unsupported relocation type 1026'\n");
}

static void any_bytes_are_just_text(void **state)
{
	char text[CP_RAW_TEXT];
	(void)state;
	for (size_t i = 0; i < sizeof(text); i++)
		text[i] = (char)(i * 7919);
	for (size_t size = 0; size < sizeof(text); size += 37)
		stage_record(&stage, CP_RAW_STDERR, 0, text, size);
	stage_record(&stage, CP_RAW_STDERR, 0, "", 0);
	stage_record(&stage, CP_RAW_STDERR, 0, "\n", 1);
	stage_exit(&stage, 0);
	assert_told(&stage, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(a_missing_module_is_told_at_once),
		STAGE_TEST(a_package_of_the_platforms_blames_the_template),
		STAGE_TEST(another_nodes_abi),
		STAGE_TEST(several_failures_in_one_write),
		STAGE_TEST(a_parent_that_repeats_its_child_is_an_echo),
		STAGE_TEST(what_a_process_did_itself_is_no_echo),
		STAGE_TEST(an_echo_may_be_read_first),
		STAGE_TEST(pieces_are_put_together),
		STAGE_TEST(what_has_no_end_is_read_after_a_while),
		STAGE_TEST(a_line_that_never_ends_is_read_in_parts),
		STAGE_TEST(no_byte_is_lost_where_a_part_ends),
		STAGE_TEST(what_dlopen_told_is_not_told_again),
		STAGE_TEST(the_file_counts_more_than_nodes_words),
		STAGE_TEST(any_bytes_are_just_text),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
