/* SPDX-License-Identifier: MIT
 *
 * What the parts of the compose reader know of each other.
 *
 *   files ─ YAML ─ interpolation ─ merge of the files ─ extends, service by service ─ services
 *                      │
 *             environment and .env
 */
#ifndef CP_COMPOSE_PARTS_H
#define CP_COMPOSE_PARTS_H

#include "compose.h"
#include "yaml.h"

#define CP_COMPOSE_MAX_SERVICES 1000
#define CP_COMPOSE_MAX_WARNINGS 200

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

struct cp_compose_loading {
	struct cp_yaml_pool *pool;
	struct cp_variables *variables;
	struct cp_compose *compose;
	struct cp_compose_unit *units; /* the first one: the merged files */
};

/* Reads a file's `services`, interpolated; NULL where it has none. *root (may be NULL) is all of
 * it. */
int cp_compose_read_file(struct cp_compose_loading *loading, const char *path,
	struct cp_yaml **services, struct cp_yaml **root, struct cp_error **err);

/* Makes the first unit. `path`: the first file. */
int cp_extends_begin(struct cp_compose_loading *loading, const char *path, struct cp_yaml *services,
	struct cp_error **err);
/* A service of the first unit with all that it extends merged in; paths are then relative to the
 * project directory. NULL with an error. */
struct cp_yaml *cp_extends_resolve(struct cp_compose_loading *loading, const char *name,
	struct cp_yaml *service, struct cp_error **err);
void cp_extends_end(struct cp_compose_loading *loading);

/* --- commands (compose_command.c) --------------------------------------------------------- */

/* The script of `node [OPTION…] SCRIPT` among the words of entrypoint and command; each is a list
 * or a line of shell words, or NULL. *entry owned; NULL where node is not told. 0 or -1. */
int cp_compose_entry(const struct cp_yaml *entrypoint, const struct cp_yaml *command, char **entry);

/* --- paths (compose_extends.c) ------------------------------------------------------------ */

/* "DIRECTORY/PATH", or PATH alone where it is absolute or DIRECTORY is "" or ".". Owned. */
char *cp_compose_join(const char *directory, const char *path);

#endif
