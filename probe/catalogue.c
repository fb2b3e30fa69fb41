/* SPDX-License-Identifier: MIT
 *
 * The catalogue's file: found, read, and each template's base looked up, so that a base that is
 * not known is told before an image is read.
 */
#include "catalogue.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "yaml.h"

#define FILE_NAME "compatprobe.yaml"
#define MAX_TEMPLATES 64

static const struct {
	const char *name, *dockerfile, *base;
} assumed[] = {
	{"alpine", "infrastructure/docker/templates/node-service-production.Dockerfile",
		"node:20-alpine"},
	{"debian-ml", "infrastructure/docker/templates/node-service-debian-ml.Dockerfile",
		"node:20-bullseye-slim"},
};

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

static void free_template(struct cp_template *template)
{
	for (size_t i = 0; i < template->n_packages; i++)
		free(template->packages[i]);
	free(template->packages);
	free(template->name);
	free(template->dockerfile);
	free(template->base);
	cp_dockerfile_free(template->parsed);
}

void cp_catalogue_free(struct cp_catalogue *catalogue)
{
	for (size_t i = 0; catalogue && i < catalogue->n_templates; i++)
		free_template(&catalogue->templates[i]);
	if (catalogue) {
		free(catalogue->templates);
		free(catalogue->path);
	}
	free(catalogue);
}

/* --- finding it ---------------------------------------------------------------------------- */

/* "DIRECTORY/NAME", or NAME where it is absolute. Owned; NULL without memory. */
static char *join(const char *directory, const char *name)
{
	char *path;
	if (*name == '/')
		return strdup(name);
	return asprintf(&path, "%s/%s", strcmp(directory, "/") == 0 ? "" : directory, name) < 0
		       ? NULL
		       : path;
}

/* *path becomes the catalogue's file in `directory`, or stays NULL. 0, or -1 without memory. */
static int look_in(const char *directory, const char *name, char **path)
{
	cp_cleanup_free char *candidate = join(directory, name);
	if (!candidate)
		return -1;
	if (access(candidate, F_OK) == 0)
		*path = cp_take(candidate);
	return 0;
}

/* `directory` is cut step by step. */
static int look_upwards(char *directory, char **path)
{
	for (;;) {
		if (look_in(directory, FILE_NAME, path) < 0)
			return -1;
		char *slash = strrchr(directory, '/');
		if (*path || !slash || !directory[1])
			return 0;
		slash[slash == directory] = '\0';
	}
}

static int look_in_configuration(char **path)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	if (config && *config == '/') {
		if (look_in(config, "compatprobe/" FILE_NAME, path) < 0)
			return -1;
	} else if (home && *home && look_in(home, ".config/compatprobe/" FILE_NAME, path) < 0) {
		return -1;
	}
	return *path ? 0 : look_in("/etc", "compatprobe/" FILE_NAME, path);
}

/* --- one template ---------------------------------------------------------------------------- */

static int add_packages(
	struct cp_template *template, const struct cp_dockerfile_package *packages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		template->packages[template->n_packages] = strdup(packages[i].name);
		if (!template->packages[template->n_packages])
			return -1;
		template->n_packages++;
	}
	return 0;
}

static int read_dockerfile(
	struct cp_template *template, const char *directory, struct cp_error **err)
{
	cp_cleanup_free char *path = join(directory, template->dockerfile);
	if (!path)
		return no_memory(err);
	if (cp_dockerfile_read(path, &template->parsed, err) < 0)
		return -1;
	const struct cp_dockerfile *file = template->parsed;
	template->packages = calloc(file->n_apt + file->n_apk + 1, sizeof(*template->packages));
	if (!template->packages || add_packages(template, file->apt, file->n_apt) < 0 ||
		add_packages(template, file->apk, file->n_apk) < 0)
		return no_memory(err);
	if (template->base)
		return 0;
	if (!file->base)
		return cp_error_set(err, 0, "%s:%u: the last stage is FROM scratch: no base", path,
			file->base_line);
	template->base = strdup(file->base);
	return template->base ? 0 : no_memory(err);
}

