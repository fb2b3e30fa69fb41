/* SPDX-License-Identifier: MIT
 *
 * A scanner of tokens, not a parser: it knows what a comment, a string, a template and a regular
 * expression are (ECMA-262, "Lexical Grammar"), counts braces, and looks for
 *
 *     require("x")          import … from "x"       export … from "x"       import "x"
 *
 * outside of all braces. What is inside of braces may never run, or run in a try block. Nor does a
 * require count in a statement that has something to decide (if, ?, &&, =>, …) before it. So a name
 * that is found is loaded for certain; one that is not found proves nothing.
 *
 * Whether a slash divides or begins a regular expression hangs on the token before it. After ")"
 * and "}" either may be; it is taken for a division. Should that be wrong, strings end at
 * their line's end, and a file whose braces do not come out even tells nothing.
 */
#include "js_specifiers.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"

#define MAX_TEMPLATES 64 /* one within the other */

enum token_kind { END, WORD, STRING, PUNCTUATOR, OTHER };

struct token {
	enum token_kind kind;
	const char *text; /* of a string: what is between its quotes */
	size_t length;
};

struct scanner {
	const char *at, *end;
	struct token token, before; /* the one at hand, and the one before it */
	unsigned depth;             /* of braces */
	unsigned templates[MAX_TEMPLATES];
	unsigned n_templates; /* the depths at which "${" stands */
	bool lost;            /* the source cannot be followed */
	bool new_line;        /* the token at hand is the first of its line */
	bool undecided;       /* the statement may not reach what is left of it */
	bool may_be_over;     /* the file may have left before what is left of it */
	FILE *found;
};

/* --- tokens -------------------------------------------------------------------------- */

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' || (unsigned char)c >= 0x80;
}

static bool token_is(const struct token *token, enum token_kind kind, const char *text)
{
	return token->kind == kind && token->length == strlen(text) &&
	       memcmp(token->text, text, token->length) == 0;
}

static bool is_one_of(const struct token *token, const char *const *words)
{
	for (; *words; words++)
		if (token_is(token, WORD, *words))
			return true;
	return false;
}

static void pass_line(struct scanner *scanner)
{
	const char *newline = memchr(scanner->at, '\n', (size_t)(scanner->end - scanner->at));
	scanner->at = newline ? newline : scanner->end;
}

static void pass_block_comment(struct scanner *scanner)
{
	size_t left = (size_t)(scanner->end - scanner->at);
	const char *close = left > 2 ? memmem(scanner->at + 2, left - 2, "*/", 2) : NULL;
	scanner->lost |= !close;
	scanner->at = close ? close + 2 : scanner->end;
}

static void pass_blanks(struct scanner *scanner)
{
	scanner->new_line = false;
	while (scanner->at < scanner->end) {
		bool slash = *scanner->at == '/' && scanner->at + 1 < scanner->end;
		if (*scanner->at == '\n')
			scanner->new_line = true;
		if (isspace((unsigned char)*scanner->at))
			scanner->at++;
		else if (slash && scanner->at[1] == '/')
			pass_line(scanner);
		else if (slash && scanner->at[1] == '*')
			pass_block_comment(scanner);
		else
			return;
	}
}

static void read_string(struct scanner *scanner, char quote)
{
	const char *start = ++scanner->at;
	while (scanner->at < scanner->end && *scanner->at != quote && *scanner->at != '\n')
		scanner->at += *scanner->at == '\\' && scanner->at + 1 < scanner->end ? 2 : 1;
	scanner->token = (struct token){STRING, start, (size_t)(scanner->at - start)};
	if (scanner->at < scanner->end && *scanner->at == quote)
		scanner->at++;
}

