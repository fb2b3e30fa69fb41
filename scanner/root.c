/* SPDX-License-Identifier: MIT
 *
 * The walk goes down one component at a time in all layers at once. Per layer it
 * keeps the deepest directory on the way that this layer has, and how deep that is:
 * a layer takes part in a look-up only where it has the whole way, and takes part
 * again after enough ".." have led back to what it has. So going up costs nothing,
 * and nothing is allocated.
 *
 * How layers merge is overlayfs's rule: going from the uppermost down, directories
 * add up until something that is no directory is met. If that is the first thing
 * met, it is what is there; else it and all below it is hidden. A directory that the
 * image's own system brought gives way, though: an image with a directory /lib,
 * moved to a base where /lib is a link to usr/lib, has that link.
 */
#include "root.h"

#include <errno.h>
#include <string.h>

struct walk {
	const struct cp_root *root;
	struct {
		uint32_t node;  /* the deepest directory that this layer has */
		unsigned depth; /* of that directory, in components */
	} at[CP_ROOT_MAX_LAYERS];
	unsigned depth; /* of where the walk is */
	size_t top;     /* the uppermost layer that has the current directory */
	unsigned links; /* followed so far */
	size_t length;  /* of found->path, without the root's slash */
	bool at_leaf;   /* it ended at something that is no directory */
	struct cp_found *found;
	char pending[2][CP_INDEX_MAX_PATH + 1]; /* what is left to walk, by turns */
};

static void go_to_root(struct walk *walk)
{
	for (size_t i = 0; i < walk->root->count; i++) {
		walk->at[i].node = 0;
		walk->at[i].depth = 0;
	}
	walk->depth = 0;
	walk->top = 0;
	walk->length = 0;
}

static void go_up(struct walk *walk)
{
	if (walk->depth == 0)
		return;
	walk->depth--;
	walk->top = walk->root->count;
	for (size_t i = walk->root->count; i-- > 0;) {
		if (walk->at[i].depth > walk->depth) {
			const struct cp_index *index = walk->root->layers[i].index;
			walk->at[i].node = cp_index_node(index, walk->at[i].node)->parent;
			walk->at[i].depth--;
		}
		if (walk->at[i].depth == walk->depth)
			walk->top = i;
	}
	while (walk->found->path[--walk->length] != '/')
		;
}

static bool is_hidden(const struct cp_root_layer *layer, const struct cp_node *node)
{
	return layer->hide_system && (node->flags & CP_NODE_SYSTEM);
}

/* The child of the current directory in one layer, where it has one that can be seen. */
static uint32_t look_in_layer(
	const struct walk *walk, size_t layer, const char *name, size_t length)
{
	if (walk->at[layer].depth != walk->depth)
		return CP_NO_NODE;
	const struct cp_root_layer *from = &walk->root->layers[layer];
	uint32_t id = cp_index_child(from->index, walk->at[layer].node, name, length);
	if (id == CP_NO_NODE)
		return CP_NO_NODE;
	const struct cp_node *node = cp_index_node(from->index, id);
	bool hidden = from->hide_system && (node->flags & CP_NODE_SYSTEM) &&
		      node->kind != CP_NODE_DIRECTORY;
	return hidden || node->kind == CP_NODE_WHITEOUT ? CP_NO_NODE : id;
}

static void enter(struct walk *walk, size_t layer, uint32_t id)
{
	walk->at[layer].node = id;
	walk->at[layer].depth++;
}

/* Takes back what step_down entered in the layers above `layer`. */
static void leave_above(struct walk *walk, size_t layer)
{
	for (size_t i = 0; i < layer; i++) {
		if (walk->at[i].depth <= walk->depth)
			continue;
		const struct cp_index *index = walk->root->layers[i].index;
		walk->at[i].node = cp_index_node(index, walk->at[i].node)->parent;
		walk->at[i].depth--;
	}
}

/* Takes one step down to the child name[0..length), with found's index and node set to it. A
 * directory is entered; anything else leaves the walk where it is. Returns its kind, or
 * CP_NODE_REMOVED: there is none. */
