/* SPDX-License-Identifier: MIT
 *
 * compatprobe template: Dockerfiles that services are built from.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "catalogue.h"
#include "command.h"
#include "memory.h"
#include "open_image.h"
#include "options.h"
#include "output.h"
#include "output_json.h"
#include "project.h"
#include "recommend.h"
#include "sandbox.h"
#include "template_check.h"
#include "text.h"

static const char help[] =
	"usage: compatprobe template check DOCKERFILE [--image REF…] [OPTION…]\n"
	"       compatprobe template check DOCKERFILE -f FILE… [--image SERVICE=REF…] [OPTION…]\n"
	"\n"
	"Reads a template and tells, without building it, what is wrong with it:\n"
	"\n"
	"  - packages of its apt-get and apk lines that do not exist in the release of their\n"
	"    stage, with the one that does;\n"
	"  - of its services, what needs a newer libc, libstdc++ or Node than the base has;\n"
	"  - of its services, the packages whose build calls a command \"python\", where only\n"
	"    python3 is there. Without a service it is told as what may happen.\n"
	"\n"
	"Its services are those whose images are given, or with -f those of a compose project\n"
	"that are built from it, that 'compatprobe recommend' sends to it, and that no template\n"
	"serves.\n"
	"\n"
	"options\n"
	"  -f, --file FILE          a compose file; repeatable, later ones override\n"
	"      --image REF          an image of a service that is built from the template, or is\n"
	"                           to be; repeatable. REF as for 'compatprobe scan'\n"
	"      --image SERVICE=REF  with -f: the image of a service; without it the service's\n"
	"                           image in the local engine\n"
	"      --catalogue FILE     with -f: the templates, as for 'compatprobe recommend'\n"
	"  -p, --project-name NAME  with -f: as for docker-compose\n"
	"  -o, --output FORMAT[=FILE]\n"
	"                           table (the default) or json; repeatable, one to stdout\n"
	"      --platform OS/ARCH   which image of several: linux/arm64\n"
	"      --verify             also check the digests of uncompressed layers\n"
	"  -q, --quiet              no progress and no warnings\n"
	"      --no-progress        no progress bar\n"
	"\n"
	"exit status\n"
	"  0   nothing was found\n"
	"  1   the Dockerfile, its base or an image could not be read\n"
	"  2   something was found\n"
	"  64  the command line is wrong\n"
	"\n"
	"examples\n"
	"  compatprobe template check templates/node-service-debian-ml.Dockerfile\n"
	"  compatprobe template check Dockerfile --image docker-archive:finance.tar -o json\n"
	"  compatprobe template check docker/node-debian.Dockerfile -f docker-compose.yml\n";

struct check {
	const struct cp_options *options;
	struct cp_project project; /* with -f */
	struct cp_dockerfile *dockerfile;
	const char *newest; /* a target's name; NULL: not known */
	struct cp_findings findings;
	size_t n_services; /* that the template has, or is to have */
	bool partial;      /* a service could not be read */
};

/* --- results --------------------------------------------------------------------------------- */

static void put_unknown(FILE *file, const struct check *check)
{
	const struct cp_findings *findings = &check->findings;
	if (!findings->n_unknown)
		return;
	cp_text_put(file, check->dockerfile->path);
	fputs(": not looked up, as no list here has such names: ", file);
	for (size_t i = 0; i < findings->n_unknown; i++) {
		fputs(i ? ", " : "", file);
		cp_text_put(file, findings->unknown[i]);
	}
	fputc('\n', file);
}

static void print_table(FILE *file, const struct check *check)
{
	for (size_t i = 0; i < check->findings.count; i++) {
		const struct cp_finding *finding = &check->findings.items[i];
		cp_text_put(file, check->dockerfile->path);
		fprintf(file, ":%u: ", finding->line);
		cp_text_put(file, finding->text);
		putc('\n', file);
	}
	if (!check->findings.count) {
		cp_text_put(file, check->dockerfile->path);
		fputs(": nothing found\n", file);
	}
	put_unknown(file, check);
}

