/* SPDX-License-Identifier: MIT
 *
 * Where musl looks for a library, and when two names are one object.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "support/musl_world.h"

static const struct elf_spec leaf = {.symbols = {{.name = "leaf", .value = 1}}};

/* --- search ----------------------------------------------------------------------------- */

static void default_directories(void **state)
{
	struct world *world = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}};
	lacks_library(world, &spec, "libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	assert_int_equal(world->load.n_considered, 4);
	assert_string_equal(world->load.considered[0].path, MAIN);
	assert_string_equal(world->load.considered[1].path, "/lib/libleaf.so");
	assert_string_equal(world->load.considered[2].path, "/usr/local/lib/libleaf.so");
	assert_string_equal(world->load.considered[3].path, "/usr/lib/libleaf.so");
	assert_string_equal(world->load.considered[3].origin, "default path");
	assert_string_equal(world->load.considered[3].result, "not found");
	assert_string_equal(world->load.considered[3].needed_by, MAIN);
	tree_object(world->index, "/usr/lib/libleaf.so", &leaf);
	loads(world, &spec);
	assert_string_equal(world->load.considered[3].result, "found");
}

static void path_file(void **state)
{
	struct world *world = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}};
	tree_object(world->index, "/lib/libleaf.so", &leaf);
	tree_text(world->index, "/etc/ld-musl-x86_64.path", "/opt/a:\n\n/opt/b\n");
	lacks_library(world, &spec, "libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	tree_object(world->index, "/opt/b/libleaf.so", &leaf);
	loads(world, &spec);
	tree_text(world->index, "/etc/ld-musl-x86_64.path", "");
	lacks_library(world, &spec, "libleaf.so", "No error information", CP_CAUSE_MISSING_LIBRARY);
}

