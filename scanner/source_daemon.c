/* SPDX-License-Identifier: MIT
 *
 * docker-daemon: an image out of the local engine, over its HTTP API on a socket (Docker
 * and Podman speak the same one). The engine sends what `docker save` would write; it is
 * indexed while it arrives, and nothing is stored.
 *
 *   GET /images/NAME/json        is it there? The engine's own words if not.
 *   GET /images/get?names=NAME   the archive
 */
#include "image_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine.h"
#include "memory.h"
#include "monotonic.h"

#define STALL_TIMEOUT 60  /* seconds without a byte */
#define START_TIMEOUT 600 /* seconds until the first byte: old engines pack it up first */
#define BUFFER_SIZE ((size_t)1 << 20) /* bytes; some of what libcurl gives at once */

/* Asks whether the image is there. 0; 1 where nobody answers (*err says why); -1. */
static int ask(const struct cp_engine *engine, const char *name, struct cp_error **err)
{
	cp_cleanup_free char *path = NULL;
	struct cp_engine_answer answer = {0};
	CURL *easy = NULL;
	if (asprintf(&path, "/images/%s/json", name) < 0 ||
		!(easy = cp_engine_request(engine, path, cp_engine_collect, &answer)))
		return cp_error_set(err, ENOMEM, "out of memory");
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 1L);
	curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, (long)STALL_TIMEOUT);
	CURLcode code = curl_easy_perform(easy);
	long status = cp_engine_status(easy);
	int result = 0;
	if (code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST) {
		cp_error_set(err, ECONNREFUSED, "%s", curl_easy_strerror(code));
		result = 1;
	} else if (code != CURLE_OK) {
		result = cp_error_set(err, EIO, "the engine fails: %s", curl_easy_strerror(code));
	} else if (status != 200) {
		result = cp_engine_error(status, answer.text, answer.size, err);
	}
	curl_easy_cleanup(easy);
	free(answer.text);
	return result;
}

/* --- the archive as a stream --------------------------------------------------------- */

struct engine_stream {
	struct cp_stream base;
	CURLM *multi;
	CURL *easy;
	bool started; /* bytes have come */
	bool paused;  /* the buffer was full */
	bool ended;
	CURLcode code;
	uint64_t last; /* when bytes came, seconds */
	size_t size;   /* bytes in buffer */
	char buffer[BUFFER_SIZE];
};

/* Seconds. */
static uint64_t now(void)
{
	return cp_monotonic() / 1000000000u;
}

static size_t receive(char *data, size_t size, size_t count, void *context)
{
	struct engine_stream *self = context;
	size_t bytes = size * count;
	if (bytes > sizeof(self->buffer) - self->size) {
		self->paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	memcpy(self->buffer + self->size, data, bytes);
	self->size += bytes;
	self->started = true;
	self->last = now();
	return bytes;
}

/* Lets libcurl work; waits a moment where it has nothing to do. 0 or -1. */
static int turn(struct engine_stream *self, struct cp_error **err)
{
	int running;
	int left;
	if (self->paused) {
		self->paused = false;
		curl_easy_pause(self->easy, CURLPAUSE_CONT);
	}
	if (curl_multi_perform(self->multi, &running) != CURLM_OK)
		return cp_error_set(err, EIO, "the engine's connection failed");
	const CURLMsg *message = curl_multi_info_read(self->multi, &left);
	if (message && message->msg == CURLMSG_DONE) {
		self->ended = true;
		self->code = message->data.result;
	}
	if (self->size || self->ended)
		return 0;
	uint64_t limit = self->started ? STALL_TIMEOUT : START_TIMEOUT;
	if (now() - self->last > limit)
		return cp_error_set(
			err, ETIMEDOUT, "the engine sent nothing for %ld seconds", (long)limit);
	curl_multi_poll(self->multi, NULL, 0, 1000, NULL);
	return 0;
}

static ssize_t engine_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct engine_stream *self = (struct engine_stream *)stream;
	self->size = 0;
	while (!self->size && !self->ended)
		if (turn(self, err) < 0)
			return -1;
	*block = self->buffer;
	long status = cp_engine_status(self->easy);
	if (self->size && status != 200)
		return cp_engine_error(status, self->buffer, self->size, err);
	if (self->size)
		return (ssize_t)self->size;
	if (self->code != CURLE_OK)
		return cp_error_set(err, EIO, "the engine's stream ends early: %s",
			curl_easy_strerror(self->code));
	return 0;
}