/* "our-node.base": a base's file, from the catalogue's directory; its path takes the name's place.
 */
static int find_base_file(struct cp_template *template, const char *directory)
{
	size_t length = strlen(template->base);
	if (length < 5 || strcmp(template->base + length - 5, ".base") != 0)
		return 0;
	cp_cleanup_free char *path = join(directory, template->base);
	if (!path)
		return -1;
	if (access(path, R_OK) == 0) {
		free(template->base);
		template->base = cp_take(path);
	}
	return 0;
}

int cp_catalogue_base(const char *name, struct cp_base **base, struct cp_error **err)
{
	int node_major;
	cp_cleanup_error struct cp_error *why = NULL;
	if (cp_base_find(name, base, &node_major, &why) == 0)
		return 0;
	return cp_error_set(err, why ? why->code : ENOMEM,
		"base %s is not known: %s. To make it known: compatprobe base create "
		"docker-daemon:%s -o our.base, and \"base: our.base\" in " FILE_NAME,
		name, why ? why->message : "out of memory", name);
}

static int check_base(const struct cp_template *template, struct cp_error **err)
{
	cp_cleanup_base struct cp_base *base = NULL;
	if (cp_catalogue_base(template->base, &base, err) < 0)
		return cp_error_wrap(err, "template %s", template->name);
	return 0;
}

/* --- the file -----------------------------------------------------------------------------------
 */

static int fail_at(
	const char *path, const struct cp_yaml *node, struct cp_error **err, const char *what)
{
	return cp_error_set(err, 0, "%s:%u:%u: %s", path, node->line, node->column, what);
}

/* Keys are few and known; one that is not is a typing mistake. */
static int check_keys(const char *path, const struct cp_yaml *node, const char *const *keys,
	struct cp_error **err)
{
	for (size_t i = 0; i < node->count; i++) {
		size_t known = 0;
		while (keys[known] && strcmp(keys[known], node->items[i].key) != 0)
			known++;
		if (!keys[known])
			return cp_error_set(err, 0, "%s:%u:%u: unknown key \"%s\"", path,
				node->items[i].value->line, node->items[i].value->column,
				node->items[i].key);
		if (strcmp(keys[known], "templates") != 0 &&
			node->items[i].value->kind != CP_YAML_TEXT)
			return fail_at(path, node->items[i].value, err, "a text was expected");
	}
	return 0;
}

static int read_template(struct cp_template *template, const char *path, const char *directory,
	const struct cp_yaml *node, struct cp_error **err)
{
	static const char *const keys[] = {"name", "dockerfile", "base", NULL};
	if (node->kind != CP_YAML_MAPPING)
		return fail_at(path, node, err, "a template is a mapping: name, dockerfile, base");
	if (check_keys(path, node, keys, err) < 0)
		return -1;
	const char *name = cp_yaml_text(node, "name"), *base = cp_yaml_text(node, "base");
	const char *dockerfile = cp_yaml_text(node, "dockerfile");
	if (!name || !*name || !dockerfile || !*dockerfile)
		return fail_at(path, node, err, "a template needs a name and a dockerfile");
	template->name = strdup(name);
	template->dockerfile = strdup(dockerfile);
	template->base = base &&*base ? strdup(base) : NULL;
	if (!template->name || !template->dockerfile || (base && *base && !template->base))
		return no_memory(err);
	if (template->base && find_base_file(template, directory) < 0)
		return no_memory(err);
	if (read_dockerfile(template, directory, err) < 0 || check_base(template, err) < 0)
		return cp_error_wrap(err, "%s:%u:%u", path, node->line, node->column);
	return 0;
}

static bool is_taken(const struct cp_catalogue *catalogue, const char *name)
{
	for (size_t i = 0; name && i < catalogue->n_templates; i++)
		if (strcmp(catalogue->templates[i].name, name) == 0)
			return true;
	return false;
}

