/* SPDX-License-Identifier: MIT
 *
 * A container engine, and HTTP requests to it: Docker's and podman's API over a socket.
 *
 * Which engine: DOCKER_HOST, else the usual sockets. A request is a libcurl easy handle that
 * knows the way there; the caller performs it, alone or among others, and sets its time limits.
 */
#ifndef CP_ENGINE_H
#define CP_ENGINE_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

struct cp_engine {
	char *socket; /* path, or NULL: tcp */
	char *base;   /* "http://localhost" */
	bool secure;  /* by DOCKER_TLS_VERIFY */
};

/* From what DOCKER_HOST may be: unix://PATH, tcp://HOST:PORT or http(s)://HOST:PORT. Replaces
 * *engine (zeroed, or set before; cp_engine_clear). 0 or -1. */
int cp_engine_named(struct cp_engine *engine, const char *host, struct cp_error **err);
int cp_engine_at_socket(struct cp_engine *engine, const char *path, struct cp_error **err);
void cp_engine_clear(struct cp_engine *engine);

/* The usual sockets, whether they are there or not: Docker's, podman's, and the user's (of
 * XDG_RUNTIME_DIR). The first is asked first. Returns their number. */
#define CP_ENGINE_SOCKETS 4
#define CP_ENGINE_SOCKET_SIZE 108 /* of sockaddr_un.sun_path */
size_t cp_engine_usual(char sockets[CP_ENGINE_SOCKETS][CP_ENGINE_SOCKET_SIZE]);

/* Whether the name may stand in a request's path as it is. */
bool cp_engine_is_image_name(const char *name);

/* A GET request of `path` ("/info"); `write` is given the answer's bytes (CURLOPT_WRITEFUNCTION).
 * The caller frees it by curl_easy_cleanup. NULL without memory. */
CURL *cp_engine_request(
	const struct cp_engine *engine, const char *path, curl_write_callback write, void *context);
long cp_engine_status(CURL *easy); /* HTTP's; 0 before an answer came */

/* The engine's own words about a status other than 200, from the answer's text. Returns -1, with
 * code ENOENT where the engine does not know what was asked for, else EIO. */
int cp_engine_error(long status, const char *text, size_t size, struct cp_error **err);

/* A short answer, collected in memory. */
struct cp_engine_answer {
	char *text; /* not terminated; the owner frees it */
	size_t size, capacity;
};
/* A curl_write_callback whose context is a cp_engine_answer; refuses more than 4 MiB. */
size_t cp_engine_collect(char *data, size_t size, size_t count, void *answer);

#endif
