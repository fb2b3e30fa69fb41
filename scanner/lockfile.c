/* SPDX-License-Identifier: MIT
 *
 * The table is an array that is sorted by name and version once the file is read, and searched by
 * halving. A hash would be a little faster, and a file could be made to defeat it.
 *
 * A lock file may tell of a package in several places: npm once per directory that it is installed
 * to, pnpm 9 once for the package and once for what it was resolved with. They are merged: what one
 * of them declares holds.
 */
#include "lockfile_private.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

struct cp_lockfile {
	enum cp_lockfile_kind kind;
	struct cp_locked *entries;
	size_t count, size;
};

/* --- words ---------------------------------------------------------------------- */

bool cp_piece_is(struct cp_piece piece, const char *text)
{
	return strlen(text) == piece.length && memcmp(piece.text, text, piece.length) == 0;
}

struct cp_piece cp_piece_of(const char *text)
{
	return (struct cp_piece){text, text ? strlen(text) : 0};
}

static void free_words(char **words)
{
	for (char **word = words; word && *word; word++)
		free(*word);
	free(words);
}

int cp_locked_add_word(char ***words, struct cp_piece word, struct cp_error **err)
{
	size_t count = 0;
	while (*words && (*words)[count])
		count++;
	if (count == CP_LOCKFILE_MAX_WORDS)
		return 0;
	char **grown = reallocarray(*words, count + 2, sizeof(*grown));
	if (!grown)
		return cp_error_set(err, ENOMEM, "out of memory");
	*words = grown;
	grown[count + 1] = NULL;
	grown[count] = strndup(word.text, word.length);
	return grown[count] ? 0 : cp_error_set(err, ENOMEM, "out of memory");
}

void cp_split_descriptor(struct cp_piece descriptor, struct cp_piece *name, struct cp_piece *range)
{
	const char *at = descriptor.length > 1
				 ? memchr(descriptor.text + 1, '@', descriptor.length - 1)
				 : NULL;
	*name = descriptor;
	*range = (struct cp_piece){"", 0};
	if (!at)
		return;
	name->length = (size_t)(at - descriptor.text);
	*range = (struct cp_piece){at + 1, descriptor.length - name->length - 1};
}

/* --- entries ---------------------------------------------------------------------- */

static void clear_entry(struct cp_locked *entry)
{
	free(entry->name);
	free(entry->version);
	free_words(entry->os);
	free_words(entry->cpu);
	free_words(entry->libc);
}

struct cp_locked *cp_lockfile_add(struct cp_lockfile *lockfile, struct cp_piece name,
	struct cp_piece version, struct cp_error **err)
{
	if (lockfile->count == CP_LOCKFILE_MAX_ENTRIES) {
		cp_error_set(err, EFBIG, "more than %u packages", CP_LOCKFILE_MAX_ENTRIES);
		return NULL;
	}
	struct cp_locked entry = {.name = strndup(name.text, name.length),
		.version = strndup(version.text, version.length)};
	if (!entry.name || !entry.version ||
		cp_grow(&lockfile->entries, &lockfile->size, lockfile->count + 1, sizeof(entry)) <
			0) {
		clear_entry(&entry);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	lockfile->entries[lockfile->count] = entry;
	return &lockfile->entries[lockfile->count++];
}

int cp_locked_set_version(struct cp_locked *locked, struct cp_piece version, struct cp_error **err)
{
	char *copy = strndup(version.text, version.length);
	if (!copy)
		return cp_error_set(err, ENOMEM, "out of memory");
	free(locked->version);
	locked->version = copy;
	return 0;
}

static void merge_words(char ***into, char ***from)
{
	if (!*into)
		*into = cp_take(*from);
}

static void merge_entry(struct cp_locked *into, struct cp_locked *from)
{
	merge_words(&into->os, &from->os);
	merge_words(&into->cpu, &from->cpu);
	merge_words(&into->libc, &from->libc);
	into->optional |= from->optional;
	into->has_install_script |= from->has_install_script;
	clear_entry(from);
}

static int compare_entries(const void *left, const void *right)
{
	const struct cp_locked *a = left, *b = right;
	int order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->version, b->version);
}

static void finish(struct cp_lockfile *lockfile)
{
	size_t kept = 0;
	if (lockfile->count)
		qsort(lockfile->entries, lockfile->count, sizeof(*lockfile->entries),
			compare_entries);
	for (size_t i = 0; i < lockfile->count; i++) {
		struct cp_locked *entry = &lockfile->entries[i];
		if (kept && compare_entries(&lockfile->entries[kept - 1], entry) == 0)
			merge_entry(&lockfile->entries[kept - 1], entry);
		else
			lockfile->entries[kept++] = *entry;
	}
	lockfile->count = kept;
}

/* --- the public functions ----------------------------------------------------------- */

int cp_lockfile_read(enum cp_lockfile_kind kind, const char *data, size_t size, const char *label,
	struct cp_lockfile **lockfile, struct cp_error **err)
{
	static int (*const readers[])(struct cp_lockfile *, const char *, size_t, const char *,
		struct cp_error **) = {[CP_LOCK_NPM] = cp_lockfile_read_npm,
		[CP_LOCK_PNPM] = cp_lockfile_read_pnpm,
		[CP_LOCK_YARN] = cp_lockfile_read_yarn};
	*lockfile = NULL;
	cp_cleanup_lockfile struct cp_lockfile *made = calloc(1, sizeof(*made));
	if (!made)
		return cp_error_set(err, ENOMEM, "out of memory");
	made->kind = kind;
	if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) { /* a byte order mark */
		data += 3;
		size -= 3;
	}
	if (readers[kind](made, data, size, label, err) < 0)
		return -1;
	finish(made);
	*lockfile = cp_take(made);
	return 0;
}

void cp_lockfile_free(struct cp_lockfile *lockfile)
{
	if (!lockfile)
		return;
	for (size_t i = 0; i < lockfile->count; i++)
		clear_entry(&lockfile->entries[i]);
	free(lockfile->entries);
	free(lockfile);
}

void cp_lockfile_cleanup(struct cp_lockfile **lockfile)
{
	cp_lockfile_free(*lockfile);
}

const struct cp_locked *cp_lockfile_find(
	const struct cp_lockfile *lockfile, const char *name, const char *version)
{
	size_t low = 0, high = lockfile->count;
	while (low < high) { /* the first that is not before what is looked for */
		size_t middle = low + (high - low) / 2;
		const struct cp_locked *entry = &lockfile->entries[middle];
		int order = strcmp(entry->name, name);
		if (!order && version)
			order = strcmp(entry->version, version);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == lockfile->count)
		return NULL;
	const struct cp_locked *entry = &lockfile->entries[low];
	bool found = strcmp(entry->name, name) == 0 &&
		     (!version || strcmp(entry->version, version) == 0);
	return found ? entry : NULL;
}

const struct cp_locked *cp_lockfile_at(const struct cp_lockfile *lockfile, size_t at)
{
	return &lockfile->entries[at];
}

size_t cp_lockfile_count(const struct cp_lockfile *lockfile)
{
	return lockfile->count;
}

const char *cp_lockfile_source(const struct cp_lockfile *lockfile)
{
	static const char *const names[] = {[CP_LOCK_NPM] = "package-lock.json",
		[CP_LOCK_PNPM] = "pnpm-lock.yaml",
		[CP_LOCK_YARN] = "yarn.lock"};
	return names[lockfile->kind];
}