static int read_templates(struct cp_catalogue *catalogue, const char *directory,
	const struct cp_yaml *root, struct cp_error **err)
{
	static const char *const keys[] = {"templates", NULL};
	const struct cp_yaml *list = cp_yaml_get(root, "templates");
	if (root->kind == CP_YAML_MAPPING && check_keys(catalogue->path, root, keys, err) < 0)
		return -1;
	if (!list || list->kind != CP_YAML_SEQUENCE || !list->count)
		return fail_at(catalogue->path, list ? list : root, err,
			"\"templates:\" with a list of templates was expected");
	if (list->count > MAX_TEMPLATES)
		return fail_at(catalogue->path, list, err, "more than 64 templates");
	catalogue->templates = calloc(list->count, sizeof(*catalogue->templates));
	if (!catalogue->templates)
		return no_memory(err);
	for (size_t i = 0; i < list->count; i++) {
		const struct cp_yaml *node = list->items[i].value;
		if (is_taken(catalogue, cp_yaml_text(node, "name")))
			return fail_at(catalogue->path, node, err,
				"another template has this name already");
		struct cp_template *template = &catalogue->templates[i];
		if (read_template(template, catalogue->path, directory, node, err) < 0) {
			free_template(template);
			return -1;
		}
		catalogue->n_templates++;
	}
	return 0;
}

static int read_file(struct cp_catalogue *catalogue, struct cp_error **err)
{
	cp_cleanup_yaml struct cp_yaml_pool *pool = cp_yaml_pool_make();
	cp_cleanup_free char *directory = strdup(catalogue->path);
	struct cp_yaml *root;
	if (!pool || !directory)
		return no_memory(err);
	char *slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	if (cp_yaml_read(pool, catalogue->path, &root, err) < 0)
		return -1;
	return read_templates(catalogue, slash ? directory : ".", root, err);
}

/* --- without a file
 * -------------------------------------------------------------------------------- */

static int assume(struct cp_catalogue *catalogue, const char *start, struct cp_error **err)
{
	size_t count = sizeof(assumed) / sizeof(*assumed);
	catalogue->templates = calloc(count, sizeof(*catalogue->templates));
	for (size_t i = 0; catalogue->templates && i < count; i++) {
		struct cp_template *template = &catalogue->templates[catalogue->n_templates++];
		cp_cleanup_free char *path = join(start, assumed[i].dockerfile);
		template->name = strdup(assumed[i].name);
		template->dockerfile = strdup(assumed[i].dockerfile);
		if (!path || !template->name || !template->dockerfile)
			return no_memory(err);
		if (access(path, F_OK) == 0 && (read_dockerfile(template, start, err) < 0 ||
						       check_base(template, err) < 0))
			return -1;
		if (!template->base && !(template->base = strdup(assumed[i].base)))
			return no_memory(err);
	}
	return catalogue->templates ? 0 : no_memory(err);
}

int cp_catalogue_load(const char *start, const char *explicit_path, struct cp_catalogue **catalogue,
	struct cp_error **err)
{
	struct cp_catalogue *made = calloc(1, sizeof(*made));
	cp_cleanup_free char *directory = realpath(start, NULL);
	cp_cleanup_free char *upwards = NULL;
	int result = 0;
	if (!made)
		return no_memory(err);
	if (explicit_path)
		result = (made->path = strdup(explicit_path)) ? 0 : no_memory(err);
	else if (!directory)
		result = cp_error_set(err, errno, "cannot read %s: %s", start, strerror(errno));
	else if (!(upwards = strdup(directory)) || look_upwards(upwards, &made->path) < 0 ||
		 (!made->path && look_in_configuration(&made->path) < 0))
		result = no_memory(err);
	if (result == 0)
		result = made->path ? read_file(made, err) : assume(made, directory, err);
	if (result < 0)
		cp_catalogue_free(made);
	else
		*catalogue = made;
	return result;
}
