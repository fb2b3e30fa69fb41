/* SPDX-License-Identifier: MIT
 *
 * Variables in values: $X, ${X}, ${X:-default}, ${X-default}, ${X:?message}, ${X?message},
 * ${X:+other}, ${X+other}, and $$ for a dollar.
 *
 * The forms and their meaning are those of the Compose Specification, "Interpolation": with the
 * colon an empty variable counts as one that is not set. Defaults may hold variables again. What a
 * variable expands to is not looked at again, so the result is bounded by the text and the
 * variables; MAX_RESULT bounds it all the same.
 */
#include <ctype.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"

#define MAX_DEPTH 16
#define MAX_RESULT ((size_t)1 << 20)

struct expansion {
	const struct cp_variables *variables;
	struct cp_compose *compose;
	enum cp_dollar dollar;
	char *out;
	size_t used, size;
	unsigned depth;
	struct cp_error **err;
};

static int expand(struct expansion *expansion, const char *text, const char *end);

static int put(struct expansion *expansion, const char *text, size_t size)
{
	if (size > MAX_RESULT - expansion->used)
		return cp_error_set(
			expansion->err, E2BIG, "a value grows beyond %zu bytes", MAX_RESULT);
	if (cp_grow(&expansion->out, &expansion->size, expansion->used + size + 1, 1) < 0)
		return cp_error_set(expansion->err, ENOMEM, "out of memory");
	memcpy(expansion->out + expansion->used, text, size);
	expansion->used += size;
	expansion->out[expansion->used] = '\0';
	return 0;
}

static size_t name_length(const char *text, const char *end)
{
	const char *at = text;
	if (at == end || (!isalpha((unsigned char)*at) && *at != '_'))
		return 0;
	while (at < end && (isalnum((unsigned char)*at) || *at == '_'))
		at++;
	return (size_t)(at - text);
}

/* The brace that closes the one before `text`, or NULL. */
static const char *closing_brace(const char *text, const char *end)
{
	unsigned open = 1;
	for (const char *at = text; at < end; at++) {
		if (*at == '$' && at + 1 < end && at[1] == '{') {
			open++;
			at++;
		} else if (*at == '}' && --open == 0) {
			return at;
		}
	}
	return NULL;
}

static int fail_missing(
	struct expansion *expansion, const char *name, const char *text, const char *end)
{
	size_t start = expansion->used;
	if (expand(expansion, text, end) < 0)
		return -1;
	const char *message = expansion->out ? expansion->out + start : "";
	return cp_error_set(expansion->err, EINVAL, "the variable %s is required%s%s", name,
		*message ? ": " : "", message);
}

static int put_variable(struct expansion *expansion, const char *name)
{
	const char *value = cp_variables_get(expansion->variables, name);
	if (value)
		return put(expansion, value, strlen(value));
	if (expansion->compose &&
		cp_compose_warn(expansion->compose,
			"the variable %s is not set and counts as empty", name) < 0)
		return cp_error_set(expansion->err, ENOMEM, "out of memory");
	return 0;
}

/* "NAME", or "NAME", an operator and what it takes. */
static int expand_braced(struct expansion *expansion, const char *text, const char *end)
{
	size_t length = name_length(text, end);
	cp_cleanup_free char *name = strndup(text, length);
	if (!name)
		return cp_error_set(expansion->err, ENOMEM, "out of memory");
	const char *at = text + length;
	if (length && at == end)
		return put_variable(expansion, name);
	bool colon = at < end && *at == ':';
	at += colon;
	char operator= length && at<end ? *at : '\0';
	const char *value = cp_variables_get(expansion->variables, name);
	bool set = value && (!colon || *value);
	switch (operator) {
	case '-':
		return set ? put(expansion, value, strlen(value)) : expand(expansion, at + 1, end);
	case '+':
		return set ? expand(expansion, at + 1, end) : 0;
	case '?':
		return set ? put(expansion, value, strlen(value))
			   : fail_missing(expansion, name, at + 1, end);
	default:
		return cp_error_set(expansion->err, EINVAL, "\"${%.*s}\" is no variable",
			(int)(end - text), text);
	}
}

