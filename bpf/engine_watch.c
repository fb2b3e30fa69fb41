/* SPDX-License-Identifier: MIT */
#include "engine_watch_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "memory.h"
#include "monotonic.h"

/* Milliseconds. */
#define LOOK 250         /* between looks for a socket that is not there */
#define LONGEST 5000     /* between tries of an engine that does not answer */
#define STEADY 5000      /* after so long an engine that goes away is tried at once again */
#define BRIEF 1000       /* an engine whose events end after less has none to tell */
#define LIST_AGAIN 2000  /* between lists of an engine that tells no events */
#define EVENTS_BEGIN 300 /* old engines send nothing before the first event */

#define AT_ONCE 8u                 /* inspections of one engine */
#define MAX_WAITING ((size_t)8192) /* requests of all engines */

/* Milliseconds. */
static uint64_t clock_now(void)
{
	return cp_monotonic() / 1000000u;
}

/* --- requests ---------------------------------------------------------------------- */

static uint64_t hash_of(const struct cp_engine_watch *self, unsigned engine,
	enum cp_question question, const char *subject)
{
	uint64_t kind = (uint64_t)engine << 32 | question;
	return cp_table_hash(&self->asked, subject, strlen(subject)) ^
	       cp_table_hash(&self->asked, &kind, sizeof(kind));
}

struct cp_engine_request *cp_engine_watch_request(struct cp_engine_watch *self, unsigned engine,
	enum cp_question question, const char *subject)
{
	uint64_t hash = hash_of(self, engine, question, subject);
	for (struct cp_table_link *at = NULL; (at = cp_table_next(&self->asked, hash, at));) {
		const struct cp_engine_request *other = (struct cp_engine_request *)at;
		if (other->engine == engine && other->question == question &&
			strcmp(other->subject, subject) == 0)
			return NULL;
	}
	struct cp_engine_request *request = NULL;
	if (self->asked.count < MAX_WAITING)
		request = cp_engine_request_new(
			engine, question, subject, cp_engine_watch_take, self);
	if (!request) {
		if (question == CP_ASK_CONTAINER)
			self->sink.unknown(self->sink.context, engine, subject);
		return NULL;
	}
	cp_table_add(&self->asked, &request->link, hash);
	TAILQ_INSERT_TAIL(&self->waiting, request, order);
	return request;
}

static bool is_inspection(const struct cp_engine_request *request)
{
	return request->question == CP_ASK_CONTAINER || request->question == CP_ASK_IMAGE;
}

static void drop(struct cp_engine_watch *self, struct cp_engine_request *request)
{
	struct engine *engine = &self->engines[request->engine];
	if (request->easy) {
		TAILQ_REMOVE(&self->running, request, order);
		curl_multi_remove_handle(self->multi, request->easy);
		engine->running -= is_inspection(request);
	} else {
		TAILQ_REMOVE(&self->waiting, request, order);
	}
	if (engine->events == request)
		engine->events = NULL;
	if (engine->info == request)
		engine->info = NULL;
	cp_table_remove(&self->asked, &request->link);
	cp_engine_request_free(request);
}

static void begin(struct cp_engine_watch *self, struct cp_engine_request *request)
{
	struct engine *engine = &self->engines[request->engine];
	if (cp_engine_request_begin(request, &engine->at) < 0)
		return; /* it is tried again with the next turn */
	TAILQ_REMOVE(&self->waiting, request, order);
	TAILQ_INSERT_TAIL(&self->running, request, order);
	engine->running += is_inspection(request);
	curl_multi_add_handle(self->multi, request->easy);
}

/* Containers before images: someone may wait for a label. */
static void begin_some(struct cp_engine_watch *self)
{
	struct cp_engine_request *at, *next;
	for (int images = 0; images < 2; images++)
		for (at = TAILQ_FIRST(&self->waiting); at; at = next) {
			next = TAILQ_NEXT(at, order);
			if ((at->question == CP_ASK_IMAGE) != images)
				continue;
			if (!is_inspection(at) || self->engines[at->engine].running < AT_ONCE)
				begin(self, at);
		}
}

/* --- engines that come and go ------------------------------------------------------ */

static void set_problem(struct engine *engine, const char *format, const char *reason)
{
	free(engine->problem);
	engine->problem = NULL;
	if (reason && asprintf(&engine->problem, "the engine at %.200s %s: %.300s", engine->name,
			      format, reason) < 0)
		engine->problem = NULL;
}

/* Forgets all that was asked of it (`reason` may be a request's), and when it is to be asked next.
 */
