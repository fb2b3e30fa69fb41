/* SPDX-License-Identifier: MIT
 *
 * Names: the string pool of an index.
 *
 * All strings lie one after the other, NUL-terminated, and are known by their
 * offset. A file tree repeats names closely ("package.json", "index.js"), so a
 * small direct-mapped table of recently added ones finds nearly every repeat for
 * the price of one comparison; a name that was pushed out of it is simply stored
 * once more. That is why two offsets must never be compared in place of the names.
 */
#ifndef CP_NAMES_H
#define CP_NAMES_H

#include <stddef.h>
#include <stdint.h>

#define CP_NAMES_MAX_SIZE ((size_t)1 << 30) /* bytes */
#define CP_NAMES_FULL UINT32_MAX

struct cp_names {
	char *bytes;
	size_t size, capacity; /* bytes */
	uint32_t *recent;      /* offset + 1 by hash; 0: empty */
};

/* Returns 0 with an empty pool, or -1 without memory. */
int cp_names_init(struct cp_names *names);
void cp_names_clear(struct cp_names *names);

/* Hashes text[0..length). Keyed, so that a hostile archive cannot choose names that collide. */
uint64_t cp_name_hash(uint64_t seed, const char *text, size_t length);

/* The offset of text[0..length) (which has no NUL), added where it is not a recent one. `hash` is
 * its cp_name_hash. CP_NAMES_FULL without memory or past CP_NAMES_MAX_SIZE. */
uint32_t cp_names_add(struct cp_names *names, const char *text, size_t length, uint64_t hash);

#endif
