/* SPDX-License-Identifier: MIT */
#include "image_choice.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/utsname.h>

#include "memory.h"

#define MAX_LISTED 20 /* choices that an error shows */
#define PART 32       /* bytes of a platform's part */

/* --- names ------------------------------------------------------------------------- */

/* What remains of a name when the parts that engines add by themselves are gone. */
static const char *familiar(const char *name)
{
	static const char *const implied[] = {"docker.io/", "index.docker.io/", "localhost/"};
	for (size_t i = 0; i < sizeof(implied) / sizeof(implied[0]); i++) {
		size_t length = strlen(implied[i]);
		if (strncmp(name, implied[i], length) == 0) {
			name += length;
			break;
		}
	}
	return strncmp(name, "library/", 8) == 0 ? name + 8 : name;
}

/* The tag of a name, "latest" where it has none; *length: bytes before it. */
static const char *tag_of(const char *name, size_t *length)
{
	const char *slash = strrchr(name, '/');
	const char *colon = strrchr(slash ? slash : name, ':');
	*length = colon ? (size_t)(colon - name) : strlen(name);
	return colon ? colon + 1 : "latest";
}

bool cp_image_name_matches(const char *name, const char *wanted)
{
	if (strcmp(name, wanted) == 0)
		return true;
	name = familiar(name);
	wanted = familiar(wanted);
	size_t name_length;
	size_t wanted_length;
	const char *name_tag = tag_of(name, &name_length);
	const char *wanted_tag = tag_of(wanted, &wanted_length);
	return name_length == wanted_length && memcmp(name, wanted, name_length) == 0 &&
	       strcmp(name_tag, wanted_tag) == 0;
}

static bool has_name(const struct cp_candidate *candidate, const char *wanted)
{
	if (json_is_string(candidate->name))
		return cp_image_name_matches(json_string_value(candidate->name), wanted);
	size_t at;
	const json_t *name;
	json_array_foreach(candidate->name, at, name)
	{
		if (json_is_string(name) && cp_image_name_matches(json_string_value(name), wanted))
			return true;
	}
	return false;
}

static bool selected(const struct cp_candidate *candidate, const char *selector)
{
	if (!selector)
		return true;
	if (selector[0] != '@')
		return has_name(candidate, selector);
	char *end;
	errno = 0;
	unsigned long number = strtoul(selector + 1, &end, 10);
	return selector[1] && !*end && errno == 0 && number == candidate->number;
}

/* --- platforms --------------------------------------------------------------------- */

struct cp_image_platform cp_image_platform_of(const json_t *object)
{
	return (struct cp_image_platform){
		.os = json_string_value(json_object_get(object, "os")),
		.architecture = json_string_value(json_object_get(object, "architecture")),
		.variant = json_string_value(json_object_get(object, "variant")),
	};
}

/* A platform as asked for. */
struct wanted_platform {
	char os[PART];
	char architecture[PART];
	char variant[PART];
};

/* Docker's name of an architecture that may be given in the kernel's. */
static void name_architecture(struct wanted_platform *wanted, const char *name)
{
	static const struct {
		const char *kernel, *architecture, *variant;
	} names[] = {
		{"x86_64", "amd64", ""},
		{"aarch64", "arm64", ""},
		{"armv7l", "arm", "v7"},
		{"armv6l", "arm", "v6"},
		{"i686", "386", ""},
		{"i386", "386", ""},
	};
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(name, names[i].kernel) != 0)
			continue;
		snprintf(wanted->architecture, PART, "%s", names[i].architecture);
		if (!wanted->variant[0])
			snprintf(wanted->variant, PART, "%s", names[i].variant);
		return;
	}
	snprintf(wanted->architecture, sizeof(wanted->architecture), "%s", name);
}

static int read_platform(const char *text, struct wanted_platform *wanted, struct cp_error **err)
{
	char architecture[PART] = "";
	*wanted = (struct wanted_platform){0};
	int end = 0;
	int parts = sscanf(text, "%31[^/]/%31[^/]%n/%31[^/]%n", wanted->os, architecture, &end,
		wanted->variant, &end);
	if (parts < 2 || text[end])
		return cp_error_set(err, EINVAL,
			"platform \"%s\" is not of the form OS/ARCHITECTURE[/VARIANT]", text);
	name_architecture(wanted, architecture);
	return 0;
}

static void host_platform(struct wanted_platform *wanted)
{
	struct utsname host;
	*wanted = (struct wanted_platform){.os = "linux"};
	if (uname(&host) == 0)
		name_architecture(wanted, host.machine);
}

