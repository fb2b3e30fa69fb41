/* SPDX-License-Identifier: MIT */
#include "yaml_write.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#include "memory.h"
#include "text.h"

#define COLUMNS 100

/* Of valid UTF-8. */
static uint32_t decode(const unsigned char *at, size_t *length)
{
	static const unsigned char masks[] = {0, 0x7f, 0x1f, 0x0f, 0x07};
	*length = at[0] < 0x80 ? 1 : at[0] < 0xe0 ? 2 : at[0] < 0xf0 ? 3 : 4;
	uint32_t point = at[0] & masks[*length];
	for (size_t i = 1; i < *length; i++)
		point = point << 6 | (at[i] & 0x3f);
	return point;
}

/* Control characters, separators of lines, marks of direction and of byte order. */
static bool is_hidden(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0xa0) || point == 0x61c ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || point >= 0xfff0;
}

static void put_point(FILE *file, const char *bytes, size_t length, uint32_t point)
{
	if (is_hidden(point) && point > 0xffff && point < 0x10000 + 0xfff0)
		fprintf(file, "\\U%08x", (unsigned)point);
	else if (is_hidden(point) && point <= 0xffff && point != 0xfffd)
		fprintf(file, "\\u%04x", (unsigned)point);
	else
		fprintf(file, "%s%.*s", point == '"' || point == '\\' ? "\\" : "", (int)length,
			bytes);
}

static int put_quoted(FILE *file, const char *text, bool double_dollars)
{
	cp_cleanup_free char *clean = cp_text_to_utf8(text);
	if (!clean)
		return -1;
	fputc('"', file);
	for (size_t at = 0, length; clean[at]; at += length) {
		uint32_t point = decode((const unsigned char *)clean + at, &length);
		if (point == '$' && double_dollars)
			fputc('$', file);
		put_point(file, clean + at, length, point);
	}
	fputc('"', file);
	return 0;
}

int cp_yaml_write_text(FILE *file, const char *text)
{
	return put_quoted(file, text, true);
}

/* A name that no version of YAML reads as a number, a truth value or null. */
static bool is_bare(const char *key)
{
	static const char *const words[] = {
		"y", "n", "yes", "no", "on", "off", "true", "false", "null"};
	if (!isalpha((unsigned char)*key))
		return false;
	for (const char *at = key; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("._-", *at))
			return false;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcasecmp(key, words[i]) == 0)
			return false;
	return true;
}

int cp_yaml_write_key(FILE *file, const char *key)
{
	if (!is_bare(key))
		return put_quoted(file, key, false);
	fputs(key, file);
	return 0;
}

int cp_yaml_write_list(FILE *file, int indent, const char *key, char *const *items, size_t count)
{
	if (!count)
		return 0;
	fprintf(file, "%*s", indent, "");
	if (cp_yaml_write_key(file, key) < 0)
		return -1;
	fputs(":\n", file);
	for (size_t i = 0; i < count; i++) {
		fprintf(file, "%*s- ", indent + 2, "");
		if (cp_yaml_write_text(file, items[i]) < 0)
			return -1;
		fputc('\n', file);
	}
	return 0;
}

int cp_yaml_write_pair(FILE *file, int indent, const char *key, const char *text)
{
	if (!text)
		return 0;
	fprintf(file, "%*s", indent, "");
	if (cp_yaml_write_key(file, key) < 0)
		return -1;
	fputs(": ", file);
	if (cp_yaml_write_text(file, text) < 0)
		return -1;
	fputc('\n', file);
	return 0;
}

int cp_yaml_write_comment(FILE *file, int indent, const char *text)
{
	cp_cleanup_free char *clean = cp_text_printable(text);
	if (!clean)
		return -1;
	size_t column = 0;
	for (const char *at = clean; *at;) {
		size_t blanks = strspn(at, " "), word = strcspn(at + blanks, " ");
		if (column && column + blanks + word > COLUMNS) {
			fputc('\n', file);
			column = 0;
		}
		if (!column) {
			/* Folded lines stand a little further in than first ones. */
			column = (size_t)fprintf(
				file, "%*s# %s", indent, "", at == clean ? "" : "  ");
			at += blanks;
			blanks = 0;
		}
		column += (size_t)fprintf(file, "%.*s", (int)(blanks + word), at);
		at += blanks + word;
	}
	fputc('\n', file);
	return 0;
}
