/* SPDX-License-Identifier: MIT */
#include "closure.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "memory.h"

void cp_closure_init(
	struct cp_closure *closure, const struct cp_target *target, struct cp_load *load)
{
	*load = (struct cp_load){0};
	*closure = (struct cp_closure){.target = target, .load = load, .decides = SIZE_MAX};
}

void cp_closure_cleanup(struct cp_closure *closure)
{
	for (size_t i = 0; i < closure->count; i++) {
		free(closure->objects[i].path);
		free(closure->objects[i].canonical);
		free(closure->objects[i].needed);
	}
	for (size_t i = 0; i < closure->n_slots; i++)
		free(closure->slots[i].name);
	free(closure->objects);
	free(closure->slots);
	closure->objects = NULL;
	closure->slots = NULL;
	closure->count = closure->n_slots = 0;
}

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "no memory for a simulated load");
}

/* --- the table of names and files ----------------------------------------- */

static uint32_t file_hash(const struct cp_index *index, uint32_t node)
{
	uint64_t mixed = ((uint64_t)(uintptr_t)index >> 4 ^ node) * UINT64_C(0x9e3779b97f4a7c15);
	return (uint32_t)(mixed >> 32);
}

/* The slot of a name or, where `name` is NULL, of a file; else the free slot for it. */
static struct cp_closure_slot *slot_of(const struct cp_closure *closure, uint32_t hash,
	const char *name, const struct cp_index *index, uint32_t node)
{
	for (size_t at = hash & (closure->n_slots - 1);; at = (at + 1) & (closure->n_slots - 1)) {
		struct cp_closure_slot *slot = &closure->slots[at];
		if (!slot->object)
			return slot;
		if (slot->hash != hash || !slot->name != !name)
			continue;
		const struct cp_loaded *object = &closure->objects[slot->object - 1];
		if (name ? strcmp(slot->name, name) == 0
			 : object->file_index == index && object->file_node == node)
			return slot;
	}
}

static int grow_slots(struct cp_closure *closure)
{
	if (closure->slots_used * 2 < closure->n_slots)
		return 0;
	struct cp_closure old = *closure;
	size_t wanted = old.n_slots ? old.n_slots * 2 : 64;
	struct cp_closure_slot *slots = calloc(wanted, sizeof(*slots));
	if (!slots)
		return -1;
	closure->slots = slots;
	closure->n_slots = wanted;
	for (size_t i = 0; i < old.n_slots; i++) {
		struct cp_closure_slot *slot = &old.slots[i];
		if (!slot->object)
			continue;
		const struct cp_loaded *object = &closure->objects[slot->object - 1];
		*slot_of(closure, slot->hash, slot->name, object->file_index, object->file_node) =
			*slot;
	}
	free(old.slots);
	return 0;
}

static int remember_file(struct cp_closure *closure, size_t number)
{
	const struct cp_loaded *object = &closure->objects[number];
	if (grow_slots(closure))
		return -1;
	uint32_t hash = file_hash(object->file_index, object->file_node);
	struct cp_closure_slot *slot =
		slot_of(closure, hash, NULL, object->file_index, object->file_node);
	if (slot->object)
		return 0;
	*slot = (struct cp_closure_slot){.hash = hash, .object = (uint32_t)number + 1};
	closure->slots_used++;
	return 0;
}

int cp_closure_name(
	struct cp_closure *closure, size_t object, const char *name, struct cp_error **err)
{
	if (!*name)
		return 0;
	if (grow_slots(closure))
		return no_memory(err);
	uint32_t hash = cp_symbol_hash(name);
	struct cp_closure_slot *slot = slot_of(closure, hash, name, NULL, 0);
	if (slot->object)
		return 0;
	char *copy = strdup(name);
	if (!copy)
		return no_memory(err);
	*slot = (struct cp_closure_slot){
		.hash = hash, .object = (uint32_t)object + 1, .name = copy};
	closure->slots_used++;
	return 0;
}

