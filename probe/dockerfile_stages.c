/* SPDX-License-Identifier: MIT
 *
 * From a Dockerfile's instructions to its stages: FROM begins one, ARG and ENV set what its words
 * stand for, COPY and RUN tell where it takes files and packages from.
 */
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <strings.h>

#include "dockerfile_parts.h"

static int no_memory(const struct cp_docker_reader *reader)
{
	return cp_error_set(reader->err, ENOMEM, "out of memory");
}

/* --- words of an instruction ------------------------------------------------------------------ */

/* The end of the word at `at`; blanks inside of quotes and braces are its own. */
static const char *word_end(const char *at, char escape)
{
	char quote = '\0';
	int braces = 0;
	for (; *at; at++) {
		if (*at == escape && quote != '\'' && at[1])
			at++;
		else if (quote)
			quote = *at == quote ? '\0' : quote;
		else if (*at == '"' || *at == '\'')
			quote = *at;
		else if (*at == '$' && at[1] == '{')
			braces++;
		else if (*at == '}' && braces)
			braces--;
		else if (isspace((unsigned char)*at) && !braces)
			break;
	}
	return at;
}

static const char *skip_blanks(const char *at)
{
	while (isspace((unsigned char)*at))
		at++;
	return at;
}

/* The word at `at`, expanded with what `stage` knows. Owned; NULL with an error. */
static char *expand_word(
	struct cp_docker_reader *reader, int stage, const char *at, const char *end)
{
	cp_cleanup_chars struct cp_chars chars = {0};
	if (cp_docker_expand(
		    &reader->variables, stage, at, (size_t)(end - at), &chars, reader->err) < 0)
		return NULL;
	return cp_take(chars.text);
}

/* --- FROM --------------------------------------------------------------------------------------
 */

/* The stage that `name` means, a name or a number; -1: none, so it is an image. */
static int find_stage(const struct cp_docker_reader *reader, const char *name, int before)
{
	for (int i = before; i--;)
		if (reader->stages[i]->name && strcasecmp(reader->stages[i]->name, name) == 0)
			return i;
	size_t digits = strspn(name, "0123456789");
	if (!digits || name[digits] || digits > 4 || atoi(name) >= before)
		return -1;
	return atoi(name);
}

/* FROM [--platform=P] IMAGE [AS NAME] */
static int read_from_words(
	struct cp_docker_reader *reader, struct cp_docker_stage *stage, const char *at)
{
	char escape = reader->variables.escape;
	for (const char *end; (end = word_end(at, escape)) > at && strncmp(at, "--", 2) == 0;
		at = skip_blanks(end)) {
		if (strncmp(at, "--platform=", 11) != 0)
			continue;
		free(stage->platform);
		stage->platform = expand_word(reader, CP_DOCKER_GLOBAL, at + 11, end);
		if (!stage->platform)
			return -1;
	}
	const char *end = word_end(at, escape);
	stage->image = expand_word(reader, CP_DOCKER_GLOBAL, at, end);
	if (!stage->image)
		return -1;
	if (!*stage->image)
		return cp_error_set(reader->err, 0,
			end > at ? "FROM names no image: %.*s is empty without a build argument"
				 : "FROM names no image%.*s",
			(int)(end - at), at);
	at = skip_blanks(end);
	if (!*at)
		return 0;
	const char *name = skip_blanks(word_end(at, escape));
	end = word_end(name, escape);
	if (strncasecmp(at, "AS", 2) != 0 || !isspace((unsigned char)at[2]) || end == name)
		return cp_error_set(reader->err, 0, "FROM IMAGE AS NAME was expected");
	stage->name = strndup(name, (size_t)(end - name));
	return stage->name ? 0 : no_memory(reader);
}

