/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a layer, plain or compressed: an index that can be laid over another, with
 * a row for whatever was wrong. The first byte says in what pieces the rest arrives.
 */
#include <stdlib.h>
#include <string.h>

#include "stream.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct pieces {
	struct cp_stream base;
	const uint8_t *data;
	size_t left;
	size_t piece;
	uint8_t *copy; /* of its own size, so that reading past a block is caught */
};

static ssize_t pieces_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	(void)err;
	struct pieces *self = (struct pieces *)stream;
	size_t size = self->left < self->piece ? self->left : self->piece;
	free(self->copy);
	self->copy = malloc(size + !size);
	if (!self->copy)
		abort();
	memcpy(self->copy, self->data, size);
	self->data += size;
	self->left -= size;
	*block = self->copy;
	return (ssize_t)size;
}

static void pieces_close(struct cp_stream *stream)
{
	free(((struct pieces *)stream)->copy);
	free(stream);
}

static struct cp_stream *in_pieces(const uint8_t *data, size_t size, size_t piece)
{
	struct pieces *self = calloc(1, sizeof(*self));
	if (!self)
		abort();
	self->base = (struct cp_stream){pieces_read, NULL, pieces_close, false};
	self->data = data;
	self->left = size;
	self->piece = piece;
	return &self->base;
}

static struct cp_index *index_layer(struct cp_stream *inner)
{
	const char *encoding;
	struct cp_index *index = NULL;
	cp_cleanup_stream struct cp_stream *stream = cp_stream_decompress(inner, &encoding, NULL);
	if (stream && (cp_layer_index(stream, "layer", NULL, &index, NULL) < 0 || !index))
		abort();
	return index;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const size_t sizes[] = {0, 1, 61, 512};
	if (!size)
		return 0;
	size_t piece = sizes[data[0] % 4];
	struct cp_stream *inner =
		piece ? in_pieces(data + 1, size - 1, piece) : cp_stream_memory(data + 1, size - 1);
	struct cp_index *index = index_layer(inner);
	if (!index)
		return 0;
	cp_cleanup_index struct cp_index *root = cp_index_new();
	if (!root || cp_index_apply(root, index, NULL) < 0)
		abort();
	return 0;
}
