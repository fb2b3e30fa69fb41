/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <stdlib.h>
#include <sys/random.h>

#include "names.h"

#define FIRST_SIZE 64 /* buckets */

int cp_table_init(struct cp_table *table)
{
	*table = (struct cp_table){.size = FIRST_SIZE};
	if (getrandom(&table->seed, sizeof(table->seed), GRND_NONBLOCK) < 0)
		table->seed = (uint64_t)(uintptr_t)table;
	table->buckets = calloc(table->size, sizeof(struct cp_table_link *));
	return table->buckets ? 0 : -1;
}

void cp_table_clear(struct cp_table *table, void (*drop)(struct cp_table_link *link))
{
	for (size_t i = 0; drop && table->buckets && i < table->size; i++) {
		struct cp_table_link *next;
		for (struct cp_table_link *at = table->buckets[i]; at; at = next) {
			next = at->next;
			drop(at);
		}
	}
	free(table->buckets);
	*table = (struct cp_table){0};
}

uint64_t cp_table_hash(const struct cp_table *table, const void *key, size_t size)
{
	return cp_name_hash(table->seed, key, size);
}

static struct cp_table_link **bucket(const struct cp_table *table, uint64_t hash)
{
	return &table->buckets[hash & (table->size - 1)];
}

static void grow(struct cp_table *table)
{
	struct cp_table wide = *table;
	wide.size = table->size * 2;
	wide.buckets = calloc(wide.size, sizeof(struct cp_table_link *));
	if (!wide.buckets)
		return;
	for (size_t i = 0; i < table->size; i++) {
		struct cp_table_link *next;
		for (struct cp_table_link *at = table->buckets[i]; at; at = next) {
			struct cp_table_link **place = bucket(&wide, at->hash);
			next = at->next;
			at->next = *place;
			*place = at;
		}
	}
	free(table->buckets);
	*table = wide;
}

void cp_table_add(struct cp_table *table, struct cp_table_link *link, uint64_t hash)
{
	if (table->count >= table->size)
		grow(table);
	struct cp_table_link **place = bucket(table, hash);
	*link = (struct cp_table_link){*place, hash};
	*place = link;
	table->count++;
}

void cp_table_remove(struct cp_table *table, struct cp_table_link *link)
{
	struct cp_table_link **place = bucket(table, link->hash);
	while (*place != link)
		place = &(*place)->next;
	*place = link->next;
	table->count--;
}

struct cp_table_link *cp_table_next(
	const struct cp_table *table, uint64_t hash, const struct cp_table_link *after)
{
	struct cp_table_link *at = after ? after->next : *bucket(table, hash);
	while (at && at->hash != hash)
		at = at->next;
	return at;
}
