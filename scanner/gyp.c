/* SPDX-License-Identifier: MIT */
#include "gyp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 64    /* of dictionaries and lists */
#define MAX_STRING 4096 /* bytes of a string that is looked at */

/* What the key says of the value below it. */
enum role { PLAIN, CONDITIONS, BRANCHES, ACTION, FILES };

struct reader {
	const char *at, *end;
	FILE *out;
	bool failed;
	char string[MAX_STRING]; /* the last one; cut */
	size_t length;
};

static void read_value(struct reader *reader, enum role role, bool live, unsigned depth);

/* --- conditions ------------------------------------------------------------------------------ */

/* Python's expressions, as far as they ask for the system: OS=="linux", OS!="win" and not …, OS in
 * "linux mac". All else is MAYBE. */
enum truth { NO, MAYBE, YES };

struct expression {
	const char *at;
	unsigned depth;
};

static enum truth read_or(struct expression *expression);

static bool take_word(struct expression *expression, const char *word)
{
	size_t length = strlen(word);
	expression->at += strspn(expression->at, " \t\r\n");
	if (strncmp(expression->at, word, length) != 0)
		return false;
	if (isalpha((unsigned char)*word) &&
		(isalnum((unsigned char)expression->at[length]) || expression->at[length] == '_'))
		return false;
	expression->at += length;
	return true;
}

/* A name, a number or a string; *text is what is in it, *quoted whether it is a string. */
static size_t read_operand(struct expression *expression, const char **text, bool *quoted)
{
	expression->at += strspn(expression->at, " \t\r\n");
	char quote = *expression->at;
	*quoted = quote == '"' || quote == '\'';
	*text = expression->at += *quoted;
	size_t length = *quoted ? strcspn(expression->at, quote == '"' ? "\"" : "'")
				: strcspn(expression->at, " \t\r\n=!<>()\"'");
	expression->at += length;
	if (*quoted && *expression->at)
		expression->at++;
	return length;
}

static bool is_text(const char *text, size_t length, const char *other)
{
	return strlen(other) == length && memcmp(text, other, length) == 0;
}

static enum truth read_comparison(struct expression *expression)
{
	static const char *const operators[] = {"==", "!=", "in", "<=", ">=", "<", ">"};
	const char *left, *right;
	bool left_quoted, right_quoted;
	size_t length = read_operand(expression, &left, &left_quoted), found = 0;
	while (found < 7 && !take_word(expression, operators[found]))
		found++;
	if (found == 7)
		return MAYBE;
	size_t size = read_operand(expression, &right, &right_quoted);
	if (left_quoted || !right_quoted || !is_text(left, length, "OS") || found > 2)
		return MAYBE;
	bool same = found == 2 ? memmem(right, size, "linux", 5) != NULL
			       : is_text(right, size, "linux");
	return same == (found != 1) ? YES : NO;
}

static enum truth read_not(struct expression *expression)
{
	if (++expression->depth > MAX_DEPTH)
		return MAYBE;
	if (take_word(expression, "not"))
		return (enum truth)(YES - read_not(expression));
	if (!take_word(expression, "("))
		return read_comparison(expression);
	enum truth inner = read_or(expression);
	return take_word(expression, ")") ? inner : MAYBE;
}

static enum truth read_and(struct expression *expression)
{
	enum truth all = read_not(expression);
	while (take_word(expression, "and")) {
		enum truth next = read_not(expression);
		all = next < all ? next : all;
	}
	return all;
}

static enum truth read_or(struct expression *expression)
{
	enum truth any = read_and(expression);
	while (take_word(expression, "or")) {
		enum truth next = read_and(expression);
		any = next > any ? next : any;
	}
	return any;
}

static enum truth evaluate(const char *text)
{
	struct expression expression = {.at = text};
	enum truth truth = read_or(&expression);
	expression.at += strspn(expression.at, " \t\r\n");
	return *expression.at ? MAYBE : truth;
}

/* --- what is told ----------------------------------------------------------------------------- */

static bool is_python(const char *word, size_t length)
{
	return is_text(word, length, "python") || is_text(word, length, "python2");
}

static void tell_run(struct reader *reader, const char *word, size_t length)
{
	if (is_python(word, length))
		fprintf(reader->out, "run %.*s\n", (int)length, word);
}

/* The first word of the command in "<!(python x)", "<!@(python x)", "<!(['python', …])". */
static void find_commands(struct reader *reader)
{
	static const char signs[] = "<>^";
	for (const char *at = reader->string; (at = strpbrk(at, signs)); at++) {
		const char *command = at + 1;
		if (*command++ != '!')
			continue;
		command += *command == '@';
		command += *command == '|'; /* writes a file, too */
		if (*command != '(')
			continue;
		command += 1 + strspn(command + 1, " \t[\"'");
		tell_run(reader, command, strcspn(command, " \t)\"',]"));
	}
}

/* "angle/src/angle.gyp:libEGL", "common.gypi" */
static void tell_file(struct reader *reader)
{
	size_t length = strcspn(reader->string, ":");
	const char *end = reader->string + length;
	bool is_gyp = length > 4 && memcmp(end - 4, ".gyp", 4) == 0;
	bool is_gypi = length > 5 && memcmp(end - 5, ".gypi", 5) == 0;
	if ((is_gyp || is_gypi) && !strpbrk(reader->string, "<>\n"))
		fprintf(reader->out, "file %.*s\n", (int)length, reader->string);
}

