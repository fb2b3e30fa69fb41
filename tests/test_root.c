/* SPDX-License-Identifier: MIT
 *
 * Looking paths up in a root, alone and laid over another.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "root.h"

static uint32_t add(struct cp_index *index, const char *path, enum cp_node_kind kind)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, kind, &node, NULL), 0);
	return node;
}

static void add_link(struct cp_index *index, const char *path, const char *target)
{
	assert_int_equal(
		cp_index_set_link(index, add(index, path, CP_NODE_SYMLINK), target, NULL), 0);
}

static void add_system(struct cp_index *index, const char *path, enum cp_node_kind kind)
{
	cp_index_node_mutable(index, add(index, path, kind))->flags |= CP_NODE_SYSTEM;
}

static void expect(const struct cp_root *root, const char *path, bool follow,
	const struct cp_index *index, const char *canonical)
{
	struct cp_found found;
	int result = cp_root_resolve(root, path, follow, &found);
	if (result < 0)
		fail_msg("%s: %s", path, strerror(-result));
	assert_string_equal(found.path, canonical);
	assert_ptr_equal(found.index, index);
	assert_int_equal(found.node, cp_index_find(index, canonical));
}

static void expect_error(const struct cp_root *root, const char *path, bool follow, int error)
{
	struct cp_found found;
	assert_int_equal(cp_root_resolve(root, path, follow, &found), -error);
}

static void plain_paths(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	add(index, "a/b/file", CP_NODE_FILE);
	expect(&root, "/", true, index, "/");
	expect(&root, "/a/b/file", true, index, "/a/b/file");
	expect(&root, "a//b/./file", true, index, "/a/b/file");
	expect(&root, "/a/b/", true, index, "/a/b");
	expect(&root, "/a/b/../../../../a/b/..", true, index, "/a");
	expect_error(&root, "", true, ENOENT);
	expect_error(&root, "/a/c", true, ENOENT);
	expect_error(&root, "/a/c/..", true, ENOENT);
	expect_error(&root, "/a/b/file/", true, ENOTDIR);
	expect_error(&root, "/a/b/file/..", true, ENOTDIR);
	char wide[CP_INDEX_MAX_PATH + 2];
	memset(wide, '/', sizeof(wide));
	wide[sizeof(wide) - 1] = '\0';
	expect_error(&root, wide, true, ENAMETOOLONG);
	wide[sizeof(wide) - 2] = '\0';
	expect(&root, wide, true, index, "/");
	memset(wide, 'x', CP_INDEX_MAX_NAME + 1);
	wide[CP_INDEX_MAX_NAME + 1] = '\0';
	expect_error(&root, wide, true, ENAMETOOLONG);
}

static void links_stay_inside_the_root(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	add(index, "usr/lib/x.so.1", CP_NODE_FILE);
	add_link(index, "usr/lib/x.so", "x.so.1");
	add_link(index, "lib", "usr/lib");
	add_link(index, "opt/escape", "../../../usr/lib/x.so");
	add_link(index, "opt/absolute", "/lib/");
	add_link(index, "opt/dangling", "nowhere");
	add_link(index, "opt/empty", "");
	expect(&root, "/lib/x.so", true, index, "/usr/lib/x.so.1");
	expect(&root, "/lib/x.so", false, index, "/usr/lib/x.so");
	expect(&root, "/lib", false, index, "/lib");
	expect(&root, "/lib/", false, index, "/usr/lib");
	expect(&root, "/lib/../lib", true, index, "/usr/lib");
	expect(&root, "/opt/escape", true, index, "/usr/lib/x.so.1");
	expect(&root, "/opt/absolute/x.so.1", true, index, "/usr/lib/x.so.1");
	expect_error(&root, "/opt/dangling", true, ENOENT);
	expect_error(&root, "/opt/empty", true, ENOENT);
	expect_error(&root, "/lib/x.so/", true, ENOTDIR);
}

static void chains_of_links_end(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	struct cp_root root = {.layers = {{index, false}}, .count = 1};
	char name[16], target[16];
	add(index, "0", CP_NODE_FILE);
	for (int i = 1; i <= CP_ROOT_MAX_LINKS + 1; i++) {
		snprintf(name, sizeof(name), "%d", i);
		snprintf(target, sizeof(target), "%d", i - 1);
		add_link(index, name, target);
	}
	snprintf(name, sizeof(name), "/%d", CP_ROOT_MAX_LINKS);
	expect(&root, name, true, index, "/0");
	snprintf(name, sizeof(name), "/%d", CP_ROOT_MAX_LINKS + 1);
	expect_error(&root, name, true, ELOOP);
	add_link(index, "loop", "loop");
	expect_error(&root, "/loop", true, ELOOP);
	expect(&root, "/loop", false, index, "/loop");
	/* Each turn makes the rest longer, until it is too long. */
	char rest[1000];
	memset(rest, '/', sizeof(rest) - 1);
	rest[sizeof(rest) - 1] = '\0';
	memcpy(rest, "grow", 4);
	rest[sizeof(rest) - 2] = 'x';
	add_link(index, "grow", rest);
	expect_error(&root, "/grow", true, ENAMETOOLONG);
}