static json_t *finding_value(const struct cp_finding *finding)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "kind", cp_json_text(cp_finding_name(finding->kind))) ||
		cp_json_put(value, "line", json_integer(finding->line)) ||
		cp_json_put(value, "subject", cp_json_text(finding->subject)) ||
		cp_json_put(value, "suggestion", cp_json_text(finding->suggestion)) ||
		cp_json_put(value, "service", cp_json_text(finding->service)) ||
		cp_json_put(value, "conditional", json_boolean(finding->conditional)) ||
		cp_json_put(value, "text", cp_json_text(finding->text)))
		return NULL;
	return cp_take(value);
}

static int print_json(FILE *file, const struct check *check)
{
	cp_cleanup_json json_t *value = json_object();
	cp_cleanup_json json_t *list = json_array(), *unknown = json_array();
	for (size_t i = 0; unknown && i < check->findings.n_unknown; i++)
		if (cp_json_append(unknown, cp_json_text(check->findings.unknown[i])))
			return -1;
	for (size_t i = 0; list && i < check->findings.count; i++)
		if (cp_json_append(list, finding_value(&check->findings.items[i])))
			return -1;
	if (!value || !list || !unknown ||
		cp_json_put(value, "schema", cp_json_text("compatprobe.template/1")) ||
		cp_json_put(value, "dockerfile", cp_json_text(check->dockerfile->path)) ||
		cp_json_put(value, "base", cp_json_text(check->dockerfile->base)) ||
		cp_json_put(value, "findings", cp_take(list)) ||
		cp_json_put(value, "not_looked_up", cp_take(unknown)))
		return -1;
	if (cp_json_dump(file, cp_take(value)) < 0)
		return -1;
	putc('\n', file);
	return 0;
}

static int print_all(const struct check *check, struct cp_error **err)
{
	for (size_t i = 0; i < check->options->n_outputs; i++) {
		struct cp_output output;
		if (cp_output_open(&output, &check->options->outputs[i], err) < 0)
			return -1;
		if (output.format == CP_FORMAT_TABLE) {
			print_table(output.file, check);
		} else if (print_json(output.file, check) < 0) {
			cp_output_abandon(&output);
			return cp_error_set(err, 0, "out of memory");
		}
		if (cp_output_commit(&output, err) < 0)
			return -1;
	}
	return 0;
}

/* --- one service ------------------------------------------------------------------------------ */

static int check_service(
	struct check *check, const struct cp_template_service *service, struct cp_error **err)
{
	check->n_services++;
	if (cp_template_check_age(check->dockerfile, service, &check->findings, err) < 0)
		return -1;
	return cp_template_check_python(check->dockerfile, service, &check->findings, err);
}

static void note_partial(struct check *check, const struct cp_scan *scan)
{
	for (size_t i = 0; i < cp_index_error_count(scan->image->root); i++)
		check->partial |= cp_index_error_at(scan->image->root, i)->severity == CP_PARTIAL;
}

static size_t target_of(const struct cp_scan *scan, const char *name)
{
	size_t at = 0;
	while (at + 1 < scan->n_targets && strcmp(scan->targets[at].name, name) != 0)
		at++;
	return at;
}

static int check_image(struct check *check, const char *text, struct cp_error **err)
{
	const char *targets[] = {check->dockerfile->base, check->newest};
	struct cp_scan_options wanted = {.targets = targets, .n_targets = check->newest ? 2 : 1};
	struct cp_image_ref ref = {0};
	struct cp_image *image = NULL;
	struct cp_scan *scan = NULL;
	if (cp_image_ref_parse(text, &ref, err) < 0)
		return -1;
	int result = cp_open_image(check->options, &ref, &image, err);
	cp_image_ref_clear(&ref);
	if (result < 0 || cp_scan_run(image, &wanted, &scan, err) < 0)
		return -1;
	note_partial(check, scan);
	const struct cp_template_service service = {scan->image->ref, scan,
		target_of(scan, targets[0]), target_of(scan, targets[wanted.n_targets - 1])};
	result = check_service(check, &service, err);
	cp_scan_free(scan);
	return result;
}

