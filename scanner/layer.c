/* SPDX-License-Identifier: MIT
 *
 * The walk over one layer's members. Rules that are not tar's own:
 *
 *   .wh.NAME       removes NAME of the layers below (OCI image spec, layer.md)
 *   .wh..wh..opq   hides what the layers below have in this directory
 *   .wh..wh.OTHER  aufs's own bookkeeping; ignored, as engines do
 *   .wh.           is an ordinary name
 *
 * A whiteout speaks of the layers below only, and a later member replaces an earlier
 * one of the same name: both are the index's doing (index.h).
 *
 * A file's contents are looked at, not read: the first bytes decide (keep.h), and what
 * is not wanted is passed over. Contents that come in one block are used where they
 * are; others are gathered in a buffer that lives as long as its file is looked at.
 */
#include "layer.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "gather.h"
#include "keep.h"
#include "memory.h"
#include "tar.h"

#define HEAD_SIZE 64       /* bytes that keep.h decides by */
#define MAX_ERROR_ROWS 100 /* of one layer; a hostile one could fill the memory with them */

struct walk {
	struct cp_tar *tar;
	struct cp_index *index;
	const char *label;
	struct cp_gather gather;
	char member[CP_INDEX_MAX_PATH + 1]; /* name of the member at hand, for messages */
	size_t rows;
};

/* The start of a file's contents, as they arrive. */
struct contents {
	const uint8_t *block; /* the first block */
	size_t size;
	uint64_t offset; /* of the first block */
	uint8_t head[HEAD_SIZE];
	size_t head_size;
	bool gathered; /* the block is already in the gather buffer */
};

static void add_row(struct walk *walk, enum cp_severity severity, const char *message)
{
	char path[sizeof(walk->member) + 1] = "/";
	const char *name = walk->member;
	while (*name == '/' || (name[0] == '.' && name[1] == '/'))
		name++;
	stpcpy(path + 1, name);
	walk->rows++;
	if (walk->rows < MAX_ERROR_ROWS)
		cp_index_add_error(walk->index, severity, path, "%s: %s", walk->label, message);
	else if (walk->rows == MAX_ERROR_ROWS)
		cp_index_add_error(walk->index, CP_PARTIAL, walk->label,
			"more errors in this layer are not listed");
}

static int add_node(
	struct walk *walk, enum cp_node_kind kind, uint32_t *node, struct cp_error **err)
{
	return cp_index_add(walk->index, walk->member, kind, node, err);
}

/* --- whiteouts ------------------------------------------------------------ */

static int add_opaque(struct walk *walk, size_t directory_length, struct cp_error **err)
{
	uint32_t node = 0;
	walk->member[directory_length] = '\0';
	if (directory_length && add_node(walk, CP_NODE_DIRECTORY, &node, err) < 0)
		return -1;
	cp_index_node_mutable(walk->index, node)->flags |= CP_NODE_OPAQUE;
	return 0;
}

static int add_removal(struct walk *walk, char *base, struct cp_error **err)
{
	uint32_t node;
	if (strcmp(base, ".wh..") == 0)
		return cp_error_set(err, EINVAL, "whiteout of a directory by itself");
	memmove(base, base + 4, strlen(base + 4) + 1);
	return add_node(walk, CP_NODE_WHITEOUT, &node, err);
}

/* Handles a member that is a whiteout. 1 where it was one, 0 where not, -1 on error. */
static int whiteout(struct walk *walk, struct cp_error **err)
{
	char *slash = strrchr(walk->member, '/');
	char *base = slash ? slash + 1 : walk->member;
	if (strncmp(base, ".wh.", 4) != 0 || base[4] == '\0')
		return 0;
	if (strcmp(base, ".wh..wh..opq") == 0)
		return add_opaque(walk, (size_t)(base - walk->member), err) < 0 ? -1 : 1;
	if (strncmp(base, ".wh..wh.", 8) == 0)
		return 1;
	return add_removal(walk, base, err) < 0 ? -1 : 1;
}

/* --- files ------------------------------------------------------------------ */

/* Gathers what is left of the contents after the first block; what is not wanted is passed over. */
static int gather_rest(struct walk *walk, const struct contents *contents, struct cp_error **err)
{
	if (!contents->gathered)
		cp_gather_put(&walk->gather, contents->offset, contents->block, contents->size);
	const void *block;
	size_t size;
	uint64_t offset;
	int more;
	while ((more = cp_tar_data(walk->tar, &block, &size, &offset, err)) > 0)
		cp_gather_put(&walk->gather, offset, block, size);
	cp_gather_finish(&walk->gather);
	return more;
}

