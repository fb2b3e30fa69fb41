/* SPDX-License-Identifier: MIT
 *
 * References as users type them (containers-transports(5)):
 *
 *   TRANSPORT:PATH[:NAME | :@N | @N]     or a bare PATH[…] or NAME
 */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "store.h"

static const struct {
	const char *name;
	enum cp_transport transport;
} transports[] = {
	{"docker-archive", CP_TRANSPORT_DOCKER_ARCHIVE},
	{"oci", CP_TRANSPORT_OCI},
	{"oci-archive", CP_TRANSPORT_OCI_ARCHIVE},
	{"docker-daemon", CP_TRANSPORT_DAEMON},
	{"rootfs", CP_TRANSPORT_ROOTFS},
};
#define N_TRANSPORTS (sizeof(transports) / sizeof(transports[0]))
#define KNOWN "docker-archive:, oci:, oci-archive:, docker-daemon:, rootfs:"

void cp_image_ref_clear(struct cp_image_ref *ref)
{
	free(ref->path);
	free(ref->selector);
	*ref = (struct cp_image_ref){0};
}

static int set(struct cp_image_ref *ref, enum cp_transport transport, const char *path,
	size_t path_length, const char *selector, struct cp_error **err)
{
	*ref = (struct cp_image_ref){
		.transport = transport,
		.path = strndup(path, path_length),
		.selector = selector ? strdup(selector) : NULL,
	};
	if (ref->path && (!selector || ref->selector))
		return 0;
	cp_image_ref_clear(ref);
	return cp_error_set(err, ENOMEM, "out of memory");
}

/* --- PATH and selector ------------------------------------------------------------- */

static bool is_number(const char *text)
{
	if (!*text)
		return false;
	for (; *text; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

/* Whether what begins at `at` may be a selector: ":NAME", ":@N" or "@N". */
static bool selector_at(const char *at)
{
	return (at[0] == ':' && at[1]) || (at[0] == '@' && is_number(at + 1));
}

/* Copies a path, which may end inside of a longer text. */
static bool copy_path(char path[PATH_MAX], const char *text, size_t length)
{
	if (!length || length >= PATH_MAX)
		return false;
	memcpy(path, text, length);
	path[length] = '\0';
	return true;
}

static bool exists(const char *text, size_t length, struct stat *status)
{
	char path[PATH_MAX];
	return copy_path(path, text, length) && stat(path, status) == 0;
}

/* How much of `text` is PATH: the longest that exists, else up to the first colon. */
static size_t path_length(const char *text)
{
	struct stat status;
	size_t length = strlen(text);
	if (exists(text, length, &status))
		return length;
	for (size_t at = length; at-- > 1;)
		if (selector_at(text + at) && exists(text, at, &status))
			return at;
	return strcspn(text, ":");
}

static const char *selector_of(const char *rest)
{
	if (!*rest)
		return NULL;
	return rest[0] == ':' ? rest + 1 : rest;
}

static int parse_path(enum cp_transport transport, const char *text, struct cp_image_ref *ref,
	struct cp_error **err)
{
	size_t length = path_length(text);
	const char *selector = selector_of(text + length);
	if (!length)
		return cp_error_set(err, EINVAL, "%s: needs a path", text);
	if (selector && selector[0] == '@' && !is_number(selector + 1))
		return cp_error_set(err, EINVAL, "\"%s\" is not of the form @NUMBER", selector);
	if (selector && !*selector)
		selector = NULL;
	return set(ref, transport, text, length, selector, err);
}

/* --- bare words ------------------------------------------------------------------- */

static bool is_layout(const char *text, size_t length)
{
	char path[PATH_MAX + 16];
	struct stat status;
	if (!copy_path(path, text, length))
		return false;
	stpcpy(path + length, "/oci-layout");
	return stat(path, &status) == 0;
}

/* An uncompressed archive tells by its members; others are only known when read. */
static enum cp_transport transport_of_archive(const char *text, size_t length)
{
	char path[PATH_MAX];
	struct stat status;
	if (!copy_path(path, text, length) || stat(path, &status) < 0 || !S_ISREG(status.st_mode))
		return CP_TRANSPORT_DOCKER_ARCHIVE;
	cp_cleanup_store struct cp_store *store = cp_store_open_mapped(path, NULL);
	if (store && !cp_store_find(store, "manifest.json", NULL) &&
		cp_store_find(store, "oci-layout", NULL))
		return CP_TRANSPORT_OCI_ARCHIVE;
	return CP_TRANSPORT_DOCKER_ARCHIVE;
}

static int parse_bare(const char *text, struct cp_image_ref *ref, struct cp_error **err)
{
	struct stat status;
	size_t length = path_length(text);
	bool whole = text[length] == '\0';
	bool there = exists(text, length, &status);
	if (strcmp(text, "-") == 0 || (there && !S_ISDIR(status.st_mode)))
		return parse_path(strcmp(text, "-") == 0 ? CP_TRANSPORT_DOCKER_ARCHIVE
							 : transport_of_archive(text, length),
			text, ref, err);
	if (there && is_layout(text, length))
		return parse_path(CP_TRANSPORT_OCI, text, ref, err);
	if (there && whole)
		return set(ref, CP_TRANSPORT_ROOTFS, text, length, NULL, err);
	if (text[0] == '/' || text[0] == '.')
		return cp_error_set(
			err, ENOENT, "%.*s: no such file or directory", (int)length, text);
	return set(ref, CP_TRANSPORT_DAEMON, text, strlen(text), NULL, err);
}

/* --- all ---------------------------------------------------------------------------- */

int cp_image_ref_parse(const char *text, struct cp_image_ref *ref, struct cp_error **err)
{
	*ref = (struct cp_image_ref){0};
	if (!*text)
		return cp_error_set(err, EINVAL, "an empty reference; known transports: %s", KNOWN);
	if (strncmp(text, "docker://", 9) == 0)
		return cp_error_set(err, ENOTSUP,
			"%s: registries are not read; pull the image, then use "
			"docker-daemon:, or one of %s",
			text, KNOWN);
	for (size_t i = 0; i < N_TRANSPORTS; i++) {
		size_t length = strlen(transports[i].name);
		if (strncmp(text, transports[i].name, length) != 0 || text[length] != ':')
			continue;
		const char *rest = text + length + 1;
		enum cp_transport transport = transports[i].transport;
		if (!*rest)
			return cp_error_set(err, EINVAL, "%s needs a path or a name", text);
		if (transport == CP_TRANSPORT_DAEMON || transport == CP_TRANSPORT_ROOTFS)
			return set(ref, transport, rest, strlen(rest), NULL, err);
		return parse_path(transport, rest, ref, err);
	}
	if (strstr(text, "://"))
		return cp_error_set(err, EINVAL, "%s: unknown transport; known: %s", text, KNOWN);
	return parse_bare(text, ref, err);
}
