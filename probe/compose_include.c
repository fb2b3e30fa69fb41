/* SPDX-License-Identifier: MIT
 *
 * include: other projects' files, whose services become this one's.
 *
 *     include:
 *       - ../common/compose.yaml
 *       - path: [../team/compose.yaml, team-override.yaml]   # merged, as several -f
 *         project_directory: ..     # what its paths are relative to; its first file's directory
 *         env_file: ../another.env  # else .env of that directory
 *
 * Each is a project of its own: with its directory, its variables (under those of the project that
 * includes it), its own includes, and its own extends. What comes out are services that are done,
 * told from the including project's directory. A service of both is an error unless both say the
 * same; a later file of the including project may override it. Source: the Compose Specification,
 * "Include".
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"

#define MAX_DEPTH 32
#define MAX_PATHS 64        /* of one include */
#define MAX_COMPARED 100000 /* nodes, of two services */

struct included {
	char *paths[MAX_PATHS]; /* from where the command runs */
	size_t count;
	char *prefix;    /* its project directory, from the including one's */
	char *directory; /* the same, from where the command runs */
	const struct cp_yaml *env_file;
};

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

static void clear_included(struct included *included)
{
	for (size_t i = 0; i < included->count; i++)
		free(included->paths[i]);
	free(included->prefix);
	free(included->directory);
}

/* --- one entry ------------------------------------------------------------------------------- */

static size_t text_count(const struct cp_yaml *node)
{
	return !node                            ? 0
	       : node->kind == CP_YAML_TEXT     ? 1
	       : node->kind == CP_YAML_SEQUENCE ? node->count
						: 0;
}

/* A text that stands alone, or one of a list's; NULL: it is no text. */
static const char *text_at(const struct cp_yaml *node, size_t at)
{
	if (node->kind == CP_YAML_SEQUENCE)
		node = node->items[at].value;
	return node->kind == CP_YAML_TEXT && *node->text ? node->text : NULL;
}

static bool is_remote(const char *path)
{
	return strstr(path, "://") || strncmp(path, "git@", 4) == 0;
}

static int fail_at(
	const char *file, const struct cp_yaml *node, struct cp_error **err, const char *what)
{
	return cp_error_set(
		err, EINVAL, "%s:%u:%u: include: %s", file, node->line, node->column, what);
}

static int set_directory(struct included *included, const struct cp_compose_loading *loading,
	const char *given, const char *first)
{
	const char *slash = strrchr(first, '/');
	size_t length = !slash ? 0 : slash == first ? 1 : (size_t)(slash - first);
	while (given && strncmp(given, "./", 2) == 0)
		given += 2;
	included->prefix =
		given ? strdup(strcmp(given, ".") == 0 ? "" : given) : strndup(first, length);
	included->directory = included->prefix ? cp_compose_join(loading->directory,
							 *included->prefix ? included->prefix : ".")
					       : NULL;
	return included->directory ? 0 : -1;
}

/* Fills in what an entry of the list says. 1: it is somewhere else, which was told. */
static int read_entry(struct included *included, const struct cp_compose_loading *loading,
	const char *file, const struct cp_yaml *entry, struct cp_error **err)
{
	const struct cp_yaml *path =
		entry->kind == CP_YAML_MAPPING ? cp_yaml_get(entry, "path") : entry;
	size_t count = text_count(path);
	*included = (struct included){.env_file = cp_yaml_get(entry, "env_file")};
	if (!count || count > MAX_PATHS)
		return fail_at(file, entry, err, count ? "more than 64 paths" : "names no path");
	for (size_t i = 0; i < count; i++) {
		const char *text = text_at(path, i);
		if (!text)
			return fail_at(file, entry, err, "a path is no text");
		if (is_remote(text))
			return cp_compose_warn(loading->compose,
				       "%s:%u: include: %s is not on this machine: not followed",
				       file, entry->line, text) < 0
				       ? no_memory(err)
				       : 1;
		included->paths[i] = cp_compose_join(loading->directory, text);
		if (!included->paths[i])
			return no_memory(err);
		included->count++;
	}
	const char *first = text_at(path, 0);
	while (strncmp(first, "./", 2) == 0)
		first += 2;
	return set_directory(included, loading, cp_yaml_text(entry, "project_directory"), first) < 0
		       ? no_memory(err)
		       : 0;
}

/* --- the project that is included ------------------------------------------------------------- */

/* Its own files under what the including project has: that overrides. */
static int read_variables(
	struct cp_compose_loading *loading, const struct included *included, struct cp_error **err)
{
	size_t count = text_count(included->env_file);
	loading->variables = cp_variables_make();
	if (!loading->variables)
		return no_memory(err);
	for (size_t i = 0; i < (count ? count : 1); i++) {
		const char *name = count ? text_at(included->env_file, i) : NULL;
		const char *directory = count ? loading->includer->directory : included->directory;
		cp_cleanup_free char *path = cp_compose_join(directory, name ? name : ".env");
		if (!path)
			return no_memory(err);
		if (count && !name)
			return cp_error_set(err, EINVAL, "include: env_file is no text");
		if (cp_variables_add_file(loading->variables, path, count > 0, err) < 0)
			return -1;
	}
	return cp_variables_overlay(loading->variables, loading->includer->variables) < 0
		       ? no_memory(err)
		       : 0;
}

