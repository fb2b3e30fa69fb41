/* SPDX-License-Identifier: MIT
 *
 * Streams: the library's own ways to make a cp_stream (layer.h) out of another.
 *
 *   memory | fd | archive member | engine ─▶ meter (hash, progress) ─▶ gzip | zstd ─▶ tar walk
 *
 * Blocks are passed on without copying wherever bytes are not transformed. Every
 * constructor here takes `inner` over: it is closed with the new stream, and at once
 * where the constructor fails.
 */
#ifndef CP_STREAM_H
#define CP_STREAM_H

#include "layer.h"

#define CP_STREAM_BLOCK ((size_t)512 << 10) /* bytes: fits a second-level cache, twice */
#define CP_DIGEST_SIZE 72                   /* "sha256:", 64 hex digits and a NUL */

enum cp_encoding {
	CP_ENCODING_PLAIN,
	CP_ENCODING_GZIP,        /* RFC 1952 */
	CP_ENCODING_ZSTD,        /* RFC 8878; a skippable frame may come first */
	CP_ENCODING_UNSUPPORTED, /* bzip2 or xz, which no image format knows */
};

#define CP_SNIFF_SIZE ((size_t)6) /* bytes that cp_encoding_sniff looks at */
enum cp_encoding cp_encoding_sniff(const void *head, size_t size);
const char *cp_encoding_name(enum cp_encoding encoding); /* "tar", "gzip", "zstd", "unknown" */

/* Looks at the first bytes of `inner`: *head has `want` of them (at most
 * CP_PEEK_SIZE), fewer only where the stream is shorter. The stream that is returned
 * gives them back, and `head` is valid until it is first read. */
#define CP_PEEK_SIZE ((size_t)512)
struct cp_stream *cp_stream_peek(struct cp_stream *inner, size_t want, const uint8_t **head,
	size_t *head_size, struct cp_error **err);

struct cp_stream *cp_stream_gzip(struct cp_stream *inner, struct cp_error **err);
struct cp_stream *cp_stream_zstd(struct cp_stream *inner, struct cp_error **err);

/* Passes `inner` on in slices of at most CP_STREAM_BLOCK, calling `progress` (may be
 * NULL) with the bytes passed each time and, with `hash`, digesting them by SHA-256. */
struct cp_stream *cp_stream_meter(struct cp_stream *inner, bool hash,
	void (*progress)(void *context, uint64_t bytes), void *context, struct cp_error **err);
/* Reads the rest of a hashing meter and writes the digest of all of it. 0 or -1. */
int cp_stream_meter_digest(
	struct cp_stream *meter, char digest[CP_DIGEST_SIZE], struct cp_error **err);

/* The digest of bytes in memory, as "sha256:…". 0 or -1. */
int cp_digest_memory(
	const void *data, size_t size, char digest[CP_DIGEST_SIZE], struct cp_error **err);

/* Reads a stream to its end. 0 or -1. */
int cp_stream_drain(struct cp_stream *stream, struct cp_error **err);

void cp_stream_close(struct cp_stream *stream); /* NULL is nothing */
void cp_stream_cleanup(struct cp_stream **stream);
#define cp_cleanup_stream __attribute__((cleanup(cp_stream_cleanup)))

#endif
