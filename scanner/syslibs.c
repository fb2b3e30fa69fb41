/* SPDX-License-Identifier: MIT
 *
 * The tables are built in as rows "KEY TAB VALUE NUL", sorted by key, three to a release: package
 * by soname, soname by package, and the names of all packages ("KEY NUL"). They are searched
 * where they lie: nothing is unpacked, copied or allocated.
 *
 * The list of names leaves out what no template of a service asks for (other languages' modules,
 * documentation, …), by the globs of scanner/syslibs/left-out.txt. The same globs tell here that
 * the absence of such a name proves nothing.
 */
#include "syslibs.h"

#include <ctype.h>
#include <fnmatch.h>
#include <stdint.h>
#include <string.h>

struct table {
	const char *begin, *end;
};

struct release {
	const char *name;
	struct table sonames, packages, names;
};

/* clang-format off */
#define EMBED(label, path)                                                                         \
	__asm__(".pushsection .rodata\n"                                                           \
		"cp_syslibs_" #label ":\n"                                                         \
		".incbin \"" path "\"\n"                                                           \
		"cp_syslibs_" #label "_end:\n"                                                     \
		".popsection\n");                                                                  \
	extern const char cp_syslibs_##label[], cp_syslibs_##label##_end[];
#define RELEASE(label, name, path)                                                                 \
	EMBED(label##_sonames, path ".sonames")                                                    \
	EMBED(label##_packages, path ".packages")                                                  \
	EMBED(label##_names, path ".names")
#include "syslibs.inc"
#undef RELEASE

#define TABLE(label) {cp_syslibs_##label, cp_syslibs_##label##_end}
#define RELEASE(label, name, path)                                                                 \
	{name, TABLE(label##_sonames), TABLE(label##_packages), TABLE(label##_names)},
static const struct release releases[] = {
#include "syslibs.inc"
};
#undef RELEASE
/* clang-format on */

#define N_RELEASES (sizeof(releases) / sizeof(*releases))

static const char *const left_out[] = {
#include "syslibs_left_out.inc"
};
#define N_LEFT_OUT (sizeof(left_out) / sizeof(*left_out))

static const struct release *find_release(const char *name)
{
	for (size_t i = 0; i < N_RELEASES; i++)
		if (strcmp(releases[i].name, name) == 0)
			return &releases[i];
	return NULL;
}

/* --- rows --------------------------------------------------------------------------- */

static const char *value_of(const char *row)
{
	return strchr(row, '\t') + 1;
}

static const char *next_row(const char *row)
{
	return row + strlen(row) + 1;
}

/* Compares a row's key with the first `length` bytes of `key`. */
static int compare_key(const char *row, const char *key, size_t length)
{
	size_t own = strcspn(row, "\t");
	int order = memcmp(row, key, own < length ? own : length);
	return order ? order : (own > length) - (own < length);
}

/* The first row whose key is not below the first `length` bytes of `key`; table->end: none. */
static const char *lower_bound(const struct table *table, const char *key, size_t length)
{
	const char *low = table->begin, *high = table->end; /* both begin a row */
	while (low < high) {
		const char *row = low + (high - low) / 2;
		while (row > low && row[-1])
			row--;
		if (compare_key(row, key, length) < 0)
			low = next_row(row);
		else
			high = row;
	}
	return low;
}

static const char *find_row(const struct table *table, const char *key)
{
	const char *row = lower_bound(table, key, strlen(key));
	return row < table->end && compare_key(row, key, strlen(key)) == 0 ? row : NULL;
}

/* --- libraries ----------------------------------------------------------------------- */

const char *cp_syslib_package(const char *release_name, const char *soname)
{
	const struct release *release = find_release(release_name);
	const char *row = release ? find_row(&release->sonames, soname) : NULL;
	return row ? value_of(row) : NULL;
}

size_t cp_syslib_sonames(
	const char *release_name, const char *package, const char **sonames, size_t max)
{
	const struct release *release = find_release(release_name);
	const char *row = release ? find_row(&release->packages, package) : NULL;
	size_t count = 0, length = strlen(package);
	for (; row && row < release->packages.end && compare_key(row, package, length) == 0;
		row = next_row(row), count++)
		if (count < max)
			sonames[count] = value_of(row);
	return count;
}

/* --- packages ------------------------------------------------------------------------ */

/* A glob behind "!" is an exception of those that follow. */
static bool is_left_out(const char *package)
{
	for (size_t i = 0; i < N_LEFT_OUT; i++) {
		bool exception = *left_out[i] == '!';
		if (fnmatch(left_out[i] + exception, package, 0) == 0)
			return !exception;
	}
	return false;
}

int cp_syslib_package_exists(const char *release_name, const char *package)
{
	const struct release *release = find_release(release_name);
	if (!release)
		return -1;
	if (find_row(&release->names, package) || find_row(&release->packages, package))
		return 1;
	return release->names.begin == release->names.end || is_left_out(package) ? -1 : 0;
}

/* --- the same under another version --------------------------------------------------- */

/* Reads a number as the order of versions has it; leading zeros do not count. */
static uint64_t read_number(const char **at)
{
	uint64_t number = 0;
	for (; isdigit((unsigned char)**at); ++*at)
		if (number < UINT64_MAX / 16)
			number = number * 10 + (uint64_t)(**at - '0');
	return number;
}

/* What a name is without its versions: its numbers, the dots and dashes before them, and the mark
 * of Debian's change to 64-bit times count as one. NULL where the names differ in more. The
 * distance of the first numbers that differ goes to *distance, smaller is nearer; so does a number
 * that only one of the two has. */
static bool same_but_for_versions(const char *a, const char *b, uint64_t distance[2])
{
	size_t numbers = 0;
	distance[0] = distance[1] = 0;
	for (;;) {
		bool number_a = isdigit((unsigned char)a[strspn(a, ".-")]);
		bool number_b = isdigit((unsigned char)b[strspn(b, ".-")]);
		if (number_a || number_b) {
			a += number_a ? strspn(a, ".-") : 0;
			b += number_b ? strspn(b, ".-") : 0;
			uint64_t left = number_a ? read_number(&a) : 0;
			uint64_t right = number_b ? read_number(&b) : 0;
			if (numbers < 2)
				distance[numbers] = left > right ? left - right : right - left;
			numbers++;
			a += number_a && strncmp(a, "t64", 3) == 0 ? 3 : 0;
			b += number_b && strncmp(b, "t64", 3) == 0 ? 3 : 0;
		} else if (*a != *b) {
			return false;
		} else if (!*a) {
			return numbers > 0;
		} else {
			a++, b++;
		}
	}
}

const char *cp_syslib_similar_package(const char *release_name, const char *package)
{
	const struct release *release = find_release(release_name);
	size_t stem = strcspn(package, "0123456789");
	const char *nearest = NULL;
	uint64_t best[2], distance[2];
	if (!release || !package[stem])
		return NULL;
	/* A name that only lacks the version begins with the stem but for the dash before it. */
	while (stem && strchr(".-", package[stem - 1]))
		stem--;
	const struct table *table = &release->names;
	for (const char *row = lower_bound(table, package, stem);
		stem && row < table->end && strncmp(row, package, stem) == 0; row = next_row(row)) {
		char name[256];
		size_t length = strcspn(row, "\t");
		if (length >= sizeof(name))
			continue;
		memcpy(name, row, length);
		name[length] = '\0';
		if (strcmp(name, package) == 0 || !same_but_for_versions(package, name, distance))
			continue;
		if (nearest && (distance[0] > best[0] ||
				       (distance[0] == best[0] && distance[1] >= best[1])))
			continue;
		nearest = row;
		memcpy(best, distance, sizeof(best));
	}
	return nearest;
}
