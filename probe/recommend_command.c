/* SPDX-License-Identifier: MIT
 *
 * compatprobe recommend: a template for every service of a compose project.
 *
 *   compose files ─▶ services ─▶ image of each ─▶ scan on the templates' bases ─┐
 *   compatprobe.yaml ─▶ catalogue ───────────────────────────────────────────────┴─▶ advice
 */
#include <errno.h>
#include <string.h>

#include "command.h"
#include "memory.h"
#include "open_image.h"
#include "options.h"
#include "recommend.h"
#include "recommend_print.h"
#include "sandbox.h"

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
	struct cp_compose *compose;
	struct cp_catalogue *catalogue;
	const char **bases;                  /* one per template */
	struct cp_base_set *found;           /* read once for all services */
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
	free(run->bases);
	cp_base_set_free(run->found);
	cp_catalogue_free(run->catalogue);
	cp_compose_free(run->compose);
}
#define cleanup_run __attribute__((cleanup(clear_run)))

/* --- the image of a service ----------------------------------------------------------- */

static const char *given_image(const struct cp_options *options, const char *service)
{
	size_t length = strlen(service);
	for (size_t i = 0; i < options->n_images; i++)
		if (strncmp(options->images[i], service, length) == 0 &&
			options->images[i][length] == '=')
			return options->images[i] + length + 1;
	return NULL;
}

static int open_reference(
	struct run *run, const char *text, struct cp_image **image, struct cp_error **err)
{
	struct cp_image_ref ref = {0};
	int result = cp_image_ref_parse(text, &ref, err);
	if (result == 0)
		result = cp_open_image(run->options, &ref, image, err);
	cp_image_ref_clear(&ref);
	return result;
}

static int open_in_engine(
	struct run *run, const char *name, struct cp_image **image, struct cp_error **err)
{
	struct cp_image_ref ref = {.transport = CP_TRANSPORT_DAEMON, .path = (char *)name};
	return cp_open_image(run->options, &ref, image, err);
}

/* What the user says, else what the engine has under the names that compose would give. The first
 * failure is the one told. */
static int open_service(struct run *run, const struct cp_compose_service *service,
	struct cp_image **image, struct cp_error **err)
{
	const char *given = given_image(run->options, service->name);
	if (given)
		return open_reference(run, given, image, err);
	const char *names[] = {service->image, service->builds ? service->image_v2 : NULL,
		service->builds ? service->image_v1 : NULL};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		cp_cleanup_error struct cp_error *failure = NULL;
		if (!names[i])
			continue;
		if (open_in_engine(run, names[i], image, &failure) == 0)
			return 0;
		if (err && !*err)
			*err = cp_take(failure);
	}
	if (err && !*err)
		cp_error_set(err, ENOENT, "it names no image and builds none");
	return -1;
}

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
	struct cp_scan_options wanted = {.targets = run->bases,
		.n_targets = run->catalogue->n_templates,
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
		result = cp_recommend_service(service, run->catalogue, scan, missing, n_missing,
			NULL, cp_observations_of(&run->observations, run->compose, service), out,
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
	if (open_service(run, service, &image, &failure) == 0)
		return judge_image(run, service, image, out, err);
	run->partial = true;
	return cp_recommend_service(service, run->catalogue, NULL, NULL, 0,
		failure ? failure->message : "out of memory",
		cp_observations_of(&run->observations, run->compose, service), out, err);
}

/* --- the project ---------------------------------------------------------------------- */

static int check_image_options(const struct run *run)
{
	for (size_t i = 0; i < run->options->n_images; i++) {
		bool known = false;
		for (size_t k = 0; k < run->compose->n_services && !known; k++)
			known = given_image(
					&(struct cp_options){
						.images = {run->options->images[i]}, .n_images = 1},
					run->compose->services[k].name) != NULL;
		if (!known)
			return cp_usage("recommend", "--image %s: the project has no such service",
				run->options->images[i]);
	}
	return 0;
}

static const char *default_file(void)
{
	/* The order of the compose specification. */
	static const char *const names[] = {
		"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (access(names[i], F_OK) == 0)
			return names[i];
	return NULL;
}

static int load_project(struct run *run)
{
	cp_cleanup_error struct cp_error *err = NULL;
	const char *here = default_file();
	const char *const *files = run->options->compose_files;
	struct cp_compose_options wanted = {.files = files,
		.n_files = run->options->n_compose_files,
		.project = run->options->project};
	if (wanted.n_files == 0) {
		if (!here)
			return cp_usage(
				"recommend", "which compose file? there is none here: -f FILE");
		wanted.files = &here;
		wanted.n_files = 1;
	}
	if (cp_compose_load(&wanted, &run->compose, &err) < 0 ||
		cp_catalogue_load(run->compose->directory, run->options->catalogue, &run->catalogue,
			&err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	for (size_t i = 0; i < run->compose->n_warnings && !run->options->quiet; i++)
		cp_warn("%s", run->compose->warnings[i]);
	size_t count = run->catalogue->n_templates;
	run->bases = calloc(count ? count : 1, sizeof(*run->bases));
	run->advice.services = calloc(run->compose->n_services ? run->compose->n_services : 1,
		sizeof(*run->advice.services));
	run->found = cp_base_set_new();
	if (!run->bases || !run->found || !run->advice.services)
		return cp_fail("out of memory");
	for (size_t i = 0; i < count; i++)
		run->bases[i] = run->catalogue->templates[i].base;
	return check_image_options(run);
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
			(unsigned long long)observations->n_events, run->compose->project,
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
		if (cp_observations_read(&run->observations, run->compose, run->traces[i],
			    run->options->traces[i], &err) < 0)
			return cp_fail("%s", err ? err->message : "out of memory");
	}
	warn_of_traces(run);
	return 0;
}

/* The project's own files are read by now; what comes are images. */
static void confine(const struct run *run)
{
	const struct cp_options *options = run->options;
	struct cp_sandbox sandbox = {.network = cp_sandbox_network_of("docker-daemon:")};
	cp_cleanup_free const char **inputs =
		calloc(run->catalogue->n_templates + options->n_images + 1, sizeof(*inputs));
	if (inputs)
		inputs[sandbox.n_inputs++] = run->compose->directory;
	for (size_t i = 0; inputs && i < run->catalogue->n_templates; i++)
		if (run->bases[i])
			inputs[sandbox.n_inputs++] = run->bases[i];
	for (size_t i = 0; inputs && i < options->n_images; i++)
		inputs[sandbox.n_inputs++] = strchr(options->images[i], '=') + 1;
	sandbox.inputs = inputs;
	cp_sandbox_enter_with(sandbox, options);
}

static int judge_all(struct run *run)
{
	for (size_t i = 0; i < run->compose->n_services; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		const struct cp_compose_service *service = &run->compose->services[i];
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
	if (override &&
		cp_override_write(&run->advice, run->catalogue, run->compose, override, &err) < 0)
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
	status = load_project(&run);
	if (status == 0)
		status = open_traces(&run);
	if (status == 0) {
		confine(&run);
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
