/* SPDX-License-Identifier: MIT
 *
 * From objects to packages.
 *
 * A package often carries several builds of one addon, of which a loader picks one.
 * Builds are told by their paths: two objects are variants of each other when
 * their paths inside the package are the same once every word that names a
 * platform, a libc, a processor or an ABI is left out
 *
 *     prebuilds/linux-x64/bcrypt.glibc.node     ┐
 *     prebuilds/linux-x64/bcrypt.musl.node      ┴─ "bcrypt node"
 *     build/linux/x64/node/glibc-115-Release/addon.node ─ "addon node"
 *
 * The best variant stands for the group, as a loader that works would pick it; the
 * worst group stands for the package, as it needs all of its addons.
 */
#include "scan_parts.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

/* An object under the key of its group. */
struct variant {
	const struct cp_object *object;
	char *key; /* package path, NUL-free, then the reduced path */
};

static bool is_platform_word(const char *word, size_t length)
{
	static const char *const words[] = {"linux", "linuxmusl", "linuxglibc", "musl", "glibc",
		"gnu", "unknown", "pc", "x64", "x86", "x86_64", "64", "amd64", "arm64", "aarch64",
		"armv6", "armv7", "armv8", "darwin", "win32", "windows", "freebsd", "openbsd",
		"android", "napi", "uv1", "release", "releases", "debug", "build", "prebuilds",
		"prebuild", "bin", "lib", "binding", "node", "electron", "static"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == length && !strncasecmp(words[i], word, length))
			return true;
	return false;
}

/* abi115, v8, 108: versions of an ABI. */
static bool is_abi_word(const char *word, size_t length)
{
	size_t at = 0;
	if (length > 3 && !strncasecmp(word, "abi", 3))
		at = 3;
	else if (length > 1 && (word[0] == 'v' || word[0] == 'V'))
		at = 1;
	for (size_t i = at; i < length; i++)
		if (!isdigit((unsigned char)word[i]))
			return false;
	return length > at;
}

static char *reduce_path(const char *package, const char *path)
{
	char *key = malloc(strlen(package) + strlen(path) + 2);
	if (!key)
		return NULL;
	char *end = stpcpy(key, package);
	const char *rest = path + strlen(package);
	while (*rest) {
		size_t length = strcspn(rest, "/.-");
		if (length && !is_platform_word(rest, length) && !is_abi_word(rest, length)) {
			*end++ = ' ';
			end = mempcpy(end, rest, length);
		}
		rest += length + (rest[length] != '\0');
	}
	*end = '\0';
	return key;
}

static int compare_variants(const void *a, const void *b)
{
	const struct variant *left = a, *right = b;
	int packages = strcmp(left->object->package->name, right->object->package->name);
	if (packages)
		return packages;
	const char *l = left->object->package->version, *r = right->object->package->version;
	int versions = strcmp(l ? l : "", r ? r : "");
	if (versions)
		return versions;
	int places = strcmp(left->object->package->path, right->object->package->path);
	if (places)
		return places;
	int groups = strcmp(left->key, right->key);
	return groups ? groups : strcmp(left->object->path, right->object->path);
}

static bool counts(const struct cp_object *object, size_t target)
{
	enum cp_outcome outcome = object->loads[target].outcome;
	return outcome != CP_OUTCOME_FOREIGN && outcome != CP_OUTCOME_UNKNOWN &&
	       outcome != CP_OUTCOME_UNUSED;
}

/* Whether `a` would stand for its group rather than `b`: the better outcome, then the
 * build for the target's own libc. */
static bool better(
	const struct cp_object *a, const struct cp_object *b, size_t target, enum cp_libc libc)
{
	if (!b)
		return true;
	enum cp_outcome left = a->loads[target].outcome, right = b->loads[target].outcome;
	if (left != right)
		return left < right;
	return a->facts && b->facts && a->facts->libc == libc && b->facts->libc != libc;
}

static const struct cp_object *best_of_group(
	const struct variant *variants, size_t count, size_t target, enum cp_libc libc)
{
	const struct cp_object *best = NULL;
	for (size_t i = 0; i < count; i++)
		if (counts(variants[i].object, target) &&
			better(variants[i].object, best, target, libc))
			best = variants[i].object;
	return best;
}

static size_t group_length(const struct variant *variants, size_t count)
{
	size_t length = 1;
	while (length < count && !strcmp(variants[length].key, variants[0].key))
		length++;
	return length;
}

static struct cp_verdict verdict_on(
	const struct variant *variants, size_t count, size_t target, enum cp_libc libc)
{
	const struct cp_object *worst = NULL;
	for (size_t at = 0, length; at < count; at += length) {
		length = group_length(variants + at, count - at);
		const struct cp_object *best = best_of_group(variants + at, length, target, libc);
		if (best && (!worst || best->loads[target].outcome > worst->loads[target].outcome))
			worst = best;
	}
	if (!worst) /* nothing but builds for other platforms */
		return (struct cp_verdict){.outcome = CP_OUTCOME_FOREIGN, .how = "none"};
	const struct cp_load *load = &worst->loads[target];
	return (struct cp_verdict){.outcome = load->outcome,
		.cause = load->cause,
		.object = worst,
		.message = load->message,
		.how = "installed"};
}

static int add_result(
	struct cp_scan *scan, const struct variant *variants, size_t count, struct cp_error **err)
{
	struct cp_package_result *result = &scan->results[scan->n_results];
	result->package = variants[0].object->package;
	result->verdicts = calloc(scan->n_targets ? scan->n_targets : 1, sizeof(*result->verdicts));
	if (!result->verdicts)
		return cp_error_set(err, 0, "out of memory");
	scan->n_results++;
	for (size_t t = 0; t < scan->n_targets; t++)
		result->verdicts[t] = verdict_on(variants, count, t, scan->targets[t].target.libc);
	return 0;
}

static int collect(
	struct cp_scan *scan, struct variant *variants, size_t *count, struct cp_error **err)
{
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if (!object->package || object->system)
			continue;
		struct variant *variant = &variants[*count];
		variant->object = object;
		variant->key = reduce_path(object->package->path, object->path);
		if (!variant->key)
			return cp_error_set(err, 0, "out of memory");
		++*count;
	}
	return 0;
}

static int roll_up(
	struct cp_scan *scan, struct variant *variants, size_t count, struct cp_error **err)
{
	if (count)
		qsort(variants, count, sizeof(*variants), compare_variants);
	scan->results = calloc(count ? count : 1, sizeof(*scan->results));
	if (!scan->results)
		return cp_error_set(err, 0, "out of memory");
	for (size_t at = 0, length; at < count; at += length) {
		const struct cp_package *package = variants[at].object->package;
		length = 1;
		while (at + length < count && variants[at + length].object->package == package)
			length++;
		if (add_result(scan, variants + at, length, err) < 0)
			return -1;
	}
	return 0;
}

void cp_package_result_clear(struct cp_package_result *result, size_t n_targets)
{
	for (size_t t = 0; result->verdicts && t < n_targets; t++)
		free(result->verdicts[t].brings);
	free(result->verdicts);
}

int cp_scan_packages(struct cp_scan *scan, struct cp_error **err)
{
	cp_cleanup_free struct variant *variants =
		calloc(scan->n_objects ? scan->n_objects : 1, sizeof(*variants));
	if (!variants)
		return cp_error_set(err, 0, "out of memory");
	size_t count = 0;
	int result = collect(scan, variants, &count, err);
	if (result == 0)
		result = roll_up(scan, variants, count, err);
	for (size_t i = 0; i < count; i++)
		free(variants[i].key);
	return result;
}
