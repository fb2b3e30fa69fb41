/* SPDX-License-Identifier: MIT */
#include "child.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"

/* In the child. What keeps it from running goes through the pipe, which a successful exec closes.
 */
static _Noreturn void run(char **argv, int pipe_end)
{
	signal(SIGPIPE, SIG_DFL); /* the command starts as if from a shell */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execvp(argv[0], argv);
	int why = errno;
	ssize_t ignored = write(pipe_end, &why, sizeof(why));
	(void)ignored;
	_exit(127);
}

int cp_child_start(struct cp_child *child, char **argv, struct cp_error **err)
{
	int ends[2];
	int why = 0;
	*child = (struct cp_child){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cp_error_set(err, errno, "pipe: %s", strerror(errno));
	child->pid = fork();
	if (child->pid == 0)
		run(argv, ends[1]);
	close(ends[1]);
	cp_cleanup_close int end = ends[0];
	if (child->pid < 0)
		return cp_error_set(err, errno, "fork: %s", strerror(errno));
	if (read(end, &why, sizeof(why)) != sizeof(why))
		return 0;
	waitpid(child->pid, NULL, 0);
	child->pid = 0;
	return cp_error_set(err, why, "cannot run %s: %s", argv[0], strerror(why));
}

bool cp_child_has_ended(struct cp_child *child)
{
	if (child->pid && waitpid(child->pid, &child->status, WNOHANG) == child->pid)
		child->pid = 0;
	return child->pid == 0;
}

int cp_child_exit_status(const struct cp_child *child)
{
	return WIFSIGNALED(child->status) ? 128 + WTERMSIG(child->status)
					  : WEXITSTATUS(child->status);
}
