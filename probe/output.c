/* SPDX-License-Identifier: MIT */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "memory.h"

int cp_output_request_parse(const char *text, struct cp_output_request *request)
{
	static const char *const formats[] = {
		[CP_FORMAT_TABLE] = "table", [CP_FORMAT_JSON] = "json"};
	size_t length = strcspn(text, "=");
	request->file = text[length] ? text + length + 1 : NULL;
	if (request->file && !*request->file)
		return -1;
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (strlen(formats[i]) == length && strncmp(text, formats[i], length) == 0) {
			request->format = (enum cp_format)i;
			return 0;
		}
	}
	return -1;
}

/* mkstemp(3) makes private files; a result gets the permissions that any new file has. */
static void give_usual_mode(int fd)
{
	mode_t mask = umask(0);
	umask(mask);
	(void)fchmod(fd, 0666 & ~mask); /* a result that is too private is still a result */
}

/* The directory of output->path. Owned. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');
	if (!slash)
		return strdup(".");
	return strndup(path, slash == path ? 1 : (size_t)(slash - path));
}

/* A file without a name, which the kernel drops whatever ends the run. Not every file system
 * can (overlayfs of old kernels, NFS): -1 without an error set. */
static int open_nameless(const struct cp_output *output)
{
	cp_cleanup_free char *directory = directory_of(output->path);
	return directory ? open(directory, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0666) : -1;
}

/* A file with a name of its own, for where it cannot be without. */
static int open_named(struct cp_output *output)
{
	int fd = mkostemp(output->temporary, O_CLOEXEC);
	if (fd >= 0)
		give_usual_mode(fd);
	output->named = fd >= 0;
	return fd;
}

static int open_beside(struct cp_output *output, struct cp_error **err)
{
	if (asprintf(&output->temporary, "%s.XXXXXX", output->path) < 0) {
		output->temporary = NULL;
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	int fd = open_nameless(output);
	if (fd < 0)
		fd = open_named(output);
	if (fd < 0)
		return cp_error_set(
			err, errno, "cannot make %s: %s", output->path, strerror(errno));
	output->file = fdopen(fd, "w");
	if (output->file)
		return 0;
	close(fd);
	return cp_error_set(err, errno, "cannot write to %s: %s", output->path, strerror(errno));
}

static int open_in_place(struct cp_output *output, struct cp_error **err)
{
	output->file = fopen(output->path, "we");
	if (output->file)
		return 0;
	return cp_error_set(err, errno, "cannot write to %s: %s", output->path, strerror(errno));
}

int cp_output_open(
	struct cp_output *output, const struct cp_output_request *request, struct cp_error **err)
{
	*output = (struct cp_output){.format = request->format};
	if (!request->file) {
		output->file = stdout;
		return 0;
	}
	struct stat status;
	bool there = stat(request->file, &status) == 0;
	bool special = there && !S_ISREG(status.st_mode); /* a pipe has no path to resolve */
	/* Through a link, so that the link stays and the file behind it is replaced. */
	output->path = there && !special ? realpath(request->file, NULL) : strdup(request->file);
	if (!output->path)
		return cp_error_set(
			err, errno, "cannot write to %s: %s", request->file, strerror(errno));
	int result = special ? open_in_place(output, err) : open_beside(output, err);
	if (result < 0)
		cp_output_abandon(output);
	return result;
}

/* Gives a file without a name one beside its own: linkat(2) replaces nothing, so that the last
 * step is a rename here too. The way through /proc needs no capability. */
static int name_beside(struct cp_output *output)
{
	char link[sizeof("/proc/self/fd/") + 11];
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fileno(output->file));
	char *unique = output->temporary + strlen(output->temporary) - 6;
	for (int tries = 0; tries < 10; tries++) {
		uint32_t random;
		if (getrandom(&random, sizeof(random), 0) < 0)
			return -1;
		snprintf(unique, 7, "%06x", random & 0xffffff);
		if (linkat(AT_FDCWD, link, AT_FDCWD, output->temporary, AT_SYMLINK_FOLLOW) == 0) {
			output->named = true;
			return 0;
		}
		if (errno != EEXIST)
			return -1;
	}
	return -1;
}

/* Errors stick to a stdio stream, so it is enough to ask once, at the end. */
static int flush(struct cp_output *output, struct cp_error **err)
{
	const char *name = output->path ? output->path : "standard output";
	errno = 0;
	bool failed = fflush(output->file) != 0 || ferror(output->file);
	if (!failed && output->temporary) /* on the disk before it gets its name */
		failed = fsync(fileno(output->file)) < 0 ||
			 (!output->named && name_beside(output) < 0);
	int why = errno ? errno : EIO;
	if (output->path) {
		failed = fclose(output->file) != 0 || failed;
		output->file = NULL;
	}
	return failed ? cp_error_set(err, why, "cannot write to %s: %s", name, strerror(why)) : 0;
}

int cp_output_commit(struct cp_output *output, struct cp_error **err)
{
	int result = flush(output, err);
	if (result == 0 && output->temporary) {
		result = rename(output->temporary, output->path);
		if (result == 0)
			output->named = false;
		else
			cp_error_set(
				err, errno, "cannot name %s: %s", output->path, strerror(errno));
	}
	cp_output_abandon(output);
	return result;
}

void cp_output_abandon(struct cp_output *output)
{
	if (output->file && output->file != stdout)
		fclose(output->file);
	if (output->named)
		unlink(output->temporary);
	free(output->temporary);
	free(output->path);
	*output = (struct cp_output){0};
}
