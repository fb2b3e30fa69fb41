/* SPDX-License-Identifier: MIT
 *
 * Which files of an image are the service's own, and which its base brought.
 *
 * A service moved to another base takes its own files along and leaves the base's
 * behind. A file is the base's (CP_NODE_SYSTEM) when it lies where distributions and
 * the official node images install: /bin /sbin /lib* /usr /etc /var and the like,
 * but for what people copy there: /usr/src, /usr/app, /usr/local (less the node
 * program itself, its headers and its npm and corepack), /var/www and the like, and
 * any node_modules that Node's own packages did not bring. service.c has the table.
 */
#ifndef CP_SERVICE_H
#define CP_SERVICE_H

#include "index.h"

/* Flags the base's files in `root`, and its links and directories (root.h tells what that means for
 * a directory); clears the flag on all else. A node program is the base's wherever it lies. Linear.
 */
void cp_service_mark(struct cp_index *root);

#endif
