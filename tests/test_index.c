/* SPDX-License-Identifier: MIT
 *
 * The index: paths, replacement, hard links, layers over layers; and a comparison of
 * random layers with a model that is slow and obvious.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "index.h"
#include "memory.h"

static uint32_t add(struct cp_index *index, const char *path, enum cp_node_kind kind)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, kind, &node, NULL), 0);
	return node;
}

static uint32_t add_file(struct cp_index *index, const char *path, uint64_t size)
{
	uint32_t node = add(index, path, CP_NODE_FILE);
	cp_index_node_mutable(index, node)->size = size;
	return node;
}

static void add_opaque(struct cp_index *index, const char *path)
{
	uint32_t node = add(index, path, CP_NODE_DIRECTORY);
	cp_index_node_mutable(index, node)->flags |= CP_NODE_OPAQUE;
}

static int refuse(struct cp_index *index, const char *path, enum cp_node_kind kind)
{
	cp_cleanup_error struct cp_error *err = NULL;
	uint32_t node, count = cp_index_count(index);
	assert_int_equal(cp_index_add(index, path, kind, &node, &err), -1);
	assert_int_equal(cp_index_count(index), count);
	assert_non_null(err->message);
	return err->code;
}

static enum cp_node_kind kind_at(const struct cp_index *index, const char *path)
{
	uint32_t node = cp_index_find(index, path);
	return node == CP_NO_NODE ? CP_NODE_REMOVED : cp_index_node(index, node)->kind;
}

static uint64_t size_at(const struct cp_index *index, const char *path)
{
	return cp_index_node(index, cp_index_find(index, path))->size;
}

static void apply(struct cp_index *lower, struct cp_index *upper)
{
	assert_int_equal(cp_index_apply(lower, upper, NULL), 0);
}

/* Counts the children of `dir`, checking the invariants of its list. */
static size_t count_children(const struct cp_index *index, uint32_t dir)
{
	size_t count = 0;
	uint32_t id = cp_index_node(index, dir)->first_child;
	for (; id != CP_NO_NODE; id = cp_index_node(index, id)->next_sibling) {
		assert_int_not_equal(cp_index_node(index, id)->kind, CP_NODE_REMOVED);
		assert_int_equal(cp_index_node(index, id)->parent, dir);
		assert_true(id > dir);
		count++;
	}
	return count;
}

static void spellings_of_a_path_are_one(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint32_t node = add(index, "usr/lib/x.so", CP_NODE_FILE);
	assert_int_equal(add(index, "./usr/lib/x.so", CP_NODE_FILE), node);
	assert_int_equal(add(index, "/usr//lib/./x.so", CP_NODE_FILE), node);
	assert_int_equal(cp_index_find(index, "//usr/lib/x.so/"), node);
	assert_int_equal(kind_at(index, "/usr/lib"), CP_NODE_DIRECTORY);
	assert_int_equal(
		add(index, "usr/lib/", CP_NODE_DIRECTORY), cp_index_find(index, "usr/lib"));
	assert_int_equal(cp_index_find(index, "/usr/li"), CP_NO_NODE);
	assert_int_equal(cp_index_find(index, "/usr/lib/x.so/y"), CP_NO_NODE);
	assert_int_equal(cp_index_count(index), 4);
}

/* One after the other in the same directory, where a directory is not looked up again. */
static void members_of_one_directory(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add(index, "a/.", CP_NODE_DIRECTORY);
	add(index, "a/one", CP_NODE_FILE);
	add(index, "a/two", CP_NODE_FILE);
	add(index, "a/", CP_NODE_DIRECTORY);
	assert_int_equal(kind_at(index, "one"), CP_NODE_REMOVED);
	assert_int_equal(count_children(index, cp_index_find(index, "a")), 2);
	assert_int_equal(refuse(index, "a/..", CP_NODE_FILE), EINVAL);
	add(index, "a/.", CP_NODE_FILE);
	assert_int_equal(kind_at(index, "a"), CP_NODE_FILE);
	add(index, "a/three", CP_NODE_FILE);
	assert_int_equal(count_children(index, cp_index_find(index, "a")), 1);
	add(index, "/four", CP_NODE_FILE);
	add(index, "/five", CP_NODE_FILE);
	add(index, "/./", CP_NODE_DIRECTORY);
	add(index, "/./six", CP_NODE_FILE);
	assert_int_equal(count_children(index, 0), 4);
}