static void lose(struct cp_engine_watch *self, unsigned at, const char *what, const char *reason)
{
	struct engine *engine = &self->engines[at];
	struct requests *lists[] = {&self->waiting, &self->running};
	uint64_t now = clock_now();
	set_problem(engine, what, reason);
	for (size_t i = 0; i < 2; i++) {
		struct cp_engine_request *request, *next;
		for (request = TAILQ_FIRST(lists[i]); request; request = next) {
			next = TAILQ_NEXT(request, order);
			if (request->engine != at)
				continue;
			if (request->question == CP_ASK_CONTAINER)
				self->sink.unknown(self->sink.context, at, request->subject);
			drop(self, request);
		}
	}
	engine->failures++;
	if (engine->phase == ANSWERS && now - engine->since >= STEADY)
		engine->failures = 0;
	uint64_t wait = engine->failures < 8 ? (uint64_t)LOOK << engine->failures : LONGEST;
	engine->next = now + (wait < LONGEST ? wait : LONGEST);
	engine->phase = AWAY;
	engine->tried = true;
}

static void approach(struct cp_engine_watch *self, unsigned at, uint64_t now)
{
	struct engine *engine = &self->engines[at];
	if (engine->at.socket && access(engine->at.socket, F_OK) < 0) {
		set_problem(engine, "cannot be reached", self->required ? strerror(errno) : NULL);
		self->changed |= !engine->tried;
		engine->tried = true;
		engine->next = now + LOOK;
		return;
	}
	engine->phase = ASKING;
	engine->since = now;
	engine->listed = engine->mute = false;
	engine->events = cp_engine_watch_request(self, at, CP_ASK_EVENTS, "");
	engine->info = cp_engine_watch_request(self, at, CP_ASK_INFO, "");
	if (!engine->events || !engine->info)
		lose(self, at, "cannot be asked", strerror(ENOMEM));
}

static bool events_flow(const struct engine *engine)
{
	return engine->events && engine->events->easy &&
	       cp_engine_status(engine->events->easy) == 200;
}

static void answers(struct engine *engine)
{
	if (engine->phase != ASKING)
		return;
	if (!engine->mute)
		set_problem(engine, NULL, NULL);
	engine->phase = ANSWERS;
	engine->tried = true;
	engine->since = clock_now();
}

static void attend(struct cp_engine_watch *self, unsigned at, uint64_t now)
{
	struct engine *engine = &self->engines[at];
	if (engine->phase == AWAY && now >= engine->next)
		approach(self, at, now);
	if (engine->phase == ASKING && events_flow(engine))
		answers(engine);
	if (engine->phase == ANSWERS && !engine->listed &&
		(engine->mute || events_flow(engine) || now - engine->since >= EVENTS_BEGIN)) {
		engine->listed = true;
		engine->next = now + LIST_AGAIN;
		cp_engine_watch_request(self, at, CP_ASK_CONTAINERS, "");
		cp_engine_watch_request(self, at, CP_ASK_IMAGES, "");
	}
	if (engine->phase == ANSWERS && engine->mute && now >= engine->next) {
		engine->next = now + LIST_AGAIN;
		cp_engine_watch_request(self, at, CP_ASK_CONTAINERS, "");
		self->sink.look_again(self->sink.context);
	}
}

/* podman may be told to keep no events, and a proxy may not let them through. */
static void end_of_events(
	struct cp_engine_watch *self, struct cp_engine_request *request, const char *reason)
{
	struct engine *engine = &self->engines[request->engine];
	if (engine->phase == ANSWERS && clock_now() - engine->since >= BRIEF) {
		lose(self, request->engine, "went away", reason);
		return;
	}
	engine->mute = true;
	set_problem(engine, "does not tell its events", reason);
	drop(self, request);
}

static void finish(struct cp_engine_watch *self, struct cp_engine_request *request, CURLcode code)
{
	unsigned at = request->engine;
	struct engine *engine = &self->engines[at];
	bool ok = cp_engine_request_succeeded(request, code);
	const char *reason = cp_engine_request_reason(request, code); /* the request's */
	switch (request->question) {
	case CP_ASK_EVENTS:
		end_of_events(self, request, reason);
		return; /* the request is dropped */
	case CP_ASK_INFO:
		if (!ok && (engine->phase == ASKING || engine->mute)) {
			lose(self, at, "does not answer", reason);
			return;
		}
		answers(engine);
		break;
	case CP_ASK_CONTAINERS:
		if (!ok && engine->mute) {
			lose(self, at, "went away", reason);
			return;
		}
		if (!ok)
			set_problem(engine, "does not list its containers", reason);
		break;
	case CP_ASK_CONTAINER:
		if (!ok)
			self->sink.unknown(self->sink.context, at, request->subject);
		break;
	case CP_ASK_IMAGES:
	case CP_ASK_IMAGE:
	case CP_QUESTIONS:
		break;
	}
	drop(self, request);
}

