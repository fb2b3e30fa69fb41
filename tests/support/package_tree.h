/* SPDX-License-Identifier: MIT
 *
 * A tree with one package in it, and what its loader is expected to pick there.
 *
 *     tree_be(tree, "{\"name\":\"x\", …}");                     its package.json
 *     tree_add(tree, "prebuilds/linux-x64/x.musl.node");      a file of its own, or at /…
 *     tree_expect(tree, &on_musl, "node-gyp-build: prebuilds/linux-x64/x.musl.node");
 */
#ifndef PACKAGE_TREE_H
#define PACKAGE_TREE_H

#include "index.h"
#include "variant.h"

#define PACKAGE_DIRECTORY "/app/node_modules/x"

/* Node 20 on x64, Node 22 on arm64. */
extern const struct cp_platform on_glibc, on_musl, on_musl_arm;

struct package_tree {
	struct cp_index *index;
	json_t *manifest;
};

/* Set-up and tear-down of cmocka: *state is a struct package_tree. */
int package_tree_begin(void **state);
int package_tree_end(void **state);
#define PACKAGE_TEST(name)                                                                         \
	cmocka_unit_test_setup_teardown(name, package_tree_begin, package_tree_end)

/* Adds a file: absolute, or in the package. */
uint32_t tree_add(struct package_tree *tree, const char *name);
void tree_add_text(struct package_tree *tree, const char *name, const char *text);
/* Gives the package its package.json. */
void tree_be(struct package_tree *tree, const char *manifest);

/* The pick for the manifest as if it lay in `directory`; cp_pick_clear. */
struct cp_pick tree_pick(
	struct package_tree *tree, const char *directory, const struct cp_platform *platform);
/* Fails where the pick is not "SCHEME: FIRST NEXT… ?WANTED…", with paths in the package relative
 * to it; scheme "none" where none applies. */
void tree_expect(
	struct package_tree *tree, const struct cp_platform *platform, const char *expected);
/* Whether the pick on glibc was fixed when the package was installed. */
bool tree_compiled(struct package_tree *tree);

#endif
