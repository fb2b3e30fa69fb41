/* SPDX-License-Identifier: MIT
 *
 * A root: the file tree that a simulated loader sees.
 *
 * One index, or several laid over each other without copying: the service's own
 * files (upper) over a base (lower). Look-ups resolve symbolic links inside the
 * root (absolute ones start at the root again, ".." stops there), with Linux's
 * limit of 40 links (path_resolution(7)).
 */
#ifndef CP_ROOT_H
#define CP_ROOT_H

#include "index.h"

#define CP_ROOT_MAX_LAYERS 4
#define CP_ROOT_MAX_LINKS 40 /* MAXSYMLINKS of Linux */

struct cp_root_layer {
	const struct cp_index *index;
	bool hide_system; /* pass over nodes flagged CP_NODE_SYSTEM; such directories stay, for what
			     else is in them, but give way to anything that lies below */
};

/* layers[0] is the uppermost. The indexes are borrowed. */
struct cp_root {
	struct cp_root_layer layers[CP_ROOT_MAX_LAYERS];
	size_t count;
};

struct cp_found {
	const struct cp_index *index;
	uint32_t node;
	char path[CP_INDEX_MAX_PATH + 1]; /* canonical: no links, absolute */
};

/* Looks `path` up (relative ones from "/"). With `follow_last` a symlink at the end
 * is followed too. Returns 0 with *found, or a negative errno: -ENOENT, -ENOTDIR,
 * -ELOOP, -ENAMETOOLONG. */
int cp_root_resolve(
	const struct cp_root *root, const char *path, bool follow_last, struct cp_found *found);

#endif
