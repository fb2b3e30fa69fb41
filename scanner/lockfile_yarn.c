/* SPDX-License-Identifier: MIT
 *
 * yarn.lock: Yarn 1 writes a format of its own, Yarn 2 and later (Berry) write YAML.
 *
 *     # yarn lockfile v1                       __metadata:
 *                                                version: 8
 *     "@a/b@^1.0.0", "@a/b@^1.2.0":            "@a/b@npm:^1.0.0, @a/b@npm:^1.2.0":
 *       version "1.2.3"                          version: 1.2.3
 *       optionalDependencies:                    conditions: os=linux & cpu=x64 & libc=glibc
 *         c "2.0.0"                              linkType: hard
 *
 * The name is that of the first descriptor. Neither format says whether a package is optional or
 * has an install script; Yarn 1's says nothing of platforms. Sources: Yarn 1's
 * src/lockfile/parse.js; Berry's Manifest.getConditions and Project.setupResolutions.
 */
#include "lockfile_private.h"

#include <errno.h>
#include <string.h>

/* --- Yarn 1 ------------------------------------------------------------------------ */

struct lines {
	struct cp_lockfile *lockfile;
	struct cp_locked *current;
	const char *label;
	size_t number;
	const char *start, *at, *end; /* of the line */
};

static int fail_at(const struct lines *lines, const char *why, struct cp_error **err)
{
	return cp_error_set(err, EINVAL, "%s: line %zu, column %zu: %s", lines->label,
		lines->number, (size_t)(lines->at - lines->start) + 1, why);
}

/* A word, quoted or not. Quotes are JSON's; no name or version has anything to escape. */
static int read_word(struct lines *lines, struct cp_piece *word, struct cp_error **err)
{
	const char *at = lines->at;
	bool quoted = at < lines->end && *at == '"';
	word->text = at += quoted;
	while (at < lines->end && (quoted ? *at != '"' : !strchr(":, \"", *at)))
		at += quoted && *at == '\\' && at + 1 < lines->end ? 2 : 1;
	word->length = (size_t)(at - word->text);
	if (quoted && at == lines->end)
		return fail_at(lines, "a quote that does not end", err);
	if (!quoted && !word->length)
		return fail_at(lines, "a name was expected", err);
	lines->at = at + quoted;
	return 0;
}

static bool pass_over(struct lines *lines, const char *text)
{
	size_t length = strlen(text);
	if ((size_t)(lines->end - lines->at) < length || memcmp(lines->at, text, length) != 0)
		return false;
	lines->at += length;
	return true;
}

/* "name@range", "name@range": */
static int read_heading(struct lines *lines, struct cp_error **err)
{
	struct cp_piece first, other, name, range;
	if (read_word(lines, &first, err) < 0)
		return -1;
	while (pass_over(lines, ", "))
		if (read_word(lines, &other, err) < 0)
			return -1;
	if (!pass_over(lines, ":") || lines->at != lines->end)
		return fail_at(lines, "a colon at the line's end was expected", err);
	cp_split_descriptor(first, &name, &range);
	lines->current = cp_lockfile_add(lines->lockfile, name, (struct cp_piece){"", 0}, err);
	return lines->current ? 0 : -1;
}

/* name value, or the name of a list: */
static int read_field(struct lines *lines, size_t indent, struct cp_error **err)
{
	struct cp_piece key, value;
	if (read_word(lines, &key, err) < 0)
		return -1;
	if (pass_over(lines, ":") && lines->at == lines->end)
		return 0;
	if (!pass_over(lines, " "))
		return fail_at(lines, "a value was expected", err);
	if (read_word(lines, &value, err) < 0)
		return -1;
	if (indent == 2 && cp_piece_is(key, "version"))
		return cp_locked_set_version(lines->current, value, err);
	return 0;
}

static int read_line(struct lines *lines, struct cp_error **err)
{
	if (lines->end > lines->at && lines->end[-1] == '\r')
		lines->end--;
	while (lines->at < lines->end && *lines->at == ' ')
		lines->at++;
	if (lines->at == lines->end || *lines->at == '#')
		return 0;
	if (pass_over(lines, "<<<<<<<") || pass_over(lines, ">>>>>>>"))
		return fail_at(lines, "a merge conflict that is not resolved", err);
	size_t indent = (size_t)(lines->at - lines->start);
	if (indent % 2)
		return fail_at(lines, "indented by an odd number of spaces", err);
	if (indent && !lines->current)
		return fail_at(lines, "a field of no package", err);
	return indent ? read_field(lines, indent, err) : read_heading(lines, err);
}

