/* SPDX-License-Identifier: MIT
 *
 * ARG and ENV, and what $NAME, ${NAME} and ${NAME:-word}, :+, -, + stand for.
 *
 * What variables become is counted over the whole file, since each may double the one before.
 */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "dockerfile_parts.h"

#define MAX_NESTING 16 /* ${A:-${B:-…}} */

static size_t name_length(const char *at, const char *end)
{
	const char *stop = at;
	while (stop < end && (isalnum((unsigned char)*stop) || *stop == '_'))
		stop++;
	return stop > at && isdigit((unsigned char)*at) ? 0 : (size_t)(stop - at);
}

/* --- the table ---------------------------------------------------------------------------- */

static bool is_visible(const struct cp_docker_variables *variables,
	const struct cp_docker_variable *variable, int stage)
{
	if (variable->stage == stage)
		return true;
	if (!variable->inherited)
		return false;
	while (stage > variable->stage) /* a stage is FROM an earlier one */
		stage = variables->parents[stage];
	return stage == variable->stage;
}

static struct cp_docker_variable *find(const struct cp_docker_variables *variables, int stage,
	const char *name, size_t length, bool own)
{
	for (size_t i = variables->count; i--;) {
		struct cp_docker_variable *variable = &variables->items[i];
		if (strncmp(variable->name, name, length) == 0 && !variable->name[length] &&
			(own ? variable->stage == stage : is_visible(variables, variable, stage)))
			return variable;
	}
	return NULL;
}

const char *cp_docker_variables_get(
	const struct cp_docker_variables *variables, int stage, const char *name, size_t length)
{
	const struct cp_docker_variable *variable = find(variables, stage, name, length, false);
	return variable ? variable->value : NULL;
}

