/* SPDX-License-Identifier: MIT
 *
 * Which object is relocated when: elf/dl-sort-maps.c.
 *
 * libc comes first in any case. Then what an object needs comes before the object. Where that
 * leaves a choice, the later one of the breadth-first list comes first. Both algorithms of glibc
 * agree so far; in cycles they differ: 2.35 went over from moving objects about in the list to
 * a depth-first walk.
 */
#include <errno.h>
#include <string.h>

#include "glibc.h"
#include "memory.h"

#define MAX_MOVED 256 /* objects that the old algorithm, which is cubic, is used for */

void cp_glibc_sequence_cleanup(struct cp_glibc_sequence *sequence)
{
	free(sequence->items);
	free(sequence->seen);
}

static int no_memory(const struct cp_glibc *loader)
{
	return cp_error_set(loader->err, ENOMEM, "no memory to order the libraries");
}

int cp_glibc_sequence_add(
	struct cp_glibc *loader, struct cp_glibc_sequence *sequence, size_t number)
{
	size_t before = sequence->seen_size;
	if (cp_grow(&sequence->seen, &sequence->seen_size, number + 1, sizeof(bool)))
		return no_memory(loader);
	memset(sequence->seen + before, 0, sequence->seen_size - before);
	if (sequence->seen[number])
		return 0;
	if (cp_grow(&sequence->items, &sequence->size, sequence->count + 1, sizeof(size_t)))
		return no_memory(loader);
	sequence->seen[number] = true;
	sequence->items[sequence->count++] = number;
	return 0;
}

/* --- from 2.35 on ------------------------------------------------------------ */

/* A frame of the depth-first walk: the object and the next of its needs to look at. */
struct frame {
	size_t object, next;
};

/* Appends to `order` what `start` needs and then itself. */
static int walk(struct cp_glibc *loader, size_t start, bool *visited, struct frame *stack,
	struct cp_glibc_sequence *order)
{
	size_t depth = 0;
	if (visited[start])
		return 0;
	visited[start] = true;
	stack[depth++] = (struct frame){.object = start};
	while (depth) {
		struct frame *top = &stack[depth - 1];
		const struct cp_loaded *object = &loader->closure.objects[top->object];
		if (top->next < object->n_needed) {
			size_t need = object->needed[top->next++];
			if (need != CP_NO_OBJECT && !visited[need]) {
				visited[need] = true;
				stack[depth++] = (struct frame){.object = need};
			}
			continue;
		}
		if (cp_glibc_sequence_add(loader, order, top->object))
			return -1;
		depth--;
	}
	return 0;
}

static int order_by_walk(struct cp_glibc *loader, const struct cp_glibc_sequence *list,
	struct cp_glibc_sequence *order)
{
	size_t count = loader->closure.count;
	cp_cleanup_free bool *visited = calloc(count, sizeof(bool));
	cp_cleanup_free struct frame *stack = calloc(count, sizeof(*stack));
	if (!visited || !stack)
		return no_memory(loader);
	for (size_t i = list->count; i-- > 0;)
		if (walk(loader, list->items[i], visited, stack, order))
			return -1;
	return 0;
}

/* --- up to 2.34 -------------------------------------------------------------- */

/* Which of the objects of a list, told by their places in it, need which. */
struct needs {
	bool of[MAX_MOVED][MAX_MOVED];
};

static struct needs *find_needs(struct cp_glibc *loader, const struct cp_glibc_sequence *list)
{
	cp_cleanup_free size_t *place = calloc(loader->closure.count, sizeof(*place));
	struct needs *needs = calloc(1, sizeof(*needs));
	for (size_t i = 0; place && i < list->count; i++)
		place[list->items[i]] = i + 1;
	for (size_t i = 0; needs && place && i < list->count; i++) {
		const struct cp_loaded *object = &loader->closure.objects[list->items[i]];
		for (size_t at = 0; at < object->n_needed; at++)
			if (object->needed[at] != CP_NO_OBJECT && place[object->needed[at]])
				needs->of[i][place[object->needed[at]] - 1] = true;
	}
	if (place && needs)
		return needs;
	free(needs);
	no_memory(loader);
	return NULL;
}

/* Moves item `from` behind item `to`, and its count of visits with it. */
static void move(size_t *items, unsigned *visits, size_t from, size_t to)
{
	size_t item = items[from];
	unsigned visit = visits[from];
	memmove(&items[from], &items[from + 1], (to - from) * sizeof(*items));
	memmove(&visits[from], &visits[from + 1], (to - from) * sizeof(*visits));
	items[to] = item;
	visits[to] = visit;
}

/* Every item goes behind the last that needs it; an item that has been looked at as often as
 * there are others is in a cycle, and stays. */
static void sort_by_moving(const struct needs *needs, size_t *items, size_t count)
{
	unsigned visits[MAX_MOVED] = {0};
	for (size_t i = 0; i < count;) {
		size_t last = count - 1;
		visits[i]++;
		while (last > i && !needs->of[items[last]][items[i]])
			last--;
		bool cycle = last > i && visits[i + 1] > count - i;
		if (last > i)
			move(items, visits, i, last);
		if (last > i && !cycle)
			continue;
		i++;
		memset(&visits[i], 0, (count - i) * sizeof(*visits));
	}
}

static int order_by_moving(struct cp_glibc *loader, const struct cp_glibc_sequence *list,
	struct cp_glibc_sequence *order)
{
	size_t places[MAX_MOVED];
	cp_cleanup_free struct needs *needs = find_needs(loader, list);
	if (!needs)
		return -1;
	for (size_t i = 0; i < list->count; i++)
		places[i] = i;
	sort_by_moving(needs, places + 1, list->count - 1); /* the object asked for stays first */
	for (size_t i = list->count; i-- > 0;)
		if (cp_glibc_sequence_add(loader, order, list->items[places[i]]))
			return -1;
	return 0;
}

int cp_glibc_order(struct cp_glibc *loader, const struct cp_glibc_sequence *list,
	struct cp_glibc_sequence *order)
{
	size_t libc = cp_closure_by_name(&loader->closure, "libc.so.6");
	if (libc != CP_NO_OBJECT && cp_glibc_sequence_add(loader, order, libc))
		return -1;
	if (loader->config.minor < 35 && list->count <= MAX_MOVED)
		return order_by_moving(loader, list, order);
	return order_by_walk(loader, list, order);
}
