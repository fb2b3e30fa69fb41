/* SPDX-License-Identifier: MIT
 *
 * A hash table of links that lie first in whatever is kept: the table owns its buckets and nothing
 * else. It grows, so that chains stay short; where memory for that is short, chains get longer
 * instead. Hashes are keyed: what is hashed comes from engines and containers.
 *
 *     for (struct cp_table_link *at = NULL; (at = cp_table_next(table, hash, at));)
 *             if (... == ((struct thing *)at)->key)
 */
#ifndef CP_TABLE_H
#define CP_TABLE_H

#include <stddef.h>
#include <stdint.h>

struct cp_table_link {
	struct cp_table_link *next;
	uint64_t hash;
};

struct cp_table {
	struct cp_table_link **buckets;
	size_t size, count; /* buckets (a power of two), links */
	uint64_t seed;
};

int cp_table_init(struct cp_table *table); /* 0, or -1 without memory */
/* Calls `drop` (may be NULL) for every link, and frees the buckets. */
void cp_table_clear(struct cp_table *table, void (*drop)(struct cp_table_link *link));

uint64_t cp_table_hash(const struct cp_table *table, const void *key, size_t size);
void cp_table_add(struct cp_table *table, struct cp_table_link *link, uint64_t hash);
void cp_table_remove(struct cp_table *table, struct cp_table_link *link);

/* The first link with that hash (after == NULL), or the next one; NULL: no more. */
struct cp_table_link *cp_table_next(
	const struct cp_table *table, uint64_t hash, const struct cp_table_link *after);

#endif
