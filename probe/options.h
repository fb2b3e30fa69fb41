/* SPDX-License-Identifier: MIT
 *
 * The options of every subcommand, in one table over getopt_long(3).
 *
 * A subcommand says which of them it takes. A mistake is told in one line on stderr
 * that names the option and where help is.
 */
#ifndef CP_OPTIONS_H
#define CP_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "command.h"
#include "load.h"
#include "output.h"

#define CP_OPTIONS_MAX_TARGETS 64
#define CP_OPTIONS_MAX_REFERENCES 256

enum cp_option {
	CP_OPTION_REFERENCES = 1 << 9, /* --image REF (not together with SERVICE=REF) */
	CP_OPTION_OUTPUT = 1 << 0,     /* -o FORMAT[=FILE] */
	CP_OPTION_FILE = 1 << 1,       /* -o FILE (not together with the one above) */
	CP_OPTION_NAME = 1 << 2,
	CP_OPTION_TARGET = 1 << 3,
	CP_OPTION_FAIL_ON = 1 << 4,
	CP_OPTION_IMAGE = 1 << 5,    /* --platform, --verify */
	CP_OPTION_PROGRESS = 1 << 6, /* -q, --no-progress */
	CP_OPTION_VERBOSE = 1 << 7,
	CP_OPTION_PROJECT = 1 << 10, /* -f, -p, --catalogue, alone */
	CP_OPTION_TRACE = 1 << 11,   /* --duration, -p, --all, --allow-loss, --check, --buffer */
	CP_OPTION_COMPOSE = 1 << 8,  /* -f, --image SERVICE=REF, -p, --catalogue, --trace, -o
					either way */
};

#define CP_OPTIONS_MAX_FILES 16
#define CP_OPTIONS_MAX_IMAGES 256
#define CP_OPTIONS_MAX_TRACES 64

struct cp_options {
	struct cp_output_request outputs[CP_OUTPUT_MAX];
	size_t n_outputs; /* at least one after a parse that took CP_OPTION_OUTPUT */
	const char *file;
	const char *name;
	const char *targets[CP_OPTIONS_MAX_TARGETS];
	size_t n_targets;
	const char *references[CP_OPTIONS_MAX_REFERENCES];
	size_t n_references;
	enum cp_outcome fail_on; /* CP_OUTCOME_UNKNOWN: no threshold */
	const char *platform;
	const char *compose_files[CP_OPTIONS_MAX_FILES];
	size_t n_compose_files;
	const char *images[CP_OPTIONS_MAX_IMAGES]; /* SERVICE=REF as given */
	size_t n_images;
	const char *traces[CP_OPTIONS_MAX_TRACES];
	size_t n_traces;
	const char *project, *catalogue;
	double duration;      /* seconds; negative: not given */
	unsigned long buffer; /* MiB; 0: not given */
	bool all, allow_loss, check;
	bool verify, quiet, verbose, no_progress, help;
	char **arguments; /* what is no option, in order */
	size_t n_arguments;
};

/* Fills `options` from argv (whose order may change, and whose strings it borrows). `takes` is
 * a set of enum cp_option; --help is always taken. Returns 0, or CP_EXIT_USAGE after the
 * mistake was told. */
int cp_options_parse(struct cp_options *options, unsigned takes, const struct cp_command *command,
	int argc, char **argv);

/* Tells a mistake: "compatprobe: TEXT; see 'compatprobe help NAME'". Returns CP_EXIT_USAGE. */
int cp_usage(const char *command_name, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Tells a failure: "compatprobe: TEXT". Returns CP_EXIT_ERROR. */
int cp_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Tells what does not stop the work: "compatprobe: warning: TEXT". */
void cp_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
