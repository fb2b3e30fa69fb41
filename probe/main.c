/* SPDX-License-Identifier: MIT
 *
 * The command: finds the subcommand and hands over.
 */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "cut_file.h"
#include "options.h"
#include "suggest.h"

static const struct cp_command *const commands[] = {
	&cp_command_scan,
	&cp_command_base,
	&cp_command_template,
	&cp_command_trace,
	&cp_command_recommend,
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static const struct cp_command *find_command(const char *name)
{
	for (size_t i = 0; i < N_COMMANDS; i++)
		if (strcmp(commands[i]->name, name) == 0)
			return commands[i];
	return NULL;
}

static void print_overview(FILE *file)
{
	fputs("compatprobe tells, before a deploy, whether a service's native code loads on a "
	      "base image,\nand if not, why.\n\n"
	      "usage: compatprobe COMMAND …\n\n",
		file);
	for (size_t i = 0; i < N_COMMANDS; i++)
		fprintf(file, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("  help       the page of a command: compatprobe help scan\n\n"
	      "  --help, --version\n\n"
	      "for example\n"
	      "  compatprobe scan dir .                        this project, on Alpine and Debian\n"
	      "  compatprobe scan image workflow:latest        an image of the local engine\n"
	      "  compatprobe scan image docker-archive:app.tar --target node:22-alpine\n"
	      "  compatprobe base list                         the base images that it knows\n\n"
	      "exit status: 0 fine · 1 error, or a partial result · 2 --fail-on was reached · "
	      "64 usage\n",
		file);
}

/* What goes to stdout counts as a result, also where it is help. */
static int finish_stdout(void)
{
	struct cp_output output;
	cp_cleanup_error struct cp_error *err = NULL;
	if (cp_output_open(&output, &(struct cp_output_request){0}, &err) == 0 &&
		cp_output_commit(&output, &err) == 0)
		return CP_EXIT_FINE;
	return cp_fail("%s", err ? err->message : "out of memory");
}

static int unknown_command(const char *name)
{
	const char *names[N_COMMANDS];
	for (size_t i = 0; i < N_COMMANDS; i++)
		names[i] = commands[i]->name;
	const char *meant = cp_suggest(name, names, N_COMMANDS);
	if (*name == '-')
		return cp_usage(NULL, "unknown option %s: options come after the command", name);
	if (meant)
		return cp_usage(NULL, "unknown command %s: did you mean %s?", name, meant);
	return cp_usage(NULL, "unknown command %s", name);
}

static int run_help(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stdout);
		return finish_stdout();
	}
	const struct cp_command *command = find_command(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	fputs(command->help, stdout);
	return finish_stdout();
}

int main(int argc, char **argv)
{
	signal(SIGPIPE, SIG_IGN); /* a reader that went away is a failed write, told as such */
	cp_cut_file_watch();
	if (argc < 2) {
		print_overview(stderr);
		return CP_EXIT_USAGE;
	}
	const char *name = argv[1];
	if (strcmp(name, "help") == 0)
		return run_help(argc - 1, argv + 1);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return run_help(1, argv);
	if (strcmp(name, "--version") == 0) {
		puts("compatprobe " CP_VERSION);
		return finish_stdout();
	}
	const struct cp_command *command = find_command(name);
	return command ? command->run(argc - 1, argv + 1) : unknown_command(name);
}
