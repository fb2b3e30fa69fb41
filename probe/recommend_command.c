/* SPDX-License-Identifier: MIT
 *
 * compatprobe recommend: a template for every service of a compose project.
 *
 *   compose files ─▶ services ─▶ image of each ─▶ scan on the templates' bases ─┐
 *   compatprobe.yaml ─▶ catalogue ───────────────────────────────────────────────┴─▶ advice
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "memory.h"
#include "options.h"
#include "project.h"
#include "recommend.h"
#include "recommend_print.h"

static const char help[] =
	"usage: compatprobe recommend [-f FILE…] [--image SERVICE=REF…] [--trace FILE…]\n"
	"                             [-o OVERRIDE] [OPTION…]\n"
	"\n"
	"Reads a compose project, judges each service's image on the base of each Dockerfile\n"
	"template, and recommends for every service the first template in the catalogue's order\n"
	"on which nothing fails. What no template would cure (a missing JavaScript module, "
	"another\n"
	"Node ABI) is told apart.\n"
	"\n"
	"options\n"
	"  -f, --file FILE          a compose file; repeatable, later ones override. Without it:\n"
	"                           compose.yaml, docker-compose.yml and the like here\n"
	"      --image SERVICE=REF  the image of a service, as for 'compatprobe scan image';\n"
	"                           repeatable. Without it: the service's image in the local "
	"engine\n"
	"      --trace FILE         what 'compatprobe trace -o json=FILE' saw of the project's\n"
	"                           services on the templates that they are built from now;\n"
	"                           repeatable. It outweighs the simulation there\n"
	"  -o, --output OVERRIDE    write a compose override that builds each service that should\n"
	"                           change from its template:\n"
	"                           docker-compose -f docker-compose.yml -f OVERRIDE up\n"
	"  -o, --output FORMAT[=FILE]\n"
	"                           table (the default) or json\n"
	"      --catalogue FILE     the templates; without it compatprobe.yaml beside the compose\n"
	"                           file or above it, else a common pair: alpine on "
	"node:20-alpine\n"
	"                           and debian-ml on node:20-bullseye-slim\n"
	"  -p, --project-name NAME  as for docker-compose\n"
	"  -v, --verbose            all reasons\n"
	"  -q, --quiet              no progress and no warnings\n"
	"      --no-progress        no progress bar\n"
	"\n"
	"compatprobe.yaml lists the templates, best first:\n"
	"  templates:\n"
	"    - name: alpine\n"
	"      dockerfile: docker/node-alpine.Dockerfile\n"
	"    - name: debian\n"
	"      dockerfile: docker/node-debian.Dockerfile\n"
	"\n"
	"exit status: 0 every service has its answer · 1 an error, or a service whose image could\n"
	"not be read · 64 usage\n"
	"\n"
	"examples\n"
	"  compatprobe recommend -f docker-compose.yml -o compose.compatprobe.yaml\n"
	"  compatprobe recommend --image workflow=docker-archive:workflow.tar -v\n"
	"  compatprobe trace -o json=events.jsonl -- docker-compose up -d\n"
	"  compatprobe recommend --trace events.jsonl\n";

struct run {
	const struct cp_options *options;
	struct cp_project project;
	struct cp_base_set *found;           /* bases: read once for all services */
	FILE *traces[CP_OPTIONS_MAX_TRACES]; /* open, until they are read */
	struct cp_observations observations;
	struct cp_advice advice;
	bool partial;
};

static void clear_run(struct run *run)
{
	for (size_t i = 0; i < run->advice.n_services; i++)
		cp_recommendation_clear(&run->advice.services[i]);
	for (size_t i = 0; i < run->options->n_traces; i++)
		if (run->traces[i])
			fclose(run->traces[i]);
	cp_observations_clear(&run->observations);
	free(run->advice.services);
	cp_base_set_free(run->found);
	cp_project_clear(&run->project);
}
#define cleanup_run __attribute__((cleanup(clear_run)))

/* --- one service ---------------------------------------------------------------------- */

/* Where a service's own code starts, if nobody says. */
static const char *find_entry(const struct cp_scan *scan, const struct cp_compose_service *service,
	char *buffer, size_t size)
{
	static const char *const directories[] = {"/app", "/usr/src/app", "/home/node/app"};
	if (service->entry && *service->entry == '/')
		return service->entry;
	if (!service->entry && scan->image->entry)
		return scan->image->entry;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		if (cp_index_find(scan->image->root, directories[i]) == CP_NO_NODE)
			continue;
		if (!service->entry)
			return directories[i];
		snprintf(buffer, size, "%s/%s", directories[i], service->entry);
		return buffer;
	}
	return NULL;
}

static int judge_image(struct run *run, const struct cp_compose_service *service,
	struct cp_image *image, struct cp_recommendation *out, struct cp_error **err)
{
	struct cp_scan_options wanted = {.targets = run->project.bases,
		.n_targets = run->project.catalogue->n_templates,
		.bases = run->found};
	struct cp_scan *scan = NULL;
	if (cp_scan_run(image, &wanted, &scan, err) < 0)
		return -1;
	for (size_t i = 0; i < cp_index_error_count(scan->image->root); i++)
		run->partial |= cp_index_error_at(scan->image->root, i)->severity == CP_PARTIAL;
	char buffer[CP_INDEX_MAX_PATH + 1];
	struct cp_root root = {.layers = {{scan->image->root, false}}, .count = 1};
	struct cp_missing_module *missing = NULL;
	size_t n_missing = 0;
	int result = cp_missing_modules(&root, find_entry(scan, service, buffer, sizeof(buffer)),
		&missing, &n_missing, err);
	if (result == 0)
		result = cp_recommend_service(service, run->project.catalogue, scan, missing,
			n_missing, NULL,
			cp_observations_of(&run->observations, run->project.compose, service), out,
			err);
	run->advice.prunable_bytes += scan->prunable_bytes;
	run->advice.prunable_files += scan->prunable_files;
	cp_missing_modules_free(missing, n_missing);
	cp_scan_free(scan);
	return result;
}

