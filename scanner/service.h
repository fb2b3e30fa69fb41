/* SPDX-License-Identifier: MIT
 *
 * Which files of an image are the service's own, and which its base brought.
 *
 * A service moved to another base takes its own files along and leaves the base's
 * behind. A file is the base's (CP_NODE_SYSTEM) when it lies where distributions and
 * the official node images install: /bin /sbin /lib* /usr /etc /var and the like,
 * but for what people copy there: /usr/src, /usr/app, /usr/local (less the node
 * program itself, its headers and its npm and corepack) and any node_modules.
 */
#ifndef CP_SERVICE_H
#define CP_SERVICE_H

#include "index.h"

/* Flags the base's files in `root`. Linear. */
void cp_service_mark(struct cp_index *root);

#endif
