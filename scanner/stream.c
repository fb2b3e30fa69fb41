/* SPDX-License-Identifier: MIT
 *
 * What a stream is, told by its first bytes, and the decompressor for it.
 *
 * Telling needs a few bytes, and a first block may be shorter than that (a pipe, an
 * HTTP chunk). A small stream in front gives back what was looked at.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct peeked_stream {
	struct cp_stream base;
	struct cp_stream *inner;
	uint8_t head[CP_PEEK_SIZE]; /* copied from first blocks that were too short */
	size_t head_size;
	const void *rest; /* of the last block looked at; not copied */
	size_t rest_size;
};

void cp_stream_close(struct cp_stream *stream)
{
	if (stream)
		stream->close(stream);
}

void cp_stream_cleanup(struct cp_stream **stream)
{
	cp_stream_close(*stream);
}

int cp_stream_drain(struct cp_stream *stream, struct cp_error **err)
{
	const void *block;
	ssize_t got;
	while ((got = stream->read(stream, &block, err)) > 0)
		continue;
	return got < 0 ? -1 : 0;
}

static bool begins(const void *head, size_t size, const char *magic, size_t magic_size)
{
	return size >= magic_size && memcmp(head, magic, magic_size) == 0;
}

enum cp_encoding cp_encoding_sniff(const void *head, size_t size)
{
	if (begins(head, size, "\x1f\x8b", 2))
		return CP_ENCODING_GZIP;
	if (begins(head, size, "\x28\xb5\x2f\xfd", 4))
		return CP_ENCODING_ZSTD;
	const uint8_t *byte = head;
	if (size >= 4 && (byte[0] & 0xf0) == 0x50 && begins(byte + 1, 3, "\x2a\x4d\x18", 3))
		return CP_ENCODING_ZSTD; /* a skippable frame */
	if (begins(head, size, "BZh", 3) || begins(head, size,
						    "\xfd"
						    "7zXZ\0",
						    6))
		return CP_ENCODING_UNSUPPORTED;
	return CP_ENCODING_PLAIN;
}

const char *cp_encoding_name(enum cp_encoding encoding)
{
	switch (encoding) {
	case CP_ENCODING_PLAIN:
		return "tar";
	case CP_ENCODING_GZIP:
		return "gzip";
	case CP_ENCODING_ZSTD:
		return "zstd";
	case CP_ENCODING_UNSUPPORTED:
		break;
	}
	return "unknown";
}

static ssize_t peeked_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct peeked_stream *self = (struct peeked_stream *)stream;
	if (self->head_size) {
		size_t size = self->head_size;
		*block = self->head;
		self->head_size = 0;
		return (ssize_t)size;
	}
	if (self->rest_size) {
		size_t size = self->rest_size;
		*block = self->rest;
		self->rest_size = 0;
		return (ssize_t)size;
	}
	return self->inner->read(self->inner, block, err);
}

static uint64_t peeked_skip(struct cp_stream *stream, uint64_t bytes)
{
	struct peeked_stream *self = (struct peeked_stream *)stream;
	if (self->head_size || self->rest_size || !self->inner->skip)
		return 0;
	return self->inner->skip(self->inner, bytes);
}

static void peeked_close(struct cp_stream *stream)
{
	cp_stream_close(((struct peeked_stream *)stream)->inner);
	free(stream);
}

/* A first block that is long enough is kept where it is; shorter ones are gathered. */
static int peek(struct peeked_stream *self, size_t want, struct cp_error **err)
{
	const void *block;
	ssize_t got = 0;
	while (self->head_size < want && (got = self->inner->read(self->inner, &block, err)) > 0) {
		if (!self->head_size && (size_t)got >= want) {
			self->rest = block;
			self->rest_size = (size_t)got;
			return 0;
		}
		size_t room = want - self->head_size;
		size_t copied = (size_t)got < room ? (size_t)got : room;
		memcpy(self->head + self->head_size, block, copied);
		self->head_size += copied;
		self->rest = (const uint8_t *)block + copied;
		self->rest_size = (size_t)got - copied;
	}
	return got < 0 ? -1 : 0;
}

struct cp_stream *cp_stream_peek(struct cp_stream *inner, size_t want, const uint8_t **head,
	size_t *head_size, struct cp_error **err)
{
	struct peeked_stream *self = calloc(1, sizeof(*self));
	if (!self) {
		cp_stream_close(inner);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	self->base = (struct cp_stream){peeked_read, peeked_skip, peeked_close, inner->stable};
	self->inner = inner;
	if (peek(self, want < CP_PEEK_SIZE ? want : CP_PEEK_SIZE, err) < 0) {
		peeked_close(&self->base);
		return NULL;
	}
	bool gathered = self->head_size > 0;
	*head = gathered ? self->head : self->rest;
	*head_size = gathered ? self->head_size : self->rest_size < want ? self->rest_size : want;
	return &self->base;
}

struct cp_stream *cp_stream_decompress(
	struct cp_stream *inner, const char **encoding, struct cp_error **err)
{
	const uint8_t *head;
	size_t size;
	struct cp_stream *peeked = cp_stream_peek(inner, CP_SNIFF_SIZE, &head, &size, err);
	if (!peeked)
		return NULL;
	enum cp_encoding kind = cp_encoding_sniff(head, size);
	*encoding = cp_encoding_name(kind);
	switch (kind) {
	case CP_ENCODING_GZIP:
		return cp_stream_gzip(peeked, err);
	case CP_ENCODING_ZSTD:
		return cp_stream_zstd(peeked, err);
	case CP_ENCODING_UNSUPPORTED:
		peeked_close(peeked);
		cp_error_set(
			err, ENOTSUP, "compressed by bzip2 or xz, where images have gzip or zstd");
		return NULL;
	case CP_ENCODING_PLAIN:
		break;
	}
	return peeked;
}
