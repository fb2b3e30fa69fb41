/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define MAX_TRIES 100

static int open_path(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	long fd;
	int tries = 0;
	do { /* EAGAIN: something was renamed meanwhile, which somebody may do without end */
		fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
	} while (fd < 0 && errno == EAGAIN && ++tries < MAX_TRIES);
	return fd < 0 ? -errno : (int)fd;
}

int cp_tree_stat(int root, const char *path, struct stat *status)
{
	cp_cleanup_close int fd = open_path(root, path);
	if (fd < 0)
		return fd;
	return fstat(fd, status) < 0 ? -errno : 0;
}

int cp_tree_open(int root, const char *path)
{
	char link[64];
	struct stat status;
	cp_cleanup_close int fd = open_path(root, path);
	if (fd < 0)
		return fd;
	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode))
		return S_ISDIR(status.st_mode) ? -EISDIR : -EACCES;
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	int readable = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	return readable < 0 ? -errno : readable;
}
