/* SPDX-License-Identifier: MIT
 *
 * What traces saw of a compose project's services, as evidence for a recommendation.
 *
 * An observation is of the template that the service ran on: the one that it is built from now. It
 * outweighs the simulation there, and says nothing of the others. Where the loader that spoke was
 * not of that template's libc, the service has moved since, and the observation does not count.
 */
#ifndef CP_RECOMMEND_OBSERVED_H
#define CP_RECOMMEND_OBSERVED_H

#include <stdio.h>

#include "compose.h"
#include "event.h"
#include "facts.h"

#define CP_OBSERVED_MAX_FAILURES 64 /* distinct ones of a service */
#define CP_OBSERVED_MAX_ADDONS 4096

struct cp_observed_failure {
	char *text; /* "dlopen failed: Error loading …", safe to print */
	char *object, *needed_by;
	enum cp_event_cause cause;
	enum cp_answer blames_template;
	enum cp_event_libc libc;
};

struct cp_observed_addon {
	char *path;
	enum cp_event_libc libc;
};

/* Of one service; what a program only tried is left out. */
struct cp_observed {
	struct cp_observed_failure *failures;
	size_t n_failures, failures_size;
	struct cp_observed_addon *addons; /* that loaded */
	size_t n_addons, addons_size;
	uint64_t more; /* failures beyond the bound */
};

struct cp_observations {
	struct cp_observed *services; /* as compose has them */
	size_t n_services;
	uint64_t n_events, n_matched, n_lost; /* n_matched: of the project's services */
	char *other;                          /* a project that is not this one, or NULL */
};

/* Adds the events of a trace that are of the project's services: by compose's labels, else, where
 * the engine gave none, by the container's name where it is the one that compose gives. 0, or -1
 * with an error that names file and line. */
int cp_observations_read(struct cp_observations *observations, const struct cp_compose *compose,
	FILE *file, const char *name, struct cp_error **err);
void cp_observations_clear(struct cp_observations *observations);

/* NULL: nothing was observed of this service. */
const struct cp_observed *cp_observations_of(const struct cp_observations *observations,
	const struct cp_compose *compose, const struct cp_compose_service *service);

/* Whether the loader that spoke can have been that of a template on `libc`. */
bool cp_observed_fits(enum cp_event_libc seen, enum cp_libc libc);

/* Whether the addon was seen to load there, and no failure names it. `observed` may be NULL. */
bool cp_observed_loaded(const struct cp_observed *observed, const char *path, enum cp_libc libc);

/* How many addons were. */
size_t cp_observed_count(const struct cp_observed *observed, enum cp_libc libc);

#endif
