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
	char *image;      /* as the merged file names it, or NULL */
	char *image_v1;   /* the name that docker-compose v1 gives a built image: PROJECT_SERVICE */
	char *image_v2;   /* and compose v2: PROJECT-SERVICE */
	bool builds;      /* has a build section */
	char *context;    /* build context, or NULL */
	char *dockerfile; /* as given, relative to the context; NULL: Dockerfile */
	char *target;     /* build target, or NULL */
	char *entry;      /* the command's script where it is `node FILE`; NULL: not told here */
	char **profiles;
	size_t n_profiles;
};

struct cp_compose {
	char *project;   /* -p, COMPOSE_PROJECT_NAME, name:, else the directory's name normalized */
	char *directory; /* project directory */
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
 * required
 * (${X:?…}), a file that is not there. */
int cp_compose_load(const struct cp_compose_options *options, struct cp_compose **compose,
	struct cp_error **err);
void cp_compose_free(struct cp_compose *compose);

#endif
