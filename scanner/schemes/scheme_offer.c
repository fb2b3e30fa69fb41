/* SPDX-License-Identifier: MIT
 *
 * The pick in the making: what a loader tries, in its order.
 */
#include "scheme.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
