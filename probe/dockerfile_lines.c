/* SPDX-License-Identifier: MIT
 *
 * From a Dockerfile's text to its instructions.
 *
 * An instruction goes on where a line ends with one escape character (blanks may follow it).
 * Comment lines and empty lines in between are dropped. A here-document's body is the lines after
 * the instruction up to its word.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "dockerfile_parts.h"

int cp_chars_add(struct cp_chars *chars, const char *text, size_t size)
{
	if (cp_grow(&chars->text, &chars->capacity, chars->size + size + 1, 1) < 0)
		return -1;
	if (size)
		memcpy(chars->text + chars->size, text, size);
	chars->size += size;
	chars->text[chars->size] = '\0';
	return 0;
}

void cp_chars_clear(struct cp_chars *chars)
{
	free(chars->text);
	*chars = (struct cp_chars){0};
}

static void clear_text(struct cp_docker_text *text)
{
	cp_chars_clear(&text->chars);
	free(text->breaks);
	*text = (struct cp_docker_text){0};
}

void cp_docker_instruction_clear(struct cp_docker_instruction *instruction)
{
	clear_text(&instruction->text);
	clear_text(&instruction->heredocs);
}

static int add_line(struct cp_docker_text *text, const char *line, size_t size, unsigned number)
{
	if (cp_grow(&text->breaks, &text->capacity, text->n_breaks + 1, sizeof(*text->breaks)) < 0)
		return -1;
	text->breaks[text->n_breaks++] =
		(struct cp_docker_break){.offset = text->chars.size, .line = number};
	return cp_chars_add(&text->chars, line, size);
}

unsigned cp_docker_line_of(const struct cp_docker_text *text, size_t offset)
{
	size_t low = 0, high = text->n_breaks;
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;
		if (text->breaks[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return text->n_breaks ? text->breaks[low].line : 0;
}

/* --- physical lines -------------------------------------------------------------------- */

struct line {
	const char *text;
	size_t size; /* without the line feed, and a carriage return before it */
	unsigned number;
};

static bool next_line(struct cp_docker_lines *lines, struct line *line)
{
	if (lines->at == lines->end)
		return false;
	const char *newline = memchr(lines->at, '\n', (size_t)(lines->end - lines->at));
	const char *stop = newline ? newline : lines->end;
	*line = (struct line){lines->at, (size_t)(stop - lines->at), lines->line++};
	if (line->size && line->text[line->size - 1] == '\r')
		line->size--;
	lines->at = newline ? newline + 1 : lines->end;
	return true;
}

static size_t blanks(const char *text, size_t size)
{
	size_t count = 0;
	while (count < size && (text[count] == ' ' || text[count] == '\t'))
		count++;
	return count;
}

static bool is_empty_or_comment(const struct line *line)
{
	size_t first = blanks(line->text, line->size);
	return first == line->size || line->text[first] == '#';
}

/* Whether the line goes on in the next; then its size becomes that without the escape. */
static bool goes_on(struct line *line, char escape)
{
	size_t size = line->size;
	while (size && (line->text[size - 1] == ' ' || line->text[size - 1] == '\t'))
		size--;
	if (!size || line->text[size - 1] != escape || (size > 1 && line->text[size - 2] == escape))
		return false;
	line->size = size - 1;
	return true;
}

/* "# escape=`", among the comments that the file begins with, each a directive NAME=VALUE. */
static bool read_directive(const struct line *line, char *escape)
{
	const char *at = line->text, *end = line->text + line->size;
	at += blanks(at, (size_t)(end - at));
	if (at == end || *at++ != '#')
		return false;
	at += blanks(at, (size_t)(end - at));
	const char *name = at;
	while (at < end && isalnum((unsigned char)*at))
		at++;
	size_t length = (size_t)(at - name);
	at += blanks(at, (size_t)(end - at));
	if (!length || at == end || *at++ != '=')
		return false;
	at += blanks(at, (size_t)(end - at));
	if (length == 6 && strncasecmp(name, "escape", 6) == 0 && at < end)
		*escape = *at == '`' ? '`' : '\\';
	return true;
}

