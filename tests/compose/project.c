/* SPDX-License-Identifier: MIT
 *
 * A compose project as compatprobe reads it, for comparison with docker-compose:
 *
 *     project show FILE...                     a line per service
 *     project override OUT DOCKERFILE FILE...  writes an override that moves every service that is
 *                                              built to a template on DOCKERFILE
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"
#include "recommend.h"

static const char *or_none(const char *text)
{
	return text ? text : "-";
}

/* Contexts are compared as docker-compose tells them: absolute. */
static void show(const struct cp_compose *compose, const struct cp_compose_service *service)
{
	cp_cleanup_free char *context = service->builds
						? cp_compose_join(compose->directory,
							  service->context ? service->context : ".")
						: NULL;
	cp_cleanup_free char *real = context ? realpath(context, NULL) : NULL;
	printf("%s image=%s context=%s dockerfile=%s target=%s entry=%s profiles=", service->name,
		or_none(service->image), or_none(real ? real : service->context),
		or_none(service->dockerfile), or_none(service->target), or_none(service->entry));
	for (size_t i = 0; i < service->n_profiles; i++)
		printf("%s,", service->profiles[i]);
	putchar('\n');
}

static int write_override(
	const struct cp_compose *compose, const char *path, char *dockerfile, struct cp_error **err)
{
	static char *why[] = {"everything native loads on node:20-bookworm-slim"};
	static char *because[] = {"Error relocating /app/$x.node: __strdup: symbol not found"};
	struct cp_template templates[] = {
		{.name = "alpine"}, {.name = "debian", .dockerfile = dockerfile}};
	struct cp_catalogue catalogue = {.templates = templates, .n_templates = 2};
	struct cp_passed_over over = {&templates[0], {.lines = because, .count = 1}};
	struct cp_advice advice = {.n_services = compose->n_services};
	advice.services = calloc(compose->n_services, sizeof(*advice.services));
	if (!advice.services)
		return cp_error_set(err, 0, "out of memory");
	for (size_t i = 0; i < compose->n_services; i++)
		advice.services[i] = (struct cp_recommendation){.service = &compose->services[i],
			.template = &templates[1],
			.confidence = CP_CONFIDENCE_SIMULATED,
			.why = {.lines = why, .count = 1},
			.passed_over = &over,
			.n_passed_over = 1};
	int status = cp_override_write(&advice, &catalogue, compose, path, err);
	free(advice.services);
	return status;
}

static int complain(struct cp_error *err)
{
	fprintf(stderr, "project: %s\n", err ? err->message : "?");
	cp_error_free(err);
	return 1;
}

int main(int argc, char **argv)
{
	bool override = argc > 4 && strcmp(argv[1], "override") == 0;
	int first = override ? 4 : 2;
	struct cp_error *err = NULL;
	struct cp_compose *compose = NULL;
	if (argc <= first)
		return 64;
	struct cp_compose_options options = {
		.files = (const char *const *)argv + first, .n_files = (size_t)(argc - first)};
	if (cp_compose_load(&options, &compose, &err) < 0)
		return complain(err);
	for (size_t i = 0; !override && i < compose->n_services; i++)
		show(compose, &compose->services[i]);
	int status = override ? write_override(compose, argv[2], argv[3], &err) : 0;
	cp_compose_free(compose);
	return status < 0 ? complain(err) : 0;
}
