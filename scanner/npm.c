/* SPDX-License-Identifier: MIT
 *
 * The owner is a property of a directory: every directory either is a package's
 * place, or passes its parent's owner on. A look-up climbs to the nearest directory
 * that is known and fills in the way back down, so that all look-ups together visit
 * each directory once.
 *
 * What a directory makes of its parent's owner (sources: Node's "Modules: Packages"
 * and "Loading from node_modules folders", npm's folders(5), pnpm's and Yarn's docs):
 *
 *   node_modules                   nobody's, and what is in it is a place
 *   node_modules/NAME              a place
 *   node_modules/@SCOPE            nobody's; @SCOPE/NAME is a place
 *   node_modules/.bin, .cache      nobody's, all the way down
 *   node_modules/.pnpm, .store, …  a package manager's store: nobody's, then as outside
 *   below a place                  that place's, whatever package.json says
 *   outside, with a named package.json   that package's
 *   else                           the parent's
 */
#include "npm.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define MAX_PACKAGE_JSON ((size_t)1 << 20) /* bytes */
#define NO_PACKAGE UINT32_MAX

/* What is known of one directory. */
struct place {
	uint32_t package; /* number, or NO_PACKAGE */
	bool known;
	bool inside; /* of a node_modules, where only places make packages */
};

struct cp_packages {
	const struct cp_index *index;
	struct place *places; /* by directory node */
	struct cp_package **packages;
	size_t n_packages, packages_size;
};

struct cp_packages *cp_packages_new(const struct cp_index *index)
{
	struct cp_packages *packages = calloc(1, sizeof(*packages));
	if (!packages)
		return NULL;
	packages->index = index;
	packages->places = calloc(cp_index_count(index), sizeof(*packages->places));
	if (!packages->places) {
		free(packages);
		return NULL;
	}
	return packages;
}

static void free_package(struct cp_package *package)
{
	if (!package)
		return;
	free(package->name);
	free(package->version);
	free(package->path);
	json_decref(package->platform);
	free(package);
}

void cp_packages_free(struct cp_packages *packages)
{
	if (!packages)
		return;
	for (size_t i = 0; i < packages->n_packages; i++)
		free_package(packages->packages[i]);
	free(packages->packages);
	free(packages->places);
	free(packages);
}

void cp_packages_cleanup(struct cp_packages **packages)
{
	cp_packages_free(*packages);
}

/* --- package.json --------------------------------------------------------- */

/* The object in a package.json (a byte order mark is passed over, as Node does), or NULL. */
static json_t *parse_object(const char *data, size_t size)
{
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
		data += 3;
		size -= 3;
	}
	if (size > MAX_PACKAGE_JSON)
		return NULL;
	json_t *json = json_loadb(data, size, 0, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

json_t *cp_package_json_at(const struct cp_index *index, uint32_t node)
{
	const struct cp_text *text = node == CP_NO_NODE ? NULL : cp_index_text(index, node);
	return text ? parse_object(text->data, text->size) : NULL;
}

char *cp_package_json_reduce(const char *data, size_t size)
{
	static const char *const fields[] = {"name", "version", "main", "os", "cpu", "libc",
		"optionalDependencies", "dependencies", "binary", "gypfile", "scripts", "napi"};
	json_t *whole = parse_object(data, size), *reduced = json_object();
	char *text = NULL;
	if (whole && reduced) {
		for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
			json_t *value = json_object_get(whole, fields[i]);
			if (value && json_object_set(reduced, fields[i], value) < 0)
				break;
		}
		text = json_dumps(reduced, JSON_COMPACT);
	}
	json_decref(whole);
	json_decref(reduced);
	return text;
}

static char *copy_string(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && *text ? strdup(text) : NULL;
}

/* The fields that say what the package is for, alone: few packages have any. */
static json_t *copy_platform(json_t *manifest)
{
	static const char *const fields[] = {"os", "cpu", "libc"};
	json_t *platform = NULL;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		json_t *value = json_object_get(manifest, fields[i]);
		if (!json_is_string(value) && !json_is_array(value))
			continue;
		if (!platform && !(platform = json_object()))
			return NULL;
		json_object_set(platform, fields[i], value);
	}
	return platform;
}

