/* SPDX-License-Identifier: MIT
 *
 * The lock guards the registry and what the watching thread hands over (`news`, `wanted`, `state`).
 * The watch, the layers and the stores are that thread's alone, but for waking it.
 */
#include "containers.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "container_registry.h"
#include "engine.h"
#include "engine_watch.h"
#include "layers.h"
#include "memory.h"
#include "podman_store.h"

#define TURN 1000 /* milliseconds between looks at stores, at most */
/* Milliseconds: podman tells an event some time after it happened, when the container may be gone
 * already and asking for it of no use. */
#define LATE_EVENT 300
#define STORES ((uint32_t)1 << 31) /* the bit of podman's stores beside those of engines */
#define MAX_USUAL_STORES 4

typedef char container_id[65];

/* What was told of problems stays valid until the end: each list that was given out is kept. */
struct problems {
	struct problems *next;
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
	container_id *wanted; /* seen, and to be asked for */
	size_t n_wanted, wanted_capacity;
	char **news; /* layers */
	size_t n_news, news_capacity;
	uint32_t answering, trying; /* engines; a bit each */
	bool ready;
	struct problems *problems; /* the newest first */
};

static uint64_t clock_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

static void tell_change(const struct cp_containers *self)
{
	uint64_t one = 1;
	/* It fails only where it was told 2^64-1 times already. */
	if (write(self->changed, &one, sizeof(one)) < 0)
		return;
}

/* --- the watching thread ----------------------------------------------------------- */

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
		record->denied_at = clock_now();
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

