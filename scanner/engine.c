/* SPDX-License-Identifier: MIT */
#include "engine.h"

#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define CONNECT_TIMEOUT 10L          /* seconds */
#define MAX_ANSWER ((size_t)4 << 20) /* bytes */
#define RECEIVE_SIZE 262144L         /* bytes per callback at most */

/* --- which engine ------------------------------------------------------------------ */

void cp_engine_clear(struct cp_engine *engine)
{
	free(engine->socket);
	free(engine->base);
	*engine = (struct cp_engine){0};
}

static int set_engine(
	struct cp_engine *engine, const char *socket, const char *base, struct cp_error **err)
{
	cp_engine_clear(engine);
	engine->socket = socket ? strdup(socket) : NULL;
	engine->base = strdup(base);
	if (!engine->base || (socket && !engine->socket))
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

int cp_engine_at_socket(struct cp_engine *engine, const char *path, struct cp_error **err)
{
	return set_engine(engine, path, "http://localhost", err);
}

int cp_engine_named(struct cp_engine *engine, const char *host, struct cp_error **err)
{
	cp_cleanup_free char *base = NULL;
	const char *verify = getenv("DOCKER_TLS_VERIFY");
	bool secure = verify && *verify;
	if (strncmp(host, "unix://", 7) == 0)
		return cp_engine_at_socket(engine, host + 7, err);
	if (strncmp(host, "tcp://", 6) == 0) {
		if (asprintf(&base, "%s://%s", secure ? "https" : "http", host + 6) < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
		host = base;
	} else if (strncmp(host, "http://", 7) != 0 && strncmp(host, "https://", 8) != 0) {
		return cp_error_set(err, ENOTSUP,
			"DOCKER_HOST=%.200s: only unix:// and tcp:// are known; forward the "
			"engine's socket, or use docker save and docker-archive:",
			host);
	}
	if (set_engine(engine, NULL, host, err) < 0)
		return -1;
	engine->secure = secure;
	return 0;
}

size_t cp_engine_usual(char sockets[CP_ENGINE_SOCKETS][CP_ENGINE_SOCKET_SIZE])
{
	static const char *const fixed[] = {"/var/run/docker.sock", "/run/podman/podman.sock"};
	static const char *const of_user[] = {"podman/podman.sock", "docker.sock"};
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	size_t count = 0;
	for (size_t i = 0; i < sizeof(fixed) / sizeof(fixed[0]); i++)
		snprintf(sockets[count++], CP_ENGINE_SOCKET_SIZE, "%s", fixed[i]);
	for (size_t i = 0; runtime && *runtime && i < sizeof(of_user) / sizeof(of_user[0]); i++) {
		int size = snprintf(
			sockets[count], CP_ENGINE_SOCKET_SIZE, "%s/%s", runtime, of_user[i]);
		count += size > 0 && size < CP_ENGINE_SOCKET_SIZE;
	}
	return count;
}

/* --- requests ---------------------------------------------------------------------- */

bool cp_engine_is_image_name(const char *name)
{
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-/:@", *at))
			return false;
	return isalnum((unsigned char)name[0]) && !strstr(name, "..");
}

/* Docker's own convention: ca.pem, cert.pem and key.pem in DOCKER_CERT_PATH. */
static void set_certificates(CURL *easy)
{
	const char *directory = getenv("DOCKER_CERT_PATH");
	const char *home = getenv("HOME");
	static const struct {
		CURLoption option;
		const char *file;
	} files[] = {{CURLOPT_CAINFO, "ca.pem"}, {CURLOPT_SSLCERT, "cert.pem"},
		{CURLOPT_SSLKEY, "key.pem"}};
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		cp_cleanup_free char *path = NULL;
		if (asprintf(&path, "%s%s/%s",
			    directory ? directory
			    : home    ? home
				      : "",
			    directory ? "" : "/.docker", files[i].file) >= 0)
			curl_easy_setopt(easy, files[i].option, path);
	}
}

CURL *cp_engine_request(
	const struct cp_engine *engine, const char *path, curl_write_callback write, void *context)
{
	cp_cleanup_free char *url = NULL;
	CURL *easy = curl_easy_init();
	if (!easy || asprintf(&url, "%s%s", engine->base, path) < 0) {
		curl_easy_cleanup(easy);
		return NULL;
	}
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT, CONNECT_TIMEOUT);
	curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, RECEIVE_SIZE);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, write);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
	if (engine->socket)
		curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, engine->socket);
	if (engine->secure)
		set_certificates(easy);
	return easy;
}

long cp_engine_status(CURL *easy)
{
	long status = 0;
	curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
	return status;
}

/* The engine's own words: {"message": "No such image: …"}; Podman also has "cause". */
int cp_engine_error(long status, const char *text, size_t size, struct cp_error **err)
{
	json_t *json = json_loadb(text, size, 0, NULL);
	const char *message = json_string_value(json_object_get(json, "message"));
	if (message)
		cp_error_set(err, status == 404 ? ENOENT : EIO, "the engine says: %.500s", message);
	else
		cp_error_set(err, EIO, "the engine answers with HTTP status %ld", status);
	json_decref(json);
	return -1;
}

size_t cp_engine_collect(char *data, size_t size, size_t count, void *context)
{
	struct cp_engine_answer *answer = context;
	size_t bytes = size * count;
	if (answer->size + bytes > MAX_ANSWER ||
		cp_grow(&answer->text, &answer->capacity, answer->size + bytes, 1) < 0)
		return 0;
	memcpy(answer->text + answer->size, data, bytes);
	answer->size += bytes;
	return bytes;
}
