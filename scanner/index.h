/* SPDX-License-Identifier: MIT
 *
 * An index: what matters of a file tree.
 *
 * A layer, a merged image root and a target base are all indexes. An index is a
 * tree of nodes in one array; a node has its parent, its name (interned: a
 * node_modules repeats few names very often), and for files what was learnt of
 * their content. Node 0 is the root directory. A node costs 32 bytes and a hash
 * slot, so that a million entries stay within tens of megabytes. A node's id never
 * changes, and is greater than its parent's.
 *
 *   add ──▶ nodes ──▶ apply (upper layer onto lower: whiteouts, opaque, links)
 *                └──▶ find / children / resolve (see root.h)
 *
 * Invariants: a path has at most one live node; a live node's parent is a live
 * directory; a directory's list of children holds just the live ones, in no
 * promised order; a removed node keeps its slot with kind CP_NODE_REMOVED. Payloads (facts, texts)
 * are owned by the index, and shared between the hard links of one file.
 */
#ifndef CP_INDEX_H
#define CP_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "facts.h"

#define CP_INDEX_MAX_NODES 8000000u
#define CP_INDEX_MAX_PATH 4096u /* bytes, PATH_MAX */
#define CP_INDEX_MAX_NAME 255u  /* bytes, NAME_MAX */
#define CP_INDEX_MAX_DEPTH 1024u
#define CP_INDEX_MAX_TEXT ((uint64_t)256 << 20) /* bytes of copied texts */
#define CP_INDEX_MAX_ERRORS 10000u              /* rows; one more then says that there were more */
#define CP_NO_NODE UINT32_MAX

enum cp_node_kind {
	CP_NODE_REMOVED,
	CP_NODE_DIRECTORY,
	CP_NODE_FILE,
	CP_NODE_SYMLINK,
	CP_NODE_HARDLINK, /* its target is in a lower layer; resolved by cp_index_apply */
	CP_NODE_OTHER,    /* device, fifo, socket */
	CP_NODE_WHITEOUT, /* of a layer: removes the path from what lies below */
};

enum cp_content {
	CP_CONTENT_OTHER,          /* not looked at further */
	CP_CONTENT_ELF,            /* payload: facts */
	CP_CONTENT_ELF_UNREADABLE, /* ELF magic, but an errors[] row instead of facts */
	CP_CONTENT_TEXT,           /* payload: one of the few texts that rules need */
	CP_CONTENT_MACHO,
	CP_CONTENT_PE,
	CP_CONTENT_LFS_POINTER, /* a git-lfs pointer where an object should be */
};

enum cp_node_flag {
	CP_NODE_OPAQUE = 1 << 0,     /* directory of a layer: hides what lies below */
	CP_NODE_EXECUTABLE = 1 << 1, /* a file with any x bit */
	CP_NODE_SYSTEM = 1 << 2, /* belongs to the image's base, not to the service (service.h) */
};

/* 32 bytes; index.c asserts it. */
struct cp_node {
	uint32_t parent;
	uint32_t name;        /* offset into the index's names */
	uint32_t first_child; /* directories; CP_NO_NODE: none */
	uint32_t next_sibling;
	uint32_t payload; /* ELF: facts number; TEXT: text number; links: offset into the names */
	uint8_t kind;     /* enum cp_node_kind */
	uint8_t content;  /* enum cp_content, for files */
	uint8_t flags;    /* enum cp_node_flag */
	uint8_t scratch;  /* of the operation that is under way; means nothing between two */
	uint64_t size;    /* of a file, bytes */
};

struct cp_text {
	const char *data; /* not NUL-terminated when borrowed */
	size_t size;      /* bytes */
	char *owned;      /* == data when owned, NULL when borrowed from a mapping */
};

enum cp_severity {
	CP_SPOILS_OBJECT, /* one object could not be judged; the rest is whole */
	CP_PARTIAL,       /* something may be missing: the result is partial, exit 1 */
};

/* A row of the report's errors[]. */
struct cp_index_error {
	char *path; /* absolute in the image; or a layer's name */
	char *message;
	enum cp_severity severity;
};

struct cp_index; /* opaque; see the accessors */

struct cp_index *cp_index_new(void); /* NULL without memory; holds just the root directory */
void cp_index_free(struct cp_index *index);
void cp_index_cleanup(struct cp_index **index);
#define cp_cleanup_index __attribute__((cleanup(cp_index_cleanup)))

/* --- building ------------------------------------------------------------ */