static void ask_for_wanted(struct cp_containers *self)
{
	pthread_mutex_lock(&self->lock);
	size_t count = self->n_wanted;
	cp_cleanup_free container_id *wanted = cp_take(self->wanted);
	self->n_wanted = self->wanted_capacity = 0;
	pthread_mutex_unlock(&self->lock);
	if (count)
		cp_podman_stores_read(self->stores, on_stored, self);
	for (size_t i = 0; i < count; i++) {
		deny(self, STORES, wanted[i]);
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

static int want(struct cp_containers *self, const struct cp_record *record)
{
	if (cp_grow(&self->wanted, &self->wanted_capacity, self->n_wanted + 1,
		    sizeof(*self->wanted)) < 0)
		return -1;
	snprintf(self->wanted[self->n_wanted++], sizeof(*self->wanted), "%s", record->is.id);
	return 0;
}

/* An engine answers that was not asked for the containers that someone waits for now. */
static void want_recent(struct cp_containers *self)
{
	const struct cp_record *record;
	uint64_t now = clock_now();
	TAILQ_FOREACH(record, &self->registry.records, order)
	if (!record->settled && record->seen &&
		now - record->seen < CP_LABELS_WAIT * (uint64_t)1000000)
		want(self, record);
}

static bool same_problems(const struct problems *list, const struct cp_engine_state *state)
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
	struct problems *list = calloc(1, sizeof(*list));
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

static void *work(void *context)
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

/* --- the object -------------------------------------------------------------------- */

static int open_watch(struct cp_containers *self, const struct cp_containers_options *options,
	struct cp_error **err)
{
	const struct cp_engine_sink sink = {
		self, on_container, on_unknown, on_start, on_layer, on_store, on_look};
	char usual[CP_ENGINE_SOCKETS][CP_ENGINE_SOCKET_SIZE], names[CP_ENGINE_SOCKETS][128];
	const char *engines[CP_ENGINE_SOCKETS] = {getenv("DOCKER_HOST")};
	size_t count = 1;
	bool is_named = options->engines || (engines[0] && *engines[0]);
	if (!is_named)
		count = cp_engine_usual(usual);
	for (size_t i = 0; !is_named && i < count; i++) {
		snprintf(names[i], sizeof(names[i]), "unix://%.107s", usual[i]);
		engines[i] = names[i];
	}
	self->watch = cp_engine_watch_open(options->engines ? options->engines : engines,
		options->engines ? options->n_engines : count, is_named, &sink, err);
	return self->watch ? 0 : -1;
}

static int open_stores(struct cp_containers *self, const struct cp_containers_options *options,
	struct cp_error **err)
{
	char *podman[CP_PODMAN_ROOTS];
	const char *usual[MAX_USUAL_STORES] = {"/var/lib/docker", "/var/lib/containerd"};
	size_t n_podman = cp_podman_usual_roots(podman), count = 2;
	for (size_t i = 0; i < n_podman; i++)
		usual[count++] = podman[i];
	const char *const *roots = options->stores ? options->stores : usual;
	count = options->stores ? options->n_stores : count;
	self->stores = cp_podman_stores_open(roots, count);
	self->layers = cp_layers_new();
	for (size_t i = 0; self->layers && i < count; i++)
		cp_layers_add_store(self->layers, roots[i]);
	self->look = true;
	for (size_t i = 0; i < n_podman; i++)
		free(podman[i]);
	return self->stores && self->layers ? 0 : cp_error_set(err, ENOMEM, "out of memory");
}

static int open_lock(struct cp_containers *self, struct cp_error **err)
{
	pthread_condattr_t monotonic;
	pthread_mutex_init(&self->lock, NULL);
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&self->known, &monotonic);
	pthread_condattr_destroy(&monotonic);
	self->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (self->changed < 0)
		return cp_error_set(err, errno, "cannot make a descriptor: %s", strerror(errno));
	return cp_registry_init(&self->registry) < 0 ? cp_error_set(err, ENOMEM, "out of memory")
						     : 0;
}

struct cp_containers *cp_containers_open(
	const struct cp_containers_options *options, struct cp_error **err)
{
	struct cp_containers *self = calloc(1, sizeof(*self));
	if (!self) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	TAILQ_INIT(&self->registry.records);
	curl_global_init(CURL_GLOBAL_DEFAULT);
	int result = open_lock(self, err);
	if (result == 0)
		result = open_watch(self, options, err);
	if (result == 0)
		result = open_stores(self, options, err);
	if (result == 0) {
		self->trying = ~STORES; /* until the thread knows better */
		result = pthread_create(&self->thread, NULL, work, self);
		self->has_thread = result == 0;
		if (result)
			cp_error_set(err, result, "cannot make a thread: %s", strerror(result));
	}
	if (result == 0)
		return self;
	cp_containers_close(self);
	return NULL;
}

void cp_containers_close(struct cp_containers *self)
{
	if (!self)
		return;
	self->stop = true;
	if (self->has_thread) {
		cp_engine_watch_wake(self->watch);
		pthread_join(self->thread, NULL);
	}
	cp_engine_watch_close(self->watch);
	cp_podman_stores_close(self->stores);
	cp_layers_free(self->layers);
	cp_registry_clear(&self->registry);
	for (size_t i = 0; i < self->n_news; i++)
		free(self->news[i]);
	free(self->news);
	free(self->wanted);
	for (struct problems *next; self->problems; self->problems = next) {
		next = self->problems->next;
		for (size_t i = 0; i < self->problems->count; i++)
			free(self->problems->texts[i]);
		free(self->problems);
	}
	if (self->changed >= 0)
		close(self->changed);
	pthread_cond_destroy(&self->known);
	pthread_mutex_destroy(&self->lock);
	curl_global_cleanup();
	free(self);
}

/* --- what others ask --------------------------------------------------------------- */

bool cp_containers_wait(struct cp_containers *self, unsigned milliseconds)
{
	uint64_t end = clock_now() + (uint64_t)milliseconds * 1000000u;
	struct timespec until = {(time_t)(end / 1000000000u), (long)(end % 1000000000u)};
	pthread_mutex_lock(&self->lock);
	while (!self->ready && pthread_cond_timedwait(&self->known, &self->lock, &until) == 0)
		continue;
	bool ready = self->ready;
	pthread_mutex_unlock(&self->lock);
	return ready;
}

size_t cp_containers_engines(
	struct cp_containers *self, const char *const **problems, size_t *n_problems)
{
	pthread_mutex_lock(&self->lock);
	size_t count = (size_t)__builtin_popcount(self->answering);
	if (problems) {
		*problems = self->problems ? (const char *const *)self->problems->texts : NULL;
		*n_problems = self->problems ? self->problems->count : 0;
	}
	pthread_mutex_unlock(&self->lock);
	return count;
}

int cp_containers_fd(const struct cp_containers *self)
{
	return self->changed;
}

size_t cp_containers_take_layers(struct cp_containers *self, char ***directories)
{
	uint64_t times;
	ssize_t cleared = read(self->changed, &times, sizeof(times));
	(void)cleared; /* nothing to clear is well, too */
	pthread_mutex_lock(&self->lock);
	size_t count = self->n_news;
	*directories = cp_take(self->news);
	self->n_news = self->news_capacity = 0;
	pthread_mutex_unlock(&self->lock);
	return count;
}

/* Returns whether the watching thread has to ask for it. */
static bool see(struct cp_containers *self, uint64_t cgroup, const struct cp_cgroup_name *name)
{
	struct cp_record *record = cp_registry_id(&self->registry, name->id, name->id_size, true);
	if (!record || cp_registry_set_cgroup(&self->registry, cgroup, record) < 0)
		return false;
	if (name->runtime &&
		(!record->is.runtime || strcmp(name->runtime, record->is.runtime) != 0)) {
		free(record->is.runtime);
		record->is.runtime = strdup(name->runtime);
	}
	if (!cp_is_container_id(name->id, name->id_size))
		record->settled = true; /* no engine here has such names */
	bool is_first = !record->seen;
	if (is_first)
		record->seen = clock_now();
	return is_first && !record->settled && want(self, record) == 0;
}

void cp_containers_see(struct cp_containers *self, uint64_t cgroup, const char *path)
{
	struct cp_cgroup_name name;
	bool is_container = cp_cgroup_path_read(path, &name), wake = false;
	pthread_mutex_lock(&self->lock);
	if (is_container)
		wake = see(self, cgroup, &name);
	else
		cp_registry_set_cgroup(&self->registry, cgroup, NULL);
	pthread_mutex_unlock(&self->lock);
	if (wake)
		cp_engine_watch_wake(self->watch);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static bool has_passed(uint64_t since, uint64_t milliseconds, uint64_t now)
{
	return now > since && now - since > milliseconds * 1000000u;
}

static bool may_learn_more(
	const struct cp_containers *self, const struct cp_record *record, uint64_t now)
{
	uint32_t engines = self->answering | self->trying;
	if (record->settled || has_passed(record->seen, CP_LABELS_WAIT, now))
		return false;
	if ((engines | STORES) & ~record->denied)
		return true;
	return engines && !has_passed(record->denied_at, LATE_EVENT, now);
}

enum cp_attribution cp_containers_find(
	struct cp_containers *self, uint64_t cgroup, uint64_t now, struct cp_container *container)
{
	enum cp_attribution attribution = CP_NO_CONTAINER;
	*container = (struct cp_container){0};
	pthread_mutex_lock(&self->lock);
	const struct cp_record *record = cp_registry_cgroup(&self->registry, cgroup);
	if (record) {
		attribution = may_learn_more(self, record, now) ? CP_PENDING : CP_ATTRIBUTED;
		*container = (struct cp_container){copy(record->is.id), copy(record->is.name),
			copy(record->is.image), copy(record->is.runtime), copy(record->is.project),
			copy(record->is.service)};
	}
	pthread_mutex_unlock(&self->lock);
	return attribution;
}