static void engine_close(struct cp_stream *stream)
{
	struct engine_stream *self = (struct engine_stream *)stream;
	if (self->multi && self->easy)
		curl_multi_remove_handle(self->multi, self->easy);
	curl_easy_cleanup(self->easy);
	curl_multi_cleanup(self->multi);
	free(self);
}

static struct cp_stream *engine_stream(
	const struct cp_engine *engine, const char *name, struct cp_error **err)
{
	cp_cleanup_free char *path = NULL;
	struct engine_stream *self = calloc(1, sizeof(*self));
	if (!self || asprintf(&path, "/images/get?names=%s", name) < 0) {
		free(self);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	self->base = (struct cp_stream){engine_read, NULL, engine_close, false};
	self->last = now();
	self->easy = cp_engine_request(engine, path, receive, self);
	self->multi = curl_multi_init();
	if (!self->easy || !self->multi ||
		curl_multi_add_handle(self->multi, self->easy) != CURLM_OK) {
		engine_close(&self->base);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	return &self->base;
}

/* --- which engine ------------------------------------------------------------------ */

static int nobody(const char *tried, struct cp_error **err)
{
	return cp_error_set(err, ECONNREFUSED,
		"no container engine answers (tried %s); start it, or name its socket in "
		"DOCKER_HOST=unix://PATH",
		tried);
}

static int find_named(
	struct cp_engine *engine, const char *host, const char *name, struct cp_error **err)
{
	if (cp_engine_named(engine, host, err) < 0)
		return -1;
	cp_cleanup_error struct cp_error *why = NULL;
	int there = ask(engine, name, &why);
	if (there > 0)
		return nobody(host, err);
	if (there < 0)
		return cp_error_set(err, why ? why->code : EIO, "%s", why ? why->message : host);
	return 0;
}

/* Asks the usual sockets in turn. The first engine that has the image is taken; where
 * one answers that it has not, the next may have it. */
static int find_usual(struct cp_engine *engine, const char *name, struct cp_error **err)
{
	char sockets[CP_ENGINE_SOCKETS][CP_ENGINE_SOCKET_SIZE];
	size_t n_sockets = cp_engine_usual(sockets);
	char tried[512] = "";
	cp_cleanup_error struct cp_error *refusal = NULL;
	for (size_t i = 0; i < n_sockets; i++) {
		size_t used = strlen(tried);
		snprintf(tried + used, sizeof(tried) - used, "%s%s", used ? ", " : "", sockets[i]);
		if (access(sockets[i], F_OK) < 0)
			continue;
		if (cp_engine_at_socket(engine, sockets[i], err) < 0)
			return -1;
		cp_cleanup_error struct cp_error *why = NULL;
		int there = ask(engine, name, &why);
		if (there == 0)
			return 0;
		if (there < 0 && !refusal)
			refusal = cp_take(why);
	}
	if (refusal)
		return cp_error_set(err, refusal->code, "%s", refusal->message);
	return nobody(tried, err);
}

struct cp_store *cp_daemon_open(
	const char *name, const struct cp_store_options *options, struct cp_error **err)
{
	struct cp_engine engine = {0};
	const char *host = getenv("DOCKER_HOST");
	if (!cp_engine_is_image_name(name)) {
		cp_error_set(err, EINVAL, "\"%.200s\" is not an image name", name);
		return NULL;
	}
	int found = host && *host ? find_named(&engine, host, name, err)
				  : find_usual(&engine, name, err);
	struct cp_stream *stream = found == 0 ? engine_stream(&engine, name, err) : NULL;
	cp_engine_clear(&engine);
	return stream ? cp_store_open_stream(stream, name, options, err) : NULL;
}
