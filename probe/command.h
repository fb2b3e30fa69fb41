/* SPDX-License-Identifier: MIT
 *
 * A subcommand: its name, what it says of itself, and what it does.
 */
#ifndef CP_COMMAND_H
#define CP_COMMAND_H

#define CP_VERSION "0.1.0"

enum cp_exit {
	CP_EXIT_FINE = 0,
	CP_EXIT_ERROR = 1,     /* nothing, or only a part, could be said */
	CP_EXIT_THRESHOLD = 2, /* --fail-on was reached */
	CP_EXIT_USAGE = 64,    /* EX_USAGE of sysexits.h */
};

struct cp_command {
	const char *name;
	const char *summary; /* one line for the list of commands */
	const char *help;    /* a page */
	/* argv[0] is the subcommand's own name. Returns an enum cp_exit. */
	int (*run)(int argc, char **argv);
};

extern const struct cp_command cp_command_scan;
extern const struct cp_command cp_command_base;
extern const struct cp_command cp_command_template;
extern const struct cp_command cp_command_trace;
extern const struct cp_command cp_command_recommend;

#endif
