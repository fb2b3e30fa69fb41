/* SPDX-License-Identifier: MIT
 *
 * Lock files: what a fresh install on another platform would bring.
 *
 * One reader per format (lockfile_npm.c: package-lock.json; lockfile_pnpm.c: pnpm-lock.yaml;
 * lockfile_yarn.c: v1 and Berry) fills one table, so that nobody else knows the formats:
 *
 *     name ─▶ version, os[], cpu[], libc[], optional
 *
 * Linear in the file; 200,000 lines take well under a second. Hostile files: depth and counts are
 * capped, errors name line and column.
 */
#ifndef CP_LOCKFILE_H
#define CP_LOCKFILE_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cp_locked {
	char *name;               /* npm name, "@img/sharp-linuxmusl-x64" */
	char *version;            /* exact */
	char **os, **cpu, **libc; /* NULL-terminated; NULL: not declared (any) */
	bool optional;            /* npm and pnpm tell; false where the format does not */
	bool has_install_script;  /* npm's hasInstallScript, pnpm's requiresBuild up to version 6 */
};

struct cp_lockfile; /* opaque; a sorted table of cp_locked */

enum cp_lockfile_kind { CP_LOCK_NPM, CP_LOCK_PNPM, CP_LOCK_YARN };

/* `label` names the file in errors, which tell line and column. 0 with *lockfile owned, or -1.
 * Several versions of a name are all kept. The data may be let go afterwards. */
int cp_lockfile_read(enum cp_lockfile_kind kind, const char *data, size_t size, const char *label,
	struct cp_lockfile **lockfile, struct cp_error **err);
void cp_lockfile_free(struct cp_lockfile *lockfile);
void cp_lockfile_cleanup(struct cp_lockfile **lockfile);
#define cp_cleanup_lockfile __attribute__((cleanup(cp_lockfile_cleanup)))

/* The locked entry of `name` (with `version` where not NULL), or NULL. Logarithmic time, whatever
 * the file's author meant to do to it. */
const struct cp_locked *cp_lockfile_find(
	const struct cp_lockfile *lockfile, const char *name, const char *version);
/* The entry `at` of cp_lockfile_count(), by name and version. */
const struct cp_locked *cp_lockfile_at(const struct cp_lockfile *lockfile, size_t at);
size_t cp_lockfile_count(const struct cp_lockfile *lockfile);
/* What the file of this format is called, static: "package-lock.json", "pnpm-lock.yaml",
 * "yarn.lock". */
const char *cp_lockfile_source(const struct cp_lockfile *lockfile);

#endif
