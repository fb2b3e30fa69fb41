/* SPDX-License-Identifier: MIT
 *
 * What the parts of the compose reader know of each other.
 *
 *   files ─ YAML ─ interpolation ─ include ─ merge of the files ─ extends, service by service ─
 * services │              └─ projects of their own, from the left again environment and .env
 */
#ifndef CP_COMPOSE_PARTS_H
#define CP_COMPOSE_PARTS_H

#include "compose.h"
#include "yaml.h"

#define CP_COMPOSE_MAX_SERVICES 1000
#define CP_COMPOSE_MAX_WARNINGS 200
#define CP_COMPOSE_MAX_FILES 500

/* Adds a warning that is not there yet. 0, or -1 without memory. */
int cp_compose_warn(struct cp_compose *compose, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Notes a file that the project was read from (its real path). 0 or -1. */
int cp_compose_note_file(struct cp_compose *compose, const char *path, struct cp_error **err);

/* --- variables (compose_variables.c) ------------------------------------------------------ */

struct cp_variables;

/* The process's environment over the variables of a file as of .env. Where the file is not there:
 * an error if `required`. 0 or -1. */
int cp_variables_read(
	const char *path, bool required, struct cp_variables **variables, struct cp_error **err);
/* Adds the variables of a further file, over those that are there. 0 or -1. */
int cp_variables_add_file(
	struct cp_variables *variables, const char *path, bool required, struct cp_error **err);
/* Adds all of another's, over those that are there. 0, or -1 without memory. */
int cp_variables_overlay(struct cp_variables *variables, const struct cp_variables *over);
int cp_variables_parse(
	struct cp_variables *variables, const char *text, const char *name, struct cp_error **err);
struct cp_variables *cp_variables_make(void); /* the environment alone; NULL without memory */
/* The value; NULL: not set. */
const char *cp_variables_get(const struct cp_variables *variables, const char *name);
void cp_variables_free(struct cp_variables *variables);

/* --- interpolation (compose_interpolate.c) ------------------------------------------------ */

enum cp_dollar {
	CP_DOLLAR_COMPOSE, /* $X, ${X…}, $$; anything else is an error */
	CP_DOLLAR_DOTENV,  /* ${X…} alone; any other $ is itself */
};

/* The text with its variables filled in, owned; NULL with an error. Variables that are not set are
 * told in compose->warnings (NULL: not told). */
char *cp_interpolate(const char *text, enum cp_dollar dollar, const struct cp_variables *variables,
	struct cp_compose *compose, struct cp_error **err);

/* Fills in all text below `node`, once; `name` is the file's for errors. 0 or -1. */
int cp_interpolate_tree(struct cp_yaml_pool *pool, struct cp_yaml *node, const char *name,
	const struct cp_variables *variables, struct cp_compose *compose, struct cp_error **err);

/* --- merging (compose_merge.c) ------------------------------------------------------------ */

/* A service of one file over the same service of the files before it, or over the one that it
 * extends. NULL where the pool is at its end. `base` and `over` stay as they are. */
struct cp_yaml *cp_merge_service(
	struct cp_yaml_pool *pool, const struct cp_yaml *base, const struct cp_yaml *over);
/* The services of one file over those of the files before it. */
struct cp_yaml *cp_merge_services(
	struct cp_yaml_pool *pool, const struct cp_yaml *base, const struct cp_yaml *over);

/* --- extends (compose_extends.c) ---------------------------------------------------------- */

struct cp_compose_unit; /* a file, or the merged files */

/* One project that is being read: the user's, or one that it includes. */
struct cp_compose_loading {
	struct cp_yaml_pool *pool;
	struct cp_variables *variables;
	struct cp_compose *compose;
	struct cp_compose_unit *units; /* the first one: the merged files */
	const char *directory;         /* of the project, from where the command runs */
	const char *const *files;
	size_t n_files;
	const struct cp_compose_loading *includer; /* NULL: the user's */
};

/* Reads a file's `services`, interpolated; NULL where it has none. *root (may be NULL) is all of
 * it. */
int cp_compose_read_file(struct cp_compose_loading *loading, const char *path,
	struct cp_yaml **services, struct cp_yaml **root, struct cp_error **err);
/* Reads the project's files with what they include, and merges them; *services is NULL where there
 * are none. *name (may be NULL): the project's. 0 or -1. */
int cp_compose_merge_files(struct cp_compose_loading *loading, struct cp_yaml **services,
	const char **name, struct cp_error **err);

/* Makes the first unit. `path`: the first file. */
int cp_extends_begin(struct cp_compose_loading *loading, const char *path, struct cp_yaml *services,
	struct cp_error **err);
/* A service of the first unit with all that it extends merged in; paths are then relative to the
 * project directory. NULL with an error. */
struct cp_yaml *cp_extends_resolve(struct cp_compose_loading *loading, const char *name,
	struct cp_yaml *service, struct cp_error **err);
void cp_extends_end(struct cp_compose_loading *loading);

/* The service with its build context told from `prefix`'s parent. NULL: the pool's end. */
struct cp_yaml *cp_compose_rebase(
	struct cp_yaml_pool *pool, const char *prefix, struct cp_yaml *service);

/* --- include (compose_include.c) ----------------------------------------------------------- */

/* Puts the services of what `list` (interpolated) includes before a file's own. 0 or -1. */
int cp_compose_include(struct cp_compose_loading *loading, const char *file, struct cp_yaml *list,
	struct cp_yaml **services, struct cp_error **err);

/* --- commands (compose_command.c) --------------------------------------------------------- */

/* The script of `node [OPTION…] SCRIPT` among the words of entrypoint and command; each is a list
 * or a line of shell words, or NULL. *entry owned; NULL where node is not told. 0 or -1. */
int cp_compose_entry(const struct cp_yaml *entrypoint, const struct cp_yaml *command, char **entry);

/* --- paths (compose_extends.c) ------------------------------------------------------------ */

/* "DIRECTORY/PATH", or PATH alone where it is absolute or DIRECTORY is "" or ".". Owned. */
char *cp_compose_join(const char *directory, const char *path);

#endif