static void the_root_is_a_directory(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	assert_int_equal(add(index, "./", CP_NODE_DIRECTORY), 0);
	assert_int_equal(add(index, "", CP_NODE_DIRECTORY), 0);
	assert_int_equal(refuse(index, "/", CP_NODE_FILE), EINVAL);
	assert_int_equal(refuse(index, "./.", CP_NODE_WHITEOUT), EINVAL);
	assert_int_equal(cp_index_find(index, "/"), 0);
	char path[4];
	assert_int_equal(cp_index_path(index, 0, path, sizeof(path)), 1);
	assert_string_equal(path, "/");
}

static void hostile_paths_are_refused(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	assert_int_equal(refuse(index, "../etc/passwd", CP_NODE_FILE), EINVAL);
	assert_int_equal(refuse(index, "a/../b", CP_NODE_FILE), EINVAL);
	assert_int_equal(refuse(index, "a/..", CP_NODE_DIRECTORY), EINVAL);
	char name[CP_INDEX_MAX_NAME + 2];
	memset(name, 'n', sizeof(name));
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(refuse(index, name, CP_NODE_FILE), ENAMETOOLONG);
	name[sizeof(name) - 2] = '\0';
	add(index, name, CP_NODE_FILE);
	char deep[2 * CP_INDEX_MAX_DEPTH + 4] = "";
	for (size_t i = 0; i <= CP_INDEX_MAX_DEPTH; i++)
		strcat(deep, "d/");
	assert_int_equal(refuse(index, deep, CP_NODE_FILE), ENAMETOOLONG);
	deep[2 * CP_INDEX_MAX_DEPTH] = '\0';
	add(index, deep, CP_NODE_FILE);
	char wide[CP_INDEX_MAX_PATH + 400] = "";
	while (strlen(wide) <= CP_INDEX_MAX_PATH)
		strcat(wide, "0123456789012345678901234567890123456789/");
	assert_int_equal(refuse(index, wide, CP_NODE_FILE), ENAMETOOLONG);
	/* Names are bytes: a newline, ".wh" without a meaning, three dots. */
	add(index, "a\nb/.../..c", CP_NODE_FILE);
	assert_int_equal(kind_at(index, "a\nb/.../..c"), CP_NODE_FILE);
}

static void the_longest_path_can_be_written_out(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	char path[CP_INDEX_MAX_PATH + 1], buffer[CP_INDEX_MAX_PATH + 1];
	for (size_t i = 0; i < CP_INDEX_MAX_PATH; i++)
		path[i] = i % 16 ? 'x' : '/';
	path[CP_INDEX_MAX_PATH] = '\0';
	uint32_t node = add(index, path, CP_NODE_FILE);
	assert_int_equal(cp_index_path(index, node, buffer, sizeof(buffer)), CP_INDEX_MAX_PATH);
	assert_string_equal(buffer, path);
	assert_int_equal(cp_index_path(index, node, buffer, sizeof(buffer) - 1), 0);
}

static void a_later_member_replaces_an_earlier_one(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	add_file(index, "a/b/c", 5);
	add(index, "a", CP_NODE_DIRECTORY);
	assert_int_equal(size_at(index, "a/b/c"), 5);
	uint32_t link = add(index, "a/b", CP_NODE_SYMLINK);
	assert_int_equal(cp_index_set_link(index, link, "/tmp", NULL), 0);
	assert_int_equal(kind_at(index, "a/b/c"), CP_NODE_REMOVED);
	assert_string_equal(cp_index_link(index, link), "/tmp");
	/* A parent that is a symlink gives way to a directory; it is not followed. */
	add_file(index, "a/b/d", 6);
	assert_int_equal(kind_at(index, "a/b"), CP_NODE_DIRECTORY);
	assert_null(cp_index_link(index, link));
	assert_int_equal(kind_at(index, "tmp"), CP_NODE_REMOVED);
	assert_int_equal(count_children(index, cp_index_find(index, "a/b")), 1);
	/* The old child comes back blank. */
	add(index, "a/b/c", CP_NODE_FILE);
	assert_int_equal(size_at(index, "a/b/c"), 0);
	assert_int_equal(cp_index_count(index), 5);
}

