/* SPDX-License-Identifier: MIT
 *
 * The roots of containers, held open: by the time that a failure is read out of the ring, the
 * process is gone, and /proc/PID/root with it. A root is taken when the container is being made
 * (its first process has changed its root and not yet started the entrypoint), and let go some
 * seconds after that process is gone.
 *
 * Any thread may take a root; the descriptors are used by the one that calls cp_roots_tick, and
 * live until its next call at least.
 */
#ifndef CP_ROOTS_H
#define CP_ROOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The number of the mount namespace that a process is in, as records have it; 0: it is gone, or may
 * not be looked at. */
unsigned cp_mount_ns_of(pid_t pid);

#define CP_ROOTS_MAX 4096
#define CP_ROOTS_KEPT 3000000000ULL /* nanoseconds after its process is gone */

struct cp_roots;

struct cp_roots *cp_roots_new(void);
void cp_roots_free(struct cp_roots *roots);

/* The root of a mount namespace: a descriptor (O_PATH) owned by the object, or -1 where none was
 * taken. */
int cp_roots_find(struct cp_roots *roots, unsigned mount_ns);

/* Notes, and tells, since when the C library of that root has its probes: CLOCK_MONOTONIC,
 * nanoseconds; 0: it has none. Forgotten with the root. */
void cp_roots_set_probed(struct cp_roots *roots, unsigned mount_ns, uint64_t since);
uint64_t cp_roots_probed(struct cp_roots *roots, unsigned mount_ns);

/* Whether this is the first time that it is asked of that namespace's root since it was taken. */
bool cp_roots_is_new(struct cp_roots *roots, unsigned mount_ns);

/* Takes the root of a process that is in this namespace; `again` replaces one that is held.
 * Returns the descriptor, or -1 (the process is gone, or may not be looked at). */
int cp_roots_take(struct cp_roots *roots, unsigned mount_ns, pid_t pid, bool again);

/* Lets go of those whose process is gone for CP_ROOTS_KEPT. `now`: CLOCK_MONOTONIC, nanoseconds. */
void cp_roots_tick(struct cp_roots *roots, uint64_t now);

#endif
