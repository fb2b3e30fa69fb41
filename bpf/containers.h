/* SPDX-License-Identifier: MIT
 *
 * Whose is a process? From the name of its control group to a container, and from the engine's API
 * to that container's name, image and compose labels.
 *
 *   cgroup names (from the kernel) ─ cgroup_path.c ─▶ id, runtime
 *   engines' sockets ─ engine_watch.c ─▶ id → name, image, labels;  new images, new containers
 *                                                    ─ layers.c ─▶ directories of their layers
 *   podman's store on disk ─ podman_store.c ─▶ id → name, image, where no service listens
 *
 * All are put together in a table (container_registry.c) behind a lock. One thread watches; every
 * call from another thread is short.
 *
 * An engine may hang, lie or be missing: nothing here waits for it. A container whose labels did
 * not come within CP_LABELS_WAIT is told without them.
 */
#ifndef CP_CONTAINERS_H
#define CP_CONTAINERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "event.h"

#define CP_LABELS_WAIT 2000 /* milliseconds after the container was first seen */

struct cp_containers;

struct cp_containers_options {
	/* Sockets to ask, as DOCKER_HOST names them ("unix:///run/docker.sock"); NULL: DOCKER_HOST,
	 * and else every usual socket that is there (docker's, podman's, root's and the user's).
	 * Borrowed for the call. */
	const char *const *engines;
	size_t n_engines;
	/* Where images are kept: roots of Docker's, podman's and containerd's stores; NULL: the
	 * usual ones. Those of the engines are found by asking them. Borrowed, too. */
	const char *const *stores;
	size_t n_stores;
};

/* Starts watching. Engines that do not answer are no error: see cp_containers_engines. Returns the
 * object (cp_containers_close), or NULL with an error (no memory, no thread). */
struct cp_containers *cp_containers_open(
	const struct cp_containers_options *options, struct cp_error **err);
void cp_containers_close(struct cp_containers *containers);

/* Waits until each engine was asked once and all that it has is known, at most that long: before a
 * command is started whose containers are to be seen from their first instruction. Returns whether
 * that is so. */
bool cp_containers_wait(struct cp_containers *containers, unsigned milliseconds);

/* How many engines answer now, and a sentence for each that should and does not (owned by the
 * object, valid until close; *problems may be NULL). */
size_t cp_containers_engines(
	struct cp_containers *containers, const char *const **problems, size_t *n_problems);

/* A descriptor that becomes readable whenever something changed (labels came, an image or a
 * container was made). Owned by the object; cp_containers_take_layers clears it. */
int cp_containers_fd(const struct cp_containers *containers);

/* Directories of layers (host paths) that may hold a libc that nobody looked at yet: all known
 * ones at first, later those of new images and containers. Each is returned once, and again only
 * where it changed (layers.h). The caller frees each string and the array. */
size_t cp_containers_take_layers(struct cp_containers *containers, char ***directories);

/* The kernel saw a control group: its id, and the path's names from the root down, '/' between
 * ("/docker/<id>", "/machine.slice/libpod-<id>.scope/container"; only the last few where the path
 * is long). */
void cp_containers_see(struct cp_containers *containers, uint64_t cgroup, const char *path);

enum cp_attribution {
	CP_ATTRIBUTED,   /* all that will ever be known is in *container */
	CP_PENDING,      /* the labels may still come: ask again; *container has what is known */
	CP_NO_CONTAINER, /* the control group is not a container's, or was never seen */
};

/* Fills *container with copies (cp_container_clear). `now`: CLOCK_MONOTONIC, nanoseconds. */
enum cp_attribution cp_containers_find(struct cp_containers *containers, uint64_t cgroup,
	uint64_t now, struct cp_container *container);

#endif
