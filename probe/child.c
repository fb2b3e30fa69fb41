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

/* Waits for the child to run its program (0) or to say why it cannot. */
static int why_not(int end)
{
	int why = 0;
	ssize_t got;
	do { /* a signal may come in between, which is no answer */
		got = read(end, &why, sizeof(why));
	} while (got < 0 && errno == EINTR);
	return got == sizeof(why) ? why : 0;
}

int cp_child_start(struct cp_child *child, char **argv, struct cp_error **err)
{
	int ends[2];
	*child = (struct cp_child){0};
	signal(SIGCHLD, SIG_DFL); /* where a parent had it ignored, nobody would hear of the end */
	if (pipe2(ends, O_CLOEXEC) < 0)
		return cp_error_set(err, errno, "pipe: %s", strerror(errno));
	pid_t pid = fork();
	if (pid == 0)
		run(argv, ends[1]);
	int error = errno;
	close(ends[1]);
	cp_cleanup_close int end = ends[0];
	if (pid < 0)
		return cp_error_set(err, error, "fork: %s", strerror(error));
	int why = why_not(end);
	if (!why) {
		child->pid = pid;
		return 0;
	}
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
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
