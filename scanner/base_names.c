/* SPDX-License-Identifier: MIT
 *
 * Names of targets: which base, and which Node, does a user mean?
 *
 *   alpine-3.20              a shipped base
 *   alpine, debian           an alias
 *   node:22-bookworm-slim    an image whose base the tag tells; with a registry's host, a
 *   node:20-alpine@sha256:…  path or a digest around it
 *   ./my.base                a base file
 *
 * Tags are read by the rules of the images' own documentation: node:VERSION[-VARIANT],
 * where VARIANT is alpine[RELEASE], slim, or Debian's code name [-slim]; debian:RELEASE
 * or code name; alpine:RELEASE. The full and the slim Debian images share a base here: what
 * the full ones add (compilers, and libraries for building) is not in it, and the
 * note says so.
 */
#include "base.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base_text.h"
#include "embedded.h"
#include "memory.h"

#define NEWEST_DEBIAN_OF_NODE "bookworm"
#define MAX_BASE_FILE (CP_TEXT_MAX_PACKED * 2)

const char *const *cp_base_names(void)
{
	return cp_embedded_base_names;
}

/* A name, taken apart. */
struct target_name {
	char repository[16]; /* "node", "debian", "alpine" */
	char tag[128];       /* "" where there is none */
};

/* What it stands for. */
struct target {
	char base[64];       /* a shipped base's name, or one that would be */
	const char *assumed; /* static text for the note, or NULL */
	bool full_image;     /* of Debian, with more libraries than the base has */
	int node_major;
};

/* --- taking names apart ---------------------------------------------------------- */

/* Whether the path before an official repository's name is a registry, possibly a mirror's:
 * "", "library/", "docker.io/library/", "host:5000/any/path/". "someone/" is someone's own image.
 */
static bool is_official_path(const char *path, size_t length)
{
	if (length == 0 || (length == 8 && memcmp(path, "library/", 8) == 0))
		return true;
	size_t host = strcspn(path, "/");
	return host < length && (memchr(path, '.', host) || memchr(path, ':', host) ||
					(host == 9 && memcmp(path, "localhost", 9) == 0));
}

static bool take_apart(const char *text, struct target_name *name)
{
	static const char *const repositories[] = {"node", "debian", "alpine"};
	size_t length = strcspn(text, "@"); /* a digest does not tell the base */
	const char *slash = memrchr(text, '/', length);
	const char *last = slash ? slash + 1 : text;
	size_t repository = strcspn(last, ":@");
	const char *tag = last[repository] == ':' ? last + repository + 1 : "";
	size_t tag_length = strcspn(tag, "@");
	if (!is_official_path(text, (size_t)(last - text)) || tag_length >= sizeof(name->tag))
		return false;
	for (size_t i = 0; i < sizeof(repositories) / sizeof(*repositories); i++) {
		if (strlen(repositories[i]) != repository ||
			memcmp(last, repositories[i], repository) != 0)
			continue;
		memcpy(name->repository, last, repository);
		name->repository[repository] = '\0';
		memcpy(name->tag, tag, tag_length);
		name->tag[tag_length] = '\0';
		return true;
	}
	return false;
}

static bool is_version(const char *text)
{
	return *text >= '0' && *text <= '9' && strspn(text, "0123456789.") == strlen(text);
}

/* --- tags -------------------------------------------------------------------------- */

static void take_newest_alpine(struct target *target)
{
	const char *newest = "";
	for (const char *const *name = cp_embedded_base_names; *name; name++)
		if (strncmp(*name, "alpine-", 7) == 0 &&
			(!*newest || cp_version_compare(*name + 7, newest) > 0))
			newest = *name + 7;
	snprintf(target->base, sizeof(target->base), "alpine-%s", newest);
	target->assumed = "the name does not tell the Alpine release: the newest that is shipped "
			  "is taken";
}

/* "3.18", "3.18.4" or "". */
static bool take_alpine(const char *release, struct target *target)
{
	if (!*release || strcmp(release, "latest") == 0) {
		take_newest_alpine(target);
		return true;
	}
	const char *minor = strchr(release, '.');
	if (!is_version(release) || !minor)
		return false;
	size_t length = (size_t)(minor - release) + 1 + strcspn(minor + 1, ".");
	return (size_t)snprintf(target->base, sizeof(target->base), "alpine-%.*s", (int)length,
		       release) < sizeof(target->base);
}

static bool take_debian(const char *release, struct target *target)
{
	static const struct {
		const char *number, *name;
	} releases[] = {{"10", "buster"}, {"11", "bullseye"}, {"12", "bookworm"}, {"13", "trixie"},
		{"14", "forky"}};
	size_t number = strcspn(release, ".");
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		if (strcmp(release, releases[i].name) != 0 &&
			(strlen(releases[i].number) != number ||
				strncmp(release, releases[i].number, number) != 0))
			continue;
		snprintf(target->base, sizeof(target->base), "debian-%s", releases[i].name);
		return true;
	}
	return false;
}

static void take_default_debian(struct target *target)
{
	take_debian(NEWEST_DEBIAN_OF_NODE, target);
	target->assumed =
		"the name does not tell the Debian release: " NEWEST_DEBIAN_OF_NODE " is taken";
}

/* What follows a version in a tag of node: "", "slim", "alpine3.20", "bookworm-slim", …. */
static bool take_node_variant(char *variant, struct target *target)
{
	if (strncmp(variant, "alpine", 6) == 0)
		return take_alpine(variant + 6, target);
	char *rest = strchr(variant, '-');
	if (rest)
		*rest++ = '\0';
	bool slim = strcmp(variant, "slim") == 0;
	if (slim || !*variant)
		take_default_debian(target);
	else if (is_version(variant) || !take_debian(variant, target))
		return false;
	if (rest && (slim || strcmp(rest, "slim") != 0))
		return false;
	target->full_image = !slim && !rest;
	return true;
}

