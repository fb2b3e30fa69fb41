/* SPDX-License-Identifier: MIT
 *
 * Where the target's variant is not installed: could it be?
 *
 *   obtainable  the package's metadata (optionalDependencies with os/cpu/libc, a lock file) names a
 *               platform package that a fresh install on the target would bring
 *   buildable   binding.gyp or CMakeLists.txt, and an install script that compiles it (npm runs
 *               `node-gyp rebuild` by itself where there is a binding.gyp and no install script)
 *   none        neither
 */
#ifndef CP_OBTAIN_H
#define CP_OBTAIN_H

#include "lockfile.h"
#include "variant.h"

enum cp_how { CP_HOW_INSTALLED, CP_HOW_OBTAINABLE, CP_HOW_BUILDABLE, CP_HOW_NONE };
const char *cp_how_name(enum cp_how how); /* the JSON's words */

struct cp_obtain {
	enum cp_how how;
	char *package;      /* what a fresh install would bring; NULL: the package itself, built */
	char *version;      /* exact, or the range where no lock file tells; NULL: not known */
	const char *source; /* static: "package-lock.json", "pnpm-lock.yaml", "yarn.lock",
			       "optionalDependencies", "binary" (node-pre-gyp's section),
			       "binding.gyp", "CMakeLists.txt"; NULL: neither */
};

/* Judges a package whose pick is CP_PICK_MISSING (or fixed at install for another libc); never says
 * CP_HOW_INSTALLED.
 * `lockfiles` are those of the project that encloses it, nearest first; may be empty. 0 with
 * *obtain (cp_obtain_clear), or -1. */
int cp_obtain_judge(const struct cp_variant_context *context, const struct cp_pick *pick,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err);
/* Judges a platform package that is for another libc than the target's, and whose parent is not
 * there to be asked (Yarn's Plug'n'Play keeps it in an archive): is the target's in a lock file?
 * Says CP_HOW_OBTAINABLE or CP_HOW_NONE. 0 with *obtain (cp_obtain_clear), or -1. */
int cp_obtain_sibling(const struct cp_variant_context *context, const char *name,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err);
void cp_obtain_clear(struct cp_obtain *obtain);

#endif
