/* SPDX-License-Identifier: MIT
 *
 * Memory as a stream: one block, handed out whole, so that a tar reader over a mapped
 * archive works in place and passes over contents by pointer arithmetic.
 */
#include "stream.h"

#include <stdlib.h>

struct memory_stream {
	struct cp_stream base;
	const uint8_t *data;
	size_t size; /* bytes not handed out yet */
};

static ssize_t memory_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	(void)err;
	struct memory_stream *self = (struct memory_stream *)stream;
	size_t size = self->size;
	*block = self->data;
	self->data += size;
	self->size = 0;
	return (ssize_t)size;
}

static uint64_t memory_skip(struct cp_stream *stream, uint64_t bytes)
{
	struct memory_stream *self = (struct memory_stream *)stream;
	size_t passed = bytes < self->size ? (size_t)bytes : self->size;
	self->data += passed;
	self->size -= passed;
	return passed;
}

static void memory_close(struct cp_stream *stream)
{
	free(stream);
}

struct cp_stream *cp_stream_memory(const void *data, size_t size)
{
	struct memory_stream *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->base = (struct cp_stream){memory_read, memory_skip, memory_close, true};
	self->data = size ? data : (const void *)"";
	self->size = size;
	return &self->base;
}
