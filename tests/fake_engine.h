/* SPDX-License-Identifier: MIT
 *
 * An engine for tests: HTTP on a unix socket, a thread per connection, as well or as badly behaved
 * as a test wants it.
 */
#ifndef CP_FAKE_ENGINE_H
#define CP_FAKE_ENGINE_H

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum behaviour {
	BEHAVES,
	HANGS,   /* takes the request and says nothing */
	DEAF,    /* does not even accept */
	GARBAGE, /* 200, and no JSON */
	CLOSES,  /* in the middle of the headers */
	CUTS,    /* in the middle of the answer */
	ENDLESS, /* an answer without an end */
	REFUSES, /* 403 to everything */
	NO_HTTP,
};

#define MAX_CONNECTIONS 4096
#define MAX_PAGES 64

struct fake_engine {
	const char *path; /* of the socket */
	_Atomic(enum behaviour) behaviour;
	_Atomic(enum behaviour) of_inspections; /* of /containers/ID and /images/ID alone */
	_Atomic(enum behaviour) of_events;
	size_t piece; /* bytes of events that are sent at once; 0: all */
	int listener;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t changed;
	/* What it says: path → text. A page is never changed, only added. */
	struct {
		const char *path, *text;
	} pages[MAX_PAGES];
	size_t n_pages;
	char events[65536];
	size_t n_events; /* bytes */
	bool ending;
	int connections[MAX_CONNECTIONS];
	pthread_t threads[MAX_CONNECTIONS];
	size_t n_connections;
	atomic_int asked; /* inspections of containers */
};

struct fake_connection {
	struct fake_engine *engine;
	int fd;
};

