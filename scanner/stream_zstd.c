/* SPDX-License-Identifier: MIT
 *
 * Zstandard (RFC 8878) by libzstd: any number of frames, skippable ones among them.
 *
 * The window is capped at 128 MiB, what `zstd --long` makes and the most that a
 * decompressor must support unasked; a frame that wants more is refused, because its
 * header alone would else allocate gigabytes.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#define WINDOW_LOG_MAX 27

struct zstd_stream {
	struct cp_stream base;
	struct cp_stream *inner;
	ZSTD_DCtx *context;
	ZSTD_inBuffer input;
	bool inside; /* a frame has begun and not ended */
	bool ended;
	bool output_full; /* the last call filled the buffer: more may be waiting inside */
	uint8_t output[CP_STREAM_BLOCK];
};

/* 1, 0 at the end of the input, -1 on error. */
static int refill(struct zstd_stream *self, struct cp_error **err)
{
	if (self->output_full || self->input.pos < self->input.size)
		return 1;
	const void *block;
	ssize_t got = self->inner->read(self->inner, &block, err);
	if (got <= 0)
		return (int)got;
	self->input = (ZSTD_inBuffer){block, (size_t)got, 0};
	return 1;
}

static ssize_t zstd_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct zstd_stream *self = (struct zstd_stream *)stream;
	*block = self->output;
	while (!self->ended) {
		int more = refill(self, err);
		if (more < 0)
			return -1;
		if (more == 0) {
			self->ended = true;
			return self->inside ? cp_error_set(err, EIO, "zstd stream ends early") : 0;
		}
		ZSTD_outBuffer output = {self->output, sizeof(self->output), 0};
		size_t rest = ZSTD_decompressStream(self->context, &output, &self->input);
		if (ZSTD_isError(rest)) {
			self->ended = true;
			return cp_error_set(
				err, EIO, "damaged zstd data: %s", ZSTD_getErrorName(rest));
		}
		self->inside = rest != 0;
		self->output_full = self->inside && output.pos == output.size;
		if (output.pos)
			return (ssize_t)output.pos;
	}
	return 0;
}

static void zstd_close(struct cp_stream *stream)
{
	struct zstd_stream *self = (struct zstd_stream *)stream;
	ZSTD_freeDCtx(self->context);
	cp_stream_close(self->inner);
	free(self);
}

struct cp_stream *cp_stream_zstd(struct cp_stream *inner, struct cp_error **err)
{
	struct zstd_stream *self = calloc(1, sizeof(*self));
	ZSTD_DCtx *context = self ? ZSTD_createDCtx() : NULL;
	if (!context) {
		free(self);
		cp_stream_close(inner);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG_MAX);
	self->base = (struct cp_stream){zstd_read, NULL, zstd_close, false};
	self->inner = inner;
	self->context = context;
	return &self->base;
}
