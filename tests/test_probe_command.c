/* SPDX-License-Identifier: MIT
 *
 * The command's small parts: text, suggestions, options, outputs, the progress line.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cut_file.h"
#include "memory.h"
#include "options.h"
#include "output.h"
#include "progress.h"
#include "suggest.h"
#include "text.h"

/* --- text -------------------------------------------------------------------------------- */

static void text_shows_what_it_cannot_print(void **state)
{
	static const struct {
		const char *text, *printable;
	} cases[] = {
		{"plain \\ text", "plain \\ text"},
		{"gr\xc3\xbc\xc3\x9f \xe2\x86\x92 \xf0\x9f\x90\xa7",
			"gr\xc3\xbc\xc3\x9f \xe2\x86\x92 \xf0\x9f\x90\xa7"},
		{"\033[31m\n\t\x7f", "\\x1b[31m\\x0a\\x09\\x7f"},
		{"\xc2\x9b", "\\u{9b}"},                      /* CSI as one character */
		{"\xe2\x80\xae", "\\u{202e}"},                /* right-to-left override */
		{"\xe2\x80\x8b", "\\u{200b}"},                /* zero width */
		{"\xc0\xaf", "\\xc0\\xaf"},                   /* overlong slash */
		{"\xed\xa0\x80", "\\xed\\xa0\\x80"},          /* surrogate */
		{"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"}, /* above U+10FFFF */
		{"\xf5", "\\xf5"},
		{"\xe2\x82", "\\xe2\\x82"}, /* cut */
		{"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_free char *printable = cp_text_printable(cases[i].text);
		assert_string_equal(printable, cases[i].printable);
	}
}

static void text_becomes_utf8(void **state)
{
	(void)state;
	cp_cleanup_free char *kept = cp_text_to_utf8("a\n\xc3\xbc");
	assert_string_equal(kept, "a\n\xc3\xbc");
	cp_cleanup_free char *mended = cp_text_to_utf8("\xff-\xe2\x82-\xc3");
	assert_string_equal(mended, "\xef\xbf\xbd-\xef\xbf\xbd\xef\xbf\xbd-\xef\xbf\xbd");
	cp_cleanup_free char *nothing = cp_text_to_utf8("");
	assert_string_equal(nothing, "");
}

static void bytes_read_well(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *text;
	} cases[] = {{0, "0 bytes"}, {1, "1 byte"}, {999, "999 bytes"}, {1000, "1.0 kB"},
		{113400000, "113.4 MB"}, {999949, "999.9 kB"}, {999950, "1.0 MB"},
		{UINT64_MAX, "18.4 EB"}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char text[CP_TEXT_BYTES_SIZE];
		cp_text_bytes(text, cases[i].bytes);
		assert_string_equal(text, cases[i].text);
	}
}

static void suggestions_are_near(void **state)
{
	static const char *const words[] = {"scan", "base", "target"};
	(void)state;
	assert_string_equal(cp_suggest("scna", words, 3), "scan");
	assert_string_equal(cp_suggest("traget", words, 3), "target");
	assert_string_equal(cp_suggest("bas", words, 3), "base");
	assert_null(cp_suggest("recommend", words, 3));
	assert_null(cp_suggest("", words, 3));
	assert_null(cp_suggest("a word that is longer than any that is known here", words, 3));
}

/* --- options ------------------------------------------------------------------------------ */

static const struct cp_command command = {.name = "scan"};

static int parse(struct cp_options *options, unsigned takes, char **argv)
{
	int argc = 0;
	while (argv[argc])
		argc++;
	return cp_options_parse(options, takes, &command, argc, argv);
}
#define PARSE(options, takes, ...) parse(options, takes, (char *[]){"scan", __VA_ARGS__, NULL})

static void options_stand_anywhere(void **state)
{
	struct cp_options options;
	(void)state;
	assert_int_equal(
		PARSE(&options, ~0u & ~CP_OPTION_FILE, "image", "-v", "a", "--target=x", "b", "-t",
			"y", "-ojson=f", "-o", "table", "--fail-on", "crashes", "--", "-q"),
		0);
	assert_int_equal(options.n_arguments, 4);
	assert_string_equal(options.arguments[0], "image");
	assert_string_equal(options.arguments[2], "b");
	assert_string_equal(options.arguments[3], "-q");
	assert_true(options.verbose);
	assert_false(options.quiet);
	assert_int_equal(options.n_targets, 2);
	assert_string_equal(options.targets[1], "y");
	assert_int_equal(options.n_outputs, 2);
	assert_int_equal(options.outputs[0].format, CP_FORMAT_JSON);
	assert_string_equal(options.outputs[0].file, "f");
	assert_null(options.outputs[1].file);
	assert_int_equal(options.fail_on, CP_OUTCOME_CRASHES);
}

