/* SPDX-License-Identifier: MIT
 *
 * What the files of the index share (index.c, index_payload.c, index_apply.c).
 *
 * Look-ups go through one open-addressing table from (parent, name) to the node.
 * A node never leaves the table: a removed one stays, and is revived when its path
 * comes back. So there is nothing to delete, and since a node is made after its
 * parent, ids are always in an order in which parents come before their children.
 */
#ifndef CP_INDEX_PRIVATE_H
#define CP_INDEX_PRIVATE_H

#include "index.h"
#include "names.h"

struct cp_index {
	struct cp_node *nodes;
	size_t n_nodes, nodes_size;
	uint32_t *slots;       /* tag | node; 0: empty (the root is not in the table) */
	size_t n_slots;        /* a power of two */
	uint64_t seed;         /* of the hash */
	struct cp_names names; /* of nodes, and targets of links */
	struct {               /* archives go directory by directory; see cp_index_add */
		char *text;    /* not NUL-terminated: up to the last slash, as it was spelt */
		size_t length, capacity;
		uint32_t node; /* at that path, of any kind by now */
	} last;

	struct cp_facts **facts;
	size_t n_facts, facts_size;
	struct cp_text *texts;
	size_t n_texts, texts_size;
	uint64_t text_bytes; /* owned ones together */
	struct cp_index_error *errors;
	size_t n_errors, errors_size;
};

/* Makes, revives or replaces the child name[0..length) of the directory `parent`. Never fails once
 * it has changed anything. 0 with the node in *id, or -1. */
int cp_index_place(struct cp_index *index, uint32_t parent, const char *name, size_t length,
	enum cp_node_kind kind, uint32_t *id, struct cp_error **err);

/* Removes everything below `dir`, in time linear in what is removed. */
void cp_index_clear_directory(struct cp_index *index, uint32_t dir);

/* Stores a link's target in the names; CP_NAMES_FULL with *err set where it cannot. */
uint32_t cp_index_intern_link(struct cp_index *index, const char *target, struct cp_error **err);

/* Appends the errors[] rows of `upper` to those of `lower`. 0 or -1. */
int cp_index_move_errors(struct cp_index *lower, struct cp_index *upper);

#endif
