/* SPDX-License-Identifier: MIT
 *
 * Laying a layer over what lies below it.
 *
 * Four steps, each one pass over the upper nodes in the order of their ids, in
 * which parents come before their children:
 *
 *   resolve   hard links that name files of lower layers get those files' payload
 *   hide      whiteouts and opaque directories remove from the lower index
 *   take      payload vectors are appended; upper's numbers shift by an offset
 *   lay       upper's nodes are made in the lower index, replacing what is there
 *
 * `map` takes an upper directory to the lower one at the same path. Sources of the
 * rules: the OCI image spec (layer.md, whiteouts) and the kernel's overlayfs.rst.
 */
#include "index.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"
#include "memory.h"

/* Marks (cp_node.scratch) while a layer is being applied. */
enum mark {
	MARK_NONE,
	MARK_BORROWS,    /* of an upper node: its payload number is lower's already */
	MARK_HAS_REMOVED /* of a lower directory: its list holds removed nodes */
};

static bool can_be_linked(const struct cp_node *node)
{
	return node->kind == CP_NODE_FILE || node->kind == CP_NODE_SYMLINK ||
	       node->kind == CP_NODE_OTHER;
}

/* Gives up on the hard link `id`: its file is in no layer. */
static int report_dangling(struct cp_index *upper, uint32_t id)
{
	char path[CP_INDEX_MAX_PATH + 1];
	cp_index_path(upper, id, path, sizeof(path));
	upper->nodes[id].kind = CP_NODE_OTHER;
	return cp_index_add_error(upper, CP_SPOILS_OBJECT, path,
		"hard link to %s, which is not there",
		upper->names.bytes + upper->nodes[id].payload);
}

static int resolve_hard_link(
	const struct cp_index *lower, struct cp_index *upper, uint32_t id, struct cp_error **err)
{
	struct cp_node *node = &upper->nodes[id];
	uint32_t target = cp_index_find(lower, cp_index_link(upper, id));
	if (target == CP_NO_NODE || !can_be_linked(&lower->nodes[target]))
		return report_dangling(upper, id) < 0 ? cp_error_set(err, ENOMEM, "out of memory")
						      : 0;
	const struct cp_node *from = &lower->nodes[target];
	uint32_t payload = from->payload;
	if (from->kind == CP_NODE_SYMLINK) {
		payload = cp_index_intern_link(upper, cp_index_link(lower, target), err);
		if (payload == CP_NAMES_FULL)
			return -1;
	}
	node->kind = from->kind;
	node->content = from->content;
	node->flags = from->flags & CP_NODE_EXECUTABLE;
	node->payload = payload;
	node->size = from->size;
	node->scratch = MARK_BORROWS;
	return 0;
}

static int resolve_hard_links(
	const struct cp_index *lower, struct cp_index *upper, struct cp_error **err)
{
	for (uint32_t id = 1; id < upper->n_nodes; id++) {
		upper->nodes[id].scratch = MARK_NONE;
		if (upper->nodes[id].kind == CP_NODE_HARDLINK &&
			resolve_hard_link(lower, upper, id, err) < 0)
			return -1;
	}
	return 0;
}

static void remove_node(struct cp_index *index, uint32_t id)
{
	cp_index_clear_directory(index, id);
	index->nodes[id].kind = CP_NODE_REMOVED;
	index->nodes[index->nodes[id].parent].scratch = MARK_HAS_REMOVED;
}

/* Takes the removed nodes out of the list of `dir`, where there are any. */
static void sweep_children(struct cp_index *index, uint32_t dir)
{
	if (index->nodes[dir].scratch != MARK_HAS_REMOVED)
		return;
	index->nodes[dir].scratch = MARK_NONE;
	uint32_t *link = &index->nodes[dir].first_child;
	while (*link != CP_NO_NODE) {
		struct cp_node *child = &index->nodes[*link];
		if (child->kind == CP_NODE_REMOVED)
			*link = child->next_sibling;
		else
			link = &child->next_sibling;
	}
}

static uint32_t same_child(const struct cp_index *lower, const struct cp_index *upper,
	const uint32_t *map, uint32_t id)
{
	uint32_t dir = map[upper->nodes[id].parent];
	if (dir == CP_NO_NODE)
		return CP_NO_NODE;
	const char *name = cp_index_name(upper, id);
	return cp_index_child(lower, dir, name, strlen(name));
}

/* Removes from `lower` what `upper` hides, and fills `map` for the directories of
 * `upper` that are directories in `lower` too. */
static void hide(struct cp_index *lower, const struct cp_index *upper, uint32_t *map)
{
	map[0] = 0;
	lower->nodes[0].scratch = MARK_NONE;
	if (upper->nodes[0].flags & CP_NODE_OPAQUE)
		cp_index_clear_directory(lower, 0);
	for (uint32_t id = 1; id < upper->n_nodes; id++) {
		const struct cp_node *node = &upper->nodes[id];
		map[id] = CP_NO_NODE;
		if (node->kind != CP_NODE_WHITEOUT && node->kind != CP_NODE_DIRECTORY)
			continue;
		uint32_t below = same_child(lower, upper, map, id);
		if (below == CP_NO_NODE)
			continue;
		if (node->kind == CP_NODE_WHITEOUT) {
			remove_node(lower, below);
		} else if (lower->nodes[below].kind == CP_NODE_DIRECTORY) {
			if (node->flags & CP_NODE_OPAQUE)
				cp_index_clear_directory(lower, below);
			lower->nodes[below].scratch = MARK_NONE;
			map[id] = below;
		}
	}
	for (uint32_t id = 0; id < upper->n_nodes; id++)
		if (upper->nodes[id].kind == CP_NODE_WHITEOUT &&
			map[upper->nodes[id].parent] != CP_NO_NODE)
			sweep_children(lower, map[upper->nodes[id].parent]);
}

