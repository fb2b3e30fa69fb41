/* SPDX-License-Identifier: MIT */
#include "tree.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "memory.h"

#define MAX_TRIES 8
#define MAX_DEPTH 128 /* directories below the root */
#define MAX_LINKS 40  /* as the kernel has it, path_resolution(7) */
#define MAX_WALK 8192 /* bytes of a path whose links are partly resolved */

/* --- step by step --------------------------------------------------------------------------- */

/* A walk below a root: the directories that it is in, and what is still to go. */
struct walk {
	int root;
	int fds[MAX_DEPTH];
	size_t depth, links;
	char rest[MAX_WALK];
};

static void clear_walk(struct walk *walk)
{
	while (walk->depth > 0)
		close(walk->fds[--walk->depth]);
}

/* Puts the link's text before what is still to go. */
static int follow(struct walk *walk, int link)
{
	char text[MAX_WALK];
	char longer[MAX_WALK];
	ssize_t size = readlinkat(link, "", text, sizeof(text) - 1);
	if (size < 0)
		return -errno;
	text[size] = 0;
	if (++walk->links > MAX_LINKS)
		return -ELOOP;
	if (snprintf(longer, sizeof(longer), "%s/%s", text, walk->rest) >= (int)sizeof(longer))
		return -ENAMETOOLONG;
	memcpy(walk->rest, longer, sizeof(longer));
	if (text[0] == '/')
		clear_walk(walk);
	return 0;
}

static int enter(struct walk *walk, const char *name)
{
	struct stat status;
	int at = walk->depth ? walk->fds[walk->depth - 1] : walk->root;
	int fd = openat(at, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		int error = -errno;
		if (fd >= 0)
			close(fd);
		return error;
	}
	if (S_ISLNK(status.st_mode)) {
		int result = follow(walk, fd);
		close(fd);
		return result;
	}
	if (walk->depth == MAX_DEPTH) {
		close(fd);
		return -ENAMETOOLONG;
	}
	walk->fds[walk->depth++] = fd;
	return 0;
}

/* Takes the next name off the path; "" where there is none. */
static void next_name(struct walk *walk, char *name, size_t size)
{
	const char *start = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(start, "/");
	snprintf(name, size, "%.*s", (int)length, start);
	memmove(walk->rest, start + length, strlen(start + length) + 1);
}

int cp_tree_walk(int root, const char *path)
{
	char name[MAX_WALK];
	__attribute__((cleanup(clear_walk))) struct walk walk = {.root = root};
	if (snprintf(walk.rest, sizeof(walk.rest), "%s", path) >= (int)sizeof(walk.rest))
		return -ENAMETOOLONG;
	if (!path[0])
		return -ENOENT;
	for (next_name(&walk, name, sizeof(name)); name[0]; next_name(&walk, name, sizeof(name))) {
		int result = 0;
		if (strcmp(name, "..") == 0 && walk.depth)
			close(walk.fds[--walk.depth]);
		else if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			result = enter(&walk, name);
		if (result < 0)
			return result;
	}
	int fd = fcntl(walk.depth ? walk.fds[walk.depth - 1] : root, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

/* --- by the kernel -------------------------------------------------------------------------- */

/* EAGAIN: something was renamed or unmounted meanwhile. It can go on for ever: once a container is
 * gone, its root is in no namespace, and there a walk that follows a link and then meets ".." is
 * disturbed by itself (measured on overlayfs; Debian 13 has such a link at its loader). */
static int open_path(int root, const char *path)
{
	struct open_how how = {
		.flags = O_PATH | O_CLOEXEC, .resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS};
	for (int tries = 0; tries < MAX_TRIES; tries++) {
		long fd = syscall(SYS_openat2, root, path, &how, sizeof(how));
		if (fd >= 0 || errno != EAGAIN)
			return fd < 0 ? -errno : (int)fd;
	}
	return cp_tree_walk(root, path);
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

const char *cp_tree_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