/* Adds `path` (of an archive member: leading "./" and "/" are dropped, ".." is an
 * error, doubled slashes fold) with its missing parents. A path that is there
 * already is replaced, as a later archive member replaces an earlier one; a
 * directory over a directory keeps its children. A parent that is not a
 * directory is replaced by one. A whiteout speaks of lower layers only: it leaves
 * what this layer has at its path, though a directory becomes opaque, as does one
 * that takes another thing's place. Returns 0 and the node in *node (as it was
 * where a whiteout left it), or -1. A path that is refused changes nothing: name or
 * path too long, too deep, "..", the root as anything but a directory; only memory
 * and the limit of nodes can give out half-way. */
int cp_index_add(struct cp_index *index, const char *path, enum cp_node_kind kind, uint32_t *node,
	struct cp_error **err);

/* Gives a symlink or unresolved hard link its target (copied). 0 or -1. */
int cp_index_set_link(
	struct cp_index *index, uint32_t node, const char *target, struct cp_error **err);
/* Hands facts over to a FILE node; its content becomes CP_CONTENT_ELF. 0 or -1 (and frees). */
int cp_index_set_facts(
	struct cp_index *index, uint32_t node, struct cp_facts *facts, struct cp_error **err);
/* Gives a FILE node its text. With `copy` the bytes are copied (and NUL-terminated),
 * else they are borrowed and must outlive the index. 0, or -1 (code EFBIG: over
 * CP_INDEX_MAX_TEXT). */
int cp_index_set_text(struct cp_index *index, uint32_t node, const char *data, size_t size,
	bool copy, struct cp_error **err);
/* Makes `node` (a FILE just added) another name of the file, symlink or device at
 * `target` in this index: same kind, content, payload and size. Returns 0; 1 where
 * there is none here (the node becomes CP_NODE_HARDLINK with that target, to be
 * resolved by cp_index_apply); -1 on error. */
int cp_index_link_file(
	struct cp_index *index, uint32_t node, const char *target, struct cp_error **err);
/* Adds an errors[] row. 0, or -1 without memory. */
int cp_index_add_error(struct cp_index *index, enum cp_severity severity, const char *path,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Lays `upper` over `lower`, as overlayfs and the OCI image spec say: whiteouts and
 * opaque directories first hide what lies below, then upper's nodes are added;
 * symlinks are never followed. Hard links left over from `upper` name what `lower`
 * had before; one that names nothing becomes CP_NODE_OTHER and a CP_SPOILS_OBJECT
 * row. Payloads move; errors[] rows are appended. No whiteout and no opaque
 * directory of `upper` remains: the result is a root. Over an index that is still
 * empty `upper` is taken whole. `upper` is consumed (freed) whatever happens.
 * Linear in the nodes of `upper`, of what it hides, and of the directories that
 * it hides something in. 0, or -1: no memory, or too many nodes. */
int cp_index_apply(struct cp_index *lower, struct cp_index *upper, struct cp_error **err);

/* --- reading ------------------------------------------------------------- */

uint32_t cp_index_count(const struct cp_index *index); /* slots, removed ones included */
/* The live or removed node `id`; valid until the next change. */
const struct cp_node *cp_index_node(const struct cp_index *index, uint32_t id);
struct cp_node *cp_index_node_mutable(struct cp_index *index, uint32_t id);
const char *cp_index_name(const struct cp_index *index, uint32_t id);
/* The child of `dir` called name[0..length), or CP_NO_NODE. Constant time. */
uint32_t cp_index_child(
	const struct cp_index *index, uint32_t dir, const char *name, size_t length);
/* The node at an absolute or relative `path`, no links followed; or CP_NO_NODE. */
uint32_t cp_index_find(const struct cp_index *index, const char *path);
/* Writes the absolute path of `id` into buffer; returns its length, or 0 where it
 * does not fit. CP_INDEX_MAX_PATH + 1 bytes always do. */
size_t cp_index_path(const struct cp_index *index, uint32_t id, char *buffer, size_t size);
/* Payloads; NULL where the node has none of that kind. */
const struct cp_facts *cp_index_facts(const struct cp_index *index, uint32_t id);
const struct cp_text *cp_index_text(const struct cp_index *index, uint32_t id);
const char *cp_index_link(const struct cp_index *index, uint32_t id);

size_t cp_index_error_count(const struct cp_index *index);
const struct cp_index_error *cp_index_error_at(const struct cp_index *index, size_t at);

#endif
