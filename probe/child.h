/* SPDX-License-Identifier: MIT
 *
 * The command that a trace runs and waits for.
 */
#ifndef CP_CHILD_H
#define CP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct cp_child {
	pid_t pid;  /* 0: none, or its end was seen */
	int status; /* as waitpid(2) has it, once it ended */
};

/* Runs argv[0], looked for in PATH. 0, or -1 with an error that names it where it cannot be run. */
int cp_child_start(struct cp_child *child, char **argv, struct cp_error **err);

/* Looks whether it has ended, without waiting. */
bool cp_child_has_ended(struct cp_child *child);

/* What a shell's $? would be. */
int cp_child_exit_status(const struct cp_child *child);

#endif
