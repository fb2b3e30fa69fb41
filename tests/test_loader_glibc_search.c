/* SPDX-License-Identifier: MIT
 *
 * glibc's loader: how a name becomes a file, by the paths that were tried and in which order; and
 * what trees made to cost much do. The other rules: test_loader_glibc.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "closure.h"
#include "support/load_tree.h"

#define MAIN "/app/main.so"

static struct load_tree tree;

static int set_up(void **state)
{
	(void)state;
	tree = load_tree_glibc("2.36");
	tree.target.keep_considered = true;
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	load_tree_free(&tree);
	return 0;
}

static void load_main(void)
{
	if (load_tree_simulate(&tree, MAIN, CP_LOAD_DLOPEN_LAZY))
		fail_msg("%s", tree.error->message);
}

/* Whether the paths tried for `name` in plain directories (no hardware ones) are these, in order.
 */
static void expect_tried(const char *name, const char *const *expected)
{
	for (size_t i = 0; i < tree.load.n_considered; i++) {
		const struct cp_considered *row = &tree.load.considered[i];
		if (strcmp(row->name, name) != 0 || strstr(row->path, "tls/") ||
			strstr(row->path, "x86_64/") || strstr(row->path, "glibc-hwcaps/"))
			continue;
		assert_non_null(*expected);
		char text[256];
		snprintf(text, sizeof(text), "%s %s: %s", row->origin, row->path, row->result);
		assert_string_equal(text, *expected++);
	}
	assert_null(*expected);
}

#define EXPECT_TRIED(name, ...) expect_tried(name, (const char *const[]){__VA_ARGS__, NULL})
#define DEFAULTS                                                                                   \
	"default path /lib/x86_64-linux-gnu/libdep.so: not found",                                 \
		"default path /usr/lib/x86_64-linux-gnu/libdep.so: not found",                     \
		"default path /lib/libdep.so: not found",                                          \
		"default path /usr/lib/libdep.so: not found"

static void expect_outcome(enum cp_outcome outcome)
{
	assert_string_equal(cp_outcome_name(tree.load.outcome), cp_outcome_name(outcome));
}

/* --- the stations ------------------------------------------------------------------- */

static void test_environment_then_runpath_then_defaults(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "$ORIGIN/one:/two/");
	tree.target.library_path = "/env;/more:";
	load_main();
	expect_outcome(CP_OUTCOME_FAILS);
	EXPECT_TRIED("libdep.so", "LD_LIBRARY_PATH /env/libdep.so: not found",
		"LD_LIBRARY_PATH /more/libdep.so: not found",
		"LD_LIBRARY_PATH libdep.so: not found", "RUNPATH /app/one/libdep.so: not found",
		"RUNPATH /two/libdep.so: not found", DEFAULTS);
}

static void test_rpaths_up_the_chain_then_the_program(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, "/usr/bin/node", .interpreter = "/lib64/ld-linux-x86-64.so.2",
		.needed = {"libc.so.6"}, .rpath = "$ORIGIN/../program");
	tree.target.program.facts = load_tree_facts(&tree, "/usr/bin/node");
	TREE_OBJECT(&tree, MAIN, .needed = {"libmid.so"}, .rpath = "/main");
	TREE_OBJECT(&tree, "/main/libmid.so", .needed = {"libdep.so"}, .rpath = "/mid");
	tree.target.library_path = "/env";
	load_main();
	EXPECT_TRIED("libdep.so", "RPATH /mid/libdep.so: not found",
		"RPATH /main/libdep.so: not found",
		"RPATH /usr/bin/../program/libdep.so: not found",
		"LD_LIBRARY_PATH /env/libdep.so: not found", DEFAULTS);
}

static void test_a_runpath_hides_every_rpath(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libmid.so"}, .rpath = "/main");
	TREE_OBJECT(&tree, "/main/libmid.so", .needed = {"libdep.so"}, .rpath = "/mid",
		.runpath = "/run");
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /run/libdep.so: not found", DEFAULTS);
}

