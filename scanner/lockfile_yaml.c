/* SPDX-License-Identifier: MIT
 *
 * A walk over YAML that remembers no more than the way to where it is.
 *
 * libfyaml reads ahead until it knows what a "[" is: to the end of the file, if need be, at some
 * 270 bytes of memory for each. So it is given the file piece by piece, and no more once it is too
 * far ahead of the last event that it told.
 */
#include "lockfile_private.h"
#include "utf8.h"

#include <errno.h>
#include <libfyaml.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

#define MAX_DEPTH 64u
#define MAX_AHEAD ((size_t)64 << 10) /* bytes; no text of a lock file is as long */
#define PIECE ((size_t)16 << 10)

/* One mapping or list on the way down. */
struct level {
	bool mapping;
	bool at_value; /* of a mapping: its key was read, the value comes next */
	char *key;     /* owned, reused by the next at this depth */
	size_t size;
};

/* What libfyaml is given. */
struct input {
	const char *data;
	size_t size, at; /* what of it was given */
	size_t told;     /* what had been given when the last event was told */
	bool withheld;
};

struct walk {
	struct input input;
	const struct cp_yaml_visitor *visitor;
	void *context;
	const char *label;
	struct level levels[MAX_DEPTH];
	size_t depth;
	struct cp_piece keys[MAX_DEPTH]; /* of the mappings among the levels that are at a value */
	size_t n_keys;
};

static int fail_at(
	struct walk *walk, struct fy_event *event, const char *why, struct cp_error **err)
{
	const struct fy_mark *mark = fy_event_start_mark(event);
	return cp_error_set(err, EINVAL, "%s: line %d, column %d: %s", walk->label,
		mark ? mark->line + 1 : 0, mark ? mark->column + 1 : 0, why);
}

/* Refuses what no lock file has: bytes that are no text, and directives. */
static int check_text(const struct walk *walk, struct cp_error **err)
{
	struct cp_utf8_place place;
	if (cp_utf8_check(walk->input.data, walk->input.size, true, &place))
		return 0;
	const char *what = walk->input.data[place.offset] == '%' ? "a directive" : "not UTF-8 text";
	return cp_error_set(err, EINVAL, "%s: line %zu, column %zu: %s", walk->label, place.line,
		place.column, what);
}

static ssize_t give(void *user, void *buffer, size_t size)
{
	struct input *input = user;
	input->withheld |= input->at - input->told > MAX_AHEAD;
	size_t left = input->withheld ? 0 : input->size - input->at;
	size_t piece = size < PIECE ? size : PIECE;
	if (piece > left)
		piece = left;
	if (piece)
		memcpy(buffer, input->data + input->at, piece);
	input->at += piece;
	return (ssize_t)piece;
}

static struct level *innermost(struct walk *walk)
{
	return walk->depth ? &walk->levels[walk->depth - 1] : NULL;
}

/* A value has ended; its mapping goes on with a key. */
static void end_value(struct walk *walk)
{
	struct level *level = innermost(walk);
	if (level && level->mapping) {
		level->at_value = false;
		walk->n_keys--;
	}
}