/* At a dollar. *next: behind what was taken. */
static int expand_dollar(
	struct expansion *expansion, const char *at, const char *end, const char **next)
{
	bool compose = expansion->dollar == CP_DOLLAR_COMPOSE;
	bool braced = at + 1 < end && at[1] == '{' && (compose || name_length(at + 2, end));
	const char *brace = braced ? closing_brace(at + 2, end) : NULL;
	size_t length = compose ? name_length(at + 1, end) : 0;
	*next = at + 1;
	if (brace) {
		*next = brace + 1;
		return expand_braced(expansion, at + 2, brace);
	}
	if (!compose) {
		/* Behind a brace that nothing closes all is literal, so none is looked for twice.
		 */
		*next = braced ? end : at + 1;
		return put(expansion, at, (size_t)(*next - at));
	}
	if (at + 1 < end && at[1] == '$') {
		*next = at + 2;
		return put(expansion, at, 1);
	}
	if (!length)
		return cp_error_set(expansion->err, EINVAL,
			"a $ that begins no variable in \"%.*s\" (a plain one is written $$)",
			(int)(end - at > 80 ? 80 : end - at), at);
	cp_cleanup_free char *name = strndup(at + 1, length);
	if (!name)
		return cp_error_set(expansion->err, ENOMEM, "out of memory");
	*next = at + 1 + length;
	return put_variable(expansion, name);
}

static int expand(struct expansion *expansion, const char *text, const char *end)
{
	if (expansion->depth == MAX_DEPTH)
		return cp_error_set(expansion->err, E2BIG, "variables are nested too deeply");
	expansion->depth++;
	for (const char *at = text; at < end;) {
		const char *dollar = memchr(at, '$', (size_t)(end - at));
		if (put(expansion, at, (size_t)((dollar ? dollar : end) - at)) < 0)
			return -1;
		at = dollar ? dollar : end;
		if (dollar && expand_dollar(expansion, dollar, end, &at) < 0)
			return -1;
	}
	expansion->depth--;
	return 0;
}

char *cp_interpolate(const char *text, enum cp_dollar dollar, const struct cp_variables *variables,
	struct cp_compose *compose, struct cp_error **err)
{
	struct expansion expansion = {
		.variables = variables, .compose = compose, .dollar = dollar, .err = err};
	if (put(&expansion, "", 0) == 0 && expand(&expansion, text, text + strlen(text)) == 0)
		return expansion.out;
	free(expansion.out);
	return NULL;
}

static int fill_in(struct cp_yaml_pool *pool, struct cp_yaml *node,
	const struct cp_variables *variables, struct cp_compose *compose, struct cp_error **err)
{
	if (!strchr(node->text, '$'))
		return 0;
	cp_cleanup_free char *text =
		cp_interpolate(node->text, CP_DOLLAR_COMPOSE, variables, compose, err);
	if (!text)
		return -1;
	node->text = cp_yaml_copy(pool, text, strlen(text));
	return node->text ? 0 : cp_yaml_pool_error(pool, err);
}

int cp_interpolate_tree(struct cp_yaml_pool *pool, struct cp_yaml *node, const char *name,
	const struct cp_variables *variables, struct cp_compose *compose, struct cp_error **err)
{
	if (node->seen)
		return 0;
	node->seen = true;
	if (node->kind == CP_YAML_TEXT && fill_in(pool, node, variables, compose, err) < 0)
		return cp_error_wrap(err, "%s:%u:%u", name, node->line, node->column);
	for (size_t i = 0; i < node->count; i++)
		if (cp_interpolate_tree(pool, node->items[i].value, name, variables, compose, err) <
			0)
			return -1;
	return 0;
}
