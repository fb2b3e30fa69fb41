/* SPDX-License-Identifier: MIT */
#include "archive_fixture.h"

#include <stdio.h>
#include <unistd.h>

#include "support/pieces.h"

static struct fixture text_fixture(size_t size)
{
	struct fixture made = {0};
	char line[64];
	for (unsigned i = 0; made.size < size; i++) {
		int length = snprintf(line, sizeof(line), "line %u of %u\n", i, i * 2654435761u);
		fixture_append(&made, line, (size_t)length);
	}
	return made;
}

/* Reads all of `inner` decompressed (takes it over). -1 with *err, else 0. */
static int read_all(
	struct cp_stream *inner, struct fixture *out, const char **encoding, struct cp_error **err)
{
	*out = (struct fixture){0};
	struct cp_stream *stream = cp_stream_decompress(inner, encoding, err);
	if (!stream)
		return -1;
	const void *block;
	ssize_t got;
	while ((got = stream->read(stream, &block, err)) > 0)
		fixture_append(out, block, (size_t)got);
	cp_stream_close(stream);
	return got < 0 ? -1 : 0;
}

static void assert_reads(
	struct cp_stream *inner, const struct fixture *expected, const char *expected_encoding)
{
	struct fixture out;
	struct cp_error *err = NULL;
	const char *encoding = NULL;
	if (read_all(inner, &out, &encoding, &err) < 0)
		fail_msg("%s", err->message);
	assert_string_equal(encoding, expected_encoding);
	assert_int_equal(out.size, expected->size);
	assert_memory_equal(out.data, expected->data, out.size);
	fixture_free(&out);
}

static void assert_fails(const void *data, size_t size, const char *message)
{
	struct fixture out;
	cp_cleanup_error struct cp_error *err = NULL;
	const char *encoding;
	assert_int_equal(read_all(cp_stream_memory(data, size), &out, &encoding, &err), -1);
	assert_non_null(err);
	if (!strstr(err->message, message))
		fail_msg("\"%s\" does not say \"%s\"", err->message, message);
	fixture_free(&out);
}

static void plain_bytes_pass_through(void **state)
{
	(void)state;
	struct fixture text = text_fixture(100000);
	assert_reads(cp_stream_memory(text.data, text.size), &text, "tar");
	for (size_t piece = 1; piece < 9; piece++) {
		struct fixture few = {text.data, 20, 0, NULL};
		assert_reads(in_pieces(few.data, few.size, piece), &few, "tar");
	}
	fixture_free(&text);
}

static void short_and_empty_streams_are_plain(void **state)
{
	(void)state;
	struct fixture none = {0};
	struct fixture one = {(char *)"\x1f", 1, 0, NULL};
	assert_reads(cp_stream_memory(NULL, 0), &none, "tar");
	assert_reads(cp_stream_memory(one.data, 1), &one, "tar");
}

static void memory_is_one_stable_block(void **state)
{
	(void)state;
	static const char data[100000];
	struct cp_stream *stream = cp_stream_memory(data, sizeof(data));
	const void *block;
	assert_true(stream->stable);
	assert_int_equal((stream->skip)(stream, 10), 10);
	assert_int_equal(stream->read(stream, &block, NULL), sizeof(data) - 10);
	assert_ptr_equal(block, data + 10);
	assert_int_equal((stream->skip)(stream, 10), 0);
	assert_int_equal(stream->read(stream, &block, NULL), 0);
	cp_stream_close(stream);
}

static void gzip_inflates_in_pieces_of_any_size(void **state)
{
	(void)state;
	struct fixture text = text_fixture(700000); /* several output buffers */
	struct fixture packed = gzip_of(text.data, text.size);
	assert_reads(cp_stream_memory(packed.data, packed.size), &text, "gzip");
	for (size_t piece = 1; piece <= 64; piece += 7)
		assert_reads(in_pieces(packed.data, packed.size, piece), &text, "gzip");
	fixture_free(&packed);
	fixture_free(&text);
}