static int judge_service(struct run *run, const struct cp_compose_service *service,
	struct cp_recommendation *out, struct cp_error **err)
{
	cp_cleanup_error struct cp_error *failure = NULL;
	struct cp_image *image = NULL;
	if (cp_project_open_image(&run->project, service, &image, &failure) == 0)
		return judge_image(run, service, image, out, err);
	run->partial = true;
	return cp_recommend_service(service, run->project.catalogue, NULL, NULL, 0,
		failure ? failure->message : "out of memory",
		cp_observations_of(&run->observations, run->project.compose, service), out, err);
}

/* --- what was observed ------------------------------------------------------------------ */

static int open_traces(struct run *run)
{
	for (size_t i = 0; i < run->options->n_traces; i++) {
		run->traces[i] = fopen(run->options->traces[i], "re");
		if (!run->traces[i])
			return cp_fail("%s: %s", run->options->traces[i], strerror(errno));
	}
	return 0;
}

/* A trace that has nothing to say of the project is told: it may be of another one's. */
static void warn_of_traces(const struct run *run)
{
	const struct cp_observations *observations = &run->observations;
	if (run->options->quiet)
		return;
	if (observations->n_events && !observations->n_matched)
		cp_warn("none of the %llu observed events is of a service of the project %s%s%s%s",
			(unsigned long long)observations->n_events, run->project.compose->project,
			observations->other ? "; some are of " : "",
			observations->other ? observations->other : "",
			observations->other ? " (-p names the project)" : "");
	if (observations->n_lost)
		cp_warn("%llu events were lost while it was traced: not all that happened is known",
			(unsigned long long)observations->n_lost);
}

static int read_traces(struct run *run)
{
	for (size_t i = 0; i < run->options->n_traces; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		if (cp_observations_read(&run->observations, run->project.compose, run->traces[i],
			    run->options->traces[i], &err) < 0)
			return cp_fail("%s", err ? err->message : "out of memory");
	}
	warn_of_traces(run);
	return 0;
}

/* --- the project ---------------------------------------------------------------------- */

static int judge_all(struct run *run)
{
	size_t count = run->project.compose->n_services;
	run->advice.services = calloc(count ? count : 1, sizeof(*run->advice.services));
	run->found = cp_base_set_new();
	if (!run->advice.services || !run->found)
		return cp_fail("out of memory");
	for (size_t i = 0; i < run->project.compose->n_services; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		const struct cp_compose_service *service = &run->project.compose->services[i];
		struct cp_recommendation *out = &run->advice.services[i];
		run->advice.n_services = i + 1;
		if (judge_service(run, service, out, &err) < 0)
			return cp_fail("service %s: %s", service->name,
				err ? err->message : "out of memory");
	}
	return 0;
}

static int print_one(struct run *run, const struct cp_output_request *request)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_output output;
	struct cp_table_style style;
	int result = 0;
	if (cp_output_open(&output, request, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	cp_table_style_for(&style, output.file, run->options->verbose);
	if (output.format == CP_FORMAT_JSON)
		result = cp_advice_json(output.file, &run->advice, run->options->file);
	else
		cp_advice_table(output.file, &run->advice, &style);
	if (cp_output_commit(&output, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	return result < 0 ? cp_fail("out of memory") : 0;
}

static int print_all(struct run *run)
{
	cp_cleanup_error struct cp_error *err = NULL;
	const char *override = run->options->file;
	if (override && cp_override_write(&run->advice, run->project.catalogue,
				run->project.compose, override, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	for (size_t i = 0; i < run->options->n_outputs; i++) {
		int status = print_one(run, &run->options->outputs[i]);
		if (status)
			return status;
	}
	if (override && !run->options->quiet)
		fprintf(stderr, "compatprobe: wrote %s\n", override);
	return run->partial ? CP_EXIT_ERROR : CP_EXIT_FINE;
}

static int run_recommend(int argc, char **argv)
{
	struct cp_options options;
	cleanup_run struct run run = {.options = &options};
	int status = cp_options_parse(&options,
		CP_OPTION_COMPOSE | CP_OPTION_IMAGE | CP_OPTION_PROGRESS | CP_OPTION_VERBOSE,
		&cp_command_recommend, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	if (options.n_arguments)
		return cp_usage("recommend", "what is '%s'? a compose file is given with -f",
			options.arguments[0]);
	status = cp_project_load(&run.project, &options, "recommend");
	if (status == 0)
		status = open_traces(&run);
	if (status == 0) {
		cp_project_confine(&run.project);
		status = read_traces(&run);
	}
	if (status == 0)
		status = judge_all(&run);
	return status ? status : print_all(&run);
}

const struct cp_command cp_command_recommend = {.name = "recommend",
	.summary = "a Dockerfile template for every service of a compose project",
	.help = help,
	.run = run_recommend};
