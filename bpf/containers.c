/* SPDX-License-Identifier: MIT */
#include "containers.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "container_registry.h"
#include "memory.h"

struct cp_containers {
	pthread_mutex_t lock; /* of all below */
	struct cp_registry registry;
	int changed; /* eventfd */
};

static uint64_t clock_now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000u + (uint64_t)time.tv_nsec;
}

struct cp_containers *cp_containers_open(
	const struct cp_containers_options *options, struct cp_error **err)
{
	(void)options;
	struct cp_containers *self = calloc(1, sizeof(*self));
	if (!self || cp_registry_init(&self->registry) < 0) {
		free(self);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	pthread_mutex_init(&self->lock, NULL);
	self->changed = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return self;
}

void cp_containers_close(struct cp_containers *self)
{
	if (!self)
		return;
	cp_registry_clear(&self->registry);
	close(self->changed);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

size_t cp_containers_engines(
	struct cp_containers *self, const char *const **problems, size_t *n_problems)
{
	(void)self;
	if (problems) {
		*problems = NULL;
		*n_problems = 0;
	}
	return 0;
}

int cp_containers_fd(const struct cp_containers *self)
{
	return self->changed;
}

size_t cp_containers_take_layers(struct cp_containers *self, char ***directories)
{
	uint64_t times;
	*directories = NULL;
	return read(self->changed, &times, sizeof(times)) < 0 ? 0 : 0;
}

void cp_containers_see(struct cp_containers *self, uint64_t cgroup, const char *path)
{
	struct cp_cgroup_name name;
	bool is_container = cp_cgroup_path_read(path, &name);
	pthread_mutex_lock(&self->lock);
	struct cp_record *record = NULL;
	if (is_container)
		record = cp_registry_id(&self->registry, name.id, name.id_size, true);
	cp_registry_set_cgroup(&self->registry, cgroup, record);
	if (record && name.runtime && !record->is.runtime)
		record->is.runtime = strdup(name.runtime);
	if (record && !record->seen)
		record->seen = clock_now();
	pthread_mutex_unlock(&self->lock);
}

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

enum cp_attribution cp_containers_find(
	struct cp_containers *self, uint64_t cgroup, uint64_t now, struct cp_container *container)
{
	(void)now;
	*container = (struct cp_container){0};
	pthread_mutex_lock(&self->lock);
	const struct cp_record *record = cp_registry_cgroup(&self->registry, cgroup);
	if (record)
		*container = (struct cp_container){copy(record->is.id), copy(record->is.name),
			copy(record->is.image), copy(record->is.runtime), copy(record->is.project),
			copy(record->is.service)};
	pthread_mutex_unlock(&self->lock);
	return record ? CP_ATTRIBUTED : CP_NO_CONTAINER;
}
