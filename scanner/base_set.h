/* SPDX-License-Identifier: MIT
 *
 * Bases by name, each read once for all scans of a run.
 */
#ifndef CP_BASE_SET_H
#define CP_BASE_SET_H

#include "base.h"

struct cp_base_set;

struct cp_base_set *cp_base_set_new(void); /* NULL without memory */

/* Finds (cp_base_find) those of `names` that the set does not have yet, on all processors. "self"
 * is no base but the image itself, and passed over. 0, or -1 with the error of the first that is
 * not known; the others are kept. */
int cp_base_set_find(
	struct cp_base_set *set, const char *const *names, size_t count, struct cp_error **err);

/* A base that was found (borrowed), and the Node version that its name tells, or 0. NULL where it
 * was not. */
const struct cp_base *cp_base_set_get(
	const struct cp_base_set *set, const char *name, int *node_major);

void cp_base_set_free(struct cp_base_set *set);
void cp_base_set_cleanup(struct cp_base_set **set);
#define cp_cleanup_base_set __attribute__((cleanup(cp_base_set_cleanup)))

#endif
