/* SPDX-License-Identifier: MIT
 *
 * The service's own files are walked as Node loads them, depth first, so that the first module
 * found missing is the one that Node dies of. Sources: Node's "Modules: CommonJS modules" ("All
 * together"), "Modules: ECMAScript modules" ("Resolution Algorithm").
 *
 * A package counts as there wherever its directory (or a file of its name) is: what it exports is
 * not looked at. Where resolution may be something else, nothing is claimed: "#imports", URLs,
 * Plug'n'Play, packages that change how modules are found, and the global folders that NODE_PATH
 * and Debian's Node name.
 */
#include "modules.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "npm.h"

#define MAX_FILES 100000u
#define MAX_DEPTH 4096u
#define MAX_MISSING 1000u

/* A file that is being loaded. */
struct frame {
	struct cp_found *file; /* owned */
	const char *at, *end;  /* what is left of its specifiers */
};

struct walk {
	const struct cp_root *root;
	uint8_t *seen[CP_ROOT_MAX_LAYERS]; /* by node; a bit */
	struct frame *frames;
	size_t depth, frames_size, files;
	struct cp_missing_module *missing;
	size_t count, missing_size;
	bool other_rules; /* something changes how modules are found */
};

struct specifier {
	char text[CP_INDEX_MAX_PATH + 1];
	bool esm;
};

/* --- looking for files ------------------------------------------------------------------ */

static bool join(char path[CP_INDEX_MAX_PATH + 1], const char *directory, size_t length,
	const char *between, const char *name, const char *suffix)
{
	int written = snprintf(path, CP_INDEX_MAX_PATH + 1, "%.*s%s%s%s", (int)length, directory,
		between, name, suffix);
	return written >= 0 && written <= (int)CP_INDEX_MAX_PATH;
}

static bool find_kind(
	const struct walk *walk, const char *path, enum cp_node_kind kind, struct cp_found *found)
{
	return cp_root_resolve(walk->root, path, true, found) == 0 &&
	       cp_index_node(found->index, found->node)->kind == kind;
}

/* LOAD_AS_FILE: the path itself, or with a suffix. */
static bool find_file(const struct walk *walk, const char *path, struct cp_found *found)
{
	static const char *const suffixes[] = {"", ".js", ".json", ".node", ".cjs", ".mjs"};
	char with_suffix[CP_INDEX_MAX_PATH + 1];
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (join(with_suffix, path, strlen(path), "", "", suffixes[i]) &&
			find_kind(walk, with_suffix, CP_NODE_FILE, found))
			return true;
	return false;
}

