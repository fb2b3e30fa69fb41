/* SPDX-License-Identifier: MIT
 *
 * Finds the C libraries of a file tree and sets the kernel's probes on them, each file once.
 *
 * A uprobe belongs to an inode: one on the file of an image's layer fires in every container that
 * is ever made of it, and it can be set while nothing runs yet. overlayfs shows a layer's file
 * under another device number, so a file is known by its inode number, size and change time; where
 * that still lets one file be probed twice, the kernel programs tell the second probe by the stack.
 *
 *   glibc  libc.so.6: dlopen (since 2.34), _dl_signal_exception (before 2.41)
 *          libdl.so.2: dlopen (before 2.34);  ld-linux-*.so.2: _dl_signal_exception (since 2.41)
 *   musl   ld-musl-ARCH.so.1: dlopen, dlerror
 */
#ifndef CP_LIBC_PROBES_H
#define CP_LIBC_PROBES_H

#include "event.h"
#include "kernel.h"

struct cp_libc_probes;

struct cp_libc_probes *cp_libc_probes_new(struct cp_kernel *kernel);
void cp_libc_probes_free(struct cp_libc_probes *probes);

/* Looks into a root or a layer (`directory`: any descriptor of it) at the places where a
 * distribution has its libc, resolving links within it. Returns since when all that was found there
 * has probes (CLOCK_MONOTONIC, nanoseconds), which may be now; 0 where nothing has. Files that
 * cannot be probed are counted. */
uint64_t cp_libc_probes_add_tree(struct cp_libc_probes *probes, int directory);

/* Files that have probes; files that should and could not, and why the last one (NULL: none; owned
 * by the object). */
size_t cp_libc_probes_count(const struct cp_libc_probes *probes);
size_t cp_libc_probes_failed(const struct cp_libc_probes *probes, const char **why);

#endif