static int read_from(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	if (reader->count == CP_DOCKERFILE_MAX_STAGES)
		return cp_error_set(
			reader->err, E2BIG, "more than %d stages", CP_DOCKERFILE_MAX_STAGES);
	struct cp_docker_stage *stage = calloc(1, sizeof(*stage));
	if (!stage)
		return no_memory(reader);
	stage->line = instruction->line;
	int parent = -1;
	int result = read_from_words(reader, stage, at);
	if (result == 0 && !isdigit((unsigned char)*stage->image))
		parent = find_stage(reader, stage->image, reader->count);
	if (stage->platform && !*stage->platform) { /* $BUILDPLATFORM: the machine tells */
		free(stage->platform);
		stage->platform = NULL;
	}
	reader->parents[reader->count] = parent;
	reader->stages[reader->count++] = stage;
	return result;
}

/* --- ARG, ENV
 * -------------------------------------------------------------------------------------- */

/* One NAME=value, or NAME alone. */
static int read_assignment(
	struct cp_docker_reader *reader, int stage, const char *at, const char *end, bool inherited)
{
	const char *equals = memchr(at, '=', (size_t)(end - at));
	size_t length = (size_t)((equals ? equals : end) - at);
	if (!equals) /* ARG NAME: the one before the first FROM */
		return cp_docker_variables_set(&reader->variables, stage, at, length,
			cp_docker_variables_get(&reader->variables, CP_DOCKER_GLOBAL, at, length),
			inherited, reader->err);
	cp_cleanup_free char *value = expand_word(reader, stage, equals + 1, end);
	if (!value)
		return -1;
	return cp_docker_variables_set(
		&reader->variables, stage, at, length, value, inherited, reader->err);
}

static int read_assignments(struct cp_docker_reader *reader, const char *at, bool inherited)
{
	int stage = reader->count ? reader->count - 1 : CP_DOCKER_GLOBAL;
	const char *end = word_end(at, reader->variables.escape);
	if (inherited && !memchr(at, '=', (size_t)(end - at))) { /* ENV NAME the rest */
		const char *rest = skip_blanks(end);
		cp_cleanup_free char *value = expand_word(reader, stage, rest, rest + strlen(rest));
		if (!value)
			return -1;
		return cp_docker_variables_set(&reader->variables, stage, at, (size_t)(end - at),
			value, inherited, reader->err);
	}
	for (; *at; at = skip_blanks(end)) {
		end = word_end(at, reader->variables.escape);
		if (read_assignment(reader, stage, at, end, inherited) < 0)
			return -1;
	}
	return 0;
}

static int read_arg(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	(void)instruction;
	return read_assignments(reader, at, false);
}

static int read_env(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	(void)instruction;
	return read_assignments(reader, at, true);
}

/* --- COPY, ADD, RUN
 * ------------------------------------------------------------------------------- */

/* Notes the stage that "from=NAME" in the flag at `at` means. */
static int note_from(struct cp_docker_reader *reader, const char *at, const char *end)
{
	const char *from = memmem(at, (size_t)(end - at), "from=", 5);
	if (!from || (from[-1] != '-' && from[-1] != ','))
		return 0;
	from += 5;
	const char *comma = memchr(from, ',', (size_t)(end - from));
	cp_cleanup_free char *name =
		expand_word(reader, CP_DOCKER_GLOBAL, from, comma ? comma : end);
	if (!name)
		return -1;
	int stage = find_stage(reader, name, reader->count - 1);
	if (stage >= 0)
		reader->stages[reader->count - 1]->copied[stage] = true;
	return 0;
}

/* Steps over "--mount=…", "--from=…" and the like. */
static int read_flags(struct cp_docker_reader *reader, const char **at)
{
	while (strncmp(*at, "--", 2) == 0) {
		const char *end = word_end(*at, reader->variables.escape);
		if (note_from(reader, *at, end) < 0)
			return -1;
		*at = skip_blanks(end);
	}
	return 0;
}

static int read_copy(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	(void)instruction;
	return read_flags(reader, &at);
}