void cp_docker_lines_open(struct cp_docker_lines *lines, const char *text, size_t size)
{
	*lines = (struct cp_docker_lines){text, text + size, 1, '\\'};
	if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) /* a byte order mark */
		lines->at += 3;
	struct cp_docker_lines ahead = *lines;
	struct line line;
	while (next_line(&ahead, &line) && read_directive(&line, &lines->escape))
		lines->at = ahead.at, lines->line = ahead.line;
}

/* --- here-documents --------------------------------------------------------------------- */

/* The "<<" at or behind `at` that begins a here-document: outside of quotes, and no "<<<". */
static const char *find_mark(const char *at)
{
	char quote = '\0';
	for (; *at; at++) {
		if (quote) {
			quote = *at == quote ? '\0' : quote;
		} else if (*at == '"' || *at == '\'') {
			quote = *at;
		} else if (*at == '<' && at[1] == '<') {
			if (at[2] != '<')
				return at;
			at += strspn(at, "<") - 1;
		}
	}
	return NULL;
}

/* The next "<<WORD" at or behind *at, which steps over it; the word without its quotes goes to
 * *word. 1, 0 where there is none, -1 without memory. */
static int next_heredoc(const char **at, struct cp_chars *word, bool *strip_tabs)
{
	const char *mark = find_mark(*at);
	if (!mark)
		return 0;
	mark += 2;
	*strip_tabs = *mark == '-';
	mark += *strip_tabs;
	size_t size = strcspn(mark, " \t;|&<>()");
	*at = mark + size;
	word->size = 0;
	if (cp_chars_add(word, "", 0) < 0)
		return -1;
	for (size_t i = 0; i < size; i++)
		if (mark[i] != '"' && mark[i] != '\'' && cp_chars_add(word, mark + i, 1) < 0)
			return -1;
	return 1;
}

static int read_body(struct cp_docker_lines *lines, struct cp_docker_text *to,
	const struct cp_chars *word, bool strip_tabs)
{
	struct line line;
	while (next_line(lines, &line)) {
		const char *text = line.text;
		size_t size = line.size;
		for (; strip_tabs && size && *text == '\t'; size--)
			text++;
		if (size == word->size && memcmp(text, word->text, size) == 0)
			return 1;
		if (add_line(to, text, size, line.number) < 0 ||
			cp_chars_add(&to->chars, "\n", 1) < 0)
			return -1;
	}
	return 0;
}

static int read_heredocs(struct cp_docker_lines *lines, struct cp_docker_instruction *instruction,
	struct cp_error **err)
{
	const char *at = instruction->text.chars.text;
	cp_cleanup_chars struct cp_chars word = {0};
	bool strip_tabs;
	int more;
	if (strncasecmp(at, "RUN", 3) != 0 && strncasecmp(at, "COPY", 4) != 0 &&
		strncasecmp(at, "ADD", 3) != 0)
		return 0;
	while ((more = next_heredoc(&at, &word, &strip_tabs)) > 0) {
		if (!word.size || !isalpha((unsigned char)*word.text)) /* $((1<<4)) */
			continue;
		int found = read_body(lines, &instruction->heredocs, &word, strip_tabs);
		if (found < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
		if (!found)
			return cp_error_set(err, 0, "the here-document has no end: %s", word.text);
	}
	return more < 0 ? cp_error_set(err, ENOMEM, "out of memory") : 0;
}

/* --- instructions -------------------------------------------------------------------------- */

int cp_docker_lines_next(struct cp_docker_lines *lines, struct cp_docker_instruction *instruction,
	struct cp_error **err)
{
	struct line line;
	bool begun = false, more = true;
	cp_docker_instruction_clear(instruction);
	while (more && next_line(lines, &line)) {
		if (is_empty_or_comment(&line))
			continue;
		more = goes_on(&line, lines->escape);
		size_t skip = begun ? 0 : blanks(line.text, line.size);
		if (!begun)
			instruction->line = line.number;
		begun = true;
		if (add_line(&instruction->text, line.text + skip, line.size - skip, line.number) <
			0)
			return cp_error_set(err, ENOMEM, "out of memory");
	}
	if (!begun)
		return 0;
	return read_heredocs(lines, instruction, err) < 0 ? -1 : 1;
}
