/* SPDX-License-Identifier: MIT
 *
 * The list of an image's objects: every ELF, Mach-O and PE file, by path. Kinds
 * are told by what Node and the linker go by: the .node suffix, a soname, an
 * interpreter.
 */
#include "scan_parts.h"

#include <elf.h>
#include <string.h>

#include "memory.h"
#include "schemes/scheme.h"

/* An ELF file must be one that is loaded or run: no relocatable file, no core dump. */
static bool is_object(const struct cp_index *index, uint32_t id)
{
	const struct cp_node *node = cp_index_node(index, id);
	if (node->kind != CP_NODE_FILE)
		return false;
	if (node->content == CP_CONTENT_MACHO || node->content == CP_CONTENT_PE)
		return true;
	const struct cp_facts *facts = cp_index_facts(index, id);
	return facts && facts->type != ET_REL && facts->type != ET_CORE;
}

static enum cp_object_kind kind_of_elf(const char *path, const struct cp_facts *facts)
{
	if (cp_ends_with(path, ".node"))
		return CP_OBJECT_ADDON;
	if (facts->type == ET_EXEC)
		return CP_OBJECT_EXECUTABLE;
	/* libc.so.6 has an interpreter and is a library: its soname tells. */
	if (facts->soname)
		return CP_OBJECT_LIBRARY;
	if (facts->interpreter || (facts->flags_1 & DF_1_PIE))
		return CP_OBJECT_EXECUTABLE;
	return CP_OBJECT_LIBRARY;
}

static enum cp_object_kind kind_of_foreign(const char *path)
{
	if (cp_ends_with(path, ".node"))
		return CP_OBJECT_ADDON;
	if (cp_ends_with(path, ".dll") || cp_ends_with(path, ".dylib"))
		return CP_OBJECT_LIBRARY;
	return CP_OBJECT_EXECUTABLE;
}

bool cp_object_foreign(const struct cp_scan *scan, const struct cp_object *object)
{
	const struct cp_facts *facts = object->facts;
	if (!facts)
		return true;
	if (facts->os != CP_OS_LINUX)
		return true;
	if (facts->machine != scan->machine)
		return true;
	return facts->elf_class != ELFCLASS64 || facts->encoding != ELFDATA2LSB;
}

static int fill(struct cp_scan *scan, uint32_t id, struct cp_object *object, struct cp_error **err)
{
	const struct cp_index *index = scan->image->root;
	const struct cp_node *node = cp_index_node(index, id);
	char path[CP_INDEX_MAX_PATH + 1];
	if (!cp_index_path(index, id, path, sizeof(path)))
		return cp_error_set(err, 0, "a path is longer than %u bytes", CP_INDEX_MAX_PATH);
	object->path = strdup(path);
	object->loads = calloc(scan->n_targets ? scan->n_targets : 1, sizeof(*object->loads));
	if (!object->path || !object->loads)
		return cp_error_set(err, 0, "out of memory");
	object->package = cp_packages_owner(scan->packages, id);
	object->facts = cp_index_facts(index, id);
	object->content = node->content;
	object->system = node->flags & CP_NODE_SYSTEM;
	object->size = node->size;
	object->kind = object->facts ? kind_of_elf(path, object->facts) : kind_of_foreign(path);
	cp_scan_declare(object);
	return 0;
}

void cp_object_clear(struct cp_object *object, size_t n_targets)
{
	for (size_t i = 0; object->loads && i < n_targets; i++)
		cp_load_clear(&object->loads[i]);
	free(object->loads);
	free(object->path);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct cp_object *)a)->path, ((const struct cp_object *)b)->path);
}

static void count_prunable(struct cp_scan *scan)
{
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if (object->system || !cp_object_foreign(scan, object))
			continue;
		scan->prunable_files++;
		scan->prunable_bytes += object->size;
	}
}

int cp_scan_objects(struct cp_scan *scan, struct cp_error **err)
{
	const struct cp_index *index = scan->image->root;
	size_t capacity = 0;
	for (uint32_t id = 0; id < cp_index_count(index); id++) {
		if (!is_object(index, id))
			continue;
		if (cp_grow(&scan->objects, &capacity, scan->n_objects + 1,
			    sizeof(*scan->objects)) < 0)
			return cp_error_set(err, 0, "out of memory");
		struct cp_object *object = &scan->objects[scan->n_objects++];
		memset(object, 0, sizeof(*object));
		if (fill(scan, id, object, err) < 0)
			return -1;
	}
	if (scan->n_objects)
		qsort(scan->objects, scan->n_objects, sizeof(*scan->objects), by_path);
	count_prunable(scan);
	return 0;
}