/* A string of the directory's package.json; owned, or NULL. */
static char *package_field(const struct walk *walk, const char *directory, const char *field)
{
	char path[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	if (!join(path, directory, strlen(directory), "/", "package.json", "") ||
		!find_kind(walk, path, CP_NODE_FILE, &found))
		return NULL;
	json_t *json = cp_package_json_at(found.index, found.node);
	const char *value = json_string_value(json_object_get(json, field));
	char *copy = value ? strdup(value) : NULL;
	json_decref(json);
	return copy;
}

/* LOAD_AS_FILE, then LOAD_AS_DIRECTORY. */
static bool find_module(const struct walk *walk, const char *path, struct cp_found *found)
{
	char inner[CP_INDEX_MAX_PATH + 1];
	if (find_file(walk, path, found))
		return true;
	if (!find_kind(walk, path, CP_NODE_DIRECTORY, found))
		return false;
	cp_cleanup_free char *main_ = package_field(walk, path, "main");
	size_t length = strlen(path);
	if (main_ && join(inner, path, length, "/", main_, "") &&
		(find_file(walk, inner, found) ||
			(join(inner, path, length, "/", main_, "/index") &&
				find_file(walk, inner, found))))
		return true;
	return join(inner, path, length, "/", "index", "") && find_file(walk, inner, found);
}

static bool exists(const struct walk *walk, const char *path)
{
	struct cp_found found;
	return cp_root_resolve(walk->root, path, true, &found) == 0;
}

static bool is_in_node_modules(const char *path)
{
	return strstr(path, "/node_modules/") != NULL;
}

/* --- packages ------------------------------------------------------------------------------ */

/* Node's builtin modules (module.builtinModules of Node 24, less those that take "node:"). */
static bool is_builtin(const char *name)
{
	static const char *const names[] = {"assert", "async_hooks", "buffer", "child_process",
		"cluster", "console", "constants", "crypto", "dgram", "diagnostics_channel", "dns",
		"domain", "events", "fs", "http", "http2", "https", "inspector", "module", "net",
		"os", "path", "perf_hooks", "process", "punycode", "querystring", "readline",
		"repl", "stream", "string_decoder", "sys", "timers", "tls", "trace_events", "tty",
		"url", "util", "v8", "vm", "wasi", "worker_threads", "zlib"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return *name == '_'; /* _http_agent, _tls_wrap, …; no package may be called so */
}

/* Packages that, once loaded, have a say in where modules are found. */
static bool changes_rules(const char *name)
{
	static const char *const names[] = {"module-alias", "tsconfig-paths", "app-module-path",
		"ts-node", "tsx", "pirates", "esbuild-register", "@swc-node", "@babel/register",
		"better-module-alias", "link-module-alias", "@swc/register"};
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		size_t length = strlen(names[i]);
		if (strncmp(name, names[i], length) == 0 &&
			(name[length] == '\0' || name[length] == '/'))
			return true;
	}
	return false;
}

/* Cuts "@scope/name/sub/path" after the name. False: it is no package's name. */
static bool package_name(const char *specifier, char name[CP_INDEX_MAX_PATH + 1])
{
	strcpy(name, specifier);
	char *slash = strchr(name, '/');
	if (*name == '@') {
		if (!slash || slash == name + 1 || !slash[1] || slash[1] == '/')
			return false;
		slash = strchr(slash + 1, '/');
	}
	if (slash)
		*slash = '\0';
	return *name && *name != '.' && strcspn(name, ":\\%#!*?<> ") == strlen(name);
}

/* Whether a node_modules from the file's directory up has the package; its directory in *found. */
static bool find_package(
	const struct walk *walk, const char *file, const char *name, struct cp_found *found)
{
	static const char modules[] = "/node_modules";
	char path[CP_INDEX_MAX_PATH + 1];
	for (const char *slash = strrchr(file, '/'); slash;) {
		size_t length = (size_t)(slash - file);
		bool itself = length >= strlen(modules) &&
			      memcmp(slash - strlen(modules), modules, strlen(modules)) == 0;
		if (!itself && join(path, file, length, "/node_modules/", name, "") &&
			(cp_root_resolve(walk->root, path, true, found) == 0 ||
				find_file(walk, path, found)))
			return true;
		slash = length ? memrchr(file, '/', length) : NULL;
	}
	return false;
}

/* Whether a folder that NODE_PATH may name has the package. */
static bool is_global(const struct walk *walk, const char *name)
{
	static const char *const folders[] = {"/usr/local/lib/node_modules",
		"/usr/lib/node_modules", "/usr/share/nodejs", "/usr/lib/nodejs",
		"/usr/local/lib/node", "/root/.node_modules", "/root/.node_libraries"};
	char path[CP_INDEX_MAX_PATH + 1];
	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		if (join(path, folders[i], strlen(folders[i]), "/", name, "") && exists(walk, path))
			return true;
	return false;
}

/* Whether the package around `file` is called so itself, or resolution is Plug'n'Play's. */
static bool is_told_otherwise(const struct walk *walk, const char *file, const char *name)
{
	char path[CP_INDEX_MAX_PATH + 1];
	for (const char *slash = strrchr(file, '/'); slash;) {
		size_t length = (size_t)(slash - file);
		if ((join(path, file, length, "/", ".pnp.cjs", "") && exists(walk, path)) ||
			(join(path, file, length, "/", ".pnp.js", "") && exists(walk, path)))
			return true;
		if (join(path, file, length, "", "", "")) {
			cp_cleanup_free char *own = package_field(walk, path, "name");
			if (own && strcmp(own, name) == 0)
				return true;
		}
		slash = length ? memrchr(file, '/', length) : NULL;
	}
	return false;
}

static int add_missing(struct walk *walk, const struct specifier *specifier, const char *name,
	const char *file, struct cp_error **err)
{
	for (size_t i = 0; i < walk->count; i++)
		if (strcmp(walk->missing[i].name, name) == 0)
			return 0;
	if (walk->count == MAX_MISSING)
		return 0;
	if (cp_grow(&walk->missing, &walk->missing_size, walk->count + 1, sizeof(*walk->missing)) <
		0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_missing_module *missing = &walk->missing[walk->count++];
	*missing = (struct cp_missing_module){
		.name = strdup(name), .imported_by = strdup(file), .esm = specifier->esm};
	int written =
		specifier->esm
			? asprintf(&missing->message, "Cannot find package '%s' imported from %s",
				  name, file)
			: asprintf(&missing->message, "Cannot find module '%s'", specifier->text);
	if (written < 0)
		missing->message = NULL;
	return missing->name && missing->imported_by && missing->message
		       ? 0
		       : cp_error_set(err, ENOMEM, "out of memory");
}

/* --- the walk --------------------------------------------------------------------------------- */

/* Notes that a file was met; false where it had been before. */
static bool is_new(struct walk *walk, const struct cp_found *found)
{
	size_t layer = 0;
	while (walk->root->layers[layer].index != found->index)
		layer++;
	uint8_t *byte = &walk->seen[layer][found->node / 8];
	uint8_t bit = (uint8_t)(1u << found->node % 8);
	bool met = *byte & bit;
	*byte |= bit;
	return !met;
}

/* Goes on with what `found` loads, where it is a script of the service's own. */
static int enter(struct walk *walk, const struct cp_found *found, struct cp_error **err)
{
	const struct cp_text *text = cp_index_text(found->index, found->node);
	const char *dot = strrchr(found->path, '.');
	if (!text || !text->size || is_in_node_modules(found->path) ||
		(dot && strcmp(dot, ".json") == 0) || walk->depth == MAX_DEPTH ||
		walk->files == MAX_FILES || !is_new(walk, found))
		return 0;
	if (cp_grow(&walk->frames, &walk->frames_size, walk->depth + 1, sizeof(*walk->frames)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct frame frame = {malloc(sizeof(*frame.file)), text->data, text->data + text->size};
	if (!frame.file)
		return cp_error_set(err, ENOMEM, "out of memory");
	*frame.file = *found;
	walk->frames[walk->depth++] = frame;
	walk->files++;
	return 0;
}

/* A module of the service's own: "./x", "/x", or a package that is a link to a workspace. */
static int take_path(struct walk *walk, const char *path, struct cp_error **err)
{
	struct cp_found found;
	return find_module(walk, path, &found) ? enter(walk, &found, err) : 0;
}

static int take_relative(
	struct walk *walk, const char *file, const char *specifier, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	const char *slash = strrchr(file, '/');
	size_t length = *specifier == '/' ? 0 : (size_t)(slash - file) + 1;
	return join(path, file, length, "", specifier, "") ? take_path(walk, path, err) : 0;
}

static int take_package(struct walk *walk, const struct cp_found *file,
	const struct specifier *specifier, struct cp_error **err)
{
	char name[CP_INDEX_MAX_PATH + 1], path[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	if (!package_name(specifier->text, name) || is_builtin(name))
		return 0;
	walk->other_rules |= changes_rules(specifier->text);
	if (find_package(walk, file->path, name, &found)) {
		if (is_in_node_modules(found.path) ||
			!join(path, found.path, strlen(found.path), "",
				specifier->text + strlen(name), ""))
			return 0;
		return take_path(walk, path, err);
	}
	if (is_global(walk, name) || is_told_otherwise(walk, file->path, name))
		return 0;
	return add_missing(walk, specifier, name, file->path, err);
}

/* Takes the next specifier of the innermost file; a line that is none is passed over. */
static int take_next(struct walk *walk, struct cp_error **err)
{
	struct frame *frame = &walk->frames[walk->depth - 1];
	struct specifier specifier = {.esm = false};
	size_t left = (size_t)(frame->end - frame->at);
	const char *newline = memchr(frame->at, '\n', left), *line = frame->at;
	size_t length = newline ? (size_t)(newline - line) : left;
	frame->at = newline ? newline + 1 : frame->end;
	const char *space = memchr(line, ' ', length);
	if (!space)
		return 0;
	specifier.esm =
		(size_t)(space - line) == strlen("import") && memcmp(line, "import", 6) == 0;
	length -= (size_t)(space + 1 - line);
	if (length > CP_INDEX_MAX_PATH)
		return 0;
	memcpy(specifier.text, space + 1, length);
	if (*specifier.text == '/' || strncmp(specifier.text, "./", 2) == 0 ||
		strncmp(specifier.text, "../", 3) == 0 || strcmp(specifier.text, ".") == 0 ||
		strcmp(specifier.text, "..") == 0)
		return take_relative(walk, frame->file->path, specifier.text, err);
	return take_package(walk, frame->file, &specifier, err);
}

static int walk_from(struct walk *walk, const char *entry, struct cp_error **err)
{
	for (size_t i = 0; i < walk->root->count; i++) {
		walk->seen[i] = calloc(cp_index_count(walk->root->layers[i].index) / 8 + 1, 1);
		if (!walk->seen[i])
			return cp_error_set(err, ENOMEM, "out of memory");
	}
	int result = take_path(walk, entry, err);
	while (result == 0 && walk->depth) {
		struct frame *frame = &walk->frames[walk->depth - 1];
		if (frame->at < frame->end)
			result = take_next(walk, err);
		else
			free(walk->frames[--walk->depth].file);
	}
	return result;
}

int cp_missing_modules(const struct cp_root *root, const char *entry,
	struct cp_missing_module **missing, size_t *count, struct cp_error **err)
{
	struct walk walk = {.root = root};
	*missing = NULL;
	*count = 0;
	int result = entry ? walk_from(&walk, entry, err) : 0;
	while (walk.depth)
		free(walk.frames[--walk.depth].file);
	free(walk.frames);
	for (size_t i = 0; i < CP_ROOT_MAX_LAYERS; i++)
		free(walk.seen[i]);
	if (result < 0 || walk.other_rules) {
		cp_missing_modules_free(walk.missing, walk.count);
		return result;
	}
	*missing = walk.missing;
	*count = walk.count;
	return 0;
}

void cp_missing_modules_free(struct cp_missing_module *missing, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(missing[i].name);
		free(missing[i].imported_by);
		free(missing[i].message);
	}
	free(missing);
}