static int take_key(
	struct walk *walk, struct level *level, struct cp_piece key, struct cp_error **err)
{
	if (cp_grow(&level->key, &level->size, key.length + 1, 1) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	memcpy(level->key, key.text, key.length);
	level->key[key.length] = '\0';
	level->at_value = true;
	walk->keys[walk->n_keys++] = (struct cp_piece){level->key, key.length};
	struct cp_yaml_path path = {walk->keys, walk->n_keys};
	return walk->visitor->key(walk->context, &path, err);
}

/* The text of a scalar where it stands on one line without escapes, as names, versions and
 * platforms do; else, and for an alias, empty. libfyaml (0.7.12) leaks a page where it puts a text
 * together from many pieces. */
static struct cp_piece text_of(struct fy_event *event)
{
	const struct fy_mark *start = fy_event_start_mark(event), *end = fy_event_end_mark(event);
	struct cp_piece text = {"", 0};
	struct fy_token *token = event->type == FYET_SCALAR ? event->scalar.value : NULL;
	if (!token || !start || !end || start->line != end->line)
		return text;
	size_t length = fy_token_get_text_length(token);
	if ((size_t)(end->column - start->column) != length) /* marks leave the quotes out */
		return text;
	const char *found = fy_token_get_text(token, &length);
	return found ? (struct cp_piece){found, length} : text;
}

static int take_scalar(struct walk *walk, struct fy_event *event, struct cp_error **err)
{
	struct cp_piece text = text_of(event);
	struct level *level = innermost(walk);
	if (level && level->mapping && !level->at_value)
		return take_key(walk, level, text, err);
	struct cp_yaml_path path = {walk->keys, walk->n_keys};
	if (walk->visitor->text(walk->context, &path, text, err) < 0)
		return -1;
	end_value(walk);
	return 0;
}

static int go_down(struct walk *walk, struct fy_event *event, bool mapping, struct cp_error **err)
{
	struct level *above = innermost(walk);
	if (above && above->mapping && !above->at_value)
		return fail_at(walk, event, "a key that is no text", err);
	if (walk->depth == MAX_DEPTH)
		return fail_at(walk, event, "nested too deep", err);
	struct level *level = &walk->levels[walk->depth++];
	level->mapping = mapping;
	level->at_value = false;
	return 0;
}

static int take_event(struct walk *walk, struct fy_event *event, struct cp_error **err)
{
	switch (event->type) {
	case FYET_SCALAR:
	case FYET_ALIAS:
		return take_scalar(walk, event, err);
	case FYET_MAPPING_START:
		return go_down(walk, event, true, err);
	case FYET_SEQUENCE_START:
		return go_down(walk, event, false, err);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		walk->depth--;
		end_value(walk);
		return 0;
	default: /* begins and ends of documents, which nest nothing */
		return 0;
	}
}

/* Where the reading ahead was stopped: about the line of the last event. */
static int fail_ahead(const struct walk *walk, const char *why, struct cp_error **err)
{
	size_t line = 1;
	const char *at = walk->input.data, *end = at + walk->input.told;
	while (at < end && (at = memchr(at, '\n', (size_t)(end - at)))) {
		at++;
		line++;
	}
	return cp_error_set(err, EINVAL, "%s: line %zu: %s", walk->label, line, why);
}

/* What libfyaml says of a stream that is not YAML. */
static int syntax_error(struct walk *walk, struct fy_diag *diag, struct cp_error **err)
{
	void *iterator = NULL;
	const struct fy_diag_error *error = fy_diag_errors_iterate(diag, &iterator);
	if (!error)
		return fail_ahead(walk, "not YAML", err);
	return cp_error_set(err, EINVAL, "%s: line %d, column %d: %s", walk->label, error->line,
		error->column, error->msg ? error->msg : "not YAML");
}

static int walk_events(struct walk *walk, struct fy_parser *parser, struct cp_error **err)
{
	struct fy_event *event;
	int result = 0;
	while (result == 0 && (event = fy_parser_parse(parser))) {
		walk->input.told = walk->input.at;
		result = take_event(walk, event, err);
		fy_parser_event_free(parser, event);
	}
	if (result == 0 && walk->input.withheld)
		result = fail_ahead(walk, "nested too deep, or a text is too long", err);
	return result;
}

int cp_yaml_walk(const char *data, size_t size, const char *label,
	const struct cp_yaml_visitor *visitor, void *context, struct cp_error **err)
{
	struct walk walk = {.input = {.data = data, .size = size},
		.visitor = visitor,
		.context = context,
		.label = label};
	if (check_text(&walk, err) < 0)
		return -1;
	struct fy_diag_cfg quiet;
	fy_diag_cfg_default(&quiet);
	quiet.fp = NULL;
	struct fy_diag *diag = fy_diag_create(&quiet);
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
	struct fy_parser *parser = diag ? fy_parser_create(&config) : NULL;
	int result = -1;
	if (diag)
		fy_diag_set_collect_errors(diag, true);
	if (!parser || fy_parser_set_input_callback(parser, &walk.input, give) != 0)
		cp_error_set(err, ENOMEM, "out of memory");
	else
		result = walk_events(&walk, parser, err);
	if (result == 0 && fy_parser_get_stream_error(parser))
		result = syntax_error(&walk, diag, err);
	if (parser)
		fy_parser_destroy(parser);
	if (diag)
		fy_diag_destroy(diag);
	for (size_t i = 0; i < MAX_DEPTH; i++)
		free(walk.levels[i].key);
	return result;
}
