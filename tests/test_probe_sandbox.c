/* SPDX-License-Identifier: MIT
 *
 * The sandbox from inside. Each question is asked by a child that entered it, since there
 * is no way back; a child's answer is its exit status.
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
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "output.h"
#include "sandbox.h"

enum { FINE = 0, WRONG = 1, NOT_HERE = 77 };

static const char *const inputs[] = {"docker-archive:given:of.tar@2", "tree"};
static const char *const outputs[] = {"results/report"};

static struct cp_sandbox sandbox_with(enum cp_sandbox_network network)
{
	return (struct cp_sandbox){.inputs = inputs,
		.n_inputs = sizeof(inputs) / sizeof(inputs[0]),
		.outputs = outputs,
		.n_outputs = 1,
		.network = network};
}

/* Asks `question` in a child inside the sandbox; skips where the kernel has no such `part`. */
static void ask(unsigned part, enum cp_sandbox_network network, bool (*question)(void))
{
	int status;
	pid_t child = fork();
	if (child == 0) {
		struct cp_sandbox sandbox = sandbox_with(network);
		if (!(cp_sandbox_enter(&sandbox) & part))
			_exit(NOT_HERE);
		_exit(question() ? FINE : WRONG);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == NOT_HERE)
		skip();
	assert_int_equal(WEXITSTATUS(status), FINE);
}

static void make_file(const char *path)
{
	FILE *file = fopen(path, "we");
	assert_non_null(file);
	fputs("text", file);
	assert_int_equal(fclose(file), 0);
}

static int enter(void **state)
{
	static char directory[] = "/tmp/compatprobe-sandbox-XXXXXX";
	*state = directory;
	unsetenv("COMPATPROBE_SANDBOX");
	if (!mkdtemp(directory) || chdir(directory) < 0 || mkdir("tree", 0755) < 0 ||
		mkdir("results", 0755) < 0 || symlink("../secret", "tree/out") < 0)
		return -1;
	make_file("given:of.tar");
	make_file("tree/file");
	make_file("secret");
	make_file("results/report");
	return 0;
}

static int leave(void **state)
{
	char command[100];
	snprintf(command, sizeof(command), "rm -r %s", (char *)*state);
	return system(command);
}

/* --- files ------------------------------------------------------------------------------- */

static bool opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool refused(const char *path, int flags)
{
	errno = 0;
	return !opens(path, flags) && errno == EACCES;
}

static bool inputs_only_are_read(void)
{
	return opens("given:of.tar", O_RDONLY) && opens("tree/file", O_RDONLY) &&
	       opens("tree", O_RDONLY | O_DIRECTORY) && refused("secret", O_RDONLY) &&
	       refused("tree/out", O_RDONLY) && refused("/etc/passwd", O_RDONLY) &&
	       refused("given:of.tar", O_WRONLY) && refused("tree/file", O_WRONLY | O_TRUNC) &&
	       refused("tree/new", O_WRONLY | O_CREAT);
}

static bool nothing_is_removed(void)
{
	return unlink("tree/file") < 0 && rename("tree/file", "results/file") < 0 &&
	       mkdir("tree/new", 0700) < 0 && symlink("/", "results/link") < 0;
}

static bool results_are_replaced(void)
{
	struct cp_output output;
	struct cp_output_request request = {.file = outputs[0]};
	struct stat status;
	if (cp_output_open(&output, &request, NULL) < 0)
		return false;
	fputs("another text", output.file);
	return cp_output_commit(&output, NULL) == 0 && stat(outputs[0], &status) == 0 &&
	       status.st_size == 12 && refused("report", O_WRONLY | O_CREAT);
}

static void files(void **state)
{
	(void)state;
	ask(CP_SANDBOX_FILES, CP_NETWORK_NONE, inputs_only_are_read);
	ask(CP_SANDBOX_FILES, CP_NETWORK_NONE, nothing_is_removed);
	ask(CP_SANDBOX_FILES, CP_NETWORK_NONE, results_are_replaced);
}

/* --- system calls ------------------------------------------------------------------------ */