static void options_have_defaults(void **state)
{
	struct cp_options options;
	(void)state;
	assert_int_equal(PARSE(&options, CP_OPTION_OUTPUT, "dir"), 0);
	assert_int_equal(options.n_outputs, 1);
	assert_int_equal(options.outputs[0].format, CP_FORMAT_TABLE);
	assert_int_equal(options.fail_on, CP_OUTCOME_UNKNOWN);
	assert_int_equal(options.n_targets, 0);
}

static void options_not_taken_are_unknown(void **state)
{
	struct cp_options options;
	(void)state;
	assert_int_equal(PARSE(&options, CP_OPTION_OUTPUT, "--target", "x"), CP_EXIT_USAGE);
	assert_int_equal(PARSE(&options, CP_OPTION_OUTPUT, "-v"), CP_EXIT_USAGE);
	assert_int_equal(PARSE(&options, CP_OPTION_FILE, "-o", "any.base"), 0);
	assert_string_equal(options.file, "any.base");
	assert_int_equal(PARSE(&options, CP_OPTION_OUTPUT, "-o", "any.base"), CP_EXIT_USAGE);
	assert_int_equal(PARSE(&options, 0, "--help"), 0);
	assert_true(options.help);
}

static void targets_have_a_limit(void **state)
{
	char *argv[CP_OPTIONS_MAX_TARGETS + 3] = {"scan"};
	struct cp_options options;
	(void)state;
	for (size_t i = 0; i < CP_OPTIONS_MAX_TARGETS; i++)
		argv[i + 1] = "-tx";
	assert_int_equal(parse(&options, CP_OPTION_TARGET, argv), 0);
	argv[CP_OPTIONS_MAX_TARGETS + 1] = "-tx";
	assert_int_equal(parse(&options, CP_OPTION_TARGET, argv), CP_EXIT_USAGE);
}

/* --- outputs ------------------------------------------------------------------------------- */