/* First blocks may be shorter than the head that decides: then they are gathered until
 * it is there. 0, 1 where contents begin with a hole (no object and no text does), or -1. */
static int read_head(
	struct walk *walk, uint64_t file_size, struct contents *contents, struct cp_error **err)
{
	const void *block = NULL;
	int more = cp_tar_data(walk->tar, &block, &contents->size, &contents->offset, err);
	if (more <= 0 || contents->offset != 0)
		return more < 0 ? -1 : 1;
	contents->block = block;
	size_t want = file_size < HEAD_SIZE ? (size_t)file_size : HEAD_SIZE;
	size_t have = contents->size < want ? contents->size : want;
	memcpy(contents->head, block, have);
	uint64_t end = contents->size;
	while (have < want) {
		if (!contents->gathered && file_size <= CP_MAX_OBJECT_SIZE) {
			if (cp_gather_begin(&walk->gather, file_size, err) < 0)
				return -1;
			cp_gather_put(&walk->gather, 0, contents->block, contents->size);
			contents->gathered = true;
		}
		size_t size;
		uint64_t offset;
		more = cp_tar_data(walk->tar, &block, &size, &offset, err);
		if (more <= 0 || offset != end)
			break;
		if (contents->gathered)
			cp_gather_put(&walk->gather, offset, block, size);
		size_t part = size < want - have ? size : want - have;
		memcpy(contents->head + have, block, part);
		have += part;
		end += size;
	}
	contents->head_size = have;
	return more < 0 ? -1 : 0;
}

/* Hands contents that are wanted to keep.h: whole, or of an object what its facts are read from. */
static int keep_whole(struct walk *walk, uint32_t node, uint64_t size, enum cp_keep keep,
	const struct contents *contents, struct cp_error **err)
{
	if (size > CP_MAX_OBJECT_SIZE) {
		cp_index_node_mutable(walk->index, node)->content = CP_CONTENT_ELF_UNREADABLE;
		add_row(walk, CP_SPOILS_OBJECT, "object is larger than 1 GiB");
		return 0;
	}
	if (!contents->gathered && contents->size == size)
		return cp_keep_store(walk->index, node, walk->member, keep, contents->block,
			(size_t)size, cp_tar_stable(walk->tar, contents->block, contents->size),
			err);
	uint64_t wanted = size;
	if (keep == CP_KEEP_OBJECT && !contents->gathered)
		wanted = cp_facts_extent(contents->block, contents->size, (size_t)size);
	if (!contents->gathered && cp_gather_begin(&walk->gather, wanted, err) < 0)
		return -1;
	if (gather_rest(walk, contents, err) < 0)
		return -1;
	return cp_keep_store(
		walk->index, node, walk->member, keep, walk->gather.data, (size_t)size, false, err);
}

static int add_file(struct walk *walk, struct archive_entry *entry, struct cp_error **err)
{
	uint32_t node;
	if (add_node(walk, CP_NODE_FILE, &node, err) < 0)
		return -1;
	struct cp_node *file = cp_index_node_mutable(walk->index, node);
	la_int64_t claimed = archive_entry_size(entry);
	uint64_t size = claimed > 0 ? (uint64_t)claimed : 0;
	file->size = size;
	if (archive_entry_mode(entry) & 0111)
		file->flags |= CP_NODE_EXECUTABLE;
	if (!size)
		return 0;
	struct contents contents = {0};
	int result = read_head(walk, size, &contents, err);
	if (result == 0) {
		enum cp_keep keep =
			cp_keep_decide(walk->member, size, contents.head, contents.head_size);
		result = keep == CP_KEEP_NOTHING
				 ? cp_keep_store(walk->index, node, walk->member, keep,
					   contents.head, contents.head_size, false, err)
				 : keep_whole(walk, node, size, keep, &contents, err);
	}
	cp_gather_end(&walk->gather);
	return result < 0 ? -1 : 0;
}

/* --- members --------------------------------------------------------------- */

