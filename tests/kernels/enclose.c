/* SPDX-License-Identifier: MIT
 *
 * A container without an engine: what a tracer can see of one, and nothing else.
 *
 *   enclose [-i ID] [-c CGROUPS] ROOT PROGRAM [ARGUMENT...]
 *
 * PROGRAM runs in a mount and a PID namespace of its own, with ROOT for its root directory ("/": a
 * container that holds what the machine holds, and starts where enclose was), in the control group
 * CGROUPS/docker/ID, as Docker's cgroupfs driver names it. ID is 64 hexadecimal digits (none given:
 * drawn), CGROUPS where the second version of the control groups is mounted (none given: looked
 * for). The file that PROGRAM names is sought in ROOT, by PATH too. The status is PROGRAM's own,
 * 128 + its signal, or 125 where the container could not be made; what was made is removed at the
 * end.
 *
 * It is linked statically, so that it runs in an initramfs.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAILED 125
#define ID_SIZE 64

static _Noreturn void give_up(const char *what)
{
	fprintf(stderr, "enclose: %s: %s\n", what, strerror(errno));
	_exit(FAILED);
}

static void draw_id(char id[ID_SIZE + 1])
{
	unsigned char random[ID_SIZE / 2];
	if (getrandom(random, sizeof(random), 0) != sizeof(random))
		give_up("getrandom");
	for (size_t i = 0; i < sizeof(random); i++)
		snprintf(id + 2 * i, 3, "%02x", random[i]);
}

static const char *find_cgroups(void)
{
	static const char *const places[] = {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"};
	char path[64];
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s/cgroup.procs", places[i]);
		if (access(path, W_OK) == 0)
			return places[i];
	}
	errno = ENOENT;
	give_up("control groups");
}

/* Returns true where the directory was made, and not merely there. */
static bool make_directory(const char *path)
{
	if (mkdir(path, 0755) == 0)
		return true;
	if (errno != EEXIST)
		give_up(path);
	return false;
}

/* The old root ends up below the new one at the same place, and is then let go. */
static void change_root(const char *root)
{
	if (mount(root, root, NULL, MS_BIND | MS_REC, NULL) < 0 || chdir(root) < 0)
		give_up(root);
	if (syscall(SYS_pivot_root, ".", ".") < 0 || umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		give_up("pivot_root");
}

static _Noreturn void run_program(int cgroup, const char *root, char **arguments)
{
	if (write(cgroup, "0", 1) != 1)
		give_up("cgroup.procs");
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		give_up("unshare");
	if (strcmp(root, "/") != 0)
		change_root(root);
	else if (chroot("/") < 0) /* every runtime changes the root: tracers wait for that */
		give_up("chroot");
	if (mount("proc", "/proc", "proc", 0, NULL) < 0)
		give_up("/proc");
	if (strchr(arguments[0], '/'))
		execv(arguments[0], arguments); /* and no shell where it is no program */
	else
		execvp(arguments[0], arguments);
	int problem = errno;
	fprintf(stderr, "enclose: %s: %s\n", arguments[0], strerror(problem));
	_exit(problem == ENOENT ? 127 : 126);
}

int main(int argc, char **argv)
{
	char id[ID_SIZE + 1] = "";
	const char *cgroups = NULL;
	for (int option; (option = getopt(argc, argv, "+i:c:")) != -1;) {
		if (option == 'i' && strlen(optarg) == ID_SIZE)
			strcpy(id, optarg);
		else if (option == 'c')
			cgroups = optarg;
		else
			optind = argc;
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: enclose [-i ID] [-c CGROUPS] ROOT PROGRAM [ARGUMENT...]\n");
		return 64;
	}
	if (!*id)
		draw_id(id);
	if (!cgroups)
		cgroups = find_cgroups();
	char parent[4096], cgroup[4096 + ID_SIZE + 2], entrance[sizeof(cgroup) + 16];
	snprintf(parent, sizeof(parent), "%s/docker", cgroups);
	snprintf(cgroup, sizeof(cgroup), "%s/%s", parent, id);
	snprintf(entrance, sizeof(entrance), "%s/cgroup.procs", cgroup);
	bool made = make_directory(parent);
	make_directory(cgroup);
	int fd = open(entrance, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		give_up(entrance);

	if (unshare(CLONE_NEWPID) < 0)
		give_up("unshare");
	pid_t pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0)
		run_program(fd, argv[optind], argv + optind + 1);
	int status = 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	rmdir(cgroup);
	if (made)
		rmdir(parent);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
