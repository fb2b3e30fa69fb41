/* SPDX-License-Identifier: MIT
 *
 * Variables: the process's environment, and under it the file .env.
 *
 * The file's syntax is that on which docker-compose v1 (python-dotenv) and compose v2 (godotenv)
 * agree: lines NAME=VALUE, `export` before them, comments; a value in single quotes is literal, one
 * in double quotes knows \n \r \t \" \\ \$, one without quotes ends at " #"; ${…} is filled in but
 * in single quotes. Values in quotes may span lines.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "file.h"
#include "memory.h"

#define MAX_FILE ((size_t)1 << 20)
#define MAX_VARIABLES 2000

struct variable {
	char *name, *value;
};

struct cp_variables {
	struct variable *items;
	size_t count, size;
};

struct reader {
	const char *at, *name;
	unsigned line;
	struct cp_error **err;
};

struct cp_variables *cp_variables_make(void)
{
	return calloc(1, sizeof(struct cp_variables));
}

void cp_variables_free(struct cp_variables *variables)
{
	if (!variables)
		return;
	for (size_t i = 0; i < variables->count; i++) {
		free(variables->items[i].name);
		free(variables->items[i].value);
	}
	free(variables->items);
	free(variables);
}

const char *cp_variables_get(const struct cp_variables *variables, const char *name)
{
	const char *value = getenv(name);
	for (size_t i = variables->count; i > 0 && !value; i--)
		if (strcmp(variables->items[i - 1].name, name) == 0)
			value = variables->items[i - 1].value;
	return value;
}

static int add(struct cp_variables *variables, struct reader *reader, char *name, char *value)
{
	if (variables->count == MAX_VARIABLES)
		return cp_error_set(reader->err, E2BIG, "%s:%u: more than %d variables",
			reader->name, reader->line, MAX_VARIABLES);
	if (cp_grow(&variables->items, &variables->size, variables->count + 1,
		    sizeof(*variables->items)) < 0)
		return cp_error_set(reader->err, ENOMEM, "out of memory");
	variables->items[variables->count++] = (struct variable){name, value};
	return 0;
}

/* --- the file ---------------------------------------------------------------------------- */

static void skip_blanks(struct reader *reader)
{
	while (*reader->at == ' ' || *reader->at == '\t')
		reader->at++;
}

static void skip_line(struct reader *reader)
{
	reader->at += strcspn(reader->at, "\n");
	if (*reader->at) {
		reader->at++;
		reader->line++;
	}
}

static char escaped(char c)
{
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	default:
		return c;
	}
}

/* Where the quote ends that began before `at`; NULL: nowhere. */
static const char *quote_end(const char *at, char quote)
{
	for (; *at && *at != quote; at++)
		at += *at == '\\' && at[1] && (quote == '"' || at[1] == quote);
	return *at ? at : NULL;
}

/* What is in quotes, `at` behind the opening one; NULL where the closing one is missing or without
 * memory. */
static char *read_quoted(struct reader *reader, char quote)
{
	const char *end = quote_end(reader->at, quote);
	char *value = end ? malloc((size_t)(end - reader->at) + 1) : NULL;
	size_t used = 0;
	if (!value)
		return NULL;
	for (const char *at = reader->at; at < end; at++) {
		reader->line += *at == '\n';
		if (*at == '\\' && (quote == '"' || at[1] == quote))
			value[used++] = quote == '"' ? escaped(*++at) : *++at;
		else
			value[used++] = *at;
	}
	value[used] = '\0';
	reader->at = end + 1;
	return value;
}

/* Up to the end of the line, or to a blank and #; without the blanks around. */
static char *read_bare(struct reader *reader)
{
	size_t length = strcspn(reader->at, "\r\n"), end = 0;
	while (end < length && !(reader->at[end] == '#' &&
				       (end == 0 || isblank((unsigned char)reader->at[end - 1]))))
		end++;
	while (end > 0 && isblank((unsigned char)reader->at[end - 1]))
		end--;
	return strndup(reader->at, end);
}