size_t cp_closure_by_name(const struct cp_closure *closure, const char *name)
{
	if (!closure->n_slots)
		return CP_NO_OBJECT;
	uint32_t object = slot_of(closure, cp_symbol_hash(name), name, NULL, 0)->object;
	return object ? object - 1 : CP_NO_OBJECT;
}

size_t cp_closure_by_file(const struct cp_closure *closure, const struct cp_found *found)
{
	if (!closure->n_slots)
		return CP_NO_OBJECT;
	uint32_t hash = file_hash(found->index, found->node);
	uint32_t object = slot_of(closure, hash, NULL, found->index, found->node)->object;
	return object ? object - 1 : CP_NO_OBJECT;
}

/* --- objects --------------------------------------------------------------- */

size_t cp_closure_add(struct cp_closure *closure, const char *path, const struct cp_found *found,
	const struct cp_facts *facts, size_t requester, struct cp_error **err)
{
	if (closure->count >= CP_CLOSURE_MAX_OBJECTS) {
		cp_error_set(err, E2BIG, "%s: brings in more than %u libraries", path,
			CP_CLOSURE_MAX_OBJECTS);
		return CP_NO_OBJECT;
	}
	struct cp_loaded object = {
		.path = strdup(path),
		.canonical = found ? strdup(found->path) : NULL,
		.file_index = found ? found->index : NULL,
		.file_node = found ? found->node : CP_NO_NODE,
		.facts = facts,
		.requester = requester,
		.depth = requester == CP_NO_OBJECT ? 0 : closure->objects[requester].depth + 1,
	};
	size_t number = closure->count;
	if (!object.path || (found && !object.canonical) ||
		cp_grow(&closure->objects, &closure->size, number + 1, sizeof(object))) {
		free(object.path);
		free(object.canonical);
		no_memory(err);
		return CP_NO_OBJECT;
	}
	closure->objects[closure->count++] = object;
	if (found && remember_file(closure, number)) {
		no_memory(err);
		return CP_NO_OBJECT;
	}
	return number;
}

int cp_closure_need(struct cp_closure *closure, size_t object, size_t at, size_t provider,
	struct cp_error **err)
{
	struct cp_loaded *needer = &closure->objects[object];
	if (!needer->needed) {
		size_t count = needer->facts ? needer->facts->n_needed : 0;
		needer->needed = calloc(count ? count : 1, sizeof(*needer->needed));
		if (!needer->needed)
			return no_memory(err);
		for (size_t i = 0; i < count; i++)
			needer->needed[i] = CP_NO_OBJECT;
		needer->n_needed = count;
	}
	if (at < needer->n_needed)
		needer->needed[at] = provider;
	return 0;
}

/* --- what goes into the result --------------------------------------------- */

int cp_closure_consider(struct cp_closure *closure, const char *name, const char *needed_by,
	const char *path, const char *origin, const char *result, struct cp_error **err)
{
	struct cp_load *load = closure->load;
	if (++closure->attempts > CP_CLOSURE_MAX_ATTEMPTS)
		return cp_error_set(err, E2BIG, "%s: looking for it takes more than %u paths", name,
			CP_CLOSURE_MAX_ATTEMPTS);
	if (!closure->target->keep_considered || load->n_considered >= CP_CLOSURE_MAX_CONSIDERED)
		return 0;
	struct cp_considered row = {
		.name = strdup(name),
		.needed_by = needed_by ? strdup(needed_by) : NULL,
		.path = strdup(path),
		.origin = origin,
		.result = result,
	};
	if (!row.name || (needed_by && !row.needed_by) || !row.path ||
		cp_grow(&load->considered, &load->considered_size, load->n_considered + 1,
			sizeof(row))) {
		free(row.name);
		free(row.needed_by);
		free(row.path);
		return no_memory(err);
	}
	load->considered[load->n_considered++] = row;
	return 0;
}

