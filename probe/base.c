/* SPDX-License-Identifier: MIT
 *
 * compatprobe base: the base images that a scan can judge on.
 */
#include "base.h"

#include <stdlib.h>
#include <string.h>

#include "base_print.h"
#include "command.h"
#include "image.h"
#include "memory.h"
#include "open_image.h"
#include "options.h"
#include "output.h"
#include "sandbox.h"
#include "text.h"

static const char help[] =
	"usage: compatprobe base list [-o FORMAT[=FILE]]\n"
	"       compatprobe base show NAME [-v] [-o FORMAT[=FILE]]\n"
	"       compatprobe base create REF -o FILE [--name NAME]\n"
	"\n"
	"A base is what an image offers a dynamic loader: its libraries with every name that they\n"
	"export, its links, its loader's configuration. The common ones are built in; from any\n"
	"other image you can make one, which 'scan --target FILE' then takes.\n"
	"\n"
	"  list     the bases that are built in\n"
	"  show     one of them, an alias (alpine, node:20-bullseye-slim) or a base file:\n"
	"           libraries with their versions and number of exports; with -v every export\n"
	"  create   makes a base file from an image (REF as for scan) or a directory\n"
	"\n"
	"options\n"
	"  -o, --output FORMAT[=FILE]   list, show: table (the default) or json\n"
	"  -o, --output FILE            create: the base file\n"
	"      --name NAME              create: the name it bears; default: that of the file\n"
	"      --platform OS/ARCH       create: which image of several\n"
	"      --verify                 create: also check the digests of uncompressed layers\n"
	"  -v, --verbose                show: every exported name\n"
	"  -q, --quiet, --no-progress   create: no progress bar\n"
	"\n"
	"exit status: 0 fine · 1 error · 64 the command line is wrong\n"
	"\n"
	"examples\n"
	"  compatprobe base show debian-bookworm\n"
	"  compatprobe base create docker-daemon:our/node:20 -o our-node.base\n"
	"  compatprobe scan dir . --target our-node.base\n";

#define COMMON_OPTIONS (CP_OPTION_OUTPUT | CP_OPTION_VERBOSE | CP_OPTION_PROGRESS)

static int fail_with(const struct cp_error *err)
{
	return cp_fail("%s", err ? err->message : "out of memory");
}

/* --- list and show -------------------------------------------------------------------- */

typedef int printer(
	struct cp_output *output, const struct cp_options *options, struct cp_error **err);

static int print_all(const struct cp_options *options, printer *print)
{
	int status = 0;
	for (size_t i = 0; i < options->n_outputs; i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		struct cp_output output;
		if (cp_output_open(&output, &options->outputs[i], &err) < 0)
			return fail_with(err);
		if (print(&output, options, &err) < 0)
			cp_output_abandon(&output);
		else
			cp_output_commit(&output, &err);
		if (err)
			status = fail_with(err);
	}
	return status;
}

static int print_list(
	struct cp_output *output, const struct cp_options *options, struct cp_error **err)
{
	(void)options;
	return output->format == CP_FORMAT_JSON ? cp_base_list_json(output->file, err)
						: cp_base_list_table(output->file, err);
}

static int print_show(
	struct cp_output *output, const struct cp_options *options, struct cp_error **err)
{
	cp_cleanup_base struct cp_base *base = NULL;
	int node_major;
	if (cp_base_find(options->arguments[1], &base, &node_major, err) < 0)
		return -1;
	return output->format == CP_FORMAT_JSON
		       ? cp_base_show_json(output->file, base, options->verbose, err)
		       : cp_base_show_table(output->file, base, options->verbose, err);
}

static int run_list(const struct cp_options *options)
{
	if (options->n_arguments > 1)
		return cp_usage("base", "base list takes no name; 'base show %s' shows one",
			options->arguments[1]);
	return print_all(options, print_list);
}

static int run_show(const struct cp_options *options)
{
	if (options->n_arguments != 2)
		return cp_usage("base", "base show: which one base? ('base list' names them)");
	cp_sandbox_enter_for(options, false);
	return print_all(options, print_show);
}

