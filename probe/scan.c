/* SPDX-License-Identifier: MIT
 *
 * compatprobe scan: images and directories judged on their targets.
 */
#include "scan.h"

#include <string.h>

#include "command.h"
#include "memory.h"
#include "open_image.h"
#include "options.h"
#include "output.h"
#include "output_json.h"
#include "output_table.h"
#include "sandbox.h"
#include "threshold.h"

static const char help[] =
	"usage: compatprobe scan image REF… [OPTION…]\n"
	"       compatprobe scan dir PATH [OPTION…]\n"
	"\n"
	"Finds the native code (addons, libraries, programs) of an image or a directory, plays\n"
	"the dynamic loader of each target over it, and tells what would happen there, and why.\n"
	"Nothing is run and nothing is unpacked.\n"
	"\n"
	"REF is one of\n"
	"  docker-archive:FILE[:NAME|@N]   what 'docker save' wrote\n"
	"  oci:DIRECTORY[:NAME|@N]         an OCI layout\n"
	"  oci-archive:FILE[:NAME|@N]      the same as a tar\n"
	"  docker-daemon:NAME              an image of the local engine (DOCKER_HOST counts)\n"
	"  rootfs:DIRECTORY                an unpacked image\n"
	"Without a transport it is told by looking: a file, a directory, else the local engine.\n"
	"PATH is a project (with its node_modules), or any directory.\n"
	"\n"
	"options\n"
	"  -t, --target BASE        judge on this base; repeatable. A name of 'compatprobe base\n"
	"                           list' (debian-bookworm), an image (node:20-alpine3.20), the\n"
	"                           file of a base you made, or self: the image as it is.\n"
	"                           Without it: self, the newest Alpine, and Debian's releases\n"
	"  -o, --output FORMAT[=FILE]\n"
	"                           table (the default) or json; repeatable, one to stdout\n"
	"      --fail-on LEVEL      exit with 2 if anything of the service is at least that bad\n"
	"                           on any target: fails, crashes or loads_with\n"
	"      --platform OS/ARCH   which image of several: linux/arm64\n"
	"      --verify             also check the digests of uncompressed layers\n"
	"  -v, --verbose            the evidence: each object, what the loader says, each path\n"
	"                           that it tries\n"
	"  -q, --quiet              no progress and no warnings; errors are still told\n"
	"      --no-progress        no progress bar\n"
	"\n"
	"outcomes, worst first\n"
	"  fails        the loader refuses it\n"
	"  crashes      it loads, and kills the process at the first call of a missing function\n"
	"  loads_with   it loads once packages of the distribution are added\n"
	"  loads        it loads\n"
	"  foreign      built for another platform: not judged, its bytes can be pruned\n"
	"  unused       the package's own loader would not choose it there\n"
	"\n"
	"exit status\n"
	"  0   everything could be read and judged\n"
	"  1   an error; also when a part is missing (a cut layer): a partial result is never\n"
	"      fine, so this comes before 2\n"
	"  2   the level of --fail-on was reached\n"
	"  64  the command line is wrong\n"
	"\n"
	"examples\n"
	"  compatprobe scan dir .\n"
	"  compatprobe scan image workflow:latest --target node:20-alpine --fail-on crashes\n"
	"  compatprobe scan image oci:build/auth oci:build/finance -o json=scan.jsonl -o table\n"
	"  compatprobe scan image docker-archive:app.tar --target self -v\n"
	"\n"
	"JSON is one object per image (schema compatprobe.scan/1), each on a line of its own.\n";

/* One run: the same options and outputs for each image. */
struct run {
	const struct cp_options *options;
	struct cp_base_set *bases; /* of the targets */
	struct cp_output outputs[CP_OUTPUT_MAX];
	size_t n_outputs;
	bool failed;  /* an image, or a part of one, could not be read */
	bool reached; /* the threshold */
	size_t scanned;
};

static int open_outputs(struct run *run)
{
	const struct cp_options *options = run->options;
	for (size_t i = 0; i < options->n_outputs; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		if (cp_output_open(&run->outputs[i], &options->outputs[i], &err) < 0)
			return cp_fail("%s", err ? err->message : "out of memory");
		run->n_outputs++;
	}
	return 0;
}

static int close_outputs(struct run *run)
{
	int status = 0;
	for (size_t i = 0; i < run->n_outputs; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		if (cp_output_commit(&run->outputs[i], &err) < 0)
			status = cp_fail("%s", err ? err->message : "out of memory");
	}
	run->n_outputs = 0;
	return status;
}

/* A target that is not known is told before an image is read, and not after it. */
static int find_targets(struct run *run)
{
	const struct cp_options *options = run->options;
	cp_cleanup_error struct cp_error *err = NULL;
	run->bases = cp_base_set_new();
	if (run->bases &&
		cp_base_set_find(run->bases, options->targets, options->n_targets, &err) == 0)
		return 0;
	return cp_usage("scan", "--target: %s", err ? err->message : "out of memory");
}

/* More rows of errors[] than this are counted only; JSON has them all. */
#define ERRORS_TOLD 20

/* Rows of errors[] of one severity: what is missing from the result, or which objects could not be
 * judged. Returns how many there are. */
