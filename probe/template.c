/* SPDX-License-Identifier: MIT
 *
 * compatprobe template: Dockerfiles that services are built from.
 */
#include <string.h>

#include "catalogue.h"
#include "command.h"
#include "memory.h"
#include "open_image.h"
#include "options.h"
#include "output.h"
#include "output_json.h"
#include "template_check.h"
#include "text.h"

static const char help[] =
	"usage: compatprobe template check DOCKERFILE [OPTION…]\n"
	"\n"
	"Reads a template and tells, without building it, what is wrong with it:\n"
	"\n"
	"  - packages of its apt-get and apk lines that do not exist in the release of their\n"
	"    stage, with the one that does;\n"
	"  - python3 without a command \"python\", which the builds of some packages call;\n"
	"  - with --image, what of these services needs a newer libc, libstdc++ or Node than the\n"
	"    base has.\n"
	"\n"
	"options\n"
	"      --image REF          an image of a service that is built from the template, or is\n"
	"                           to be; repeatable. REF as for 'compatprobe scan'\n"
	"  -o, --output FORMAT[=FILE]\n"
	"                           table (the default) or json; repeatable, one to stdout\n"
	"      --platform OS/ARCH   which image of several: linux/arm64\n"
	"      --verify             also check the digests of uncompressed layers\n"
	"  -q, --quiet, --no-progress   no progress bar\n"
	"\n"
	"exit status\n"
	"  0   nothing was found\n"
	"  1   the Dockerfile, its base or an image could not be read\n"
	"  2   something was found\n"
	"  64  the command line is wrong\n"
	"\n"
	"examples\n"
	"  compatprobe template check templates/node-service-debian-ml.Dockerfile\n"
	"  compatprobe template check Dockerfile --image docker-archive:finance.tar -o json\n";

struct check {
	const struct cp_options *options;
	struct cp_dockerfile *dockerfile;
	struct cp_findings findings;
};

/* --- results --------------------------------------------------------------------------------- */

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
}

static json_t *finding_value(const struct cp_finding *finding)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "kind", cp_json_text(cp_finding_name(finding->kind))) ||
		cp_json_put(value, "line", json_integer(finding->line)) ||
		cp_json_put(value, "subject", cp_json_text(finding->subject)) ||
		cp_json_put(value, "suggestion", cp_json_text(finding->suggestion)) ||
		cp_json_put(value, "text", cp_json_text(finding->text)))
		return NULL;
	return cp_take(value);
}

static int print_json(FILE *file, const struct check *check)
{
	cp_cleanup_json json_t *value = json_object();
	cp_cleanup_json json_t *list = json_array();
	for (size_t i = 0; list && i < check->findings.count; i++)
		if (cp_json_append(list, finding_value(&check->findings.items[i])))
			return -1;
	if (!value || !list ||
		cp_json_put(value, "schema", cp_json_text("compatprobe.template/1")) ||
		cp_json_put(value, "dockerfile", cp_json_text(check->dockerfile->path)) ||
		cp_json_put(value, "base", cp_json_text(check->dockerfile->base)) ||
		cp_json_put(value, "findings", cp_take(list)))
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

/* --- the check ---------------------------------------------------------------------------------
 */

static int check_image(struct check *check, const char *text, struct cp_error **err)
{
	const char *targets[] = {check->dockerfile->base};
	struct cp_scan_options wanted = {.targets = targets, .n_targets = 1};
	struct cp_image_ref ref = {0};
	struct cp_image *image = NULL;
	struct cp_scan *scan = NULL;
	if (cp_image_ref_parse(text, &ref, err) < 0)
		return -1;
	int result = cp_open_image(check->options, &ref, &image, err);
	cp_image_ref_clear(&ref);
	if (result == 0)
		result = cp_scan_run(image, &wanted, &scan, err);
	if (result == 0)
		result = cp_template_check_service(
			check->dockerfile, scan, 0, &check->findings, err);
	cp_scan_free(scan);
	return result;
}

static int check_all(struct check *check, const char *path, struct cp_error **err)
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
	if (cp_template_check(dockerfile, &check->findings, err) < 0)
		return -1;
	for (size_t i = 0; i < check->options->n_references; i++)
		if (check_image(check, check->options->references[i], err) < 0)
			return -1;
	cp_findings_sort(&check->findings);
	return print_all(check, err);
}

static int run_check(const struct cp_options *options)
{
	struct check check = {.options = options};
	cp_cleanup_error struct cp_error *err = NULL;
	int status = CP_EXIT_FINE;
	if (check_all(&check, options->arguments[1], &err) < 0)
		status = cp_fail("%s", err ? err->message : "out of memory");
	else if (check.findings.count)
		status = CP_EXIT_THRESHOLD;
	cp_findings_clear(&check.findings);
	cp_dockerfile_free(check.dockerfile);
	return status;
}

static int run_template(int argc, char **argv)
{
	struct cp_options options;
	int status = cp_options_parse(&options,
		CP_OPTION_OUTPUT | CP_OPTION_REFERENCES | CP_OPTION_IMAGE | CP_OPTION_PROGRESS,
		&cp_command_template, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	if (!options.n_arguments || strcmp(options.arguments[0], "check") != 0)
		return cp_usage("template", "template what? 'template check DOCKERFILE'");
	if (options.n_arguments != 2)
		return cp_usage("template", "template check: which one Dockerfile?");
	return run_check(&options);
}

const struct cp_command cp_command_template = {.name = "template",
	.summary = "what is wrong with a Dockerfile template: template check DOCKERFILE",
	.help = help,
	.run = run_template};
