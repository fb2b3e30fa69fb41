/* SPDX-License-Identifier: MIT
 *
 * The tree of an index: making nodes and finding them. Payloads are in
 * index_payload.c, laying one index over another is in index_apply.c.
 */
#include "index.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "index_private.h"
#include "memory.h"

static_assert(sizeof(struct cp_node) == 32, "a million nodes must stay at 32 MB");

/* A slot holds the node's id and, in the bits that ids leave free, a tag of the
 * hash, so that a probe seldom has to look at a node that is not the one. */
#define ID_BITS 23
#define ID_MASK ((1u << ID_BITS) - 1)
static_assert(CP_INDEX_MAX_NODES <= ID_MASK, "ids fit into a slot");

#define FIRST_SLOTS 64u

struct cp_index *cp_index_new(void)
{
	struct cp_index *index = calloc(1, sizeof(*index));
	if (!index)
		return NULL;
	if (getrandom(&index->seed, sizeof(index->seed), GRND_NONBLOCK) < 0)
		index->seed = (uintptr_t)index * 0x9e3779b97f4a7c15;
	index->slots = calloc(FIRST_SLOTS, sizeof(*index->slots));
	index->n_slots = FIRST_SLOTS;
	if (!index->slots || cp_names_init(&index->names) < 0 ||
		cp_names_add(&index->names, "", 0, 0) == CP_NAMES_FULL ||
		cp_grow(&index->nodes, &index->nodes_size, 1, sizeof(*index->nodes)) < 0) {
		cp_index_free(index);
		return NULL;
	}
	index->nodes[0] = (struct cp_node){
		.kind = CP_NODE_DIRECTORY, .first_child = CP_NO_NODE, .next_sibling = CP_NO_NODE};
	index->n_nodes = 1;
	return index;
}

static uint64_t hash_key(uint32_t parent, uint64_t name_hash)
{
	uint64_t key = name_hash ^ (parent * 0x9e3779b97f4a7c15);
	return key ^ (key >> 29);
}

static uint32_t tag_of(uint64_t hash)
{
	return (uint32_t)(hash >> 32) & ~ID_MASK;
}

static const char *name_of(const struct cp_index *index, uint32_t id)
{
	return index->names.bytes + index->nodes[id].name;
}

/* The node, live or removed, that was ever called name[0..length) in `parent`. */
static uint32_t find_slot(const struct cp_index *index, uint32_t parent, const char *name,
	size_t length, uint64_t hash)
{
	size_t mask = index->n_slots - 1;
	for (size_t at = hash & mask;; at = (at + 1) & mask) {
		uint32_t slot = index->slots[at], id = slot & ID_MASK;
		if (!slot)
			return CP_NO_NODE;
		if ((slot & ~ID_MASK) != tag_of(hash) || index->nodes[id].parent != parent)
			continue;
		const char *known = name_of(index, id);
		if (strncmp(known, name, length) == 0 && known[length] == '\0')
			return id;
	}
}

static void fill_slot(uint32_t *slots, size_t n_slots, uint64_t hash, uint32_t id)
{
	size_t at = hash & (n_slots - 1);
	while (slots[at])
		at = (at + 1) & (n_slots - 1);
	slots[at] = tag_of(hash) | id;
}

/* Keeps the table at most three quarters full with one more node. */
static int grow_slots(struct cp_index *index)
{
	if ((index->n_nodes + 1) * 4 <= index->n_slots * 3)
		return 0;
	size_t n_slots = index->n_slots * 2;
	uint32_t *slots = calloc(n_slots, sizeof(*slots));
	if (!slots)
		return -1;
	for (uint32_t id = 1; id < index->n_nodes; id++) {
		const char *name = name_of(index, id);
		uint64_t hash = cp_name_hash(index->seed, name, strlen(name));
		fill_slot(slots, n_slots, hash_key(index->nodes[id].parent, hash), id);
	}
	free(index->slots);
	index->slots = slots;
	index->n_slots = n_slots;
	return 0;
}