/* It lies beside the directory of the loader that the program names. */
static void path_file_of_another_prefix(void **state)
{
	struct world *world = *state;
	tree_link(world->index, "/opt/musl/lib/ld.so", LOADER);
	tree_text(world->index, "/opt/musl/etc/ld-musl-x86_64.path", "/opt/a");
	tree_object(world->index, "/opt/a/libleaf.so", &leaf);
	const struct elf_spec program = {
		.interpreter = "/opt/musl/lib/ld.so", .needed = {"libleaf.so", "libc.so"}};
	tree_object(world->index, "/bin/program", &program);
	world_load(world, "/bin/program", CP_LOAD_EXEC);
	world_expect(world, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void finds_with_rpath(struct world *world, const char *rpath)
{
	loads(world, &(struct elf_spec){.needed = {"libleaf.so"}, .rpath = rpath});
}

static void drops_rpath(struct world *world, const char *rpath)
{
	lacks_library(world, &(struct elf_spec){.needed = {"libleaf.so"}, .rpath = rpath},
		"libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

static void rpath_texts(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/app/lib/libleaf.so", &leaf);
	tree_object(world->index, "/appAL/libleaf.so", &leaf);
	finds_with_rpath(world, "/app/lib");
	finds_with_rpath(world, "$ORIGIN/lib");
	finds_with_rpath(world, "::${ORIGIN}/./lib//\n");
	finds_with_rpath(world, "app/lib");
	finds_with_rpath(world, "/nowhere:$ORIGIN/../app/lib:/nowhere");
	finds_with_rpath(world, "$ORIGINAL"); /* what follows the token is not looked at */
	drops_rpath(world, "$ORIGIN/lib:/$LIB");
	drops_rpath(world, "$ORIGIN/lib:${PLATFORM}");
	drops_rpath(world, "/app/lib:$");
	drops_rpath(world, ":::");
}

static void paths_too_long_for_the_buffer(void **state)
{
	struct world *world = *state;
	char rpath[600] = "/app/lib";
	tree_object(world->index, "/app/lib/libleaf.so", &leaf);
	while (strlen(rpath) < 512 - sizeof("/libleaf.so") - 1)
		strcat(rpath, "/.");
	finds_with_rpath(world, rpath);
	strcat(rpath, "//");
	drops_rpath(world, rpath);
	memset(rpath, 'x', sizeof(rpath) - 1);
	rpath[sizeof(rpath) - 1] = '\0';
	drops_rpath(world, rpath);
}

/* Both tags are inherited, and DT_RUNPATH has the last word. */
static void paths_of_requesters(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/a/libdep.so", &(struct elf_spec){.needed = {"libleaf.so"}});
	tree_object(world->index, "/a/libleaf.so", &leaf);
	loads(world, &(struct elf_spec){.needed = {"libdep.so"}, .rpath = "/a"});
	loads(world, &(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/a"});
	loads(world, &(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/a", .rpath = "/b"});
	lacks_library(world,
		&(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/b", .rpath = "/a"},
		"libdep.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

/* The program asked for the object, so its path is the last of the requesters'. */
static void path_of_the_program(void **state)
{
	struct world *world = *state;
	tree_object(
		world->index, "/opt/node/bin/node", &(struct elf_spec){.rpath = "$ORIGIN/../lib"});
	tree_link(world->index, "/bin/node", "/opt/node/bin/node");
	tree_object(world->index, "/opt/node/lib/libleaf.so", &leaf);
	world->target.program.path = "/bin/node";
	world->target.program.facts =
		cp_index_facts(world->index, cp_index_find(world->index, "/opt/node/bin/node"));
	loads(world, &(struct elf_spec){.needed = {"libleaf.so"}});
}

static void environment_first(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/app/libleaf.so", &leaf);
	tree_object(world->index, "/env/libleaf.so", &(struct elf_spec){0});
	world->target.library_path = ":/env";
	lacks(world,
		&(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "$ORIGIN", HOLDS("leaf")},
		"leaf");
}

/* The first file that opens is taken; some errors end the search. */
static void first_file_wins(void **state)
{
	struct world *world = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}, .rpath = "/a:/b"};
	tree_object(world->index, "/b/libleaf.so", &leaf);
	tree_link(world->index, "/a/libleaf.so", "dangling");
	loads(world, &spec);
	tree_link(world->index, "/a/libleaf.so", "libleaf.so");
	lacks_library(world, &spec, "libleaf.so", "Symbolic link loop", CP_CAUSE_MISSING_LIBRARY);
	tree_directory(world->index, "/a/libleaf.so");
	lacks_library(world, &spec, "libleaf.so", "Is a directory", CP_CAUSE_NOT_ELF);
	tree_file(world->index, "/a/libleaf.so");
	lacks_library(world, &spec, "libleaf.so", "Exec format error", CP_CAUSE_NOT_ELF);
	tree_object(world->index, "/a/libleaf.so",
		&(struct elf_spec){.elf_class = ELFCLASS32, .machine = EM_386});
	lacks_library(world, &spec, "libleaf.so", "Exec format error", CP_CAUSE_WRONG_ARCHITECTURE);
	tree_file(world->index, "/a");
	loads(world, &spec);
}

static void needs_with_slashes(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/opt/libleaf.so", &leaf);
	loads(world, &(struct elf_spec){.needed = {"/opt/libleaf.so"}});
	loads(world, &(struct elf_spec){.needed = {"opt/libleaf.so"}});
	lacks_library(world, &(struct elf_spec){.needed = {"./libleaf.so"}}, "./libleaf.so",
		NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

/* The origin of a library is where its name says, not where a link leads. */
static void origin_of_a_link(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/real/main.so",
		&(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "$ORIGIN"});
	tree_object(world->index, "/real/libleaf.so", &leaf);
	tree_link(world->index, "/app/link.so", "/real/main.so");
	world_load(world, "/real/main.so", CP_LOAD_DLOPEN_LAZY);
	world_expect(world, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	world_load(world, "/app/link.so", CP_LOAD_DLOPEN_LAZY);
	world_expect(world, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libleaf.so: No such file or directory "
		"(needed by /app/link.so)");
}

/* --- which object is which ----------------------------------------------------------------- */

/* A name that was found once is not searched again, whoever asks. */
static void one_name_one_object(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/a/libleaf.so", &leaf);
	tree_object(world->index, "/b/libleaf.so",
		&(struct elf_spec){.symbols = {{.name = "only_b", .value = 1}}});
	tree_object(world->index, "/lib/libdep.so",
		&(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "/b", HOLDS("only_b")});
	fails(world, &(struct elf_spec){.needed = {"libleaf.so", "libdep.so"}, .rpath = "/a"},
		CP_CAUSE_MISSING_SYMBOL,
		"Error relocating /lib/libdep.so: only_b: symbol not found");
}

/* One file is one object, by a link or a hard link: its problem is told once. */
static void one_file_one_object(void **state)
{
	struct world *world = *state;
	const struct elf_spec spec = {
		.needed = {"libleaf.so", "libsoft.so", "libhard.so", "/lib/libleaf.so"}};
	tree_object(world->index, "/lib/libleaf.so", &(struct elf_spec){.needed = {"libgone.so"}});
	tree_link(world->index, "/lib/libsoft.so", "libleaf.so");
	tree_hard_link(world->index, "/lib/libhard.so", "/lib/libleaf.so");
	fails(world, &spec, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libgone.so: No such file or directory "
		"(needed by /lib/libleaf.so)");
	assert_int_equal(world->load.n_problems, 1);
}

/* What was loaded by a path gets a name when a search comes upon it. */
static void named_by_a_later_search(void **state)
{
	struct world *world = *state;
	const struct elf_spec spec = {.needed = {"/lib/libleaf.so", "libleaf.so", "libleaf.so"}};
	tree_object(world->index, "/lib/libleaf.so", &leaf);
	loads(world, &spec);
	assert_int_equal(world->load.n_considered, 3);
}

static void circles(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/lib/liba.so", &(struct elf_spec){.needed = {"libb.so"}});
	tree_object(world->index, "/lib/libb.so",
		&(struct elf_spec){.needed = {"liba.so", "libb.so", "main.so"}});
	loads(world, &(struct elf_spec){.needed = {"liba.so"}, .rpath = "$ORIGIN"});
}

/* All that is missing is told, nearest objects first, with the way to it. */
static void everything_missing_is_told(void **state)
{
	struct world *world = *state;
	tree_object(world->index, "/lib/libdep.so",
		&(struct elf_spec){.needed = {"libdeep.so"}, HOLDS("deep")});
	lacks_library(world,
		&(struct elf_spec){
			.needed = {"libdep.so", "libnear.so", "libalso.so"}, HOLDS("near")},
		"libnear.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	const char *const subjects[] = {"libnear.so", "libalso.so", "libdeep.so", "near", "deep"};
	assert_int_equal(world->load.n_problems, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(world->load.problems[i].subject, subjects[i]);
	assert_int_equal(world->load.n_chain, 1);

	fails(world, &(struct elf_spec){.needed = {"libdep.so"}}, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libdeep.so: No such file or directory "
		"(needed by /lib/libdep.so)");
	assert_int_equal(world->load.n_chain, 2);
	assert_string_equal(world->load.chain[0], MAIN);
	assert_string_equal(world->load.chain[1], "/lib/libdep.so");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, musl_world_setup, musl_world_teardown)
		TEST(default_directories),
		TEST(path_file),
		TEST(path_file_of_another_prefix),
		TEST(rpath_texts),
		TEST(paths_too_long_for_the_buffer),
		TEST(paths_of_requesters),
		TEST(path_of_the_program),
		TEST(environment_first),
		TEST(first_file_wins),
		TEST(needs_with_slashes),
		TEST(origin_of_a_link),
		TEST(one_name_one_object),
		TEST(one_file_one_object),
		TEST(named_by_a_later_search),
		TEST(circles),
		TEST(everything_missing_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
