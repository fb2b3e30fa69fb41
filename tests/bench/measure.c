/* SPDX-License-Identifier: MIT
 *
 * Times shell commands against each other, fairly: interleaved rounds (so that a
 * noisy minute hits all alike), one warm-up round, medians. A command's peak of
 * anonymous memory (RssAnon of /proc/PID/status) is polled while it runs.
 *
 *   measure ROUNDS COMMAND...
 *
 * prints per command: median seconds, peak anonymous KiB, bytes it had written to
 * disk (write_bytes of /proc/PID/io), tab-separated, in the order given.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_COMMANDS 16
#define MAX_ROUNDS 101
#define POLL_MICROSECONDS 2000

struct result {
	double seconds[MAX_ROUNDS];
	long peak_kib;
	long written;
};

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* The number behind `key` in /proc/PID/FILE, or -1. */
static long proc_number(pid_t pid, const char *file, const char *key)
{
	char path[64], line[256];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	FILE *stream = fopen(path, "re");
	long value = -1;
	while (stream && fgets(line, sizeof(line), stream))
		if (!strncmp(line, key, strlen(key)))
			value = strtol(line + strlen(key), NULL, 10);
	if (stream)
		fclose(stream);
	return value;
}

static pid_t start(const char *command)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	int null = open("/dev/null", O_WRONLY);
	if (null < 0 || dup2(null, 1) < 0)
		_exit(126);
	execl("/bin/sh", "sh", "-c", command, (char *)NULL);
	_exit(127);
}

/* The exit status stays readable through /proc until the child is reaped. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = {0};
	return waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid == pid;
}

static int run_once(const char *command, double *seconds, struct result *result)
{
	double began = now();
	pid_t pid = start(command);
	if (pid < 0)
		return -1;
	while (!has_ended(pid)) {
		long anonymous = proc_number(pid, "status", "RssAnon:");
		if (anonymous > result->peak_kib)
			result->peak_kib = anonymous;
		usleep(POLL_MICROSECONDS);
	}
	*seconds = now() - began;
	long written = proc_number(pid, "io", "write_bytes:");
	if (written > result->written)
		result->written = written;
	int status = 0;
	waitpid(pid, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) < 126 ? 0 : -1;
}

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

int main(int argc, char **argv)
{
	int rounds = argc > 2 ? atoi(argv[1]) : 0;
	int commands = argc - 2;
	if (rounds < 1 || rounds > MAX_ROUNDS || commands > MAX_COMMANDS) {
		fprintf(stderr, "usage: measure ROUNDS COMMAND...\n");
		return 64;
	}
	static struct result results[MAX_COMMANDS];
	for (int round = -1; round < rounds; round++) {
		for (int i = 0; i < commands; i++) {
			double seconds;
			if (run_once(argv[2 + i], &seconds, &results[i]) < 0) {
				fprintf(stderr, "measure: failed: %s\n", argv[2 + i]);
				return 1;
			}
			if (round >= 0)
				results[i].seconds[round] = seconds;
		}
	}
	for (int i = 0; i < commands; i++) {
		qsort(results[i].seconds, (size_t)rounds, sizeof(double), by_value);
		printf("%.4f\t%ld\t%ld\n", results[i].seconds[rounds / 2], results[i].peak_kib,
			results[i].written);
	}
	return 0;
}
