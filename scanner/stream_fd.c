/* SPDX-License-Identifier: MIT
 *
 * A file descriptor as a stream: pipes, and archives that are compressed as a whole.
 */
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct fd_stream {
	struct cp_stream base;
	int fd;
	uint8_t buffer[CP_STREAM_BLOCK];
};

static ssize_t fd_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	struct fd_stream *self = (struct fd_stream *)stream;
	ssize_t got;
	do
		got = read(self->fd, self->buffer, sizeof(self->buffer));
	while (got < 0 && errno == EINTR);
	if (got < 0) {
		int code = errno;
		return cp_error_set(err, code, "cannot read: %s", strerror(code));
	}
	*block = self->buffer;
	return got;
}

static void fd_close(struct cp_stream *stream)
{
	close(((struct fd_stream *)stream)->fd);
	free(stream);
}

struct cp_stream *cp_stream_fd(int fd)
{
	struct fd_stream *self = malloc(sizeof(*self));
	if (!self) {
		close(fd);
		return NULL;
	}
	self->base = (struct cp_stream){fd_read, NULL, fd_close, false};
	self->fd = fd;
	return &self->base;
}
