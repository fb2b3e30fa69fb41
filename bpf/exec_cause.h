/* SPDX-License-Identifier: MIT
 *
 * Why did execve(2) fail? Its errno says little: ENOENT stands for a missing file, for a missing
 * ELF interpreter, for a missing interpreter of a script, and for a script whose first line ends
 * with CR LF. The file itself, looked at in the container's own root, tells them apart.
 */
#ifndef CP_EXEC_CAUSE_H
#define CP_EXEC_CAUSE_H

#include <stdbool.h>

#include "event.h"

struct cp_exec_cause {
	enum cp_event_cause cause; /* CP_BECAUSE_UNKNOWN where nothing tells */
	enum cp_answer blames_template;
	bool is_text;  /* ENOEXEC of a text without #!, which a shell then reads as a script */
	bool inferred; /* from who tried, not from the file */
	char *message; /* owned by the caller; NULL: out of memory */
};

/* `root` is a descriptor of the container's root, or -1 where it could not be had; `error` is the
 * errno (positive). `by_runtime`: a container runtime's own start of the entrypoint, which had
 * found the file just before (measured with runc). */
void cp_exec_cause_find(
	int root, const char *path, int error, bool by_runtime, struct cp_exec_cause *out);

#endif
