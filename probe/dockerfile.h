/* SPDX-License-Identifier: MIT
 *
 * Dockerfiles, as far as a template's answer needs them: the base that the last stage ends on and
 * the distribution packages that its stages add.
 *
 * Syntax as Docker documents it: parser directives (escape), line continuations, comments,
 * heredocs, ARG before FROM with defaults and ${VAR:-x} forms, FROM --platform, stages by name and
 * number.
 */
#ifndef CP_DOCKERFILE_H
#define CP_DOCKERFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cp_dockerfile_package {
	char *name;    /* without =version */
	char *base;    /* image that the stage which adds it ends on; NULL: scratch */
	unsigned line; /* 1-based */
};

struct cp_dockerfile {
	char *path;
	char *base;     /* image that the last stage ends on, ARGs filled in; NULL: scratch */
	char *platform; /* of that FROM, or NULL */
	unsigned base_line;
	struct cp_dockerfile_package *apt, *apk; /* of the last stage and the stages it is FROM */
	size_t n_apt, n_apk;
	struct cp_dockerfile_package *build_apt, *build_apk; /* of the stages it copies from */
	size_t n_build_apt, n_build_apk;
	bool makes_python; /* one of these stages makes a command "python": ln, update-alternatives
			    */
};

/* Reads and parses the file. 0 with *dockerfile owned, or -1 with an error that names file and
 * line. */
int cp_dockerfile_read(const char *path, struct cp_dockerfile **dockerfile, struct cp_error **err);
int cp_dockerfile_parse(const char *text, size_t size, const char *path,
	struct cp_dockerfile **dockerfile, struct cp_error **err);
void cp_dockerfile_free(struct cp_dockerfile *dockerfile);

#endif
