/* SPDX-License-Identifier: MIT
 *
 * A buffer for one file's contents, when they do not come in one piece.
 *
 * An archive's claim of a size costs nothing: only bytes that arrive take memory. Large
 * contents go to a private mapping of which the kernel provides the pages that are
 * written, so holes of a sparse file and a false size are free, and nothing is moved
 * when the buffer fills. Small contents share one buffer that is reused. Of contents
 * larger than CP_GATE_SIZE the gate lets walks hold one of any size, and others beside
 * it only within a budget. The mapping of the one stays with the gate for the next, since
 * making its pages costs as much as filling them.
 */
#ifndef CP_GATHER_H
#define CP_GATHER_H

#include "layer.h"

/* Anonymous memory, in whole pages. What was never touched is zeros. */
struct cp_mapping {
	uint8_t *data;
	size_t size;    /* bytes; 0: none */
	size_t touched; /* bytes from the start that may be something else */
};

struct cp_gather {
	struct cp_gate *gate; /* may be NULL */
	uint8_t *data;        /* the contents; whole after cp_gather_finish */
	size_t size;          /* bytes of contents */
	size_t filled;        /* bytes from the start that are there, holes as zeros */
	uint8_t *reused;      /* for small contents */
	size_t reused_capacity;
	struct cp_mapping mapping; /* for large ones; without a size, data is `reused` */
	bool sparse;               /* a hole was left */
	bool waited;               /* holds the gate */
	size_t charged;            /* to its budget, bytes; 0: as the one content of any size */
};

/* Begins contents of `size` bytes, at most CP_MAX_OBJECT_SIZE. May wait for the gate. 0, or
 * -1 without memory. */
int cp_gather_begin(struct cp_gather *gather, uint64_t size, struct cp_error **err);
/* Puts a block at `offset`; what lies outside of the contents is dropped. */
void cp_gather_put(struct cp_gather *gather, uint64_t offset, const void *block, size_t size);
/* Makes zeros of what nothing was put into. */
void cp_gather_finish(struct cp_gather *gather);
/* Lets the contents go, keeping the small buffer for the next file. */
void cp_gather_end(struct cp_gather *gather);
void cp_gather_clear(struct cp_gather *gather);
#define cp_cleanup_gather __attribute__((cleanup(cp_gather_clear)))

#endif