static bool no_program_runs(void)
{
	char *arguments[] = {"true", NULL};
	errno = 0;
	return execv("/bin/true", arguments) < 0 && errno == EPERM;
}

static bool no_process_is_traced(void)
{
	errno = 0;
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0 && errno == EPERM;
}

static bool makes_socket(int family)
{
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static bool no_sockets(void)
{
	return !makes_socket(AF_UNIX) && !makes_socket(AF_INET) && !makes_socket(AF_NETLINK);
}

static bool sockets_to_a_local_engine(void)
{
	return makes_socket(AF_UNIX) && !makes_socket(AF_INET) && !makes_socket(AF_INET6);
}

static bool sockets_to_an_engine_elsewhere(void)
{
	errno = 0;
	return makes_socket(AF_UNIX) && makes_socket(AF_INET) && !makes_socket(AF_PACKET) &&
	       errno == EPERM;
}

static void system_calls(void **state)
{
	(void)state;
	ask(CP_SANDBOX_CALLS, CP_NETWORK_NONE, no_program_runs);
	ask(CP_SANDBOX_CALLS, CP_NETWORK_NONE, no_process_is_traced);
	ask(CP_SANDBOX_CALLS, CP_NETWORK_NONE, no_sockets);
	ask(CP_SANDBOX_CALLS, CP_NETWORK_UNIX, sockets_to_a_local_engine);
	ask(CP_SANDBOX_CALLS, CP_NETWORK_INET, sockets_to_an_engine_elsewhere);
}

/* --- capabilities and the way out ---------------------------------------------------------- */

static bool no_privileges_are_left(void)
{
	char line[200];
	unsigned long long effective = ~0ull, all = 0;
	FILE *status = fopen("/proc/self/status", "re");
	while (status && fgets(line, sizeof(line), status))
		if (sscanf(line, "CapEff: %llx", &effective) == 1)
			all = effective;
	/* CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER */
	return status && fclose(status) == 0 && (all & ~0xeull) == 0 && effective != ~0ull;
}

static void privileges(void **state)
{
	(void)state;
	ask(CP_SANDBOX_CALLS, CP_NETWORK_NONE, no_privileges_are_left);
}

static bool anything_goes(void)
{
	return opens("secret", O_RDONLY) && makes_socket(AF_UNIX);
}

static void off(void **state)
{
	(void)state;
	setenv("COMPATPROBE_SANDBOX", "off", 1);
	ask(CP_SANDBOX_FILES, CP_NETWORK_NONE, anything_goes);
	unsetenv("COMPATPROBE_SANDBOX");
}

/* --- references ---------------------------------------------------------------------------- */

static void which_references_need_an_engine(void **state)
{
	(void)state;
	unsetenv("DOCKER_HOST");
	assert_int_equal(cp_sandbox_network_of("docker-archive:none.tar"), CP_NETWORK_NONE);
	assert_int_equal(cp_sandbox_network_of("rootfs:/"), CP_NETWORK_NONE);
	assert_int_equal(cp_sandbox_network_of("./none"), CP_NETWORK_NONE);
	assert_int_equal(cp_sandbox_network_of("tree"), CP_NETWORK_NONE);
	assert_int_equal(cp_sandbox_network_of("-"), CP_NETWORK_NONE);
	assert_int_equal(cp_sandbox_network_of("workflow:latest"), CP_NETWORK_UNIX);
	assert_int_equal(cp_sandbox_network_of("docker-daemon:tree"), CP_NETWORK_UNIX);
	setenv("DOCKER_HOST", "unix:///run/docker.sock", 1);
	assert_int_equal(cp_sandbox_network_of("workflow:latest"), CP_NETWORK_UNIX);
	setenv("DOCKER_HOST", "tcp://engine:2375", 1);
	assert_int_equal(cp_sandbox_network_of("workflow:latest"), CP_NETWORK_INET);
	assert_int_equal(cp_sandbox_network_of("tree"), CP_NETWORK_NONE);
	unsetenv("DOCKER_HOST");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files),
		cmocka_unit_test(system_calls),
		cmocka_unit_test(privileges),
		cmocka_unit_test(off),
		cmocka_unit_test(which_references_need_an_engine),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
