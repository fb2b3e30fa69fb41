/* SPDX-License-Identifier: MIT
 *
 * The real half: a fresh process in the root's chroot for every attempt, so that one addon's
 * constructors cannot disturb the next, with ten seconds to answer in.
 *
 * What a lazy and a binding load did gives the outcome: refused lazily is `fails`; loaded lazily
 * but refused when every symbol is bound at once is `crashes`, at the first call of such a symbol;
 * loaded both ways is `loads`. The text of such a crash follows from the binding load's (glibc's
 * _dl_fixup ends in _dl_signal_error's fatal form; musl dies of a null call without a word).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "memory.h"
#include "truth.h"

#define TIME_LIMIT 10 /* seconds */
#define NOT_STARTED 126

/* One process: what it wrote, and how it ended. */
struct run {
	char out[4096], err[16384];
	int status;  /* of waitpid(2) */
	int refusal; /* errno of execve(2); 0: it started */
};

struct attempt {
	bool loaded;
	int signal;
	int refusal;
	char *text; /* owned; NULL: none */
};

/* Gives this process, which has its own mount namespace, a /proc in the root. */
static void mount_proc(const char *root)
{
	char place[PATH_MAX];
	snprintf(place, sizeof place, "%s/proc", root);
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0)
		mount("/proc", place, NULL, MS_BIND | MS_REC, NULL);
}

static _Noreturn void start(
	const char *root, char **arguments, char **environment, int out, int err)
{
	struct rlimit no_core = {0};
	setrlimit(RLIMIT_CORE, &no_core);
	int null = open("/dev/null", O_RDONLY);
	if (unshare(CLONE_NEWNS) == 0) /* $ORIGIN of a program is read off /proc/self/exe */
		mount_proc(root);
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 || chroot(root) ||
		chdir("/"))
		_exit(NOT_STARTED);
	alarm(TIME_LIMIT);
	int report = fcntl(err, F_DUPFD_CLOEXEC, 10);
	if (dup2(err, STDERR_FILENO) < 0)
		_exit(NOT_STARTED);
	execve(arguments[0], arguments, environment);
	dprintf(report, "execve: %d\n", errno);
	_exit(NOT_STARTED);
}

/* Reads both pipes to their end; what does not fit is dropped. */
static void drain(int out, int err, struct run *run)
{
	struct pollfd fds[2] = {{.fd = out, .events = POLLIN}, {.fd = err, .events = POLLIN}};
	char *buffers[2] = {run->out, run->err};
	size_t used[2] = {0}, sizes[2] = {sizeof run->out - 1, sizeof run->err - 1};
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, 2, (TIME_LIMIT + 1) * 1000) <= 0)
			break;
		for (int i = 0; i < 2; i++) {
			char chunk[4096];
			if (fds[i].fd < 0 || !fds[i].revents)
				continue;
			ssize_t got = read(fds[i].fd, chunk, sizeof chunk);
			if (got <= 0)
				fds[i].fd = -1;
			size_t room = sizes[i] - used[i];
			size_t take = got <= 0 ? 0 : (size_t)got < room ? (size_t)got : room;
			memcpy(buffers[i] + used[i], chunk, take);
			used[i] += take;
		}
	}
}

static int run_in_root(const char *root, char **arguments, char **environment, struct run *run)
{
	int out[2], err[2];
	if (pipe2(out, O_CLOEXEC))
		return -1;
	if (pipe2(err, O_CLOEXEC)) {
		close(out[0]);
		close(out[1]);
		return -1;
	}
	*run = (struct run){0};
	pid_t pid = fork();
	if (pid == 0)
		start(root, arguments, environment, out[1], err[1]);
	close(out[1]);
	close(err[1]);
	if (pid > 0)
		drain(out[0], err[0], run);
	close(out[0]);
	close(err[0]);
	if (pid < 0 || waitpid(pid, &run->status, 0) != pid)
		return -1;
	const char *refused = strstr(run->err, "execve: ");
	if (WIFEXITED(run->status) && WEXITSTATUS(run->status) == NOT_STARTED)
		run->refusal = refused ? atoi(refused + strlen("execve: ")) : EPERM;
	return 0;
}

/* The loader itself gives up: glibc by an assertion, or on a file that ends before its segments do.
 */
static bool loader_died(const struct run *run)
{
	return strstr(run->err, "Inconsistency detected by ld.so") ||
	       (WIFSIGNALED(run->status) && WTERMSIG(run->status) == SIGBUS);
}

static int first_line(char *text, char **line)
{
	text[strcspn(text, "\n")] = '\0';
	*line = *text ? strdup(text) : NULL;
	return *text && !*line ? -1 : 0;
}

