/* SPDX-License-Identifier: MIT */
#include "project.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "open_image.h"
#include "sandbox.h"

void cp_project_clear(struct cp_project *project)
{
	free(project->bases);
	cp_catalogue_free(project->catalogue);
	cp_compose_free(project->compose);
	*project = (struct cp_project){0};
}

/* --- the image of a service ----------------------------------------------------------- */

static const char *given_image(const struct cp_options *options, const char *service)
{
	size_t length = strlen(service);
	for (size_t i = 0; i < options->n_images; i++)
		if (strncmp(options->images[i], service, length) == 0 &&
			options->images[i][length] == '=')
			return options->images[i] + length + 1;
	return NULL;
}

static int open_reference(const struct cp_project *project, const char *text,
	struct cp_image **image, struct cp_error **err)
{
	struct cp_image_ref ref = {0};
	int result = cp_image_ref_parse(text, &ref, err);
	if (result == 0)
		result = cp_open_image(project->options, &ref, image, err);
	cp_image_ref_clear(&ref);
	return result;
}

static int open_in_engine(const struct cp_project *project, const char *name,
	struct cp_image **image, struct cp_error **err)
{
	struct cp_image_ref ref = {.transport = CP_TRANSPORT_DAEMON, .path = (char *)name};
	return cp_open_image(project->options, &ref, image, err);
}

/* What the user says, else what the engine has under the names that compose would give. The first
 * failure is the one told. */
int cp_project_open_image(const struct cp_project *project,
	const struct cp_compose_service *service, struct cp_image **image, struct cp_error **err)
{
	const char *given = given_image(project->options, service->name);
	if (given)
		return open_reference(project, given, image, err);
	const char *names[] = {service->image, service->builds ? service->image_v2 : NULL,
		service->builds ? service->image_v1 : NULL};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cp_cleanup_error struct cp_error *failure = NULL;
		if (!names[i])
			continue;
		if (open_in_engine(project, names[i], image, &failure) == 0)
			return 0;
		if (err && !*err)
			*err = cp_take(failure);
	}
	if (err && !*err)
		cp_error_set(err, ENOENT, "it names no image and builds none");
	return -1;
}

/* --- the project ---------------------------------------------------------------------- */

static int check_image_options(const struct cp_project *project, const char *command)
{
	for (size_t i = 0; i < project->options->n_images; i++) {
		bool known = false;
		for (size_t k = 0; k < project->compose->n_services && !known; k++)
			known = given_image(
					&(struct cp_options){
						.images = {project->options->images[i]},
						.n_images = 1},
					project->compose->services[k].name) != NULL;
		if (!known)
			return cp_usage(command, "--image %s: the project has no such service",
				project->options->images[i]);
	}
	return 0;
}

static const char *default_file(void)
{
	/* The order of the compose specification. */
	static const char *const names[] = {
		"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (access(names[i], F_OK) == 0)
			return names[i];
	return NULL;
}

static int read_project(
	struct cp_project *project, const struct cp_compose_options *wanted, struct cp_error **err)
{
	if (cp_compose_load(wanted, &project->compose, err) < 0 ||
		cp_catalogue_load(project->compose->directory, project->options->catalogue,
			&project->catalogue, err) < 0)
		return -1;
	size_t count = project->catalogue->n_templates;
	project->bases = calloc(count + 1, sizeof(*project->bases));
	if (!project->bases)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++)
		project->bases[i] = project->catalogue->templates[i].base;
	return 0;
}

int cp_project_load(
	struct cp_project *project, const struct cp_options *options, const char *command)
{
	cp_cleanup_error struct cp_error *err = NULL;
	const char *here = default_file();
	struct cp_compose_options wanted = {.files = options->compose_files,
		.n_files = options->n_compose_files,
		.project = options->project};
	*project = (struct cp_project){.options = options};
	if (wanted.n_files == 0) {
		if (!here)
			return cp_usage(command, "which compose file? there is none here: -f FILE");
		wanted.files = &here;
		wanted.n_files = 1;
	}
	if (read_project(project, &wanted, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	for (size_t i = 0; i < project->compose->n_warnings && !options->quiet; i++)
		cp_warn("%s", project->compose->warnings[i]);
	return check_image_options(project, command);
}

void cp_project_confine(const struct cp_project *project)
{
	const struct cp_options *options = project->options;
	struct cp_sandbox sandbox = {.network = cp_sandbox_network_of("docker-daemon:")};
	cp_cleanup_free const char **inputs =
		calloc(project->catalogue->n_templates + options->n_images + 1, sizeof(*inputs));
	if (inputs)
		inputs[sandbox.n_inputs++] = project->compose->directory;
	for (size_t i = 0; inputs && i < project->catalogue->n_templates; i++)
		if (project->bases[i])
			inputs[sandbox.n_inputs++] = project->bases[i];
	for (size_t i = 0; inputs && i < options->n_images; i++)
		inputs[sandbox.n_inputs++] = strchr(options->images[i], '=') + 1;
	sandbox.inputs = inputs;
	cp_sandbox_enter_with(sandbox, options);
}