static int add_link(
	struct walk *walk, enum cp_node_kind kind, const char *target, struct cp_error **err)
{
	uint32_t node;
	if (!target)
		return cp_error_set(err, EINVAL, "link without a target");
	if (add_node(walk, kind, &node, err) < 0)
		return -1;
	if (kind == CP_NODE_SYMLINK)
		return cp_index_set_link(walk->index, node, target, err);
	return cp_index_link_file(walk->index, node, target, err);
}

static int add_member(struct walk *walk, struct archive_entry *entry, struct cp_error **err)
{
	uint32_t node;
	int done = whiteout(walk, err);
	if (done)
		return done < 0 ? -1 : 0;
	const char *hardlink = cp_tar_hardlink(entry);
	if (hardlink)
		return add_link(walk, CP_NODE_FILE, hardlink, err);
	switch (archive_entry_filetype(entry)) {
	case AE_IFREG:
		return add_file(walk, entry, err);
	case AE_IFDIR:
		return add_node(walk, CP_NODE_DIRECTORY, &node, err);
	case AE_IFLNK:
		return add_link(walk, CP_NODE_SYMLINK, cp_tar_symlink(entry), err);
	default:
		return add_node(walk, CP_NODE_OTHER, &node, err);
	}
}

/* Copies the member's name without slashes at its ends. */
static int set_member(struct walk *walk, const char *name, struct cp_error **err)
{
	if (!name)
		return cp_error_set(err, EINVAL, "member without a name");
	size_t length = strlen(name);
	while (length > 1 && name[length - 1] == '/')
		length--;
	if (length > CP_INDEX_MAX_PATH) {
		snprintf(walk->member, sizeof(walk->member), "%.200s", name);
		return cp_error_set(err, ENAMETOOLONG, "name is too long");
	}
	memcpy(walk->member, name, length);
	walk->member[length] = '\0';
	return 0;
}

/* An error of the member at hand becomes a row. One of the archive itself, or of memory,
 * stops the walk. */
static int member_error(struct walk *walk, struct cp_error **err)
{
	if (cp_tar_failed(walk->tar) || (*err && (*err)->code == ENOMEM))
		return -1;
	add_row(walk, CP_PARTIAL, *err ? (*err)->message : "cannot be read");
	cp_error_free(*err);
	*err = NULL;
	return 0;
}

static int walk_members(struct walk *walk, struct cp_error **err)
{
	struct archive_entry *entry;
	int more;
	while ((more = cp_tar_next(walk->tar, &entry, err)) > 0) {
		if (set_member(walk, cp_tar_name(entry), err) < 0 ||
			add_member(walk, entry, err) < 0) {
			if (member_error(walk, err) < 0)
				return -1;
		}
	}
	return more;
}

/* The archive itself is damaged: one row that names the layer and where it broke. */
static int archive_error(struct walk *walk, struct cp_error **err)
{
	if (*err && (*err)->code == ENOMEM)
		return -1;
	const char *message = *err ? (*err)->message : "cannot be read";
	if (walk->member[0])
		cp_index_add_error(
			walk->index, CP_PARTIAL, walk->label, "%s (at %s)", message, walk->member);
	else
		cp_index_add_error(walk->index, CP_PARTIAL, walk->label, "%s", message);
	cp_error_free(*err);
	*err = NULL;
	return 0;
}

int cp_layer_index(struct cp_stream *stream, const char *label, struct cp_gate *gate,
	struct cp_index **index, struct cp_error **err)
{
	*index = NULL;
	cp_cleanup_index struct cp_index *made = cp_index_new();
	cp_cleanup_tar struct cp_tar *tar = made ? cp_tar_open(stream, err) : NULL;
	struct walk *walk = tar ? calloc(1, sizeof(*walk)) : NULL;
	if (!walk)
		return cp_error_set(err, ENOMEM, "out of memory");
	walk->tar = tar;
	walk->index = made;
	walk->label = label;
	walk->gather.gate = gate;
	struct cp_error *why = NULL;
	int result = walk_members(walk, &why);
	/* The rest is read too, for the checksums that come at its end. */
	if (result == 0)
		result = cp_stream_drain(stream, &why);
	if (result < 0)
		result = archive_error(walk, &why);
	if (result < 0)
		cp_error_set(err, ENOMEM, "%s: out of memory", label);
	else
		*index = cp_take(made);
	cp_error_free(why);
	cp_gather_clear(&walk->gather);
	free(walk);
	return result;
}
