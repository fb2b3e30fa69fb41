/* SPDX-License-Identifier: MIT
 *
 * What a tracer is measured by: one system call or one dlopen(3), again and again, or a command.
 *
 *   trace_load getppid COUNT RATE          a call that nobody watches
 *   trace_load open COUNT RATE NAME        openat(2) of a file that does not exist
 *   trace_load write COUNT RATE LINE       a line to standard error
 *   trace_load dlopen COUNT RATE FILE      dlopen(3) and dlclose(3)
 *   trace_load time COMMAND [ARGUMENT...]  a command, its output thrown away
 *
 * RATE is per second; 0: as fast as it goes. Calls come in bunches (of a millisecond, where there
 * is a rate), between which the clock is read in user space: pacing makes no system call. Prints
 * the nanoseconds per call of the median bunch, so that one which lost the processor does not
 * count, and the calls per second of all; of a command its wall-clock and its processor seconds.
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define BUNCHES 100 /* where there is no rate */
#define MAX_BUNCHES 60000

static const char *argument;
static size_t argument_size;

static double now(void)
{
	struct timespec at;
	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static bool call_getppid(void)
{
	return syscall(SYS_getppid) >= 0;
}

static bool call_open(void)
{
	return openat(AT_FDCWD, argument, O_RDONLY | O_CLOEXEC) < 0 && errno == ENOENT;
}

static bool call_write(void)
{
	return write(STDERR_FILENO, argument, argument_size) == (ssize_t)argument_size;
}

static bool call_dlopen(void)
{
	void *object = dlopen(argument, RTLD_NOW);
	return object && dlclose(object) == 0;
}

static const struct {
	const char *name;
	bool (*call)(void);
} loads[] = {
	{"getppid", call_getppid},
	{"open", call_open},
	{"write", call_write},
	{"dlopen", call_dlopen},
};

static int by_value(const void *a, const void *b)
{
	double left = *(const double *)a, right = *(const double *)b;
	return (left > right) - (left < right);
}

static int repeat(bool (*call)(void), long count, long rate)
{
	static double took[MAX_BUNCHES];
	long bunch = rate ? (rate + 999) / 1000 : count / BUNCHES + 1, bunches = 0;
	double began = now();
	for (long done = 0; done < count && bunches < MAX_BUNCHES; bunches++) {
		while (rate && now() < began + (double)done / (double)rate)
			;
		double from = now();
		for (long i = 0; i < bunch; i++, done++)
			if (!call())
				return 1;
		took[bunches] = (now() - from) / (double)bunch;
	}
	double all = now() - began;
	qsort(took, (size_t)bunches, sizeof(*took), by_value);
	printf("%.1f\t%.0f\n", took[bunches / 2] * 1e9, (double)(bunch * bunches) / all);
	return 0;
}

static double seconds_of(struct timeval time)
{
	return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static int time_command(char **command)
{
	struct rusage usage;
	int status = 0;
	double began = now();
	pid_t pid = fork();
	if (pid == 0) {
		int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
		if (null >= 0 && dup2(null, STDOUT_FILENO) >= 0)
			execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
		return 1;
	printf("%.4f\t%.4f\n", now() - began,
		seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && strcmp(argv[1], "time") == 0)
		return time_command(argv + 2);
	argument = argc > 4 ? argv[4] : "";
	argument_size = strlen(argument);
	for (size_t i = 0; argc > 3 && i < sizeof(loads) / sizeof(*loads); i++) {
		if (strcmp(argv[1], loads[i].name) != 0)
			continue;
		int status = repeat(loads[i].call, atol(argv[2]), atol(argv[3]));
		if (status)
			fprintf(stderr, "trace_load: %s does not do what it should\n", argv[1]);
		return status;
	}
	fprintf(stderr, "usage: trace_load getppid|open|write|dlopen COUNT RATE [ARGUMENT]\n");
	return 64;
}
