/* SPDX-License-Identifier: MIT
 *
 * Directories of layers on this machine that may hold a libc. A uprobe is put on a file, so one
 * that is put on a layer's libc fires in every later container of the image, from its first
 * instruction on.
 *
 * Directories are named by engines (GraphDriver) and found in stores. Each is handed out once, and
 * again only where its top changed since: a layer may be found while it is being unpacked, and a
 * container's own layer while it is empty. The many that hold nothing but an application's files
 * are not handed out.
 */
#ifndef CP_LAYERS_H
#define CP_LAYERS_H

#include <stdatomic.h>
#include <stddef.h>

struct cp_layers;

struct cp_layers *cp_layers_new(void); /* NULL without memory */
void cp_layers_free(struct cp_layers *layers);

/* A directory by any of its names (overlay2's "l/SHORT" is a link to one). */
void cp_layers_add(struct cp_layers *layers, const char *directory);

/* A store's root: Docker's data root, podman's graph root, containerd's root. It need not be there
 * yet. */
void cp_layers_add_store(struct cp_layers *layers, const char *root);
/* Looks through all stores; leaves off where *stop is set. */
void cp_layers_scan(struct cp_layers *layers, const atomic_bool *stop);

/* What is new. The caller frees each string and the array. */
size_t cp_layers_take(struct cp_layers *layers, char ***directories);

#endif
