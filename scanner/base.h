/* SPDX-License-Identifier: MIT
 *
 * A base: what an image like node:20-alpine offers a loader, as an index.
 *
 * Shipped bases and Node export lists are built into the library (scanner/bases/,
 * scanner/programs/), so that the command is one file. A base file is text: a
 * readable head (where it comes from, its libraries, links and packages), then the
 * exported names (docs/base-format.md).
 */
#ifndef CP_BASE_H
#define CP_BASE_H

#include <stdio.h>

#include "index.h"
#include "load.h"

struct cp_base {
	char *name;         /* "debian-bookworm" */
	char *source;       /* where it was made from, one sentence */
	char *os_id;        /* os-release ID, or NULL */
	char *os_version;   /* os-release VERSION_ID, or NULL */
	char *architecture; /* Docker's name */
	char *libc_version; /* "2.36", "1.2.5" */
	enum cp_libc libc;
	char *note;   /* what cp_base_find had to assume of a name, one sentence, or NULL */
	bool gcompat; /* musl with gcompat's glibc-named loader */
	struct cp_index *index;
};

/* Names of the shipped bases, sorted; NULL-terminated static array. */
const char *const *cp_base_names(void);

/* A target as the user may name it: a shipped base, an alias (alpine: the newest
 * shipped Alpine; debian: bookworm, what node:NN means), an image name
 * (node:20-alpine3.20, node:20-bullseye-slim, node:22-alpine, docker.io/library/… too),
 * or the path of a base file. *node_major is the Node version that the name tells, or 0 (also for
 * node:lts and the like, which name another version every year). Where a name leaves something
 * open, (*base)->note says what was taken.
 * 0, or -1 with an error that lists what is known. */
int cp_base_find(const char *name, struct cp_base **base, int *node_major, struct cp_error **err);

/* Base files. Reading is strict: every count and length is checked, and errors name the line. */
int cp_base_read(const char *text, size_t size, const char *label, struct cp_base **base,
	struct cp_error **err);
int cp_base_write(const struct cp_base *base, FILE *file, struct cp_error **err);

/* Reduces a merged root to a base: libraries in loader directories, loaders, links, loader
 * configuration, os-release. `name` and `source` are copied. The libc and its version are read off
 * the root: glibc's from the versions that it defines, musl's from apk's database, the release of
 * Alpine, or its exports (base_libc.c). */
int cp_base_from_root(const struct cp_index *root, const char *name, const char *source,
	struct cp_base **base, struct cp_error **err);

/* The libc of a root, as cp_base_from_root reads it: sets *libc, *machine and *version (owned; NULL
 * where not known). Returns 0; CP_LIBC_NONE where there is no loader. */
int cp_root_libc(const struct cp_index *root, enum cp_libc *libc, uint16_t *machine, char **version,
	struct cp_error **err);

void cp_base_free(struct cp_base *base);
void cp_base_cleanup(struct cp_base **base);
#define cp_cleanup_base __attribute__((cleanup(cp_base_cleanup)))

/* The exports of the official Node of a major version, as a program's facts: what an addon finds
 * in the global scope, without versions. `needed` and the interpreter are those of the official
 * build for `libc` and `machine`; Node 26 needs libatomic.so.1 on glibc, which its images add.
 * *facts is owned by the caller. 0, or -1 with an error that lists the majors that are shipped. */
int cp_node_program(int major, enum cp_libc libc, uint16_t machine, struct cp_facts **facts,
	struct cp_error **err);
/* Whether `symbol` is of the kind that the shipped lists leave out (V8's internals, ICU, …), so
 * that its absence proves nothing. Names of std:: are left out too, but libstdc++ has those: for
 * them this is false. */
bool cp_node_list_omits(const char *symbol);
/* Whether `symbol` is one that only a Node program provides: napi_*, node_*, uv_*, and C++ names
 * whose outermost scope is v8, node, cppgc or that of V8's inspector. */
bool cp_node_symbol(const char *symbol);
/* The Node-API version of Node MAJOR and its NODE_MODULE_VERSION, as the program that the shipped
 * list was made from says them (process.versions.napi and .modules); -1 where there is no list.
 * Earlier releases of a major version may have a lower Node-API version. */
int cp_node_api_version(int major);
int cp_node_module_version(int major);

#endif