static int check_images(struct check *check, struct cp_error **err)
{
	const struct cp_options *options = check->options;
	struct cp_sandbox sandbox = {
		.inputs = options->references, .n_inputs = options->n_references};
	for (size_t i = 0; i < options->n_references; i++) {
		enum cp_sandbox_network network = cp_sandbox_network_of(options->references[i]);
		if (network > sandbox.network)
			sandbox.network = network;
	}
	if (options->n_references)
		cp_sandbox_enter_with(sandbox, options);
	for (size_t i = 0; i < options->n_references; i++)
		if (check_image(check, options->references[i], err) < 0)
			return -1;
	return 0;
}

/* --- the services of a project ---------------------------------------------------------------- */

static bool is_same_file(const char *a, const char *b)
{
	struct stat left, right;
	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

/* The template of the catalogue that the Dockerfile is; NULL: it is none. */
static const struct cp_template *find_template(const struct check *check)
{
	const struct cp_catalogue *catalogue = check->project.catalogue;
	for (size_t i = 0; i < catalogue->n_templates; i++)
		if (catalogue->templates[i].parsed &&
			is_same_file(catalogue->templates[i].parsed->path, check->dockerfile->path))
			return &catalogue->templates[i];
	return NULL;
}

/* Whether the service is built from the Dockerfile now. */
static bool builds_from(const struct check *check, const struct cp_compose_service *service)
{
	char *path = NULL;
	if (!service->builds || service->inline_dockerfile)
		return false;
	const char *context = service->context ? service->context : ".";
	const char *file = service->dockerfile ? service->dockerfile : "Dockerfile";
	const char *directory = *context == '/' ? "" : check->project.compose->directory;
	if (asprintf(&path, "%s%s%s/%s", directory, *directory ? "/" : "", context, file) < 0)
		return false;
	bool same = is_same_file(*file == '/' ? file : path, check->dockerfile->path);
	free(path);
	return same;
}

/* Whether the template must serve it: it does now, it is the one recommended, or none is. */
static int is_meant(struct check *check, const struct cp_template *template,
	const struct cp_compose_service *service, bool builds, const struct cp_scan *scan,
	struct cp_error **err)
{
	struct cp_recommendation one = {0};
	int result = cp_recommend_service(
		service, check->project.catalogue, scan, NULL, 0, NULL, NULL, &one, err);
	bool judged = one.confidence != CP_CONFIDENCE_NONE;
	bool meant = builds || (judged && template && one.template == template) ||
		     (judged && template && !one.template);
	cp_recommendation_clear(&one);
	return result < 0 ? -1 : meant;
}

static int check_project_service(struct check *check, const struct cp_template *template,
	const struct cp_compose_service *service, bool builds, struct cp_error **err)
{
	struct cp_project *project = &check->project;
	size_t count = project->catalogue->n_templates;
	struct cp_image *image = NULL;
	struct cp_scan *scan = NULL;
	cp_cleanup_error struct cp_error *why = NULL;
	if (cp_project_open_image(project, service, &image, &why) < 0) {
		check->partial = true;
		cp_warn("%s: %s", service->name, why ? why->message : "out of memory");
		return 0;
	}
	cp_cleanup_free const char **targets = calloc(count + 2, sizeof(*targets));
	if (!targets) {
		cp_image_free(image);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	memcpy(targets, project->bases, count * sizeof(*targets));
	targets[count] = check->dockerfile->base;
	targets[count + 1] = check->newest ? check->newest : check->dockerfile->base;
	struct cp_scan_options wanted = {.targets = targets, .n_targets = count + 2};
	if (cp_scan_run(image, &wanted, &scan, err) < 0)
		return -1;
	note_partial(check, scan);
	int result = is_meant(check, template, service, builds, scan, err);
	const struct cp_template_service about = {service->name, scan,
		target_of(scan, targets[count]), target_of(scan, targets[count + 1])};
	if (result > 0)
		result = check_service(check, &about, err);
	cp_scan_free(scan);
	return result;
}

/* What may be read is told before images are: files of the project are looked at no more. */
static int check_services(struct check *check, struct cp_error **err)
{
	const struct cp_template *template = find_template(check);
	const struct cp_compose *compose = check->project.compose;
	cp_cleanup_free bool *builds = calloc(compose->n_services, sizeof(*builds));
	if (!builds)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < compose->n_services; i++)
		builds[i] = builds_from(check, &compose->services[i]);
	cp_project_confine(&check->project);
	for (size_t i = 0; i < compose->n_services; i++)
		if (check_project_service(check, template, &compose->services[i], builds[i], err) <
			0)
			return -1;
	if (!check->n_services && !check->partial && !check->options->quiet)
		cp_warn("no service of the project is built from %s, or would be: only its own "
			"lines "
			"were looked at",
			check->dockerfile->path);
	return 0;
}

/* --- the check ---------------------------------------------------------------------------------
 */

static int check_dockerfile(struct check *check, const char *path, struct cp_error **err)
{
	cp_cleanup_base struct cp_base *base = NULL;
	if (cp_dockerfile_read(path, &check->dockerfile, err) < 0)
		return -1;
	const struct cp_dockerfile *dockerfile = check->dockerfile;
	if (!dockerfile->base)
		return cp_error_set(err, 0, "%s:%u: the last stage is FROM scratch: no base", path,
			dockerfile->base_line);
	if (cp_catalogue_base(dockerfile->base, &base, err) < 0)
		return cp_error_wrap(err, "%s:%u", path, dockerfile->base_line);
	check->newest = cp_template_newest(base);
	return cp_template_check(dockerfile, &check->findings, err);
}

static int check_all(struct check *check, struct cp_error **err)
{
	const struct cp_options *options = check->options;
	int result;
	if (check_dockerfile(check, options->arguments[1], err) < 0)
		return -1;
	if (check->project.compose)
		result = check_services(check, err);
	else if (options->n_references)
		result = check_images(check, err);
	else
		result = cp_template_check_python(check->dockerfile, NULL, &check->findings, err);
	if (result < 0)
		return -1;
	cp_findings_sort(&check->findings);
	return print_all(check, err);
}

static int run_check(const struct cp_options *options)
{
	struct check check = {.options = options};
	cp_cleanup_error struct cp_error *err = NULL;
	int status = CP_EXIT_FINE;
	if (options->n_compose_files)
		status = cp_project_load(&check.project, options, "template");
	if (status != CP_EXIT_FINE)
		; /* told */
	else if (check_all(&check, &err) < 0)
		status = cp_fail("%s", err ? err->message : "out of memory");
	else if (check.partial)
		status = cp_fail("the result is partial: not every image could be read");
	else if (check.findings.count)
		status = CP_EXIT_THRESHOLD;
	cp_findings_clear(&check.findings);
	cp_dockerfile_free(check.dockerfile);
	cp_project_clear(&check.project);
	return status;
}

/* With -f the images are of services, as for recommend. */
static int take_images(struct cp_options *options)
{
	if (!options->n_compose_files)
		return options->catalogue || options->project
			       ? cp_usage("template",
					 "--catalogue and -p are for a project: -f FILE")
			       : 0;
	for (size_t i = 0; i < options->n_references; i++) {
		const char *equals = strchr(options->references[i], '=');
		if (!equals || equals == options->references[i] || !equals[1])
			return cp_usage("template", "--image %s: with -f it is SERVICE=REF",
				options->references[i]);
		options->images[options->n_images++] = options->references[i];
	}
	return 0;
}

static int run_template(int argc, char **argv)
{
	struct cp_options options;
	int status = cp_options_parse(&options,
		CP_OPTION_OUTPUT | CP_OPTION_REFERENCES | CP_OPTION_PROJECT | CP_OPTION_IMAGE |
			CP_OPTION_PROGRESS,
		&cp_command_template, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	if (!options.n_arguments || strcmp(options.arguments[0], "check") != 0)
		return cp_usage("template", "template what? 'template check DOCKERFILE'");
	if (options.n_arguments != 2)
		return cp_usage("template", "template check: which one Dockerfile?");
	status = take_images(&options);
	return status ? status : run_check(&options);
}

const struct cp_command cp_command_template = {.name = "template",
	.summary = "what is wrong with a Dockerfile template: template check DOCKERFILE",
	.help = help,
	.run = run_template};
