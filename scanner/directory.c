/* SPDX-License-Identifier: MIT
 *
 * The walk over a directory tree: rootfs: and `scan dir`.
 *
 * Every name is opened below its directory's descriptor and never through a link, so
 * that the tree cannot lead out of itself, even while somebody changes it.
 *
 * Contents are read; only objects of more than CP_GATE_SIZE are mapped, and their facts
 * read in place, so that one of a gigabyte takes no memory. A file that shrinks under a
 * mapping kills its reader by SIGBUS, and a tree on disk may be in use: the less is
 * mapped, and the shorter, the better. Who calls this decides what SIGBUS means.
 */
#include "layer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "gather.h"
#include "keep.h"
#include "memory.h"

#define HEAD_SIZE 64

/* Of the kernel's own sources, in no header of user space: fs/configfs/mount.c,
 * ipc/mqueue.c, net/sunrpc/rpc_pipe.c, fs/fuse/control.c. */
#define CONFIGFS_MAGIC 0x62656570
#define MQUEUE_MAGIC 0x19800202
#define RPC_PIPEFS_MAGIC 0x67596969
#define FUSECTL_MAGIC 0x65735543

/* An object with several names: read once, linked afterwards. */
struct inode {
	dev_t device;
	ino_t number;
	char *path;
};

struct walk {
	struct cp_index *index;
	struct cp_gather gather;
	void *inodes;                     /* tsearch(3) tree of struct inode */
	bool whole_system;                /* the tree is / */
	size_t length;                    /* of path */
	char path[CP_INDEX_MAX_PATH + 1]; /* below the tree, "/usr/lib"; "" is the tree itself */
};

static void add_row(struct walk *walk, enum cp_severity severity, const char *what, int code)
{
	cp_index_add_error(walk->index, severity, walk->length ? walk->path : "/", "%s: %s", what,
		strerror(code));
}

/* --- files with several names ---------------------------------------------------- */

static int compare_inodes(const void *a, const void *b)
{
	const struct inode *left = a;
	const struct inode *right = b;
	if (left->device != right->device)
		return left->device < right->device ? -1 : 1;
	return (left->number > right->number) - (left->number < right->number);
}

static void free_inode(void *inode)
{
	free(((struct inode *)inode)->path);
	free(inode);
}

/* The path under which this file was read already, or NULL. */
static const char *known_as(struct walk *walk, const struct stat *status)
{
	struct inode key = {status->st_dev, status->st_ino, NULL};
	struct inode **found = tfind(&key, &walk->inodes, compare_inodes);
	return found ? (*found)->path : NULL;
}

/* Without memory the file is read once more; that is all. */
static void remember(struct walk *walk, const struct stat *status)
{
	struct inode *inode = calloc(1, sizeof(*inode));
	if (!inode)
		return;
	*inode = (struct inode){status->st_dev, status->st_ino, strdup(walk->path)};
	if (!inode->path || !tsearch(inode, &walk->inodes, compare_inodes))
		free_inode(inode);
}

/* --- files --------------------------------------------------------------------------- */

