/* SPDX-License-Identifier: MIT
 *
 * os-release(5): the distribution's name for itself.
 */
#ifndef CP_OS_RELEASE_H
#define CP_OS_RELEASE_H

#include "root.h"

/* The value of `key` ("ID", "VERSION_ID") in the root's /etc/os-release or
 * /usr/lib/os-release, unquoted; malloc'ed, or NULL where it is not there. */
char *cp_os_release_value(const struct cp_root *root, const char *key);

#endif
