/* SPDX-License-Identifier: MIT
 *
 * Making bases: what is kept of a root, and which libc it has. The roots are indexes
 * made here, a node a line.
 */
#include <elf.h>
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "base.h"
#include "base_text.h"
#include "memory.h"

#define TRIPLET "x86_64-linux-gnu"

/* --- making roots ---------------------------------------------------------------- */

static uint32_t add(struct cp_index *root, const char *path, enum cp_node_kind kind)
{
	uint32_t node;
	assert_int_equal(cp_index_add(root, path, kind, &node, NULL), 0);
	return node;
}

static void add_link(struct cp_index *root, const char *path, const char *target)
{
	uint32_t node = add(root, path, CP_NODE_SYMLINK);
	assert_int_equal(cp_index_set_link(root, node, target, NULL), 0);
}

static void add_text(struct cp_index *root, const char *path, const char *text)
{
	uint32_t node = add(root, path, CP_NODE_FILE);
	assert_int_equal(cp_index_set_text(root, node, text, strlen(text), true, NULL), 0);
}

static struct cp_facts *new_facts(uint16_t type)
{
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	facts->pool = calloc(1, 1);
	facts->pool_size = 1;
	facts->elf_class = ELFCLASS64;
	facts->type = type;
	facts->machine = EM_X86_64;
	facts->symbols_known = true;
	return facts;
}

static void add_facts(struct cp_index *root, const char *path, struct cp_facts *facts)
{
	assert_int_equal(cp_facts_index_exports(facts), 0);
	uint32_t node = add(root, path, CP_NODE_FILE);
	assert_int_equal(cp_index_set_facts(root, node, facts, NULL), 0);
}

/* A library that exports `name` (NULL: nothing), defines `version` (the same) and has an undefined
 * symbol. */
static void add_library(
	struct cp_index *root, const char *path, const char *name, const char *version)
{
	bool failed = false;
	struct cp_facts *facts = new_facts(ET_DYN);
	facts->undefined = calloc(1, sizeof(*facts->undefined));
	facts->n_undefined = 1;
	facts->exports = calloc(1, sizeof(*facts->exports));
	facts->verdef = calloc(1, sizeof(*facts->verdef));
	if (name) {
		facts->n_exports = 1;
		facts->exports[0].name = cp_facts_add_string(facts, name, &failed);
		facts->exports[0].hash = cp_symbol_hash(name);
	}
	if (version) {
		facts->n_verdef = 1;
		facts->verdef[0].version = cp_facts_add_string(facts, version, &failed);
	}
	assert_false(failed);
	add_facts(root, path, facts);
}

static void add_program(struct cp_index *root, const char *path, const char *interpreter)
{
	bool failed = false;
	struct cp_facts *facts = new_facts(ET_DYN);
	facts->interpreter = cp_facts_add_string(facts, interpreter, &failed);
	add_facts(root, path, facts);
	uint32_t node = cp_index_find(root, path);
	cp_index_node_mutable(root, node)->flags |= CP_NODE_EXECUTABLE;
}

static struct cp_index *debian_root(void)
{
	struct cp_index *root = cp_index_new();
	add_link(root, "/bin", "usr/bin");
	add_link(root, "/lib", "usr/lib");
	add_link(root, "/lib64", "usr/lib64");
	add_link(
		root, "/usr/lib64/ld-linux-x86-64.so.2", "../lib/" TRIPLET "/ld-linux-x86-64.so.2");
	add_library(root, "/usr/lib/" TRIPLET "/ld-linux-x86-64.so.2", NULL, "GLIBC_2.4");
	add_library(root, "/usr/lib/" TRIPLET "/libc.so.6", "malloc", "GLIBC_2.9");
	add_library(root, "/usr/lib/" TRIPLET "/libm.so.6", "sin", "GLIBC_2.36");
	add_link(root, "/etc/os-release", "../usr/lib/os-release");
	add_text(root, "/usr/lib/os-release", "ID=debian\nVERSION_ID=\"12\"\n");
	return root;
}

static struct cp_base *make(const struct cp_index *root)
{
	struct cp_base *base;
	struct cp_error *err = NULL;
	if (cp_base_from_root(root, "name", "source", &base, &err) < 0)
		fail_msg("%s", err->message);
	return base;
}

static uint8_t kind_at(const struct cp_base *base, const char *path)
{
	uint32_t node = cp_index_find(base->index, path);
	return node == CP_NO_NODE ? CP_NODE_REMOVED : cp_index_node(base->index, node)->kind;
}

static const struct cp_facts *facts_at(const struct cp_base *base, const char *path)
{
	struct cp_found found;
	const struct cp_root root = {.layers = {{.index = base->index}}, .count = 1};
	if (cp_root_resolve(&root, path, true, &found) < 0)
		return NULL;
	return cp_index_facts(found.index, found.node);
}

/* --- what is kept ------------------------------------------------------------------ */

