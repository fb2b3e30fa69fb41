/* SPDX-License-Identifier: MIT
 *
 * The package that a scheme looks at, the packages that it can require, and the machine.
 */
#include "scheme.h"

#include <string.h>

#include "npm.h"

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

/* Yarn's Plug'n'Play: packages stay in archives, but those with native code (and those that build
 * at install) are unpacked, each to a place of its own, which is called after it:
 *
 *     .yarn/unplugged/@img-sharp-linux-x64-npm-0.35.5-460d7b7e7e/node_modules/@img/sharp-linux-x64
 *
 * Which of several versions .pnp.cjs would choose is not looked at: the first by name. */
static bool is_slug_of(const char *directory, const char *name)
{
	for (; *name; name++, directory++)
		if (*directory != (*name == '/' ? '-' : *name))
			return false;
	return *directory == '-';
}

static bool find_unplugged(
	const struct cp_variant_context *context, const char *name, struct cp_found *found)
{
	static const char place[] = "/.yarn/unplugged/";
	const char *at = strstr(context->directory, place);
	char path[CP_INDEX_MAX_PATH + 1];
	const char *best = NULL;
	int length = at ? (int)(at - context->directory) + (int)strlen(place) : 0;
	if (!at || !cp_path_write(path, "%.*s", length - 1, context->directory) ||
		cp_root_resolve(context->root, path, true, found) != 0)
		return false;
	const struct cp_index *index = found->index;
	uint32_t child = cp_index_node(index, found->node)->first_child;
	for (; child != CP_NO_NODE; child = cp_index_node(index, child)->next_sibling) {
		const char *slug = cp_index_name(index, child);
		if (is_slug_of(slug, name) && (!best || strcmp(slug, best) < 0) &&
			cp_path_write(path, "%.*s%s/node_modules/%s", length, context->directory,
				slug, name) &&
			cp_root_resolve(context->root, path, true, found) == 0 &&
			is_directory(found))
			best = slug;
	}
	return best &&
	       cp_path_write(
		       path, "%.*s%s/node_modules/%s", length, context->directory, best, name) &&
	       cp_root_resolve(context->root, path, true, found) == 0;
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
			return find_unplugged(context, name, found);
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
	return cp_package_json_at(file.index, file.node);
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