static int reserve_payloads(struct cp_index *lower, const struct cp_index *upper)
{
	if (cp_grow(&lower->facts, &lower->facts_size, lower->n_facts + upper->n_facts,
		    sizeof(*lower->facts)) < 0)
		return -1;
	return cp_grow(&lower->texts, &lower->texts_size, lower->n_texts + upper->n_texts,
		sizeof(*lower->texts));
}

/* Moves upper's payloads behind lower's, for which there is room. */
static void take_payloads(struct cp_index *lower, struct cp_index *upper)
{
	if (upper->n_facts)
		memcpy(lower->facts + lower->n_facts, upper->facts,
			upper->n_facts * sizeof(*upper->facts));
	if (upper->n_texts)
		memcpy(lower->texts + lower->n_texts, upper->texts,
			upper->n_texts * sizeof(*upper->texts));
	lower->n_facts += upper->n_facts;
	lower->n_texts += upper->n_texts;
	lower->text_bytes += upper->text_bytes;
	upper->n_facts = upper->n_texts = 0;
}

struct offsets {
	uint32_t facts, texts; /* of upper's payload numbers in the lower index */
};

static int lay_node(struct cp_index *lower, const struct cp_index *upper, uint32_t *map,
	uint32_t id, struct offsets offsets, struct cp_error **err)
{
	const struct cp_node *from = &upper->nodes[id];
	const char *name = cp_index_name(upper, id);
	if (cp_index_place(
		    lower, map[from->parent], name, strlen(name), from->kind, &map[id], err) < 0)
		return -1;
	uint32_t payload = from->payload;
	if (from->kind == CP_NODE_SYMLINK) {
		payload = cp_index_intern_link(lower, cp_index_link(upper, id), err);
		if (payload == CP_NAMES_FULL)
			return -1;
	} else if (from->scratch != MARK_BORROWS) {
		payload += from->content == CP_CONTENT_ELF ? offsets.facts : 0;
		payload += from->content == CP_CONTENT_TEXT ? offsets.texts : 0;
	}
	struct cp_node *to = &lower->nodes[map[id]];
	to->content = from->content;
	to->flags = from->flags & ~CP_NODE_OPAQUE;
	to->payload = payload;
	to->size = from->size;
	return 0;
}

static int lay(struct cp_index *lower, struct cp_index *upper, uint32_t *map, struct cp_error **err)
{
	struct offsets offsets = {(uint32_t)lower->n_facts, (uint32_t)lower->n_texts};
	take_payloads(lower, upper);
	for (uint32_t id = 1; id < upper->n_nodes; id++) {
		uint8_t kind = upper->nodes[id].kind;
		if (kind != CP_NODE_REMOVED && kind != CP_NODE_WHITEOUT &&
			lay_node(lower, upper, map, id, offsets, err) < 0)
			return -1;
	}
	return 0;
}

/* Drops what only means something between layers. */
static void settle(struct cp_index *index)
{
	for (uint32_t id = 0; id < index->n_nodes; id++) {
		struct cp_node *node = &index->nodes[id];
		node->scratch = MARK_NONE;
		node->flags &= (uint8_t)~CP_NODE_OPAQUE;
		if (node->kind == CP_NODE_WHITEOUT)
			remove_node(index, id);
	}
	for (uint32_t id = 0; id < index->n_nodes; id++)
		sweep_children(index, id);
}

/* The first layer of an image: the empty `lower` becomes `upper`, but for the rows
 * of errors[], which were moved already. */
static void become(struct cp_index *lower, struct cp_index *upper)
{
	struct cp_index empty = *lower;
	*lower = *upper;
	lower->errors = empty.errors;
	lower->n_errors = empty.n_errors;
	lower->errors_size = empty.errors_size;
	empty.errors = upper->errors;
	empty.n_errors = upper->n_errors;
	empty.errors_size = upper->errors_size;
	*upper = empty;
	settle(lower);
}

int cp_index_apply(struct cp_index *lower, struct cp_index *upper_taken, struct cp_error **err)
{
	cp_cleanup_index struct cp_index *upper = upper_taken;
	if (resolve_hard_links(lower, upper, err) < 0)
		return -1;
	if (cp_index_move_errors(lower, upper) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (lower->n_nodes == 1) {
		become(lower, upper);
		return 0;
	}
	cp_cleanup_free uint32_t *map = malloc(upper->n_nodes * sizeof(*map));
	if (!map || reserve_payloads(lower, upper) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	hide(lower, upper, map);
	return lay(lower, upper, map, err);
}