/* The text of a template, up to its end or the next "${", which is as a brace. */
static void read_template(struct scanner *scanner)
{
	scanner->token.kind = OTHER;
	while (scanner->at < scanner->end && *scanner->at != '`') {
		if (*scanner->at == '$' && scanner->at + 1 < scanner->end &&
			scanner->at[1] == '{') {
			scanner->at += 2;
			if (scanner->n_templates == MAX_TEMPLATES)
				scanner->lost = true;
			else
				scanner->templates[scanner->n_templates++] = scanner->depth++;
			scanner->token = (struct token){PUNCTUATOR, "{", 1};
			return;
		}
		scanner->at += *scanner->at == '\\' && scanner->at + 1 < scanner->end ? 2 : 1;
	}
	scanner->lost |= scanner->at == scanner->end;
	scanner->at += scanner->at < scanner->end;
}

static bool begins_expression(const struct token *before)
{
	static const char *const words[] = {"return", "typeof", "instanceof", "in", "of", "new",
		"delete", "void", "throw", "case", "do", "else", "yield", "await", NULL};
	if (before->kind == WORD)
		return is_one_of(before, words);
	return before->kind == END ||
	       (before->kind == PUNCTUATOR && !memchr(")]}", *before->text, 3));
}

static void read_regular_expression(struct scanner *scanner)
{
	bool in_class = false;
	for (scanner->at++; scanner->at < scanner->end && *scanner->at != '\n'; scanner->at++) {
		if (*scanner->at == '\\' && scanner->at + 1 < scanner->end)
			scanner->at++;
		else if (*scanner->at == '[')
			in_class = true;
		else if (*scanner->at == ']')
			in_class = false;
		else if (*scanner->at == '/' && !in_class)
			break;
	}
	scanner->at += scanner->at < scanner->end;
	scanner->token.kind = OTHER;
}

static void close_brace(struct scanner *scanner)
{
	scanner->lost |= scanner->depth == 0;
	scanner->depth -= scanner->depth > 0;
	if (scanner->n_templates &&
		scanner->templates[scanner->n_templates - 1] == scanner->depth) {
		scanner->n_templates--;
		read_template(scanner);
	}
}

static void read_punctuator(struct scanner *scanner)
{
	static const char *const two[] = {"=>", "&&", "||", "??", NULL};
	size_t left = (size_t)(scanner->end - scanner->at);
	scanner->token = (struct token){PUNCTUATOR, scanner->at, 1};
	for (const char *const *pair = two; *pair; pair++)
		if (left > 1 && memcmp(scanner->at, *pair, 2) == 0)
			scanner->token.length = 2;
	char first = *scanner->at;
	scanner->at += scanner->token.length;
	if (first == '{')
		scanner->depth++;
	else if (first == '}')
		close_brace(scanner);
}

static void next_token(struct scanner *scanner)
{
	scanner->before = scanner->token;
	pass_blanks(scanner);
	const char *start = scanner->at;
	if (start >= scanner->end) {
		scanner->token = (struct token){END, start, 0};
	} else if (*start == '"' || *start == '\'') {
		read_string(scanner, *start);
	} else if (*start == '`') {
		scanner->at++;
		read_template(scanner);
	} else if (is_word_character(*start)) {
		while (scanner->at < scanner->end && is_word_character(*scanner->at))
			scanner->at++;
		scanner->token = (struct token){WORD, start, (size_t)(scanner->at - start)};
	} else if (*start == '/' && begins_expression(&scanner->before)) {
		read_regular_expression(scanner);
	} else {
		read_punctuator(scanner);
	}
}

/* --- what is looked for ---------------------------------------------------------------- */

static void tell(struct scanner *scanner, const char *how, const struct token *name)
{
	if (!name->length || memchr(name->text, '\\', name->length) ||
		memchr(name->text, '\n', name->length) || memchr(name->text, '\0', name->length))
		return;
	fprintf(scanner->found, "%s %.*s\n", how, (int)name->length, name->text);
}

