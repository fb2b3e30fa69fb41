/* SPDX-License-Identifier: MIT
 *
 * The pool of nodes and texts, and what is asked of a tree.
 */
#include "yaml.h"

#include <errno.h>
#include <string.h>

#include "memory.h"

struct text_block {
	struct text_block *next;
	char text[];
};

struct cp_yaml_pool {
	struct cp_yaml *nodes;
	struct text_block *texts;
	size_t n_items, text_bytes;
	bool full; /* a bound was reached */
};

struct cp_yaml_pool *cp_yaml_pool_make(void)
{
	return calloc(1, sizeof(struct cp_yaml_pool));
}

void cp_yaml_pool_free(struct cp_yaml_pool *pool)
{
	if (!pool)
		return;
	for (struct cp_yaml *node = pool->nodes, *next; node; node = next) {
		next = node->next;
		free(node->items);
		free(node);
	}
	for (struct text_block *block = pool->texts, *next; block; block = next) {
		next = block->next;
		free(block);
	}
	free(pool);
}

void cp_yaml_pool_cleanup(struct cp_yaml_pool **pool)
{
	cp_yaml_pool_free(*pool);
}

int cp_yaml_pool_error(const struct cp_yaml_pool *pool, struct cp_error **err)
{
	if (!pool->full)
		return cp_error_set(err, ENOMEM, "out of memory");
	return cp_error_set(err, E2BIG, "expands to more than %zu values or %zu MiB of text",
		CP_YAML_MAX_ITEMS, CP_YAML_MAX_TEXT >> 20);
}

struct cp_yaml *cp_yaml_make(
	struct cp_yaml_pool *pool, enum cp_yaml_kind kind, const struct cp_yaml *where)
{
	struct cp_yaml *node = calloc(1, sizeof(*node));
	if (!node)
		return NULL;
	node->kind = kind;
	if (where) {
		node->line = where->line;
		node->column = where->column;
	}
	node->next = pool->nodes;
	pool->nodes = node;
	return node;
}

const char *cp_yaml_copy(struct cp_yaml_pool *pool, const char *text, size_t size)
{
	if (size > CP_YAML_MAX_TEXT - pool->text_bytes) {
		pool->full = true;
		return NULL;
	}
	struct text_block *block = malloc(sizeof(*block) + size + 1);
	if (!block)
		return NULL;
	if (size)
		memcpy(block->text, text, size);
	block->text[size] = '\0';
	block->next = pool->texts;
	pool->texts = block;
	pool->text_bytes += size;
	return block->text;
}

struct cp_yaml *cp_yaml_make_text(
	struct cp_yaml_pool *pool, const char *text, const struct cp_yaml *where)
{
	struct cp_yaml *node = cp_yaml_make(pool, CP_YAML_TEXT, where);
	if (!node)
		return NULL;
	node->text = cp_yaml_copy(pool, text, strlen(text));
	return node->text ? node : NULL;
}

int cp_yaml_add(
	struct cp_yaml_pool *pool, struct cp_yaml *to, const char *key, struct cp_yaml *value)
{
	if (pool->n_items == CP_YAML_MAX_ITEMS) {
		pool->full = true;
		return -1;
	}
	if (cp_grow(&to->items, &to->size, to->count + 1, sizeof(*to->items)) < 0)
		return -1;
	to->items[to->count++] = (struct cp_yaml_item){.key = key, .value = value};
	pool->n_items++;
	return 0;
}

struct cp_yaml *cp_yaml_get(const struct cp_yaml *mapping, const char *key)
{
	if (!mapping || mapping->kind != CP_YAML_MAPPING)
		return NULL;
	for (size_t i = 0; i < mapping->count; i++)
		if (strcmp(mapping->items[i].key, key) == 0)
			return mapping->items[i].value;
	return NULL;
}

const char *cp_yaml_text(const struct cp_yaml *mapping, const char *key)
{
	const struct cp_yaml *value = cp_yaml_get(mapping, key);
	return value && value->kind == CP_YAML_TEXT ? value->text : NULL;
}

/* --- one item per key -------------------------------------------------------------------- */

static int compare_keys(const void *a, const void *b, void *context)
{
	const struct cp_yaml_item *items = context;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	int order = strcmp(items[left].key, items[right].key);
	if (order)
		return order;
	return left < right ? -1 : left > right;
}

int cp_yaml_settle(struct cp_yaml *mapping)
{
	struct cp_yaml_item *items = mapping->items;
	size_t count = mapping->count, kept = 0;
	if (count < 2)
		return 0;
	cp_cleanup_free size_t *order = calloc(count, sizeof(*order));
	if (!order)
		return -1;
	for (size_t i = 0; i < count; i++)
		order[i] = i;
	qsort_r(order, count, sizeof(*order), compare_keys, items);
	for (size_t i = 0, first; i < count; i++) {
		first = i;
		while (i + 1 < count &&
			strcmp(items[order[first]].key, items[order[i + 1]].key) == 0)
			i++;
		items[order[first]].value = items[order[i]].value;
		for (size_t j = first + 1; j <= i; j++)
			items[order[j]].value = NULL;
	}
	for (size_t i = 0; i < count; i++)
		if (items[i].value)
			items[kept++] = items[i];
	mapping->count = kept;
	return 0;
}
