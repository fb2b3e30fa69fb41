/* SPDX-License-Identifier: MIT
 *
 * The catalogue: the Dockerfile templates that services are built from, in order of preference.
 *
 * compatprobe.yaml, looked for beside the compose file, then upwards, then
 * $XDG_CONFIG_HOME/compatprobe/ and /etc/compatprobe/:
 *
 *     templates:
 *       - name: alpine
 *         dockerfile: infrastructure/docker/templates/node-service-production.Dockerfile
 *         base: node:20-alpine        # optional: read from the Dockerfile
 *
 * Without one, the two templates of a common platform are assumed: alpine on node:20-alpine,
 * debian-ml on node:20-bullseye-slim.
 */
#ifndef CP_CATALOGUE_H
#define CP_CATALOGUE_H

#include "base.h"
#include "dockerfile.h"

struct cp_template {
	char *name;
	char *dockerfile; /* path as given, relative to the catalogue's directory */
	char *base;       /* image name: from the catalogue, else the Dockerfile's last stage */
	struct cp_dockerfile *parsed; /* NULL where the file is not there (an assumed template) */
	char **packages;
	size_t n_packages; /* distribution packages that the template adds */
};

struct cp_catalogue {
	char *path; /* NULL: assumed */
	struct cp_template *templates;
	size_t n_templates;
};

/* `start`: directory to look from. 0 with *catalogue owned, or -1 (broken YAML: line and column;
 * a Dockerfile that is not there; a template without a base, or whose base is unknown: says how to
 * make one with `base create`). */
int cp_catalogue_load(const char *start, const char *explicit_path, struct cp_catalogue **catalogue,
	struct cp_error **err);
/* The base that a template ends on. 0 with *base owned, or -1 with an error that says how to make
 * it known. */
int cp_catalogue_base(const char *name, struct cp_base **base, struct cp_error **err);
void cp_catalogue_free(struct cp_catalogue *catalogue);

#endif