/* RUN ["apt-get", "install", …]; 1 where the text is no such list. */
static int run_list(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	json_t *list = *at == '[' ? json_loads(at, 0, NULL) : NULL;
	struct cp_docker_words words = {0};
	struct cp_docker_text script = {0};
	struct cp_docker_stage *stage = reader->stages[reader->count - 1];
	json_t *item;
	size_t i;
	int result = json_is_array(list) ? 0 : 1;
	json_array_foreach(list, i, item)
	{
		const char *text = json_string_value(item);
		char *copy = strdup(text ? text : "");
		if (result == 0 &&
			(!copy || cp_docker_words_add(&words, copy, instruction->line) < 0))
			result = no_memory(reader);
		else if (result != 0)
			free(copy);
	}
	if (result == 0 && words.count >= 3 && strcmp(words.items[1].text, "-c") == 0) {
		script.chars.text = words.items[2].text; /* sh -c SCRIPT */
		script.chars.size = strlen(script.chars.text);
		script.breaks = &(struct cp_docker_break){0, instruction->line};
		script.n_breaks = 1;
		result = cp_docker_shell(&stage->added, &script, 0, &reader->variables,
			reader->count - 1, reader->err);
	} else if (result == 0) {
		result = cp_docker_command(&stage->added, &words, reader->err);
	}
	cp_docker_words_clear(&words);
	json_decref(list);
	return result;
}

/* Whether what stands before the here-document runs it as a shell's script. */
static bool is_script(const char *at)
{
	static const char *const shells[] = {
		"", "sh", "bash", "ash", "dash", "/bin/sh", "/bin/bash"};
	size_t size = strcspn(at, " \t<");
	for (size_t i = 0; i < sizeof(shells) / sizeof(*shells); i++)
		if (strlen(shells[i]) == size && strncmp(at, shells[i], size) == 0)
			return true;
	return false;
}

static int read_run(struct cp_docker_reader *reader,
	const struct cp_docker_instruction *instruction, const char *at)
{
	int stage = reader->count - 1;
	if (read_flags(reader, &at) < 0)
		return -1;
	int result = run_list(reader, instruction, at);
	if (result <= 0)
		return result;
	struct cp_docker_added *added = &reader->stages[stage]->added;
	if (instruction->heredocs.chars.size && is_script(at) &&
		cp_docker_shell(added, &instruction->heredocs, 0, &reader->variables, stage,
			reader->err) < 0)
		return -1;
	return cp_docker_shell(added, &instruction->text,
		(size_t)(at - instruction->text.chars.text), &reader->variables, stage,
		reader->err);
}

/* --- instructions -------------------------------------------------------------------------------
 */

static const struct {
	const char *name;
	bool before_from;
	int (*read)(struct cp_docker_reader *reader,
		const struct cp_docker_instruction *instruction, const char *at);
} instructions[] = {
	{"FROM", true, read_from},
	{"ARG", true, read_arg},
	{"ENV", false, read_env},
	{"RUN", false, read_run},
	{"COPY", false, read_copy},
	{"ADD", false, read_copy},
	/* what follows changes neither base nor packages */
	{"CMD", false, NULL},
	{"LABEL", false, NULL},
	{"MAINTAINER", false, NULL},
	{"EXPOSE", false, NULL},
	{"ENTRYPOINT", false, NULL},
	{"VOLUME", false, NULL},
	{"USER", false, NULL},
	{"WORKDIR", false, NULL},
	{"ONBUILD", false, NULL},
	{"STOPSIGNAL", false, NULL},
	{"HEALTHCHECK", false, NULL},
	{"SHELL", false, NULL},
};

int cp_docker_read_instruction(
	struct cp_docker_reader *reader, const struct cp_docker_instruction *instruction)
{
	const char *text = instruction->text.chars.text;
	size_t size = 0;
	while (text[size] && !isspace((unsigned char)text[size]))
		size++;
	for (size_t i = 0; i < sizeof(instructions) / sizeof(*instructions); i++) {
		if (strlen(instructions[i].name) != size ||
			strncasecmp(instructions[i].name, text, size) != 0)
			continue;
		if (!reader->count && !instructions[i].before_from)
			return cp_error_set(
				reader->err, 0, "%s before the first FROM", instructions[i].name);
		return instructions[i].read
			       ? instructions[i].read(reader, instruction, skip_blanks(text + size))
			       : 0;
	}
	return cp_error_set(reader->err, 0, "no instruction of a Dockerfile: %.*s",
		(int)(size < 40 ? size : 40), text);
}
