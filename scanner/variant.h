/* SPDX-License-Identifier: MIT
 *
 * Variants: which of a package's builds its own JavaScript loader picks on a target.
 *
 * A package ships its addon in several builds, and how its loader chooses among them
 * is its own affair: node-gyp-build looks for /etc/alpine-release, napi-rs reads
 * /usr/bin/ldd, Temporal's bridge knows one fixed triple. Each such way is a *scheme*,
 * one file in schemes/, with its own test. A scheme is told by what is in the package
 * (its dependencies, its files), never by the package's name; the few packages
 * with a way of their own are rows of a table (schemes/fixed_paths.c).
 *
 *   package directory ─▶ first scheme that applies ─▶ pick: the file it would require,
 *                                                     or the platform package it misses
 *
 * Schemes read the target root only: what the loader would see *there*.
 */
#ifndef CP_VARIANT_H
#define CP_VARIANT_H

#include <jansson.h>

#include "load.h"

/* What a package's loader can ask of the machine it runs on. */
struct cp_platform {
	enum cp_libc libc;       /* of the running node: GLIBC or MUSL */
	const char *arch;        /* Node's process.arch: "x64", "arm64" */
	int node_major;          /* 0: not known */
	int node_module_version; /* NODE_MODULE_VERSION (ABI); -1: not known */
	int node_api;            /* process.versions.napi; -1: not known */
	bool alpine_release;     /* /etc/alpine-release exists on the target */
};

/* A package as a scheme sees it. */
struct cp_variant_context {
	const struct cp_root *root; /* the target's */
	const struct cp_platform *platform;
	const char *directory;  /* of the package, absolute, canonical in the root */
	const json_t *manifest; /* its package.json, an object; borrowed */
};

enum cp_pick_state {
	CP_PICK_NONE,    /* no scheme applies: this package loads nothing native by itself */
	CP_PICK_FOUND,   /* `path` is what its loader would load */
	CP_PICK_MISSING, /* its loader finds nothing here; `wanted` says what it asked for last */
};

#define CP_PICK_MAX_NEXT 64u /* of next[] and wanted[]; a hostile package cannot make more */

struct cp_pick {
	enum cp_pick_state state;
	const char *scheme; /* static: "node-gyp-build", "napi-rs", … */
	char *path;         /* canonical path of the object; NULL unless FOUND */
	char **next;        /* what its loader tries after it where loading `path` fails, in that
			       order (koffi, cmake-ts, napi-rs); canonical, no path twice */
	size_t n_next;
	char **wanted; /* npm names of platform packages that would serve, best first */
	size_t n_wanted;
	bool compiled_at_install; /* the scheme (prebuild-install, node-pre-gyp, node-gyp) fixes the
				     variant when it is installed: on another libc a fresh install
				     would fetch or build another one */
};

/* One way of choosing. `applies` looks at the manifest and files only; `pick` fills a zeroed pick
 * and returns 0, or -1 (no memory). Both are called for each package and target. */
struct cp_scheme {
	const char *name;
	bool (*applies)(const struct cp_variant_context *context);
	int (*pick)(const struct cp_variant_context *context, struct cp_pick *pick,
		struct cp_error **err);
};

/* All schemes, in the order in which they are asked; NULL-terminated. */
extern const struct cp_scheme *const cp_schemes[];

/* Asks the schemes in turn. 0 with *pick filled (cp_pick_clear), or -1. */
int cp_variant_pick(
	const struct cp_variant_context *context, struct cp_pick *pick, struct cp_error **err);
void cp_pick_clear(struct cp_pick *pick);

/* --- builds on disk -------------------------------------------------------------- */

#define CP_BUILDS_MAX 1024u /* of one package; what is over it is left out */

/* A build of a package's addon, or of the program that it brings. */
struct cp_build {
	char *path;    /* canonical */
	char *package; /* npm name of the platform package that it is in; NULL: the package's own */
	const char *os;    /* static: "linux", "darwin", "win32", …; NULL: not known */
	const char *arch;  /* static, Node's name; NULL: not known */
	enum cp_libc libc; /* that it was built for; CP_LIBC_UNKNOWN: not known */
};

struct cp_builds {
	struct cp_build *items;
	size_t count, size;
};

/* All builds of the package that lie in the root, whoever they are for: the *.node in it, and
 * what the platform packages among its optionalDependencies have that are installed. Told by the
 * files; by their names only where a file tells nothing. 0 with *builds (cp_builds_clear), or -1.
 */
int cp_variant_builds(
	const struct cp_variant_context *context, struct cp_builds *builds, struct cp_error **err);
void cp_builds_clear(struct cp_builds *builds);

#endif