static void contents_stay_with_their_node(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint32_t text = add(index, "t", CP_NODE_FILE), elf = add(index, "e", CP_NODE_FILE);
	char copied[] = "copy";
	assert_int_equal(cp_index_set_text(index, text, copied, 4, true, NULL), 0);
	copied[0] = 'X';
	assert_string_equal(cp_index_text(index, text)->data, "copy");
	assert_int_equal(cp_index_set_text(index, text, "borrowed", 8, false, NULL), 0);
	assert_null(cp_index_text(index, text)->owned);
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	assert_int_equal(cp_index_set_facts(index, elf, facts, NULL), 0);
	assert_ptr_equal(cp_index_facts(index, elf), facts);
	assert_null(cp_index_facts(index, text));
	assert_null(cp_index_text(index, elf));
	assert_null(cp_index_link(index, elf));
	assert_null(cp_index_facts(index, add(index, "e", CP_NODE_FILE)));
}

static void hard_links_share_what_they_name(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint32_t first = add_file(index, "dir/first", 7);
	cp_index_node_mutable(index, first)->flags |= CP_NODE_EXECUTABLE;
	assert_int_equal(
		cp_index_set_facts(index, first, calloc(1, sizeof(struct cp_facts)), NULL), 0);
	uint32_t second = add(index, "second", CP_NODE_FILE);
	assert_int_equal(cp_index_link_file(index, second, "./dir/first", NULL), 0);
	assert_ptr_equal(cp_index_facts(index, second), cp_index_facts(index, first));
	assert_int_equal(size_at(index, "second"), 7);
	assert_int_equal(cp_index_node(index, second)->flags, CP_NODE_EXECUTABLE);
	uint32_t third = add(index, "third", CP_NODE_FILE);
	assert_int_equal(cp_index_link_file(index, third, "elsewhere", NULL), 1);
	assert_int_equal(kind_at(index, "third"), CP_NODE_HARDLINK);
	uint32_t fourth = add(index, "fourth", CP_NODE_FILE);
	assert_int_equal(cp_index_link_file(index, fourth, "third", NULL), 1);
	assert_string_equal(cp_index_link(index, fourth), "elsewhere");
	assert_int_equal(
		cp_index_link_file(index, add(index, "self", CP_NODE_FILE), "self", NULL), 1);
	assert_int_equal(
		cp_index_link_file(index, add(index, "up", CP_NODE_FILE), "../up", NULL), 1);
}

static void hard_links_reach_into_lower_layers(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	struct cp_index *lower = cp_index_new(), *upper = cp_index_new();
	uint32_t object = add_file(lower, "lib/object", 9);
	cp_index_set_facts(lower, object, calloc(1, sizeof(struct cp_facts)), NULL);
	cp_index_set_link(lower, add(lower, "lib/link", CP_NODE_SYMLINK), "object", NULL);
	apply(root, lower);

	cp_index_set_facts(
		upper, add_file(upper, "own", 1), calloc(1, sizeof(struct cp_facts)), NULL);
	cp_index_link_file(upper, add(upper, "again", CP_NODE_FILE), "lib/object", NULL);
	cp_index_link_file(upper, add(upper, "link", CP_NODE_FILE), "/lib/link", NULL);
	cp_index_link_file(upper, add(upper, "lost", CP_NODE_FILE), "nowhere", NULL);
	cp_index_link_file(upper, add(upper, "dir", CP_NODE_FILE), "lib", NULL);
	/* The file was there when the link was made, though this layer hides it then. */
	add(upper, "lib/object", CP_NODE_WHITEOUT);
	const struct cp_facts *facts = cp_index_facts(root, cp_index_find(root, "lib/object"));
	apply(root, upper);

	assert_ptr_equal(cp_index_facts(root, cp_index_find(root, "again")), facts);
	assert_ptr_not_equal(cp_index_facts(root, cp_index_find(root, "own")), facts);
	assert_int_equal(size_at(root, "again"), 9);
	assert_int_equal(kind_at(root, "lib/object"), CP_NODE_REMOVED);
	assert_string_equal(cp_index_link(root, cp_index_find(root, "link")), "object");
	assert_int_equal(kind_at(root, "lost"), CP_NODE_OTHER);
	assert_int_equal(cp_index_error_count(root), 2);
	assert_string_equal(cp_index_error_at(root, 0)->path, "/lost");
	assert_int_equal(cp_index_error_at(root, 0)->severity, CP_SPOILS_OBJECT);
	assert_string_equal(cp_index_error_at(root, 1)->path, "/dir");
}

