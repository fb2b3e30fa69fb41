/* SPDX-License-Identifier: MIT
 *
 * Which files the base brought, on the layouts of images people use.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service.h"

static void add_files(struct cp_index *index, const char *const *paths, size_t count)
{
	uint32_t node;
	for (size_t i = 0; i < count; i++)
		assert_int_equal(cp_index_add(index, paths[i], CP_NODE_FILE, &node, NULL), 0);
}

static bool is_system(const struct cp_index *index, const char *path)
{
	return cp_index_node(index, cp_index_find(index, path))->flags & CP_NODE_SYSTEM;
}

static void expect(const char *const *paths, size_t count, bool system)
{
	struct cp_index *index = cp_index_new();
	add_files(index, paths, count);
	cp_service_mark(index);
	for (size_t i = 0; i < count; i++)
		if (is_system(index, paths[i]) != system)
			fail_msg("%s is the %s's", paths[i], system ? "service" : "base");
	cp_index_free(index);
}

#define EXPECT(system, ...)                                                                        \
	do {                                                                                       \
		static const char *const paths[] = {__VA_ARGS__};                                  \
		expect(paths, sizeof(paths) / sizeof(*paths), system);                             \
	} while (0)

static void distributions_files_are_the_bases(void **state)
{
	(void)state;
	EXPECT(true, "/bin/sh", "/sbin/init", "/lib/ld-musl-x86_64.so.1", "/lib64/ld.so",
		"/usr/lib/x86_64-linux-gnu/libc.so.6", "/usr/bin/ldd", "/etc/os-release",
		"/var/lib/dpkg/status", "/usr/lib/python3/dist-packages/x.so");
}

static void services_files_are_their_own(void **state)
{
	(void)state;
	EXPECT(false, "/app/x.node", "/usr/src/app/node_modules/a/a.node", "/usr/app/x.node",
		"/usr/local/lib/libown.so", "/usr/local/bin/own", "/opt/own/lib/x.so",
		"/home/node/x.node", "/srv/x", "/root/x", "/var/www/x.node", "/var/task/x.node",
		"/library/x.so", "/usr-own/x");
}

static void official_node_images(void **state)
{
	(void)state;
	EXPECT(true, "/usr/local/bin/node", "/usr/local/bin/npm",
		"/usr/local/include/node/node_version.h",
		"/usr/local/lib/node_modules/npm/package.json",
		"/usr/local/lib/node_modules/npm/node_modules/x/x.node",
		"/usr/local/lib/node_modules/corepack/dist/corepack.js",
		"/opt/yarn-v1.22.22/bin/yarn", "/opt/yarn-v1.22.22/node_modules/x/x.node");
	EXPECT(false, "/usr/local/lib/node_modules/pm2/x.node", "/opt/yarn/x",
		"/usr/local/lib/node_modules/npm-own/x.node");
}

static void node_of_distributions(void **state)
{
	(void)state;
	EXPECT(true, "/usr/bin/node", "/usr/lib/node_modules/npm/node_modules/x/x.node",
		"/usr/lib/node_modules/corepack/x", "/usr/share/nodejs/npm/node_modules/x/x.node",
		"/usr/share/nodejs/y/y.node");
	EXPECT(false, "/usr/lib/node_modules/pm2/node_modules/x/x.node",
		"/usr/lib/node_modules/@s/y/y.node", "/usr/share/own/node_modules/x/x.node",
		"/etc/own/node_modules/x.node");
}

static void node_programs_are_the_bases_anywhere(void **state)
{
	(void)state;
	struct cp_index *index = cp_index_new();
	static const char *const paths[] = {"/opt/node/bin/node", "/opt/node/bin/other"};
	add_files(index, paths, 2);
	for (size_t i = 0; i < 2; i++) {
		struct cp_facts *facts = calloc(1, sizeof(*facts));
		facts->node_version = i == 0;
		assert_int_equal(
			cp_index_set_facts(index, cp_index_find(index, paths[i]), facts, NULL), 0);
	}
	cp_service_mark(index);
	assert_true(is_system(index, paths[0]));
	assert_false(is_system(index, paths[1]));
	cp_index_free(index);
}

static void directories_and_links_are_marked_too(void **state)
{
	(void)state;
	struct cp_index *index = cp_index_new();
	uint32_t node;
	assert_int_equal(cp_index_add(index, "lib", CP_NODE_SYMLINK, &node, NULL), 0);
	assert_int_equal(
		cp_index_add(index, "usr/lib/own/node_modules", CP_NODE_SYMLINK, &node, NULL), 0);
	assert_int_equal(cp_index_add(index, "usr/local/lib", CP_NODE_DIRECTORY, &node, NULL), 0);
	/* Marking again gives the same, whatever was flagged before. */
	cp_index_node_mutable(index, node)->flags |= CP_NODE_SYSTEM;
	for (int i = 0; i < 2; i++) {
		cp_service_mark(index);
		assert_true(is_system(index, "lib"));
		assert_true(is_system(index, "usr"));
		assert_true(is_system(index, "usr/lib/own/node_modules"));
		assert_false(is_system(index, "usr/local/lib"));
		assert_false(is_system(index, "/"));
	}
	cp_index_free(index);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distributions_files_are_the_bases),
		cmocka_unit_test(services_files_are_their_own),
		cmocka_unit_test(official_node_images),
		cmocka_unit_test(node_of_distributions),
		cmocka_unit_test(node_programs_are_the_bases_anywhere),
		cmocka_unit_test(directories_and_links_are_marked_too),
	};
	return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
