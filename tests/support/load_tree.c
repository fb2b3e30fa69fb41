/* SPDX-License-Identifier: MIT */
#include "load_tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(int result, const struct cp_error *error)
{
	if (result >= 0)
		return;
	fprintf(stderr, "load_tree: %s\n", error ? error->message : "no memory");
	abort();
}

static uint32_t add(struct load_tree *tree, const char *path, enum cp_node_kind kind)
{
	struct cp_error *error = NULL;
	uint32_t node;
	must(cp_index_add(tree->index, path, kind, &node, &error), error);
	return node;
}

void load_tree_cut_object(
	struct load_tree *tree, const char *path, const struct elf_spec *spec, size_t size)
{
	struct cp_error *error = NULL;
	struct cp_facts *facts;
	struct elf_image image = elf_build(spec);
	size = size < image.size ? size : image.size;
	must(cp_facts_read(image.bytes, size, &facts, &error), error);
	uint32_t node = add(tree, path, CP_NODE_FILE);
	cp_index_node_mutable(tree->index, node)->size = size;
	elf_image_free(&image);
	must(cp_index_set_facts(tree->index, node, facts, &error), error);
}

void load_tree_object(struct load_tree *tree, const char *path, const struct elf_spec *spec)
{
	load_tree_cut_object(tree, path, spec, SIZE_MAX);
}

struct cp_facts *load_tree_facts(struct load_tree *tree, const char *path)
{
	/* The index hands its facts out for reading; the tree is not shared, so they may change. */
	return (struct cp_facts *)cp_index_facts(tree->index, cp_index_find(tree->index, path));
}

void load_tree_link(struct load_tree *tree, const char *path, const char *target)
{
	struct cp_error *error = NULL;
	uint32_t node = add(tree, path, CP_NODE_SYMLINK);
	must(cp_index_set_link(tree->index, node, target, &error), error);
}

void load_tree_hard_link(struct load_tree *tree, const char *path, const char *target)
{
	struct cp_error *error = NULL;
	uint32_t node = add(tree, path, CP_NODE_FILE);
	must(cp_index_link_file(tree->index, node, target, &error), error);
}

void load_tree_directory(struct load_tree *tree, const char *path)
{
	add(tree, path, CP_NODE_DIRECTORY);
}

void load_tree_text(struct load_tree *tree, const char *path, const char *text)
{
	struct cp_error *error = NULL;
	uint32_t node = add(tree, path, CP_NODE_FILE);
	must(cp_index_set_text(tree->index, node, text, strlen(text), true, &error), error);
}

void load_tree_file(
	struct load_tree *tree, const char *path, enum cp_content content, uint64_t size)
{
	struct cp_node *node = cp_index_node_mutable(tree->index, add(tree, path, CP_NODE_FILE));
	node->content = content;
	node->size = size;
}

#define LIBC_DIR "/usr/lib/x86_64-linux-gnu"

struct load_tree load_tree_glibc(const char *version)
{
	struct load_tree tree = {.index = cp_index_new()};
	must(tree.index ? 0 : -1, NULL);
	load_tree_link(&tree, "/lib", "usr/lib");
	load_tree_link(&tree, "/lib64", "usr/lib64");
	TREE_OBJECT(&tree, LIBC_DIR "/ld-linux-x86-64.so.2", .soname = "ld-linux-x86-64.so.2",
		.symbols = {{.name = "__tls_get_addr", .value = 0x1000}});
	load_tree_link(&tree, "/usr/lib64/ld-linux-x86-64.so.2",
		"/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2");
	TREE_OBJECT(&tree, LIBC_DIR "/libc.so.6", .soname = "libc.so.6",
		.needed = {"ld-linux-x86-64.so.2"},
		.symbols = {{.name = "puts", .version = "GLIBC_2.2.5", .value = 0x1000},
			{.name = "fresh", .version = "GLIBC_2.34", .value = 0x2000}});
	TREE_OBJECT(&tree, "/usr/bin/node", .interpreter = "/lib64/ld-linux-x86-64.so.2",
		.needed = {"libc.so.6"}, .symbols = {{.name = "napi_create", .value = 0x1000}});
	tree.target = (struct cp_target){.name = "self",
		.root = {.layers = {{.index = tree.index}}, .count = 1},
		.machine = EM_X86_64,
		.libc = CP_LIBC_GLIBC,
		.libc_version = version,
		.program = {
			.path = "/usr/bin/node", .facts = load_tree_facts(&tree, "/usr/bin/node")}};
	return tree;
}

struct load_tree load_tree_musl(void)
{
	struct load_tree tree = {.index = cp_index_new()};
	must(tree.index ? 0 : -1, NULL);
	TREE_OBJECT(&tree, LOAD_TREE_MUSL_LOADER, .soname = "libc.musl-x86_64.so.1",
		.symbols = {{.name = "__libc_start_main", .value = 1},
			{.name = "stdin", .value = 1, .type = STT_OBJECT},
			{.name = "malloc", .value = 1}, {.name = "open", .value = 1},
			{.name = "readdir_r", .value = 1}, {.name = "posix_fallocate", .value = 1},
			{.name = "__xstat", .value = 1}});
	tree.target = (struct cp_target){.name = "self",
		.root = {.layers = {{.index = tree.index}}, .count = 1},
		.machine = EM_X86_64,
		.libc = CP_LIBC_MUSL,
		.libc_version = "1.2.5",
		.keep_considered = true};
	return tree;
}

static void forget(struct load_tree *tree)
{
	cp_load_clear(&tree->load);
	cp_error_free(tree->error);
	tree->error = NULL;
}

void load_tree_free(struct load_tree *tree)
{
	forget(tree);
	cp_index_free(tree->index);
}

int load_tree_simulate(struct load_tree *tree, const char *path, enum cp_load_mode mode)
{
	forget(tree);
	return cp_load_simulate(&tree->target, path, mode, &tree->load, &tree->error);
}
