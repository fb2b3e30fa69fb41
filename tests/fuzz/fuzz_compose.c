/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a compose project: an error, or services from which an override is written that the
 * reader itself takes. Lines "===" part the input: docker-compose.yml,
 * then other.yml (merged as a second file, and there to be extended) and .env.
 */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "recommend.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAIN, OTHER, ENVIRONMENT, OVERRIDE, N_FILES };

/* One directory per process; each input writes its files there anew. libFuzzer reads its corpus by
 * relative names, so the process stays where it is. */
static char paths[N_FILES][64];

static void remove_directory(void)
{
	for (size_t i = 0; i < N_FILES; i++)
		unlink(paths[i]);
	*strrchr(paths[MAIN], '/') = '\0';
	rmdir(paths[MAIN]);
}

static void make_directory(void)
{
	static const char *const names[] = {"docker-compose.yml", "other.yml", ".env", "over.yml"};
	char directory[] = "/tmp/compatprobe-fuzz.XXXXXX";
	if (*paths[MAIN])
		return;
	if (!mkdtemp(directory))
		abort();
	for (size_t i = 0; i < N_FILES; i++)
		snprintf(paths[i], sizeof(paths[i]), "%s/%s", directory, names[i]);
	atexit(remove_directory);
}

static void put(const char *name, const uint8_t *data, size_t size)
{
	cp_cleanup_fclose FILE *file = fopen(name, "wb");
	if (!file || fwrite(data, 1, size, file) != size)
		abort();
}

static void put_files(const uint8_t *data, size_t size)
{
	static const char separator[] = "\n===\n";
	const size_t length = sizeof(separator) - 1;
	for (size_t i = 0; i < 3; i++) {
		const uint8_t *end = i < 2 && size ? memmem(data, size, separator, length) : NULL;
		size_t part = end ? (size_t)(end - data) : size;
		put(paths[i], data, part);
		data += end ? part + length : part;
		size -= end ? part + length : part;
	}
}

static struct cp_compose *load(const char *second)
{
	const char *files[] = {paths[MAIN], second};
	struct cp_compose_options options = {
		.files = files, .n_files = second ? 2 : 1, .project = "p"};
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_compose *compose = NULL;
	int status = cp_compose_load(&options, &compose, &err);
	if ((status < 0) != (compose == NULL) || (status < 0) != (err != NULL))
		abort();
	return compose;
}

/* Every service moves to a template that is there; the texts of the project are its reasons. */
static void write_override(const struct cp_compose *compose)
{
	char name[] = "debian";
	struct cp_template template = {.name = name, .dockerfile = paths[MAIN]};
	struct cp_catalogue catalogue = {.templates = &template, .n_templates = 1};
	struct cp_advice advice = {.n_services = compose->n_services};
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_free struct cp_recommendation *services =
		calloc(compose->n_services, sizeof(*services));
	advice.services = services;
	for (size_t i = 0; services && i < compose->n_services; i++) {
		struct cp_compose_service *service = &compose->services[i];
		services[i] = (struct cp_recommendation){.service = service,
			.image = service->image,
			.template = &template,
			.why = {.lines = service->profiles, .count = service->n_profiles}};
	}
	if (!services || cp_override_write(&advice, &catalogue, compose, paths[OVERRIDE], &err) < 0)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	make_directory();
	put_files(data, size);
	cp_compose_free(load(paths[OTHER]));
	struct cp_compose *alone = load(NULL);
	if (!alone)
		return 0;
	unlink(paths[OVERRIDE]);
	write_override(alone);
	struct cp_compose *both = load(paths[OVERRIDE]);
	if (!both || both->n_services != alone->n_services)
		abort();
	cp_compose_free(both);
	cp_compose_free(alone);
	return 0;
}
