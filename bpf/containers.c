/* SPDX-License-Identifier: MIT */
#include "containers_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "engine.h"
#include "memory.h"

/* Milliseconds: podman tells an event some time after it happened, when the container may be gone
 * already and asking for it of no use. */
#define LATE_EVENT 300
#define MAX_USUAL_STORES 4

int cp_containers_want(struct cp_containers *self, const struct cp_record *record)
{
	if (cp_grow(&self->wanted, &self->wanted_capacity, self->n_wanted + 1,
		    sizeof(*self->wanted)) < 0)
		return -1;
	snprintf(self->wanted[self->n_wanted++], sizeof(*self->wanted), "%s", record->is.id);
	return 0;
}

/* --- the object -------------------------------------------------------------------- */

static int open_watch(struct cp_containers *self, const struct cp_containers_options *options,
	struct cp_error **err)
{
	struct cp_engine_sink sink = cp_containers_sink;
	sink.context = self;
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
		self->trying = ~CP_STORES_BIT; /* until the thread knows better */
		result = pthread_create(&self->thread, NULL, cp_containers_work, self);
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
	for (struct cp_problems *next; self->problems; self->problems = next) {
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
	uint64_t end = cp_monotonic() + (uint64_t)milliseconds * 1000000u;
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
		record->seen = cp_monotonic();
	return is_first && !record->settled && cp_containers_want(self, record) == 0;
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
	if ((engines | CP_STORES_BIT) & ~record->denied)
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
