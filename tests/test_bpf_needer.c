/* SPDX-License-Identifier: MIT
 *
 * Which object of a program asks for a library that is not there.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "needer.h"
#include "support/story_stage.h"

#define ABSENT "libabsent.so.1"

static struct stage stage;

static void check(const char *wanted)
{
	char *found = cp_needer_find(stage.root_fd, "/app/bin/prog", ABSENT);
	assert_string_equal(found ? found : "-", wanted);
	free(found);
}

static void the_program_itself(void **state)
{
	(void)state;
	check("-");
	stage_text(&stage, "/app/bin/prog", "#!/bin/sh\n");
	check("-");
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"libc.so.6", ABSENT});
	check("/app/bin/prog");
}

static void a_library_where_loaders_look(void **state)
{
	static const char *const places[] = {"/usr/lib", "/usr/local/lib", "/lib",
		"/lib/x86_64-linux-gnu"}; /* the later ones are before the earlier ones */
	(void)state;
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"libdep.so"});
	check("-");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		char path[64];
		snprintf(path, sizeof(path), "%s/libdep.so", places[i]);
		STAGE_OBJECT(&stage, path, .needed = {ABSENT});
		check(path);
	}
}

static void run_paths_come_first(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/lib/libdep.so", .needed = {"libfine.so"});
	STAGE_OBJECT(&stage, "/app/lib/libdep.so", .needed = {ABSENT});
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"libdep.so"});
	check("-");
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"libdep.so"},
		.runpath = "/none:$ORIGIN/../lib");
	check("/app/bin/../lib/libdep.so");
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"libdep.so"}, .rpath = "/app/lib");
	check("/app/lib/libdep.so");
	STAGE_OBJECT(
		&stage, "/app/bin/prog", .needed = {"libdep.so"}, .runpath = "${ORIGIN}/../lib");
	check("/app/bin/../lib/libdep.so");
}

static void breadth_first_and_once(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/bin/prog", .needed = {"liba.so", "libb.so"});
	STAGE_OBJECT(&stage, "/lib/liba.so", .needed = {"libc.so", "libb.so"});
	STAGE_OBJECT(&stage, "/lib/libb.so", .needed = {"liba.so", ABSENT});
	STAGE_OBJECT(&stage, "/lib/libc.so", .needed = {ABSENT, "libc.so"});
	check("/lib/libb.so");
	STAGE_OBJECT(&stage, "/lib/libb.so", .needed = {"liba.so"});
	check("/lib/libc.so");
	STAGE_OBJECT(&stage, "/lib/libc.so", .needed = {"liba.so", "libb.so"}); /* a circle */
	check("-");
}

/* A run path of a thousand directories in each of many libraries that ask for many more. */
static void hostile_files_do_not_hold_it_up(void **state)
{
	static char names[ELF_BUILDER_MAX][32], run_path[1000];
	struct timespec begin, end;
	struct elf_spec spec = {.runpath = run_path};
	(void)state;
	memset(run_path, ':', sizeof(run_path) - 1);
	for (int i = 0; i < 200; i++) {
		char path[64];
		snprintf(path, sizeof(path), i ? "/usr/lib/l%d" : "/app/bin/prog", i);
		for (int k = 0; k < ELF_BUILDER_MAX; k++) {
			snprintf(names[k], sizeof(names[k]), k < 2 ? "l%d" : "none%d",
				k < 2 ? 2 * i + k + 1 : 16 * i + k);
			spec.needed[k] = names[k];
		}
		stage_object(&stage, path, &spec);
	}
	clock_gettime(CLOCK_MONOTONIC, &begin);
	check("-");
	clock_gettime(CLOCK_MONOTONIC, &end);
	assert_true(end.tv_sec - begin.tv_sec < 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(the_program_itself),
		STAGE_TEST(a_library_where_loaders_look),
		STAGE_TEST(run_paths_come_first),
		STAGE_TEST(breadth_first_and_once),
		STAGE_TEST(hostile_files_do_not_hold_it_up),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
