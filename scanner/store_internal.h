/* SPDX-License-Identifier: MIT
 *
 * What the kinds of store share; for store*.c only.
 */
#ifndef CP_STORE_INTERNAL_H
#define CP_STORE_INTERNAL_H

#include "store.h"

struct cp_store {
	char *label;
	void *blobs; /* tsearch(3) tree of struct cp_blob, by name */
	size_t count;
	char *damage;
	int directory; /* of a layout; -1: none */
	void *mapping; /* of an archive */
	size_t mapping_size;
};

/* Remembers the first reason for which the store is not whole; takes the error. */
void cp_store_note_damage(struct cp_store *store, struct cp_error *error);
/* Maps a file read-only. 0 with *data (NULL where it is empty), or -1. */
int cp_store_map(int fd, const uint8_t **data, size_t *size, struct cp_error **err);
/* Opens a layout's file and files it as a blob. */
struct cp_blob *cp_store_open_file(struct cp_store *store, const char *name, struct cp_error **err);

#endif