/* --- the literal -------------------------------------------------------------------------------
 */

static void skip_blanks(struct reader *reader)
{
	for (; reader->at < reader->end; reader->at++) {
		if (*reader->at == '#') {
			const char *line =
				memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
			reader->at = line ? line : reader->end - 1;
		} else if (!isspace((unsigned char)*reader->at)) {
			return;
		}
	}
}

static bool take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (reader->failed || reader->at == reader->end || *reader->at != c)
		return false;
	reader->at++;
	return true;
}

static void add_byte(struct reader *reader, char c)
{
	if (reader->length < MAX_STRING - 1 && c)
		reader->string[reader->length++] = c;
}

/* One literal, the opening quote taken. */
static void read_quoted(struct reader *reader, char quote)
{
	for (; reader->at < reader->end && *reader->at != quote; reader->at++) {
		bool escaped = *reader->at == '\\' && reader->at + 1 < reader->end;
		reader->at += escaped;
		if (!escaped || *reader->at != '\n')
			add_byte(reader, *reader->at);
	}
	if (reader->at == reader->end)
		reader->failed = true;
	else
		reader->at++;
}

/* Strings that stand beside each other are one. */
static bool read_string(struct reader *reader)
{
	bool some = false;
	reader->length = 0;
	for (;;) {
		skip_blanks(reader);
		char quote = reader->at < reader->end ? *reader->at : 0;
		if (reader->failed || (quote != '"' && quote != '\''))
			break;
		reader->at++;
		read_quoted(reader, quote);
		some = true;
	}
	reader->string[reader->length] = '\0';
	return some && !reader->failed;
}

static enum role role_of(const char *key)
{
	static const struct {
		const char *key;
		enum role role;
	} roles[] = {{"conditions", CONDITIONS}, {"target_conditions", CONDITIONS},
		{"action", ACTION}, {"dependencies", FILES}, {"includes", FILES}};
	size_t length = strcspn(key, "+=?!%/");
	for (size_t i = 0; i < sizeof(roles) / sizeof(*roles); i++)
		if (is_text(key, length, roles[i].key))
			return roles[i].role;
	return PLAIN;
}

static void read_dictionary(struct reader *reader, bool live, unsigned depth)
{
	while (!take(reader, '}')) {
		if (!read_string(reader) || !take(reader, ':')) {
			reader->failed = true;
			return;
		}
		enum role role = role_of(reader->string);
		if (live)
			find_commands(reader);
		read_value(reader, role, live, depth);
		if (!take(reader, ',') && reader->at < reader->end && *reader->at != '}')
			reader->failed = true;
		if (reader->failed)
			return;
	}
}

/* ['OS=="win"', {…}, 'OS=="mac"', {…}, {… else …}] */
static void read_branches(struct reader *reader, bool live, unsigned depth)
{
	enum truth before = NO; /* whether an earlier branch was taken */
	while (!take(reader, ']') && !reader->failed) {
		enum truth here = YES;
		if (read_string(reader)) {
			here = evaluate(reader->string);
			if (!take(reader, ','))
				reader->failed = true;
		}
		read_value(reader, PLAIN, live && before != YES && here != NO, depth);
		before = here > before ? here : before;
		if (!take(reader, ',') && reader->at < reader->end && *reader->at != ']')
			reader->failed = true;
	}
}

static void read_list(struct reader *reader, enum role role, bool live, unsigned depth)
{
	for (bool first = true; !take(reader, ']') && !reader->failed; first = false) {
		skip_blanks(reader);
		bool is_string = reader->at < reader->end && strchr("\"'", *reader->at);
		read_value(reader, role == CONDITIONS ? BRANCHES : PLAIN, live, depth);
		if (is_string && live && role == ACTION && first)
			tell_run(reader, reader->string, reader->length);
		if (is_string && live && role == FILES)
			tell_file(reader);
		if (!take(reader, ',') && reader->at < reader->end && *reader->at != ']')
			reader->failed = true;
	}
}

static void read_value(struct reader *reader, enum role role, bool live, unsigned depth)
{
	if (depth == MAX_DEPTH) {
		reader->failed = true;
	} else if (take(reader, '{')) {
		read_dictionary(reader, live, depth + 1);
	} else if (take(reader, '[')) {
		if (role == BRANCHES)
			read_branches(reader, live, depth + 1);
		else
			read_list(reader, role, live, depth + 1);
	} else if (read_string(reader)) {
		if (live)
			find_commands(reader);
	} else { /* a number, a name */
		const char *start = reader->at;
		while (reader->at < reader->end &&
			(isalnum((unsigned char)*reader->at) || strchr("+-._", *reader->at)))
			reader->at++;
		reader->failed |= reader->at == start;
	}
}

char *cp_gyp_reduce(const char *source, size_t size)
{
	char *text = NULL;
	size_t length;
	struct reader *reader = malloc(sizeof(*reader));
	FILE *out = reader ? open_memstream(&text, &length) : NULL;
	if (!out) {
		free(reader);
		return NULL;
	}
	*reader = (struct reader){.at = source, .end = source + size, .out = out};
	if (size >= 3 && memcmp(source, "\xef\xbb\xbf", 3) == 0)
		reader->at += 3;
	read_value(reader, PLAIN, true, 0);
	free(reader);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}
