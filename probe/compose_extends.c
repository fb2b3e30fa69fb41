/* SPDX-License-Identifier: MIT
 *
 * extends: a service taken as the base of another one, of the same file or of another.
 *
 * A unit is what names are looked up in: the merged files, or one file that is extended. Paths in
 * an extended file are relative to that file; `prefix` leads there from the project directory. A
 * service that was resolved is remembered in its node, so that a long chain is walked once; the
 * chain being walked is kept to see cycles and to name them.
 */
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"

#define MAX_CHAIN 200

struct cp_compose_unit {
	struct cp_compose_unit *next;
	char *path;   /* as written, for messages */
	char *real;   /* to know it again */
	char *prefix; /* "" for the merged files */
	struct cp_yaml *services;
};

struct link {
	const struct cp_compose_unit *unit;
	const char *name;
};

struct chain {
	struct cp_compose_loading *loading;
	struct link links[MAX_CHAIN];
	size_t count;
	struct cp_error **err;
};

static struct cp_yaml *resolve(struct chain *chain, struct cp_compose_unit *unit, const char *name,
	struct cp_yaml *service);

static void free_unit(struct cp_compose_unit *unit)
{
	free(unit->path);
	free(unit->real);
	free(unit->prefix);
	free(unit);
}

void cp_extends_end(struct cp_compose_loading *loading)
{
	for (struct cp_compose_unit *unit = loading->units, *next; unit; unit = next) {
		next = unit->next;
		free_unit(unit);
	}
	loading->units = NULL;
}

char *cp_compose_join(const char *directory, const char *path)
{
	char *joined = NULL;
	if (*path == '/' || !*directory || strcmp(directory, ".") == 0)
		return strdup(path);
	while (strncmp(path, "./", 2) == 0)
		path += 2;
	if (!*path || strcmp(path, ".") == 0)
		return strdup(directory);
	return asprintf(&joined, "%s/%s", directory, path) < 0 ? NULL : joined;
}

/* --- units ------------------------------------------------------------------------------- */

static struct cp_compose_unit *make_unit(struct cp_compose_loading *loading, const char *path,
	const char *prefix, struct cp_error **err)
{
	struct cp_compose_unit *unit = calloc(1, sizeof(*unit));
	if (!unit) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	unit->path = strdup(path);
	unit->prefix = strdup(prefix);
	unit->real = realpath(path, NULL);
	if (!unit->path || !unit->prefix || !unit->real) {
		cp_error_set(err, errno, "cannot read %s: %s", path, strerror(errno));
		free_unit(unit);
		return NULL;
	}
	unit->next = loading->units;
	loading->units = unit;
	return unit;
}

int cp_extends_begin(struct cp_compose_loading *loading, const char *path, struct cp_yaml *services,
	struct cp_error **err)
{
	struct cp_compose_unit *unit = make_unit(loading, path, "", err);
	if (!unit)
		return -1;
	unit->services = services;
	return 0;
}

/* Two units are the same where file and prefix are: a prefix decides how paths are told. The first
 * file stands for the merged ones, as with docker-compose. */
static struct cp_compose_unit *find_unit(
	struct cp_compose_loading *loading, const char *path, const char *prefix)
{
	cp_cleanup_free char *real = realpath(path, NULL);
	for (struct cp_compose_unit *unit = loading->units; real && unit; unit = unit->next)
		if (strcmp(unit->real, real) == 0 &&
			(!unit->next || strcmp(unit->prefix, prefix) == 0))
			return unit;
	return NULL;
}