/* Turns the unlinked node `id` into a blank child of its parent. */
static void link_child(struct cp_index *index, uint32_t id, enum cp_node_kind kind)
{
	struct cp_node *node = &index->nodes[id], *parent = &index->nodes[node->parent];
	*node = (struct cp_node){.parent = node->parent,
		.name = node->name,
		.kind = (uint8_t)kind,
		.first_child = CP_NO_NODE,
		.next_sibling = parent->first_child};
	parent->first_child = id;
}

/* Puts something of `kind` where the live node `id` is. */
static void replace_node(struct cp_index *index, uint32_t id, enum cp_node_kind kind)
{
	struct cp_node *node = &index->nodes[id];
	if (kind == CP_NODE_WHITEOUT) {
		if (node->kind == CP_NODE_DIRECTORY)
			node->flags |= CP_NODE_OPAQUE;
		return;
	}
	if (kind == CP_NODE_DIRECTORY && node->kind == CP_NODE_DIRECTORY)
		return;
	cp_index_clear_directory(index, id);
	node->kind = (uint8_t)kind;
	node->content = CP_CONTENT_OTHER;
	node->flags = kind == CP_NODE_DIRECTORY ? CP_NODE_OPAQUE : 0;
	node->payload = 0;
	node->size = 0;
}

static int append_node(struct cp_index *index, uint32_t parent, const char *name, size_t length,
	uint64_t name_hash, struct cp_error **err)
{
	if (index->n_nodes >= CP_INDEX_MAX_NODES)
		return cp_error_set(err, EFBIG, "more than %u paths", CP_INDEX_MAX_NODES);
	uint32_t offset;
	if (cp_grow(&index->nodes, &index->nodes_size, index->n_nodes + 1, sizeof(*index->nodes)) <
			0 ||
		grow_slots(index) < 0 ||
		(offset = cp_names_add(&index->names, name, length, name_hash)) == CP_NAMES_FULL)
		return cp_error_set(err, ENOMEM, "out of memory for paths");
	uint32_t id = (uint32_t)index->n_nodes++;
	index->nodes[id].parent = parent;
	index->nodes[id].name = offset;
	fill_slot(index->slots, index->n_slots, hash_key(parent, name_hash), id);
	return 0;
}

int cp_index_place(struct cp_index *index, uint32_t parent, const char *name, size_t length,
	enum cp_node_kind kind, uint32_t *id, struct cp_error **err)
{
	uint64_t name_hash = cp_name_hash(index->seed, name, length);
	*id = find_slot(index, parent, name, length, hash_key(parent, name_hash));
	if (*id != CP_NO_NODE && index->nodes[*id].kind != CP_NODE_REMOVED) {
		replace_node(index, *id, kind);
		return 0;
	}
	if (*id == CP_NO_NODE) {
		if (append_node(index, parent, name, length, name_hash, err) < 0)
			return -1;
		*id = (uint32_t)index->n_nodes - 1;
	}
	link_child(index, *id, kind);
	return 0;
}

void cp_index_clear_directory(struct cp_index *index, uint32_t dir)
{
	uint32_t at = dir;
	for (;;) {
		struct cp_node *node = &index->nodes[at];
		uint32_t child = node->first_child;
		if (child != CP_NO_NODE) {
			node->first_child = index->nodes[child].next_sibling;
			at = child;
		} else if (at == dir) {
			return;
		} else {
			node->kind = CP_NODE_REMOVED;
			at = node->parent;
		}
	}
}

/* Cuts the next component off *path: returns its length, 0 at the end. Empty ones
 * and "." are passed over. */
static size_t next_component(const char **path, const char **name)
{
	for (;;) {
		const char *at = *path + strspn(*path, "/");
		size_t length = strcspn(at, "/");
		*path = at + length;
		*name = at;
		if (length != 1 || *at != '.')
			return length;
	}
}

/* All that could be wrong with a path is found before anything is changed. */
static int check_path(const char *path, struct cp_error **err)
{
	size_t length, total = 0, depth = 0;
	const char *name;
	while ((length = next_component(&path, &name))) {
		if (length == 2 && memcmp(name, "..", 2) == 0)
			return cp_error_set(err, EINVAL, "path has a \"..\"");
		if (length > CP_INDEX_MAX_NAME)
			return cp_error_set(
				err, ENAMETOOLONG, "name longer than %u bytes", CP_INDEX_MAX_NAME);
		total += length + 1;
		if (total > CP_INDEX_MAX_PATH)
			return cp_error_set(
				err, ENAMETOOLONG, "path longer than %u bytes", CP_INDEX_MAX_PATH);
		if (++depth > CP_INDEX_MAX_DEPTH)
			return cp_error_set(err, ENAMETOOLONG, "path deeper than %u directories",
				CP_INDEX_MAX_DEPTH);
	}
	return 0;
}

