/* SPDX-License-Identifier: MIT */
#include "gather.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "facts.h"
#include "memory.h"

#define PROVIDED_AT_ONCE ((size_t)1 << 20) /* bytes */

/* One content of any size at a time, and beside it smaller ones up to a common budget: together
 * they keep what is held below the largest object and a constant. */
#define BUDGET ((size_t)32 << 20) /* bytes */

struct cp_gate {
	pthread_mutex_t mutex;
	pthread_cond_t opened;
	struct cp_gather *holder;  /* of the one of any size */
	size_t held;               /* bytes, by it */
	struct cp_mapping mapping; /* that it left for the next */
	size_t budget;             /* bytes that are left for the others */
};

static void unmap(struct cp_mapping *mapping)
{
	if (mapping->size)
		munmap(mapping->data, mapping->size);
	*mapping = (struct cp_mapping){0};
}

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
	unmap(&gate->mapping);
	pthread_mutex_destroy(&gate->mutex);
	pthread_cond_destroy(&gate->opened);
	free(gate);
}

void cp_gate_rest(struct cp_gate *gate)
{
	if (!gate) /* an image whose layers wait for nobody */
		return;
	pthread_mutex_lock(&gate->mutex);
	struct cp_mapping mapping = gate->mapping;
	gate->mapping = (struct cp_mapping){0};
	pthread_mutex_unlock(&gate->mutex);
	unmap(&mapping);
}

/* Has contents charged to the budget, where it suffices. */
static bool charge(struct cp_gate *gate, struct cp_gather *gather, size_t size)
{
	if (size > gate->budget)
		return false;
	gather->charged = size;
	gate->budget -= size;
	return true;
}

static void hold(struct cp_gate *gate, struct cp_gather *gather, size_t size)
{
	gather->charged = 0;
	gather->mapping = gate->mapping;
	gate->mapping = (struct cp_mapping){0};
	gate->holder = gather;
	gate->held = size > gather->mapping.touched ? size : gather->mapping.touched;
}

/* Of two contents that meet, the one that fits into the budget makes way. */
static void gate_take(struct cp_gate *gate, struct cp_gather *gather, size_t size)
{
	pthread_mutex_lock(&gate->mutex);
	while (gate->holder && !charge(gate, gather, size)) {
		if (charge(gate, gate->holder, gate->held))
			gate->holder = NULL;
		else
			pthread_cond_wait(&gate->opened, &gate->mutex);
	}
	if (!gate->holder && !gather->charged)
		hold(gate, gather, size);
	gather->waited = true;
	pthread_mutex_unlock(&gate->mutex);
}

static void gate_leave(struct cp_gate *gate, struct cp_gather *gather)
{
	pthread_mutex_lock(&gate->mutex);
	if (gate->holder == gather) {
		gate->holder = NULL;
		gate->mapping = gather->mapping;
		gather->mapping = (struct cp_mapping){0};
	} else {
		unmap(&gather->mapping);
		gate->budget += gather->charged;
		gather->charged = 0;
	}
	gather->waited = false;
	pthread_cond_broadcast(&gate->opened);
	pthread_mutex_unlock(&gate->mutex);
}

static size_t whole_pages(size_t bytes)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	return (bytes + page - 1) / page * page;
}

/* Makes the mapping large enough, keeping the pages that it has. */
static int make_room(struct cp_mapping *mapping, size_t size, struct cp_error **err)
{
	size = whole_pages(size);
	if (mapping->size >= size)
		return 0;
	void *data = mapping->size ? mremap(mapping->data, mapping->size, size, MREMAP_MAYMOVE)
				   : mmap(NULL, size, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (data == MAP_FAILED)
		return cp_error_set(err, ENOMEM, "out of memory");
	mapping->data = data;
	mapping->size = size;
	return 0;
}

static int begin_mapped(struct cp_gather *gather, size_t size, struct cp_error **err)
{
	if (gather->gate)
		gate_take(gather->gate, gather, size);
	if (make_room(&gather->mapping, size, err) < 0) {
		cp_gather_end(gather);
		return -1;
	}
	gather->data = gather->mapping.data;
	gather->size = size;
	return 0;
}

int cp_gather_begin(struct cp_gather *gather, uint64_t size, struct cp_error **err)
{
	cp_gather_end(gather);
	if (size > CP_MAX_OBJECT_SIZE)
		return cp_error_set(err, EFBIG, "larger than an object may be");
	if (size > CP_GATE_SIZE)
		return begin_mapped(gather, (size_t)size, err);
	size_t want = size ? (size_t)size : 1;
	if (cp_grow(&gather->reused, &gather->reused_capacity, want, 1) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	gather->data = gather->reused;
	gather->size = (size_t)size;
	return 0;
}

/* Makes zeros of what earlier contents left behind `from`, by giving its pages back. */
static void forget(struct cp_mapping *mapping, size_t from)
{
	if (mapping->touched <= from)
		return;
	size_t whole = whole_pages(from);
	memset(mapping->data + from, 0, whole - from);
	if (mapping->touched > whole)
		madvise(mapping->data + whole, mapping->touched - whole, MADV_DONTNEED);
	mapping->touched = whole;
}

/* Makes what lies between the bytes so far and `offset` zeros. */
static void fill_hole(struct cp_gather *gather, size_t offset)
{
	if (offset <= gather->filled)
		return;
	if (gather->mapping.size)
		forget(&gather->mapping, gather->filled);
	else
		memset(gather->data + gather->filled, 0, offset - gather->filled);
	gather->sparse = true;
}

/* Has the kernel provide the pages up to `end`, which are about to be written, many at once and not
 * one by one. Not for contents with holes, so that no more is provided than one chunk beyond the
 * real bytes. (Huge pages were slower where the machine is virtual: they tend to be memory that its
 * host has yet to provide.) */
static void touch(struct cp_mapping *mapping, size_t end, bool sparse)
{
	while (!sparse && mapping->touched < end) {
		uint8_t *at = mapping->data + mapping->touched;
		size_t left = mapping->size - mapping->touched;
		size_t chunk = left < PROVIDED_AT_ONCE ? left : PROVIDED_AT_ONCE;
		/* Refused by kernels before 5.14: then the pages come one by one. */
		madvise(at, chunk, MADV_POPULATE_WRITE);
		mapping->touched += chunk;
	}
	if (mapping->touched < end)
		mapping->touched = whole_pages(end);
}

void cp_gather_put(struct cp_gather *gather, uint64_t offset, const void *block, size_t size)
{
	if (offset >= gather->size || !size)
		return;
	size_t room = gather->size - (size_t)offset;
	size_t part = size < room ? size : room;
	size_t end = (size_t)offset + part;
	fill_hole(gather, (size_t)offset);
	if (gather->mapping.size)
		touch(&gather->mapping, end, gather->sparse);
	memcpy(gather->data + offset, block, part);
	if (gather->filled < end)
		gather->filled = end;
}

void cp_gather_finish(struct cp_gather *gather)
{
	fill_hole(gather, gather->size);
	gather->filled = gather->size;
}

void cp_gather_end(struct cp_gather *gather)
{
	if (gather->waited)
		gate_leave(gather->gate, gather);
	unmap(&gather->mapping);
	gather->data = NULL;
	gather->size = 0;
	gather->filled = 0;
	gather->sparse = false;
}

void cp_gather_clear(struct cp_gather *gather)
{
	cp_gather_end(gather);
	free(gather->reused);
	gather->reused = NULL;
	gather->reused_capacity = 0;
}
