/* SPDX-License-Identifier: MIT
 *
 * The command that a trace runs: whether it ran, and how it ended.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"

static int start(struct cp_child *child, char **argv, struct cp_error **err)
{
	return cp_child_prepare(child, argv, err) < 0 ? -1 : cp_child_go(child, argv, err);
}

/* The exit status of a shell's command. */
static int run(const char *script)
{
	struct cp_child child;
	struct cp_error *err = NULL;
	struct timespec pause = {.tv_nsec = 2000000};
	char *argv[] = {"sh", "-c", (char *)script, NULL};
	assert_int_equal(start(&child, argv, &err), 0);
	assert_true(child.pid > 0);
	for (int i = 0; !cp_child_has_ended(&child); i++) {
		assert_true(i < 5000);
		nanosleep(&pause, NULL);
	}
	assert_int_equal(child.pid, 0);
	assert_true(cp_child_has_ended(&child));
	return cp_child_exit_status(&child);
}

static void exit_statuses_as_a_shell_has_them(void **state)
{
	(void)state;
	assert_int_equal(run("exit 0"), 0);
	assert_int_equal(run("exit 3"), 3);
	assert_int_equal(run("exit 255"), 255);
	assert_int_equal(run("kill -TERM $$"), 128 + SIGTERM);
	assert_int_equal(run("kill -SEGV $$"), 128 + SIGSEGV);
	assert_int_equal(run("kill -KILL $$"), 128 + SIGKILL);
}

static void it_runs_on_until_it_ends(void **state)
{
	struct cp_child child;
	struct cp_error *err = NULL;
	char *argv[] = {"sleep", "100", NULL};
	(void)state;
	assert_int_equal(start(&child, argv, &err), 0);
	assert_false(cp_child_has_ended(&child));
	assert_int_equal(kill(child.pid, SIGINT), 0);
	while (!cp_child_has_ended(&child))
		usleep(1000);
	assert_int_equal(cp_child_exit_status(&child), 128 + SIGINT);
}

static void one_that_is_given_up_does_nothing(void **state)
{
	struct cp_child child;
	struct cp_error *err = NULL;
	char path[] = "/tmp/child-XXXXXX";
	int fd = mkstemp(path);
	char *argv[] = {"rm", path, NULL};
	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(cp_child_prepare(&child, argv, &err), 0);
	assert_true(child.pid > 0);
	assert_false(cp_child_has_ended(&child));
	cp_child_clear(&child);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(unlink(path), 0);
	close(fd);
}

static void check_cannot_run(char *program, const char *wanted)
{
	struct cp_child child;
	struct cp_error *err = NULL;
	char *argv[] = {program, NULL};
	assert_int_equal(start(&child, argv, &err), -1);
	assert_string_equal(err->message, wanted);
	assert_int_equal(child.pid, 0);
	assert_true(cp_child_has_ended(&child));
	cp_error_free(err);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
	assert_int_equal(errno, ECHILD);
}

static void what_cannot_be_run_is_named(void **state)
{
	(void)state;
	check_cannot_run("/nowhere/tool", "cannot run /nowhere/tool: No such file or directory");
	check_cannot_run("no-such-tool-anywhere",
		"cannot run no-such-tool-anywhere: No such file or directory");
	check_cannot_run("/etc", "cannot run /etc: Permission denied");
	check_cannot_run("/etc/passwd", "cannot run /etc/passwd: Permission denied");
	check_cannot_run("", "cannot run : No such file or directory");
}

static size_t open_files(void)
{
	size_t count = 0;
	DIR *directory = opendir("/proc/self/fd");
	while (directory && readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void nothing_stays_open(void **state)
{
	struct cp_child child;
	struct cp_error *err = NULL;
	char *argv[] = {"/nowhere/tool", NULL};
	size_t before = open_files();
	(void)state;
	run("exit 0");
	assert_int_equal(start(&child, argv, &err), -1);
	cp_error_free(err);
	assert_int_equal(open_files(), before);
}

/* As by a parent that wants no zombies: then wait(2) has nothing to say. */
static void ends_are_seen_where_they_are_ignored(void **state)
{
	(void)state;
	signal(SIGCHLD, SIG_IGN);
	assert_int_equal(run("exit 3"), 3);
	signal(SIGCHLD, SIG_DFL);
}

static void signals_are_as_from_a_shell(void **state)
{
	sigset_t some, before;
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&some);
	sigaddset(&some, SIGTERM);
	sigprocmask(SIG_BLOCK, &some, &before);
	assert_int_equal(run("kill -TERM $$; exit 1"), 128 + SIGTERM);
	assert_int_equal(run("kill -PIPE $$; exit 1"), 128 + SIGPIPE);
	sigprocmask(SIG_SETMASK, &before, NULL);
	signal(SIGPIPE, SIG_DFL);
}

static void on_alarm(int signal)
{
	(void)signal;
}

/* Signals that arrive while it is started do not make a failure look like a start. */
static void signals_while_it_starts(void **state)
{
	struct sigaction action = {.sa_handler = on_alarm};
	struct itimerval often = {{0, 50}, {0, 50}}, never = {{0, 0}, {0, 0}};
	(void)state;
	sigaction(SIGALRM, &action, NULL);
	setitimer(ITIMER_REAL, &often, NULL);
	for (int i = 0; i < 100; i++) {
		struct cp_child child;
		struct cp_error *err = NULL;
		char *argv[] = {"/nowhere/tool", NULL};
		int result = start(&child, argv, &err);
		cp_error_free(err);
		if (result == 0) {
			setitimer(ITIMER_REAL, &never, NULL);
			fail_msg("start %d seemed to work", i);
		}
	}
	setitimer(ITIMER_REAL, &never, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exit_statuses_as_a_shell_has_them),
		cmocka_unit_test(it_runs_on_until_it_ends),
		cmocka_unit_test(one_that_is_given_up_does_nothing),
		cmocka_unit_test(what_cannot_be_run_is_named),
		cmocka_unit_test(nothing_stays_open),
		cmocka_unit_test(ends_are_seen_where_they_are_ignored),
		cmocka_unit_test(signals_are_as_from_a_shell),
		cmocka_unit_test(signals_while_it_starts),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
