/* SPDX-License-Identifier: MIT
 *
 * Where musl looks for a library, and when two names are one object.
 */
#include "musl_expect.h"

static const struct elf_spec leaf = {.symbols = {{.name = "leaf", .value = 1}}};

/* --- search ----------------------------------------------------------------------------- */

static void default_directories(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}};
	lacks_library(tree, &spec, "libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	assert_int_equal(tree->load.n_considered, 4);
	assert_string_equal(tree->load.considered[0].path, MAIN);
	assert_string_equal(tree->load.considered[1].path, "/lib/libleaf.so");
	assert_string_equal(tree->load.considered[2].path, "/usr/local/lib/libleaf.so");
	assert_string_equal(tree->load.considered[3].path, "/usr/lib/libleaf.so");
	assert_string_equal(tree->load.considered[3].origin, "default path");
	assert_string_equal(tree->load.considered[3].result, "not found");
	assert_string_equal(tree->load.considered[3].needed_by, MAIN);
	load_tree_object(tree, "/usr/lib/libleaf.so", &leaf);
	loads(tree, &spec);
	assert_string_equal(tree->load.considered[3].result, "found");
}

static void path_file(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}};
	load_tree_object(tree, "/lib/libleaf.so", &leaf);
	load_tree_text(tree, "/etc/ld-musl-x86_64.path", "/opt/a:\n\n/opt/b\n");
	lacks_library(tree, &spec, "libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	load_tree_object(tree, "/opt/b/libleaf.so", &leaf);
	loads(tree, &spec);
	load_tree_text(tree, "/etc/ld-musl-x86_64.path", "");
	lacks_library(tree, &spec, "libleaf.so", "No error information", CP_CAUSE_MISSING_LIBRARY);
}