static void test_head(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	cp_cleanup_base struct cp_base *base = make(root);
	assert_string_equal(base->name, "name");
	assert_string_equal(base->source, "source");
	assert_string_equal(base->architecture, "amd64");
	assert_string_equal(base->os_id, "debian");
	assert_string_equal(base->os_version, "12");
	assert_string_equal(base->libc_version, "2.36");
	assert_int_equal(base->libc, CP_LIBC_GLIBC);
	assert_false(base->gcompat);
}

static void test_libraries_and_links(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_link(root, "/usr/lib/" TRIPLET "/libz.so.1", "libz.so.1.2");
	add_library(root, "/usr/lib/" TRIPLET "/libz.so.1.2", "inflate", NULL);
	cp_cleanup_base struct cp_base *base = make(root);
	assert_int_equal(kind_at(base, "/lib"), CP_NODE_SYMLINK);
	assert_int_equal(kind_at(base, "/lib64"), CP_NODE_SYMLINK);
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/libz.so.1"), CP_NODE_SYMLINK);
	assert_non_null(facts_at(base, "/lib64/ld-linux-x86-64.so.2"));
	const struct cp_facts *zlib = facts_at(base, "/lib/" TRIPLET "/libz.so.1");
	assert_non_null(zlib);
	assert_int_equal(zlib->n_exports, 1);
	assert_int_equal(zlib->n_undefined, 0);
	assert_false(zlib->symbols_known);
}

static void test_links_that_lead_elsewhere(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_link(root, "/usr/lib/" TRIPLET "/libblas.so.3", "/etc/alternatives/blas");
	add_link(root, "/etc/alternatives/blas", "/../usr/./lib/" TRIPLET "/blas/libblas.so.3");
	add_library(root, "/usr/lib/" TRIPLET "/blas/libblas.so.3", "dgemm", NULL);
	add_link(root, "/usr/lib/" TRIPLET "/libloop.so", "libloop.so");
	add_link(root, "/usr/lib/" TRIPLET "/libgone.so", "/nowhere/libgone.so");
	cp_cleanup_base struct cp_base *base = make(root);
	assert_non_null(facts_at(base, "/usr/lib/" TRIPLET "/libblas.so.3"));
	assert_int_equal(kind_at(base, "/etc/alternatives/blas"), CP_NODE_SYMLINK);
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/libloop.so"), CP_NODE_SYMLINK);
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/libgone.so"), CP_NODE_SYMLINK);
}

static void test_configured_directories(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_text(root, "/etc/ld.so.conf", "include /etc/ld.so.conf.d/*.conf\n");
	add_text(root, "/etc/ld.so.conf.d/a.conf", "# a comment\n/opt/a\n");
	add_text(root, "/etc/ld-musl-x86_64.path", "/opt/b:/opt/c");
	add_library(root, "/opt/a/liba.so", NULL, NULL);
	add_library(root, "/opt/b/libb.so", NULL, NULL);
	add_library(root, "/opt/c/libc.so", NULL, NULL);
	add_library(root, "/opt/d/libd.so", NULL, NULL);
	cp_cleanup_base struct cp_base *base = make(root);
	assert_non_null(facts_at(base, "/opt/a/liba.so"));
	assert_non_null(facts_at(base, "/opt/b/libb.so"));
	assert_non_null(facts_at(base, "/opt/c/libc.so"));
	assert_null(facts_at(base, "/opt/d/libd.so"));
	assert_int_equal(kind_at(base, "/etc/ld.so.conf.d/a.conf"), CP_NODE_FILE);
}

static void test_what_is_left_behind(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_library(root, "/usr/lib/" TRIPLET "/gconv/UTF-16.so", NULL, NULL);
	add_library(root, "/usr/lib/" TRIPLET "/README.sonames", NULL, NULL);
	add_library(root, "/app/node_modules/x/x.node", NULL, NULL);
	add_text(root, "/app/package.json", "{}");
	cp_cleanup_base struct cp_base *base = make(root);
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/gconv"), CP_NODE_REMOVED);
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/README.sonames"), CP_NODE_REMOVED);
	assert_int_equal(kind_at(base, "/app"), CP_NODE_REMOVED);
}

static void test_programs_and_texts(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_link(root, "/usr/bin/sh", "dash");
	add_program(root, "/usr/bin/dash", "/lib64/ld-linux-x86-64.so.2");
	add_text(root, "/usr/bin/ldd", "#!/bin/bash\n# This file is part of the GNU C Library.\n");
	add(root, "/usr/lib/" TRIPLET "/libm.so", CP_NODE_FILE); /* a linker script */
	cp_cleanup_base struct cp_base *base = make(root);
	uint32_t shell = cp_index_find(base->index, "/usr/bin/dash");
	uint32_t ldd = cp_index_find(base->index, "/usr/bin/ldd");
	assert_int_equal(kind_at(base, "/usr/bin/sh"), CP_NODE_SYMLINK);
	assert_true(cp_index_node(base->index, shell)->flags & CP_NODE_EXECUTABLE);
	assert_null(cp_index_facts(base->index, shell));
	assert_int_equal(cp_index_text(base->index, ldd)->size, strlen("GNU C Library"));
	assert_int_equal(kind_at(base, "/usr/lib/" TRIPLET "/libm.so"), CP_NODE_FILE);
}

