/* SPDX-License-Identifier: MIT
 *
 * An OCI layout on disk. Files are opened below the layout only: names that would leave
 * it never get here. Symbolic links are followed, since build tools make layouts of
 * links into their caches; what they lead to must be a regular file.
 */
#include "store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "memory.h"

struct cp_store *cp_store_open_directory(const char *path, struct cp_error **err)
{
	cp_cleanup_store struct cp_store *store = cp_store_new(path, err);
	if (!store)
		return NULL;
	store->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (store->directory < 0) {
		int code = errno;
		cp_error_set(err, code, "%s: %s", path, strerror(code));
		return NULL;
	}
	return cp_take(store);
}

int cp_store_map(int fd, const uint8_t **data, size_t *size, struct cp_error **err)
{
	struct stat status;
	*data = NULL;
	*size = 0;
	if (fstat(fd, &status) < 0)
		return cp_error_set(err, errno, "%s", strerror(errno));
	if (!S_ISREG(status.st_mode))
		return cp_error_set(err, EINVAL, "not a regular file");
	*size = (size_t)status.st_size;
	if (!*size)
		return 0;
	void *mapping = mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (mapping == MAP_FAILED)
		return cp_error_set(err, errno, "cannot map: %s", strerror(errno));
	*data = mapping;
	return 0;
}

struct cp_blob *cp_store_open_file(struct cp_store *store, const char *name, struct cp_error **err)
{
	cp_cleanup_close int fd = openat(store->directory, name, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0) {
		int code = errno;
		if (code == ENOENT)
			cp_error_set(err, code, "%s: %s is missing", store->label, name);
		else
			cp_error_set(err, code, "%s: %s: %s", store->label, name, strerror(code));
		return NULL;
	}
	const uint8_t *data = NULL;
	size_t size = 0;
	if (cp_store_map(fd, &data, &size, err) < 0) {
		cp_error_wrap(err, "%s: %s", store->label, name);
		return NULL;
	}
	struct cp_blob *blob = cp_store_put(store, name, err);
	if (!blob) {
		if (data)
			munmap((void *)data, size);
		return NULL;
	}
	blob->data = data;
	blob->size = size;
	blob->claimed = size;
	blob->mapped = data ? size : 0;
	return blob;
}