static bool same_variant(const char *architecture, const char *offered, const char *wanted)
{
	if (!wanted[0])
		return true;
	if (!offered || !offered[0]) /* v8 is what arm64 means */
		return strcmp(architecture, "arm64") == 0 && strcmp(wanted, "v8") == 0;
	return strcasecmp(offered, wanted) == 0;
}

static bool offers(const struct cp_image_platform *platform, const struct wanted_platform *wanted)
{
	return platform->os && platform->architecture && strcmp(platform->os, wanted->os) == 0 &&
	       strcmp(platform->architecture, wanted->architecture) == 0 &&
	       same_variant(platform->architecture, platform->variant, wanted->variant);
}

/* --- choosing ---------------------------------------------------------------------- */

static int by_position(const void *a, const void *b)
{
	const struct cp_candidate *left = a;
	const struct cp_candidate *right = b;
	return (left->position > right->position) - (left->position < right->position);
}

static void swap(struct cp_candidate *a, struct cp_candidate *b)
{
	struct cp_candidate kept = *a;
	*a = *b;
	*b = kept;
}

static size_t keep_selected(struct cp_candidate *candidates, size_t count, const char *selector)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (selected(&candidates[i], selector))
			swap(&candidates[kept++], &candidates[i]);
	return kept;
}

static size_t keep_offering(
	struct cp_candidate *candidates, size_t count, const struct wanted_platform *wanted)
{
	size_t kept = 0;
	for (size_t i = 0; i < count; i++)
		if (offers(&candidates[i].platform, wanted))
			swap(&candidates[kept++], &candidates[i]);
	return kept;
}

static bool all_the_same(const struct cp_candidate *candidates, size_t count)
{
	for (size_t i = 1; i < count; i++)
		if (!candidates[0].identity || !candidates[i].identity ||
			strcmp(candidates[0].identity, candidates[i].identity) != 0)
			return false;
	return count > 0;
}

static void write_choice(FILE *file, const struct cp_candidate *candidate)
{
	const json_t *name = json_is_array(candidate->name) ? json_array_get(candidate->name, 0)
							    : candidate->name;
	fprintf(file, "\n  @%zu", candidate->number);
	if (json_is_string(name))
		fprintf(file, " or :%s", json_string_value(name));
	const struct cp_image_platform *platform = &candidate->platform;
	if (platform->os && platform->architecture)
		fprintf(file, " (%s/%s%s%s)", platform->os, platform->architecture,
			platform->variant ? "/" : "", platform->variant ? platform->variant : "");
}

/* An error: `what`, then the choices, a line each. */
static void list_choices(
	struct cp_candidate *candidates, size_t count, const char *what, struct cp_error **err)
{
	cp_cleanup_free char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	if (!file) {
		cp_error_set(err, ENOMEM, "out of memory");
		return;
	}
	if (count)
		qsort(candidates, count, sizeof(*candidates), by_position);
	for (size_t i = 0; i < count && i < MAX_LISTED; i++)
		write_choice(file, &candidates[i]);
	if (count > MAX_LISTED)
		fprintf(file, "\n  and %zu more", count - MAX_LISTED);
	fclose(file);
	cp_error_set(err, EINVAL, "%s%s", what, text ? text : "");
}

const struct cp_candidate *cp_candidate_choose(struct cp_candidate *candidates, size_t count,
	const char *selector, const char *platform, struct cp_error **err)
{
	char what[300];
	struct wanted_platform wanted;
	if (platform && read_platform(platform, &wanted, err) < 0)
		return NULL;
	size_t kept = keep_selected(candidates, count, selector);
	if (!kept) {
		snprintf(what, sizeof(what),
			"no image \"%.200s\"; there are:", selector ? selector : "");
		list_choices(candidates, count, count ? what : "holds no image", err);
		return NULL;
	}
	size_t offering = kept;
	if (platform) {
		offering = keep_offering(candidates, kept, &wanted);
	} else if (kept > 1) {
		host_platform(&wanted);
		size_t fitting = keep_offering(candidates, kept, &wanted);
		offering = fitting ? fitting : kept;
	}
	if (!offering) {
		snprintf(what, sizeof(what), "no image for %.200s; there are:", platform);
		list_choices(candidates, kept, what, err);
		return NULL;
	}
	qsort(candidates, offering, sizeof(*candidates), by_position);
	if (all_the_same(candidates, offering))
		return &candidates[0];
	list_choices(candidates, offering, "holds several images; choose one:", err);
	return NULL;
}