/* What is made can be written, and read again. */
static void test_round_trip(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	cp_cleanup_base struct cp_base *base = make(root), *read = NULL;
	cp_cleanup_free char *text = NULL, *again = NULL;
	size_t size, size_again;
	FILE *file = open_memstream(&text, &size);
	assert_int_equal(cp_base_write(base, file, NULL), 0);
	fclose(file);
	assert_int_equal(cp_base_read(text, size, "made", &read, NULL), 0);
	file = open_memstream(&again, &size_again);
	assert_int_equal(cp_base_write(read, file, NULL), 0);
	fclose(file);
	assert_int_equal(size, size_again);
	assert_memory_equal(text, again, size);
}

/* --- which libc ----------------------------------------------------------------------- */

static void check_libc(const struct cp_index *root, enum cp_libc libc, const char *version)
{
	enum cp_libc found;
	uint16_t machine;
	cp_cleanup_free char *found_version = NULL;
	assert_int_equal(cp_root_libc(root, &found, &machine, &found_version, NULL), 0);
	assert_int_equal(found, libc);
	assert_int_equal(machine, libc == CP_LIBC_NONE ? EM_NONE : EM_X86_64);
	if (version)
		assert_string_equal(found_version, version);
	else
		assert_null(found_version);
}

static void test_no_libc(void **state)
{
	(void)state;
	struct cp_base *base;
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	check_libc(root, CP_LIBC_NONE, NULL);
	/* A libc.so.6 that defines no GLIBC_2.x is not glibc's. */
	add_library(root, "/lib/libc.so.6", "malloc", "OTHER_1");
	check_libc(root, CP_LIBC_NONE, NULL);
	assert_int_equal(cp_base_from_root(root, "n", "s", &base, &err), -1);
	assert_null(base);
	assert_non_null(strstr(err->message, "neither glibc's libc.so.6 nor musl's loader"));
}

static void test_glibc_version(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	add_library(root, "/usr/lib64/libc.so.6", NULL, "GLIBC_2.30");
	check_libc(root, CP_LIBC_GLIBC, "2.30");
	add_library(root, "/usr/lib64/libpthread.so.0", NULL, "GLIBC_2.31");
	add_library(root, "/usr/lib64/libm.so.6", NULL, "GLIBC_PRIVATE");
	check_libc(root, CP_LIBC_GLIBC, "2.31");
}

static void test_musl_version(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	add_library(root, "/lib/ld-musl-x86_64.so.1", "malloc", NULL);
	check_libc(root, CP_LIBC_MUSL, NULL);
	add_library(root, "/lib/ld-musl-x86_64.so.1", "qsort_r", NULL);
	check_libc(root, CP_LIBC_MUSL, "1.2.3");
	add_library(root, "/lib/ld-musl-x86_64.so.1", "_Fork", NULL);
	check_libc(root, CP_LIBC_MUSL, "1.2.4");
	add_library(root, "/lib/ld-musl-x86_64.so.1", "statx", NULL);
	check_libc(root, CP_LIBC_MUSL, "1.2.5");
	add_text(root, "/etc/os-release", "ID=alpine\nVERSION_ID=3.19.4\n");
	check_libc(root, CP_LIBC_MUSL, "1.2.4_git20230717");
	add_text(root, "/lib/apk/db/installed",
		"P:zlib\nV:1.3.1-r0\n\nP:musl\nV:1.2.3-r4\n\nP:x\nV:1-r0\n");
	check_libc(root, CP_LIBC_MUSL, "1.2.3");
}

static void test_both_libcs(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = debian_root();
	add_library(root, "/usr/lib/ld-musl-x86_64.so.1", "statx", NULL);
	check_libc(root, CP_LIBC_GLIBC, "2.36"); /* os-release */
	add_program(root, "/usr/bin/sh", "/lib/ld-musl-x86_64.so.1");
	check_libc(root, CP_LIBC_MUSL, "1.2.5");
	add_program(root, "/usr/local/bin/node", "/lib64/ld-linux-x86-64.so.2");
	check_libc(root, CP_LIBC_GLIBC, "2.36");
}

static void test_gcompat(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	add_library(root, "/lib/ld-musl-x86_64.so.1", "statx", NULL);
	cp_cleanup_base struct cp_base *bare = make(root);
	assert_false(bare->gcompat);
	add_library(root, "/lib/ld-linux-x86-64.so.2", NULL, NULL);
	cp_cleanup_base struct cp_base *with = make(root);
	assert_true(with->gcompat);
	assert_int_equal(with->libc, CP_LIBC_MUSL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_head),
		cmocka_unit_test(test_libraries_and_links),
		cmocka_unit_test(test_links_that_lead_elsewhere),
		cmocka_unit_test(test_configured_directories),
		cmocka_unit_test(test_what_is_left_behind),
		cmocka_unit_test(test_programs_and_texts),
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_no_libc),
		cmocka_unit_test(test_glibc_version),
		cmocka_unit_test(test_musl_version),
		cmocka_unit_test(test_both_libcs),
		cmocka_unit_test(test_gcompat),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
