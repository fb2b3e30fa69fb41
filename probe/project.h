/* SPDX-License-Identifier: MIT
 *
 * A compose project, the templates that its services may be built from, and their images.
 */
#ifndef CP_PROJECT_H
#define CP_PROJECT_H

#include "catalogue.h"
#include "compose.h"
#include "image.h"
#include "options.h"

struct cp_project {
	const struct cp_options *options;
	struct cp_compose *compose;
	struct cp_catalogue *catalogue;
	const char **bases; /* one per template, and room for one more */
};

/* Reads what the options name: compose files (else those of here), the catalogue. What is wrong is
 * told, and so are warnings. 0 or an exit status. */
int cp_project_load(
	struct cp_project *project, const struct cp_options *options, const char *command);
void cp_project_clear(struct cp_project *project);

/* Enters the sandbox: the project's own files are read by now, what comes are images. */
void cp_project_confine(const struct cp_project *project);

/* The image of a service: what the user says, else what the engine has under the names that compose
 * would give. 0 or -1. */
int cp_project_open_image(const struct cp_project *project,
	const struct cp_compose_service *service, struct cp_image **image, struct cp_error **err);

#endif
