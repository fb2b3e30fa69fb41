/* SPDX-License-Identifier: MIT */
#include "facts.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

void cp_facts_free(struct cp_facts *facts)
{
	if (!facts)
		return;
	free(facts->pool);
	free(facts->needed);
	free(facts->verneed);
	free(facts->verdef);
	free(facts->undefined);
	free(facts->exports);
	free(facts->relocs_plt);
	free(facts->relocs_dyn);
	free(facts->export_table);
	free(facts);
}

void cp_facts_cleanup(struct cp_facts **facts)
{
	cp_facts_free(*facts);
}

uint32_t cp_symbol_hash(const char *name)
{
	uint32_t hash = 5381;
	for (const unsigned char *at = (const unsigned char *)name; *at; at++)
		hash = hash * 33 + *at;
	return hash;
}

/* The GNU hash mixes its low bits poorly, so the slot comes from the high bits of a
 * product (Fibonacci hashing). */
static size_t slot_of(const struct cp_facts *facts, uint32_t hash)
{
	return (size_t)((uint64_t)(hash * 0x9e3779b1u) * facts->export_slots >> 32);
}

/* Chains export `index` into its slot; false where too many are there already. */
static bool insert_export(struct cp_facts *facts, uint16_t *lengths, size_t index)
{
	size_t slot = slot_of(facts, facts->exports[index].hash);
	if (++lengths[slot] > CP_MAX_COLLISIONS)
		return false;
	uint32_t *next = facts->export_table + facts->export_slots;
	next[index] = facts->export_table[slot];
	facts->export_table[slot] = (uint32_t)index + 1;
	return true;
}

int cp_facts_index_exports(struct cp_facts *facts)
{
	free(facts->export_table);
	facts->export_table = NULL;
	facts->export_slots = 0;
	if (facts->n_exports == 0)
		return 0;
	size_t slots = 1;
	while (slots < facts->n_exports)
		slots *= 2;
	cp_cleanup_free uint16_t *lengths = calloc(slots, sizeof(*lengths));
	facts->export_table = calloc(slots + facts->n_exports, sizeof(*facts->export_table));
	if (!lengths || !facts->export_table)
		return -1;
	facts->export_slots = slots;
	/* From the last to the first, so that a chain is in the order of exports[]. */
	for (size_t i = facts->n_exports; i-- > 0;)
		if (!insert_export(facts, lengths, i))
			return -1;
	return 0;
}

const struct cp_symbol *cp_facts_export_next(
	const struct cp_facts *facts, const char *name, uint32_t hash, size_t *cursor)
{
	if (facts->export_slots == 0)
		return NULL;
	const uint32_t *next = facts->export_table + facts->export_slots;
	uint32_t at = *cursor ? next[*cursor - 1] : facts->export_table[slot_of(facts, hash)];
	for (; at; at = next[at - 1]) {
		const struct cp_symbol *symbol = &facts->exports[at - 1];
		if (symbol->hash == hash && !strcmp(cp_facts_string(facts, symbol->name), name)) {
			*cursor = at;
			return symbol;
		}
	}
	return NULL;
}

/* Takes one decimal number off *text: its digits without leading zeros. */
static size_t take_number(const char **text, const char **digits)
{
	while (**text == '0')
		++*text;
	*digits = *text;
	while (isdigit((unsigned char)**text))
		++*text;
	return (size_t)(*text - *digits);
}

int cp_version_compare(const char *a, const char *b)
{
	while (isdigit((unsigned char)*a) || isdigit((unsigned char)*b)) {
		const char *digits_a, *digits_b;
		size_t length_a = take_number(&a, &digits_a);
		size_t length_b = take_number(&b, &digits_b);
		if (length_a != length_b)
			return length_a < length_b ? -1 : 1;
		int order = memcmp(digits_a, digits_b, length_a);
		if (order)
			return order;
		a += *a == '.';
		b += *b == '.';
	}
	return 0;
}
