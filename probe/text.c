/* SPDX-License-Identifier: MIT */
#include "text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* Decodes one character (RFC 3629: no overlong forms, no surrogates, nothing above
 * U+10FFFF). Returns its length in bytes, or 0 where `s` does not begin with one. */
static size_t decode(const unsigned char *s, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t length = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
	if (length == 0 || s[0] > 0xf4)
		return 0;
	if (length == 1) {
		*character = s[0];
		return 1;
	}
	uint32_t value = s[0] & (0x7fu >> length);
	for (size_t i = 1; i < length; i++) {
		if ((s[i] & 0xc0) != 0x80) /* stops at the NUL, too */
			return 0;
		value = value << 6 | (s[i] & 0x3f);
	}
	if (value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*character = value;
	return length;
}

/* Controls (C0, DEL, C1), line separators, and the marks that reorder or hide text. */
static bool is_unsafe(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

void cp_text_put(FILE *file, const char *text)
{
	const unsigned char *s = (const unsigned char *)text;
	while (*s) {
		uint32_t c;
		size_t length = decode(s, &c);
		if (length == 0 || (is_unsafe(c) && c < 0x80)) {
			fprintf(file, "\\x%02x", *s);
			length = 1;
		} else if (is_unsafe(c)) {
			fprintf(file, "\\u{%x}", c);
		} else {
			fwrite(s, 1, length, file);
		}
		s += length;
	}
}

char *cp_text_printable(const char *text)
{
	char *copy = NULL;
	size_t size;
	FILE *file = open_memstream(&copy, &size);
	if (!file)
		return NULL;
	cp_text_put(file, text);
	if (fclose(file) == 0)
		return copy;
	free(copy);
	return NULL;
}

char *cp_text_to_utf8(const char *text)
{
	static const char replacement[] = "\xef\xbf\xbd";
	size_t length = strlen(text), room;
	if (__builtin_mul_overflow(length, sizeof(replacement) - 1, &room) || room == SIZE_MAX)
		return NULL;
	char *copy = malloc(room + 1), *out = copy;
	if (!copy)
		return NULL;
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		uint32_t c;
		size_t step = decode(s, &c);
		size_t count = step ? step : sizeof(replacement) - 1;
		memcpy(out, step ? (const void *)s : replacement, count);
		out += count;
		s += step ? step : 1;
	}
	*out = 0;
	return copy;
}

size_t cp_text_width(const char *text)
{
	size_t width = 0;
	for (; *text; text++)
		width += ((unsigned char)*text & 0xc0) != 0x80;
	return width;
}

void cp_text_bytes(char buffer[CP_TEXT_BYTES_SIZE], uint64_t bytes)
{
	static const char *const units[] = {"kB", "MB", "GB", "TB", "PB", "EB"};
	if (bytes < 1000) {
		snprintf(buffer, CP_TEXT_BYTES_SIZE, "%u byte%s", (unsigned)bytes,
			bytes == 1 ? "" : "s");
		return;
	}
	double value = (double)bytes / 1000;
	size_t unit = 0;
	while (value >= 999.95 && unit + 1 < sizeof(units) / sizeof(units[0])) {
		value /= 1000;
		unit++;
	}
	snprintf(buffer, CP_TEXT_BYTES_SIZE, "%.1f %s", value, units[unit]);
}

const char *cp_text_base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}
