/* SPDX-License-Identifier: MIT
 *
 * A compose project from its files: read, merged, extended, and told service by service.
 *
 * Rules: the Compose Specification, and docker-compose 1.29 where that is older. The order matters:
 * each file is interpolated by itself, then the files are merged, then extends is resolved.
 */
#include "compose.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

static void clear_service(struct cp_compose_service *service)
{
	free(service->name);
	free(service->image);
	free(service->image_v1);
	free(service->image_v2);
	free(service->context);
	free(service->dockerfile);
	free(service->target);
	free(service->entry);
	free_list(service->profiles, service->n_profiles);
}

void cp_compose_free(struct cp_compose *compose)
{
	if (!compose)
		return;
	for (size_t i = 0; i < compose->n_services; i++)
		clear_service(&compose->services[i]);
	free(compose->services);
	free(compose->project);
	free(compose->directory);
	free(compose->version);
	free_list(compose->files, compose->n_files);
	free_list(compose->warnings, compose->n_warnings);
	free(compose);
}

static int append(char ***list, size_t *count, char *text)
{
	char **moved = text ? reallocarray(*list, *count + 1, sizeof(*moved)) : NULL;
	if (!moved) {
		free(text);
		return -1;
	}
	*list = moved;
	moved[(*count)++] = text;
	return 0;
}

int cp_compose_warn(struct cp_compose *compose, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	if (compose->n_warnings == CP_COMPOSE_MAX_WARNINGS)
		return 0;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0)
		return -1;
	for (size_t i = 0; i < compose->n_warnings; i++) {
		if (strcmp(compose->warnings[i], text) == 0) {
			free(text);
			return 0;
		}
	}
	return append(&compose->warnings, &compose->n_warnings, text);
}

