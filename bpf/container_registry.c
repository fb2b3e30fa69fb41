/* SPDX-License-Identifier: MIT */
#include "container_registry.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct cp_cgroup_entry {
	struct cp_table_link link;    /* by control group */
	struct cp_cgroup_entry *next; /* of the same container */
	uint64_t cgroup;
	struct cp_record *record;
};

int cp_registry_init(struct cp_registry *registry)
{
	TAILQ_INIT(&registry->records);
	registry->cgroups = (struct cp_table){0};
	if (cp_table_init(&registry->ids) == 0 && cp_table_init(&registry->cgroups) == 0)
		return 0;
	cp_registry_clear(registry);
	return -1;
}

static void forget_cgroup(struct cp_registry *registry, struct cp_cgroup_entry *entry)
{
	struct cp_cgroup_entry **place = &entry->record->cgroups;
	while (*place != entry)
		place = &(*place)->next;
	*place = entry->next;
	cp_table_remove(&registry->cgroups, &entry->link);
	free(entry);
}

static void forget(struct cp_registry *registry, struct cp_record *record)
{
	struct cp_cgroup_entry *next;
	for (struct cp_cgroup_entry *entry = record->cgroups; entry; entry = next) {
		next = entry->next;
		cp_table_remove(&registry->cgroups, &entry->link);
		free(entry);
	}
	TAILQ_REMOVE(&registry->records, record, order);
	cp_table_remove(&registry->ids, &record->link);
	cp_container_clear(&record->is);
	free(record);
}

void cp_registry_clear(struct cp_registry *registry)
{
	while (!TAILQ_EMPTY(&registry->records))
		forget(registry, TAILQ_FIRST(&registry->records));
	cp_table_clear(&registry->ids, NULL);
	cp_table_clear(&registry->cgroups, NULL);
}

static struct cp_record *new_record(
	struct cp_registry *registry, const char *id, size_t size, uint64_t hash)
{
	if (registry->ids.count >= CP_MAX_CONTAINERS)
		forget(registry, TAILQ_FIRST(&registry->records));
	struct cp_record *record = calloc(1, sizeof(*record));
	if (!record || !(record->is.id = strndup(id, size))) {
		free(record);
		return NULL;
	}
	cp_table_add(&registry->ids, &record->link, hash);
	TAILQ_INSERT_TAIL(&registry->records, record, order);
	return record;
}

static struct cp_record *touch(struct cp_registry *registry, struct cp_record *record)
{
	TAILQ_REMOVE(&registry->records, record, order);
	TAILQ_INSERT_TAIL(&registry->records, record, order);
	return record;
}

struct cp_record *cp_registry_id(
	struct cp_registry *registry, const char *id, size_t size, bool make)
{
	uint64_t hash = cp_table_hash(&registry->ids, id, size);
	for (struct cp_table_link *at = NULL; (at = cp_table_next(&registry->ids, hash, at));) {
		struct cp_record *record = (struct cp_record *)at;
		if (strncmp(record->is.id, id, size) == 0 && record->is.id[size] == '\0')
			return touch(registry, record);
	}
	return make ? new_record(registry, id, size, hash) : NULL;
}

static struct cp_cgroup_entry *entry_of(const struct cp_registry *registry, uint64_t cgroup)
{
	uint64_t hash = cp_table_hash(&registry->cgroups, &cgroup, sizeof(cgroup));
	for (struct cp_table_link *at = NULL; (at = cp_table_next(&registry->cgroups, hash, at));)
		if (((struct cp_cgroup_entry *)at)->cgroup == cgroup)
			return (struct cp_cgroup_entry *)at;
	return NULL;
}

struct cp_record *cp_registry_cgroup(struct cp_registry *registry, uint64_t cgroup)
{
	const struct cp_cgroup_entry *entry = entry_of(registry, cgroup);
	return entry ? touch(registry, entry->record) : NULL;
}

/* The first container but `record`, for whose new control group there is to be room; where it has
 * them all, one of its own. */
static void forget_first(struct cp_registry *registry, struct cp_record *record)
{
	struct cp_cgroup_entry *newest = record->cgroups;
	struct cp_record *first = TAILQ_FIRST(&registry->records);
	if (first == record)
		first = TAILQ_NEXT(first, order);
	if (first) {
		forget(registry, first);
	} else if (newest) {
		record->cgroups = newest->next;
		cp_table_remove(&registry->cgroups, &newest->link);
		free(newest);
	}
}

int cp_registry_set_cgroup(struct cp_registry *registry, uint64_t cgroup, struct cp_record *record)
{
	struct cp_cgroup_entry *entry = entry_of(registry, cgroup);
	if (entry && entry->record == record)
		return 0;
	if (entry)
		forget_cgroup(registry, entry);
	if (!record)
		return 0;
	while (registry->cgroups.count >= CP_MAX_CGROUPS)
		forget_first(registry, record);
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -1;
	entry->cgroup = cgroup;
	entry->record = record;
	entry->next = record->cgroups;
	record->cgroups = entry;
	cp_table_add(&registry->cgroups, &entry->link,
		cp_table_hash(&registry->cgroups, &cgroup, sizeof(cgroup)));
	return 0;
}

static void replace(char **known, char **news)
{
	if (!*news)
		return;
	free(*known);
	*known = cp_take(*news);
}

void cp_record_learn(struct cp_record *record, struct cp_container *news)
{
	replace(&record->is.name, &news->name);
	replace(&record->is.image, &news->image);
	replace(&record->is.project, &news->project);
	replace(&record->is.service, &news->service);
	if (!record->is.runtime)
		replace(&record->is.runtime, &news->runtime);
	cp_container_clear(news);
}
