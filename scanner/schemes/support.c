/* SPDX-License-Identifier: MIT
 *
 * Everything asked of the target goes through cp_root_resolve, which follows links as the
 * kernel would: pnpm's trees need nothing more.
 */
#include "scheme.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

/* --- the package ------------------------------------------------------------ */

const char *cp_manifest_string(const struct cp_variant_context *context, const char *key)
{
	const char *text = json_string_value(json_object_get(context->manifest, key));
	return text && *text ? text : NULL;
}

bool cp_manifest_depends(const struct cp_variant_context *context, const char *name)
{
	return json_object_get(json_object_get(context->manifest, "dependencies"), name) ||
	       json_object_get(json_object_get(context->manifest, "optionalDependencies"), name);
}

bool cp_in_node_modules(const struct cp_variant_context *context)
{
	static const char modules[] = "/node_modules";
	const char *slash = strrchr(context->directory, '/');
	const char *above = slash;
	if (slash && slash > context->directory) {
		above = memrchr(context->directory, '/', (size_t)(slash - context->directory));
		if (above && above[1] == '@')
			slash = above;
	}
	size_t length = slash ? (size_t)(slash - context->directory) : 0;
	return length >= sizeof(modules) - 1 &&
	       !memcmp(slash - (sizeof(modules) - 1), modules, sizeof(modules) - 1);
}

bool cp_builds_at_install(const struct cp_variant_context *context)
{
	const json_t *scripts = json_object_get(context->manifest, "scripts");
	return json_object_get(scripts, "install") || cp_package_has(context, "binding.gyp") ||
	       cp_package_has(context, "CMakeLists.txt");
}

/* --- the target's files ------------------------------------------------------- */

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