static int read_classic(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err)
{
	struct lines lines = {.lockfile = lockfile, .label = label};
	const char *end = data + size;
	while (data < end) {
		const char *newline = memchr(data, '\n', (size_t)(end - data));
		lines.start = lines.at = data;
		lines.end = newline ? newline : end;
		lines.number++;
		data = newline ? newline + 1 : end;
		if (read_line(&lines, err) < 0)
			return -1;
	}
	return 0;
}

/* --- Berry --------------------------------------------------------------------------- */

struct reading {
	struct cp_lockfile *lockfile;
	struct cp_locked *current;
};

static bool begins_with(struct cp_piece piece, const char *text)
{
	return piece.length >= strlen(text) && memcmp(piece.text, text, strlen(text)) == 0;
}

static int take_key(void *context, const struct cp_yaml_path *path, struct cp_error **err)
{
	struct reading *reading = context;
	struct cp_piece name, range;
	if (path->depth != 1)
		return 0;
	reading->current = NULL;
	cp_split_descriptor(path->keys[0], &name, &range);
	if (!range.length || begins_with(range, "workspace:"))
		return 0;
	reading->current = cp_lockfile_add(reading->lockfile, name, (struct cp_piece){"", 0}, err);
	return reading->current ? 0 : -1;
}

/* One "libc=musl" of the conditions. */
static int take_condition(struct cp_locked *locked, struct cp_piece term, struct cp_error **err)
{
	const char *equals = memchr(term.text, '=', term.length);
	if (!equals)
		return 0;
	struct cp_piece field = {term.text, (size_t)(equals - term.text)};
	struct cp_piece word = {equals + 1, term.length - field.length - 1};
	if (cp_piece_is(field, "os"))
		return cp_locked_add_word(&locked->os, word, err);
	if (cp_piece_is(field, "cpu"))
		return cp_locked_add_word(&locked->cpu, word, err);
	if (cp_piece_is(field, "libc"))
		return cp_locked_add_word(&locked->libc, word, err);
	return 0;
}

/* "os=linux & (cpu=x64 | cpu=arm64)": what one field may be is in one pair of parentheses, so that
 * the words of each field, wherever they stand, are all that it may be. */
static int take_conditions(struct cp_locked *locked, struct cp_piece text, struct cp_error **err)
{
	const char *at = text.text, *end = at + text.length;
	while (at < end) {
		struct cp_piece term = {at, 0};
		while (at < end && !memchr(" &|()", *at, 5))
			at++;
		term.length = (size_t)(at - term.text);
		if (term.length && take_condition(locked, term, err) < 0)
			return -1;
		at += at < end;
	}
	return 0;
}

static int take_text(
	void *context, const struct cp_yaml_path *path, struct cp_piece text, struct cp_error **err)
{
	struct cp_locked *current = ((struct reading *)context)->current;
	if (!current || path->depth != 2)
		return 0;
	if (cp_piece_is(path->keys[1], "version"))
		return cp_locked_set_version(current, text, err);
	if (cp_piece_is(path->keys[1], "conditions"))
		return take_conditions(current, text, err);
	return 0;
}

/* Berry begins with its metadata; whatever stands above is comments. */
static bool is_berry(const char *data, size_t size)
{
	static const char metadata[] = "\n__metadata:";
	return (size > strlen(metadata) && memcmp(data, metadata + 1, strlen(metadata) - 1) == 0) ||
	       memmem(data, size, metadata, strlen(metadata));
}

int cp_lockfile_read_yarn(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err)
{
	static const struct cp_yaml_visitor visitor = {take_key, take_text};
	if (!is_berry(data, size))
		return read_classic(lockfile, data, size, label, err);
	struct reading reading = {lockfile, NULL};
	return cp_yaml_walk(data, size, label, &visitor, &reading, err);
}