/* --- create ----------------------------------------------------------------------------- */

/* "our-node" of "dir/our-node.base". Owned. */
static char *name_of_file(const char *path)
{
	const char *name = cp_text_base_name(path);
	size_t length = strcspn(name + (*name == '.'), ".") + (*name == '.');
	return strndup(name, length);
}

static int open_image(const struct cp_options *options, const char *text, struct cp_image **image,
	struct cp_error **err)
{
	struct cp_image_ref ref = {0};
	if (cp_image_ref_parse(text, &ref, err) < 0)
		return -1;
	int result = cp_open_image(options, &ref, image, err);
	cp_image_ref_clear(&ref);
	return result;
}

/* A base made from a part of an image would judge wrongly for ever after. */
static int refuse_partial(const struct cp_image *image, struct cp_error **err)
{
	for (size_t i = 0; i < cp_index_error_count(image->root); i++) {
		const struct cp_index_error *error = cp_index_error_at(image->root, i);
		if (error->severity == CP_PARTIAL)
			return cp_error_set(err, 0, "%s is not whole: %s: %s", image->ref,
				error->path, error->message);
	}
	return 0;
}

static int write_base(
	const struct cp_options *options, const struct cp_base *base, struct cp_error **err)
{
	struct cp_output output;
	struct cp_output_request request = {.file = options->file};
	if (cp_output_open(&output, &request, err) < 0)
		return -1;
	if (cp_base_write(base, output.file, err) < 0) {
		cp_output_abandon(&output);
		return -1;
	}
	return cp_output_commit(&output, err);
}

static int create(const struct cp_options *options, const char *reference, struct cp_error **err)
{
	cp_cleanup_image struct cp_image *image = NULL;
	cp_cleanup_base struct cp_base *base = NULL;
	cp_cleanup_free char *name =
		options->name ? strdup(options->name) : name_of_file(options->file);
	cp_cleanup_free char *source = NULL;
	if (!name || asprintf(&source, "made from %s", reference) < 0)
		return cp_error_set(err, 0, "out of memory");
	if (open_image(options, reference, &image, err) < 0 || refuse_partial(image, err) < 0 ||
		cp_base_from_root(image->root, name, source, &base, err) < 0)
		return -1;
	return write_base(options, base, err);
}

static int run_create(const struct cp_options *options)
{
	if (options->n_arguments != 2)
		return cp_usage("base", "base create: from which one image?");
	if (!options->file)
		return cp_usage("base", "base create: option -o FILE says where the base goes");
	cp_sandbox_enter_for(options, true);
	cp_cleanup_error struct cp_error *err = NULL;
	if (create(options, options->arguments[1], &err) < 0)
		return fail_with(err);
	return CP_EXIT_FINE;
}

/* --- which of them ------------------------------------------------------------------------ */

/* What -o means depends on the verb, so create has to come before its options. */
static bool is_create(int argc, char **argv)
{
	return argc > 1 && strcmp(argv[1], "create") == 0;
}

static int run_base(int argc, char **argv)
{
	struct cp_options options;
	bool creates = is_create(argc, argv);
	unsigned takes =
		creates ? CP_OPTION_FILE | CP_OPTION_NAME | CP_OPTION_IMAGE | CP_OPTION_PROGRESS
			: COMMON_OPTIONS;
	int status = cp_options_parse(&options, takes, &cp_command_base, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	const char *verb = options.n_arguments ? options.arguments[0] : "";
	if (creates)
		return run_create(&options);
	if (strcmp(verb, "list") == 0)
		return run_list(&options);
	if (strcmp(verb, "show") == 0)
		return run_show(&options);
	return cp_usage("base", "base what? 'base list', 'base show NAME' or 'base create REF -o "
				"FILE'");
}

const struct cp_command cp_command_base = {.name = "base",
	.summary = "the base images that it knows: base list, base show NAME, base create REF",
	.help = help,
	.run = run_base};
