/* SPDX-License-Identifier: MIT
 *
 * From a shell text to its simple commands: enough of POSIX's Shell Command Language for the lines
 * that Dockerfiles install packages with. Words are split and variables replaced; loops and
 * conditions are taken as if every branch ran; what a command prints is not known.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "dockerfile_parts.h"

struct shell {
	struct cp_docker_added *added;
	const struct cp_docker_text *source;
	const char *at, *end;
	struct cp_docker_variables *variables;
	int stage;
	struct cp_error **err;
	struct cp_docker_words words; /* of the command so far */
	struct cp_chars word;
	bool in_word, word_known;
	bool skip_word; /* the next word is a redirection's file */
	unsigned word_line;
};

static int no_memory(struct shell *shell)
{
	return cp_error_set(shell->err, ENOMEM, "out of memory");
}

/* --- words ---------------------------------------------------------------------------------- */

static void begin_word(struct shell *shell)
{
	if (shell->in_word)
		return;
	shell->in_word = shell->word_known = true;
	shell->word.size = 0;
	if (shell->word.text)
		*shell->word.text = '\0';
	shell->word_line =
		cp_docker_line_of(shell->source, (size_t)(shell->at - shell->source->chars.text));
}

static int put(struct shell *shell, const char *text, size_t size)
{
	begin_word(shell);
	return cp_chars_add(&shell->word, text, size) < 0 ? no_memory(shell) : 0;
}

static int end_word(struct shell *shell)
{
	if (!shell->in_word)
		return 0;
	shell->in_word = false;
	if (shell->skip_word) {
		shell->skip_word = false;
		return 0;
	}
	char *text = NULL;
	if (shell->word_known) {
		text = strndup(shell->word.text ? shell->word.text : "", shell->word.size);
		if (!text)
			return no_memory(shell);
	}
	return cp_docker_words_add(&shell->words, text, shell->word_line) < 0 ? no_memory(shell)
									      : 0;
}

/* --- commands ----------------------------------------------------------------------------------
 */

static size_t assigned_name(const char *word)
{
	size_t length = 0;
	while (isalnum((unsigned char)word[length]) || word[length] == '_')
		length++;
	return length && !isdigit((unsigned char)*word) && word[length] == '=' ? length : 0;
}

/* A command of nothing but NAME=value sets variables of the shell. */
static int assign(struct shell *shell)
{
	for (size_t i = 0; i < shell->words.count; i++)
		if (!shell->words.items[i].text || !assigned_name(shell->words.items[i].text))
			return 0;
	for (size_t i = 0; i < shell->words.count; i++) {
		const char *word = shell->words.items[i].text;
		size_t length = assigned_name(word);
		if (cp_docker_variables_push(shell->variables, shell->stage, word, length,
			    word + length + 1, false, shell->err) < 0)
			return -1;
	}
	return 0;
}

static int end_command(struct shell *shell)
{
	if (end_word(shell) < 0)
		return -1;
	shell->skip_word = false;
	int result = assign(shell);
	if (result == 0)
		result = cp_docker_command(shell->added, &shell->words, shell->err);
	cp_docker_words_clear(&shell->words);
	return result;
}

/* --- characters ----------------------------------------------------------------------------------
 */

/* Steps over a command substitution, whose text is not known; `at` is behind its opening. */
static void skip_substitution(struct shell *shell, char close)
{
	int open = 1;
	for (; shell->at < shell->end; shell->at++) {
		if (*shell->at == '\\' && shell->at + 1 < shell->end)
			shell->at++;
		else if (*shell->at == close && --open == 0)
			break;
		else if (*shell->at == '(')
			open++;
	}
	shell->at += shell->at < shell->end;
	shell->word_known = false;
}

/* A "$" or a "`". Outside of quotes blanks in its value part words. */
static int expand(struct shell *shell, bool quoted)
{
	cp_cleanup_chars struct cp_chars value = {0};
	begin_word(shell);
	if (*shell->at == '`' || (shell->at + 1 < shell->end && shell->at[1] == '(')) {
		char close = *shell->at == '`' ? '`' : ')';
		shell->at += close == '`' ? 1 : 2;
		skip_substitution(shell, close);
		return 0;
	}
	bool known = true, blank = false;
	if (cp_docker_expand_one(shell->variables, shell->stage, &shell->at, shell->end, &value,
		    &known, shell->err) < 0)
		return -1;
	if (!known)
		shell->word_known = false;
	for (size_t i = 0; i < value.size; i++) {
		blank = !quoted && strchr(" \t\n", value.text[i]);
		if (blank ? end_word(shell) < 0 : put(shell, value.text + i, 1) < 0)
			return -1;
	}
	return 0;
}

static int read_quoted(struct shell *shell)
{
	char quote = *shell->at;
	begin_word(shell);
	for (shell->at++; shell->at < shell->end && *shell->at != quote;) {
		if (quote == '"' && (*shell->at == '$' || *shell->at == '`')) {
			if (expand(shell, true) < 0)
				return -1;
			continue;
		}
		if (quote == '"' && *shell->at == '\\' && shell->at + 1 < shell->end)
			shell->at++;
		if (put(shell, shell->at, 1) < 0)
			return -1;
		shell->at++;
	}
	shell->at += shell->at < shell->end;
	return 0;
}

/* "2>", ">>", "<<-": what stands before it is a descriptor, what follows is no word of the command.
 */
static int read_redirection(struct shell *shell)
{
	if (shell->in_word && shell->word.size &&
		shell->word.size == strspn(shell->word.text, "0123456789"))
		shell->in_word = false;
	if (end_word(shell) < 0)
		return -1;
	while (shell->at < shell->end && strchr("<>&|-", *shell->at))
		shell->at++;
	shell->skip_word = true;
	return 0;
}

static int read_character(struct shell *shell)
{
	char c = *shell->at;
	if (c == '\'' || c == '"')
		return read_quoted(shell);
	if (c == '$' || c == '`')
		return expand(shell, false);
	if (c == '<' || c == '>')
		return read_redirection(shell);
	if (c == '#' && !shell->in_word) {
		while (shell->at < shell->end && *shell->at != '\n')
			shell->at++;
		return 0;
	}
	if (c == '\\' && shell->at + 1 < shell->end) {
		shell->at += 2; /* with a line feed it stands for nothing */
		return shell->at[-1] == '\n' ? 0 : put(shell, shell->at - 1, 1);
	}
	shell->at++;
	if (c == ' ' || c == '\t')
		return end_word(shell);
	if (strchr(";&|()\n", c))
		return end_command(shell);
	shell->at--;
	int result = put(shell, &c, 1);
	shell->at++;
	return result;
}

int cp_docker_shell(struct cp_docker_added *added, const struct cp_docker_text *text, size_t offset,
	struct cp_docker_variables *variables, int stage, struct cp_error **err)
{
	struct shell shell = {.added = added,
		.source = text,
		.at = text->chars.text + offset,
		.end = text->chars.text + text->chars.size,
		.variables = variables,
		.stage = stage,
		.err = err};
	size_t variables_before = variables->count;
	int result = 0;
	while (result == 0 && shell.at < shell.end)
		result = read_character(&shell);
	if (result == 0)
		result = end_command(&shell);
	cp_docker_words_clear(&shell.words);
	cp_chars_clear(&shell.word);
	cp_docker_variables_truncate(variables, variables_before);
	return result;
}
