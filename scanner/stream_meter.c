/* SPDX-License-Identifier: MIT
 *
 * Hashing and counting on the way: a layer that is read anyhow is hashed while its
 * bytes are in the cache. Large blocks (a mapped file is one) are cut into slices,
 * each hashed just before it is used.
 */
#include "stream.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct meter_stream {
	struct cp_stream base;
	struct cp_stream *inner;
	EVP_MD_CTX *hash; /* NULL: only counts */
	void (*progress)(void *context, uint64_t bytes);
	void *context;
	const uint8_t *block; /* of inner, not yet passed on */
	size_t left;
};

static ssize_t meter_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct meter_stream *self = (struct meter_stream *)stream;
	if (!self->left) {
		const void *next;
		ssize_t got = self->inner->read(self->inner, &next, err);
		if (got <= 0)
			return got;
		self->block = next;
		self->left = (size_t)got;
	}
	size_t slice = self->left < CP_STREAM_BLOCK ? self->left : CP_STREAM_BLOCK;
	if (self->hash && EVP_DigestUpdate(self->hash, self->block, slice) != 1)
		return cp_error_set(err, EIO, "cannot hash");
	if (self->progress)
		self->progress(self->context, slice);
	*block = self->block;
	self->block += slice;
	self->left -= slice;
	return (ssize_t)slice;
}

static void meter_close(struct cp_stream *stream)
{
	struct meter_stream *self = (struct meter_stream *)stream;
	EVP_MD_CTX_free(self->hash);
	cp_stream_close(self->inner);
	free(self);
}

static EVP_MD_CTX *new_hash(void)
{
	EVP_MD_CTX *hash = EVP_MD_CTX_new();
	if (hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1)
		return hash;
	EVP_MD_CTX_free(hash);
	return NULL;
}

struct cp_stream *cp_stream_meter(struct cp_stream *inner, bool hash,
	void (*progress)(void *context, uint64_t bytes), void *context, struct cp_error **err)
{
	struct meter_stream *self = calloc(1, sizeof(*self));
	EVP_MD_CTX *digest = self && hash ? new_hash() : NULL;
	if (!self || (hash && !digest)) {
		free(self);
		cp_stream_close(inner);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	self->base = (struct cp_stream){meter_read, NULL, meter_close, inner->stable};
	self->inner = inner;
	self->hash = digest;
	self->progress = progress;
	self->context = context;
	return &self->base;
}

static int write_digest(EVP_MD_CTX *hash, char digest[CP_DIGEST_SIZE], struct cp_error **err)
{
	unsigned char bytes[EVP_MAX_MD_SIZE];
	unsigned size = 0;
	if (EVP_DigestFinal_ex(hash, bytes, &size) != 1 || size != 32)
		return cp_error_set(err, EIO, "cannot hash");
	char *end = stpcpy(digest, "sha256:");
	for (unsigned i = 0; i < size; i++)
		end += snprintf(end, 3, "%02x", bytes[i]);
	return 0;
}

int cp_stream_meter_digest(
	struct cp_stream *meter, char digest[CP_DIGEST_SIZE], struct cp_error **err)
{
	if (cp_stream_drain(meter, err) < 0)
		return -1;
	return write_digest(((struct meter_stream *)meter)->hash, digest, err);
}

int cp_digest_memory(
	const void *data, size_t size, char digest[CP_DIGEST_SIZE], struct cp_error **err)
{
	EVP_MD_CTX *hash = new_hash();
	int result = -1;
	if (hash && EVP_DigestUpdate(hash, data, size) == 1)
		result = write_digest(hash, digest, err);
	else
		cp_error_set(err, ENOMEM, "cannot hash");
	EVP_MD_CTX_free(hash);
	return result;
}