static char *read_value(struct cp_variables *variables, struct reader *reader)
{
	char quote = *reader->at;
	unsigned line = reader->line;
	cp_cleanup_free char *raw = NULL;
	if (quote == '"' || quote == '\'') {
		reader->at++;
		raw = read_quoted(reader, quote);
		if (!raw) {
			cp_error_set(reader->err, EINVAL, "%s:%u: a quote without its end",
				reader->name, line);
			return NULL;
		}
	} else {
		raw = read_bare(reader);
	}
	if (!raw || quote == '\'')
		return cp_take(raw);
	return cp_interpolate(raw, CP_DOLLAR_DOTENV, variables, NULL, reader->err);
}

/* NAME, NAME=VALUE or NAME: VALUE; a name alone says nothing, its value is the environment's. */
static int read_variable(struct cp_variables *variables, struct reader *reader)
{
	if (strncmp(reader->at, "export", 6) == 0 && isblank((unsigned char)reader->at[6])) {
		reader->at += 6;
		skip_blanks(reader);
	}
	size_t length = strcspn(reader->at, "=: \t\r\n");
	cp_cleanup_free char *name = strndup(reader->at, length);
	if (!name)
		return cp_error_set(reader->err, ENOMEM, "out of memory");
	reader->at += length;
	skip_blanks(reader);
	if (*reader->at != '=' && *reader->at != ':')
		return *reader->at && !strchr("\r\n#", *reader->at)
			       ? cp_error_set(reader->err, EINVAL, "%s:%u: not NAME=VALUE",
					 reader->name, reader->line)
			       : 0;
	reader->at++;
	skip_blanks(reader);
	char *value = read_value(variables, reader);
	if (!value)
		return reader->err && *reader->err
			       ? -1
			       : cp_error_set(reader->err, ENOMEM, "out of memory");
	if (add(variables, reader, name, value) < 0) {
		free(value);
		return -1;
	}
	name = NULL;
	return 0;
}

int cp_variables_parse(
	struct cp_variables *variables, const char *text, const char *name, struct cp_error **err)
{
	struct reader reader = {.at = text, .name = name, .line = 1, .err = err};
	if (strncmp(reader.at, "\xef\xbb\xbf", 3) == 0)
		reader.at += 3;
	while (*reader.at) {
		skip_blanks(&reader);
		if (*reader.at && !strchr("#\r\n", *reader.at) &&
			read_variable(variables, &reader) < 0)
			return -1;
		skip_line(&reader);
	}
	return 0;
}

int cp_variables_overlay(struct cp_variables *variables, const struct cp_variables *over)
{
	for (size_t i = 0; i < over->count; i++) {
		cp_cleanup_free char *name = strdup(over->items[i].name);
		cp_cleanup_free char *value = strdup(over->items[i].value);
		if (!name || !value ||
			cp_grow(&variables->items, &variables->size, variables->count + 1,
				sizeof(*variables->items)) < 0)
			return -1;
		variables->items[variables->count++] =
			(struct variable){cp_take(name), cp_take(value)};
	}
	return 0;
}

int cp_variables_add_file(
	struct cp_variables *variables, const char *path, bool required, struct cp_error **err)
{
	cp_cleanup_error struct cp_error *why = NULL;
	cp_cleanup_free char *text = NULL;
	size_t size = 0;
	if (cp_file_read(path, MAX_FILE, &text, &size, &why) == 0)
		return cp_variables_parse(variables, text, path, err);
	if (!required && why && (why->code == ENOENT || why->code == EISDIR))
		return 0;
	return cp_error_set(err, why ? why->code : ENOMEM, "%s",
		why && why->message ? why->message : "out of memory");
}

int cp_variables_read(
	const char *path, bool required, struct cp_variables **variables, struct cp_error **err)
{
	struct cp_variables *read = cp_variables_make();
	if (!read)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (cp_variables_add_file(read, path, required, err) < 0) {
		cp_variables_free(read);
		return -1;
	}
	*variables = read;
	return 0;
}
