/* SPDX-License-Identifier: MIT
 *
 * Ownership helpers: cleanup attributes, and a vector that cannot overflow.
 *
 * Images are hostile input, so an allocation that fails is an ordinary error of
 * the item at hand (ENOMEM), never an abort.
 */
#ifndef CP_MEMORY_H
#define CP_MEMORY_H

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline void cp_free_cleanup(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cp_close_cleanup(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void cp_fclose_cleanup(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define cp_cleanup_free __attribute__((cleanup(cp_free_cleanup)))
#define cp_cleanup_close __attribute__((cleanup(cp_close_cleanup)))
#define cp_cleanup_fclose __attribute__((cleanup(cp_fclose_cleanup)))

/* Makes room for `want` items of `size` bytes in *items (capacity in items in
 * *capacity), doubling. Returns 0, or -1 with the vector as it was (overflow or
 * no memory). */
static inline int cp_grow(void *items, size_t *capacity, size_t want, size_t size)
{
	if (want <= *capacity)
		return 0;
	size_t next = *capacity ? *capacity : 8;
	while (next < want) {
		if (next > (size_t)-1 / 2)
			return -1;
		next *= 2;
	}
	size_t bytes;
	if (__builtin_mul_overflow(next, size, &bytes))
		return -1;
	void *moved = realloc(*(void **)items, bytes);
	if (!moved)
		return -1;
	*(void **)items = moved;
	*capacity = next;
	return 0;
}

/* Gives a pointer away: returns *p and sets it to NULL (for cleanup variables). */
#define cp_take(p)                                                                                 \
	__extension__({                                                                            \
		__typeof__(p) taken_ = (p);                                                        \
		(p) = NULL;                                                                        \
		taken_;                                                                            \
	})

#endif