static void whiteouts_hide_lower_layers_only(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	struct cp_index *lower = cp_index_new(), *upper = cp_index_new();
	add_file(lower, "dir/one", 1);
	add_file(lower, "dir/sub/two", 2);
	add_file(lower, "kept", 3);
	add_file(lower, "renewed/old", 4);
	add(lower, "meaningless", CP_NODE_WHITEOUT);
	apply(root, lower);
	assert_int_equal(kind_at(root, "meaningless"), CP_NODE_REMOVED);
	assert_int_equal(count_children(root, 0), 3);

	add(upper, "dir/sub", CP_NODE_WHITEOUT);
	add(upper, "dir/never-was", CP_NODE_WHITEOUT);
	add(upper, "never/was/here", CP_NODE_WHITEOUT);
	/* In either order of members: this layer's own file stays. */
	add(upper, "kept", CP_NODE_WHITEOUT);
	add_file(upper, "kept", 33);
	add_file(upper, "renewed/new", 44);
	add(upper, "renewed", CP_NODE_WHITEOUT);
	apply(root, upper);

	assert_int_equal(kind_at(root, "dir/sub/two"), CP_NODE_REMOVED);
	assert_int_equal(count_children(root, cp_index_find(root, "dir")), 1);
	assert_int_equal(size_at(root, "kept"), 33);
	assert_int_equal(kind_at(root, "renewed/old"), CP_NODE_REMOVED);
	assert_int_equal(size_at(root, "renewed/new"), 44);
	assert_int_equal(kind_at(root, "never/was"), CP_NODE_DIRECTORY);
	assert_int_equal(cp_index_error_count(root), 0);
}

static void opaque_directories_hide_what_lies_below(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	struct cp_index *lower = cp_index_new(), *upper = cp_index_new();
	add_file(lower, "dir/old", 1);
	add_file(lower, "dir/sub/old", 1);
	add_file(lower, "other", 1);
	apply(root, lower);
	add_file(upper, "dir/sub/new", 2);
	add_opaque(upper, "dir");
	apply(root, upper);
	assert_int_equal(kind_at(root, "dir/old"), CP_NODE_REMOVED);
	assert_int_equal(kind_at(root, "dir/sub/old"), CP_NODE_REMOVED);
	assert_int_equal(size_at(root, "dir/sub/new"), 2);
	assert_int_equal(cp_index_node(root, cp_index_find(root, "dir"))->flags, 0);

	upper = cp_index_new();
	add_opaque(upper, "/");
	add_file(upper, "only", 3);
	apply(root, upper);
	assert_int_equal(count_children(root, 0), 1);
	assert_int_equal(size_at(root, "only"), 3);
}

static void kinds_replace_each_other_across_layers(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	struct cp_index *lower = cp_index_new(), *upper = cp_index_new();
	add_file(lower, "becomes-file/a/b", 1);
	cp_index_set_link(lower, add(lower, "becomes-dir", CP_NODE_SYMLINK), "becomes-file", NULL);
	add_file(lower, "stays/a", 1);
	apply(root, lower);
	add_file(upper, "becomes-file", 2);
	add_file(upper, "becomes-dir/x", 3);
	add_file(upper, "stays/b", 4);
	apply(root, upper);
	assert_int_equal(kind_at(root, "becomes-file/a"), CP_NODE_REMOVED);
	assert_int_equal(size_at(root, "becomes-file"), 2);
	assert_int_equal(size_at(root, "becomes-dir/x"), 3);
	assert_int_equal(size_at(root, "stays/a"), 1);
	assert_int_equal(size_at(root, "stays/b"), 4);
	/* A directory that took a file's place within one layer hides the lower one. */
	upper = cp_index_new();
	add_file(upper, "stays", 5);
	add_file(upper, "stays/c", 6);
	apply(root, upper);
	assert_int_equal(kind_at(root, "stays/a"), CP_NODE_REMOVED);
	assert_int_equal(size_at(root, "stays/c"), 6);
}