static bool take_node(char *tag, struct target *target)
{
	static const struct {
		const char *word;
		int major; /* 0: a word that moves */
	} words[] = {{"latest", 0}, {"lts", 0}, {"current", 0}, {"hydrogen", 18}, {"iron", 20},
		{"jod", 22}, {"krypton", 24}};
	size_t length = strcspn(tag, "-");
	char *variant = tag[length] ? tag + length + 1 : tag + length;
	char whole = tag[length];
	tag[length] = '\0';
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(tag, words[i].word) != 0 && !(i == 0 && !*tag))
			continue;
		target->node_major = words[i].major;
		return take_node_variant(variant, target);
	}
	if (is_version(tag)) {
		uint64_t major;
		tag[strcspn(tag, ".")] = '\0';
		if (cp_text_number(tag, 999, &major) < 0)
			return false;
		target->node_major = (int)major;
		return take_node_variant(variant, target);
	}
	tag[length] = whole; /* the variant alone: node:alpine, node:bookworm-slim */
	return take_node_variant(tag, target);
}

static bool take_debian_tag(char *tag, struct target *target)
{
	char *rest = strchr(tag, '-');
	if (rest)
		*rest++ = '\0'; /* "slim", a date: the same libraries */
	if (!*tag || strcmp(tag, "latest") == 0) {
		take_default_debian(target);
		return true;
	}
	return take_debian(tag, target);
}

static bool take_image(const char *text, struct target *target)
{
	struct target_name name;
	if (!take_apart(text, &name))
		return false;
	if (strcmp(name.repository, "node") == 0)
		return take_node(name.tag, target);
	if (strcmp(name.repository, "debian") == 0)
		return take_debian_tag(name.tag, target);
	return take_alpine(name.tag, target);
}

/* --- finding ------------------------------------------------------------------------ */

static char *shipped_names(void)
{
	char *list = NULL;
	size_t size;
	FILE *text = open_memstream(&list, &size);
	if (!text)
		return NULL;
	for (const char *const *name = cp_embedded_base_names; *name; name++)
		fprintf(text, "%s%s", name == cp_embedded_base_names ? "" : ", ", *name);
	fclose(text);
	return list;
}

static int read_embedded(
	const struct cp_embedded *embedded, struct cp_base **base, struct cp_error **err)
{
	return cp_base_read(embedded->text, (size_t)(embedded->end - embedded->text),
		embedded->name, base, err);
}

static int add_note(struct cp_base *base, const struct target *target, struct cp_error **err)
{
	static const char full[] = "the libraries that the full image adds to the slim one are not "
				   "in this base";
	if (!target->assumed && !target->full_image)
		return 0;
	if (asprintf(&base->note, "%s%s%s", target->assumed ? target->assumed : "",
		    target->assumed && target->full_image ? "; " : "",
		    target->full_image ? full : "") >= 0)
		return 0;
	base->note = NULL;
	return cp_error_set(err, ENOMEM, "out of memory");
}

static int find_target(
	const char *name, const struct target *target, struct cp_base **base, struct cp_error **err)
{
	const struct cp_embedded *embedded = cp_embedded_find(cp_embedded_bases, target->base);
	if (!embedded) {
		cp_cleanup_free char *shipped = shipped_names();
		return cp_error_set(err, ENOENT,
			"%s stands on %s, which is not shipped (%s are); make it with "
			"\"compatprobe base create %s -o FILE\" and name FILE",
			name, target->base, shipped ? shipped : "", name);
	}
	if (read_embedded(embedded, base, err) < 0)
		return -1;
	if (add_note(*base, target, err) == 0)
		return 0;
	cp_base_free(cp_take(*base));
	return -1;
}

static int read_base_file(const char *path, struct cp_base **base, struct cp_error **err)
{
	cp_cleanup_fclose FILE *file = fopen(path, "re");
	if (!file)
		return cp_error_set(err, errno, "%s: %s", path, strerror(errno));
	cp_cleanup_free char *text = malloc(MAX_BASE_FILE + 1);
	if (!text)
		return cp_error_set(err, ENOMEM, "%s: out of memory", path);
	size_t size = fread(text, 1, MAX_BASE_FILE + 1, file);
	if (ferror(file))
		return cp_error_set(err, errno, "%s: %s", path, strerror(errno));
	if (size > MAX_BASE_FILE)
		return cp_error_set(err, EFBIG, "%s: larger than %zu bytes, which no base file is",
			path, MAX_BASE_FILE);
	return cp_base_read(text, size, path, base, err);
}

static bool is_file(const char *path)
{
	struct stat status;
	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

int cp_base_find(const char *name, struct cp_base **base, int *node_major, struct cp_error **err)
{
	struct target target = {0};
	*base = NULL;
	*node_major = 0;
	const struct cp_embedded *shipped = cp_embedded_find(cp_embedded_bases, name);
	if (shipped)
		return read_embedded(shipped, base, err);
	if (*name != '.' && *name != '/' && take_image(name, &target)) {
		*node_major = target.node_major;
		return find_target(name, &target, base, err);
	}
	if (is_file(name))
		return read_base_file(name, base, err);
	cp_cleanup_free char *names = shipped_names();
	return cp_error_set(err, ENOENT,
		"%s is not a target: neither a shipped base (%s), nor an image name like "
		"node:20-alpine3.20, node:22-bookworm-slim, debian:bookworm or alpine:3.20, nor "
		"the path of a base file",
		name, names ? names : "");
}