/* The unit of `file`, which is relative to the file that names it. */
static struct cp_compose_unit *open_unit(
	struct chain *chain, const struct cp_compose_unit *from, const char *file)
{
	struct cp_compose_loading *loading = chain->loading;
	while (strncmp(file, "./", 2) == 0)
		file += 2;
	cp_cleanup_free char *below = cp_compose_join(from->prefix, file);
	cp_cleanup_free char *path = below ? cp_compose_join(loading->directory, below) : NULL;
	cp_cleanup_free char *prefix = path ? strdup(below) : NULL;
	if (!prefix) {
		cp_error_set(chain->err, ENOMEM, "out of memory");
		return NULL;
	}
	char *slash = strrchr(prefix, '/');
	prefix[slash ? slash - prefix + (slash == prefix) : 0] = '\0';
	struct cp_compose_unit *unit = find_unit(loading, path, prefix);
	if (unit)
		return unit;
	struct cp_yaml *services;
	if (cp_compose_read_file(loading, path, &services, NULL, chain->err) < 0)
		return NULL;
	unit = make_unit(loading, path, prefix, chain->err);
	if (!unit)
		return NULL;
	/* The first unit stays the last of the list, where find_unit knows it. */
	unit->services = services;
	return unit;
}

/* --- paths ------------------------------------------------------------------------------- */

static bool is_relative(const char *context)
{
	return !strchr("/~", *context) && !strstr(context, "://") &&
	       strncmp(context, "git@", 4) != 0 && strncmp(context, "github.com/", 11) != 0;
}

static struct cp_yaml *prefix_context(
	struct cp_yaml_pool *pool, const char *prefix, struct cp_yaml *context)
{
	if (context->kind != CP_YAML_TEXT || !is_relative(context->text))
		return context;
	cp_cleanup_free char *path = cp_compose_join(prefix, context->text);
	return path ? cp_yaml_make_text(pool, path, context) : NULL;
}

/* A copy of `mapping` in which one key has another value. */
static struct cp_yaml *replace(struct cp_yaml_pool *pool, const struct cp_yaml *mapping,
	const struct cp_yaml *old, struct cp_yaml *value)
{
	struct cp_yaml *copy = cp_yaml_make(pool, CP_YAML_MAPPING, mapping);
	for (size_t i = 0; copy && value && i < mapping->count; i++) {
		struct cp_yaml_item item = mapping->items[i];
		if (cp_yaml_add(pool, copy, item.key, item.value == old ? value : item.value) < 0)
			return NULL;
	}
	return value ? copy : NULL;
}

/* The service with its build context told from the project directory. */
static struct cp_yaml *rebase(
	struct cp_yaml_pool *pool, const char *prefix, struct cp_yaml *service)
{
	struct cp_yaml *build = cp_yaml_get(service, "build"), *moved = build;
	struct cp_yaml *context = cp_yaml_get(build, "context");
	if (!*prefix || !build)
		return service;
	if (build->kind == CP_YAML_TEXT)
		moved = prefix_context(pool, prefix, build);
	else if (context)
		moved = replace(pool, build, context, prefix_context(pool, prefix, context));
	return moved == build ? service : replace(pool, service, build, moved);
}

static struct cp_yaml *add_context(
	struct cp_yaml_pool *pool, const char *prefix, const struct cp_yaml *build)
{
	struct cp_yaml *copy = cp_yaml_make(pool, CP_YAML_MAPPING, build);
	struct cp_yaml *context = cp_yaml_make_text(pool, prefix, build);
	if (!copy || !context || cp_yaml_add(pool, copy, "context", context) < 0)
		return NULL;
	for (size_t i = 0; i < build->count; i++)
		if (cp_yaml_add(pool, copy, build->items[i].key, build->items[i].value) < 0)
			return NULL;
	return copy;
}

struct cp_yaml *cp_compose_rebase(
	struct cp_yaml_pool *pool, const char *prefix, struct cp_yaml *service)
{
	struct cp_yaml *build = cp_yaml_get(service, "build");
	bool has_context =
		!build || build->kind != CP_YAML_MAPPING || cp_yaml_get(build, "context") != NULL;
	if (!*prefix || has_context)
		return rebase(pool, prefix, service);
	/* Nothing is merged under it any more: what it does not say is its project's directory. */
	return replace(pool, service, build, add_context(pool, prefix, build));
}

/* --- chains ------------------------------------------------------------------------------ */

