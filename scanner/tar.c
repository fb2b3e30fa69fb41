/* SPDX-License-Identifier: MIT */
#include "tar.h"

#include <errno.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>

#define TAR_BLOCK 512

struct cp_tar {
	struct archive *archive;
	struct cp_stream *stream;
	struct cp_error *stream_error; /* why the stream failed, for the archive's error */
	const uint8_t *block;          /* last one read */
	size_t block_size;
	bool zero_end; /* the stream's last bytes, up to TAR_BLOCK of them, are zeros */
	bool any;      /* the stream had bytes */
	bool ended;    /* the stream has been read to its end */
	bool failed;
	locale_t names;    /* UTF-8, so that pax names need no conversion */
	locale_t previous; /* the thread's */
};

static bool ends_in_zeros(const uint8_t *block, size_t size)
{
	size_t look = size < TAR_BLOCK ? size : TAR_BLOCK;
	for (const uint8_t *byte = block + size - look; look; look--)
		if (*byte++)
			return false;
	return true;
}

static la_ssize_t read_callback(struct archive *archive, void *context, const void **block)
{
	struct cp_tar *tar = context;
	ssize_t got = tar->stream->read(tar->stream, block, &tar->stream_error);
	if (got < 0) {
		archive_set_error(archive, EIO, "%s",
			tar->stream_error ? tar->stream_error->message : "cannot read");
		return ARCHIVE_FATAL;
	}
	if (got == 0) {
		tar->ended = true;
		return 0;
	}
	tar->any = true;
	tar->block = *block;
	tar->block_size = (size_t)got;
	tar->zero_end = ends_in_zeros(tar->block, tar->block_size);
	return got;
}

static la_int64_t skip_callback(struct archive *archive, void *context, la_int64_t request)
{
	(void)archive;
	struct cp_tar *tar = context;
	if (request <= 0 || !tar->stream->skip)
		return 0;
	return (la_int64_t)tar->stream->skip(tar->stream, (uint64_t)request);
}

void cp_tar_close(struct cp_tar *tar)
{
	if (!tar)
		return;
	archive_read_free(tar->archive);
	cp_error_free(tar->stream_error);
	if (tar->names) {
		uselocale(tar->previous);
		freelocale(tar->names);
	}
	free(tar);
}

void cp_tar_cleanup(struct cp_tar **tar)
{
	cp_tar_close(*tar);
}

struct cp_tar *cp_tar_open(struct cp_stream *stream, struct cp_error **err)
{
	struct cp_tar *tar = calloc(1, sizeof(*tar));
	struct archive *archive = tar ? archive_read_new() : NULL;
	if (!archive) {
		free(tar);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	tar->archive = archive;
	tar->stream = stream;
	tar->names = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	if (tar->names)
		tar->previous = uselocale(tar->names);
	archive_read_support_format_tar(archive);
	archive_read_set_read_callback(archive, read_callback);
	archive_read_set_skip_callback(archive, skip_callback);
	archive_read_set_callback_data(archive, tar);
	/* A stream that fails at once fails here; the first cp_tar_next tells it. */
	archive_read_open1(archive);
	return tar;
}

static int archive_failure(struct cp_tar *tar, struct cp_error **err)
{
	tar->failed = true;
	if (tar->stream_error)
		return cp_error_set(err, tar->stream_error->code, "%s", tar->stream_error->message);
	if (!tar->any)
		return cp_error_set(err, EIO, "is empty");
	const char *text = archive_error_string(tar->archive);
	return cp_error_set(err, EIO, "damaged tar archive: %s", text ? text : "unknown format");
}

int cp_tar_next(struct cp_tar *tar, struct archive_entry **entry, struct cp_error **err)
{
	int code;
	do
		code = archive_read_next_header(tar->archive, entry);
	while (code == ARCHIVE_RETRY);
	if (code == ARCHIVE_OK || code == ARCHIVE_WARN)
		return 1;
	if (code != ARCHIVE_EOF)
		return archive_failure(tar, err);
	tar->failed = tar->ended && !tar->zero_end;
	if (tar->failed)
		return cp_error_set(err, EIO, "ends without an end-of-archive mark");
	return 0;
}

/* libarchive leaves the plain accessor NULL where a name is not valid in the locale; the other one
 * converts each name that it is asked for. */
const char *cp_tar_name(struct archive_entry *entry)
{
	const char *name = archive_entry_pathname(entry);
	return name ? name : archive_entry_pathname_utf8(entry);
}

const char *cp_tar_hardlink(struct archive_entry *entry)
{
	const char *target = archive_entry_hardlink(entry);
	return target ? target : archive_entry_hardlink_utf8(entry);
}

const char *cp_tar_symlink(struct archive_entry *entry)
{
	const char *target = archive_entry_symlink(entry);
	return target ? target : archive_entry_symlink_utf8(entry);
}

int cp_tar_data(struct cp_tar *tar, const void **block, size_t *size, uint64_t *offset,
	struct cp_error **err)
{
	la_int64_t at = 0;
	int code;
	do
		code = archive_read_data_block(tar->archive, block, size, &at);
	while (code == ARCHIVE_RETRY || (code == ARCHIVE_OK && *size == 0));
	*offset = (uint64_t)at;
	if (code == ARCHIVE_EOF)
		return 0;
	if (code == ARCHIVE_OK || code == ARCHIVE_WARN)
		return 1;
	return archive_failure(tar, err);
}

bool cp_tar_failed(const struct cp_tar *tar)
{
	return tar->failed;
}

bool cp_tar_stable(const struct cp_tar *tar, const void *block, size_t size)
{
	const uint8_t *start = block;
	return tar->stream->stable && start >= tar->block &&
	       start + size <= tar->block + tar->block_size;
}