/* Bytes of `path` up to its last slash, included. */
static size_t directory_length(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? (size_t)(slash - path) + 1 : 0;
}

static void remember_directory(
	struct cp_index *index, const char *path, size_t length, uint32_t node)
{
	if (cp_grow(&index->last.text, &index->last.capacity, length + 1, 1) < 0)
		return;
	memcpy(index->last.text, path, length);
	index->last.length = length;
	index->last.node = node;
}

/* Whether path[0..length) is the directory remembered, and there is a name behind it. */
static bool is_last_directory(const struct cp_index *index, const char *path, size_t length)
{
	const char *name = path + length;
	return length == index->last.length && *name && strcmp(name, ".") != 0 &&
	       index->nodes[index->last.node].kind == CP_NODE_DIRECTORY &&
	       memcmp(path, index->last.text, length) == 0;
}

int cp_index_add(struct cp_index *index, const char *path, enum cp_node_kind kind, uint32_t *node,
	struct cp_error **err)
{
	if (check_path(path, err) < 0)
		return -1;
	const char *whole = path, *name, *next;
	size_t above = directory_length(whole);
	if (above && is_last_directory(index, path, above))
		return cp_index_place(index, index->last.node, path + above, strlen(path + above),
			kind, node, err);
	size_t length = next_component(&path, &name);
	if (!length && kind != CP_NODE_DIRECTORY)
		return cp_error_set(err, EINVAL, "the root can only be a directory");
	uint32_t parent = 0;
	*node = 0;
	while (length) {
		size_t next_length = next_component(&path, &next);
		enum cp_node_kind want = next_length ? CP_NODE_DIRECTORY : kind;
		parent = *node;
		if (cp_index_place(index, parent, name, length, want, node, err) < 0)
			return -1;
		name = next;
		length = next_length;
	}
	bool names_itself = !whole[above] || strcmp(whole + above, ".") == 0; /* "a/", "a/." */
	remember_directory(index, whole, above, names_itself ? *node : parent);
	return 0;
}

uint32_t cp_index_count(const struct cp_index *index)
{
	return (uint32_t)index->n_nodes;
}

const struct cp_node *cp_index_node(const struct cp_index *index, uint32_t id)
{
	return &index->nodes[id];
}

struct cp_node *cp_index_node_mutable(struct cp_index *index, uint32_t id)
{
	return &index->nodes[id];
}

const char *cp_index_name(const struct cp_index *index, uint32_t id)
{
	return name_of(index, id);
}

uint32_t cp_index_child(const struct cp_index *index, uint32_t dir, const char *name, size_t length)
{
	uint64_t hash = cp_name_hash(index->seed, name, length);
	uint32_t id = find_slot(index, dir, name, length, hash_key(dir, hash));
	if (id == CP_NO_NODE || index->nodes[id].kind == CP_NODE_REMOVED)
		return CP_NO_NODE;
	return id;
}

uint32_t cp_index_find(const struct cp_index *index, const char *path)
{
	uint32_t id = 0;
	size_t length;
	const char *name;
	while (id != CP_NO_NODE && (length = next_component(&path, &name)))
		id = cp_index_child(index, id, name, length);
	return id;
}

size_t cp_index_path(const struct cp_index *index, uint32_t id, char *buffer, size_t size)
{
	size_t length = 0;
	for (uint32_t at = id; at; at = index->nodes[at].parent)
		length += strlen(name_of(index, at)) + 1;
	if ((length ? length : 1) >= size)
		return 0;
	if (!length)
		buffer[length++] = '/';
	buffer[length] = '\0';
	size_t end = length;
	for (uint32_t at = id; at; at = index->nodes[at].parent) {
		size_t part = strlen(name_of(index, at));
		end -= part + 1;
		buffer[end] = '/';
		memcpy(buffer + end + 1, name_of(index, at), part);
	}
	return length;
}