/* dlopen in the host. But for the above, a death inside of dlopen, by signal or by a lazy binding
 * that fails, came from a constructor: the load as such had gone through. */
static int attempt_dlopen(
	const char *root, const struct subject *subject, bool now, struct attempt *attempt)
{
	char *arguments[] = {
		(char *)HOST_PATH, (char *)(now ? "now" : "lazy"), subject->path, NULL};
	char *environment[] = {subject->environment, NULL};
	struct run run;
	*attempt = (struct attempt){0};
	if (run_in_root(root, arguments, environment, &run))
		return -1;
	if (run.refusal)
		return fprintf(stderr, "truth: %s" HOST_PATH ": %s\n", root, strerror(run.refusal)),
		       -1;
	char *refused = strstr(run.out, "refused: ");
	if (refused)
		return (attempt->text = strdup(refused + strlen("refused: "))) ? 0 : -1;
	if (loader_died(&run))
		return first_line(run.err, &attempt->text);
	attempt->loaded = true;
	attempt->signal = WIFSIGNALED(run.status) ? WTERMSIG(run.status) : 0;
	if (!attempt->signal && !strstr(run.out, "loaded") &&
		!strstr(run.err, "symbol lookup error"))
		return fprintf(stderr, "truth: %s%s: the host did not speak: %s\n", root,
			       subject->path, run.err),
		       -1;
	return 0;
}

/* A start as a program; the programs of the cases say "started" first of all. The loader's first
 * line is its message. */
static int attempt_exec(
	const char *root, const struct subject *subject, bool now, struct attempt *attempt)
{
	char *arguments[] = {subject->path, NULL};
	char *environment[] = {(char *)(now ? "LD_BIND_NOW=1" : "A="), subject->environment, NULL};
	struct run run;
	if (run_in_root(root, arguments, environment, &run))
		return -1;
	*attempt = (struct attempt){
		.loaded = strstr(run.out, "started") != NULL, .refusal = run.refusal};
	if (attempt->loaded || run.refusal)
		return 0;
	if (WIFSIGNALED(run.status))
		attempt->signal = WTERMSIG(run.status);
	return first_line(run.err, &attempt->text);
}

static enum cp_cause cause_of(const struct attempt *attempt, enum cp_libc libc,
	const struct subject *subject, const char *root)
{
	if (attempt->loaded)
		return CP_CAUSE_NONE;
	if (attempt->refusal)
		return attempt->refusal == ENOENT ? CP_CAUSE_MISSING_INTERPRETER
						  : CP_CAUSE_WRONG_ARCHITECTURE;
	return attempt->text ? classify(attempt->text, libc, subject->path, root) : CAUSE_UNTOLD;
}

/* "PROG: symbol lookup error: F: undefined symbol: S", from what the binding load said. */
static char *crash_text(const struct attempt *now, enum cp_libc libc, const struct subject *subject)
{
	char *text = NULL;
	if (libc != CP_LIBC_GLIBC || !now->text)
		return NULL;
	if (subject->exec) /* already said so */
		return strdup(now->text);
	if (asprintf(&text, HOST_PATH ": symbol lookup error: %s", now->text) < 0)
		return NULL;
	return text;
}

int observe(
	const char *root, enum cp_libc libc, const struct subject *subject, struct answer *answer)
{
	int (*attempt)(const char *, const struct subject *, bool, struct attempt *) =
		subject->exec ? attempt_exec : attempt_dlopen;
	struct attempt lazy = {0}, now = {0};
	if (attempt(root, subject, false, &lazy))
		return -1;
	if (attempt(root, subject, true, &now)) {
		free(lazy.text);
		return -1;
	}
	*answer = (struct answer){.signal = lazy.signal ? lazy.signal : now.signal};
	answer->now.outcome = now.loaded ? CP_OUTCOME_LOADS : CP_OUTCOME_FAILS;
	answer->now.cause = cause_of(&now, libc, subject, root);
	if (lazy.loaded) {
		answer->lazy.outcome = now.loaded ? CP_OUTCOME_LOADS : CP_OUTCOME_CRASHES;
		answer->lazy.cause = answer->now.cause;
		answer->lazy.message = crash_text(&now, libc, subject);
	} else {
		answer->lazy.outcome = CP_OUTCOME_FAILS;
		answer->lazy.cause = cause_of(&lazy, libc, subject, root);
		answer->lazy.message = cp_take(lazy.text);
	}
	answer->now.message = cp_take(now.text);
	free(lazy.text);
	return 0;
}
