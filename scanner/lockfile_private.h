/* SPDX-License-Identifier: MIT
 *
 * What the readers of lock files share: the table they fill, and a walk over YAML.
 */
#ifndef CP_LOCKFILE_PRIVATE_H
#define CP_LOCKFILE_PRIVATE_H

#include "lockfile.h"

#define CP_LOCKFILE_MAX_ENTRIES 1000000u
#define CP_LOCKFILE_MAX_WORDS 64u /* of os, cpu and libc each */

/* A piece of the file, or of a token: not NUL-terminated. */
struct cp_piece {
	const char *text;
	size_t length;
};

bool cp_piece_is(struct cp_piece piece, const char *text);
struct cp_piece cp_piece_of(const char *text);

/* --- the table (lockfile.c) -------------------------------------------------- */

/* Adds an entry. One of the same name and version that is there already is merged with it when the
 * table is finished. Returns it, valid until the next is added; NULL: no memory, or too many. */
struct cp_locked *cp_lockfile_add(struct cp_lockfile *lockfile, struct cp_piece name,
	struct cp_piece version, struct cp_error **err);
/* Gives the entry another version. 0 or -1. */
int cp_locked_set_version(struct cp_locked *locked, struct cp_piece version, struct cp_error **err);
/* Appends a word to os, cpu or libc. 0 or -1. */
int cp_locked_add_word(char ***words, struct cp_piece word, struct cp_error **err);

/* "@scope/name@RANGE": splits at the @ that is no scope's. Where there is none, all is the name. */
void cp_split_descriptor(struct cp_piece descriptor, struct cp_piece *name, struct cp_piece *range);

/* --- readers, one a format ---------------------------------------------------- */

int cp_lockfile_read_npm(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err);
int cp_lockfile_read_pnpm(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err);
int cp_lockfile_read_yarn(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err);

/* --- YAML (lockfile_yaml.c) ---------------------------------------------------- */

/* Where in a document a key or a text stands: the keys above it, the outermost first. */
struct cp_yaml_path {
	const struct cp_piece *keys;
	size_t depth; /* how many */
};

/* What a reader wants to know. Each returns 0, or -1 with *err. */
struct cp_yaml_visitor {
	/* A key was met; it is the last of the path. */
	int (*key)(void *context, const struct cp_yaml_path *path, struct cp_error **err);
	/* A text as the value of the path's last key, or one of a list's. */
	int (*text)(void *context, const struct cp_yaml_path *path, struct cp_piece text,
		struct cp_error **err);
};

/* Walks all documents of a YAML stream. Linear in time and flat in memory: libfyaml's documents
 * look for doubled keys by comparing each key with each, its events do not. */
int cp_yaml_walk(const char *data, size_t size, const char *label,
	const struct cp_yaml_visitor *visitor, void *context, struct cp_error **err);

#endif
