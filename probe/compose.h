/* SPDX-License-Identifier: MIT
 *
 * Compose files, as people write them: v2 and v3, anchors and merge keys, extends, profiles,
 * several files merged by compose's rules, ${VAR:-default} with .env, build as string or mapping.
 * YAML through libfyaml; errors name file, line and column.
 */
#ifndef CP_COMPOSE_H
#define CP_COMPOSE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cp_compose_service {
	char *name;
	char *image;    /* as the merged file names it, or NULL */
	char *image_v1; /* the name that docker-compose v1 gives what it builds where `image` does
			   not: PROJECT_SERVICE */
	char *image_v2; /* and compose v2: PROJECT-SERVICE; both NULL where nothing is built */
	bool builds;    /* has a build section */
	char *context; /* build context relative to the project directory, or as given (absolute, ~,
			  a URL); or NULL */
	char *dockerfile;       /* as given, relative to the context; NULL: Dockerfile */
	bool inline_dockerfile; /* build.dockerfile_inline: there is no file */
	char *target;           /* build target, or NULL */
	char *entry; /* the command's script where it is `node FILE`; NULL: not told here */
	char **profiles;
	size_t n_profiles;
};

struct cp_compose {
	char *project;   /* -p, COMPOSE_PROJECT_NAME, name:, else the directory's name normalized */
	char *directory; /* project directory: that of the first file, as given */
	char *version;   /* of the first file, or NULL */
	char **files;    /* real paths of all that was read, extended files included */
	size_t n_files;
	char **warnings; /* sentences: variables that are not set, what is not followed */
	size_t n_warnings;
	struct cp_compose_service *services; /* in file order */
	size_t n_services;
};

struct cp_compose_options {
	const char *const *files;
	size_t n_files;       /* at least one */
	const char *project;  /* NULL: not given */
	const char *env_file; /* NULL: .env of the project directory */
};

/* 0 with *compose owned, or -1: broken YAML, cycles in extends or anchors, a variable that is
 * required (${X:?…}), a file that is not there, no service at all, format 1 (no services:). A
 * service without image and build is no error here: both are NULL. */
int cp_compose_load(const struct cp_compose_options *options, struct cp_compose **compose,
	struct cp_error **err);
void cp_compose_free(struct cp_compose *compose);

#endif
