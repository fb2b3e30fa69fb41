/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "facts.h"
#include "memory.h"

#define PROVIDED_AT_ONCE ((size_t)2 << 20) /* bytes: a huge page of most processors */
#define REUSED_MAX CP_GATE_SIZE            /* bytes; larger contents are mapped */

/* One content of any size at a time, and beside it smaller ones up to a common budget: together
 * they keep what is held below the largest object and a constant. */
#define BUDGET ((size_t)32 << 20) /* bytes */

struct cp_gate {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	bool taken;    /* the one of any size */
	size_t budget; /* bytes that are left for the others */
};

struct cp_gate *cp_gate_new(void)
{
	struct cp_gate *gate = calloc(1, sizeof(*gate));
	if (!gate)
		return NULL;
	gate->budget = BUDGET;
	pthread_mutex_init(&gate->mutex, NULL);
	pthread_cond_init(&gate->opened, NULL);
	return gate;
}

void cp_gate_free(struct cp_gate *gate)
{
	if (!gate)
		return;
	pthread_mutex_destroy(&gate->mutex);
	pthread_cond_destroy(&gate->opened);
	free(gate);
}

/* Returns the bytes that were taken off the budget; 0: it is the one of any size. */
static size_t gate_take(struct cp_gate *gate, size_t size)
{
	size_t charged = 0;
	pthread_mutex_lock(&gate->mutex);
	while (gate->taken && size > gate->budget)
		pthread_cond_wait(&gate->opened, &gate->mutex);
	if (gate->taken)
		charged = size;
	else
		gate->taken = true;
	gate->budget -= charged;
	pthread_mutex_unlock(&gate->mutex);
	return charged;
}

static void gate_leave(struct cp_gate *gate, size_t charged)
{
	pthread_mutex_lock(&gate->mutex);
	if (charged)
		gate->budget += charged;
	else
		gate->taken = false;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->mutex);
}

static int begin_mapped(struct cp_gather *gather, size_t size, struct cp_error **err)
{
	if (gather->gate && size > CP_GATE_SIZE) {
		gather->charged = gate_take(gather->gate, size);
		gather->waited = true;
	}
	void *data = mmap(NULL, size, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED) {
		cp_gather_end(gather);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	gather->data = data;
	gather->mapped = size;
	gather->size = size;
	return 0;
}

int cp_gather_begin(struct cp_gather *gather, uint64_t size, struct cp_error **err)
{
	cp_gather_end(gather);
	if (size > CP_MAX_OBJECT_SIZE)
		return cp_error_set(err, EFBIG, "larger than an object may be");
	if (size > REUSED_MAX)
		return begin_mapped(gather, (size_t)size, err);
	size_t want = size ? (size_t)size : 1;
	if (cp_grow(&gather->reused, &gather->reused_capacity, want, 1) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	gather->data = gather->reused;
	gather->size = (size_t)size;
	return 0;
}

/* Makes what lies between the bytes so far and `offset` zeros. A mapping is that already. */
static void fill_hole(struct cp_gather *gather, size_t offset)
{
	if (!gather->mapped && offset > gather->filled)
		memset(gather->data + gather->filled, 0, offset - gather->filled);
}

/* Has the kernel provide the pages that are about to be written, many at once and not one by one,
 * as a huge page where it has one. Only for contents without holes, so that no more is provided
 * than one chunk beyond the real bytes. */
static void provide(struct cp_gather *gather, size_t offset, size_t part)
{
	if (!gather->mapped || offset != gather->filled || gather->sparse) {
		gather->sparse |= offset > gather->filled;
		return;
	}
	while (gather->provided < offset + part) {
		uint8_t *at = gather->data + gather->provided;
		size_t left = gather->mapped - gather->provided;
		size_t aligned = PROVIDED_AT_ONCE - ((uintptr_t)at & (PROVIDED_AT_ONCE - 1));
		size_t chunk = left < aligned ? left : aligned;
		madvise(at, chunk, MADV_HUGEPAGE);
		/* Refused by kernels before 5.14: then the pages come one by one. */
		madvise(at, chunk, MADV_POPULATE_WRITE);
		gather->provided += chunk;
	}
}

void cp_gather_put(struct cp_gather *gather, uint64_t offset, const void *block, size_t size)
{
	if (offset >= gather->size || !size)
		return;
	size_t room = gather->size - (size_t)offset;
	size_t part = size < room ? size : room;
	fill_hole(gather, (size_t)offset);
	provide(gather, (size_t)offset, part);
	memcpy(gather->data + offset, block, part);
	if (offset + part > gather->filled)
		gather->filled = (size_t)offset + part;
}

void cp_gather_finish(struct cp_gather *gather)
{
	fill_hole(gather, gather->size);
	gather->filled = gather->size;
}

void cp_gather_end(struct cp_gather *gather)
{
	if (gather->mapped)
		munmap(gather->data, gather->mapped);
	if (gather->waited)
		gate_leave(gather->gate, gather->charged);
	gather->data = NULL;
	gather->size = 0;
	gather->filled = 0;
	gather->mapped = 0;
	gather->provided = 0;
	gather->sparse = false;
	gather->waited = false;
}

void cp_gather_clear(struct cp_gather *gather)
{
	cp_gather_end(gather);
	free(gather->reused);
	gather->reused = NULL;
	gather->reused_capacity = 0;
}
