/* SPDX-License-Identifier: MIT
 *
 * Which node-gyp a package's script runs is npm's choice: one that Node would find from the
 * package, else npm's own, which has known Python 3 since node-gyp 5. Measured with node-gyp 12.4
 * and gl 8.1.6 where there was a python3 alone: "Call to 'python commit_id.py check ..' returned
 * exit status 127 while in angle/src/angle.gyp".
 */
#include "python_callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "schemes/scheme.h"

#define MAX_GYP_FILES 256 /* of one package that are read */

/* One package's GYP files, each once. */
struct gyp_walk {
	const struct cp_root *root;
	struct cp_found *found; /* the last file that was looked for */
	uint32_t seen[MAX_GYP_FILES];
	size_t count;
};

struct search {
	const struct cp_scan *scan;
	struct cp_root root;
	struct cp_python_caller *callers;
	size_t count, size;
	struct cp_error **err;
};

void cp_python_callers_free(struct cp_python_caller *callers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(callers[i].where);
	free(callers);
}

static int add_caller(
	struct search *search, const struct cp_package *package, const char *where, bool python2)
{
	char *copy = strdup(where);
	if (!copy || cp_grow(&search->callers, &search->size, search->count + 1,
			     sizeof(*search->callers)) < 0) {
		free(copy);
		return cp_error_set(search->err, ENOMEM, "out of memory");
	}
	search->callers[search->count++] = (struct cp_python_caller){package, copy, python2};
	return 0;
}

/* --- GYP files ---------------------------------------------------------------------------------
 */

static bool begins(const char *at, const char *end, const char *word)
{
	return (size_t)(end - at) >= strlen(word) && memcmp(at, word, strlen(word)) == 0;
}

/* Notes a file of this index; false where it was there already, or is one too many. */
static bool enter_file(struct gyp_walk *walk, uint32_t node)
{
	for (size_t i = 0; i < walk->count; i++)
		if (walk->seen[i] == node)
			return false;
	if (walk->count == MAX_GYP_FILES)
		return false;
	walk->seen[walk->count++] = node;
	return true;
}

/* The file that one GYP file at `path` names; its node, or CP_NO_NODE. */
static uint32_t find_named(struct gyp_walk *walk, const char *path, const char *name, size_t length)
{
	char joined[CP_INDEX_MAX_PATH + 1];
	const char *slash = strrchr(path, '/');
	if (!cp_path_write(joined, "%.*s/%.*s", (int)(slash - path), path, (int)length, name) ||
		cp_root_resolve(walk->root, joined, true, walk->found) != 0)
		return CP_NO_NODE;
	return walk->found->node;
}

/* Reads the lines of gyp.h. True, with the file in walk->found->path, where python is run. */
static bool read_gyp(struct gyp_walk *walk, const struct cp_index *index, uint32_t node)
{
	char path[CP_INDEX_MAX_PATH + 1];
	const struct cp_text *text = cp_index_text(index, node);
	if (!text || !cp_index_path(index, node, path, sizeof(path)))
		return false;
	const char *at = text->data, *end = at + text->size;
	for (const char *line; at < end; at = line < end ? line + 1 : end) {
		line = memchr(at, '\n', (size_t)(end - at));
		line = line ? line : end;
		if (begins(at, line, "run ")) {
			strcpy(walk->found->path, path);
			return true;
		}
		if (!begins(at, line, "file "))
			continue;
		uint32_t named = find_named(walk, path, at + 5, (size_t)(line - at) - 5);
		if (named != CP_NO_NODE)
			enter_file(walk, named);
	}
	return false;
}

/* Breadth first: files are read in the order in which they were named. */
static bool gyp_calls(struct gyp_walk *walk, const struct cp_index *index, uint32_t binding)
{
	enter_file(walk, binding);
	for (size_t i = 0; i < walk->count; i++)
		if (read_gyp(walk, index, walk->seen[i]))
			return true;
	return false;
}

/* --- scripts -----------------------------------------------------------------------------------
 */