static int fail_cycle(const struct chain *chain, size_t from, const struct link *again)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	if (!file)
		return cp_error_set(chain->err, ENOMEM, "out of memory");
	for (size_t i = from; i < chain->count; i++)
		fprintf(file, "%s (%s) → ", chain->links[i].name, chain->links[i].unit->path);
	fprintf(file, "%s (%s)", again->name, again->unit->path);
	if (fclose(file) == 0)
		cp_error_set(chain->err, ELOOP, "extends goes in a circle: %s", text);
	free(text);
	return -1;
}

static int enter(struct chain *chain, const struct cp_compose_unit *unit, const char *name)
{
	struct link link = {unit, name};
	for (size_t i = 0; i < chain->count; i++)
		if (chain->links[i].unit == unit && strcmp(chain->links[i].name, name) == 0)
			return fail_cycle(chain, i, &link);
	if (chain->count == MAX_CHAIN)
		return cp_error_set(chain->err, E2BIG, "%s: extends goes more than %d deep",
			unit->path, MAX_CHAIN);
	chain->links[chain->count++] = link;
	return 0;
}

/* The service that `extends` (a name, or {file, service}) names, resolved. */
static struct cp_yaml *resolve_base(
	struct chain *chain, struct cp_compose_unit *unit, const struct cp_yaml *extends)
{
	const char *name =
		extends->kind == CP_YAML_TEXT ? extends->text : cp_yaml_text(extends, "service");
	const char *file = cp_yaml_text(extends, "file");
	if (!name) {
		cp_error_set(chain->err, EINVAL, "%s:%u:%u: extends names no service", unit->path,
			extends->line, extends->column);
		return NULL;
	}
	struct cp_compose_unit *other = file ? open_unit(chain, unit, file) : unit;
	if (!other) {
		cp_error_wrap(chain->err, "%s:%u:%u: extends", unit->path, extends->line,
			extends->column);
		return NULL;
	}
	struct cp_yaml *base = cp_yaml_get(other->services, name);
	if (base && base->kind == CP_YAML_MAPPING)
		return resolve(chain, other, name, base);
	cp_error_set(chain->err, EINVAL, "%s:%u:%u: extends names the service %s, which %s lacks",
		unit->path, extends->line, extends->column, name, other->path);
	return NULL;
}

static struct cp_yaml *without_extends(struct cp_yaml_pool *pool, const struct cp_yaml *service)
{
	struct cp_yaml *copy = cp_yaml_make(pool, CP_YAML_MAPPING, service);
	for (size_t i = 0; copy && i < service->count; i++)
		if (strcmp(service->items[i].key, "extends") != 0 &&
			cp_yaml_add(pool, copy, service->items[i].key, service->items[i].value) < 0)
			return NULL;
	return copy;
}

static struct cp_yaml *resolve(struct chain *chain, struct cp_compose_unit *unit, const char *name,
	struct cp_yaml *service)
{
	struct cp_yaml_pool *pool = chain->loading->pool;
	const struct cp_yaml *extends = cp_yaml_get(service, "extends");
	if (service->result)
		return service->result;
	if (enter(chain, unit, name) < 0)
		return NULL;
	struct cp_yaml *resolved = rebase(pool, unit->prefix, service);
	if (resolved && extends && extends->kind != CP_YAML_NULL) {
		struct cp_yaml *base = resolve_base(chain, unit, extends);
		if (!base)
			return NULL;
		resolved = without_extends(pool, resolved);
		resolved = resolved ? cp_merge_service(pool, base, resolved) : NULL;
	}
	chain->count--;
	if (!resolved)
		cp_yaml_pool_error(pool, chain->err);
	service->result = resolved;
	return resolved;
}

struct cp_yaml *cp_extends_resolve(struct cp_compose_loading *loading, const char *name,
	struct cp_yaml *service, struct cp_error **err)
{
	struct chain *chain = calloc(1, sizeof(*chain));
	struct cp_compose_unit *first = loading->units;
	if (!chain) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	while (first->next)
		first = first->next;
	chain->loading = loading;
	chain->err = err;
	struct cp_yaml *resolved = resolve(chain, first, name, service);
	free(chain);
	return resolved;
}
