/* SPDX-License-Identifier: MIT */
#include "roots.h"

#include <fcntl.h>
#include <pthread.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

unsigned cp_mount_ns_of(pid_t pid)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
	return stat(path, &status) == 0 ? (unsigned)status.st_ino : 0;
}

struct root {
	unsigned mount_ns;
	pid_t pid; /* by whom it was taken */
	int fd;
	bool asked;      /* by cp_roots_is_new */
	uint64_t probed; /* since when its libc has probes, nanoseconds; 0: it has none */
	uint64_t gone;   /* since when, nanoseconds; 0: it is there */
	struct root *next;
};

struct cp_roots {
	pthread_mutex_t lock;
	void *by_ns; /* tsearch(3) */
	struct root *first;
	struct root *replaced; /* whose descriptors may still be in use */
	size_t count;
};

static void unlock(pthread_mutex_t **lock)
{
	pthread_mutex_unlock(*lock);
}

/* Holds the lock until the end of the block. */
#define LOCK(roots)                                                                                \
	pthread_mutex_t *held __attribute__((cleanup(unlock))) = &(roots)->lock;                   \
	pthread_mutex_lock(held)

static int compare_roots(const void *left, const void *right)
{
	const struct root *a = left, *b = right;
	return a->mount_ns < b->mount_ns ? -1 : a->mount_ns > b->mount_ns;
}

struct cp_roots *cp_roots_new(void)
{
	pthread_mutexattr_t attributes;
	struct cp_roots *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	pthread_mutexattr_init(&attributes);
	/* Who holds it has no lower priority than who waits for it. */
	pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	pthread_mutex_init(&self->lock, &attributes);
	pthread_mutexattr_destroy(&attributes);
	return self;
}

static void keep_node(void *node)
{
	(void)node; /* the list owns it */
}

static void close_all(struct root **list)
{
	while (*list) {
		struct root *root = *list;
		*list = root->next;
		close(root->fd);
		free(root);
	}
}

void cp_roots_free(struct cp_roots *self)
{
	if (!self)
		return;
	tdestroy(self->by_ns, keep_node);
	close_all(&self->first);
	close_all(&self->replaced);
	pthread_mutex_destroy(&self->lock);
	free(self);
}

static struct root *find(const struct cp_roots *self, unsigned mount_ns)
{
	struct root key = {.mount_ns = mount_ns};
	struct root **found = tfind(&key, &self->by_ns, compare_roots);
	return found ? *found : NULL;
}

int cp_roots_find(struct cp_roots *self, unsigned mount_ns)
{
	LOCK(self);
	const struct root *root = find(self, mount_ns);
	return root ? root->fd : -1;
}

void cp_roots_set_probed(struct cp_roots *self, unsigned mount_ns, uint64_t since)
{
	LOCK(self);
	struct root *root = find(self, mount_ns);
	if (root)
		root->probed = since;
}

uint64_t cp_roots_probed(struct cp_roots *self, unsigned mount_ns)
{
	LOCK(self);
	const struct root *root = find(self, mount_ns);
	return root ? root->probed : 0;
}

bool cp_roots_is_new(struct cp_roots *self, unsigned mount_ns)
{
	LOCK(self);
	struct root *root = find(self, mount_ns);
	if (!root || root->asked)
		return false;
	root->asked = true;
	return true;
}

/* The process may have left the namespace, or its number be another's by now. */
static bool is_in(pid_t pid, unsigned mount_ns)
{
	return mount_ns && cp_mount_ns_of(pid) == mount_ns;
}

static int open_root(pid_t pid, unsigned mount_ns)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/root", (int)pid);
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !is_in(pid, mount_ns)) {
		close(fd);
		return -1;
	}
	return fd;
}

static int add(struct cp_roots *self, unsigned mount_ns, pid_t pid, int fd)
{
	struct root *root = self->count < CP_ROOTS_MAX ? calloc(1, sizeof(*root)) : NULL;
	if (!root || !(root->mount_ns = mount_ns, tsearch(root, &self->by_ns, compare_roots))) {
		free(root);
		close(fd);
		return -1;
	}
	root->pid = pid;
	root->fd = fd;
	root->next = self->first;
	self->first = root;
	self->count++;
	return fd;
}

/* The descriptor that was held stays open until the next tick. */
static int replace(struct cp_roots *self, struct root *root, pid_t pid, int fd)
{
	struct root *old = malloc(sizeof(*old));
	if (!old) {
		close(fd);
		return root->fd;
	}
	*old = (struct root){.fd = root->fd, .next = self->replaced};
	self->replaced = old;
	root->fd = fd;
	root->pid = pid;
	root->gone = 0;
	root->asked = false;
	root->probed = 0;
	return fd;
}

static int held_now(struct cp_roots *self, unsigned mount_ns)
{
	LOCK(self);
	const struct root *root = find(self, mount_ns);
	return root && !root->gone ? root->fd : -1;
}

/* The process is looked at before anything else: who holds the lock may take longer than it lives.
 */
int cp_roots_take(struct cp_roots *self, unsigned mount_ns, pid_t pid, bool again)
{
	int known = again ? -1 : held_now(self, mount_ns);
	if (known >= 0)
		return known;
	int fd = open_root(pid, mount_ns);
	LOCK(self);
	struct root *root = find(self, mount_ns);
	if (fd < 0)
		return root && !again ? root->fd : -1;
	return root ? replace(self, root, pid, fd) : add(self, mount_ns, pid, fd);
}

/* Those whose process was there at the last look: copies, since a look takes long enough for a
 * container to be gone whose root somebody waits to add. */
static size_t copy_present(struct cp_roots *self, struct root **copies)
{
	size_t count = 0;
	LOCK(self);
	*copies = self->count ? calloc(self->count, sizeof(**copies)) : NULL;
	for (const struct root *root = self->first; *copies && root; root = root->next)
		if (!root->gone)
			(*copies)[count++] = *root;
	return count;
}

static void note_gone(struct cp_roots *self, uint64_t now)
{
	cp_cleanup_free struct root *copies = NULL;
	size_t count = copy_present(self, &copies);
	for (size_t i = 0; i < count; i++) {
		if (is_in(copies[i].pid, copies[i].mount_ns))
			continue;
		LOCK(self);
		struct root *root = find(self, copies[i].mount_ns);
		if (root && root->pid == copies[i].pid)
			root->gone = now;
	}
}

/* What is to be closed by now, taken off. */
static struct root *take_off(struct cp_roots *self, uint64_t now)
{
	LOCK(self);
	struct root *off = cp_take(self->replaced);
	for (struct root **at = &self->first; *at;) {
		struct root *root = *at;
		if (!root->gone || now - root->gone < CP_ROOTS_KEPT) {
			at = &root->next;
			continue;
		}
		*at = root->next;
		tdelete(root, &self->by_ns, compare_roots);
		self->count--;
		root->next = off;
		off = root;
	}
	return off;
}

/* The last one who holds a root unmounts it by closing it: 35 ms were measured for one. */
void cp_roots_tick(struct cp_roots *self, uint64_t now)
{
	note_gone(self, now);
	struct root *off = take_off(self, now);
	close_all(&off);
}
