/* SPDX-License-Identifier: MIT
 *
 * The target's files. All goes through cp_root_resolve, which follows links as the kernel would:
 * pnpm's trees need nothing more.
 */
#include "scheme.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

bool cp_path_write(char path[CP_INDEX_MAX_PATH + 1], const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(path, CP_INDEX_MAX_PATH + 1, format, arguments);
	va_end(arguments);
	return length >= 0 && length <= (int)CP_INDEX_MAX_PATH;
}

bool cp_ends_with(const char *name, const char *suffix)
{
	size_t length = strlen(name), tail = strlen(suffix);
	return length > tail && !strcmp(name + length - tail, suffix);
}

static bool is_directory(const struct cp_found *found)
{
	return cp_index_node(found->index, found->node)->kind == CP_NODE_DIRECTORY;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int list(const struct cp_variant_context *context, const char *path, bool directories,
	struct cp_listing *listing, struct cp_error **err)
{
	struct cp_found found;
	if (cp_root_resolve(context->root, path, true, &found) != 0 || !is_directory(&found))
		return 0;
	uint32_t child = cp_index_node(found.index, found.node)->first_child;
	while (child != CP_NO_NODE) {
		const struct cp_node *node = cp_index_node(found.index, child);
		bool fits = node->kind == CP_NODE_SYMLINK ||
			    (node->kind == CP_NODE_DIRECTORY) == directories;
		if (fits && cp_grow(&listing->names, &listing->size, listing->count + 1,
				    sizeof(*listing->names)) < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
		if (fits)
			listing->names[listing->count++] = cp_index_name(found.index, child);
		child = node->next_sibling;
	}
	if (listing->count)
		qsort(listing->names, listing->count, sizeof(*listing->names), compare_names);
	return 0;
}

int cp_list_files(const struct cp_variant_context *context, const char *path,
	struct cp_listing *listing, struct cp_error **err)
{
	return list(context, path, false, listing, err);
}

int cp_list_directories(const struct cp_variant_context *context, const char *path,
	struct cp_listing *listing, struct cp_error **err)
{
	return list(context, path, true, listing, err);
}

void cp_listing_cleanup(struct cp_listing *listing)
{
	free(listing->names);
}

/* --- addons --------------------------------------------------------------------- */

void cp_addons_cleanup(struct cp_addons *addons)
{
	for (size_t i = 0; i < addons->count; i++)
		free(addons->paths[i]);
}

static int add_addons(const struct cp_variant_context *context, const char *path,
	struct cp_addons *addons, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing files = {0};
	char file[CP_INDEX_MAX_PATH + 1];
	if (cp_list_files(context, path, &files, err) < 0)
		return -1;
	for (size_t i = 0; i < files.count && addons->count < CP_ADDONS_MAX; i++) {
		if (!cp_ends_with(files.names[i], ".node") ||
			!cp_path_write(file, "%s/%s", path, files.names[i]))
			continue;
		addons->paths[addons->count] = strdup(file);
		if (!addons->paths[addons->count])
			return cp_error_set(err, ENOMEM, "out of memory");
		addons->count++;
	}
	return 0;
}

static int walk(const struct cp_variant_context *context, const char *path, int depth,
	struct cp_addons *addons, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing directories = {0};
	char below[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	if (add_addons(context, path, addons, err) < 0)
		return -1;
	if (depth == CP_ADDONS_MAX_DEPTH)
		return 0;
	if (cp_list_directories(context, path, &directories, err) < 0)
		return -1;
	for (size_t i = 0; i < directories.count && addons->count < CP_ADDONS_MAX; i++)
		if (strcmp(directories.names[i], "node_modules") != 0 &&
			cp_path_write(below, "%s/%s", path, directories.names[i]) &&
			cp_root_resolve(context->root, below, false, &found) == 0 &&
			is_directory(&found) && /* and no link, which could go round */
			walk(context, below, depth + 1, addons, err) < 0)
			return -1;
	return 0;
}

int cp_find_addons(const struct cp_variant_context *context, const char *path,
	struct cp_addons *addons, struct cp_error **err)
{
	return walk(context, path, 0, addons, err);
}