int cp_docker_variables_push(struct cp_docker_variables *variables, int stage, const char *name,
	size_t length, const char *value, bool inherited, struct cp_error **err)
{
	struct cp_docker_variable variable = {.stage = stage, .inherited = inherited};
	if (variables->count == CP_DOCKERFILE_MAX_VARIABLES)
		return cp_error_set(
			err, E2BIG, "more than %d variables", CP_DOCKERFILE_MAX_VARIABLES);
	variable.name = strndup(name, length);
	variable.value = value ? strdup(value) : NULL;
	if (!variable.name || (value && !variable.value) ||
		cp_grow(&variables->items, &variables->capacity, variables->count + 1,
			sizeof(variable)) < 0) {
		free(variable.name);
		free(variable.value);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	variables->items[variables->count++] = variable;
	return 0;
}

int cp_docker_variables_set(struct cp_docker_variables *variables, int stage, const char *name,
	size_t length, const char *value, bool inherited, struct cp_error **err)
{
	struct cp_docker_variable *variable = find(variables, stage, name, length, true);
	if (!variable)
		return cp_docker_variables_push(
			variables, stage, name, length, value, inherited, err);
	char *copy = value ? strdup(value) : NULL;
	if (value && !copy)
		return cp_error_set(err, ENOMEM, "out of memory");
	free(variable->value);
	variable->value = copy;
	variable->inherited = inherited;
	return 0;
}

void cp_docker_variables_truncate(struct cp_docker_variables *variables, size_t count)
{
	while (variables->count > count) {
		variables->count--;
		free(variables->items[variables->count].name);
		free(variables->items[variables->count].value);
	}
}

void cp_docker_variables_clear(struct cp_docker_variables *variables)
{
	cp_docker_variables_truncate(variables, 0);
	free(variables->items);
	variables->items = NULL;
	variables->capacity = 0;
}

/* --- expansion ------------------------------------------------------------------------------ */

struct expansion {
	struct cp_docker_variables *variables;
	int stage, depth;
	struct cp_chars *to;
	bool *known;
	struct cp_error **err;
};

static int put(struct expansion *expansion, const char *text, size_t size)
{
	expansion->variables->expanded += size;
	if (expansion->variables->expanded > CP_DOCKERFILE_MAX_EXPANSION)
		return cp_error_set(expansion->err, E2BIG, "variables become more than %zu bytes",
			CP_DOCKERFILE_MAX_EXPANSION);
	if (cp_chars_add(expansion->to, text, size) < 0)
		return cp_error_set(expansion->err, ENOMEM, "out of memory");
	return 0;
}

static int put_value(struct expansion *expansion, const char *value)
{
	if (!value)
		*expansion->known = false;
	return value ? put(expansion, value, strlen(value)) : 0;
}

/* The end of a "${…}" whose inside begins at `at`; NULL: it has none. */
static const char *closing_brace(const char *at, const char *end, char escape)
{
	for (int open = 1; at < end; at++) {
		if (*at == escape && at + 1 < end)
			at++;
		else if (*at == '}' && --open == 0)
			return at;
		else if (*at == '$' && at + 1 < end && at[1] == '{')
			open++;
	}
	return NULL;
}

static int expand_dollar(struct expansion *expansion, const char **at, const char *end);

static int expand_text(struct expansion *expansion, const char *at, const char *end)
{
	char escape = expansion->variables->escape;
	bool single = false, quoted = false;
	while (at < end) {
		if (*at == '\'' && !quoted) {
			single = !single;
			at++;
		} else if (*at == '"' && !single) {
			quoted = !quoted;
			at++;
		} else if (*at == '$' && !single) {
			if (expand_dollar(expansion, &at, end) < 0)
				return -1;
		} else {
			if (*at == escape && !single && at + 1 < end)
				at++;
			if (put(expansion, at++, 1) < 0)
				return -1;
		}
	}
	return 0;
}

/* What is between the braces: NAME, or NAME with an operator and a word. */
static int expand_braces(struct expansion *expansion, const char *at, const char *end)
{
	size_t length = name_length(at, end);
	const char *value =
		cp_docker_variables_get(expansion->variables, expansion->stage, at, length);
	const char *word = at + length;
	if (word == end)
		return put_value(expansion, length ? value : NULL);
	bool colon = *word == ':';
	word += colon;
	char operation = word < end ? *word++ : '\0';
	bool is_set = value && !(colon && !*value);
	if (operation == '-')
		return is_set ? put_value(expansion, value) : expand_text(expansion, word, end);
	if (operation == '+')
		return is_set ? expand_text(expansion, word, end) : 0;
	if (operation == '?' && is_set)
		return put_value(expansion, value);
	return put_value(expansion, NULL); /* patterns of the shell, or an error of its own */
}

static int expand_dollar(struct expansion *expansion, const char **at, const char *end)
{
	const char *name = *at + 1;
	if (name < end && *name == '{') {
		const char *close = closing_brace(name + 1, end, expansion->variables->escape);
		if (!close)
			return cp_error_set(expansion->err, 0, "\"${\" without its \"}\"");
		if (expansion->depth == MAX_NESTING)
			return cp_error_set(expansion->err, E2BIG, "variables are nested too deep");
		expansion->depth++;
		int result = expand_braces(expansion, name + 1, close);
		expansion->depth--;
		*at = close + 1;
		return result;
	}
	size_t length = name_length(name, end);
	*at = name + length;
	if (!length)
		return put(expansion, "$", 1);
	return put_value(expansion,
		cp_docker_variables_get(expansion->variables, expansion->stage, name, length));
}

int cp_docker_expand_one(struct cp_docker_variables *variables, int stage, const char **at,
	const char *end, struct cp_chars *to, bool *known, struct cp_error **err)
{
	struct expansion expansion = {variables, stage, 0, to, known, err};
	return expand_dollar(&expansion, at, end);
}

int cp_docker_expand(struct cp_docker_variables *variables, int stage, const char *text,
	size_t size, struct cp_chars *to, struct cp_error **err)
{
	bool known;
	struct expansion expansion = {variables, stage, 0, to, &known, err};
	if (cp_chars_add(to, "", 0) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return expand_text(&expansion, text, text + size);
}
