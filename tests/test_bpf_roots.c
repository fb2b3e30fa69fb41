/* SPDX-License-Identifier: MIT
 *
 * Roots that are held open for a while after their process is gone.
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
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "roots.h"

#define BEGIN 1000000000ULL

static struct cp_roots *roots;
static unsigned own_ns;

static int open_roots(void **state)
{
	struct stat status;
	(void)state;
	roots = cp_roots_new();
	own_ns = stat("/proc/self/ns/mnt", &status) == 0 ? (unsigned)status.st_ino : 0;
	return roots && own_ns ? 0 : -1;
}

static int close_roots(void **state)
{
	(void)state;
	cp_roots_free(roots);
	return 0;
}

static pid_t start_child(void)
{
	pid_t child = fork();
	if (child == 0) {
		pause();
		_exit(0);
	}
	assert_true(child > 0);
	return child;
}

static void end_child(pid_t child, bool reap)
{
	siginfo_t info;
	assert_int_equal(kill(child, SIGKILL), 0);
	assert_int_equal(waitid(P_PID, (id_t)child, &info, WEXITED | (reap ? 0 : WNOWAIT)), 0);
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

static void the_root_of_ones_own_namespace(void **state)
{
	struct stat root, held;
	(void)state;
	assert_int_equal(cp_roots_find(roots, own_ns), -1);
	assert_false(cp_roots_is_new(roots, own_ns));
	int fd = cp_roots_take(roots, own_ns, getpid(), false);
	assert_true(fd >= 0);
	assert_int_equal(cp_roots_find(roots, own_ns), fd);
	assert_int_equal(stat("/", &root) | fstat(fd, &held), 0);
	assert_true(root.st_ino == held.st_ino && root.st_dev == held.st_dev);
	assert_int_equal(cp_roots_take(roots, own_ns, getpid(), false), fd);
}

static void only_the_first_time_is_new(void **state)
{
	(void)state;
	cp_roots_take(roots, own_ns, getpid(), false);
	assert_true(cp_roots_is_new(roots, own_ns));
	assert_false(cp_roots_is_new(roots, own_ns));
	cp_roots_take(roots, own_ns, getpid(), false);
	assert_false(cp_roots_is_new(roots, own_ns));
	cp_roots_take(roots, own_ns, getpid(), true);
	assert_true(cp_roots_is_new(roots, own_ns));
}

static void a_root_that_changes_is_taken_again(void **state)
{
	struct stat held, moved;
	char directory[] = "/tmp/test-roots-XXXXXX";
	int ready[2];
	(void)state;
	assert_non_null(mkdtemp(directory));
	assert_int_equal(pipe(ready), 0);
	assert_true(cp_roots_take(roots, own_ns, getpid(), false) >= 0);
	pid_t child = fork();
	if (child == 0) {
		int failed = chroot(directory);
		if (write(ready[1], &failed, sizeof(failed)) > 0)
			pause();
		_exit(0);
	}
	int failed = 1;
	assert_int_equal(read(ready[0], &failed, sizeof(failed)), sizeof(failed));
	if (!failed) { /* not without its privilege */
		int fd = cp_roots_take(roots, own_ns, child, false);
		assert_int_equal(fstat(fd, &held), 0);
		assert_int_equal(stat("/", &moved), 0);
		assert_true(held.st_ino == moved.st_ino);
		fd = cp_roots_take(roots, own_ns, child, true);
		assert_int_equal(fstat(fd, &held) | stat(directory, &moved), 0);
		assert_true(held.st_ino == moved.st_ino);
		assert_int_equal(cp_roots_find(roots, own_ns), fd);
	}
	end_child(child, true);
	close(ready[0]);
	close(ready[1]);
	rmdir(directory);
}

static void a_process_that_is_gone_or_elsewhere(void **state)
{
	(void)state;
	pid_t child = start_child();
	end_child(child, true);
	assert_int_equal(cp_roots_take(roots, own_ns, child, false), -1);
	assert_int_equal(cp_roots_take(roots, own_ns + 1, getpid(), false), -1);
	assert_int_equal(cp_roots_find(roots, own_ns), -1);
	assert_int_equal(cp_roots_find(roots, own_ns + 1), -1);
	/* One that is held stays, whoever asks. */
	int fd = cp_roots_take(roots, own_ns, getpid(), false);
	assert_int_equal(cp_roots_take(roots, own_ns, child, true), -1);
	assert_int_equal(cp_roots_find(roots, own_ns), fd);
}

static void some_seconds_after_its_process(void **state)
{
	(void)state;
	for (int reaped = 0; reaped < 2; reaped++) { /* a zombie has left its namespaces */
		size_t files = open_files();
		pid_t child = start_child();
		assert_true(cp_roots_take(roots, own_ns, child, false) >= 0);
		cp_roots_tick(roots, BEGIN);
		cp_roots_tick(roots, BEGIN + 10 * CP_ROOTS_KEPT);
		assert_true(cp_roots_find(roots, own_ns) >= 0);
		end_child(child, reaped);
		cp_roots_tick(roots, 20 * CP_ROOTS_KEPT);
		cp_roots_tick(roots, 21 * CP_ROOTS_KEPT - 1);
		assert_true(cp_roots_find(roots, own_ns) >= 0);
		cp_roots_tick(roots, 21 * CP_ROOTS_KEPT);
		assert_int_equal(cp_roots_find(roots, own_ns), -1);
		assert_int_equal(open_files(), files);
		if (!reaped)
			waitpid(child, NULL, 0);
	}
}

static void another_process_keeps_it(void **state)
{
	(void)state;
	pid_t child = start_child();
	cp_roots_take(roots, own_ns, child, false);
	end_child(child, true);
	cp_roots_tick(roots, BEGIN);
	assert_true(cp_roots_take(roots, own_ns, getpid(), false) >= 0);
	cp_roots_tick(roots, BEGIN + 2 * CP_ROOTS_KEPT);
	assert_true(cp_roots_find(roots, own_ns) >= 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_roots, close_roots)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_root_of_ones_own_namespace),
		TEST(only_the_first_time_is_new),
		TEST(a_root_that_changes_is_taken_again),
		TEST(a_process_that_is_gone_or_elsewhere),
		TEST(some_seconds_after_its_process),
		TEST(another_process_keeps_it),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