/* Takes what it says from the package.json of `dir`; what is not there stays NULL. */
static void read_manifest(const struct cp_index *index, uint32_t dir, struct cp_package *package)
{
	uint32_t file = cp_index_child(index, dir, "package.json", strlen("package.json"));
	json_t *json = cp_package_json_at(index, file);
	package->name = copy_string(json, "name");
	package->version = copy_string(json, "version");
	package->platform = copy_platform(json);
	json_decref(json);
}

/* --- places --------------------------------------------------------------- */

static bool is_called(const struct cp_index *index, uint32_t dir, const char *name)
{
	return dir != 0 && strcmp(cp_index_name(index, dir), name) == 0;
}

static uint32_t parent_of(const struct cp_index *index, uint32_t node)
{
	return cp_index_node(index, node)->parent;
}

static char *name_by_directory(const struct cp_index *index, uint32_t dir)
{
	const char *name = cp_index_name(index, dir);
	const char *scope = cp_index_name(index, parent_of(index, dir));
	char *joined = NULL;
	if (*scope != '@')
		return strdup(name);
	return asprintf(&joined, "%s/%s", scope, name) < 0 ? NULL : joined;
}

static char *path_of(const struct cp_index *index, uint32_t dir)
{
	char path[CP_INDEX_MAX_PATH + 1];
	return cp_index_path(index, dir, path, sizeof(path)) ? strdup(path) : NULL;
}

/* The number of the package whose directory is `dir`; NO_PACKAGE where it has no name (and is no
 * place in node_modules, which has its directory's), or without memory. */
static uint32_t add_package(struct cp_packages *packages, uint32_t dir, bool is_place)
{
	struct cp_package *package = calloc(1, sizeof(*package));
	if (!package)
		return NO_PACKAGE;
	read_manifest(packages->index, dir, package);
	if (!package->name && is_place)
		package->name = name_by_directory(packages->index, dir);
	if (package->name)
		package->path = path_of(packages->index, dir);
	if (!package->path || cp_grow(&packages->packages, &packages->packages_size,
				      packages->n_packages + 1, sizeof(package)) < 0) {
		free_package(package);
		return NO_PACKAGE;
	}
	packages->packages[packages->n_packages] = package;
	return (uint32_t)packages->n_packages++;
}

static bool is_litter(const char *name)
{
	return strcmp(name, ".bin") == 0 || strcmp(name, ".cache") == 0;
}

/* What `dir` is, given what its parent `above` is; the table at the head of this file. */
static struct place make_place(struct cp_packages *packages, uint32_t dir, struct place above)
{
	const struct cp_index *index = packages->index;
	const char *name = cp_index_name(index, dir);
	uint32_t parent = parent_of(index, dir);
	struct place place = {.package = NO_PACKAGE, .known = true, .inside = true};
	if (is_called(index, dir, "node_modules"))
		return place;
	bool in_modules = is_called(index, parent, "node_modules");
	bool in_scope = *cp_index_name(index, parent) == '@' &&
			is_called(index, parent_of(index, parent), "node_modules");
	if (in_modules && *name == '.') {
		place.inside = is_litter(name);
	} else if (in_modules && *name == '@') {
		return place;
	} else if (in_modules || in_scope) {
		place.package = add_package(packages, dir, true);
	} else {
		place = above;
		uint32_t named = above.inside ? NO_PACKAGE : add_package(packages, dir, false);
		if (named != NO_PACKAGE)
			place.package = named;
	}
	return place;
}

static struct place find_place(struct cp_packages *packages, uint32_t dir)
{
	uint32_t way[CP_INDEX_MAX_DEPTH + 1];
	size_t depth = 0;
	for (uint32_t at = dir; !packages->places[at].known; at = parent_of(packages->index, at)) {
		way[depth++] = at;
		if (at == 0)
			break;
	}
	while (depth) {
		uint32_t at = way[--depth];
		struct place above = {.package = NO_PACKAGE, .known = true};
		if (at)
			above = packages->places[parent_of(packages->index, at)];
		packages->places[at] = make_place(packages, at, above);
	}
	return packages->places[dir];
}

const struct cp_package *cp_packages_owner(struct cp_packages *packages, uint32_t node)
{
	const struct cp_node *file = cp_index_node(packages->index, node);
	struct place place = find_place(packages, file->parent);
	if (place.package == NO_PACKAGE || ((file->flags & CP_NODE_SYSTEM) && !place.inside))
		return NULL;
	return packages->packages[place.package];
}
