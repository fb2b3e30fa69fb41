/* SPDX-License-Identifier: MIT
 *
 * The containers that anyone spoke of: control groups → containers, ids → containers, and what is
 * known of each. It takes no lock and asks nobody; containers.c does.
 *
 * Containers are kept after their end, since what they did is told later. Of too many, the one
 * that was not asked for for the longest time is forgotten, with its control groups.
 */
#ifndef CP_CONTAINER_REGISTRY_H
#define CP_CONTAINER_REGISTRY_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "event.h"
#include "table.h"

#define CP_MAX_CONTAINERS ((size_t)50000)
#define CP_MAX_CGROUPS ((size_t)200000) /* of containers; systemd in one makes many */

struct cp_cgroup_entry;

struct cp_record {
	struct cp_table_link link; /* by id */
	TAILQ_ENTRY(cp_record) order;
	struct cp_cgroup_entry *cgroups;
	struct cp_container is;
	uint64_t seen;      /* when its first control group was (CLOCK_MONOTONIC, ns); 0: never */
	uint32_t denied;    /* a bit per source that said that it does not know it */
	uint64_t denied_at; /* when the last one did */
	bool settled;       /* some source told all */
};

struct cp_registry {
	struct cp_table ids, cgroups;
	TAILQ_HEAD(, cp_record) records; /* the one to forget first */
};

int cp_registry_init(struct cp_registry *registry); /* 0, or -1 without memory */
void cp_registry_clear(struct cp_registry *registry);

/* The container of that id; where there is none, NULL or, with `make`, a new one (NULL then means
 * that memory is short). */
struct cp_record *cp_registry_id(
	struct cp_registry *registry, const char *id, size_t size, bool make);

struct cp_record *cp_registry_cgroup(struct cp_registry *registry, uint64_t cgroup);
/* Says whose the control group is; NULL: no container's (an id may come again). 0, or -1 without
 * memory. */
int cp_registry_set_cgroup(struct cp_registry *registry, uint64_t cgroup, struct cp_record *record);

/* Takes over every string of `news` that is not NULL but for the id and, where one is known, the
 * runtime (the control group's own name for it is the better one); *news is empty afterwards. */
void cp_record_learn(struct cp_record *record, struct cp_container *news);

#endif
