/* SPDX-License-Identifier: MIT
 *
 * The command that a trace runs and waits for. It is made before the trace gives up its rights, and
 * runs once there is somebody to watch it.
 */
#ifndef CP_CHILD_H
#define CP_CHILD_H

#include <stdbool.h>
#include <sys/types.h>

#include "error.h"

struct cp_child {
	pid_t pid;  /* 0: none, or its end was seen */
	int status; /* as waitpid(2) has it, once it ended */
	int go;     /* while it waits: closing this gives it up, a byte lets it run */
	int why;    /* what keeps it from running comes here */
};

/* Makes the process, which waits for cp_child_go: it keeps all rights that this one has now. 0 or
 * -1.
 */
int cp_child_prepare(struct cp_child *child, char **argv, struct cp_error **err);
/* Lets it run argv[0], looked for in PATH. 0, or -1 with an error that names it where it cannot. */
int cp_child_go(struct cp_child *child, char **argv, struct cp_error **err);
/* Gives one up that was prepared and never let go; does nothing else. */
void cp_child_clear(struct cp_child *child);

/* Looks whether it has ended, without waiting. */
bool cp_child_has_ended(struct cp_child *child);

/* What a shell's $? would be. */
int cp_child_exit_status(const struct cp_child *child);

#endif
