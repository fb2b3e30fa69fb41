/* SPDX-License-Identifier: MIT
 *
 * Opening files of another root: no link leads out of it, and only plain files are read.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/story_stage.h"
#include "tree.h"

static struct stage stage;

static int open_stage(void **state)
{
	stage_set_up(state);
	stage_text(&stage, "/etc/inner", "inner");
	return 0;
}

/* The walk by hand finds the same file, or nothing for the same reason. */
static void check_walk(const char *path, const char *wanted)
{
	struct stat walked, opened;
	int fd = cp_tree_walk(stage.root_fd, path);
	if (fd < 0) {
		assert_string_equal(wanted + 1, strerrorname_np(-fd));
		return;
	}
	assert_int_equal(fstat(fd, &walked), 0);
	close(fd);
	if (wanted[0] == '-')
		assert_false(S_ISREG(walked.st_mode));
	else
		assert_int_equal(cp_tree_stat(stage.root_fd, path, &opened), 0);
	if (wanted[0] != '-')
		assert_int_equal(walked.st_ino, opened.st_ino);
}

/* The file's text is `wanted`, or there is an error: -errno as text. */
static void check(const char *path, const char *wanted)
{
	char text[64] = "";
	int fd = cp_tree_open(stage.root_fd, path);
	if (fd < 0) {
		snprintf(text, sizeof(text), "-%s", strerrorname_np(-fd));
	} else {
		assert_true(read(fd, text, sizeof(text) - 1) >= 0);
		close(fd);
	}
	assert_string_equal(text, wanted);
	check_walk(path, wanted);
}

static void plain_files_with_and_without_a_slash(void **state)
{
	(void)state;
	check("/etc/inner", "inner");
	check("etc/inner", "inner");
	check("//etc/./../etc//inner", "inner");
	check("/etc/none", "-ENOENT");
	check("/none/inner", "-ENOENT");
	check("/etc/inner/x", "-ENOTDIR");
	check("", "-ENOENT");
	check("/", "-EISDIR");
	check("/etc", "-EISDIR");
}

static void links_stay_within(void **state)
{
	char outside[128];
	(void)state;
	stage_link(&stage, "/absolute", "/etc/inner");
	stage_link(&stage, "/deep/relative", "../etc/inner");
	stage_link(&stage, "/up", "../../../../../../../../etc/inner");
	stage_link(&stage, "/directory", "/etc");
	stage_link(&stage, "/two", "/absolute");
	check("/absolute", "inner");
	check("/deep/relative", "inner");
	check("/up", "inner");
	check("/directory/inner", "inner");
	check("/two", "inner");
	check("../../../../../etc/inner", "inner");
	/* A file of this machine's, beside the root. */
	snprintf(outside, sizeof(outside), "%s-outside", stage.root);
	FILE *file = fopen(outside, "w");
	assert_true(file && fputs("outside", file) >= 0 && fclose(file) == 0);
	stage_link(&stage, "/out", outside);
	snprintf(outside, sizeof(outside), "../%s-outside", strrchr(stage.root, '/') + 1);
	stage_link(&stage, "/out-by-dots", outside);
	check("/out", "-ENOENT");
	check("/out-by-dots", "-ENOENT");
	check(outside, "-ENOENT");
	snprintf(outside, sizeof(outside), "%s-outside", stage.root);
	unlink(outside);
}

static void links_in_circles(void **state)
{
	(void)state;
	stage_link(&stage, "/a", "/b");
	stage_link(&stage, "/b", "/a");
	stage_link(&stage, "/self", "self");
	check("/a", "-ELOOP");
	check("/self/x", "-ELOOP");
}

static void magic_links_are_not_followed(void **state)
{
	(void)state;
	int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	assert_int_equal(cp_tree_open(root, "/proc/self/root/etc/passwd"), -ELOOP);
	assert_int_equal(cp_tree_open(root, "/proc/self/exe"), -ELOOP);
	close(root);
}

static void what_is_no_plain_file_is_not_opened(void **state)
{
	struct stat status;
	(void)state;
	assert_int_equal(mkfifo(stage_path(&stage, "/pipe"), 0666), 0);
	stage_link(&stage, "/to-pipe", "/pipe");
	check("/pipe", "-EACCES"); /* and does not hang */
	check("/to-pipe", "-EACCES");
	assert_int_equal(cp_tree_stat(stage.root_fd, "/to-pipe", &status), 0);
	assert_true(S_ISFIFO(status.st_mode));
	assert_int_equal(cp_tree_stat(stage.root_fd, "/", &status), 0);
	assert_true(S_ISDIR(status.st_mode));
	assert_int_equal(cp_tree_stat(stage.root_fd, "/none", &status), -ENOENT);
	assert_int_equal(cp_tree_stat(-1, "/etc/inner", &status), -EBADF);
}

static void paths_of_any_length(void **state)
{
	static char path[70000];
	(void)state;
	memset(path, 'a', sizeof(path) - 1);
	check(path, "-ENAMETOOLONG");
	path[300] = 0;
	check(path, "-ENAMETOOLONG");
}

#define TEST(name) STAGE_TEST_FROM(name, open_stage)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(plain_files_with_and_without_a_slash),
		TEST(links_stay_within),
		TEST(links_in_circles),
		TEST(magic_links_are_not_followed),
		TEST(what_is_no_plain_file_is_not_opened),
		TEST(paths_of_any_length),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