static void test_a_runpath_is_not_inherited(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libmid.so"}, .runpath = "/main");
	TREE_OBJECT(&tree, "/main/libmid.so", .needed = {"libdep.so"});
	load_main();
	EXPECT_TRIED("libdep.so", DEFAULTS);
}

static void test_a_name_with_a_slash_is_not_searched(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"$ORIGIN/sub/libdep.so"}, .runpath = "/run");
	TREE_OBJECT(&tree, "/app/sub/libdep.so", .soname = "libdep.so");
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
	EXPECT_TRIED("/app/sub/libdep.so", "path /app/sub/libdep.so: found");
}

static void test_no_default_directories(void **state)
{
	(void)state;
	TREE_OBJECT(
		&tree, MAIN, .needed = {"libdep.so"}, .flags_1 = DF_1_NODEFLIB, .runpath = "/run");
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /run/libdep.so: not found");
}

static void test_a_loaded_name_is_not_searched(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libone.so", "libdep.so", "libc.so.6"},
		.runpath = "$ORIGIN");
	TREE_OBJECT(&tree, "/app/libone.so", .soname = "libdep.so");
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
	expect_tried("libdep.so", (const char *const[]){NULL});
}

static void test_one_file_under_two_names_is_one_object(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libone.so", "libtwo.so"}, .runpath = "$ORIGIN");
	TREE_OBJECT(&tree, "/app/libone.so", .symbols = {{.name = "gone"}},
		.relocs = {{.symbol = "gone", .type = R_X86_64_GLOB_DAT}});
	load_tree_link(&tree, "/app/libtwo.so", "libone.so");
	load_main();
	assert_int_equal(tree.load.n_problems, 1);
	assert_string_equal(tree.load.message, "/app/libone.so: undefined symbol: gone");
}

/* --- candidates ---------------------------------------------------------------------- */

static void test_other_platforms_are_passed_over(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "/a:/b:/c");
	TREE_OBJECT(&tree, "/a/libdep.so", .elf_class = ELFCLASS32, .machine = EM_386);
	TREE_OBJECT(&tree, "/b/libdep.so", .machine = EM_AARCH64);
	TREE_OBJECT(&tree, "/c/libdep.so", .soname = "libdep.so");
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
	EXPECT_TRIED("libdep.so", "RUNPATH /a/libdep.so: wrong class",
		"RUNPATH /b/libdep.so: wrong machine", "RUNPATH /c/libdep.so: found");
}

static void test_what_was_passed_over_puts_the_failure(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "/a");
	TREE_OBJECT(&tree, "/a/libdep.so", .elf_class = ELFCLASS32, .machine = EM_386);
	load_main();
	assert_string_equal(tree.load.message, "libdep.so: wrong ELF class: ELFCLASS32");
	assert_int_equal(tree.load.cause, CP_CAUSE_WRONG_ARCHITECTURE);
}

static void test_rubbish_ends_the_search(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "/a:/b");
	load_tree_file(&tree, "/a/libdep.so", CP_CONTENT_OTHER, 500);
	TREE_OBJECT(&tree, "/b/libdep.so", .soname = "libdep.so");
	load_main();
	assert_string_equal(tree.load.message, "/a/libdep.so: invalid ELF header");
}

static void test_a_link_loop_ends_its_list(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "/a:/b");
	load_tree_link(&tree, "/a/libdep.so", "libdep.so");
	TREE_OBJECT(&tree, "/b/libdep.so", .soname = "libdep.so");
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /a/libdep.so: not found", DEFAULTS);
}

/* --- tokens --------------------------------------------------------------------------- */

