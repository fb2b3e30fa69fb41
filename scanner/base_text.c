/* SPDX-License-Identifier: MIT */
#include "base_text.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "memory.h"

void cp_reader_open(struct cp_reader *reader, const char *text, size_t size, const char *label,
	struct cp_error **err)
{
	*reader = (struct cp_reader){.at = text, .end = text + size, .label = label, .err = err};
}

void cp_reader_close(struct cp_reader *reader)
{
	free(reader->buffer);
	reader->buffer = NULL;
}

int cp_reader_fail(struct cp_reader *reader, const char *format, ...)
{
	cp_cleanup_free char *message = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	return cp_error_set(reader->err, EINVAL, "%s:%zu: %s", reader->label, reader->line,
		message ? message : "out of memory");
}

int cp_reader_next(struct cp_reader *reader)
{
	reader->line++;
	if (reader->at == reader->end)
		return cp_reader_fail(reader, "the file ends too early");
	size_t left = (size_t)(reader->end - reader->at);
	const char *newline = memchr(reader->at, '\n', left);
	if (!newline)
		return cp_reader_fail(reader, "the last line has no end");
	size_t length = (size_t)(newline - reader->at);
	if (length > CP_TEXT_MAX_LINE)
		return cp_reader_fail(
			reader, "the line is longer than %zu bytes", CP_TEXT_MAX_LINE);
	if (memchr(reader->at, '\0', length))
		return cp_reader_fail(reader, "the line has a NUL byte");
	if (cp_grow(&reader->buffer, &reader->capacity, length + 1, 1) < 0)
		return cp_error_set(reader->err, ENOMEM, "%s: out of memory", reader->label);
	memcpy(reader->buffer, reader->at, length);
	reader->buffer[length] = '\0';
	reader->at = newline + 1;
	return 0;
}

char *cp_reader_key(struct cp_reader *reader, const char *key)
{
	if (cp_reader_next(reader) < 0)
		return NULL;
	size_t length = strlen(key);
	char *value = reader->buffer + length;
	if (strncmp(reader->buffer, key, length) != 0 || *value != ':' ||
		(value[1] && value[1] != ' ')) {
		cp_reader_fail(reader, "expected \"%s: ...\"", key);
		return NULL;
	}
	value += value[1] ? 2 : 1;
	if (cp_text_unescape(value, false) < 0) {
		cp_reader_fail(reader, "malformed escape in the value of %s", key);
		return NULL;
	}
	char *copy = strdup(value);
	if (!copy)
		cp_error_set(reader->err, ENOMEM, "%s: out of memory", reader->label);
	return copy;
}

int cp_text_number(const char *text, uint64_t max, uint64_t *value)
{
	uint64_t number = 0;
	if (!*text || (*text == '0' && text[1]))
		return -1;
	for (; *text; text++) {
		if (*text < '0' || *text > '9' ||
			__builtin_mul_overflow(number, UINT64_C(10), &number) ||
			__builtin_add_overflow(number, (uint64_t)(*text - '0'), &number))
			return -1;
	}
	if (number > max)
		return -1;
	*value = number;
	return 0;
}

int cp_reader_number(struct cp_reader *reader, const char *key, uint64_t max, uint64_t *value)
{
	cp_cleanup_free char *text = cp_reader_key(reader, key);
	if (!text)
		return -1;
	if (cp_text_number(text, max, value) < 0)
		return cp_reader_fail(
			reader, "%s must be a number up to %llu", key, (unsigned long long)max);
	return 0;
}

void cp_text_escape(FILE *file, const char *text, size_t size, const char *also)
{
	for (size_t i = 0; i < size; i++) {
		unsigned char byte = (unsigned char)text[i];
		if (byte == '\n')
			fputs("\\n", file);
		else if (byte == '\\')
			fputs("\\\\", file);
		else if (byte < ' ' || byte > '~' || strchr(also, byte))
			fprintf(file, "\\x%02x", byte);
		else
			putc(byte, file);
	}
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

/* The byte that the escape behind a backslash at *at stands for; *at steps behind it. */
static int unescape_one(const char **at)
{
	char kind = *(*at)++;
	if (kind == '\\')
		return '\\';
	if (kind == 'n')
		return '\n';
	if (kind != 'x' || hex_digit((*at)[0]) < 0 || hex_digit((*at)[1]) < 0)
		return -1;
	int byte = hex_digit((*at)[0]) << 4 | hex_digit((*at)[1]);
	*at += 2;
	return byte;
}

ssize_t cp_text_unescape(char *text, bool nul)
{
	char *to = strchr(text, '\\');
	if (!to)
		return (ssize_t)strlen(text);
	for (const char *from = to; *from;) {
		if (*from != '\\') {
			*to++ = *from++;
			continue;
		}
		from++;
		int byte = *from ? unescape_one(&from) : -1;
		if (byte < 0 || (byte == 0 && !nul))
			return -1;
		*to++ = (char)byte;
	}
	*to = '\0';
	return to - text;
}

char *cp_text_word(char **at)
{
	char *word = *at;
	if (!word)
		return NULL;
	char *space = strchr(word, ' ');
	if (space)
		*space = '\0';
	if (cp_text_unescape(word, false) <= 0)
		return NULL;
	*at = space ? space + 1 : NULL;
	return word;
}

void cp_text_write_word(FILE *file, const char *text)
{
	putc(' ', file);
	cp_text_escape(file, text, strlen(text), " ");
}
