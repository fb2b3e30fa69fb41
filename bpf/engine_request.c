/* SPDX-License-Identifier: MIT */
#include "engine_request.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define CONNECT_LIMIT 2000L /* milliseconds */
#define STALL_LIMIT 5L      /* seconds without a byte */
#define MAX_OBJECTS ((size_t)50000)

/* {"type":["container","image"]} */
#define FILTERS "%7B%22type%22%3A%5B%22container%22%2C%22image%22%5D%7D"

static const struct kind {
	const char *path, *after; /* the subject between them */
	long limit;               /* milliseconds; 0: none */
	size_t max_size;          /* bytes; 0: any */
} kinds[CP_QUESTIONS] = {
	[CP_ASK_EVENTS] = {"/events?filters=" FILTERS, "", 0, 0},
	[CP_ASK_INFO] = {"/info", "", 5000, (size_t)1 << 20},
	[CP_ASK_CONTAINERS] = {"/containers/json?all=1", "", 30000, (size_t)256 << 20},
	[CP_ASK_IMAGES] = {"/images/json", "", 30000, (size_t)256 << 20},
	[CP_ASK_CONTAINER] = {"/containers/", "/json", 3000, (size_t)1 << 20},
	[CP_ASK_IMAGE] = {"/images/", "/json", 3000, (size_t)1 << 20},
};

struct cp_engine_request *cp_engine_request_new(unsigned engine, enum cp_question question,
	const char *subject,
	void (*take)(void *context, struct cp_engine_request *request, const json_t *object),
	void *context)
{
	size_t size = strlen(subject) + 1;
	struct cp_engine_request *self = calloc(1, sizeof(*self) + size);
	if (!self)
		return NULL;
	self->engine = engine;
	self->question = question;
	self->take = take;
	self->context = context;
	memcpy(self->subject, subject, size);
	return self;
}

void cp_engine_request_free(struct cp_engine_request *self)
{
	curl_easy_cleanup(self->easy);
	cp_json_objects_clear(&self->objects);
	free(self->message);
	free(self);
}

static bool take_object(void *context, const json_t *object)
{
	struct cp_engine_request *self = context;
	if (cp_engine_status(self->easy) == 200) {
		self->take(self->context, self, object);
		return ++self->count < MAX_OBJECTS || self->question == CP_ASK_EVENTS;
	}
	const char *message = cp_json_member(object, "message");
	if (message && !self->message)
		self->message = strdup(message);
	return true;
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
	struct cp_engine_request *self = context;
	size_t bytes = size * count, most = kinds[self->question].max_size;
	self->size += bytes;
	if (most && self->size > most)
		return 0;
	return cp_json_objects_read(&self->objects, data, bytes) ? bytes : 0;
}

int cp_engine_request_begin(struct cp_engine_request *self, const struct cp_engine *engine)
{
	const struct kind *kind = &kinds[self->question];
	cp_cleanup_free char *path = NULL;
	if (asprintf(&path, "%s%s%s", kind->path, self->subject, kind->after) < 0)
		return -1;
	self->objects.take = take_object;
	self->objects.context = self;
	self->easy = cp_engine_request(engine, path, receive, self);
	if (!self->easy)
		return -1;
	curl_easy_setopt(self->easy, CURLOPT_PRIVATE, self);
	curl_easy_setopt(self->easy, CURLOPT_ERRORBUFFER, self->reason);
	curl_easy_setopt(self->easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_LIMIT);
	curl_easy_setopt(self->easy, CURLOPT_TIMEOUT_MS, kind->limit);
	curl_easy_setopt(self->easy, CURLOPT_TCP_KEEPALIVE, 1L);
	curl_easy_setopt(self->easy, CURLOPT_QUICK_EXIT, 1L); /* no wait for a name server */
	if (kind->limit) {
		curl_easy_setopt(self->easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
		curl_easy_setopt(self->easy, CURLOPT_LOW_SPEED_TIME, STALL_LIMIT);
	}
	return 0;
}

bool cp_engine_request_succeeded(const struct cp_engine_request *self, CURLcode code)
{
	bool enough = self->count >= MAX_OBJECTS;
	bool may_be_none = self->question == CP_ASK_CONTAINERS || self->question == CP_ASK_IMAGES;
	return cp_engine_status(self->easy) == 200 && (code == CURLE_OK || enough) &&
	       !self->objects.depth && (self->count || may_be_none);
}

const char *cp_engine_request_reason(struct cp_engine_request *self, CURLcode code)
{
	long status = cp_engine_status(self->easy), number = 0;
	curl_easy_getinfo(self->easy, CURLINFO_OS_ERRNO, &number);
	if (code == CURLE_COULDNT_CONNECT && number)
		return strerror((int)number);
	if (self->message)
		return self->message;
	if (code == CURLE_OK && status == 200 && self->question == CP_ASK_EVENTS)
		return "they ended";
	if (code == CURLE_WRITE_ERROR || (code == CURLE_OK && status == 200))
		return "its answer is not the JSON of an engine, or too large";
	if (code == CURLE_OK) {
		snprintf(self->reason, sizeof(self->reason), "HTTP status %ld", status);
		return self->reason;
	}
	return self->reason[0] ? self->reason : curl_easy_strerror(code);
}