bool cp_package_has(const struct cp_variant_context *context, const char *relative)
{
	char path[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	return cp_path_write(path, "%s/%s", context->directory, relative) &&
	       cp_root_resolve(context->root, path, true, &found) == 0;
}

static bool is_directory(const struct cp_found *found)
{
	return cp_index_node(found->index, found->node)->kind == CP_NODE_DIRECTORY;
}

bool cp_find_package(
	const struct cp_variant_context *context, const char *name, struct cp_found *found)
{
	static const char modules[] = "/node_modules";
	char path[CP_INDEX_MAX_PATH + 1];
	for (size_t length = strlen(context->directory);;) {
		bool itself = length >= sizeof(modules) - 1 &&
			      !memcmp(context->directory + length - (sizeof(modules) - 1), modules,
				      sizeof(modules) - 1);
		if (!itself &&
			cp_path_write(path, "%.*s%s/%s", (int)length, context->directory, modules,
				name) &&
			cp_root_resolve(context->root, path, true, found) == 0 &&
			is_directory(found))
			return true;
		if (length == 0)
			return false;
		while (length > 0 && context->directory[--length] != '/')
			;
	}
}

json_t *cp_package_manifest(const struct cp_variant_context *context, const struct cp_found *found)
{
	char path[CP_INDEX_MAX_PATH + 1];
	struct cp_found file;
	if (!cp_path_write(path, "%s/package.json", found->path) ||
		cp_root_resolve(context->root, path, true, &file) != 0)
		return NULL;
	const struct cp_text *text = cp_index_text(file.index, file.node);
	json_t *manifest = text ? json_loadb(text->data, text->size, 0, NULL) : NULL;
	if (json_is_object(manifest))
		return manifest;
	json_decref(manifest);
	return NULL;
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

/* --- the machine -------------------------------------------------------------- */

const char *cp_libc_family(const struct cp_variant_context *context)
{
	return context->platform->libc == CP_LIBC_MUSL ? "musl" : "glibc";
}

const char *cp_libc_by_release(const struct cp_variant_context *context)
{
	return context->platform->alpine_release ? "musl" : "glibc";
}

const char *cp_libc_by_ldd(const struct cp_variant_context *context)
{
	struct cp_found found;
	if (cp_root_resolve(context->root, "/usr/bin/ldd", true, &found) != 0)
		return cp_libc_family(context);
	const struct cp_text *text = cp_index_text(found.index, found.node);
	if (!text) /* it is there, but was not kept */
		return cp_libc_family(context);
	return memmem(text->data, text->size, "musl", strlen("musl")) ? "musl" : "glibc";
}

/* --- the pick ----------------------------------------------------------------- */

static int append(char ***list_, size_t *count, const char *text, struct cp_error **err)
{
	char **grown = reallocarray(*list_, *count + 1, sizeof(**list_));
	if (!grown)
		return cp_error_set(err, ENOMEM, "out of memory");
	*list_ = grown;
	grown[*count] = strdup(text);
	if (!grown[*count])
		return cp_error_set(err, ENOMEM, "out of memory");
	++*count;
	return 0;
}

static bool has(char *const *list_, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++)
		if (!strcmp(list_[i], text))
			return true;
	return false;
}

int cp_offer(const struct cp_variant_context *context, struct cp_pick *pick, const char *path,
	struct cp_error **err)
{
	struct cp_found found;
	if (cp_root_resolve(context->root, path, true, &found) != 0 ||
		cp_index_node(found.index, found.node)->kind != CP_NODE_FILE)
		return 0;
	if (pick->path) {
		if (strcmp(pick->path, found.path) != 0 && pick->n_next < CP_PICK_MAX_NEXT &&
			!has(pick->next, pick->n_next, found.path) &&
			append(&pick->next, &pick->n_next, found.path, err) < 0)
			return -1;
		return 1;
	}
	pick->path = strdup(found.path);
	return pick->path ? 1 : cp_error_set(err, ENOMEM, "out of memory");
}

int cp_offer_relative(const struct cp_variant_context *context, struct cp_pick *pick,
	struct cp_error **err, const char *format, ...)
{
	char relative[CP_INDEX_MAX_PATH + 1], path[CP_INDEX_MAX_PATH + 1];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(relative, sizeof(relative), format, arguments);
	va_end(arguments);
	if (length < 0 || length >= (int)sizeof(relative) ||
		!cp_path_write(path, "%s/%s", context->directory, relative))
		return 0;
	return cp_offer(context, pick, path, err);
}

int cp_offer_first(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *relative, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	cp_cleanup_listing struct cp_listing listing = {0};
	if (!cp_path_write(path, "%s/%s", context->directory, relative))
		return 0;
	if (cp_list_files(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++)
		if (cp_ends_with(listing.names[i], ".node"))
			return cp_offer_relative(
				context, pick, err, "%s/%s", relative, listing.names[i]);
	return 0;
}

/* Whether the file's name without ".node" is `name`, whatever is written between its words. */
static bool called(const char *file, const char *name)
{
	const char *end = file + strlen(file) - strlen(".node");
	for (; file < end && *name; file++, name++)
		if (*file != *name && !(strchr("-_.", *file) && strchr("-_.", *name)))
			return false;
	return file == end && !*name;
}

static int rank_of(const struct cp_variant_context *context, const char *file)
{
	const char *name = cp_manifest_string(context, "name");
	const char *module = json_string_value(
		json_object_get(json_object_get(context->manifest, "binary"), "module_name"));
	const char *slash = name ? strrchr(name, '/') : NULL;
	if (module && called(file, module))
		return 3;
	if (name && called(file, slash ? slash + 1 : name))
		return 2;
	return strncmp(file, "test", strlen("test")) != 0;
}

int cp_offer_named(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *relative, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	const char *best = NULL;
	int best_rank = -1;
	cp_cleanup_listing struct cp_listing listing = {0};
	if (!cp_path_write(path, "%s/%s", context->directory, relative))
		return 0;
	if (cp_list_files(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		if (!cp_ends_with(listing.names[i], ".node"))
			continue;
		int rank = rank_of(context, listing.names[i]);
		if (rank > best_rank) {
			best = listing.names[i];
			best_rank = rank;
		}
	}
	return best ? cp_offer_relative(context, pick, err, "%s/%s", relative, best) : 0;
}

int cp_want(struct cp_pick *pick, const char *name, struct cp_error **err)
{
	if (has(pick->wanted, pick->n_wanted, name) || pick->n_wanted >= CP_PICK_MAX_NEXT)
		return 0;
	return append(&pick->wanted, &pick->n_wanted, name, err);
}
