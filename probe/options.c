/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "suggest.h"
#include "text.h"

struct option_rule {
	const char *name;
	char letter;          /* 0: none */
	const char *argument; /* as help and errors call it; NULL: takes none */
	unsigned taken_with;  /* enum cp_option; 0: always */
	/* Returns NULL, or what is wrong with `value`. */
	const char *(*apply)(struct cp_options *options, const char *value);
};

/* --- telling ---------------------------------------------------------------------- */

static void tell(const char *kind, const char *format, va_list args)
{
	char text[4096];
	vsnprintf(text, sizeof(text), format, args);
	fputs("compatprobe: ", stderr);
	fputs(kind, stderr);
	cp_text_put(stderr, text); /* it may quote an image */
}

int cp_usage(const char *command_name, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tell("", format, args);
	va_end(args);
	if (command_name)
		fprintf(stderr, "; see 'compatprobe help %s'\n", command_name);
	else
		fputs("; see 'compatprobe --help'\n", stderr);
	return CP_EXIT_USAGE;
}

int cp_fail(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tell("", format, args);
	va_end(args);
	fputc('\n', stderr);
	return CP_EXIT_ERROR;
}

void cp_warn(const char *format, ...)
{
	va_list args;
	va_start(args, format);
	tell("warning: ", format, args);
	va_end(args);
	fputc('\n', stderr);
}

/* --- one function per option ------------------------------------------------------- */

static const char *apply_output(struct cp_options *options, const char *value)
{
	struct cp_output_request request;
	if (cp_output_request_parse(value, &request) < 0)
		return "the formats are table and json, each with =FILE if wanted";
	if (options->n_outputs == CP_OUTPUT_MAX)
		return "too many outputs";
	for (size_t i = 0; i < options->n_outputs; i++) {
		const char *other = options->outputs[i].file;
		if (!request.file && !other)
			return "only one format can go to standard output; give the others a "
			       "file: FORMAT=FILE";
		if (request.file && other && strcmp(request.file, other) == 0)
			return "this file is already the output of another format";
	}
	options->outputs[options->n_outputs++] = request;
	return NULL;
}

static const char *apply_file(struct cp_options *options, const char *value)
{
	options->file = value;
	return *value ? NULL : "the name is empty";
}

/* What is no format is the file of the override: -o compose.compatprobe.yaml. */
static const char *apply_output_or_file(struct cp_options *options, const char *value)
{
	struct cp_output_request request;
	if (cp_output_request_parse(value, &request) == 0)
		return apply_output(options, value);
	if (options->file)
		return "an override is asked for already";
	return apply_file(options, value);
}

