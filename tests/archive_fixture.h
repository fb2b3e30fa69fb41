/* SPDX-License-Identifier: MIT
 *
 * Archives made in memory, for tests: tar members one by one, gzip and zstd around them.
 * Everything is freed by fixture_free; a failure to make a fixture fails the test.
 */
#ifndef ARCHIVE_FIXTURE_H
#define ARCHIVE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <archive.h>
#include <archive_entry.h>
#include <isa-l/igzip_lib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "stream.h"

struct fixture {
	char *data;
	size_t size;
	size_t capacity;
	struct archive *archive; /* being written */
};

static inline void fixture_append(struct fixture *fixture, const void *data, size_t size)
{
	if (fixture->size + size > fixture->capacity) {
		fixture->capacity = (fixture->size + size) * 2 + 64;
		fixture->data = realloc(fixture->data, fixture->capacity);
		assert_non_null(fixture->data);
	}
	if (size)
		memcpy(fixture->data + fixture->size, data, size);
	fixture->size += size;
}

static inline void fixture_free(struct fixture *fixture)
{
	free(fixture->data);
	*fixture = (struct fixture){0};
}

static la_ssize_t fixture_write(
	struct archive *archive, void *context, const void *data, size_t size)
{
	(void)archive;
	fixture_append(context, data, size);
	return (la_ssize_t)size;
}

static inline void tar_begin(struct fixture *fixture)
{
	*fixture = (struct fixture){0};
	fixture->archive = archive_write_new();
	assert_non_null(fixture->archive);
	archive_write_set_format_pax_restricted(fixture->archive);
	archive_write_set_bytes_in_last_block(fixture->archive, 1);
	assert_int_equal(archive_write_open(fixture->archive, fixture, NULL, fixture_write, NULL),
		ARCHIVE_OK);
}

static inline void tar_entry(struct fixture *fixture, const char *name, int type, int mode,
	const char *link, const void *data, size_t size)
{
	struct archive_entry *entry = archive_entry_new();
	archive_entry_set_pathname(entry, name);
	archive_entry_set_filetype(entry, (unsigned)type);
	archive_entry_set_perm(entry, (unsigned)mode);
	archive_entry_set_size(entry, (la_int64_t)size);
	if (link && type == AE_IFLNK)
		archive_entry_set_symlink(entry, link);
	else if (link)
		archive_entry_set_hardlink(entry, link);
	assert_in_range(archive_write_header(fixture->archive, entry), (uintmax_t)ARCHIVE_OK,
		(uintmax_t)ARCHIVE_OK);
	if (size)
		assert_int_equal(archive_write_data(fixture->archive, data, size), (int)size);
	archive_entry_free(entry);
}

static inline void tar_file(struct fixture *fixture, const char *name, const char *text)
{
	tar_entry(fixture, name, AE_IFREG, 0644, NULL, text, strlen(text));
}

static inline void tar_directory(struct fixture *fixture, const char *name)
{
	tar_entry(fixture, name, AE_IFDIR, 0755, NULL, NULL, 0);
}

static inline void tar_symlink(struct fixture *fixture, const char *name, const char *target)
{
	tar_entry(fixture, name, AE_IFLNK, 0777, target, NULL, 0);
}

static inline void tar_hardlink(struct fixture *fixture, const char *name, const char *target)
{
	tar_entry(fixture, name, AE_IFREG, 0644, target, NULL, 0);
}

static inline void tar_end(struct fixture *fixture)
{
	assert_int_equal(archive_write_close(fixture->archive), ARCHIVE_OK);
	archive_write_free(fixture->archive);
	fixture->archive = NULL;
}

static inline struct fixture gzip_of(const void *data, size_t size)
{
	struct fixture made = {0};
	struct isal_zstream stream;
	isal_deflate_init(&stream);
	made.capacity = size + size / 2 + 1024;
	made.data = malloc(made.capacity);
	assert_non_null(made.data);
	stream.end_of_stream = 1;
	stream.flush = NO_FLUSH;
	stream.gzip_flag = IGZIP_GZIP;
	stream.next_in = (uint8_t *)data;
	stream.avail_in = (uint32_t)size;
	stream.next_out = (uint8_t *)made.data;
	stream.avail_out = (uint32_t)made.capacity;
	assert_int_equal(isal_deflate(&stream), COMP_OK);
	assert_int_equal(stream.internal_state.state, ZSTATE_END);
	made.size = stream.total_out;
	return made;
}

static inline struct fixture zstd_of(const void *data, size_t size)
{
	struct fixture made = {0};
	made.capacity = ZSTD_compressBound(size);
	made.data = malloc(made.capacity);
	assert_non_null(made.data);
	made.size = ZSTD_compress(made.data, made.capacity, data, size, 3);
	assert_false(ZSTD_isError(made.size));
	return made;
}

#endif