static ssize_t read_fully(int fd, void *buffer, size_t size, off_t from)
{
	size_t have = 0;
	while (have < size) {
		ssize_t got = pread(fd, (char *)buffer + have, size - have, from + (off_t)have);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	return (ssize_t)have;
}

/* Reads contents that are wanted whole. A file that has shrunk is what it is now. */
static int keep_read(struct walk *walk, int fd, uint32_t node, uint64_t size, enum cp_keep keep,
	struct cp_error **err)
{
	if (cp_gather_begin(&walk->gather, size, err) < 0)
		return -1;
	ssize_t got = read_fully(fd, walk->gather.data, (size_t)size, 0);
	int result = 0;
	if (got < 0)
		add_row(walk, CP_SPOILS_OBJECT, "cannot read", errno);
	else
		result = cp_keep_store(walk->index, node, walk->path, keep, walk->gather.data,
			(size_t)got, false, err);
	cp_gather_end(&walk->gather);
	return result;
}

/* Some file systems cannot map: then contents are read after all. */
static int keep_mapped(
	struct walk *walk, int fd, uint32_t node, uint64_t size, struct cp_error **err)
{
	void *data = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return keep_read(walk, fd, node, size, CP_KEEP_OBJECT, err);
	int result = cp_keep_store(
		walk->index, node, walk->path, CP_KEEP_OBJECT, data, (size_t)size, false, err);
	munmap(data, (size_t)size);
	return result;
}

static int keep_whole(struct walk *walk, int fd, uint32_t node, uint64_t size, enum cp_keep keep,
	struct cp_error **err)
{
	if (size > CP_MAX_OBJECT_SIZE) {
		cp_index_node_mutable(walk->index, node)->content = CP_CONTENT_ELF_UNREADABLE;
		add_row(walk, CP_SPOILS_OBJECT, "object", EFBIG);
		return 0;
	}
	if (keep == CP_KEEP_OBJECT && size > CP_GATE_SIZE)
		return keep_mapped(walk, fd, node, size, err);
	return keep_read(walk, fd, node, size, keep, err);
}

static int read_contents(
	struct walk *walk, int fd, uint32_t node, const struct stat *status, struct cp_error **err)
{
	uint8_t head[HEAD_SIZE];
	uint64_t size = (uint64_t)status->st_size;
	ssize_t got = read_fully(fd, head, sizeof(head), 0);
	if (got < 0) {
		add_row(walk, CP_SPOILS_OBJECT, "cannot read", errno);
		return 0;
	}
	enum cp_keep keep = cp_keep_decide(walk->path, size, head, (size_t)got);
	if (keep == CP_KEEP_NOTHING)
		return cp_keep_store(
			walk->index, node, walk->path, keep, head, (size_t)got, false, err);
	if (keep == CP_KEEP_OBJECT && status->st_nlink > 1)
		remember(walk, status);
	return keep_whole(walk, fd, node, size, keep, err);
}

static int add_file(struct walk *walk, int directory, const char *name, struct cp_error **err)
{
	uint32_t node;
	struct stat status;
	if (cp_index_add(walk->index, walk->path, CP_NODE_FILE, &node, err) < 0)
		return -1;
	cp_cleanup_close int fd =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		add_row(walk, CP_SPOILS_OBJECT, "cannot open", errno);
		return 0;
	}
	if (!S_ISREG(status.st_mode)) /* replaced since it was looked at */
		return 0;
	struct cp_node *file = cp_index_node_mutable(walk->index, node);
	file->size = (uint64_t)status.st_size;
	if (status.st_mode & 0111)
		file->flags |= CP_NODE_EXECUTABLE;
	const char *known = status.st_nlink > 1 ? known_as(walk, &status) : NULL;
	if (known)
		return cp_index_link_file(walk->index, node, known, err) < 0 ? -1 : 0;
	return status.st_size ? read_contents(walk, fd, node, &status, err) : 0;
}

static int add_symlink(struct walk *walk, int directory, const char *name, struct cp_error **err)
{
	uint32_t node;
	char target[CP_INDEX_MAX_PATH + 1];
	ssize_t length = readlinkat(directory, name, target, sizeof(target) - 1);
	if (length < 0) {
		add_row(walk, CP_PARTIAL, "cannot read the link", errno);
		return 0;
	}
	target[length] = '\0';
	if (cp_index_add(walk->index, walk->path, CP_NODE_SYMLINK, &node, err) < 0)
		return -1;
	return cp_index_set_link(walk->index, node, target, err);
}

/* --- directories ------------------------------------------------------------------- */

static int walk_directory(struct walk *walk, int fd, dev_t device, struct cp_error **err);

/* File systems that show the running kernel, not files. */
static bool shows_kernel(int fd)
{
	static const long types[] = {PROC_SUPER_MAGIC, SYSFS_MAGIC, CGROUP_SUPER_MAGIC,
		CGROUP2_SUPER_MAGIC, DEBUGFS_MAGIC, TRACEFS_MAGIC, SECURITYFS_MAGIC, BPF_FS_MAGIC,
		DEVPTS_SUPER_MAGIC, SELINUX_MAGIC, SMACK_MAGIC, PSTOREFS_MAGIC, EFIVARFS_MAGIC,
		RDTGROUP_SUPER_MAGIC, BINFMTFS_MAGIC, NSFS_MAGIC, CONFIGFS_MAGIC, MQUEUE_MAGIC,
		RPC_PIPEFS_MAGIC, FUSECTL_MAGIC};
	struct statfs status;
	if (fstatfs(fd, &status) < 0)
		return false;
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if ((unsigned long)status.f_type == (unsigned long)types[i])
			return true;
	return false;
}

