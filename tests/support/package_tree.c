/* SPDX-License-Identifier: MIT */
#include "package_tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct cp_platform on_glibc = {CP_LIBC_GLIBC, "x64", 20, 115, 9, false};
const struct cp_platform on_musl = {CP_LIBC_MUSL, "x64", 20, 115, 9, true};
const struct cp_platform on_musl_arm = {CP_LIBC_MUSL, "arm64", 22, 127, 10, true};

int package_tree_begin(void **state)
{
	struct package_tree *tree = calloc(1, sizeof(*tree));
	tree->index = cp_index_new();
	*state = tree;
	return !tree->index;
}

int package_tree_end(void **state)
{
	struct package_tree *tree = *state;
	cp_index_free(tree->index);
	json_decref(tree->manifest);
	free(tree);
	return 0;
}

/* Adds a file: absolute, or in the package x. */
uint32_t tree_add(struct package_tree *tree, const char *name)
{
	char path[4096];
	uint32_t node;
	snprintf(path, sizeof(path), "%s%s", *name == '/' ? "" : PACKAGE_DIRECTORY "/", name);
	assert_int_equal(cp_index_add(tree->index, path, CP_NODE_FILE, &node, NULL), 0);
	return node;
}

void tree_add_text(struct package_tree *tree, const char *name, const char *text)
{
	uint32_t node = tree_add(tree, name);
	assert_int_equal(cp_index_set_text(tree->index, node, text, strlen(text), true, NULL), 0);
}

void tree_be(struct package_tree *tree, const char *manifest)
{
	json_decref(tree->manifest);
	tree->manifest = json_loads(manifest, 0, NULL);
	assert_non_null(tree->manifest);
}

struct cp_pick tree_pick(
	struct package_tree *tree, const char *directory, const struct cp_platform *platform)
{
	struct cp_root root = {.layers = {{tree->index, false}}, .count = 1};
	struct cp_variant_context context = {&root, platform, directory, tree->manifest};
	struct cp_pick pick;
	assert_int_equal(cp_variant_pick(&context, &pick, NULL), 0);
	return pick;
}

/* Appends "  WORD"s to a line. */
static void tell(char *line, size_t size, const char *mark, char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *word = words[i], *shared = PACKAGE_DIRECTORY "/";
		if (!strncmp(word, shared, strlen(shared)))
			word += strlen(shared);
		size_t length = strlen(line);
		snprintf(line + length, size - length, "%s%s%s", *line ? " " : "", mark, word);
	}
}

/* The pick in one line: "SCHEME: FIRST NEXT… ?WANTED…", paths in the package x relative to it. */
void tree_expect(
	struct package_tree *tree, const struct cp_platform *platform, const char *expected)
{
	char line[4096] = "";
	struct cp_pick pick = tree_pick(tree, PACKAGE_DIRECTORY, platform);
	assert_int_equal(pick.state == CP_PICK_FOUND, pick.path != NULL);
	snprintf(line, sizeof(line), "%s:", pick.scheme ? pick.scheme : "none");
	tell(line, sizeof(line), "", &pick.path, pick.path != NULL);
	tell(line, sizeof(line), "", pick.next, pick.n_next);
	tell(line, sizeof(line), "?", pick.wanted, pick.n_wanted);
	cp_pick_clear(&pick);
	assert_string_equal(line, expected);
}

bool tree_compiled(struct package_tree *tree)
{
	struct cp_pick pick = tree_pick(tree, PACKAGE_DIRECTORY, &on_glibc);
	bool result = pick.compiled_at_install;
	cp_pick_clear(&pick);
	return result;
}
