/* SPDX-License-Identifier: MIT
 *
 * What the schemes share: asking the target's files, and offering what a loader tries.
 *
 * A loader is a list of paths in an order. A scheme walks the same list and offers each path:
 * the first that is a file becomes the pick, and those behind it the ones that are tried where
 * loading fails. A scheme whose loader gives up at the first failure stops at the first file.
 *
 *     if (cp_offer(...) != 0) return ...    the loader stops here
 *     cp_offer(...); cp_offer(...)          the loader goes on after a failure
 */
#ifndef CP_SCHEME_H
#define CP_SCHEME_H

#include "error.h"
#include "variant.h"

/* --- the package ------------------------------------------------------------ */

/* A string of the manifest; NULL where it is not one, or empty. */
const char *cp_manifest_string(const struct cp_variant_context *context, const char *key);
/* Whether `name` is among the dependencies or optionalDependencies. */
bool cp_manifest_depends(const struct cp_variant_context *context, const char *name);
/* Whether the package's directory is one where Node finds packages (node_modules/NAME,
 * node_modules/@SCOPE/NAME). */
bool cp_in_node_modules(const struct cp_variant_context *context);
/* Whether installing the package may compile or fetch its addon: a binding.gyp, a CMakeLists.txt
 * or an install script. */
bool cp_builds_at_install(const struct cp_variant_context *context);

/* --- the target's files ------------------------------------------------------- */

/* Whether there is anything at the path, relative to the package (links are followed). */
bool cp_package_has(const struct cp_variant_context *context, const char *relative);
/* Finds the directory of the package `name` as Node does from the package at hand
 * ("Loading from node_modules folders"), or as Yarn's Plug'n'Play unpacks it; true with
 * *found. */
bool cp_find_package(
	const struct cp_variant_context *context, const char *name, struct cp_found *found);
/* The package.json in the directory `found`, parsed; NULL where there is none. A new reference. */
json_t *cp_package_manifest(const struct cp_variant_context *context, const struct cp_found *found);

/* The names in a directory, in the order of fs.readdirSync (bytes). */
struct cp_listing {
	const char **names; /* borrowed from the index */
	size_t count, size;
};
/* Lists the directory at an absolute path, except for its directories; one that is not there is
 * empty. 0 or -1. */
int cp_list_files(const struct cp_variant_context *context, const char *path,
	struct cp_listing *listing, struct cp_error **err);
/* The same for the directories in it. */
int cp_list_directories(const struct cp_variant_context *context, const char *path,
	struct cp_listing *listing, struct cp_error **err);
void cp_listing_cleanup(struct cp_listing *listing);
#define cp_cleanup_listing __attribute__((cleanup(cp_listing_cleanup)))

#define CP_ADDONS_MAX 256u    /* of one package */
#define CP_ADDONS_MAX_DEPTH 8 /* of directories in it that are looked into */

/* The *.node below a directory, but for those in its node_modules; by bytes, the files of a
 * directory before its directories. */
struct cp_addons {
	char *paths[CP_ADDONS_MAX]; /* owned */
	size_t count;
};
/* 0 or -1. What is over the caps is left out. */
int cp_find_addons(const struct cp_variant_context *context, const char *path,
	struct cp_addons *addons, struct cp_error **err);
void cp_addons_cleanup(struct cp_addons *addons);
#define cp_cleanup_addons __attribute__((cleanup(cp_addons_cleanup)))

/* Writes a path; false where it is longer than a path can be. */
bool cp_path_write(char path[CP_INDEX_MAX_PATH + 1], const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Whether `name` ends in `suffix` and is longer. */
bool cp_ends_with(const char *name, const char *suffix);

/* --- the machine -------------------------------------------------------------- */

/* "glibc" or "musl", as detect-libc and process.report tell it. */
const char *cp_libc_family(const struct cp_variant_context *context);
/* The same, as those tell it that look for /etc/alpine-release. */
const char *cp_libc_by_release(const struct cp_variant_context *context);
/* The same, as those tell it that read /usr/bin/ldd first (napi-rs). */
const char *cp_libc_by_ldd(const struct cp_variant_context *context);

/* --- the pick ----------------------------------------------------------------- */

/* Offers an absolute path. 1: it is a file and was taken; 0: no file there; -1: no memory. */
int cp_offer(const struct cp_variant_context *context, struct cp_pick *pick, const char *path,
	struct cp_error **err);
/* The same for a path relative to the package. */
int cp_offer_relative(const struct cp_variant_context *context, struct cp_pick *pick,
	struct cp_error **err, const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Offers the first *.node (by bytes) of the package's directory `relative`, as node-gyp-build's
 * getFirst takes it. */
int cp_offer_first(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *relative, struct cp_error **err);
/* Offers the *.node of the directory that a loader would ask for by a name written in its
 * JavaScript: the one called as the package, or as binary.module_name, else the first that is no
 * test's. */
int cp_offer_named(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *relative, struct cp_error **err);
/* Notes a platform package that the loader asks for. 0 or -1. */
int cp_want(struct cp_pick *pick, const char *name, struct cp_error **err);

#endif