static const char *apply_compose_file(struct cp_options *options, const char *value)
{
	if (options->n_compose_files == CP_OPTIONS_MAX_FILES)
		return "too many compose files";
	options->compose_files[options->n_compose_files++] = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_image(struct cp_options *options, const char *value)
{
	const char *equals = strchr(value, '=');
	if (options->n_images == CP_OPTIONS_MAX_IMAGES)
		return "too many images";
	options->images[options->n_images++] = value;
	return equals && equals != value && equals[1]
		       ? NULL
		       : "it is SERVICE=REF, such as workflow=docker-archive:workflow.tar";
}

static const char *apply_trace(struct cp_options *options, const char *value)
{
	if (options->n_traces == CP_OPTIONS_MAX_TRACES)
		return "too many traces";
	options->traces[options->n_traces++] = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_project(struct cp_options *options, const char *value)
{
	options->project = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_catalogue(struct cp_options *options, const char *value)
{
	options->catalogue = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_name(struct cp_options *options, const char *value)
{
	options->name = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_target(struct cp_options *options, const char *value)
{
	if (options->n_targets == CP_OPTIONS_MAX_TARGETS)
		return "too many targets in one run";
	options->targets[options->n_targets++] = value;
	return *value ? NULL : "the name is empty; 'compatprobe base list' shows the bases";
}

static const char *apply_reference(struct cp_options *options, const char *value)
{
	if (options->n_references == CP_OPTIONS_MAX_REFERENCES)
		return "too many images in one run";
	options->references[options->n_references++] = value;
	return *value ? NULL : "the name is empty";
}

static const char *apply_fail_on(struct cp_options *options, const char *value)
{
	static const enum cp_outcome levels[] = {
		CP_OUTCOME_FAILS, CP_OUTCOME_CRASHES, CP_OUTCOME_LOADS_WITH};
	for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
		if (strcmp(value, cp_outcome_name(levels[i])) == 0) {
			options->fail_on = levels[i];
			return NULL;
		}
	}
	return "the levels are fails, crashes and loads_with";
}

static const char *apply_platform(struct cp_options *options, const char *value)
{
	const char *slash = strchr(value, '/');
	options->platform = value;
	return slash && slash != value && slash[1] ? NULL : "it is os/arch, such as linux/arm64";
}

static const char *apply_verify(struct cp_options *options, const char *value)
{
	(void)value;
	options->verify = true;
	return NULL;
}

static const char *apply_quiet(struct cp_options *options, const char *value)
{
	(void)value;
	options->quiet = true;
	return NULL;
}

static const char *apply_verbose(struct cp_options *options, const char *value)
{
	(void)value;
	options->verbose = true;
	return NULL;
}

static const char *apply_no_progress(struct cp_options *options, const char *value)
{
	(void)value;
	options->no_progress = true;
	return NULL;
}

static const char *apply_duration(struct cp_options *options, const char *value)
{
	char *end;
	options->duration = strtod(value, &end);
	return end != value && !*end && options->duration >= 0 && options->duration < 1e9
		       ? NULL
		       : "it is a number of seconds";
}

static const char *apply_buffer(struct cp_options *options, const char *value)
{
	char *end;
	options->buffer = strtoul(value, &end, 10);
	bool is_power = options->buffer && !(options->buffer & (options->buffer - 1));
	return is_power && !*end && options->buffer <= 1024
		       ? NULL
		       : "it is a number of MiB, a power of two up to 1024";
}

static const char *apply_all(struct cp_options *options, const char *value)
{
	(void)value;
	options->all = true;
	return NULL;
}

static const char *apply_allow_loss(struct cp_options *options, const char *value)
{
	(void)value;
	options->allow_loss = true;
	return NULL;
}

static const char *apply_check(struct cp_options *options, const char *value)
{
	(void)value;
	options->check = true;
	return NULL;
}

static const char *apply_help(struct cp_options *options, const char *value)
{
	(void)value;
	options->help = true;
	return NULL;
}

static const struct option_rule rules[] = {
	{"output", 'o', "FORMAT[=FILE]", CP_OPTION_OUTPUT, apply_output},
	{"output", 'o', "FILE", CP_OPTION_FILE, apply_file},
	{"output", 'o', "FORMAT[=FILE], or the override's FILE", CP_OPTION_COMPOSE,
		apply_output_or_file},
	{"file", 'f', "FILE", CP_OPTION_COMPOSE | CP_OPTION_PROJECT, apply_compose_file},
	{"image", 0, "SERVICE=REF", CP_OPTION_COMPOSE, apply_image},
	{"trace", 0, "FILE", CP_OPTION_COMPOSE, apply_trace},
	{"project-name", 'p', "NAME", CP_OPTION_COMPOSE | CP_OPTION_PROJECT, apply_project},
	{"catalogue", 0, "FILE", CP_OPTION_COMPOSE | CP_OPTION_PROJECT, apply_catalogue},
	{"name", 0, "NAME", CP_OPTION_NAME, apply_name},
	{"target", 't', "BASE", CP_OPTION_TARGET, apply_target},
	{"image", 0, "REF", CP_OPTION_REFERENCES, apply_reference},
	{"fail-on", 0, "LEVEL", CP_OPTION_FAIL_ON, apply_fail_on},
	{"platform", 0, "OS/ARCH", CP_OPTION_IMAGE, apply_platform},
	{"verify", 0, NULL, CP_OPTION_IMAGE, apply_verify},
	{"duration", 0, "SECONDS", CP_OPTION_TRACE, apply_duration},
	{"project", 'p', "NAME", CP_OPTION_TRACE, apply_project},
	{"all", 0, NULL, CP_OPTION_TRACE, apply_all},
	{"allow-loss", 0, NULL, CP_OPTION_TRACE, apply_allow_loss},
	{"check", 0, NULL, CP_OPTION_TRACE, apply_check},
	{"buffer", 0, "MIB", CP_OPTION_TRACE, apply_buffer},
	{"quiet", 'q', NULL, CP_OPTION_PROGRESS, apply_quiet},
	{"no-progress", 0, NULL, CP_OPTION_PROGRESS, apply_no_progress},
	{"verbose", 'v', NULL, CP_OPTION_VERBOSE, apply_verbose},
	{"help", 'h', NULL, 0, apply_help},
};
#define N_RULES (sizeof(rules) / sizeof(rules[0]))

/* --- getopt ------------------------------------------------------------------------ */

/* getopt's own tables of the options that a subcommand takes; val is the rule's number + 1 for
 * long ones. */
struct tables {
	struct option longs[N_RULES + 1];
	const char *names[N_RULES];
	size_t count;
	char shorts[2 * N_RULES + 2];
};

static bool is_taken(const struct option_rule *rule, unsigned takes)
{
	return !rule->taken_with || (rule->taken_with & takes);
}

static void make_tables(struct tables *tables, unsigned takes)
{
	char *shorts = tables->shorts;
	*tables = (struct tables){0};
	*shorts++ = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < N_RULES; i++) {
		if (!is_taken(&rules[i], takes))
			continue;
		tables->longs[tables->count] = (struct option){.name = rules[i].name,
			.has_arg = rules[i].argument ? required_argument : no_argument,
			.val = (int)i + 1};
		tables->names[tables->count++] = rules[i].name;
		if (rules[i].letter)
			*shorts++ = rules[i].letter;
		if (rules[i].letter && rules[i].argument)
			*shorts++ = ':';
	}
}

/* The rule that getopt_long's answer stands for: a rule's number for long options, a letter for
 * short ones. */
static const struct option_rule *find_rule(int answer, unsigned takes)
{
	if (answer >= 1 && (size_t)answer <= N_RULES)
		return &rules[answer - 1];
	for (size_t i = 0; i < N_RULES; i++)
		if (rules[i].letter == answer && is_taken(&rules[i], takes))
			return &rules[i];
	return NULL;
}

static int tell_unknown(
	const struct cp_command *command, const struct tables *tables, const char *word)
{
	/* optopt is 0 for an unknown long option, whose whole text is in `word`. */
	if (optopt && (size_t)optopt > N_RULES)
		return cp_usage(command->name, "unknown option -%c", optopt);
	char name[64];
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
	if (optopt)
		return cp_usage(command->name, "option --%s takes no value", name);
	const char *meant = cp_suggest(name, tables->names, tables->count);
	if (meant)
		return cp_usage(
			command->name, "unknown option --%s: did you mean --%s?", name, meant);
	return cp_usage(command->name, "unknown option --%s", name);
}

static int apply_option(struct cp_options *options, unsigned takes,
	const struct cp_command *command, const struct tables *tables, int answer, const char *word)
{
	if (answer == '?')
		return tell_unknown(command, tables, word);
	const struct option_rule *rule = find_rule(answer == ':' ? optopt : answer, takes);
	if (answer == ':')
		return cp_usage(command->name, "option --%s needs a value: --%s %s", rule->name,
			rule->name, rule->argument);
	const char *wrong = rule->apply(options, optarg);
	if (wrong)
		return cp_usage(command->name, "--%s %s: %s", rule->name, optarg, wrong);
	return 0;
}

int cp_options_parse(struct cp_options *options, unsigned takes, const struct cp_command *command,
	int argc, char **argv)
{
	*options = (struct cp_options){.fail_on = CP_OUTCOME_UNKNOWN, .duration = -1};
	struct tables tables;
	make_tables(&tables, takes);
	opterr = 0;
	optind = 0; /* GNU: start anew */
	for (;;) {
		int answer = getopt_long(argc, argv, tables.shorts, tables.longs, NULL);
		if (answer == -1)
			break;
		int status =
			apply_option(options, takes, command, &tables, answer, argv[optind - 1]);
		if (status)
			return status;
	}
	options->arguments = argv + optind;
	options->n_arguments = (size_t)(argc - optind);
	if ((takes & (CP_OPTION_OUTPUT | CP_OPTION_COMPOSE)) && options->n_outputs == 0)
		options->outputs[options->n_outputs++] =
			(struct cp_output_request){.format = CP_FORMAT_TABLE};
	return 0;
}
