/* SPDX-License-Identifier: MIT */
#include "tree_builder.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static uint32_t add(struct cp_index *index, const char *path, enum cp_node_kind kind)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, kind, &node, NULL), 0);
	return node;
}

void tree_file(struct cp_index *index, const char *path)
{
	add(index, path, CP_NODE_FILE);
}

void tree_directory(struct cp_index *index, const char *path)
{
	add(index, path, CP_NODE_DIRECTORY);
}

void tree_link(struct cp_index *index, const char *path, const char *target)
{
	uint32_t node = add(index, path, CP_NODE_SYMLINK);
	assert_int_equal(cp_index_set_link(index, node, target, NULL), 0);
}

void tree_hard_link(struct cp_index *index, const char *path, const char *target)
{
	uint32_t node = add(index, path, CP_NODE_FILE);
	assert_int_equal(cp_index_link_file(index, node, target, NULL), 0);
}

void tree_text(struct cp_index *index, const char *path, const char *text)
{
	uint32_t node = add(index, path, CP_NODE_FILE);
	assert_int_equal(cp_index_set_text(index, node, text, strlen(text), true, NULL), 0);
}

void tree_cut_object(
	struct cp_index *index, const char *path, const struct elf_spec *spec, size_t size)
{
	struct elf_image image = elf_build(spec);
	struct cp_facts *facts;
	struct cp_error *err = NULL;
	if (cp_facts_read(image.bytes, size < image.size ? size : image.size, &facts, &err))
		fail_msg("%s: %s", path, err->message);
	elf_image_free(&image);
	uint32_t node = add(index, path, CP_NODE_FILE);
	assert_int_equal(cp_index_set_facts(index, node, facts, NULL), 0);
}

void tree_object(struct cp_index *index, const char *path, const struct elf_spec *spec)
{
	tree_cut_object(index, path, spec, SIZE_MAX);
}