/* It lies beside the directory of the loader that the program names. */
static void path_file_of_another_prefix(void **state)
{
	struct load_tree *tree = *state;
	load_tree_link(tree, "/opt/musl/lib/ld.so", LOADER);
	load_tree_text(tree, "/opt/musl/etc/ld-musl-x86_64.path", "/opt/a");
	load_tree_object(tree, "/opt/a/libleaf.so", &leaf);
	const struct elf_spec program = {
		.interpreter = "/opt/musl/lib/ld.so", .needed = {"libleaf.so", "libc.so"}};
	load_tree_object(tree, "/bin/program", &program);
	load(tree, "/bin/program", CP_LOAD_EXEC);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static void finds_with_rpath(struct load_tree *tree, const char *rpath)
{
	loads(tree, &(struct elf_spec){.needed = {"libleaf.so"}, .rpath = rpath});
}

static void drops_rpath(struct load_tree *tree, const char *rpath)
{
	lacks_library(tree, &(struct elf_spec){.needed = {"libleaf.so"}, .rpath = rpath},
		"libleaf.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

static void rpath_texts(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/app/lib/libleaf.so", &leaf);
	load_tree_object(tree, "/appAL/libleaf.so", &leaf);
	finds_with_rpath(tree, "/app/lib");
	finds_with_rpath(tree, "$ORIGIN/lib");
	finds_with_rpath(tree, "::${ORIGIN}/./lib//\n");
	finds_with_rpath(tree, "app/lib");
	finds_with_rpath(tree, "/nowhere:$ORIGIN/../app/lib:/nowhere");
	finds_with_rpath(tree, "$ORIGINAL"); /* what follows the token is not looked at */
	drops_rpath(tree, "$ORIGIN/lib:/$LIB");
	drops_rpath(tree, "$ORIGIN/lib:${PLATFORM}");
	drops_rpath(tree, "/app/lib:$");
	drops_rpath(tree, ":::");
}

static void paths_too_long_for_the_buffer(void **state)
{
	struct load_tree *tree = *state;
	char rpath[600] = "/app/lib";
	load_tree_object(tree, "/app/lib/libleaf.so", &leaf);
	while (strlen(rpath) < 512 - sizeof("/libleaf.so") - 1)
		strcat(rpath, "/.");
	finds_with_rpath(tree, rpath);
	strcat(rpath, "//");
	drops_rpath(tree, rpath);
	memset(rpath, 'x', sizeof(rpath) - 1);
	rpath[sizeof(rpath) - 1] = '\0';
	drops_rpath(tree, rpath);
}

/* Both tags are inherited, and DT_RUNPATH has the last word. */
static void paths_of_requesters(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/a/libdep.so", &(struct elf_spec){.needed = {"libleaf.so"}});
	load_tree_object(tree, "/a/libleaf.so", &leaf);
	loads(tree, &(struct elf_spec){.needed = {"libdep.so"}, .rpath = "/a"});
	loads(tree, &(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/a"});
	loads(tree, &(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/a", .rpath = "/b"});
	lacks_library(tree,
		&(struct elf_spec){.needed = {"libdep.so"}, .runpath = "/b", .rpath = "/a"},
		"libdep.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

/* The program asked for the object, so its path is the last of the requesters'. */
static void path_of_the_program(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/opt/node/bin/node", &(struct elf_spec){.rpath = "$ORIGIN/../lib"});
	load_tree_link(tree, "/bin/node", "/opt/node/bin/node");
	load_tree_object(tree, "/opt/node/lib/libleaf.so", &leaf);
	tree->target.program.path = "/bin/node";
	tree->target.program.facts =
		cp_index_facts(tree->index, cp_index_find(tree->index, "/opt/node/bin/node"));
	loads(tree, &(struct elf_spec){.needed = {"libleaf.so"}});
}

static void environment_first(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/app/libleaf.so", &leaf);
	load_tree_object(tree, "/env/libleaf.so", &(struct elf_spec){0});
	tree->target.library_path = ":/env";
	lacks(tree, &(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "$ORIGIN", HOLDS("leaf")},
		"leaf");
}

/* The first file that opens is taken; some errors end the search. */
static void first_file_wins(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {.needed = {"libleaf.so"}, .rpath = "/a:/b"};
	load_tree_object(tree, "/b/libleaf.so", &leaf);
	load_tree_link(tree, "/a/libleaf.so", "dangling");
	loads(tree, &spec);
	load_tree_link(tree, "/a/libleaf.so", "libleaf.so");
	lacks_library(tree, &spec, "libleaf.so", "Symbolic link loop", CP_CAUSE_MISSING_LIBRARY);
	load_tree_directory(tree, "/a/libleaf.so");
	lacks_library(tree, &spec, "libleaf.so", "Is a directory", CP_CAUSE_NOT_ELF);
	load_tree_file(tree, "/a/libleaf.so", CP_CONTENT_OTHER, 0);
	lacks_library(tree, &spec, "libleaf.so", "Exec format error", CP_CAUSE_NOT_ELF);
	load_tree_object(tree, "/a/libleaf.so",
		&(struct elf_spec){.elf_class = ELFCLASS32, .machine = EM_386});
	lacks_library(tree, &spec, "libleaf.so", "Exec format error", CP_CAUSE_WRONG_ARCHITECTURE);
	load_tree_file(tree, "/a", CP_CONTENT_OTHER, 0);
	loads(tree, &spec);
}

static void needs_with_slashes(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/opt/libleaf.so", &leaf);
	loads(tree, &(struct elf_spec){.needed = {"/opt/libleaf.so"}});
	loads(tree, &(struct elf_spec){.needed = {"opt/libleaf.so"}});
	lacks_library(tree, &(struct elf_spec){.needed = {"./libleaf.so"}}, "./libleaf.so",
		NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
}

/* The origin of a library is where its name says, not where a link leads. */
static void origin_of_a_link(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/real/main.so",
		&(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "$ORIGIN"});
	load_tree_object(tree, "/real/libleaf.so", &leaf);
	load_tree_link(tree, "/app/link.so", "/real/main.so");
	load(tree, "/real/main.so", CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
	load(tree, "/app/link.so", CP_LOAD_DLOPEN_LAZY);
	expect(tree, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libleaf.so: No such file or directory "
		"(needed by /app/link.so)");
}

/* --- which object is which ----------------------------------------------------------------- */

/* A name that was found once is not searched again, whoever asks. */
static void one_name_one_object(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/a/libleaf.so", &leaf);
	load_tree_object(tree, "/b/libleaf.so",
		&(struct elf_spec){.symbols = {{.name = "only_b", .value = 1}}});
	load_tree_object(tree, "/lib/libdep.so",
		&(struct elf_spec){.needed = {"libleaf.so"}, .rpath = "/b", HOLDS("only_b")});
	fails(tree, &(struct elf_spec){.needed = {"libleaf.so", "libdep.so"}, .rpath = "/a"},
		CP_CAUSE_MISSING_SYMBOL,
		"Error relocating /lib/libdep.so: only_b: symbol not found");
}

/* One file is one object, by a link or a hard link: its problem is told once. */
static void one_file_one_object(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {
		.needed = {"libleaf.so", "libsoft.so", "libhard.so", "/lib/libleaf.so"}};
	load_tree_object(tree, "/lib/libleaf.so", &(struct elf_spec){.needed = {"libgone.so"}});
	load_tree_link(tree, "/lib/libsoft.so", "libleaf.so");
	load_tree_hard_link(tree, "/lib/libhard.so", "/lib/libleaf.so");
	fails(tree, &spec, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libgone.so: No such file or directory "
		"(needed by /lib/libleaf.so)");
	assert_int_equal(tree->load.n_problems, 1);
}

/* What was loaded by a path gets a name when a search comes upon it. */
static void named_by_a_later_search(void **state)
{
	struct load_tree *tree = *state;
	const struct elf_spec spec = {.needed = {"/lib/libleaf.so", "libleaf.so", "libleaf.so"}};
	load_tree_object(tree, "/lib/libleaf.so", &leaf);
	loads(tree, &spec);
	assert_int_equal(tree->load.n_considered, 3);
}

static void circles(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/lib/liba.so", &(struct elf_spec){.needed = {"libb.so"}});
	load_tree_object(tree, "/lib/libb.so",
		&(struct elf_spec){.needed = {"liba.so", "libb.so", "main.so"}});
	loads(tree, &(struct elf_spec){.needed = {"liba.so"}, .rpath = "$ORIGIN"});
}

/* All that is missing is told, nearest objects first, with the way to it. */
static void everything_missing_is_told(void **state)
{
	struct load_tree *tree = *state;
	load_tree_object(tree, "/lib/libdep.so",
		&(struct elf_spec){.needed = {"libdeep.so"}, HOLDS("deep")});
	lacks_library(tree,
		&(struct elf_spec){
			.needed = {"libdep.so", "libnear.so", "libalso.so"}, HOLDS("near")},
		"libnear.so", NOT_THERE, CP_CAUSE_MISSING_LIBRARY);
	const char *const subjects[] = {"libnear.so", "libalso.so", "libdeep.so", "near", "deep"};
	assert_int_equal(tree->load.n_problems, 5);
	for (size_t i = 0; i < 5; i++)
		assert_string_equal(tree->load.problems[i].subject, subjects[i]);
	assert_int_equal(tree->load.n_chain, 1);

	fails(tree, &(struct elf_spec){.needed = {"libdep.so"}}, CP_CAUSE_MISSING_LIBRARY,
		"Error loading shared library libdeep.so: No such file or directory "
		"(needed by /lib/libdep.so)");
	assert_int_equal(tree->load.n_chain, 2);
	assert_string_equal(tree->load.chain[0], MAIN);
	assert_string_equal(tree->load.chain[1], "/lib/libdep.so");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, musl_setup, musl_teardown)
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