/* A header with every optional field: extra, name, comment, header checksum. */
static void gzip_header_fields_are_passed_over(void **state)
{
	(void)state;
	struct fixture text = text_fixture(1000);
	struct fixture packed = gzip_of(text.data, text.size);
	struct isal_zstream writer;
	struct isal_gzip_header header;
	uint8_t head[200];
	isal_deflate_init(&writer);
	isal_gzip_header_init(&header);
	header.extra = (uint8_t *)"xy\2\0ab";
	header.extra_len = 6;
	header.name = (char *)"layer.tar";
	header.name_buf_len = 10;
	header.comment = (char *)"made by a test";
	header.comment_buf_len = 15;
	header.hcrc = 1;
	writer.next_out = head;
	writer.avail_out = sizeof(head);
	assert_int_equal(isal_write_gzip_header(&writer, &header), 0);
	struct fixture whole = {0};
	fixture_append(&whole, head, sizeof(head) - writer.avail_out);
	fixture_append(&whole, packed.data + 10, packed.size - 10);
	for (size_t piece = 1; piece <= 64; piece += 9)
		assert_reads(in_pieces(whole.data, whole.size, piece), &text, "gzip");
	fixture_free(&whole);
	fixture_free(&packed);
	fixture_free(&text);
}

static void gzip_members_follow_each_other(void **state)
{
	(void)state;
	struct fixture text = text_fixture(300000);
	struct fixture whole = {0};
	for (size_t at = 0; at < text.size;) {
		size_t part = text.size - at < 100000 ? text.size - at : 100000;
		struct fixture member = gzip_of(text.data + at, part);
		fixture_append(&whole, member.data, member.size);
		fixture_free(&member);
		at += part;
	}
	assert_reads(cp_stream_memory(whole.data, whole.size), &text, "gzip");
	assert_reads(in_pieces(whole.data, whole.size, 13), &text, "gzip");
	fixture_append(&whole, "\0\0\0\0\0\0\0\0\0\0", 10); /* padding */
	assert_reads(in_pieces(whole.data, whole.size, 3), &text, "gzip");
	fixture_append(&whole, "x", 1);
	assert_fails(whole.data, whole.size, "garbage after");
	fixture_free(&whole);
	fixture_free(&text);
}

static void cut_gzip_fails_at_every_length(void **state)
{
	(void)state;
	struct fixture text = text_fixture(2000);
	struct fixture packed = gzip_of(text.data, text.size);
	for (size_t cut = 2; cut < packed.size; cut++)
		assert_fails(packed.data, cut, "ends early");
	fixture_free(&packed);
	fixture_free(&text);
}

static void damaged_gzip_is_told(void **state)
{
	(void)state;
	struct fixture text = text_fixture(2000);
	struct fixture packed = gzip_of(text.data, text.size);
	packed.data[packed.size - 8] ^= 1; /* CRC32 */
	assert_fails(packed.data, packed.size, "checksum");
	packed.data[packed.size - 8] ^= 1;
	packed.data[packed.size - 1] ^= 1; /* ISIZE */
	assert_fails(packed.data, packed.size, "checksum");
	packed.data[packed.size - 1] ^= 1;
	packed.data[2] = 7; /* method */
	assert_fails(packed.data, packed.size, "gzip header");
	fixture_free(&packed);
	fixture_free(&text);
}

static void zstd_inflates_frames_and_skips_others(void **state)
{
	(void)state;
	struct fixture text = text_fixture(700000);
	struct fixture packed = zstd_of(text.data, text.size);
	assert_reads(cp_stream_memory(packed.data, packed.size), &text, "zstd");
	assert_reads(in_pieces(packed.data, packed.size, 5), &text, "zstd");
	struct fixture whole = {0};
	fixture_append(&whole, "\x5a\x2a\x4d\x18\3\0\0\0abc", 11); /* a skippable frame */
	fixture_append(&whole, packed.data, packed.size);
	fixture_append(&whole, "\x50\x2a\x4d\x18\0\0\0\0", 8);
	assert_reads(cp_stream_memory(whole.data, whole.size), &text, "zstd");
	fixture_append(&whole, "garbage", 7);
	assert_fails(whole.data, whole.size, "zstd");
	fixture_free(&whole);
	fixture_free(&packed);
	fixture_free(&text);
}

static void cut_zstd_fails_at_every_length(void **state)
{
	(void)state;
	struct fixture text = text_fixture(2000);
	struct fixture packed = zstd_of(text.data, text.size);
	for (size_t cut = 4; cut < packed.size; cut++)
		assert_fails(packed.data, cut, "ends early");
	fixture_free(&packed);
	fixture_free(&text);
}

