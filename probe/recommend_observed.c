/* SPDX-License-Identifier: MIT */
#include "recommend_observed.h"

#include <errno.h>
#include <string.h>

#include "memory.h"
#include "trace_line.h"
#include "trace_read.h"

/* --- whose --------------------------------------------------------------------------------- */

/* PROJECT_SERVICE_1 of docker-compose v1, PROJECT-SERVICE-1 of compose v2. */
static bool is_composes_name(const char *name, const char *project, const char *service)
{
	size_t before = strlen(project), length = strlen(service);
	if (!name || strncmp(name, project, before) != 0)
		return false;
	char between = name[before];
	if ((between != '_' && between != '-') || strncmp(name + before + 1, service, length) != 0)
		return false;
	const char *number = name + before + 1 + length;
	return *number == between && number[1] && !number[1 + strspn(number + 1, "0123456789")];
}

static bool is_of(const struct cp_container *container, const struct cp_compose *compose,
	const struct cp_compose_service *service)
{
	if (container->project || container->service)
		return container->project && container->service &&
		       strcmp(container->project, compose->project) == 0 &&
		       strcmp(container->service, service->name) == 0;
	return is_composes_name(container->name, compose->project, service->name);
}

/* --- collecting ------------------------------------------------------------------------------ */

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

static bool copy_text(char **to, const char *text)
{
	*to = text ? strdup(text) : NULL;
	return !text || *to;
}

static char *text_of(const struct cp_event *event)
{
	static const struct cp_table_style plain;
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	if (!file)
		return NULL;
	cp_trace_put_matter(file, &plain, event);
	if (fclose(file) == 0)
		return text;
	free(text);
	return NULL;
}

static void clear_failure(struct cp_observed_failure *failure)
{
	free(failure->text);
	free(failure->object);
	free(failure->needed_by);
}

static bool is_told(const struct cp_observed *observed, const struct cp_observed_failure *failure)
{
	for (size_t i = 0; i < observed->n_failures; i++)
		if (observed->failures[i].libc == failure->libc &&
			strcmp(observed->failures[i].text, failure->text) == 0)
			return true;
	return false;
}

static int add_failure(
	struct cp_observed *observed, const struct cp_event *event, struct cp_error **err)
{
	struct cp_observed_failure failure = {.text = text_of(event),
		.cause = event->cause,
		.blames_template = event->blames_template,
		.libc = event->libc};
	bool copied = failure.text && copy_text(&failure.object, event->object) &&
		      copy_text(&failure.needed_by, event->needed_by);
	bool told = copied && is_told(observed, &failure);
	bool full = observed->n_failures == CP_OBSERVED_MAX_FAILURES;
	if (copied && !told && !full &&
		cp_grow(&observed->failures, &observed->failures_size, observed->n_failures + 1,
			sizeof(failure)) == 0) {
		observed->failures[observed->n_failures++] = failure;
		return 0;
	}
	clear_failure(&failure);
	observed->more += copied && !told && full;
	return told || full ? 0 : no_memory(err);
}

static int add_addon(
	struct cp_observed *observed, const struct cp_event *event, struct cp_error **err)
{
	if (!event->object || observed->n_addons == CP_OBSERVED_MAX_ADDONS)
		return 0;
	for (size_t i = 0; i < observed->n_addons; i++)
		if (observed->addons[i].libc == event->libc &&
			strcmp(observed->addons[i].path, event->object) == 0)
			return 0;
	if (cp_grow(&observed->addons, &observed->addons_size, observed->n_addons + 1,
		    sizeof(*observed->addons)) < 0)
		return no_memory(err);
	struct cp_observed_addon addon = {strdup(event->object), event->libc};
	if (!addon.path)
		return no_memory(err);
	observed->addons[observed->n_addons++] = addon;
	return 0;
}

struct collecting {
	struct cp_observations *observations;
	const struct cp_compose *compose;
};

static int take_event(void *context, const struct cp_event *event, struct cp_error **err)
{
	const struct collecting *collecting = context;
	struct cp_observations *all = collecting->observations;
	const struct cp_compose *compose = collecting->compose;
	const char *project = event->container.project;
	all->n_events++;
	if (event->kind == CP_EVENT_LOST) {
		all->n_lost += event->count;
		return 0;
	}
	if (project && !all->other && strcmp(project, compose->project) != 0 &&
		!copy_text(&all->other, project))
		return no_memory(err);
	for (size_t i = 0; i < compose->n_services; i++) {
		if (!is_of(&event->container, compose, &compose->services[i]))
			continue;
		all->n_matched++;
		if (event->kind == CP_EVENT_ADDON_LOADED)
			return add_addon(&all->services[i], event, err);
		return event->optional ? 0 : add_failure(&all->services[i], event, err);
	}
	return 0;
}

int cp_observations_read(struct cp_observations *observations, const struct cp_compose *compose,
	FILE *file, const char *name, struct cp_error **err)
{
	struct collecting collecting = {observations, compose};
	if (!observations->services) {
		observations->services = calloc(compose->n_services ? compose->n_services : 1,
			sizeof(*observations->services));
		if (!observations->services)
			return no_memory(err);
		observations->n_services = compose->n_services;
	}
	return cp_trace_read(file, name, take_event, &collecting, err);
}

void cp_observations_clear(struct cp_observations *observations)
{
	for (size_t i = 0; i < observations->n_services; i++) {
		struct cp_observed *observed = &observations->services[i];
		for (size_t k = 0; k < observed->n_failures; k++)
			clear_failure(&observed->failures[k]);
		for (size_t k = 0; k < observed->n_addons; k++)
			free(observed->addons[k].path);
		free(observed->failures);
		free(observed->addons);
	}
	free(observations->services);
	free(observations->other);
	*observations = (struct cp_observations){0};
}

/* --- asking ----------------------------------------------------------------------------------- */

const struct cp_observed *cp_observations_of(const struct cp_observations *observations,
	const struct cp_compose *compose, const struct cp_compose_service *service)
{
	size_t at = (size_t)(service - compose->services);
	if (at >= observations->n_services)
		return NULL;
	const struct cp_observed *observed = &observations->services[at];
	return observed->n_failures || observed->n_addons ? observed : NULL;
}

bool cp_observed_fits(enum cp_event_libc seen, enum cp_libc libc)
{
	if (seen == CP_EVENT_LIBC_UNKNOWN || (libc != CP_LIBC_GLIBC && libc != CP_LIBC_MUSL))
		return true;
	return (seen == CP_EVENT_LIBC_MUSL) == (libc == CP_LIBC_MUSL);
}

static bool names(const struct cp_observed_failure *failure, const char *path)
{
	return (failure->object && strcmp(failure->object, path) == 0) ||
	       (failure->needed_by && strcmp(failure->needed_by, path) == 0);
}

bool cp_observed_loaded(const struct cp_observed *observed, const char *path, enum cp_libc libc)
{
	bool loaded = false;
	for (size_t i = 0; observed && i < observed->n_addons && !loaded; i++)
		loaded = cp_observed_fits(observed->addons[i].libc, libc) &&
			 strcmp(observed->addons[i].path, path) == 0;
	for (size_t i = 0; loaded && i < observed->n_failures; i++)
		loaded = !cp_observed_fits(observed->failures[i].libc, libc) ||
			 !names(&observed->failures[i], path);
	return loaded;
}

size_t cp_observed_count(const struct cp_observed *observed, enum cp_libc libc)
{
	size_t count = 0;
	for (size_t i = 0; observed && i < observed->n_addons; i++)
		count += cp_observed_fits(observed->addons[i].libc, libc);
	return count;
}
