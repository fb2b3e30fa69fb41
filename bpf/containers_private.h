/* SPDX-License-Identifier: MIT
 *
 * Between containers.c (what others ask) and containers_thread.c (which watches).
 *
 * The lock guards the registry and what the thread hands over. The watch, the layers and the stores
 * are that thread's alone, but for waking it.
 */
#ifndef CP_CONTAINERS_PRIVATE_H
#define CP_CONTAINERS_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "container_registry.h"
#include "containers.h"
#include "engine_watch.h"
#include "monotonic.h"
#include "layers.h"
#include "podman_store.h"

#define CP_STORES_BIT ((uint32_t)1 << 31) /* podman's stores, beside the bits of engines */

typedef char cp_container_id[65];

/* What was told of problems stays valid until the end: each list that was given out is kept. */
struct cp_problems {
	struct cp_problems *next;
	size_t count;
	char *texts[CP_MAX_ENGINES];
};

struct cp_containers {
	pthread_t thread;
	bool has_thread;
	atomic_bool stop;
	int changed; /* eventfd */

	/* The thread's. */
	struct cp_engine_watch *watch;
	struct cp_layers *layers;
	struct cp_podman_stores *stores;
	bool look; /* through the stores, for new layers */

	pthread_mutex_t lock; /* of all below */
	pthread_cond_t known; /* `ready` was set */
	struct cp_registry registry;
	cp_container_id *wanted; /* seen, and to be asked for */
	size_t n_wanted, wanted_capacity;
	char **news; /* layers */
	size_t n_news, news_capacity;
	uint32_t answering, trying; /* engines; a bit each */
	bool ready;
	struct cp_problems *problems; /* the newest first */
};

/* Lets the thread ask for it; the lock is held. 0, or -1 without memory. */
int cp_containers_want(struct cp_containers *self, const struct cp_record *record);

/* The thread's function; the argument is the object. */
void *cp_containers_work(void *self);
extern const struct cp_engine_sink cp_containers_sink; /* its context is to be set */

#endif
