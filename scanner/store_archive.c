/* SPDX-License-Identifier: MIT
 *
 * An image archive. Mapped: its headers are read once, contents stay where they are.
 * Streamed: members are told apart by their first bytes as they pass.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "memory.h"
#include "tar.h"

#define MAX_KEPT ((size_t)16 << 20) /* bytes of all documents of a streamed archive */
#define TAR_MAGIC_AT 257

/* --- links, common to both ------------------------------------------------------ */

/* The name that a symbolic link in `name`'s directory means. Old archives write
 * "../ID/layer.tar". Owned; NULL without memory. */
static char *link_target(const char *name, const char *target)
{
	const char *slash = strrchr(name, '/');
	size_t directory = slash ? (size_t)(slash - name) : 0;
	while (strncmp(target, "../", 3) == 0) {
		target += 3;
		const char *up = directory ? memrchr(name, '/', directory) : NULL;
		directory = up ? (size_t)(up - name) : 0;
	}
	char *joined = NULL;
	if (asprintf(&joined, "%.*s%s%s", (int)directory, name, directory ? "/" : "", target) < 0)
		return NULL;
	return joined;
}

/* Files a member that is a link. 1 where it was one. */
static int put_link(struct cp_store *store, struct archive_entry *entry, struct cp_error **err)
{
	const char *name = cp_tar_name(entry);
	const char *hard = cp_tar_hardlink(entry);
	const char *symbolic = hard ? NULL : cp_tar_symlink(entry);
	if (!hard && !symbolic)
		return 0;
	struct cp_blob *blob = cp_store_put(store, name, err);
	if (!blob)
		return -1;
	blob->link = hard ? strdup(hard) : link_target(blob->name, symbolic);
	return blob->link ? 1 : cp_error_set(err, ENOMEM, "out of memory");
}

/* A member that cannot be filed is damage; only a lack of memory stops. */
static int tolerate(struct cp_store *store, struct cp_error **err)
{
	if (*err && (*err)->code == ENOMEM)
		return -1;
	cp_store_note_damage(store, cp_take(*err));
	return 0;
}

typedef int (*member_function)(struct cp_store *store, struct cp_tar *tar,
	struct archive_entry *entry, void *context, struct cp_error **err);

/* The members one by one. What cannot be filed is passed over as damage. 0 at the end of
 * the archive, -1 with *err where it can be read no further. */
static int walk_members(struct cp_store *store, struct cp_tar *tar, member_function member,
	void *context, struct cp_error **err)
{
	struct archive_entry *entry;
	int more;
	while ((more = cp_tar_next(tar, &entry, err)) > 0) {
		if (!cp_tar_name(entry) || archive_entry_filetype(entry) == AE_IFDIR)
			continue;
		int done = put_link(store, entry, err);
		if (done == 0 && archive_entry_filetype(entry) == AE_IFREG)
			done = member(store, tar, entry, context, err);
		if (done < 0 && cp_tar_failed(tar))
			return cp_error_wrap(err, "%s", cp_tar_name(entry));
		if (done < 0 && tolerate(store, err) < 0)
			return -1;
	}
	return more;
}

