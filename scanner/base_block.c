/* SPDX-License-Identifier: MIT
 *
 * The packed block of names at the end of a base file or an export list.
 *
 * A Debian's libraries export some 23,000 names: 650 KB however they are written,
 * 70 KB under zstd. No person reviews those line by line, so they are packed; and
 * no binary belongs into a repository, so the packed bytes are armoured. zstd and
 * base64 are undone in two passes over memory whose sizes the head announces, so
 * that nothing is allocated on the word of the packed data.
 */
#include "base_text.h"

#include <errno.h>
#include <openssl/evp.h>
#include <string.h>
#include <zstd.h>

#include "memory.h"

#define BEGIN "-----BEGIN SYMBOLS (zstd, base64)-----"
#define END "-----END SYMBOLS-----"
#define ARMOUR_LINE 76 /* characters, as MIME (RFC 2045) has it */
#define ARMOUR_BYTES (ARMOUR_LINE / 4 * 3)
#define PACK_LEVEL 19 /* files are written rarely and are kept in git */

static int hash_text(const char *text, size_t size, unsigned char hash[32])
{
	return EVP_Digest(text, size, hash, NULL, EVP_sha256(), NULL) == 1 ? 0 : -1;
}

static int write_armoured(FILE *file, const unsigned char *packed, size_t size)
{
	unsigned char line[ARMOUR_LINE + 1];
	fputs(BEGIN "\n", file);
	for (size_t at = 0; at < size; at += ARMOUR_BYTES) {
		size_t length = size - at < ARMOUR_BYTES ? size - at : ARMOUR_BYTES;
		EVP_EncodeBlock(line, packed + at, (int)length);
		fprintf(file, "%s\n", line);
	}
	fputs(END "\n", file);
	return ferror(file) ? -1 : 0;
}

int cp_block_write(
	FILE *file, const char *text, size_t size, const char *middle, struct cp_error **err)
{
	unsigned char hash[32];
	size_t bound = ZSTD_compressBound(size);
	cp_cleanup_free unsigned char *packed = malloc(bound);
	if (!packed || hash_text(text, size, hash) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	size_t packed_size = ZSTD_compress(packed, bound, text, size, PACK_LEVEL);
	if (ZSTD_isError(packed_size))
		return cp_error_set(
			err, 0, "cannot pack the names: %s", ZSTD_getErrorName(packed_size));
	fprintf(file, "symbols-size: %zu\nsymbols-sha256: ", size);
	for (size_t i = 0; i < sizeof(hash); i++)
		fprintf(file, "%02x", hash[i]);
	fprintf(file, "\n\n%s", middle ? middle : "");
	if (write_armoured(file, packed, packed_size) < 0)
		return cp_error_set(err, errno, "cannot write: %s", strerror(errno));
	return 0;
}

static int parse_hash(const char *text, unsigned char hash[32])
{
	if (strlen(text) != 64 || strspn(text, "0123456789abcdef") != 64)
		return -1;
	for (size_t i = 0; i < 32; i++) {
		unsigned byte;
		sscanf(text + 2 * i, "%2x", &byte);
		hash[i] = (unsigned char)byte;
	}
	return 0;
}

int cp_block_read_head(struct cp_reader *reader, struct cp_block_head *head)
{
	if (cp_reader_number(reader, "symbols-size", CP_TEXT_MAX_SYMBOLS, &head->size) < 0)
		return -1;
	cp_cleanup_free char *hash = cp_reader_key(reader, "symbols-sha256");
	if (!hash)
		return -1;
	if (parse_hash(hash, head->hash) < 0)
		return cp_reader_fail(reader, "symbols-sha256 must be 64 hexadecimal digits");
	return 0;
}

/* Decodes one armoured line into `to`; returns the bytes it held, or -1. */
static int decode_line(const char *line, size_t length, unsigned char *to)
{
	if (length == 0 || length > ARMOUR_LINE || length % 4 != 0)
		return -1;
	size_t padding = 0;
	while (padding < 2 && line[length - 1 - padding] == '=')
		padding++;
	if (memchr(line, '=', length - padding))
		return -1;
	int size = EVP_DecodeBlock(to, (const unsigned char *)line, (int)length);
	return size < 0 ? -1 : size - (int)padding;
}

/* Reads the armoured lines up to END. *packed is owned by the caller. */
static int read_armoured(struct cp_reader *reader, unsigned char **packed, size_t *size)
{
	size_t left = (size_t)(reader->end - reader->at);
	if (left > CP_TEXT_MAX_PACKED)
		return cp_reader_fail(
			reader, "more than %zu bytes of packed names", CP_TEXT_MAX_PACKED);
	*packed = malloc(left / 4 * 3 + ARMOUR_BYTES);
	if (!*packed)
		return cp_error_set(reader->err, ENOMEM, "%s: out of memory", reader->label);
	*size = 0;
	int decoded = ARMOUR_BYTES;
	for (;;) {
		if (cp_reader_next(reader) < 0)
			return -1;
		if (strcmp(reader->buffer, END) == 0)
			return 0;
		if (decoded != ARMOUR_BYTES)
			return cp_reader_fail(reader, "a short line must be the block's last");
		decoded = decode_line(reader->buffer, strlen(reader->buffer), *packed + *size);
		if (decoded < 0)
			return cp_reader_fail(reader, "not a line of base64");
		*size += (size_t)decoded;
	}
}

static int unpack(struct cp_reader *reader, const struct cp_block_head *head,
	const unsigned char *packed, size_t packed_size, struct cp_block *block)
{
	unsigned char hash[32];
	cp_cleanup_free char *text = malloc(head->size + 1);
	if (!text)
		return cp_error_set(reader->err, ENOMEM, "%s: out of memory", reader->label);
	size_t size = ZSTD_decompress(text, head->size, packed, packed_size);
	if (ZSTD_isError(size))
		return cp_reader_fail(
			reader, "cannot unpack the names: %s", ZSTD_getErrorName(size));
	if (size != head->size)
		return cp_reader_fail(reader, "%zu bytes of names, the head says %llu", size,
			(unsigned long long)head->size);
	if (hash_text(text, size, hash) < 0 || memcmp(hash, head->hash, sizeof(hash)) != 0)
		return cp_reader_fail(reader, "the names do not have the SHA-256 of the head");
	text[size] = '\0';
	block->text = cp_take(text);
	block->size = size;
	return 0;
}

int cp_block_read(
	struct cp_reader *reader, const struct cp_block_head *head, struct cp_block *block)
{
	if (cp_reader_next(reader) < 0)
		return -1;
	if (strcmp(reader->buffer, BEGIN) != 0)
		return cp_reader_fail(reader, "expected \"%s\"", BEGIN);
	cp_cleanup_free unsigned char *packed = NULL;
	size_t packed_size = 0;
	if (read_armoured(reader, &packed, &packed_size) < 0)
		return -1;
	if (reader->at != reader->end)
		return cp_reader_fail(reader, "something follows the block");
	return unpack(reader, head, packed, packed_size, block);
}
