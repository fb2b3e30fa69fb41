/* SPDX-License-Identifier: MIT
 *
 * podman needs no service: where none listens, its store on disk still tells a container's name
 * and image (not its labels), and when an image or a container was made.
 *
 *   ROOT/overlay-containers/containers.json            [{"id", "names", "metadata"}, …]
 *   ROOT/overlay-containers/volatile-containers.json   of `podman run --rm`
 *   ROOT/overlay-images/images.json                    only that it changes
 *
 * Files are replaced by renaming, so a reader never sees half of one. Nothing below a container's
 * own directory is opened: it has FIFOs.
 */
#ifndef CP_PODMAN_STORE_H
#define CP_PODMAN_STORE_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

struct cp_podman_stores;

/* The store that podman would use by its configuration, and the user's own. Returns their number;
 * the caller frees each. */
#define CP_PODMAN_ROOTS 2
size_t cp_podman_usual_roots(char *roots[CP_PODMAN_ROOTS]);

/* They need not be there yet. NULL without memory. */
struct cp_podman_stores *cp_podman_stores_open(const char *const *roots, size_t n_roots);
void cp_podman_stores_close(struct cp_podman_stores *stores);

/* Readable where something changed; cp_podman_stores_changed clears it. -1: changes are not told
 * (and cp_podman_stores_changed is always false). */
int cp_podman_stores_fd(const struct cp_podman_stores *stores);
/* Whether an image or a container was made since the last call. Looks for stores that were not
 * there, too: call it now and then. */
bool cp_podman_stores_changed(struct cp_podman_stores *stores);

/* Tells the containers of the files that changed since the last call. `tell` may take the strings
 * over. */
void cp_podman_stores_read(struct cp_podman_stores *stores,
	void (*tell)(void *context, struct cp_container *container), void *context);

#endif
