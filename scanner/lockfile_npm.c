/* SPDX-License-Identifier: MIT
 *
 * package-lock.json, npm-shrinkwrap.json and node_modules/.package-lock.json (npm's own docs,
 * "package-lock.json").
 *
 * lockfileVersion 2 and 3 have `packages`, keyed by the directory that npm installs to. The name
 * is the directory's, since that is what a require asks for, also where an alias puts another
 * package there. npm 11 records `libc`, npm 10 does not. lockfileVersion 1 has `dependencies`
 * alone, nested as the directories are; it tells versions, but no platform.
 */
#include "lockfile_private.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

#define PLACE "node_modules/"

/* A list of words, or a single one. */
static int read_words(const json_t *value, char ***words, struct cp_error **err)
{
	if (json_is_string(value))
		return cp_locked_add_word(words, cp_piece_of(json_string_value(value)), err);
	for (size_t i = 0; i < json_array_size(value) && i < CP_LOCKFILE_MAX_WORDS; i++) {
		const char *word = json_string_value(json_array_get(value, i));
		if (word && cp_locked_add_word(words, cp_piece_of(word), err) < 0)
			return -1;
	}
	return 0;
}

static int add_package(
	struct cp_lockfile *lockfile, const char *name, const json_t *value, struct cp_error **err)
{
	const char *version = json_string_value(json_object_get(value, "version"));
	if (!*name || !version)
		return 0;
	struct cp_locked *locked =
		cp_lockfile_add(lockfile, cp_piece_of(name), cp_piece_of(version), err);
	if (!locked)
		return -1;
	locked->optional = json_is_true(json_object_get(value, "optional")) ||
			   json_is_true(json_object_get(value, "devOptional"));
	locked->has_install_script = json_is_true(json_object_get(value, "hasInstallScript"));
	if (read_words(json_object_get(value, "os"), &locked->os, err) < 0 ||
		read_words(json_object_get(value, "cpu"), &locked->cpu, err) < 0)
		return -1;
	return read_words(json_object_get(value, "libc"), &locked->libc, err);
}

/* The name in "apps/web/node_modules/@scope/name"; NULL: no place where packages are installed (the
 * project itself, a workspace). */
static const char *name_of_place(const char *path)
{
	const char *name = NULL, *at = path;
	while ((at = strstr(at, PLACE))) {
		if (at == path || at[-1] == '/')
			name = at + strlen(PLACE);
		at += strlen(PLACE);
	}
	return name;
}

static int read_packages(struct cp_lockfile *lockfile, json_t *packages, struct cp_error **err)
{
	const char *path;
	json_t *value;
	json_object_foreach(packages, path, value)
	{
		const char *name = name_of_place(path);
		if (name && add_package(lockfile, name, value, err) < 0)
			return -1;
	}
	return 0;
}

/* Recurses no deeper than jansson parses. */
static int read_dependencies(
	struct cp_lockfile *lockfile, json_t *dependencies, struct cp_error **err)
{
	const char *name;
	json_t *value;
	json_object_foreach(dependencies, name, value)
	{
		json_t *nested = json_object_get(value, "dependencies");
		if (add_package(lockfile, name, value, err) < 0 ||
			read_dependencies(lockfile, nested, err) < 0)
			return -1;
	}
	return 0;
}

int cp_lockfile_read_npm(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err)
{
	json_error_t why;
	json_t *root = json_loadb(data, size, 0, &why);
	if (!root)
		return cp_error_set(err, EINVAL, "%s: line %d, column %d: %s", label, why.line,
			why.column, why.text);
	json_t *packages = json_object_get(root, "packages");
	json_t *dependencies = json_object_get(root, "dependencies");
	int result;
	if (json_is_object(packages))
		result = read_packages(lockfile, packages, err);
	else if (json_is_object(dependencies) || json_object_get(root, "lockfileVersion"))
		result = read_dependencies(lockfile, dependencies, err);
	else
		result = cp_error_set(
			err, EINVAL, "line 1, column 1: no packages: not a lock file of npm");
	json_decref(root);
	return result < 0 ? cp_error_wrap(err, "%s", label) : 0;
}
