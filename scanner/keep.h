/* SPDX-License-Identifier: MIT
 *
 * The rule of what an index keeps of a file's content, in one place.
 */
#ifndef CP_KEEP_H
#define CP_KEEP_H

#include "index.h"

enum cp_keep {
	CP_KEEP_NOTHING, /* path, kind and size only */
	CP_KEEP_OBJECT,  /* begins with an object's magic: facts are wanted */
	CP_KEEP_TEXT,    /* one of the texts that rules need */
	CP_KEEP_SCRIPT,  /* JavaScript of the service's own: what it loads is wanted */
	CP_KEEP_GYP,     /* how an addon is built: which commands that runs is wanted */
};

/* Decides by path (absolute or as in the archive), size and first bytes (`head`, up to
 * 64 of them; fewer only where the file is shorter). Texts, by name: package.json (up to 1 MiB),
 * os-release, ld-musl-*.path, ld.so.conf and ld.so.conf.d/ *.conf, debian_version, alpine-release,
 * node_version.h, lib/apk/db/installed, usr/bin/ldd, build/manifest.json, .modules.yaml; lock files
 * (up to 16 MiB): package-lock.json, npm-shrinkwrap.json, pnpm-lock.yaml and yarn.lock outside of
 * node_modules, node_modules/.package-lock.json and node_modules/.pnpm/lock.yaml. Scripts (up to
 * 256 KiB): .js, .cjs and .mjs outside of node_modules and of the base's places. GYP files (up to
 * 256 KiB): .gyp and .gypi outside of the base's places. */
enum cp_keep cp_keep_decide(const char *path, uint64_t size, const void *head, size_t head_size);

/* Files the content in its node: facts, text, or a foreign/LFS mark. `data` is the
 * whole content for TEXT, SCRIPT and GYP, at least its extent (facts.h) for OBJECT, the head
 * otherwise. With `borrow` texts are not copied; copied package.json files are reduced to the
 * fields that rules use (npm.h), so that memory does not grow with an image's prose. A script's
 * text becomes the list of what it loads (js_specifiers.h), a GYP file's what it runs and names
 * (gyp.h), copied in any case; none where it is nothing. An object that cannot be read becomes an
 * errors[] row, not an error. -1 only without memory. */
int cp_keep_store(struct cp_index *index, uint32_t node, const char *path, enum cp_keep keep,
	const void *data, size_t size, bool borrow, struct cp_error **err);

#endif
