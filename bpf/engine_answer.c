/* SPDX-License-Identifier: MIT */
#include "engine_answer.h"

#include <stdlib.h>
#include <string.h>

#include "cgroup_path.h"
#include "json_objects.h"
#include "memory.h"

static void set(char **to, const char *text)
{
	free(*to);
	*to = text ? strdup(text) : NULL;
}

static bool set_id(struct cp_container *container, const char *id)
{
	if (!id || !cp_is_container_id(id, strlen(id)))
		return false;
	set(&container->id, id);
	return container->id != NULL;
}

/* Engines give names with a slash in front, events without. */
static void set_name(struct cp_container *container, const char *name)
{
	set(&container->name, name && *name == '/' ? name + 1 : name);
}

static void set_labels(struct cp_container *container, const json_t *labels)
{
	const char *project = cp_json_member(labels, "com.docker.compose.project");
	const char *service = cp_json_member(labels, "com.docker.compose.service");
	set(&container->project,
		project ? project : cp_json_member(labels, "io.podman.compose.project"));
	set(&container->service,
		service ? service : cp_json_member(labels, "io.podman.compose.service"));
}

/* A container that another one links to has "/other/alias" among its names. */
static const char *own_name(const json_t *names)
{
	for (size_t i = 0; i < json_array_size(names); i++) {
		const char *name = json_string_value(json_array_get(names, i));
		if (name && name[0] == '/' && name[1] && !strchr(name + 1, '/'))
			return name;
	}
	return NULL;
}

bool cp_answer_list(const json_t *element, struct cp_container *container)
{
	if (!set_id(container, cp_json_member(element, "Id")))
		return false;
	set_name(container, own_name(json_object_get(element, "Names")));
	set(&container->image, cp_json_member(element, "Image"));
	set_labels(container, json_object_get(element, "Labels"));
	return true;
}

bool cp_answer_inspect(const json_t *answer, struct cp_container *container)
{
	const json_t *config = json_object_get(answer, "Config");
	const char *image = cp_json_member(config, "Image");
	if (!set_id(container, cp_json_member(answer, "Id")))
		return false;
	set_name(container, cp_json_member(answer, "Name"));
	/* "Image" beside Config is only its digest. */
	set(&container->image, image ? image : cp_json_member(answer, "ImageName"));
	set_labels(container, json_object_get(config, "Labels"));
	return true;
}

bool cp_answer_event(const json_t *event, struct cp_container *container)
{
	const json_t *actor = json_object_get(event, "Actor");
	const json_t *attributes = json_object_get(actor, "Attributes"); /* labels among them */
	if (!set_id(container, cp_json_member(actor, "ID")))
		return false;
	set_name(container, cp_json_member(attributes, "name"));
	set(&container->image, cp_json_member(attributes, "image"));
	set_labels(container, attributes);
	return true;
}

void cp_answer_layers(
	const json_t *answer, void (*tell)(void *context, const char *directory), void *context)
{
	const json_t *data = json_object_get(json_object_get(answer, "GraphDriver"), "Data");
	const char *lower = json_string_value(json_object_get(data, "LowerDir")); /* may be long */
	const char *upper = cp_json_member(data, "UpperDir");
	cp_cleanup_free char *all = lower ? strdup(lower) : NULL;
	char *rest = all;
	for (const char *one; rest && (one = strsep(&rest, ":"));)
		tell(context, one);
	if (upper)
		tell(context, upper);
	/* Drivers that lay nothing over another (vfs, btrfs): one directory for all of it. */
	if (!upper && cp_json_member(data, "MergedDir"))
		tell(context, cp_json_member(data, "MergedDir"));
}
