/* SPDX-License-Identifier: MIT
 *
 * A layer becomes an index: the tar walk.
 *
 * The walk takes its bytes from a cp_stream (memory, a file, a decompressor over
 * another stream), hands them to libarchive's tar reader without copying, and for
 * each member decides by its first bytes whether to keep it (keep.h has the rule).
 */
#ifndef CP_LAYER_H
#define CP_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "error.h"
#include "index.h"

/* A source of bytes. `read` hands out the next block (valid until the next call):
 * > 0 its length, 0 at the end, < 0 on error with *err set. `skip` may be NULL;
 * it passes over up to `bytes` and returns how many it did. */
struct cp_stream {
	ssize_t (*read)(struct cp_stream *stream, const void **block, struct cp_error **err);
	uint64_t (*skip)(struct cp_stream *stream, uint64_t bytes);
	void (*close)(struct cp_stream *stream); /* frees the stream itself */
	bool stable; /* blocks stay valid until close (memory): contents may be borrowed */
};

/* Over memory (borrowed; stable). */
struct cp_stream *cp_stream_memory(const void *data, size_t size);
/* Over a file descriptor (taken over; closed with the stream). NULL without memory
 * (the descriptor is then closed). */
struct cp_stream *cp_stream_fd(int fd);
/* Decompresses `inner` (taken over) according to its first bytes: gzip (one or
 * several members), zstd (windows up to 128 MiB), or plain. *encoding becomes
 * "gzip", "zstd" or "tar". NULL on error (inner is closed). */
struct cp_stream *cp_stream_decompress(
	struct cp_stream *inner, const char **encoding, struct cp_error **err);

/* Lets only one object larger than CP_GATE_SIZE live in memory at a time, among walks
 * that run in parallel: the promise is "64 MB and the largest single object". */
#define CP_GATE_SIZE ((size_t)8 << 20) /* bytes */
struct cp_gate;
struct cp_gate *cp_gate_new(void);       /* NULL without memory */
void cp_gate_rest(struct cp_gate *gate); /* gives back what it keeps for the next object */
void cp_gate_free(struct cp_gate *gate);

/* Walks a tar stream (borrowed, read to its end) into a new index. A damaged archive
 * gives the index of what could be read with a CP_PARTIAL row that names `label`; an
 * object that cannot be read gives a CP_SPOILS_OBJECT row. `gate` may be NULL. -1 only
 * without memory. */
int cp_layer_index(struct cp_stream *tar, const char *label, struct cp_gate *gate,
	struct cp_index **index, struct cp_error **err);

/* Walks a directory tree (rootfs: and `scan dir`), never leaving it and never
 * following links. Large objects are mapped while they are looked at: a process that reads
 * trees in use handles SIGBUS. -1 where the directory itself cannot be read. */
int cp_directory_index(const char *path, struct cp_index **index, struct cp_error **err);

#endif