static int check_circle(
	const struct cp_compose_loading *loading, const char *path, struct cp_error **err)
{
	unsigned depth = 0;
	cp_cleanup_free char *real = realpath(path, NULL);
	if (!real)
		return cp_error_set(err, errno, "cannot read %s: %s", path, strerror(errno));
	for (; loading; loading = loading->includer, depth++) {
		for (size_t i = 0; i < loading->n_files; i++) {
			cp_cleanup_free char *other = realpath(loading->files[i], NULL);
			if (other && strcmp(other, real) == 0)
				return cp_error_set(
					err, ELOOP, "include goes in a circle: %s again", path);
		}
	}
	return depth > MAX_DEPTH
		       ? cp_error_set(err, E2BIG, "include goes more than %d deep", MAX_DEPTH)
		       : 0;
}

/* The services of the included project, each resolved, under `services`. */
static int resolve_services(struct cp_compose_loading *loading, const char *prefix,
	const struct cp_yaml *merged, struct cp_yaml *services, struct cp_error **err)
{
	for (size_t i = 0; i < merged->count; i++) {
		const struct cp_yaml_item *item = &merged->items[i];
		struct cp_yaml *resolved = cp_extends_resolve(loading, item->key, item->value, err);
		if (!resolved)
			return -1;
		resolved = cp_compose_rebase(loading->pool, prefix, resolved);
		if (!resolved || cp_yaml_add(loading->pool, services, item->key, resolved) < 0)
			return cp_yaml_pool_error(loading->pool, err);
	}
	return 0;
}

static int load_included(struct cp_compose_loading *loading, const struct included *included,
	struct cp_yaml *services, struct cp_error **err)
{
	struct cp_yaml *merged = NULL;
	if (read_variables(loading, included, err) < 0 ||
		cp_compose_merge_files(loading, &merged, NULL, err) < 0)
		return -1;
	if (!merged)
		return 0;
	if (cp_extends_begin(loading, loading->files[0], merged, err) < 0)
		return -1;
	return resolve_services(loading, included->prefix, merged, services, err);
}

static int include(const struct cp_compose_loading *includer, const struct included *included,
	struct cp_yaml *services, struct cp_error **err)
{
	struct cp_compose_loading loading = {.pool = includer->pool,
		.compose = includer->compose,
		.directory = included->directory,
		.files = (const char *const *)included->paths,
		.n_files = included->count,
		.includer = includer};
	for (size_t i = 0; i < included->count; i++)
		if (check_circle(includer, included->paths[i], err) < 0)
			return -1;
	int status = load_included(&loading, included, services, err);
	cp_extends_end(&loading);
	cp_variables_free(loading.variables);
	return status;
}

/* --- both projects' services --------------------------------------------------------------------
 */

/* Two projects may include the same third one. */
static bool is_same(const struct cp_yaml *a, const struct cp_yaml *b, size_t *left)
{
	if (a == b)
		return true;
	if (!*left || a->kind != b->kind || a->count != b->count)
		return false;
	--*left;
	if (a->kind == CP_YAML_TEXT)
		return strcmp(a->text, b->text) == 0;
	for (size_t i = 0; i < a->count; i++) {
		const char *left_key = a->items[i].key, *right_key = b->items[i].key;
		if ((left_key && strcmp(left_key, right_key) != 0) ||
			!is_same(a->items[i].value, b->items[i].value, left))
			return false;
	}
	return true;
}

static int compare_items(const void *a, const void *b)
{
	return strcmp((*(const struct cp_yaml_item *const *)a)->key,
		(*(const struct cp_yaml_item *const *)b)->key);
}

/* Equal names must say the same. n log n. */
static int check_conflicts(const struct cp_yaml *services, const char *file, struct cp_error **err)
{
	cp_cleanup_free const struct cp_yaml_item **items =
		calloc(services->count ? services->count : 1, sizeof(struct cp_yaml_item *));
	if (!items)
		return no_memory(err);
	for (size_t i = 0; i < services->count; i++)
		items[i] = &services->items[i];
	qsort(items, services->count, sizeof(struct cp_yaml_item *), compare_items);
	for (size_t i = 1; i < services->count; i++) {
		size_t budget = MAX_COMPARED;
		if (strcmp(items[i - 1]->key, items[i]->key) == 0 &&
			!is_same(items[i - 1]->value, items[i]->value, &budget))
			return cp_error_set(err, EEXIST,
				"%s: the service %s is its own and an included one, and they "
				"differ: they are not merged",
				file, items[i]->key);
	}
	return 0;
}

int cp_compose_include(struct cp_compose_loading *loading, const char *file, struct cp_yaml *list,
	struct cp_yaml **services, struct cp_error **err)
{
	struct cp_yaml *all = cp_yaml_make(loading->pool, CP_YAML_MAPPING, list);
	if (!all)
		return cp_yaml_pool_error(loading->pool, err);
	if (list->kind != CP_YAML_SEQUENCE)
		return list->kind == CP_YAML_NULL ? 0 : fail_at(file, list, err, "not a list");
	for (size_t i = 0; i < list->count; i++) {
		struct included included;
		const struct cp_yaml *entry = list->items[i].value;
		int status = read_entry(&included, loading, file, entry, err);
		if (status == 0 && (status = include(loading, &included, all, err)) < 0)
			cp_error_wrap(err, "%s:%u:%u: include", file, entry->line, entry->column);
		clear_included(&included);
		if (status < 0)
			return -1;
	}
	for (size_t i = 0; *services && i < (*services)->count; i++)
		if (cp_yaml_add(loading->pool, all, (*services)->items[i].key,
			    (*services)->items[i].value) < 0)
			return cp_yaml_pool_error(loading->pool, err);
	if (check_conflicts(all, file, err) < 0)
		return -1;
	if (cp_yaml_settle(all) < 0)
		return cp_yaml_pool_error(loading->pool, err);
	*services = all;
	return 0;
}
