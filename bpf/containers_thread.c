/* SPDX-License-Identifier: MIT */
#include "containers_private.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define TURN 1000 /* milliseconds between looks at stores, at most */

static void tell_change(const struct cp_containers *self)
{
	uint64_t one = 1;
	/* It fails only where it was told 2^64-1 times already. */
	if (write(self->changed, &one, sizeof(one)) < 0)
		return;
}

static void learn(struct cp_containers *self, struct cp_container *news, bool all)
{
	pthread_mutex_lock(&self->lock);
	struct cp_record *record =
		cp_registry_id(&self->registry, news->id, strlen(news->id), true);
	if (record) {
		cp_record_learn(record, news);
		record->settled |= all;
	}
	pthread_mutex_unlock(&self->lock);
	tell_change(self);
}

static void deny(struct cp_containers *self, uint32_t bit, const char *id)
{
	pthread_mutex_lock(&self->lock);
	struct cp_record *record = cp_registry_id(&self->registry, id, strlen(id), false);
	if (record) {
		record->denied |= bit;
		record->denied_at = cp_monotonic();
	}
	pthread_mutex_unlock(&self->lock);
	tell_change(self);
}

static void on_container(void *context, unsigned engine, struct cp_container *news, bool all)
{
	(void)engine;
	learn(context, news, all);
}

static void on_stored(void *context, struct cp_container *news)
{
	learn(context, news, false);
}

static void on_unknown(void *context, unsigned engine, const char *id)
{
	deny(context, (uint32_t)1 << engine, id);
}

static bool on_start(void *context, const char *id)
{
	struct cp_containers *self = context;
	pthread_mutex_lock(&self->lock);
	const struct cp_record *record = cp_registry_id(&self->registry, id, strlen(id), false);
	bool wants = !record || !record->settled;
	pthread_mutex_unlock(&self->lock);
	return wants;
}

static void on_layer(void *context, const char *directory)
{
	struct cp_containers *self = context;
	cp_layers_add(self->layers, directory);
}

static void on_store(void *context, const char *root)
{
	struct cp_containers *self = context;
	cp_layers_add_store(self->layers, root);
	self->look = true;
}

static void on_look(void *context)
{
	struct cp_containers *self = context;
	self->look = true;
}

const struct cp_engine_sink cp_containers_sink = {
	NULL, on_container, on_unknown, on_start, on_layer, on_store, on_look};

static void ask_for_wanted(struct cp_containers *self)
{
	pthread_mutex_lock(&self->lock);
	size_t count = self->n_wanted;
	cp_cleanup_free cp_container_id *wanted = cp_take(self->wanted);
	self->n_wanted = self->wanted_capacity = 0;
	pthread_mutex_unlock(&self->lock);
	if (count)
		cp_podman_stores_read(self->stores, on_stored, self);
	for (size_t i = 0; i < count; i++) {
		deny(self, CP_STORES_BIT, wanted[i]);
		cp_engine_watch_ask(self->watch, wanted[i]);
	}
}

static void look_at_stores(struct cp_containers *self)
{
	if (cp_podman_stores_changed(self->stores)) {
		cp_podman_stores_read(self->stores, on_stored, self);
		self->look = true;
	}
	if (self->look) {
		self->look = false;
		cp_layers_scan(self->layers, &self->stop);
	}
}

static void hand_over_layers(struct cp_containers *self)
{
	cp_cleanup_free char **news = NULL;
	size_t count = cp_layers_take(self->layers, &news);
	if (!count)
		return;
	pthread_mutex_lock(&self->lock);
	if (cp_grow(&self->news, &self->news_capacity, self->n_news + count, sizeof(char *)) == 0) {
		memcpy(self->news + self->n_news, news, count * sizeof(*news));
		self->n_news += count;
		count = 0;
	}
	pthread_mutex_unlock(&self->lock);
	for (size_t i = 0; i < count; i++)
		free(news[i]);
	tell_change(self);
}

/* An engine answers that was not asked for the containers that someone waits for now. */
static void want_recent(struct cp_containers *self)
{
	const struct cp_record *record;
	uint64_t now = cp_monotonic();
	TAILQ_FOREACH(record, &self->registry.records, order)
	if (!record->settled && record->seen &&
		now - record->seen < CP_LABELS_WAIT * (uint64_t)1000000)
		cp_containers_want(self, record);
}

static bool same_problems(const struct cp_problems *list, const struct cp_engine_state *state)
{
	size_t at = 0;
	for (size_t i = 0; i < state->n_engines; i++)
		if (state->problems[i] &&
			(at >= list->count || strcmp(list->texts[at++], state->problems[i]) != 0))
			return false;
	return at == list->count;
}

static void keep_problems(struct cp_containers *self, const struct cp_engine_state *state)
{
	if (self->problems && same_problems(self->problems, state))
		return;
	struct cp_problems *list = calloc(1, sizeof(*list));
	for (size_t i = 0; list && i < state->n_engines; i++)
		if (state->problems[i] &&
			(list->texts[list->count] = strdup(state->problems[i])) != NULL)
			list->count++;
	if (!list)
		return;
	list->next = self->problems;
	self->problems = list;
}

static void publish(struct cp_containers *self)
{
	struct cp_engine_state state;
	cp_engine_watch_state(self->watch, &state);
	pthread_mutex_lock(&self->lock);
	bool changed = self->answering != state.answering || self->trying != state.trying;
	if (state.answering & ~self->answering)
		want_recent(self);
	self->answering = state.answering;
	self->trying = state.trying;
	keep_problems(self, &state);
	if (state.idle && !self->look && !self->ready) {
		self->ready = changed = true;
		pthread_cond_broadcast(&self->known);
	}
	pthread_mutex_unlock(&self->lock);
	if (changed)
		tell_change(self);
}

void *cp_containers_work(void *context)
{
	struct cp_containers *self = context;
	struct curl_waitfd stores = {
		.fd = cp_podman_stores_fd(self->stores), .events = CURL_WAIT_POLLIN};
	cp_podman_stores_read(self->stores, on_stored, self);
	while (!self->stop) {
		look_at_stores(self);
		hand_over_layers(self);
		publish(self);
		ask_for_wanted(self);
		if (!self->stop)
			cp_engine_watch_turn(self->watch, &stores, stores.fd >= 0, TURN);
	}
	return NULL;
}