static enum cp_node_kind step_down(struct walk *walk, const char *name, size_t length)
{
	enum cp_node_kind kind = CP_NODE_REMOVED;
	bool firm = false; /* a directory was met that hides what is no directory below it */
	size_t top = walk->top;
	for (size_t i = top; i < walk->root->count; i++) {
		uint32_t id = look_in_layer(walk, i, name, length);
		if (id == CP_NO_NODE)
			continue;
		const struct cp_root_layer *layer = &walk->root->layers[i];
		const struct cp_node *node = cp_index_node(layer->index, id);
		bool is_directory = node->kind == CP_NODE_DIRECTORY;
		if (!is_directory && firm)
			break;
		if (kind == CP_NODE_REMOVED || !is_directory) {
			kind = node->kind;
			walk->top = is_directory ? i : top;
			walk->found->index = layer->index;
			walk->found->node = id;
		}
		if (!is_directory) {
			leave_above(walk, i);
			break;
		}
		enter(walk, i, id);
		firm = firm || !is_hidden(layer, node);
	}
	return kind;
}

static int append_name(struct walk *walk, const char *name, size_t length)
{
	if (walk->length + 1 + length > CP_INDEX_MAX_PATH)
		return -ENAMETOOLONG;
	walk->found->path[walk->length++] = '/';
	memcpy(walk->found->path + walk->length, name, length);
	walk->length += length;
	return 0;
}

/* Puts the target of the link just found before `rest`, in the buffer that `rest` is not in. */
static int follow(struct walk *walk, const char **rest)
{
	if (++walk->links > CP_ROOT_MAX_LINKS)
		return -ELOOP;
	const char *target = cp_index_link(walk->found->index, walk->found->node);
	size_t target_length = strlen(target), rest_length = strlen(*rest);
	if (target_length == 0)
		return -ENOENT;
	if (target_length + rest_length > CP_INDEX_MAX_PATH)
		return -ENAMETOOLONG;
	char *buffer = walk->pending[walk->links % 2];
	memcpy(buffer, target, target_length);
	memcpy(buffer + target_length, *rest, rest_length + 1);
	*rest = buffer;
	if (*target == '/')
		go_to_root(walk);
	return 0;
}

/* Walks the component name[0..length), after which *rest is left: empty, or beginning with '/'. */
static int walk_component(
	struct walk *walk, const char *name, size_t length, const char **rest, bool follow_last)
{
	if (length == 1 && name[0] == '.')
		return 0;
	if (length == 2 && name[0] == '.' && name[1] == '.') {
		go_up(walk);
		return 0;
	}
	if (length > CP_INDEX_MAX_NAME)
		return -ENAMETOOLONG;
	enum cp_node_kind kind = step_down(walk, name, length);
	if (kind == CP_NODE_REMOVED)
		return -ENOENT;
	if (kind == CP_NODE_DIRECTORY) {
		walk->depth++;
		return append_name(walk, name, length);
	}
	if (kind == CP_NODE_SYMLINK && (**rest || follow_last))
		return follow(walk, rest);
	if (**rest)
		return -ENOTDIR;
	walk->at_leaf = true;
	return append_name(walk, name, length);
}

static void finish(struct walk *walk)
{
	if (!walk->at_leaf) {
		walk->found->index = walk->root->layers[walk->top].index;
		walk->found->node = walk->at[walk->top].node;
	}
	if (walk->length == 0)
		walk->found->path[walk->length++] = '/';
	walk->found->path[walk->length] = '\0';
}

int cp_root_resolve(
	const struct cp_root *root, const char *path, bool follow_last, struct cp_found *found)
{
	if (!*path || root->count == 0)
		return -ENOENT;
	if (strlen(path) > CP_INDEX_MAX_PATH)
		return -ENAMETOOLONG;
	struct walk walk;
	walk.root = root;
	walk.found = found;
	walk.links = 0;
	walk.at_leaf = false;
	go_to_root(&walk);
	for (;;) {
		const char *name = path + strspn(path, "/");
		size_t length = strcspn(name, "/");
		if (!length)
			break;
		path = name + length;
		int result = walk_component(&walk, name, length, &path, follow_last);
		if (result < 0)
			return result;
	}
	finish(&walk);
	return 0;
}
