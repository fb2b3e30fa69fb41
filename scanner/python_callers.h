/* SPDX-License-Identifier: MIT
 *
 * Packages whose build calls a command "python", which no Debian has beside its python3.
 *
 * Three ways lead there: a GYP file that binding.gyp names runs it (gl's angle.gyp does), an
 * install script does, or the package brings a node-gyp from before version 5, which knows Python 2
 * alone. A build that does not happen, as a prebuilt file was found, calls nothing.
 */
#ifndef CP_PYTHON_CALLERS_H
#define CP_PYTHON_CALLERS_H

#include "scan.h"

struct cp_python_caller {
	const struct cp_package *package; /* of the scan */
	char *where;                      /* "angle/src/angle.gyp", "its install script", … */
	bool python2;                     /* Python 3 under that name would not do */
};

/* One row for each package, in the order of the index. 0 with *callers (cp_python_callers_free), or
 * -1. */
int cp_python_callers(const struct cp_scan *scan, struct cp_python_caller **callers, size_t *count,
	struct cp_error **err);
void cp_python_callers_free(struct cp_python_caller *callers, size_t count);

#endif
