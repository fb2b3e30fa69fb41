/* SPDX-License-Identifier: MIT */
#include "pieces.h"

#include <stdlib.h>
#include <string.h>

struct pieces {
	struct cp_stream base;
	const char *data;
	size_t left, piece;
	char copy[PIECES_MAX];
};

static ssize_t pieces_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	(void)err;
	struct pieces *self = (struct pieces *)stream;
	size_t size = self->left < self->piece ? self->left : self->piece;
	memset(self->copy, 0xee, sizeof(self->copy));
	memcpy(self->copy, self->data, size);
	*block = self->copy;
	self->data += size;
	self->left -= size;
	return (ssize_t)size;
}

static void pieces_close(struct cp_stream *stream)
{
	free(stream);
}

struct cp_stream *in_pieces(const void *data, size_t size, size_t piece)
{
	struct pieces *self = calloc(1, sizeof(*self));
	if (!self || piece > PIECES_MAX)
		abort();
	self->base = (struct cp_stream){pieces_read, NULL, pieces_close, false};
	self->data = data;
	self->left = size;
	self->piece = piece;
	return &self->base;
}
