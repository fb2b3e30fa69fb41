/* SPDX-License-Identifier: MIT */
#include "engine_watch_private.h"

#include <stdlib.h>
#include <string.h>

#include "engine_answer.h"

#define MAX_IMAGES 512u /* of a list; the others' layers are found in the store */

static bool is_one_of(const char *word, const char *const *words)
{
	while (*words && strcmp(word, *words) != 0)
		words++;
	return *words != NULL;
}

/* Those of images that are complete with it; podman tells a load as a pull, without an id. */
static void take_image_event(
	struct cp_engine_watch *self, unsigned engine, const char *action, const json_t *actor)
{
	static const char *const made[] = {"load", "pull", "import", "build", "tag", NULL};
	const char *name = cp_json_member(actor, "ID");
	if (!name)
		name = cp_json_member(json_object_get(actor, "Attributes"), "name");
	if (name && cp_engine_is_image_name(name) && is_one_of(action, made))
		cp_engine_watch_request(self, engine, CP_ASK_IMAGE, name);
}

static void tell_container(
	struct cp_engine_watch *self, unsigned engine, struct cp_container *container, bool all)
{
	const char *runtime = self->engines[engine].runtime;
	container->runtime = runtime ? strdup(runtime) : NULL;
	self->sink.container(self->sink.context, engine, container, all);
}

/* The event has the labels, too: it is what remains of a container that is gone at once. */
static void take_container_event(
	struct cp_engine_watch *self, unsigned engine, const char *action, const json_t *event)
{
	static const char *const told[] = {"create", "start", "die", "destroy", "rename", NULL};
	struct cp_container container = {0};
	if (is_one_of(action, told) && cp_answer_event(event, &container)) {
		char id[65]; /* the sink may take the other over */
		snprintf(id, sizeof(id), "%s", container.id);
		bool is_new = strcmp(action, "create") == 0;
		tell_container(self, engine, &container, container.project != NULL);
		if (!is_new && strcmp(action, "start") == 0)
			is_new = self->sink.wants(self->sink.context, id);
		if (is_new)
			cp_engine_watch_request(self, engine, CP_ASK_CONTAINER, id);
	}
	cp_container_clear(&container);
}

static void take_event(struct cp_engine_watch *self, unsigned engine, const json_t *event)
{
	const char *type = cp_json_member(event, "Type"), *action = cp_json_member(event, "Action");
	if (type && action && strcmp(type, "container") == 0)
		take_container_event(self, engine, action, event);
	else if (type && action && strcmp(type, "image") == 0)
		take_image_event(self, engine, action, json_object_get(event, "Actor"));
}

static void take_info(struct cp_engine_watch *self, unsigned engine, const json_t *info)
{
	const char *root = cp_json_member(info, "DockerRootDir"); /* podman's graph root, too */
	bool is_podman = json_object_get(info, "BuildahVersion") != NULL;
	self->engines[engine].runtime = is_podman ? "podman" : "docker";
	if (root && self->engines[engine].at.socket)
		self->sink.store(self->sink.context, root);
}

struct telling {
	struct cp_engine_watch *watch;
	bool told;
};

static void tell_layer(void *context, const char *directory)
{
	struct telling *telling = context;
	telling->told = true;
	telling->watch->sink.layer(telling->watch->sink.context, directory);
}

/* Another machine's engine (tcp) names that machine's directories. */
static void take_layers(struct cp_engine_watch *self, unsigned engine, const json_t *answer)
{
	struct telling telling = {self, false};
	if (!self->engines[engine].at.socket)
		return;
	cp_answer_layers(answer, tell_layer, &telling);
	if (!telling.told)
		self->sink.look_again(self->sink.context);
}

static void take_container(
	struct cp_engine_watch *self, struct cp_engine_request *request, const json_t *object)
{
	struct cp_container container = {0};
	bool one = request->question == CP_ASK_CONTAINER;
	bool is_container =
		one ? cp_answer_inspect(object, &container) : cp_answer_list(object, &container);
	if (is_container && (!one || strcmp(container.id, request->subject) == 0))
		tell_container(self, request->engine, &container, true);
	else if (one)
		self->sink.unknown(self->sink.context, request->engine, request->subject);
	if (one)
		take_layers(self, request->engine, object);
	cp_container_clear(&container);
}

void cp_engine_watch_take(void *context, struct cp_engine_request *request, const json_t *object)
{
	struct cp_engine_watch *self = context;
	const char *id;
	switch (request->question) {
	case CP_ASK_EVENTS:
		take_event(self, request->engine, object);
		break;
	case CP_ASK_INFO:
		take_info(self, request->engine, object);
		break;
	case CP_ASK_CONTAINERS:
	case CP_ASK_CONTAINER:
		take_container(self, request, object);
		break;
	case CP_ASK_IMAGES:
		id = cp_json_member(object, "Id");
		if (id && request->count < MAX_IMAGES && cp_engine_is_image_name(id))
			cp_engine_watch_request(self, request->engine, CP_ASK_IMAGE, id);
		break;
	case CP_ASK_IMAGE:
		take_layers(self, request->engine, object);
		break;
	case CP_QUESTIONS:
		break;
	}
}
