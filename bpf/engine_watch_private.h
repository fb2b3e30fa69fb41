/* SPDX-License-Identifier: MIT
 *
 * Between the parts of the watch: engine_watch.c (engines and requests) and engine_take.c (what
 * their answers mean).
 */
#ifndef CP_ENGINE_WATCH_PRIVATE_H
#define CP_ENGINE_WATCH_PRIVATE_H

#include "engine_request.h"
#include "engine_watch.h"

enum phase { AWAY, ASKING, ANSWERS };

struct engine {
	struct cp_engine at;
	char *name; /* as it was given */
	enum phase phase;
	bool tried;           /* it was heard of, or is not there */
	bool listed;          /* its lists were asked for */
	bool mute;            /* it tells no events: its containers are listed now and then */
	const char *runtime;  /* NULL: it did not say yet */
	uint64_t since, next; /* ms: of this phase; when to try again */
	unsigned failures;
	struct cp_engine_request *events, *info;
	unsigned running; /* inspections */
	char *problem;
};

TAILQ_HEAD(requests, cp_engine_request);

struct cp_engine_watch {
	struct engine engines[CP_MAX_ENGINES];
	size_t n_engines;
	bool required;
	bool changed; /* an engine was heard of, or is not there: no wait before it is told */
	struct cp_engine_sink sink;
	CURLM *multi;
	struct cp_table asked;            /* what waits or runs, so that nothing is asked twice */
	struct requests waiting, running; /* in their order */
};

/* Returns the new request, or NULL: it is asked already, there are too many, or no memory. */
struct cp_engine_request *cp_engine_watch_request(struct cp_engine_watch *self, unsigned engine,
	enum cp_question question, const char *subject);

/* What a request does with each object of its answer; the context is the watch. */
void cp_engine_watch_take(void *context, struct cp_engine_request *request, const json_t *object);

#endif