/* Reads a whole archive. Damage is noted; -1 only without memory. */
static int each_member(struct cp_store *store, struct cp_stream *stream, member_function member,
	void *context, struct cp_error **err)
{
	cp_cleanup_tar struct cp_tar *tar = cp_tar_open(stream, err);
	if (!tar)
		return -1;
	struct cp_error *why = NULL;
	int result = walk_members(store, tar, member, context, &why);
	/* Checksums and the engine's last word come after the archive's end. */
	if (result == 0)
		result = cp_stream_drain(stream, &why);
	if (result < 0 && tolerate(store, &why) < 0) {
		cp_error_free(why);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* --- mapped ----------------------------------------------------------------------- */

static int map_member(struct cp_store *store, struct cp_tar *tar, struct archive_entry *entry,
	void *context, struct cp_error **err)
{
	(void)context;
	struct cp_blob *blob = cp_store_put(store, cp_tar_name(entry), err);
	if (!blob)
		return -1;
	blob->claimed = (uint64_t)archive_entry_size(entry);
	if (!blob->claimed)
		return 0;
	const void *data;
	uint64_t offset;
	size_t size;
	int more = cp_tar_data(tar, &data, &size, &offset, err);
	if (more < 0)
		return -1;
	if (more == 0 || offset || !cp_tar_stable(tar, data, size))
		return cp_error_set(err, EINVAL, "%s is a sparse member", blob->name);
	blob->data = data;
	blob->size = size;
	return 0;
}

static struct cp_store *open_mapped(const char *path, int fd, struct cp_error **err)
{
	cp_cleanup_store struct cp_store *store = cp_store_new(path, err);
	if (!store)
		return NULL;
	const uint8_t *data;
	if (cp_store_map(fd, &data, &store->mapping_size, err) < 0)
		return NULL;
	store->mapping = (void *)data;
	cp_cleanup_stream struct cp_stream *stream = cp_stream_memory(data, store->mapping_size);
	if (!stream) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	if (each_member(store, stream, map_member, NULL, err) < 0)
		return NULL;
	return cp_take(store);
}

/* --- streamed ------------------------------------------------------------------ */

struct intake {
	const struct cp_store_options *options;
	size_t kept; /* bytes of documents */
};

/* A member's contents as a stream. */
struct member_stream {
	struct cp_stream base;
	struct cp_tar *tar;
	uint64_t at; /* bytes handed out */
};

static ssize_t member_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct member_stream *self = (struct member_stream *)stream;
	size_t size;
	uint64_t offset;
	int more = cp_tar_data(self->tar, block, &size, &offset, err);
	if (more <= 0)
		return more;
	if (offset != self->at)
		return cp_error_set(err, EINVAL, "is a sparse member");
	self->at += size;
	return (ssize_t)size;
}

static void member_close(struct cp_stream *stream)
{
	(void)stream; /* lives on the stack */
}

static bool looks_like_layer(const uint8_t *head, size_t size)
{
	enum cp_encoding encoding = cp_encoding_sniff(head, size);
	if (encoding == CP_ENCODING_GZIP || encoding == CP_ENCODING_ZSTD)
		return true;
	if (size >= TAR_MAGIC_AT + 5 && memcmp(head + TAR_MAGIC_AT, "ustar", 5) == 0)
		return true;
	/* An empty layer is nothing but zeros. */
	return size >= 512 && head[0] == 0 && memcmp(head, head + 1, 511) == 0;
}

/* Reads a member into memory; larger ones, and those past the budget, are passed over. */
static int keep_document(struct intake *intake, struct cp_blob *blob, struct cp_stream *stream,
	struct cp_error **err)
{
	blob->size = (size_t)blob->claimed;
	if (blob->claimed > CP_STORE_MAX_DOCUMENT || intake->kept + blob->size > MAX_KEPT)
		return 0;
	blob->owned = malloc(blob->size);
	if (!blob->owned)
		return cp_error_set(err, ENOMEM, "out of memory");
	const void *block;
	size_t have = 0;
	ssize_t got;
	while ((got = stream->read(stream, &block, err)) > 0) {
		size_t room = blob->size - have;
		size_t part = (size_t)got < room ? (size_t)got : room;
		memcpy(blob->owned + have, block, part);
		have += part;
	}
	blob->data = blob->owned;
	blob->size = have;
	intake->kept += have;
	return got < 0 ? -1 : 0;
}

static int index_layer(struct cp_store *store, struct intake *intake, struct cp_blob *blob,
	struct cp_stream *raw, struct cp_error **err)
{
	cp_cleanup_free char *label = NULL;
	if (asprintf(&label, "%s: %s", store->label, blob->name) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	blob->size = (size_t)blob->claimed;
	struct cp_stream *meter = cp_stream_meter(raw, true, NULL, NULL, err);
	if (!meter)
		return -1;
	cp_cleanup_stream struct cp_stream *plain =
		cp_stream_decompress(meter, &blob->encoding, err);
	if (!plain || cp_layer_index(plain, label, intake->options->gate, &blob->index, err) < 0)
		return -1;
	if (cp_stream_meter_digest(meter, blob->digest, err) < 0) {
		blob->digest[0] = '\0';
		return -1;
	}
	return 0;
}

static int take_member(struct cp_store *store, struct cp_tar *tar, struct archive_entry *entry,
	void *context, struct cp_error **err)
{
	struct intake *intake = context;
	struct cp_blob *blob = cp_store_put(store, cp_tar_name(entry), err);
	if (!blob)
		return -1;
	blob->claimed = (uint64_t)archive_entry_size(entry);
	struct member_stream member = {
		.base = {member_read, NULL, member_close, false}, .tar = tar};
	const uint8_t *head;
	size_t size;
	struct cp_stream *contents = cp_stream_peek(&member.base, CP_PEEK_SIZE, &head, &size, err);
	if (!contents)
		return -1;
	if (looks_like_layer(head, size))
		return index_layer(store, intake, blob, contents, err);
	int result = keep_document(intake, blob, contents, err);
	cp_stream_close(contents);
	return result;
}

struct cp_store *cp_store_open_stream(struct cp_stream *stream, const char *label,
	const struct cp_store_options *options, struct cp_error **err)
{
	struct cp_stream *meter =
		cp_stream_meter(stream, false, options->progress, options->context, err);
	if (!meter)
		return NULL;
	const char *encoding;
	cp_cleanup_stream struct cp_stream *plain = cp_stream_decompress(meter, &encoding, err);
	cp_cleanup_store struct cp_store *store = plain ? cp_store_new(label, err) : NULL;
	struct intake intake = {.options = options};
	if (!store || each_member(store, plain, take_member, &intake, err) < 0) {
		cp_error_wrap(err, "%s", label);
		return NULL;
	}
	return cp_take(store);
}

/* --- opening ------------------------------------------------------------------- */

static bool plain_file(int fd)
{
	struct stat status;
	uint8_t head[CP_SNIFF_SIZE];
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		return false;
	ssize_t got = pread(fd, head, sizeof(head), 0);
	return got >= 0 && cp_encoding_sniff(head, (size_t)got) == CP_ENCODING_PLAIN;
}

struct cp_store *cp_store_open_mapped(const char *path, struct cp_error **err)
{
	cp_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0 && plain_file(fd))
		return open_mapped(path, fd, err);
	cp_error_set(err, fd < 0 ? errno : EINVAL, "%s: not an uncompressed archive", path);
	return NULL;
}

struct cp_store *cp_store_open_archive(
	const char *path, const struct cp_store_options *options, struct cp_error **err)
{
	bool standard_input = strcmp(path, "-") == 0;
	int fd = standard_input ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 0)
				: open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		int code = errno;
		cp_error_set(err, code, "%s: %s", path, strerror(code));
		return NULL;
	}
	if (plain_file(fd)) {
		struct cp_store *store = open_mapped(path, fd, err);
		close(fd);
		return store;
	}
	struct cp_stream *stream = cp_stream_fd(fd);
	if (!stream) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	return cp_store_open_stream(stream, standard_input ? "standard input" : path, options, err);
}