int cp_compose_note_file(struct cp_compose *compose, const char *path, struct cp_error **err)
{
	char *real = realpath(path, NULL);
	if (compose->n_files == CP_COMPOSE_MAX_FILES) {
		free(real);
		return cp_error_set(
			err, E2BIG, "more than %d files are read", CP_COMPOSE_MAX_FILES);
	}
	if (!real)
		return cp_error_set(err, errno, "cannot read %s: %s", path, strerror(errno));
	if (append(&compose->files, &compose->n_files, real) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

/* --- one file ---------------------------------------------------------------------------- */

/* Format 1 has its services on the top level, and nothing else. */
static int check_format(const struct cp_yaml *root, const char *path, struct cp_error **err)
{
	const struct cp_yaml *services = cp_yaml_get(root, "services");
	const char *version = cp_yaml_text(root, "version");
	if (root->kind != CP_YAML_MAPPING && root->kind != CP_YAML_NULL)
		return cp_error_set(
			err, EINVAL, "%s:%u:%u: not a mapping", path, root->line, root->column);
	if (services && services->kind != CP_YAML_MAPPING && services->kind != CP_YAML_NULL)
		return cp_error_set(err, EINVAL, "%s:%u:%u: services is not a mapping", path,
			services->line, services->column);
	if (version && (strcmp(version, "1") == 0 || strncmp(version, "1.", 2) == 0))
		return cp_error_set(
			err, EINVAL, "%s: format %s is not read, only 2 and later", path, version);
	return 0;
}

static int check_services(const struct cp_yaml *services, const char *path, struct cp_error **err)
{
	if (services->count > CP_COMPOSE_MAX_SERVICES)
		return cp_error_set(
			err, E2BIG, "%s: more than %d services", path, CP_COMPOSE_MAX_SERVICES);
	for (size_t i = 0; i < services->count; i++) {
		const struct cp_yaml *service = services->items[i].value;
		if (service->kind != CP_YAML_MAPPING && service->kind != CP_YAML_NULL)
			return cp_error_set(err, EINVAL,
				"%s:%u:%u: the service %s is not a mapping", path, service->line,
				service->column, services->items[i].key);
	}
	return 0;
}

int cp_compose_read_file(struct cp_compose_loading *loading, const char *path,
	struct cp_yaml **services, struct cp_yaml **root, struct cp_error **err)
{
	struct cp_yaml *read, *found, *name;
	if (cp_yaml_read(loading->pool, path, &read, err) < 0 ||
		check_format(read, path, err) < 0 ||
		cp_compose_note_file(loading->compose, path, err) < 0)
		return -1;
	found = cp_yaml_get(read, "services");
	if (found && found->kind == CP_YAML_NULL)
		found = NULL;
	if (found && (check_services(found, path, err) < 0 ||
			     cp_interpolate_tree(loading->pool, found, path, loading->variables,
				     loading->compose, err) < 0))
		return -1;
	name = root ? cp_yaml_get(read, "name") : NULL;
	if (name && cp_interpolate_tree(loading->pool, name, path, loading->variables,
			    loading->compose, err) < 0)
		return -1;
	*services = found;
	if (root)
		*root = read;
	return 0;
}

/* --- the project ------------------------------------------------------------------------- */

/* Lower case, without what is no letter, digit, - or _ (docker-compose since 1.21 and compose v2
 * alike; the latter also takes - and _ off the front, which the former does for image names). */
static char *normalize(const char *name)
{
	char *normal = malloc(strlen(name) + 1);
	size_t used = 0;
	for (; normal && *name; name++) {
		char c = (char)tolower((unsigned char)*name);
		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
			(used && (c == '-' || c == '_')))
			normal[used++] = c;
	}
	if (normal)
		normal[used] = '\0';
	return normal;
}

/* `named`: what compose v2 takes from `name:`, which docker-compose v1 does not know; or NULL. */
static char *project_name(
	const struct cp_compose_loading *loading, const char *given, const char *named)
{
	const char *environment = cp_variables_get(loading->variables, "COMPOSE_PROJECT_NAME");
	cp_cleanup_free char *directory = realpath(loading->compose->directory, NULL);
	const char *slash = directory ? strrchr(directory, '/') : NULL;
	const char *chosen = given && *given               ? given
			     : environment && *environment ? environment
			     : named && *named             ? named
			     : slash                       ? slash + 1
							   : "";
	char *normal = normalize(chosen);
	if (!normal || *normal)
		return normal;
	free(normal);
	return strdup("default");
}

static int set_directory(struct cp_compose *compose, const char *path, struct cp_error **err)
{
	const char *slash = strrchr(path, '/');
	compose->directory = !slash          ? strdup(".")
			     : slash == path ? strdup("/")
					     : strndup(path, (size_t)(slash - path));
	return compose->directory ? 0 : cp_error_set(err, ENOMEM, "out of memory");
}

static int read_variables(struct cp_compose_loading *loading,
	const struct cp_compose_options *options, struct cp_error **err)
{
	if (options->env_file)
		return cp_variables_read(options->env_file, true, &loading->variables, err);
	cp_cleanup_free char *path = cp_compose_join(loading->compose->directory, ".env");
	if (!path)
		return cp_error_set(err, ENOMEM, "out of memory");
	return cp_variables_read(path, false, &loading->variables, err);
}

/* --- services ---------------------------------------------------------------------------- */

/* A copy of text that says something; *to stays NULL otherwise. */
static int copy(char **to, const char *text)
{
	if (!text || !*text)
		return 0;
	*to = strdup(text);
	return *to ? 0 : -1;
}

static int fill_build(struct cp_compose_service *service, const struct cp_yaml *build)
{
	if (!build || build->kind == CP_YAML_NULL)
		return 0;
	service->builds = true;
	service->inline_dockerfile = cp_yaml_text(build, "dockerfile_inline") != NULL;
	if (copy(&service->context,
		    build->kind == CP_YAML_TEXT ? build->text : cp_yaml_text(build, "context")) <
			0 ||
		copy(&service->dockerfile, cp_yaml_text(build, "dockerfile")) < 0)
		return -1;
	return copy(&service->target, cp_yaml_text(build, "target"));
}

static int fill_profiles(struct cp_compose_service *service, const struct cp_yaml *profiles)
{
	for (size_t i = 0; profiles && i < profiles->count; i++) {
		const struct cp_yaml *item = profiles->items[i].value;
		if (item->kind == CP_YAML_TEXT &&
			append(&service->profiles, &service->n_profiles, strdup(item->text)) < 0)
			return -1;
	}
	return 0;
}

static int fill_built_names(
	struct cp_compose_service *service, const char *project, const char *project_v1)
{
	if (!service->builds || service->image)
		return 0;
	if (asprintf(&service->image_v1, "%s_%s", project_v1, service->name) < 0)
		service->image_v1 = NULL;
	if (asprintf(&service->image_v2, "%s-%s", project, service->name) < 0)
		service->image_v2 = NULL;
	return service->image_v1 && service->image_v2 ? 0 : -1;
}

static int fill_service(struct cp_compose_service *service, const char *name,
	const struct cp_yaml *from, const struct cp_compose *compose, const char *project_v1)
{
	service->name = strdup(name);
	if (!service->name || copy(&service->image, cp_yaml_text(from, "image")) < 0 ||
		fill_build(service, cp_yaml_get(from, "build")) < 0 ||
		fill_profiles(service, cp_yaml_get(from, "profiles")) < 0)
		return -1;
	if (cp_compose_entry(cp_yaml_get(from, "entrypoint"), cp_yaml_get(from, "command"),
		    &service->entry) < 0)
		return -1;
	return fill_built_names(service, compose->project, project_v1);
}

static int fill_services(struct cp_compose_loading *loading, const struct cp_yaml *services,
	const char *project_v1, struct cp_error **err)
{
	struct cp_compose *compose = loading->compose;
	compose->services = calloc(services->count, sizeof(*compose->services));
	if (!compose->services)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < services->count; i++) {
		const struct cp_yaml_item *item = &services->items[i];
		const struct cp_yaml *service =
			cp_extends_resolve(loading, item->key, item->value, err);
		if (!service)
			return -1;
		compose->n_services++;
		if (fill_service(&compose->services[i], item->key, service, compose, project_v1) <
			0)
			return cp_error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* --- all of it --------------------------------------------------------------------------- */

struct merged {
	struct cp_yaml *services; /* NULL: none yet */
	const char *name;
};

static int add_included(struct cp_compose_loading *loading, const char *path,
	const struct cp_yaml *root, struct cp_yaml **services, struct cp_error **err)
{
	struct cp_yaml *include = cp_yaml_get(root, "include");
	if (!include)
		return 0;
	if (cp_interpolate_tree(
		    loading->pool, include, path, loading->variables, loading->compose, err) < 0)
		return -1;
	return cp_compose_include(loading, path, include, services, err);
}

static int merge_file(struct cp_compose_loading *loading, const char *path, struct merged *merged,
	struct cp_error **err)
{
	struct cp_yaml *services, *root;
	bool first = loading->compose->n_files == 0;
	if (cp_compose_read_file(loading, path, &services, &root, err) < 0)
		return -1;
	const char *name = cp_yaml_text(root, "name");
	merged->name = name ? name : merged->name;
	if (first && copy(&loading->compose->version, cp_yaml_text(root, "version")) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (add_included(loading, path, root, &services, err) < 0)
		return -1;
	if (!services)
		return 0;
	merged->services = merged->services
				   ? cp_merge_services(loading->pool, merged->services, services)
				   : services;
	if (!merged->services)
		return cp_yaml_pool_error(loading->pool, err);
	return check_services(merged->services, path, err);
}

int cp_compose_merge_files(struct cp_compose_loading *loading, struct cp_yaml **services,
	const char **name, struct cp_error **err)
{
	struct merged merged = {0};
	for (size_t i = 0; i < loading->n_files; i++)
		if (merge_file(loading, loading->files[i], &merged, err) < 0)
			return -1;
	*services = merged.services;
	if (name)
		*name = merged.name;
	return 0;
}

static int load(struct cp_compose_loading *loading, const struct cp_compose_options *options,
	struct cp_error **err)
{
	struct cp_compose *compose = loading->compose;
	struct cp_yaml *services = NULL;
	const char *name = NULL;
	if (set_directory(compose, options->files[0], err) < 0)
		return -1;
	loading->directory = compose->directory;
	loading->files = options->files;
	loading->n_files = options->n_files;
	if (read_variables(loading, options, err) < 0 ||
		cp_compose_merge_files(loading, &services, &name, err) < 0)
		return -1;
	if (!services || !services->count)
		return cp_error_set(err, EINVAL, "%s has no services", options->files[0]);
	cp_cleanup_free char *project_v1 = project_name(loading, options->project, NULL);
	compose->project = project_name(loading, options->project, name);
	if (!project_v1 || !compose->project)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (cp_extends_begin(loading, options->files[0], services, err) < 0)
		return -1;
	return fill_services(loading, services, project_v1, err);
}

int cp_compose_load(const struct cp_compose_options *options, struct cp_compose **compose,
	struct cp_error **err)
{
	struct cp_compose_loading loading = {
		.pool = cp_yaml_pool_make(), .compose = calloc(1, sizeof(struct cp_compose))};
	int status = loading.pool && loading.compose ? load(&loading, options, err)
						     : cp_error_set(err, ENOMEM, "out of memory");
	cp_extends_end(&loading);
	cp_variables_free(loading.variables);
	cp_yaml_pool_free(loading.pool);
	if (status < 0)
		cp_compose_free(loading.compose);
	else
		*compose = loading.compose;
	return status;
}