static int make_directory(void **state)
{
	char *directory = strdup("/tmp/compatprobe-test.XXXXXX");
	if (!directory || !mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	*state = directory;
	return 0;
}

static int remove_directory(void **state)
{
	unlink("report");
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(rmdir(*state), 0); /* nothing else was left behind */
	free(*state);
	return 0;
}

static void files_appear_when_they_are_whole(void **state)
{
	struct cp_output output;
	struct cp_output_request request = {.file = "report"};
	struct stat status;
	(void)state;
	assert_int_equal(cp_output_open(&output, &request, NULL), 0);
	fputs("text", output.file);
	assert_int_not_equal(stat("report", &status), 0);
	assert_int_equal(cp_output_commit(&output, NULL), 0);
	assert_int_equal(stat("report", &status), 0);
	assert_int_equal(status.st_size, 4);
}

static void abandoned_files_leave_the_old_one(void **state)
{
	struct cp_output output;
	struct cp_output_request request = {.file = "report"};
	struct stat status;
	(void)state;
	assert_int_equal(cp_output_open(&output, &request, NULL), 0);
	fputs("old", output.file);
	assert_int_equal(cp_output_commit(&output, NULL), 0);
	assert_int_equal(cp_output_open(&output, &request, NULL), 0);
	fputs("unfinished", output.file);
	cp_output_abandon(&output);
	assert_int_equal(stat("report", &status), 0);
	assert_int_equal(status.st_size, 3);
}

/* Whatever ends the run: remove_directory() fails where anything was left behind. */
static void a_killed_run_leaves_nothing(void **state)
{
	(void)state;
	int status, nameless = open(".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (nameless < 0)
		skip(); /* this file system cannot */
	close(nameless);
	pid_t child = fork();
	if (child == 0) {
		struct cp_output output;
		if (cp_output_open(&output, &(struct cp_output_request){.file = "report"}, NULL) <
			0)
			_exit(1);
		fputs("unfinished", output.file);
		fflush(output.file);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(access("report", F_OK), -1);
}

static void failed_writes_are_told(void **state)
{
	struct cp_output output;
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_output_request full = {.file = "/dev/full"}, nowhere = {.file = "no/report"};
	(void)state;
	assert_int_equal(cp_output_open(&output, &full, NULL), 0);
	fputs("text", output.file);
	assert_int_equal(cp_output_commit(&output, &err), -1);
	assert_string_equal(err->message, "cannot write to /dev/full: No space left on device");
	assert_int_equal(cp_output_open(&output, &nowhere, &err), -1);
	assert_non_null(strstr(err->message, "no/report"));
}

static void requests_are_read(void **state)
{
	struct cp_output_request request;
	(void)state;
	assert_int_equal(cp_output_request_parse("json=a=b", &request), 0);
	assert_string_equal(request.file, "a=b");
	assert_int_equal(cp_output_request_parse("table", &request), 0);
	assert_null(request.file);
	assert_int_equal(cp_output_request_parse("tab", &request), -1);
	assert_int_equal(cp_output_request_parse("tables", &request), -1);
	assert_int_equal(cp_output_request_parse("", &request), -1);
	assert_int_equal(cp_output_request_parse("json=", &request), -1);
}

/* --- files that change -------------------------------------------------------------------- */

/* Reads the second page of a mapped file that has one no more. */
static void read_what_was_cut(const char *path)
{
	int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || ftruncate(fd, 8192) < 0)
		_exit(90);
	volatile char *mapped = mmap(NULL, 8192, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapped == MAP_FAILED || ftruncate(fd, 100) < 0)
		_exit(91);
	_exit(mapped[5000] ? 92 : 93);
}

static void a_cut_file_is_told(void **state)
{
	char text[200] = "";
	int status, ends[2];
	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid_t child = fork();
	if (child == 0) {
		dup2(ends[1], STDERR_FILENO);
		cp_cut_file_watch();
		read_what_was_cut("app\033.tar");
	}
	close(ends[1]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 1);
	assert_true(read(ends[0], text, sizeof(text) - 1) > 0);
	close(ends[0]);
	assert_non_null(strstr(text, "compatprobe: /"));
	assert_non_null(strstr(text, "/app?.tar: cut short, "));
	assert_int_equal(text[strlen(text) - 1], '\n');
	assert_int_equal(unlink("app\033.tar"), 0);
}

/* A signal that somebody sends is not about a file. */
static void a_sent_signal_ends_the_process(void **state)
{
	int status;
	(void)state;
	pid_t child = fork();
	if (child == 0) {
		cp_cut_file_watch();
		kill(getpid(), SIGBUS);
		_exit(90);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

/* --- progress ------------------------------------------------------------------------------ */

static void progress_is_drawn(void **state)
{
	char line[256];
	(void)state;
	cp_progress_line(line, sizeof(line), 80, "app.tar", 500000, 1000000);
	assert_string_equal(line, "app.tar  [###############...............]  50 %  500.0 kB");
	cp_progress_line(line, sizeof(line), 80, "app.tar", 2000000, 1000000);
	assert_non_null(strstr(line, "] 100 %"));
	cp_progress_line(line, sizeof(line), 80, "app.tar", 1500, 0);
	assert_string_equal(line, "app.tar  1.5 kB");
	cp_progress_line(
		line, sizeof(line), 80, "a name that is far too long for the line it is on", 1, 2);
	assert_true(cp_text_width(line) < 80);
}

static void progress_is_silent_without_a_terminal(void **state)
{
	struct cp_progress progress;
	(void)state;
	cp_progress_start(&progress, "app.tar", false);
	progress.started = 0; /* long ago */
	cp_progress_update(&progress, 1, 2);
	assert_int_equal(progress.drawn, 0);
}

int main(void)
{
#define IN_DIRECTORY(name) cmocka_unit_test_setup_teardown(name, make_directory, remove_directory)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_shows_what_it_cannot_print),
		cmocka_unit_test(text_becomes_utf8),
		cmocka_unit_test(bytes_read_well),
		cmocka_unit_test(suggestions_are_near),
		cmocka_unit_test(options_stand_anywhere),
		cmocka_unit_test(options_have_defaults),
		cmocka_unit_test(options_not_taken_are_unknown),
		cmocka_unit_test(targets_have_a_limit),
		IN_DIRECTORY(files_appear_when_they_are_whole),
		IN_DIRECTORY(abandoned_files_leave_the_old_one),
		IN_DIRECTORY(a_killed_run_leaves_nothing),
		cmocka_unit_test(failed_writes_are_told),
		cmocka_unit_test(requests_are_read),
		IN_DIRECTORY(a_cut_file_is_told),
		cmocka_unit_test(a_sent_signal_ends_the_process),
		cmocka_unit_test(progress_is_drawn),
		cmocka_unit_test(progress_is_silent_without_a_terminal),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