/* --- the object -------------------------------------------------------------------- */

/* A name that is none is that engine's problem, and no reason not to watch the others. */
static int add_engine(struct cp_engine_watch *self, const char *name, struct cp_error **err)
{
	struct engine *engine = &self->engines[self->n_engines++];
	cp_cleanup_error struct cp_error *why = NULL;
	engine->name = strdup(name);
	if (!engine->name)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (cp_engine_named(&engine->at, name, &why) < 0) {
		set_problem(engine, "cannot be asked", why ? why->message : "out of memory");
		engine->tried = true;
		engine->next = UINT64_MAX;
	}
	return 0;
}

struct cp_engine_watch *cp_engine_watch_open(const char *const *engines, size_t n_engines,
	bool required, const struct cp_engine_sink *sink, struct cp_error **err)
{
	struct cp_engine_watch *self = calloc(1, sizeof(*self));
	if (!self || cp_table_init(&self->asked) < 0) {
		free(self);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	TAILQ_INIT(&self->waiting);
	TAILQ_INIT(&self->running);
	self->required = required;
	self->sink = *sink;
	self->multi = curl_multi_init();
	bool ok = self->multi && n_engines <= CP_MAX_ENGINES;
	if (!ok)
		cp_error_set(err, ENOMEM, "more than %zu engines, or no memory", CP_MAX_ENGINES);
	for (size_t i = 0; ok && i < n_engines; i++)
		ok = add_engine(self, engines[i], err) == 0;
	if (ok)
		return self;
	cp_engine_watch_close(self);
	return NULL;
}

void cp_engine_watch_close(struct cp_engine_watch *self)
{
	if (!self)
		return;
	while (!TAILQ_EMPTY(&self->waiting))
		drop(self, TAILQ_FIRST(&self->waiting));
	while (!TAILQ_EMPTY(&self->running))
		drop(self, TAILQ_FIRST(&self->running));
	curl_multi_cleanup(self->multi);
	cp_table_clear(&self->asked, NULL);
	for (size_t i = 0; i < self->n_engines; i++) {
		cp_engine_clear(&self->engines[i].at);
		free(self->engines[i].name);
		free(self->engines[i].problem);
	}
	free(self);
}

void cp_engine_watch_ask(struct cp_engine_watch *self, const char *id)
{
	for (unsigned i = 0; i < self->n_engines; i++)
		if (self->engines[i].phase == ANSWERS && cp_is_container_id(id, strlen(id)))
			cp_engine_watch_request(self, i, CP_ASK_CONTAINER, id);
}

void cp_engine_watch_turn(
	struct cp_engine_watch *self, struct curl_waitfd *extra, unsigned n_extra, int limit)
{
	uint64_t now = clock_now(), next = now + (uint64_t)limit;
	int running, left;
	for (unsigned i = 0; i < self->n_engines; i++) {
		const struct engine *engine = &self->engines[i];
		attend(self, i, now);
		uint64_t due = next;
		if (engine->phase == ANSWERS && !engine->listed)
			due = engine->since + EVENTS_BEGIN;
		else if (engine->phase == AWAY || (engine->phase == ANSWERS && engine->mute))
			due = engine->next;
		if (due < next)
			next = due;
	}
	begin_some(self);
	int wait = next > now ? (int)(next - now) : 1;
	curl_multi_poll(self->multi, extra, n_extra, self->changed ? 0 : wait, NULL);
	self->changed = false;
	curl_multi_perform(self->multi, &running);
	for (const CURLMsg *message; (message = curl_multi_info_read(self->multi, &left));) {
		char *request = NULL;
		curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &request);
		finish(self, (struct cp_engine_request *)(void *)request, message->data.result);
	}
}

void cp_engine_watch_wake(struct cp_engine_watch *self)
{
	curl_multi_wakeup(self->multi);
}

void cp_engine_watch_state(const struct cp_engine_watch *self, struct cp_engine_state *state)
{
	*state = (struct cp_engine_state){.n_engines = self->n_engines, .idle = true};
	for (size_t i = 0; i < self->n_engines; i++) {
		const struct engine *engine = &self->engines[i];
		state->answering |= (uint32_t)(engine->phase == ANSWERS) << i;
		state->trying |= (uint32_t)!engine->tried << i;
		state->problems[i] = engine->problem;
		if (!engine->tried || (engine->phase == ANSWERS && !engine->listed))
			state->idle = false;
	}
	const struct cp_engine_request *request;
	TAILQ_FOREACH(request, &self->running, order)
	if (request->question != CP_ASK_EVENTS)
		state->idle = false;
	if (!TAILQ_EMPTY(&self->waiting))
		state->idle = false;
}
