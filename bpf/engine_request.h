/* SPDX-License-Identifier: MIT
 *
 * One question to an engine: its path, its limits, and the objects of its answer.
 */
#ifndef CP_ENGINE_REQUEST_H
#define CP_ENGINE_REQUEST_H

#include <sys/queue.h>

#include "engine.h"
#include "json_objects.h"
#include "table.h"

enum cp_question {
	CP_ASK_EVENTS,
	CP_ASK_INFO,
	CP_ASK_CONTAINERS,
	CP_ASK_IMAGES,
	CP_ASK_CONTAINER, /* of an id */
	CP_ASK_IMAGE,     /* of a name or id */
	CP_QUESTIONS,
};

struct cp_engine_request {
	struct cp_table_link link; /* by the asker: engine, question and subject */
	TAILQ_ENTRY(cp_engine_request) order;
	unsigned engine;
	enum cp_question question;
	CURL *easy;         /* NULL: not begun */
	size_t size, count; /* bytes and objects that came */
	char *message;      /* of an answer whose status is not 200 */
	char reason[CURL_ERROR_SIZE];
	struct cp_json_objects objects;
	void (*take)(void *context, struct cp_engine_request *request, const json_t *object);
	void *context;
	char subject[]; /* "": none */
};

/* NULL without memory. */
struct cp_engine_request *cp_engine_request_new(unsigned engine, enum cp_question question,
	const char *subject,
	void (*take)(void *context, struct cp_engine_request *request, const json_t *object),
	void *context);
void cp_engine_request_free(struct cp_engine_request *request);

/* Makes the handle, ready to be added to a multi handle. 0, or -1 without memory. */
int cp_engine_request_begin(struct cp_engine_request *request, const struct cp_engine *engine);

/* Whether the answer came whole and is what was asked for. */
bool cp_engine_request_succeeded(const struct cp_engine_request *request, CURLcode code);
/* Why not, in the engine's words where it has some; within the request. */
const char *cp_engine_request_reason(struct cp_engine_request *request, CURLcode code);

#endif
