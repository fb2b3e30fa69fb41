/* SPDX-License-Identifier: MIT */
#include "override_path.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "compose_parts.h"
#include "memory.h"

/* The real path of "DIRECTORY/PATH"; NULL where it is not there. */
static char *real_below(const char *directory, const char *path)
{
	cp_cleanup_free char *joined = cp_compose_join(directory, path);
	return joined ? realpath(joined, NULL) : NULL;
}

static char *real_context(const char *context, const char *project)
{
	const char *home = getenv("HOME");
	if (context && context[0] == '~' && (context[1] == '/' || !context[1]) && home)
		return real_below(home, context[1] ? context + 2 : ".");
	return real_below(project, context ? context : ".");
}

static char *real_dockerfile(const char *dockerfile, const char *catalogue)
{
	const char *slash = catalogue ? strrchr(catalogue, '/') : NULL;
	cp_cleanup_free char *directory =
		slash ? strndup(catalogue, (size_t)(slash - catalogue) + (slash == catalogue))
		      : strdup(".");
	return directory ? real_below(directory, dockerfile) : NULL;
}

/* From one real directory to a real path: up from where they part, and down again. */
static char *relative(const char *from, const char *to)
{
	size_t common = 0, up = 0;
	if (!from[1])
		from = ""; /* the root, the one directory that ends with its slash */
	for (size_t i = 0;; i++) {
		bool both_end = (!from[i] || from[i] == '/') && (!to[i] || to[i] == '/');
		common = both_end ? i : common;
		if (from[i] != to[i] || !from[i])
			break;
	}
	for (const char *rest = from + common; *rest; rest++)
		up += *rest == '/';
	const char *down = to + common + (to[common] == '/');
	char *path = malloc(3 * up + strlen(down) + 1);
	if (!path)
		return NULL;
	for (size_t i = 0; i < up; i++)
		memcpy(path + 3 * i, "../", 3);
	strcpy(path + 3 * up, down);
	return path;
}

enum cp_override_path cp_override_path(const char *dockerfile, const char *catalogue,
	const char *context, const char *project, char **path)
{
	struct stat status;
	cp_cleanup_free char *from = real_context(context, project);
	cp_cleanup_free char *to = real_dockerfile(dockerfile, catalogue);
	if (!from || stat(from, &status) < 0 || !S_ISDIR(status.st_mode))
		return CP_OVERRIDE_PATH_NO_CONTEXT;
	if (!to || stat(to, &status) < 0 || !S_ISREG(status.st_mode))
		return CP_OVERRIDE_PATH_NO_DOCKERFILE;
	*path = relative(from, to);
	return *path ? CP_OVERRIDE_PATH_FOUND : CP_OVERRIDE_PATH_NO_MEMORY;
}