static void error_rows_come_along_and_have_a_limit(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	struct cp_index *upper = cp_index_new();
	assert_int_equal(cp_index_add_error(root, CP_SPOILS_OBJECT, "/x", "why %d", 1), 0);
	for (unsigned i = 0; i < CP_INDEX_MAX_ERRORS + 5; i++)
		assert_int_equal(cp_index_add_error(upper, CP_SPOILS_OBJECT, "/y", "%u", i), 0);
	assert_int_equal(cp_index_error_count(upper), CP_INDEX_MAX_ERRORS + 1);
	apply(root, upper);
	assert_int_equal(cp_index_error_count(root), CP_INDEX_MAX_ERRORS + 1);
	assert_string_equal(cp_index_error_at(root, 0)->message, "why 1");
	assert_string_equal(cp_index_error_at(root, 1)->message, "0");
	assert_int_equal(cp_index_error_at(root, CP_INDEX_MAX_ERRORS)->severity, CP_PARTIAL);
}

/* --- random layers against a model --------------------------------------- */

/* The model: every path that exists, in no order, with its size. A directory has
 * none. All rules are applied by looking at all paths. */
struct model {
	struct {
		char path[32];
		enum cp_node_kind kind;
		uint64_t size;
	} entries[512];
	size_t n;
};

static bool is_below(const char *path, const char *dir)
{
	size_t length = strlen(dir);
	return strncmp(path, dir, length) == 0 && path[length] == '/';
}

static void model_remove(struct model *model, const char *path, bool itself)
{
	for (size_t i = 0; i < model->n;) {
		const char *at = model->entries[i].path;
		if (is_below(at, path) || (itself && strcmp(at, path) == 0))
			model->entries[i] = model->entries[--model->n];
		else
			i++;
	}
}

static enum cp_node_kind model_kind(const struct model *model, const char *path)
{
	for (size_t i = 0; i < model->n; i++)
		if (strcmp(model->entries[i].path, path) == 0)
			return model->entries[i].kind;
	return CP_NODE_REMOVED;
}

static void model_put(struct model *model, const char *path, enum cp_node_kind kind, uint64_t size)
{
	char parent[32];
	strcpy(parent, path);
	char *slash = strrchr(parent, '/');
	if (slash) {
		*slash = '\0';
		model_put(model, parent, CP_NODE_DIRECTORY, 0);
	}
	if (kind == CP_NODE_DIRECTORY && model_kind(model, path) == CP_NODE_DIRECTORY)
		return;
	model_remove(model, path, true);
	strcpy(model->entries[model->n].path, path);
	model->entries[model->n].kind = kind;
	model->entries[model->n++].size = size;
}

static uint32_t next_random(uint64_t *state)
{
	*state = *state * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*state >> 33);
}

static void random_path(uint64_t *random, char *path)
{
	size_t depth = 1 + next_random(random) % 4, length = 0;
	for (size_t i = 0; i < depth; i++) {
		if (i)
			path[length++] = '/';
		path[length++] = "abc"[next_random(random) % 3];
	}
	path[length] = '\0';
}

/* Adds one whiteout or opaque directory. In the model it removes at once; the
 * directories that its path makes in this layer (written to `made`) come after all
 * removals, because a layer hides nothing of its own. */
static void random_hiding(uint64_t *random, struct cp_index *layer, struct model *model, char *made)
{
	random_path(random, made);
	if (next_random(random) % 2) {
		add_opaque(layer, made);
		model_remove(model, made, false);
		return;
	}
	add(layer, made, CP_NODE_WHITEOUT);
	model_remove(model, made, true);
	char *slash = strrchr(made, '/');
	*(slash ? slash : made) = '\0';
}

/* Everything but a directory has a size in these layers, and the size as its text or target. */
static void give_content(struct cp_index *layer, uint32_t node, uint64_t size)
{
	char text[24];
	int length = snprintf(text, sizeof(text), "%llu", (unsigned long long)size);
	struct cp_node *file = cp_index_node_mutable(layer, node);
	file->size = size;
	if (file->kind == CP_NODE_FILE)
		assert_int_equal(
			cp_index_set_text(layer, node, text, (size_t)length, true, NULL), 0);
	else if (file->kind == CP_NODE_SYMLINK)
		assert_int_equal(cp_index_set_link(layer, node, text, NULL), 0);
}

