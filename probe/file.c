/* SPDX-License-Identifier: MIT */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"

int cp_file_read(const char *path, size_t limit, char **text, size_t *size, struct cp_error **err)
{
	/* Not waiting for the writer of a FIFO, which is refused below. */
	cp_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0)
		return cp_error_set(err, errno, "cannot read %s: %s", path, strerror(errno));
	if (!S_ISREG(status.st_mode))
		return cp_error_set(err, S_ISDIR(status.st_mode) ? EISDIR : EINVAL,
			"cannot read %s: not a file", path);
	if ((uintmax_t)status.st_size > limit)
		return cp_error_set(
			err, EFBIG, "cannot read %s: larger than %zu bytes", path, limit);
	size_t want = (size_t)status.st_size, have = 0;
	cp_cleanup_free char *bytes = malloc(want + 1);
	if (!bytes)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (ssize_t got = 1; have < want && got != 0; have += got > 0 ? (size_t)got : 0) {
		got = read(fd, bytes + have, want - have);
		if (got < 0 && errno != EINTR)
			return cp_error_set(
				err, errno, "cannot read %s: %s", path, strerror(errno));
	}
	bytes[have] = '\0';
	*text = cp_take(bytes);
	*size = have;
	return 0;
}