/* Whether a shell's line has the word where a command's name stands. */
static bool runs(const char *line, const char *word)
{
	size_t length = strlen(word);
	for (const char *at = line; (at = strstr(at, word)); at += length) {
		const char *front = at;
		while (front > line && strchr(" \t", front[-1]))
			front--;
		if ((front == line || strchr(";&|(", front[-1])) &&
			(!at[length] || strchr(" \t;&|)", at[length])))
			return true;
	}
	return false;
}

static const char *install_script(const json_t *manifest, const char *command)
{
	static const char *const names[] = {"preinstall", "install", "postinstall"};
	const json_t *scripts = json_object_get(manifest, "scripts");
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const char *line = json_string_value(json_object_get(scripts, names[i]));
		if (line && runs(line, command))
			return names[i];
	}
	return NULL;
}

/* The version of the node-gyp that the package's install script runs, if it is one that knows
 * Python 2 alone. Owned; NULL: another. */
static char *old_node_gyp(
	struct search *search, const struct cp_package *package, const json_t *manifest)
{
	struct cp_variant_context context = {.root = &search->root, .directory = package->path};
	struct cp_found found;
	if (!install_script(manifest, "node-gyp") || !cp_find_package(&context, "node-gyp", &found))
		return NULL;
	json_t *of_gyp = cp_package_manifest(&context, &found);
	const char *version = json_string_value(json_object_get(of_gyp, "version"));
	char *where = NULL;
	if (version && strtol(version, NULL, 10) < 5 &&
		asprintf(&where, "node-gyp@%s", version) < 0)
		where = NULL;
	json_decref(of_gyp);
	return where;
}

/* --- packages ----------------------------------------------------------------------------------
 */

/* The words are looked for before the text is parsed: few of the thousands of package.json have
 * one.
 */
static bool says_either(const struct cp_text *manifest)
{
	return memmem(manifest->data, manifest->size, "python", strlen("python")) ||
	       memmem(manifest->data, manifest->size, "node-gyp", strlen("node-gyp"));
}

static int look_at(struct search *search, const struct cp_package *package, uint32_t manifest_node)
{
	const struct cp_index *index = search->scan->image->root;
	uint32_t directory = cp_index_node(index, manifest_node)->parent;
	uint32_t binding = cp_index_child(index, directory, "binding.gyp", strlen("binding.gyp"));
	struct cp_found found;
	struct gyp_walk walk = {.root = &search->root, .found = &found};
	if (binding != CP_NO_NODE && gyp_calls(&walk, index, binding)) {
		size_t length = strlen(package->path);
		bool inside = strncmp(found.path, package->path, length) == 0;
		return add_caller(search, package, found.path + (inside ? length + 1 : 0), false);
	}
	if (!says_either(cp_index_text(index, manifest_node)))
		return 0;
	json_t *manifest = cp_package_json_at(index, manifest_node);
	const char *script = install_script(manifest, "python");
	cp_cleanup_free char *gyp = script ? NULL : old_node_gyp(search, package, manifest);
	char where[64];
	snprintf(where, sizeof(where), "its %s script", script ? script : "");
	json_decref(manifest);
	if (!script && !gyp)
		return 0;
	return add_caller(search, package, script ? where : gyp, gyp != NULL);
}

int cp_python_callers(const struct cp_scan *scan, struct cp_python_caller **callers, size_t *count,
	struct cp_error **err)
{
	const struct cp_index *index = scan->image->root;
	struct search search = {
		.scan = scan, .root = {.layers = {{index, false}}, .count = 1}, .err = err};
	int result = 0;
	for (uint32_t node = 0; result == 0 && node < cp_index_count(index); node++) {
		if (cp_index_node(index, node)->kind != CP_NODE_FILE ||
			strcmp(cp_index_name(index, node), "package.json") != 0 ||
			!cp_index_text(index, node))
			continue;
		const struct cp_package *package = cp_packages_owner(scan->packages, node);
		char path[CP_INDEX_MAX_PATH + 1];
		if (package &&
			cp_index_path(
				index, cp_index_node(index, node)->parent, path, sizeof(path)) &&
			strcmp(path, package->path) == 0)
			result = look_at(&search, package, node);
	}
	if (result < 0) {
		cp_python_callers_free(search.callers, search.count);
		return -1;
	}
	*callers = search.callers;
	*count = search.count;
	return 0;
}
