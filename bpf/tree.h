/* SPDX-License-Identifier: MIT
 *
 * Opening files of another root safely: links are resolved within it (openat2(2),
 * RESOLVE_IN_ROOT), and only plain files are ever opened for reading, so that neither a link out of
 * a container nor a FIFO in it does any harm.
 */
#ifndef CP_TREE_H
#define CP_TREE_H

#include <sys/stat.h>

/* A descriptor for reading the plain file at `path` (from the root, with or without the leading
 * slash), or -errno: -ENOENT, -EISDIR, -EACCES (no plain file) … The caller closes it. */
int cp_tree_open(int root, const char *path);

/* The same for what the file is only: 0 or -errno. */
int cp_tree_stat(int root, const char *path, struct stat *status);

/* How both find the file where openat2(2) keeps answering EAGAIN, which it does in the root of a
 * container that is gone: name by name. A descriptor (O_PATH) of whatever is there, or -errno. The
 * caller closes it. */
int cp_tree_walk(int root, const char *path);

/* What follows the last slash of a path. */
const char *cp_tree_base_name(const char *path);

#endif
