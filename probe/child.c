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
static _Noreturn void run(char **argv, int go, int pipe_end)
{
	char byte;
	ssize_t got;
	signal(SIGPIPE, SIG_DFL); /* the command starts as if from a shell */
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	do {
		got = read(go, &byte, 1);
	} while (got < 0 && errno == EINTR);
	if (got != 1) /* nobody wants it any more */
		_exit(0);
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

static int make_pipes(int go[2], int why[2], struct cp_error **err)
{
	if (pipe2(go, O_CLOEXEC) < 0)
		return cp_error_set(err, errno, "pipe: %s", strerror(errno));
	if (pipe2(why, O_CLOEXEC) == 0)
		return 0;
	int error = errno;
	close(go[0]);
	close(go[1]);
	return cp_error_set(err, error, "pipe: %s", strerror(error));
}

int cp_child_prepare(struct cp_child *child, char **argv, struct cp_error **err)
{
	int go[2], why[2];
	*child = (struct cp_child){.go = -1, .why = -1};
	signal(SIGCHLD, SIG_DFL); /* where a parent had it ignored, nobody would hear of the end */
	if (make_pipes(go, why, err) < 0)
		return -1;
	pid_t pid = fork();
	if (pid == 0) {
		close(go[1]);
		run(argv, go[0], why[1]);
	}
	int error = errno;
	close(go[0]);
	close(why[1]);
	if (pid < 0) {
		close(go[1]);
		close(why[0]);
		return cp_error_set(err, error, "fork: %s", strerror(error));
	}
	*child = (struct cp_child){.pid = pid, .go = go[1], .why = why[0]};
	return 0;
}

static void wait_for(struct cp_child *child)
{
	while (waitpid(child->pid, NULL, 0) < 0 && errno == EINTR)
		;
	child->pid = 0;
}

int cp_child_go(struct cp_child *child, char **argv, struct cp_error **err)
{
	ssize_t ignored = write(child->go, "", 1); /* a child that is gone says nothing below */
	(void)ignored;
	close(child->go);
	child->go = -1;
	int why = why_not(child->why);
	close(child->why);
	child->why = -1;
	if (!why)
		return 0;
	wait_for(child);
	return cp_error_set(err, why, "cannot run %s: %s", argv[0], strerror(why));
}

void cp_child_clear(struct cp_child *child)
{
	if (!child->pid || child->go < 0)
		return;
	close(child->go);
	close(child->why);
	child->go = child->why = -1;
	wait_for(child);
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