static bool has_content(const struct cp_index *index, uint32_t node, uint64_t size)
{
	const struct cp_node *file = cp_index_node(index, node);
	const struct cp_text *text = cp_index_text(index, node);
	const char *content = text ? text->data : cp_index_link(index, node);
	if (!content)
		return file->size == size && file->kind != CP_NODE_FILE;
	return file->size == size && strtoull(content, NULL, 10) == size;
}

static struct cp_index *random_layer(uint64_t *random, struct model *model)
{
	struct cp_index *layer = cp_index_new();
	char made[3][32], path[32];
	size_t hidings = next_random(random) % 4;
	for (size_t i = 0; i < hidings; i++)
		random_hiding(random, layer, model, made[i]);
	for (size_t i = 0; i < hidings; i++)
		if (*made[i])
			model_put(model, made[i], CP_NODE_DIRECTORY, 0);
	for (size_t i = next_random(random) % 12; i; i--) {
		static const enum cp_node_kind kinds[] = {
			CP_NODE_FILE, CP_NODE_SYMLINK, CP_NODE_DIRECTORY, CP_NODE_OTHER};
		enum cp_node_kind kind = kinds[next_random(random) % 4];
		uint64_t size = kind == CP_NODE_DIRECTORY ? 0 : 1 + next_random(random) % 1000;
		random_path(random, path);
		uint32_t node = add(layer, path, kind);
		if (kind != CP_NODE_DIRECTORY)
			give_content(layer, node, size);
		model_put(model, path, kind, size);
	}
	return layer;
}

static void compare(const struct cp_index *index, const struct model *model, unsigned round)
{
	size_t live = 0, listed = 0;
	for (uint32_t id = 0; id < cp_index_count(index); id++) {
		enum cp_node_kind kind = cp_index_node(index, id)->kind;
		live += id && kind != CP_NODE_REMOVED;
		if (kind == CP_NODE_DIRECTORY)
			listed += count_children(index, id);
		else
			assert_int_equal(cp_index_node(index, id)->first_child, CP_NO_NODE);
	}
	if (live != model->n || listed != model->n)
		fail_msg("round %u: %zu live, %zu listed, %zu expected", round, live, listed,
			model->n);
	for (size_t i = 0; i < model->n; i++) {
		const char *path = model->entries[i].path;
		if (kind_at(index, path) != model->entries[i].kind ||
			!has_content(index, cp_index_find(index, path), model->entries[i].size))
			fail_msg("round %u: /%s differs", round, path);
	}
}

static void random_layers_agree_with_the_model(void **state)
{
	(void)state;
	uint64_t random = 20240607;
	for (unsigned round = 0; round < 3000; round++) {
		cp_cleanup_index struct cp_index *root = cp_index_new();
		struct model model = {.n = 0};
		for (size_t layers = 1 + next_random(&random) % 6; layers; layers--) {
			apply(root, random_layer(&random, &model));
			compare(root, &model, round);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(spellings_of_a_path_are_one),
		cmocka_unit_test(members_of_one_directory),
		cmocka_unit_test(the_root_is_a_directory),
		cmocka_unit_test(hostile_paths_are_refused),
		cmocka_unit_test(the_longest_path_can_be_written_out),
		cmocka_unit_test(a_later_member_replaces_an_earlier_one),
		cmocka_unit_test(contents_stay_with_their_node),
		cmocka_unit_test(hard_links_share_what_they_name),
		cmocka_unit_test(hard_links_reach_into_lower_layers),
		cmocka_unit_test(whiteouts_hide_lower_layers_only),
		cmocka_unit_test(opaque_directories_hide_what_lies_below),
		cmocka_unit_test(kinds_replace_each_other_across_layers),
		cmocka_unit_test(error_rows_come_along_and_have_a_limit),
		cmocka_unit_test(random_layers_agree_with_the_model),
	};
	return cmocka_run_group_tests_name("index", tests, NULL, NULL);
}