/* A frame header that asks for a window of 256 MiB: (28 - 10) << 3. */
static void zstd_windows_are_capped(void **state)
{
	(void)state;
	static const char frame[] = "\x28\xb5\x2f\xfd\x00\x90\x01\x00\x00";
	assert_fails(frame, sizeof(frame) - 1, "zstd");
}

static void other_compressions_are_named(void **state)
{
	(void)state;
	assert_fails("BZh91AY&SY", 10, "bzip2 or xz");
	assert_fails("\xfd"
		     "7zXZ\0\0\4",
		8, "bzip2 or xz");
}

static void descriptors_are_read(void **state)
{
	(void)state;
	int ends[2];
	struct fixture text = {(char *)"over a pipe", 11, 0, NULL};
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], text.data, text.size), text.size);
	close(ends[1]);
	assert_reads(cp_stream_fd(ends[0]), &text, "tar");
	struct fixture out;
	cp_cleanup_error struct cp_error *err = NULL;
	const char *encoding;
	assert_int_equal(pipe(ends), 0);
	close(ends[0]);
	assert_int_equal(read_all(cp_stream_fd(ends[1]), &out, &encoding, &err), -1);
	assert_non_null(strstr(err->message, "cannot read"));
}

static void count(void *context, uint64_t bytes)
{
	*(uint64_t *)context += bytes;
}

static void meter_hashes_and_counts(void **state)
{
	(void)state;
	static const char abc[] =
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	uint64_t bytes = 0;
	char digest[CP_DIGEST_SIZE];
	struct cp_stream *meter =
		cp_stream_meter(cp_stream_memory("abc", 3), true, count, &bytes, NULL);
	const void *block;
	assert_true(meter->stable);
	assert_int_equal(meter->read(meter, &block, NULL), 3);
	assert_int_equal(cp_stream_meter_digest(meter, digest, NULL), 0);
	assert_string_equal(digest, abc);
	assert_int_equal(bytes, 3);
	cp_stream_close(meter);
	assert_int_equal(cp_digest_memory("abc", 3, digest, NULL), 0);
	assert_string_equal(digest, abc);
}

/* What the decompressor leaves unread belongs to the digest too. */
static void meter_reads_on_after_an_error(void **state)
{
	(void)state;
	struct fixture text = text_fixture(600000);
	char expected[CP_DIGEST_SIZE];
	char digest[CP_DIGEST_SIZE];
	struct cp_error *err = NULL;
	const char *encoding;
	memcpy(text.data, "\x1f\x8b\x08\x00zzzzzz", 10);
	struct cp_stream *meter =
		cp_stream_meter(cp_stream_memory(text.data, text.size), true, NULL, NULL, NULL);
	struct cp_stream *plain = cp_stream_decompress(meter, &encoding, NULL);
	assert_int_equal(cp_stream_drain(plain, &err), -1);
	cp_error_free(err);
	assert_int_equal(cp_stream_meter_digest(meter, digest, NULL), 0);
	assert_int_equal(cp_digest_memory(text.data, text.size, expected, NULL), 0);
	assert_string_equal(digest, expected);
	cp_stream_close(plain);
	fixture_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_bytes_pass_through),
		cmocka_unit_test(short_and_empty_streams_are_plain),
		cmocka_unit_test(memory_is_one_stable_block),
		cmocka_unit_test(gzip_inflates_in_pieces_of_any_size),
		cmocka_unit_test(gzip_header_fields_are_passed_over),
		cmocka_unit_test(gzip_members_follow_each_other),
		cmocka_unit_test(cut_gzip_fails_at_every_length),
		cmocka_unit_test(damaged_gzip_is_told),
		cmocka_unit_test(zstd_inflates_frames_and_skips_others),
		cmocka_unit_test(cut_zstd_fails_at_every_length),
		cmocka_unit_test(zstd_windows_are_capped),
		cmocka_unit_test(other_compressions_are_named),
		cmocka_unit_test(descriptors_are_read),
		cmocka_unit_test(meter_hashes_and_counts),
		cmocka_unit_test(meter_reads_on_after_an_error),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