static void test_tokens(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"},
		.runpath = "${ORIGIN}/a:$ORIGINAL:/b/$LIB:/c/$PLATFORM:/d/${LIB:$X/e");
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /app/a/libdep.so: not found",
		"RUNPATH $ORIGINAL/libdep.so: not found",
		"RUNPATH /b/lib/x86_64-linux-gnu/libdep.so: not found",
		"RUNPATH /d/${LIB/libdep.so: not found", "RUNPATH $X/e/libdep.so: not found",
		DEFAULTS);
	/* /c/x86_64 is there, but looks like a hardware directory to expect_tried. */
	bool platform = false;
	for (size_t i = 0; i < tree.load.n_considered; i++)
		platform |= strcmp(tree.load.considered[i].path, "/c/x86_64/libdep.so") == 0;
	assert_true(platform);
}

static void test_origin_keeps_the_links_of_the_path(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, "/store/main.so", .needed = {"libdep.so"}, .runpath = "$ORIGIN");
	load_tree_link(&tree, MAIN, "../store/main.so");
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /app/libdep.so: not found", DEFAULTS);
}

/* --- the configuration ---------------------------------------------------------------- */

static void configure(void)
{
	load_tree_text(&tree, "/etc/ld.so.conf",
		"include /etc/ld.so.conf.d/*.conf\n/opt/late # the last\n");
	load_tree_text(&tree, "/etc/ld.so.conf.d/b.conf", "\t/opt/b/\n");
	load_tree_text(&tree, "/etc/ld.so.conf.d/a.conf", "/opt/a\n/opt/b\n");
	load_tree_text(&tree, "/etc/ld.so.conf.d/a.conf.off", "/opt/off\n");
	load_tree_text(&tree, "/etc/ld.so.conf.d/.hidden.conf", "/opt/hidden\n");
	static const char *const names[] = {"a", "b", "late", "off", "hidden"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char path[64];
		snprintf(path, sizeof(path), "/opt/%s/libdep.so", names[i]);
		TREE_OBJECT(&tree, path, .soname = "libdep.so", .machine = EM_AARCH64);
	}
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"});
}

static void test_ld_so_conf_counts_where_ldconfig_was_run(void **state)
{
	(void)state;
	configure();
	TREE_OBJECT(&tree, "/opt/late/libdep.so", .soname = "libdep.so");
	load_main();
	expect_outcome(CP_OUTCOME_FAILS);
	load_tree_file(&tree, "/etc/ld.so.cache", CP_CONTENT_OTHER, 1000);
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
	EXPECT_TRIED("libdep.so", "ld.so.cache /opt/late/libdep.so: found");
}

static void test_directories_of_ld_so_conf_are_in_order(void **state)
{
	(void)state;
	configure();
	load_tree_file(&tree, "/etc/ld.so.cache", CP_CONTENT_OTHER, 1000);
	TREE_OBJECT(&tree, "/opt/late/libdep.so", .soname = "libdep.so");
	TREE_OBJECT(&tree, "/opt/b/libdep.so", .soname = "libdep.so");
	load_main();
	EXPECT_TRIED("libdep.so", "ld.so.cache /opt/b/libdep.so: found");
}

static void test_a_conf_that_includes_itself(void **state)
{
	(void)state;
	load_tree_text(&tree, "/etc/ld.so.conf", "include /etc/ld.so.conf /etc/ld.so.conf\n");
	load_tree_file(&tree, "/etc/ld.so.cache", CP_CONTENT_OTHER, 1000);
	TREE_OBJECT(&tree, MAIN, .needed = {"libc.so.6"});
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
}

static void expect_hwcaps(const char *version, bool levels, bool legacy)
{
	bool saw_levels = false, saw_legacy = false;
	tree.target.libc_version = version;
	load_main();
	for (size_t i = 0; i < tree.load.n_considered; i++) {
		const char *path = tree.load.considered[i].path;
		saw_levels |= strcmp(path, "/run/glibc-hwcaps/x86-64-v3/libdep.so") == 0;
		saw_legacy |= strcmp(path, "/run/tls/x86_64/libdep.so") == 0;
	}
	assert_int_equal(saw_levels, levels);
	assert_int_equal(saw_legacy, legacy);
}