/* After "require": ( "x" ) */
static void take_require(struct scanner *scanner)
{
	bool of_something = token_is(&scanner->before, PUNCTUATOR, ".");
	next_token(scanner);
	if (of_something || !token_is(&scanner->token, PUNCTUATOR, "("))
		return;
	next_token(scanner);
	struct token name = scanner->token;
	if (name.kind != STRING)
		return;
	next_token(scanner);
	if (token_is(&scanner->token, PUNCTUATOR, ")"))
		tell(scanner, "require", &name);
}

/* After "import" or "export": a clause with names in it and then from "x", or "x" alone. */
static void take_clause(struct scanner *scanner, bool import)
{
	next_token(scanner);
	if (import && scanner->token.kind == STRING) {
		tell(scanner, "import", &scanner->token);
		return;
	}
	bool clause = token_is(&scanner->token, PUNCTUATOR, "{") ||
		      token_is(&scanner->token, PUNCTUATOR, "*") ||
		      (import && scanner->token.kind == WORD);
	while (clause && scanner->token.kind != END) {
		bool from = token_is(&scanner->token, WORD, "from");
		next_token(scanner);
		if (from && scanner->token.kind == STRING) {
			tell(scanner, "import", &scanner->token);
			return;
		}
		clause = scanner->token.kind == WORD ||
			 (scanner->token.kind == PUNCTUATOR &&
				 memchr("{},*", *scanner->token.text, 4)) ||
			 (scanner->token.kind == STRING && scanner->depth > 0);
	}
}

/* Keeps track of whether the statement at hand has something to decide. */
static void follow_statement(struct scanner *scanner)
{
	static const char *const decide[] = {"if", "else", "for", "while", "do", "switch", "case",
		"default", "function", "class", "try", "catch", "finally", "with", NULL};
	static const char *const begin[] = {"const", "let", "import", "export", NULL};
	const struct token *token = &scanner->token;
	if (token->kind == PUNCTUATOR && *token->text == ';')
		scanner->undecided = false;
	else if (scanner->new_line && is_one_of(token, begin))
		scanner->undecided = false;
	else if (token->kind == PUNCTUATOR && (token->length == 2 || *token->text == '?'))
		scanner->undecided = true;
	else if (is_one_of(token, decide) && !token_is(&scanner->before, PUNCTUATOR, "."))
		scanner->undecided = true;
}

/* A return outside of all functions, as CommonJS allows, and the like. */
static bool may_leave(const struct scanner *scanner)
{
	return token_is(&scanner->token, WORD, "return") ||
	       token_is(&scanner->token, WORD, "throw") || token_is(&scanner->token, WORD, "exit");
}

static void scan(struct scanner *scanner)
{
	if (scanner->end - scanner->at > 2 && memcmp(scanner->at, "#!", 2) == 0)
		pass_line(scanner);
	next_token(scanner);
	while (scanner->token.kind != END && !scanner->lost) {
		struct token *token = &scanner->token;
		const char *was_at = scanner->at;
		if (scanner->depth == 0) {
			follow_statement(scanner);
			bool bare = !token_is(&scanner->before, PUNCTUATOR, ".");
			if (token_is(token, WORD, "require") && !scanner->undecided &&
				!scanner->may_be_over)
				take_require(scanner);
			else if (bare && token_is(token, WORD, "import"))
				take_clause(scanner, true);
			else if (bare && token_is(token, WORD, "export"))
				take_clause(scanner, false);
			else if (may_leave(scanner))
				scanner->may_be_over = true;
		}
		if (scanner->at == was_at) /* else the token at hand is not looked at yet */
			next_token(scanner);
	}
}

char *cp_js_specifiers(const char *source, size_t size)
{
	char *text = NULL;
	size_t length;
	struct scanner scanner = {.at = source, .end = source + size};
	scanner.found = open_memstream(&text, &length);
	if (!scanner.found)
		return NULL;
	scan(&scanner);
	bool failed = ferror(scanner.found);
	if (fclose(scanner.found) != 0 || failed) {
		free(text);
		return NULL;
	}
	if (scanner.lost || scanner.depth || scanner.n_templates)
		*text = '\0';
	return text;
}
