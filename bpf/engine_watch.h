/* SPDX-License-Identifier: MIT
 *
 * Follows container engines: what containers and images there are, and each that comes.
 *
 * Of each engine, first its events are asked for and /info, then, once the events flow, the lists
 * of containers and images: so nothing falls between a list and the first event. A container or
 * an image that an event tells of is inspected, a few at a time. An engine that goes away, or was
 * not there, is tried again, ever more rarely.
 *
 *   away ──(its socket is there)──▶ asking ──(events or /info)──▶ answers
 *     ▲───────(refused, no answer in time)──┘──(its events end)──────┘
 *
 * All of it is one libcurl multi handle on the caller's thread; nothing blocks but
 * cp_engine_watch_turn, and that can be woken. Every request but that for events has a time limit,
 * every answer a limit of size. What an engine says is told to a sink as it comes.
 */
#ifndef CP_ENGINE_WATCH_H
#define CP_ENGINE_WATCH_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "event.h"

#define CP_MAX_ENGINES ((size_t)16)

/* Is told what engines say; `engine` is an index. */
struct cp_engine_sink {
	void *context;
	/* A container; the sink may take its strings over. `all`: asking again tells no more. */
	void (*container)(void *context, unsigned engine, struct cp_container *container, bool all);
	/* The engine does not know that id, or will not say. */
	void (*unknown)(void *context, unsigned engine, const char *id);
	/* A container started: whether to inspect it. */
	bool (*wants)(void *context, const char *id);
	/* A directory of a layer, of an image or container that is complete. */
	void (*layer)(void *context, const char *directory);
	/* The engine's data root. */
	void (*store)(void *context, const char *root);
	/* An image or a container was made, and the engine does not say where its layers are. */
	void (*look_again)(void *context);
};

struct cp_engine_watch;

/* `engines` as DOCKER_HOST names them; `required`: that there is no such socket is a problem. NULL
 * with an error (no memory). */
struct cp_engine_watch *cp_engine_watch_open(const char *const *engines, size_t n_engines,
	bool required, const struct cp_engine_sink *sink, struct cp_error **err);
void cp_engine_watch_close(struct cp_engine_watch *watch); /* does not wait for anybody */

/* Asks every engine that answers for that container. */
void cp_engine_watch_ask(struct cp_engine_watch *watch, const char *id);

/* Works on what there is to do, then waits for more, or for `extra`, at most `limit` ms. */
void cp_engine_watch_turn(
	struct cp_engine_watch *watch, struct curl_waitfd *extra, unsigned n_extra, int limit);
/* Ends a wait, from any thread. */
void cp_engine_watch_wake(struct cp_engine_watch *watch);

struct cp_engine_state {
	size_t n_engines;
	uint32_t answering;                   /* a bit per engine */
	uint32_t trying;                      /* it was not heard of yet, but may be */
	bool idle;                            /* nothing is asked that was not answered */
	const char *problems[CP_MAX_ENGINES]; /* NULL: none; until the next turn */
};
void cp_engine_watch_state(const struct cp_engine_watch *watch, struct cp_engine_state *state);

#endif