static void test_hardware_directories_go_by_version(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"}, .runpath = "/run");
	TREE_OBJECT(&tree, "/run/libdep.so", .soname = "libdep.so");
	expect_hwcaps("2.31", false, true);
	expect_hwcaps("2.36", true, true);
	expect_hwcaps("2.41", true, false);
	tree.target.libc_version = NULL; /* libc.so.6 defines versions up to GLIBC_2.34 */
	expect_hwcaps(NULL, true, true);
}

static void test_the_layout_of_other_distributions(void **state)
{
	(void)state;
	struct load_tree fedora = {.index = cp_index_new()};
	fedora.target =
		(struct cp_target){.root = {.layers = {{.index = fedora.index}}, .count = 1},
			.machine = EM_X86_64,
			.libc = CP_LIBC_GLIBC,
			.libc_version = "2.34",
			.keep_considered = true};
	TREE_OBJECT(&fedora, "/lib64/libc.so.6", .soname = "libc.so.6");
	TREE_OBJECT(&fedora, MAIN, .needed = {"libdep.so"}, .runpath = "/opt/$LIB");
	load_tree_free(&tree);
	tree = fedora;
	load_main();
	EXPECT_TRIED("libdep.so", "RUNPATH /opt/lib64/libdep.so: not found",
		"default path /lib64/libdep.so: not found",
		"default path /usr/lib64/libdep.so: not found");
}

static void test_a_layout_with_all_in_one_place(void **state)
{
	(void)state;
	struct load_tree merged = {.index = cp_index_new()};
	merged.target =
		(struct cp_target){.root = {.layers = {{.index = merged.index}}, .count = 1},
			.machine = EM_X86_64,
			.libc = CP_LIBC_GLIBC,
			.libc_version = "2.39",
			.keep_considered = true};
	load_tree_link(&merged, "/lib", "usr/lib");
	load_tree_link(&merged, "/lib64", "usr/lib");
	TREE_OBJECT(&merged, "/usr/lib/libc.so.6", .soname = "libc.so.6");
	TREE_OBJECT(&merged, MAIN, .needed = {"libdep.so"});
	load_tree_free(&tree);
	tree = merged;
	load_main();
	EXPECT_TRIED("libdep.so", "default path /lib/libdep.so: not found",
		"default path /usr/lib/libdep.so: not found");
}

static void test_files_over_a_base(void **state)
{
	(void)state;
	struct load_tree upper = {.index = cp_index_new()};
	TREE_OBJECT(&upper, MAIN, .needed = {"libdep.so", "libc.so.6"});
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so", "libc.so.6"});
	TREE_OBJECT(&tree, "/opt/libdep.so", .soname = "libdep.so");
	load_tree_text(&tree, "/etc/ld.so.conf", "/opt\n");
	load_main();
	expect_outcome(CP_OUTCOME_FAILS);
	tree.target.root.layers[1] = tree.target.root.layers[0];
	tree.target.root.layers[0].index = upper.index;
	tree.target.root.count = 2;
	load_main();
	expect_outcome(CP_OUTCOME_LOADS);
	/* The base comes without its ld.so.cache, which is taken to be there. */
	EXPECT_TRIED("libdep.so", "ld.so.cache /opt/libdep.so: found");
	load_tree_free(&upper);
}

/* --- hostile trees --------------------------------------------------------------------- */

static void test_a_search_has_a_bound(void **state)
{
	(void)state;
	size_t count = CP_CLOSURE_MAX_ATTEMPTS;
	char *path = malloc(2 * count + 1);
	for (size_t i = 0; i < count; i++)
		memcpy(path + 2 * i, "/:", 2);
	path[2 * count] = '\0';
	TREE_OBJECT(&tree, MAIN, .needed = {"libdep.so"});
	tree.target.library_path = path;
	assert_int_equal(load_tree_simulate(&tree, MAIN, CP_LOAD_DLOPEN_LAZY), -1);
	free(path);
	assert_non_null(strstr(tree.error->message, "more than"));
}

