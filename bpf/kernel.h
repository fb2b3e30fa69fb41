/* SPDX-License-Identifier: MIT
 *
 * The kernel programs, loaded and attached: raw records come out, probes on a libc go in.
 *
 * Everything hangs on file descriptors of this process. Nothing is pinned, so that however the
 * process ends, the kernel takes all of it away.
 */
#ifndef CP_KERNEL_H
#define CP_KERNEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "raw.h"

struct cp_kernel;

struct cp_kernel_options {
	bool all;         /* also processes in this process's mount namespace */
	size_t ring_size; /* bytes, a power of two; 0: CP_KERNEL_RING */
};

#define CP_KERNEL_RING ((size_t)16 << 20)

/* Loads and attaches. NULL with an error that names what is missing and its remedy. Needs CAP_BPF
 * and CAP_PERFMON, or CAP_SYS_ADMIN; BTF of the kernel (bpf(2), capabilities(7)). */
struct cp_kernel *cp_kernel_open(const struct cp_kernel_options *options, struct cp_error **err);
void cp_kernel_close(struct cp_kernel *kernel);

/* Readable when a record that is in a hurry has come. Others wait to be fetched: every
 * CP_KERNEL_DRAIN milliseconds is soon enough for the ring at its default size. */
int cp_kernel_fd(const struct cp_kernel *kernel);
#define CP_KERNEL_DRAIN 10

/* Hands records that are there to `each`, in order; `record` lives until it returns. Returns 0
 * where all were, 1 where there are more than can be handed over in one go, or -1. */
int cp_kernel_drain(struct cp_kernel *kernel,
	void (*each)(void *context, const struct cp_raw *record), void *context,
	struct cp_error **err);

/* The same for ROOT records alone, which come here too: waits for some, `timeout` milliseconds at
 * most. To be called by a thread that does nothing else. */
int cp_kernel_wait_roots(struct cp_kernel *kernel, int timeout,
	void (*each)(void *context, const struct cp_raw *record), void *context);

/* How many records of that type found no room since the start. */
uint64_t cp_kernel_lost(const struct cp_kernel *kernel, enum cp_raw_type type);

/* What this control group does is not told from now on. */
void cp_kernel_ignore(struct cp_kernel *kernel, uint64_t cgroup);

/* libbpf explains itself on standard error, only where COMPATPROBE_LIBBPF is set: what a user needs
 * of it is in the errors here. */
void cp_kernel_quiet(void);

enum cp_probe {
	CP_PROBE_GLIBC_DLOPEN,
	CP_PROBE_GLIBC_EXCEPTION,
	CP_PROBE_MUSL_DLOPEN,
	CP_PROBE_MUSL_DLERROR,
};

/* Sets probes at a function that begins `offset` bytes into the file (of any process, now or later,
 * uprobes are the inode's). 0, or -1 with an error. */
int cp_kernel_probe(struct cp_kernel *kernel, enum cp_probe probe, int fd, size_t offset,
	struct cp_error **err);

#endif