static bool fake_send(int fd, const char *text, size_t size)
{
	while (size) {
		ssize_t sent = send(fd, text, size, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		text += sent;
		size -= (size_t)sent;
	}
	return true;
}

static bool fake_say(int fd, const char *text)
{
	return fake_send(fd, text, strlen(text));
}

#define FAKE_OK "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n"

static void fake_events(struct fake_engine *engine, int fd)
{
	size_t sent = 0;
	bool ok = fake_say(fd, FAKE_OK);
	pthread_mutex_lock(&engine->lock);
	while (ok && !engine->ending) {
		size_t size = engine->n_events - sent;
		if (!size) {
			pthread_cond_wait(&engine->changed, &engine->lock);
			continue;
		}
		if (engine->piece && size > engine->piece)
			size = engine->piece;
		pthread_mutex_unlock(&engine->lock);
		ok = fake_send(fd, engine->events + sent, size);
		if (engine->piece)
			usleep(200);
		pthread_mutex_lock(&engine->lock);
		sent += size;
	}
	pthread_mutex_unlock(&engine->lock);
}

static const char *fake_page(struct fake_engine *engine, const char *path)
{
	const char *text = NULL;
	pthread_mutex_lock(&engine->lock);
	for (size_t i = 0; i < engine->n_pages; i++)
		if (strcmp(engine->pages[i].path, path) == 0)
			text = engine->pages[i].text;
	pthread_mutex_unlock(&engine->lock);
	return text;
}

static void fake_answer(struct fake_engine *engine, int fd, const char *path)
{
	bool is_one = strncmp(path, "/containers/json", 16) != 0 &&
		      strncmp(path, "/images/json", 12) != 0 &&
		      (strncmp(path, "/containers/", 12) == 0 || strncmp(path, "/images/", 8) == 0);
	enum behaviour behaviour = engine->behaviour;
	if (is_one && behaviour == BEHAVES)
		behaviour = engine->of_inspections;
	if (strncmp(path, "/events?", 8) == 0 && behaviour == BEHAVES)
		behaviour = engine->of_events;
	if (strncmp(path, "/containers/", 12) == 0 && is_one)
		engine->asked++;
	const char *text = fake_page(engine, path);
	char wait;
	switch (behaviour) {
	case BEHAVES:
		if (strncmp(path, "/events?", 8) == 0)
			fake_events(engine, fd);
		else if (text)
			(void)(fake_say(fd, FAKE_OK) && fake_say(fd, text));
		else
			fake_say(fd, "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"
				     "{\"message\":\"no such thing\"}\n");
		break;
	case HANGS:
	case DEAF:
		recv(fd, &wait, 1, 0);
		break;
	case GARBAGE:
		fake_say(fd, FAKE_OK "<html>\xff\xfe}}}}]]]]{{{{[[[[\"\"\\\\</html>");
		break;
	case CLOSES:
		fake_say(fd, "HTTP/1.1 200 O");
		break;
	case CUTS:
		fake_say(fd, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n[{\"Id\":\"");
		break;
	case ENDLESS:
		fake_say(fd, FAKE_OK "[{\"Id\":\"");
		while (fake_say(fd, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"))
			continue;
		break;
	case REFUSES:
		fake_say(fd, "HTTP/1.1 403 Forbidden\r\nConnection: close\r\n\r\n"
			     "{\"message\":\"you may not\"}\n");
		break;
	case NO_HTTP:
		fake_say(fd, "220 mail.example ESMTP\r\n");
		break;
	}
}

static void *fake_serve_one(void *context)
{
	struct fake_connection *connection = context;
	char request[4096], path[1024];
	size_t size = 0;
	ssize_t more = 1;
	while (size < sizeof(request) - 1 && more > 0) {
		more = recv(connection->fd, request + size, sizeof(request) - 1 - size, 0);
		size += more > 0 ? (size_t)more : 0;
		request[size] = '\0';
		if (strstr(request, "\r\n\r\n"))
			break;
	}
	if (more > 0 && sscanf(request, "GET %1023s", path) == 1)
		fake_answer(connection->engine, connection->fd, path);
	shutdown(connection->fd, SHUT_RDWR);
	free(connection);
	return NULL;
}

static void *fake_serve(void *context)
{
	struct fake_engine *engine = context;
	int fd;
	while ((fd = accept(engine->listener, NULL, NULL)) >= 0) {
		struct fake_connection *connection = malloc(sizeof(*connection));
		assert(connection && engine->n_connections < MAX_CONNECTIONS);
		*connection = (struct fake_connection){engine, fd};
		pthread_mutex_lock(&engine->lock);
		engine->connections[engine->n_connections] = fd;
		pthread_create(&engine->threads[engine->n_connections++], NULL, fake_serve_one,
			connection);
		pthread_mutex_unlock(&engine->lock);
	}
	return NULL;
}

static void fake_engine_add(struct fake_engine *engine, const char *path, const char *text)
{
	pthread_mutex_lock(&engine->lock);
	assert(engine->n_pages < MAX_PAGES);
	engine->pages[engine->n_pages].path = path;
	engine->pages[engine->n_pages++].text = text;
	pthread_mutex_unlock(&engine->lock);
}

static void fake_engine_event(struct fake_engine *engine, const char *event)
{
	pthread_mutex_lock(&engine->lock);
	assert(engine->n_events + strlen(event) < sizeof(engine->events));
	memcpy(engine->events + engine->n_events, event, strlen(event));
	engine->n_events += strlen(event);
	pthread_cond_broadcast(&engine->changed);
	pthread_mutex_unlock(&engine->lock);
}

static void fake_engine_start(struct fake_engine *engine, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	engine->path = path;
	engine->ending = false;
	engine->n_connections = 0;
	pthread_mutex_init(&engine->lock, NULL);
	pthread_cond_init(&engine->changed, NULL);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	engine->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	unlink(path);
	int result = bind(engine->listener, (struct sockaddr *)&address, sizeof(address));
	assert(result == 0);
	result = listen(engine->listener, engine->behaviour == DEAF ? 0 : 64);
	assert(result == 0);
	if (engine->behaviour != DEAF) {
		result = pthread_create(&engine->thread, NULL, fake_serve, engine);
		assert(result == 0);
	}
	(void)result;
}

static void fake_engine_stop(struct fake_engine *engine)
{
	shutdown(engine->listener, SHUT_RDWR);
	if (engine->behaviour != DEAF)
		pthread_join(engine->thread, NULL);
	pthread_mutex_lock(&engine->lock);
	engine->ending = true;
	pthread_cond_broadcast(&engine->changed);
	pthread_mutex_unlock(&engine->lock);
	for (size_t i = 0; i < engine->n_connections; i++) {
		shutdown(engine->connections[i], SHUT_RDWR);
		pthread_join(engine->threads[i], NULL);
		close(engine->connections[i]);
	}
	close(engine->listener);
	unlink(engine->path);
	pthread_cond_destroy(&engine->changed);
	pthread_mutex_destroy(&engine->lock);
}

#endif