static void problem_clear(struct cp_problem *problem)
{
	free(problem->object);
	free(problem->subject);
	free(problem->message);
}

/* Makes room for the next problem and tells its place: behind the others, or that of
 * the last one where the list is full. SIZE_MAX: no memory. */
static size_t problem_place(struct cp_load *load)
{
	if (load->n_problems == CP_LOAD_MAX_PROBLEMS) {
		load->problems_dropped++;
		problem_clear(&load->problems[--load->n_problems]);
	} else if (cp_grow(&load->problems, &load->problems_size, load->n_problems + 1,
			   sizeof(*load->problems))) {
		return SIZE_MAX;
	}
	return load->n_problems;
}

static char *format_message(const char *format, va_list args)
{
	char *text = NULL;
	return vasprintf(&text, format, args) < 0 ? NULL : text;
}

int cp_closure_problem(struct cp_closure *closure, const struct cp_complaint *complaint,
	struct cp_error **err, const char *format, ...)
{
	struct cp_load *load = closure->load;
	bool decides = closure->decides == SIZE_MAX && !complaint->at_call;
	if (load->n_problems == CP_LOAD_MAX_PROBLEMS && !decides) {
		load->problems_dropped++;
		return 0;
	}
	const char *path = complaint->path ? complaint->path
			   : complaint->object == CP_NO_OBJECT
				   ? NULL
				   : closure->objects[complaint->object].path;
	struct cp_problem problem = {
		.cause = complaint->cause,
		.at_call = complaint->at_call,
		.object = path ? strdup(path) : NULL,
		.subject = complaint->subject ? strdup(complaint->subject) : NULL,
	};
	if (format) {
		va_list args;
		va_start(args, format);
		problem.message = format_message(format, args);
		va_end(args);
	}
	size_t at = problem_place(load);
	if (at == SIZE_MAX || (format && !problem.message) || (path && !problem.object)) {
		problem_clear(&problem);
		return no_memory(err);
	}
	load->n_problems++;
	load->problems[at] = problem;
	closure->problem_object[at] = complaint->object;
	if (decides)
		closure->decides = at;
	return 0;
}

static int make_chain(
	struct cp_closure *closure, size_t end, const char *last, struct cp_error **err)
{
	struct cp_load *load = closure->load;
	size_t length = end == CP_NO_OBJECT ? 0 : closure->objects[end].depth + 1;
	bool unmapped = last && (!length || strcmp(last, closure->objects[end].path) != 0);
	load->chain = calloc(length + 1, sizeof(*load->chain));
	if (!load->chain)
		return no_memory(err);
	load->n_chain = length + unmapped;
	for (size_t at = length, object = end; at-- > 0;
		object = closure->objects[object].requester) {
		if (!(load->chain[at] = strdup(closure->objects[object].path)))
			return no_memory(err);
	}
	if (unmapped && !(load->chain[length] = strdup(last)))
		return no_memory(err);
	return 0;
}

int cp_closure_finish(struct cp_closure *closure, struct cp_error **err)
{
	struct cp_load *load = closure->load;
	load->outcome = CP_OUTCOME_LOADS;
	if (!load->n_problems)
		return 0;
	size_t first = closure->decides == SIZE_MAX ? 0 : closure->decides;
	struct cp_problem decisive = load->problems[first];
	size_t object = closure->problem_object[first];
	memmove(load->problems + 1, load->problems, first * sizeof(*load->problems));
	memmove(closure->problem_object + 1, closure->problem_object,
		first * sizeof(*closure->problem_object));
	load->problems[0] = decisive;
	closure->problem_object[0] = object;
	load->outcome = decisive.at_call ? CP_OUTCOME_CRASHES : CP_OUTCOME_FAILS;
	load->cause = decisive.cause;
	if (decisive.message && !(load->message = strdup(decisive.message)))
		return no_memory(err);
	return make_chain(closure, object, decisive.object, err);
}