static void layers_merge_as_overlays_do(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *upper = cp_index_new();
	cp_cleanup_index struct cp_index *middle = cp_index_new();
	cp_cleanup_index struct cp_index *lower = cp_index_new();
	struct cp_root root = {
		.layers = {{upper, false}, {middle, false}, {lower, false}}, .count = 3};
	add(upper, "both/upper", CP_NODE_FILE);
	add(lower, "both/lower", CP_NODE_FILE);
	add(upper, "both/same", CP_NODE_FILE);
	add(lower, "both/same", CP_NODE_FILE);
	add(lower, "low/only/file", CP_NODE_FILE);
	add(upper, "covered", CP_NODE_FILE);
	add(lower, "covered/file", CP_NODE_FILE);
	/* A file in the middle cuts what is below it off from the directory above it. */
	add(upper, "cut/upper", CP_NODE_FILE);
	add(middle, "cut", CP_NODE_FILE);
	add(lower, "cut/lower", CP_NODE_FILE);
	add(lower, "after", CP_NODE_FILE);

	expect(&root, "/both", true, upper, "/both");
	expect(&root, "/both/upper", true, upper, "/both/upper");
	expect(&root, "/both/lower", true, lower, "/both/lower");
	expect(&root, "/both/same", true, upper, "/both/same");
	expect(&root, "/low/only/file", true, lower, "/low/only/file");
	expect(&root, "/low/only/..", true, lower, "/low");
	expect(&root, "/low/only/../../both/upper", true, upper, "/both/upper");
	expect_error(&root, "/covered/file", true, ENOTDIR);
	expect_error(&root, "/cut/lower", true, ENOENT);
	expect(&root, "/cut/upper", true, upper, "/cut/upper");
	expect(&root, "/cut/../after", true, lower, "/after");
}

static void links_cross_layers(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *upper = cp_index_new(), *lower = cp_index_new();
	struct cp_root root = {.layers = {{upper, false}, {lower, false}}, .count = 2};
	add_link(upper, "app/lib", "../usr/lib");
	add(lower, "usr/lib/x.so.1", CP_NODE_FILE);
	add_link(lower, "usr/lib/x.so", "/etc/alternatives/x");
	add_link(lower, "etc/alternatives/x", "/app/x.so");
	add(upper, "app/x.so", CP_NODE_FILE);
	add_link(upper, "link-over-dir", "app");
	add(lower, "link-over-dir/file", CP_NODE_FILE);
	add_link(lower, "dir-over-link", "usr/lib");
	add(upper, "dir-over-link/file", CP_NODE_FILE);
	expect(&root, "/app/lib/x.so.1", true, lower, "/usr/lib/x.so.1");
	expect(&root, "/app/lib/x.so", true, upper, "/app/x.so");
	expect(&root, "/link-over-dir/x.so", true, upper, "/app/x.so");
	expect_error(&root, "/link-over-dir/file", true, ENOENT);
	expect(&root, "/dir-over-link/file", true, upper, "/dir-over-link/file");
	expect_error(&root, "/dir-over-link/x.so.1", true, ENOENT);
}

static void hidden_system_files_let_the_base_through(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *image = cp_index_new(), *base = cp_index_new();
	struct cp_root moved = {.layers = {{image, true}, {base, false}}, .count = 2};
	struct cp_root self = {.layers = {{image, false}}, .count = 1};
	add_system(image, "usr", CP_NODE_DIRECTORY);
	add_system(image, "usr/lib", CP_NODE_DIRECTORY);
	add_system(image, "usr/lib/libc.so.6", CP_NODE_FILE);
	add_system(image, "usr/lib/gone", CP_NODE_FILE);
	add(image, "usr/lib/node_modules/p/p.node", CP_NODE_FILE);
	add_system(image, "lib", CP_NODE_SYMLINK);
	cp_index_set_link(image, cp_index_find(image, "lib"), "usr/lib", NULL);
	add(base, "usr/lib/libc.so.6", CP_NODE_FILE);
	add(base, "lib/ld", CP_NODE_FILE);
	expect(&self, "/lib/libc.so.6", true, image, "/usr/lib/libc.so.6");
	expect(&moved, "/usr/lib/libc.so.6", true, base, "/usr/lib/libc.so.6");
	expect(&moved, "/usr/lib/node_modules/p/p.node", true, image,
		"/usr/lib/node_modules/p/p.node");
	expect(&moved, "/lib/ld", true, base, "/lib/ld");
	expect_error(&moved, "/usr/lib/gone", true, ENOENT);
	expect(&moved, "/usr/lib", true, image, "/usr/lib");
}

static void system_directories_give_way_to_links_of_the_base(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *image = cp_index_new(), *base = cp_index_new();
	struct cp_root moved = {.layers = {{image, true}, {base, false}}, .count = 2};
	add_system(image, "lib", CP_NODE_DIRECTORY);
	add_system(image, "lib/ld-musl-x86_64.so.1", CP_NODE_FILE);
	add(image, "own", CP_NODE_DIRECTORY);
	add_link(base, "lib", "usr/lib");
	add_link(base, "own", "usr/lib");
	add(base, "usr/lib/ld-linux-x86-64.so.2", CP_NODE_FILE);
	expect(&moved, "/lib/ld-linux-x86-64.so.2", true, base, "/usr/lib/ld-linux-x86-64.so.2");
	expect(&moved, "/lib/../../own/", true, image, "/own");
	expect_error(&moved, "/own/ld-linux-x86-64.so.2", true, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_paths),
		cmocka_unit_test(links_stay_inside_the_root),
		cmocka_unit_test(chains_of_links_end),
		cmocka_unit_test(layers_merge_as_overlays_do),
		cmocka_unit_test(links_cross_layers),
		cmocka_unit_test(hidden_system_files_let_the_base_through),
		cmocka_unit_test(system_directories_give_way_to_links_of_the_base),
	};
	return cmocka_run_group_tests_name("root", tests, NULL, NULL);
}
