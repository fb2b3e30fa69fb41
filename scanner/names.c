/* SPDX-License-Identifier: MIT */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define RECENT_BITS 14

int cp_names_init(struct cp_names *names)
{
	*names = (struct cp_names){0};
	names->recent = calloc((size_t)1 << RECENT_BITS, sizeof(*names->recent));
	return names->recent ? 0 : -1;
}

void cp_names_clear(struct cp_names *names)
{
	free(names->bytes);
	free(names->recent);
	*names = (struct cp_names){0};
}

/* Multiplies to 128 bits and folds the halves: every input bit reaches every output bit. */
static uint64_t fold(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;
	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

uint64_t cp_name_hash(uint64_t seed, const char *text, size_t length)
{
	const uint64_t odd = 0x9e3779b97f4a7c15; /* 2^64 over the golden ratio */
	uint64_t hash = seed ^ (length * odd), word;
	for (; length >= sizeof(word); length -= sizeof(word), text += sizeof(word)) {
		memcpy(&word, text, sizeof(word));
		hash = fold(hash ^ word, odd ^ seed);
	}
	word = 0;
	if (length)
		memcpy(&word, text, length);
	return fold(hash ^ word, odd);
}

uint32_t cp_names_add(struct cp_names *names, const char *text, size_t length, uint64_t hash)
{
	uint32_t *recent = &names->recent[hash >> (64 - RECENT_BITS)];
	if (*recent) {
		const char *known = names->bytes + *recent - 1;
		if (strncmp(known, text, length) == 0 && known[length] == '\0')
			return *recent - 1;
	}
	if (length >= CP_NAMES_MAX_SIZE - names->size)
		return CP_NAMES_FULL;
	if (cp_grow(&names->bytes, &names->capacity, names->size + length + 1, 1) < 0)
		return CP_NAMES_FULL;
	uint32_t offset = (uint32_t)names->size;
	memcpy(names->bytes + offset, text, length);
	names->bytes[offset + length] = '\0';
	names->size += length + 1;
	*recent = offset + 1;
	return offset;
}