static bool left_out(const struct walk *walk)
{
	return walk->whole_system &&
	       (strcmp(walk->path, "/proc") == 0 || strcmp(walk->path, "/sys") == 0 ||
		       strcmp(walk->path, "/dev") == 0);
}

static int add_directory(
	struct walk *walk, int directory, const char *name, dev_t parent, struct cp_error **err)
{
	uint32_t node;
	struct stat status;
	if (cp_index_add(walk->index, walk->path, CP_NODE_DIRECTORY, &node, err) < 0)
		return -1;
	if (left_out(walk))
		return 0;
	int fd = openat(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		add_row(walk, CP_PARTIAL, "cannot open the directory", errno);
		if (fd >= 0)
			close(fd);
		return 0;
	}
	if (status.st_dev != parent && shows_kernel(fd)) {
		close(fd);
		return 0;
	}
	return walk_directory(walk, fd, status.st_dev, err);
}

static int add_entry(
	struct walk *walk, int directory, const char *name, dev_t device, struct cp_error **err)
{
	uint32_t node;
	struct stat status;
	if (fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) < 0) {
		if (errno != ENOENT) /* gone meanwhile */
			add_row(walk, CP_PARTIAL, "cannot look at it", errno);
		return 0;
	}
	if (S_ISREG(status.st_mode))
		return add_file(walk, directory, name, err);
	if (S_ISDIR(status.st_mode))
		return add_directory(walk, directory, name, device, err);
	if (S_ISLNK(status.st_mode))
		return add_symlink(walk, directory, name, err);
	return cp_index_add(walk->index, walk->path, CP_NODE_OTHER, &node, err);
}

/* Does one entry with walk->path set to it. -1 only without memory. */
static int do_entry(
	struct walk *walk, int directory, const char *name, dev_t device, struct cp_error **err)
{
	size_t before = walk->length;
	size_t length = strlen(name);
	if (before + 1 + length > CP_INDEX_MAX_PATH) {
		add_row(walk, CP_PARTIAL, "an entry", ENAMETOOLONG);
		return 0;
	}
	walk->path[before] = '/';
	memcpy(walk->path + before + 1, name, length + 1);
	walk->length = before + 1 + length;
	int result = add_entry(walk, directory, name, device, err);
	if (result < 0 && err && *err && (*err)->code != ENOMEM) {
		cp_index_add_error(walk->index, CP_PARTIAL, walk->path, "%s", (*err)->message);
		cp_error_free(cp_take(*err));
		result = 0;
	}
	walk->length = before;
	walk->path[before] = '\0';
	return result;
}

/* Takes `fd` over. */
static int walk_directory(struct walk *walk, int fd, dev_t device, struct cp_error **err)
{
	DIR *stream = fdopendir(fd);
	if (!stream) {
		close(fd);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	int result = 0;
	struct dirent *entry;
	while (result == 0 && (errno = 0, entry = readdir(stream))) {
		const char *name = entry->d_name;
		if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0)
			result = do_entry(walk, fd, name, device, err);
	}
	if (result == 0 && errno)
		add_row(walk, CP_PARTIAL, "cannot read the directory", errno);
	closedir(stream);
	return result;
}

int cp_directory_index(const char *path, struct cp_index **index, struct cp_error **err)
{
	*index = NULL;
	struct stat status;
	struct stat root;
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0) {
		int code = errno;
		if (fd >= 0)
			close(fd);
		return cp_error_set(err, code, "%s: %s", path, strerror(code));
	}
	struct walk *walk = calloc(1, sizeof(*walk));
	if (!walk || !(walk->index = cp_index_new())) {
		free(walk);
		close(fd);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	walk->whole_system = stat("/", &root) == 0 && root.st_dev == status.st_dev &&
			     root.st_ino == status.st_ino;
	struct cp_error *why = NULL;
	int result = walk_directory(walk, fd, status.st_dev, &why);
	if (result < 0)
		cp_error_set(err, ENOMEM, "%s: out of memory", path);
	else
		*index = cp_take(walk->index);
	cp_error_free(why);
	cp_index_free(walk->index);
	cp_gather_clear(&walk->gather);
	tdestroy(walk->inodes, free_inode);
	free(walk);
	return result;
}
