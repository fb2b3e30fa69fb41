/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what an engine answers: the pieces in which it comes change nothing, and what is
 * read of it is whole. The same bytes as a control group's path: the id lies within it.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cgroup_path.h"
#include "engine_answer.h"
#include "support/json_pieces.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take_layer(void *context, const char *directory)
{
	size_t *total = context;
	*total += strlen(directory);
}

static void check_container(bool found, struct cp_container *container)
{
	if (found && !(container->id && cp_is_container_id(container->id, strlen(container->id))))
		abort();
	cp_container_clear(container);
}

/* Adds up what it takes, so that two readings can be compared. */
static bool take(void *context, const json_t *object)
{
	size_t *total = context;
	struct cp_container container = {0};
	*total += 1 + json_object_size(object);
	check_container(cp_answer_list(object, &container), &container);
	check_container(cp_answer_inspect(object, &container), &container);
	check_container(cp_answer_event(object, &container), &container);
	cp_answer_layers(object, take_layer, total);
	return true;
}

/* Returns whether all of it was such JSON. */
static bool read_answer(const char *text, size_t size, size_t piece, size_t *total)
{
	struct cp_json_objects objects = {.take = take, .context = total};
	bool good = read_in_pieces(&objects, text, size, piece);
	cp_json_objects_clear(&objects);
	return good;
}

static void read_path(const char *text, size_t size)
{
	struct cp_cgroup_name name = {0};
	char *path = strndup(text, size);
	if (path && cp_cgroup_path_read(path, &name) &&
		(name.id < path || name.id + name.id_size > path + strlen(path) || !name.id_size))
		abort();
	free(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at_once = 0, in_pieces = 0;
	const char *text = (const char *)data;
	if (!size)
		return 0;
	bool good = read_answer(text, size, size, &at_once);
	if (read_answer(text, size, 1 + (size_t)(data[0] % 7), &in_pieces) != good ||
		at_once != in_pieces)
		abort();
	read_path(text, size);
	return 0;
}
