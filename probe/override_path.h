/* SPDX-License-Identifier: MIT
 *
 * A template's Dockerfile as compose wants it told: relative to the service's build context.
 */
#ifndef CP_OVERRIDE_PATH_H
#define CP_OVERRIDE_PATH_H

enum cp_override_path {
	CP_OVERRIDE_PATH_FOUND,
	CP_OVERRIDE_PATH_NO_CONTEXT,    /* a URL, or a directory that is not there */
	CP_OVERRIDE_PATH_NO_DOCKERFILE, /* not there */
	CP_OVERRIDE_PATH_NO_MEMORY,
};

/* `dockerfile` is relative to the directory of the file `catalogue` (NULL: to the current one),
 * `context` (NULL: ".") to `project`. *path owned where it was found; it may begin with "../",
 * which docker-compose v1 and compose v2 take alike. */
enum cp_override_path cp_override_path(const char *dockerfile, const char *catalogue,
	const char *context, const char *project, char **path);

#endif