static size_t tell_errors(const struct cp_scan *scan, enum cp_severity severity, bool quiet)
{
	const struct cp_index *root = scan->image->root;
	size_t count = 0;
	for (size_t i = 0; i < cp_index_error_count(root); i++) {
		const struct cp_index_error *error = cp_index_error_at(root, i);
		if (error->severity != severity || count++ >= ERRORS_TOLD || quiet)
			continue;
		if (severity == CP_PARTIAL)
			cp_fail("%s: the result is partial: %s: %s", scan->image->ref, error->path,
				error->message);
		else
			cp_warn("%s: %s", error->path, error->message);
	}
	if (count > ERRORS_TOLD && !quiet)
		cp_warn("%s: and %zu more of these; -o json tells all", scan->image->ref,
			count - ERRORS_TOLD);
	return count;
}

static int print_scan(struct run *run, const struct cp_scan *scan)
{
	for (size_t i = 0; i < run->n_outputs; i++) {
		struct cp_output *output = &run->outputs[i];
		struct cp_table_style style;
		int result = 0;
		if (output->format == CP_FORMAT_JSON) {
			result = cp_json_print(output->file, scan);
		} else {
			if (run->scanned)
				fputs("\n\n", output->file);
			cp_table_style_for(&style, output->file, run->options->verbose);
			result = cp_table_print(output->file, scan, &style);
		}
		if (result < 0)
			return cp_fail("%s: out of memory", scan->image->ref);
	}
	run->scanned++;
	return 0;
}

static int scan_one(struct run *run, const struct cp_image_ref *ref)
{
	const struct cp_options *options = run->options;
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_image *image = NULL;
	struct cp_scan *scan = NULL;
	struct cp_scan_options wanted = {.targets = options->n_targets ? options->targets : NULL,
		.n_targets = options->n_targets,
		.bases = run->bases,
		.keep_considered = options->verbose};
	if (cp_open_image(options, ref, &image, &err) < 0 ||
		cp_scan_run(image, &wanted, &scan, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	tell_errors(scan, CP_SPOILS_OBJECT, options->quiet);
	run->failed |= tell_errors(scan, CP_PARTIAL, false) > 0;
	run->reached |= cp_threshold_reached(scan, options->fail_on);
	int status = print_scan(run, scan);
	cp_scan_free(scan);
	return status;
}

/* A mistyped file name is taken for an image of the local engine, which then is not there. */
static void tell_guess(const struct cp_image_ref *ref, const char *text)
{
	if (ref->transport == CP_TRANSPORT_DAEMON && strncmp(text, "docker-daemon:", 14) != 0)
		fprintf(stderr,
			"compatprobe: (no file or directory has that name, so it was taken for an "
			"image of the local engine)\n");
}

static void scan_reference(struct run *run, const char *text)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_image_ref ref = {0};
	if (cp_image_ref_parse(text, &ref, &err) < 0) {
		cp_fail("%s", err ? err->message : "out of memory");
		run->failed = true;
		return;
	}
	size_t scanned = run->scanned;
	run->failed |= scan_one(run, &ref) != 0;
	if (run->scanned == scanned)
		tell_guess(&ref, text);
	cp_image_ref_clear(&ref);
}

static void scan_directory(struct run *run, char *path)
{
	struct cp_image_ref ref = {.transport = CP_TRANSPORT_ROOTFS, .path = path};
	run->failed |= scan_one(run, &ref) != 0;
}

static int run_over(const struct cp_options *options, bool directory)
{
	struct run run = {.options = options};
	cp_sandbox_enter_for(options, !directory);
	int status = find_targets(&run);
	if (status == 0)
		status = open_outputs(&run);
	for (size_t i = 1; status == 0 && i < options->n_arguments; i++) {
		if (directory)
			scan_directory(&run, options->arguments[i]);
		else
			scan_reference(&run, options->arguments[i]);
	}
	int closed = close_outputs(&run);
	cp_base_set_free(run.bases);
	if (status || closed)
		return status ? status : closed;
	if (run.failed)
		return CP_EXIT_ERROR;
	if (run.reached && !options->quiet)
		fprintf(stderr, "compatprobe: --fail-on %s was reached\n",
			cp_outcome_name(options->fail_on));
	return run.reached ? CP_EXIT_THRESHOLD : CP_EXIT_FINE;
}

static int run_scan(int argc, char **argv)
{
	struct cp_options options;
	int status = cp_options_parse(&options,
		CP_OPTION_OUTPUT | CP_OPTION_TARGET | CP_OPTION_FAIL_ON | CP_OPTION_IMAGE |
			CP_OPTION_PROGRESS | CP_OPTION_VERBOSE,
		&cp_command_scan, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	const char *what = options.n_arguments ? options.arguments[0] : NULL;
	if (!what || (strcmp(what, "image") != 0 && strcmp(what, "dir") != 0))
		return cp_usage("scan", "scan what? 'scan image REF' or 'scan dir PATH'");
	bool directory = strcmp(what, "dir") == 0;
	if (options.n_arguments < 2)
		return cp_usage("scan",
			directory ? "scan dir: which directory?" : "scan image: which image?");
	return run_over(&options, directory);
}

const struct cp_command cp_command_scan = {.name = "scan",
	.summary = "judge an image's or a project's native code: scan image REF, scan dir PATH",
	.help = help,
	.run = run_scan};