static void test_a_closure_has_a_bound(void **state)
{
	(void)state;
	for (unsigned i = 0; i <= CP_CLOSURE_MAX_OBJECTS; i++) {
		char path[64], next[64];
		snprintf(path, sizeof(path), i ? "/app/lib%u.so" : MAIN, i);
		snprintf(next, sizeof(next), "/app/lib%u.so", i + 1);
		TREE_OBJECT(&tree, path, .needed = {next});
	}
	assert_int_equal(load_tree_simulate(&tree, MAIN, CP_LOAD_DLOPEN_LAZY), -1);
	assert_non_null(strstr(tree.error->message, "more than"));
}

static void test_the_problem_that_decides_is_kept(void **state)
{
	(void)state;
	TREE_OBJECT(&tree, MAIN, .soname = "main.so", .symbols = {{.name = "last"}},
		.relocs = {{.symbol = "last", .type = R_X86_64_GLOB_DAT}});
	struct cp_facts *facts = load_tree_facts(&tree, MAIN);
	/* As many calls of missing functions as are kept come first, then the one that fails. */
	size_t calls = CP_LOAD_MAX_PROBLEMS + 50;
	struct cp_symbol *symbols = calloc(calls + 1, sizeof(*symbols));
	struct cp_reloc *relocs = calloc(calls + 1, sizeof(*relocs));
	for (size_t i = 0; i < calls; i++) {
		symbols[i] = facts->undefined[0];
		relocs[i] = (struct cp_reloc){(uint32_t)i, R_X86_64_JUMP_SLOT};
	}
	symbols[calls] = facts->undefined[0];
	relocs[calls] = (struct cp_reloc){(uint32_t)calls, R_X86_64_64};
	free(facts->undefined);
	free(facts->relocs_plt);
	facts->undefined = symbols;
	facts->n_undefined = calls + 1;
	facts->relocs_plt = relocs;
	facts->n_relocs_plt = calls + 1;
	facts->n_relocs_dyn = 0;
	load_main();
	expect_outcome(CP_OUTCOME_FAILS);
	assert_string_equal(tree.load.message, MAIN ": undefined symbol: last");
	assert_false(tree.load.problems[0].at_call);
	assert_int_equal(tree.load.n_problems, CP_LOAD_MAX_PROBLEMS);
	assert_int_equal(tree.load.problems_dropped, calls + 1 - CP_LOAD_MAX_PROBLEMS);
}

#define RULE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RULE(test_environment_then_runpath_then_defaults),
		RULE(test_rpaths_up_the_chain_then_the_program),
		RULE(test_a_runpath_hides_every_rpath),
		RULE(test_a_runpath_is_not_inherited),
		RULE(test_a_name_with_a_slash_is_not_searched),
		RULE(test_no_default_directories),
		RULE(test_a_loaded_name_is_not_searched),
		RULE(test_one_file_under_two_names_is_one_object),
		RULE(test_other_platforms_are_passed_over),
		RULE(test_what_was_passed_over_puts_the_failure),
		RULE(test_rubbish_ends_the_search),
		RULE(test_a_link_loop_ends_its_list),
		RULE(test_tokens),
		RULE(test_origin_keeps_the_links_of_the_path),
		RULE(test_ld_so_conf_counts_where_ldconfig_was_run),
		RULE(test_directories_of_ld_so_conf_are_in_order),
		RULE(test_a_conf_that_includes_itself),
		RULE(test_hardware_directories_go_by_version),
		RULE(test_the_layout_of_other_distributions),
		RULE(test_a_layout_with_all_in_one_place),
		RULE(test_files_over_a_base),
		RULE(test_a_search_has_a_bound),
		RULE(test_a_closure_has_a_bound),
		RULE(test_the_problem_that_decides_is_kept),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
