/* SPDX-License-Identifier: MIT
 *
 * JavaScript modules that are not there: the entry point's require/import of a package that is
 * nowhere in node_modules. Found statically; never the base's fault.
 *
 * The entry point is followed through relative requires of the service's own files. Only literal
 * specifiers count; what stands in a try block, or is computed, proves nothing and is passed over.
 */
#ifndef CP_MODULES_H
#define CP_MODULES_H

#include "root.h"

struct cp_missing_module {
	char *name;        /* package name, "@nestjs/apollo" */
	char *imported_by; /* file, absolute in the image */
	bool esm;          /* import: ERR_MODULE_NOT_FOUND; require: MODULE_NOT_FOUND */
	char *message;     /* what Node would print first: "Cannot find module 'kafkajs'" */
};

/* `entry` is a file or a package directory, absolute; NULL: unknown, then nothing is reported.
 * 0 with *missing (an array of *count, owned: cp_missing_modules_free), or -1. */
int cp_missing_modules(const struct cp_root *root, const char *entry,
	struct cp_missing_module **missing, size_t *count, struct cp_error **err);
void cp_missing_modules_free(struct cp_missing_module *missing, size_t count);

#endif
