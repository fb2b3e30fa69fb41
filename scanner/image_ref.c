/* SPDX-License-Identifier: MIT
 *
 * References as users type them (containers-transports(5)):
 *
 *   TRANSPORT:PATH[:NAME | :@N | @N]     or a bare PATH[…] or NAME
 */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image.h"
#include "memory.h"
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

static bool exists(const char *path, size_t length, struct stat *status)
{
	cp_cleanup_free char *copy = strndup(path, length);
	return copy && length && stat(copy, status) == 0;
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

static bool has_file(const char *directory, size_t length, const char *name)
{
	cp_cleanup_free char *path = NULL;
	struct stat status;
	return asprintf(&path, "%.*s/%s", (int)length, directory, name) >= 0 &&
	       stat(path, &status) == 0;
}

/* An uncompressed archive tells by its members; others are only known when read. */
static enum cp_transport transport_of_archive(const char *text, size_t length)
{
	cp_cleanup_free char *path = strndup(text, length);
	struct stat status;
	if (!path || stat(path, &status) < 0 || !S_ISREG(status.st_mode))
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
	if (there && has_file(text, length, "oci-layout"))
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
