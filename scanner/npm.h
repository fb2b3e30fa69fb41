/* SPDX-License-Identifier: MIT
 *
 * npm packages: which package an object belongs to.
 *
 * The rule is Node's own layout, not a table: the nearest enclosing directory that
 * is a package's place (node_modules/NAME or node_modules/@SCOPE/NAME, at any
 * nesting; pnpm's and Yarn's trees end in the same) or, outside node_modules, the
 * nearest enclosing directory whose package.json has a name (a workspace, the
 * service itself).
 */
#ifndef CP_NPM_H
#define CP_NPM_H

#include <jansson.h>

#include "index.h"

struct cp_package {
	char *name;
	char *version;    /* NULL where package.json has none or is not there */
	char *path;       /* directory, absolute in the image */
	json_t *platform; /* os, cpu and libc of its package.json; NULL: it has none of them */
};

struct cp_packages;

/* Remembers what it learnt per directory; borrows the index. NULL without memory. */
struct cp_packages *cp_packages_new(const struct cp_index *index);
void cp_packages_free(struct cp_packages *packages);
void cp_packages_cleanup(struct cp_packages **packages);
#define cp_cleanup_packages __attribute__((cleanup(cp_packages_cleanup)))

/* The package that owns the file `node`, or NULL: none (the base's own files). The
 * answer lives as long as `packages`. A package.json that is not JSON still makes
 * a package, named after its directory, with a NULL version. */
const struct cp_package *cp_packages_owner(struct cp_packages *packages, uint32_t node);

/* The package.json that is the file `node` (CP_NO_NODE: none): an object, a new reference; NULL
 * where it is not kept, or not JSON, or larger than anyone's. */
json_t *cp_package_json_at(const struct cp_index *index, uint32_t node);

/* Reduces a package.json to the top-level fields that rules use (name, version, main, os, cpu,
 * libc, optionalDependencies, dependencies, binary, gypfile, scripts, napi). Returns a malloc'ed
 * compact JSON text, or NULL where the input is not an object (the caller then keeps nothing). */
char *cp_package_json_reduce(const char *data, size_t size);

#endif
