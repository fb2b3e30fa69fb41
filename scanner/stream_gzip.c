/* SPDX-License-Identifier: MIT
 *
 * gzip (RFC 1952) by ISA-L, which inflates several times faster than zlib.
 *
 * A file may hold several members one after the other; each has its own checksum and
 * length, which ISA-L verifies. After the last member there may be zero padding (as
 * tapes and some registries leave it); anything else there is an error, since it may
 * just as well be the remains of a damaged member.
 */
#include "stream.h"

#include <errno.h>
#include <isa-l/igzip_lib.h>
#include <stdlib.h>

#define MAX_INPUT ((size_t)1 << 30) /* ISA-L counts in 32 bits */

enum gzip_state {
	GZIP_HEADER,
	GZIP_BODY,
	GZIP_BETWEEN, /* a member has ended */
	GZIP_END,
	GZIP_FAILED,
};

struct gzip_stream {
	struct cp_stream base;
	struct cp_stream *inner;
	const uint8_t *input; /* of the inner block, not yet given to ISA-L */
	size_t input_size;
	enum gzip_state state;
	int failure; /* ISA-L's code, told once the bytes before the damage are handed out */
	struct isal_gzip_header header;
	struct inflate_state inflate;
	uint8_t output[CP_STREAM_BLOCK];
};

/* Gives ISA-L more input if it has none. 1, 0 at the end of the input, -1 on error. */
static int refill(struct gzip_stream *self, struct cp_error **err)
{
	if (self->inflate.avail_in)
		return 1;
	if (!self->input_size) {
		const void *block;
		ssize_t got = self->inner->read(self->inner, &block, err);
		if (got <= 0)
			return (int)got;
		self->input = block;
		self->input_size = (size_t)got;
	}
	size_t slice = self->input_size < MAX_INPUT ? self->input_size : MAX_INPUT;
	self->inflate.next_in = (uint8_t *)self->input;
	self->inflate.avail_in = (uint32_t)slice;
	self->input += slice;
	self->input_size -= slice;
	return 1;
}

static void begin_member(struct gzip_stream *self)
{
	uint8_t *next = self->inflate.next_in;
	uint32_t available = self->inflate.avail_in;
	isal_inflate_init(&self->inflate);
	isal_gzip_header_init(&self->header);
	self->inflate.crc_flag = ISAL_GZIP_NO_HDR_VER;
	self->inflate.next_in = next;
	self->inflate.avail_in = available;
	self->state = GZIP_HEADER;
}

static int bad_data(int code, struct cp_error **err)
{
	switch (code) {
	case ISAL_INCORRECT_CHECKSUM:
		return cp_error_set(err, EIO, "gzip checksum does not match");
	case ISAL_INVALID_WRAPPER:
	case ISAL_UNSUPPORTED_METHOD:
		return cp_error_set(err, EIO, "not a gzip header");
	default:
		return cp_error_set(err, EIO, "damaged gzip data");
	}
}

static int read_header(struct gzip_stream *self, struct cp_error **err)
{
	int more = refill(self, err);
	if (more < 0)
		return -1;
	if (more == 0)
		return cp_error_set(err, EIO, "gzip stream ends early");
	int code = isal_read_gzip_header(&self->inflate, &self->header);
	if (code != ISAL_DECOMP_OK && code != ISAL_END_INPUT)
		return bad_data(code, err);
	if (code == ISAL_DECOMP_OK)
		self->state = GZIP_BODY;
	return 0;
}

/* Inflates into the output buffer; returns the bytes made, or -1. */
static ssize_t inflate_some(struct gzip_stream *self, struct cp_error **err)
{
	struct inflate_state *inflate = &self->inflate;
	int more = refill(self, err);
	if (more < 0)
		return -1;
	inflate->next_out = self->output;
	inflate->avail_out = sizeof(self->output);
	uint32_t before = inflate->avail_in;
	int code = isal_inflate(inflate);
	size_t made = sizeof(self->output) - inflate->avail_out;
	if (code != ISAL_DECOMP_OK) {
		self->state = GZIP_FAILED;
		self->failure = code;
	} else if (inflate->block_state == ISAL_BLOCK_FINISH)
		self->state = GZIP_BETWEEN;
	else if (!made && more == 0)
		return cp_error_set(err, EIO, "gzip stream ends early");
	else if (!made && before && inflate->avail_in == before)
		return bad_data(ISAL_INVALID_BLOCK, err);
	return (ssize_t)made;
}

static int only_zeros_left(struct gzip_stream *self, struct cp_error **err)
{
	int more;
	while ((more = refill(self, err)) > 0) {
		const uint8_t *byte = self->inflate.next_in;
		const uint8_t *end = byte + self->inflate.avail_in;
		for (; byte < end; byte++)
			if (*byte)
				return cp_error_set(err, EIO, "garbage after the gzip stream");
		self->inflate.avail_in = 0;
	}
	return more;
}

static int after_member(struct gzip_stream *self, struct cp_error **err)
{
	int more = refill(self, err);
	if (more < 0)
		return -1;
	if (more == 0) {
		self->state = GZIP_END;
		return 0;
	}
	if (self->inflate.next_in[0] == 0x1f) {
		begin_member(self);
		return 0;
	}
	self->state = GZIP_END;
	return only_zeros_left(self, err);
}

static ssize_t gzip_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct gzip_stream *self = (struct gzip_stream *)stream;
	ssize_t made = 0;
	*block = self->output;
	while (made == 0 && self->state != GZIP_END) {
		if (self->state == GZIP_FAILED)
			return bad_data(self->failure, err);
		if (self->state == GZIP_HEADER)
			made = read_header(self, err);
		else if (self->state == GZIP_BODY)
			made = inflate_some(self, err);
		else
			made = after_member(self, err);
	}
	if (made < 0)
		self->state = GZIP_FAILED;
	return made;
}

static void gzip_close(struct cp_stream *stream)
{
	cp_stream_close(((struct gzip_stream *)stream)->inner);
	free(stream);
}

struct cp_stream *cp_stream_gzip(struct cp_stream *inner, struct cp_error **err)
{
	struct gzip_stream *self = malloc(sizeof(*self));
	if (!self) {
		cp_stream_close(inner);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	self->base = (struct cp_stream){gzip_read, NULL, gzip_close, false};
	self->inner = inner;
	self->input_size = 0;
	self->failure = ISAL_INVALID_BLOCK;
	self->inflate.next_in = NULL;
	self->inflate.avail_in = 0;
	begin_member(self);
	return &self->base;
}
