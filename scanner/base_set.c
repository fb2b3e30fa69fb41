/* SPDX-License-Identifier: MIT */
#include "base_set.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "workers.h"

struct entry {
	char *name;
	struct cp_base *base; /* NULL: not found yet */
	int node_major;
	struct cp_error *error;
};

struct cp_base_set {
	struct entry *entries;
	size_t count, capacity;
};

struct cp_base_set *cp_base_set_new(void)
{
	return calloc(1, sizeof(struct cp_base_set));
}

static void clear_entry(struct entry *entry)
{
	free(entry->name);
	cp_base_free(entry->base);
	cp_error_free(entry->error);
}

void cp_base_set_free(struct cp_base_set *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->count; i++)
		clear_entry(&set->entries[i]);
	free(set->entries);
	free(set);
}

void cp_base_set_cleanup(struct cp_base_set **set)
{
	cp_base_set_free(*set);
}

static struct entry *look_up(const struct cp_base_set *set, const char *name)
{
	for (size_t i = 0; i < set->count; i++)
		if (strcmp(set->entries[i].name, name) == 0)
			return &set->entries[i];
	return NULL;
}

const struct cp_base *cp_base_set_get(
	const struct cp_base_set *set, const char *name, int *node_major)
{
	const struct entry *entry = look_up(set, name);
	*node_major = entry ? entry->node_major : 0;
	return entry ? entry->base : NULL;
}

static int add_names(struct cp_base_set *set, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(names[i], "self") == 0 || look_up(set, names[i]))
			continue;
		if (cp_grow(&set->entries, &set->capacity, set->count + 1, sizeof(struct entry)) <
			0)
			return -1;
		struct entry entry = {.name = strdup(names[i])};
		if (!entry.name)
			return -1;
		set->entries[set->count++] = entry;
	}
	return 0;
}

/* Unpacking a base's names is what takes the time. */
struct finding {
	struct cp_base_set *set;
	atomic_size_t next;
};

static void find(void *context)
{
	struct finding *finding = context;
	for (;;) {
		size_t at = atomic_fetch_add(&finding->next, 1);
		if (at >= finding->set->count)
			return;
		struct entry *entry = &finding->set->entries[at];
		if (!entry->base)
			cp_base_find(entry->name, &entry->base, &entry->node_major, &entry->error);
	}
}

/* Takes the entries without a base out again; *err becomes the first one's error. */
static int drop_failures(struct cp_base_set *set, size_t first, struct cp_error **err)
{
	size_t kept = first;
	int result = 0;
	for (size_t i = first; i < set->count; i++) {
		struct entry *entry = &set->entries[i];
		if (entry->base) {
			set->entries[kept++] = *entry;
			continue;
		}
		if (result == 0 && err)
			*err = cp_take(entry->error);
		result = -1;
		clear_entry(entry);
	}
	set->count = kept;
	return result;
}

int cp_base_set_find(
	struct cp_base_set *set, const char *const *names, size_t count, struct cp_error **err)
{
	size_t before = set->count;
	if (add_names(set, names, count) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct finding finding = {set, before};
	cp_workers_run(find, &finding, set->count - before);
	return drop_failures(set, before, err);
}
