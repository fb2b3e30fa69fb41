/* SPDX-License-Identifier: MIT
 *
 * From libfyaml's events to a tree.
 *
 * Events instead of libfyaml's own documents: the tree is then built on a stack of a fixed depth,
 * an alias becomes a pointer to what its anchor names, and a cycle is seen the moment that an alias
 * stands in a collection that is still open.
 */
#include "yaml.h"

#include <errno.h>
#include <libfyaml.h>
#include <string.h>

#include "file.h"
#include "memory.h"
#include "utf8.h"

struct anchor {
	const char *name;
	size_t size;
	struct cp_yaml *node;
};

struct frame {
	struct cp_yaml *node;
	const char *key; /* a mapping's, waiting for its value */
	bool merges;     /* has a merge key */
};

struct builder {
	struct cp_yaml_pool *pool;
	struct fy_parser *parser;
	struct cp_yaml *root;
	const char *name;
	struct frame stack[CP_YAML_MAX_DEPTH];
	size_t depth;
	struct anchor *anchors;
	size_t n_anchors, anchors_size;
	unsigned documents;
	struct cp_error **err;
};

/* The key of a plain `<<`, told from a quoted one by its address. */
static const char merge_key[] = "<<";

static int fail_at(const struct builder *builder, const struct cp_yaml *at, const char *text)
{
	return cp_error_set(
		builder->err, EINVAL, "%s:%u:%u: %s", builder->name, at->line, at->column, text);
}

static int fail_pool(const struct builder *builder)
{
	cp_yaml_pool_error(builder->pool, builder->err);
	return cp_error_wrap(builder->err, "%s", builder->name);
}

/* --- merge keys (https://yaml.org/type/merge.html) --------------------------------------- */

static int copy_items(struct builder *builder, struct cp_yaml *to, const struct cp_yaml *from)
{
	if (from->kind != CP_YAML_MAPPING)
		return fail_at(builder, from, "a merge key (<<) takes mappings only");
	for (size_t i = 0; i < from->count; i++)
		if (cp_yaml_add(builder->pool, to, from->items[i].key, from->items[i].value) < 0)
			return fail_pool(builder);
	return 0;
}

/* What is merged comes first, so that the mapping's own keys count; of several mappings the first
 * one counts. */
static int apply_merges(struct builder *builder, struct cp_yaml *node)
{
	struct cp_yaml *merged = cp_yaml_make(builder->pool, CP_YAML_MAPPING, node);
	if (!merged)
		return fail_pool(builder);
	for (size_t i = 0; i < node->count; i++) {
		const struct cp_yaml *value = node->items[i].value;
		bool list = value->kind == CP_YAML_SEQUENCE;
		if (node->items[i].key != merge_key || value->kind == CP_YAML_NULL)
			continue;
		for (size_t j = list ? value->count : 1; j > 0; j--)
			if (copy_items(builder, merged, list ? value->items[j - 1].value : value) <
				0)
				return -1;
	}
	for (size_t i = 0; i < node->count; i++)
		if (node->items[i].key != merge_key &&
			cp_yaml_add(builder->pool, merged, node->items[i].key,
				node->items[i].value) < 0)
			return fail_pool(builder);
	struct cp_yaml_item *items = node->items;
	node->items = merged->items;
	node->count = merged->count;
	node->size = merged->size;
	merged->items = items; /* the pool frees them */
	return 0;
}

static void raise_height(struct cp_yaml *of, const struct cp_yaml *child)
{
	if (of->height <= child->height)
		of->height = child->height + 1;
}

static int close_collection(struct builder *builder)
{
	struct frame *frame = &builder->stack[--builder->depth];
	if (builder->depth)
		raise_height(builder->stack[builder->depth - 1].node, frame->node);
	if (frame->node->kind != CP_YAML_MAPPING)
		return 0;
	if (frame->merges && apply_merges(builder, frame->node) < 0)
		return -1;
	return cp_yaml_settle(frame->node) < 0 ? fail_pool(builder) : 0;
}

/* --- anchors ----------------------------------------------------------------------------- */

static int note_anchor(struct builder *builder, struct fy_token *token, struct cp_yaml *node)
{
	size_t size = 0;
	const char *text = token ? fy_token_get_text(token, &size) : NULL;
	if (!text)
		return 0;
	if (builder->n_anchors == CP_YAML_MAX_ANCHORS)
		return fail_at(builder, node, "too many anchors");
	const char *name = cp_yaml_copy(builder->pool, text, size);
	if (!name || cp_grow(&builder->anchors, &builder->anchors_size, builder->n_anchors + 1,
			     sizeof(*builder->anchors)) < 0)
		return fail_pool(builder);
	builder->anchors[builder->n_anchors++] = (struct anchor){name, size, node};
	return 0;
}

static int find_anchor(struct builder *builder, struct fy_token *token, const struct cp_yaml *at,
	struct cp_yaml **node)
{
	size_t size = 0, i = builder->n_anchors;
	const char *text = fy_token_get_text(token, &size);
	*node = NULL;
	for (; text && i > 0 && !*node; i--) {
		const struct anchor *anchor = &builder->anchors[i - 1];
		if (anchor->size == size && memcmp(anchor->name, text, size) == 0)
			*node = anchor->node;
	}
	if (!*node)
		return fail_at(builder, at, "the alias names no anchor above it");
	for (size_t j = 0; j < builder->depth; j++)
		if (builder->stack[j].node == *node)
			return fail_at(builder, at,
				"the alias stands inside of what its anchor names: a cycle");
	return 0;
}

/* --- events ------------------------------------------------------------------------------ */

static int take_key(
	struct builder *builder, struct frame *frame, const struct cp_yaml *node, bool plain)
{
	if (node->kind == CP_YAML_SEQUENCE || node->kind == CP_YAML_MAPPING)
		return fail_at(builder, node, "a key must be text");
	frame->key = node->text;
	if (plain && strcmp(frame->key, merge_key) == 0) {
		frame->key = merge_key;
		frame->merges = true;
	}
	return 0;
}

/* Puts a complete scalar or a collection that opens where it belongs. */
static int place(struct builder *builder, struct cp_yaml *node, bool plain)
{
	if (builder->depth == 0) {
		builder->root = node;
		return 0;
	}
	struct frame *frame = &builder->stack[builder->depth - 1];
	if (frame->node->kind == CP_YAML_MAPPING && !frame->key)
		return take_key(builder, frame, node, plain);
	raise_height(frame->node, node);
	if (cp_yaml_add(builder->pool, frame->node, frame->key, node) < 0)
		return fail_pool(builder);
	frame->key = NULL;
	return 0;
}

static bool is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(text, words[i]) == 0)
			return true;
	return false;
}

static enum cp_yaml_tag read_tag(struct fy_token *token)
{
	size_t size = 0;
	const char *text = token ? fy_token_get_text(token, &size) : NULL;
	if (text && size == 6 && memcmp(text, "!reset", size) == 0)
		return CP_YAML_RESET;
	if (text && size == 9 && memcmp(text, "!override", size) == 0)
		return CP_YAML_OVERRIDE;
	return CP_YAML_PLAIN;
}

static struct cp_yaml *make_node(
	struct builder *builder, enum cp_yaml_kind kind, struct fy_event *event)
{
	struct cp_yaml *node = cp_yaml_make(builder->pool, kind, NULL);
	const struct fy_mark *mark = fy_event_start_mark(event);
	if (!node) {
		fail_pool(builder);
		return NULL;
	}
	node->line = mark ? (unsigned)mark->line + 1 : 0;
	node->column = mark ? (unsigned)mark->column + 1 : 0;
	return node;
}

static int on_scalar(struct builder *builder, struct fy_event *event)
{
	struct cp_yaml *node = make_node(builder, CP_YAML_TEXT, event);
	struct fy_token *value = event->scalar.value;
	size_t size = 0;
	const char *text = value ? fy_token_get_text(value, &size) : "";
	bool plain = !value || fy_scalar_token_get_style(value) == FYSS_PLAIN;
	if (!node)
		return -1;
	if (!text)
		return cp_error_set(builder->err, ENOMEM, "out of memory");
	if (memchr(text, '\0', size))
		return fail_at(builder, node, "a NUL in text");
	node->text = cp_yaml_copy(builder->pool, text, size);
	if (!node->text)
		return fail_pool(builder);
	if (plain && is_null(node->text))
		node->kind = CP_YAML_NULL;
	node->tag = read_tag(event->scalar.tag);
	if (note_anchor(builder, event->scalar.anchor, node) < 0)
		return -1;
	return place(builder, node, plain);
}

static int on_open(struct builder *builder, struct fy_event *event, enum cp_yaml_kind kind,
	struct fy_token *anchor, struct fy_token *tag)
{
	struct cp_yaml *node = make_node(builder, kind, event);
	if (!node)
		return -1;
	node->tag = read_tag(tag);
	if (note_anchor(builder, anchor, node) < 0 || place(builder, node, false) < 0)
		return -1;
	if (builder->depth == CP_YAML_MAX_DEPTH)
		return fail_at(builder, node, "nested too deeply");
	builder->stack[builder->depth++] = (struct frame){.node = node};
	return 0;
}

static int on_alias(struct builder *builder, struct fy_event *event)
{
	struct cp_yaml *at = make_node(builder, CP_YAML_NULL, event), *node;
	if (at && at->column > 1)
		at->column--; /* libfyaml's mark is behind the star */
	if (!at || find_anchor(builder, event->alias.anchor, at, &node) < 0)
		return -1;
	/* A chain of aliases must not lead deeper than collections written out may. */
	if (builder->depth + node->height >= CP_YAML_MAX_DEPTH)
		return fail_at(builder, at, "nested too deeply");
	return place(builder, node, false);
}

static int on_event(struct builder *builder, struct fy_event *event)
{
	switch (event->type) {
	case FYET_DOCUMENT_START:
		if (builder->documents++)
			return cp_error_set(builder->err, EINVAL, "%s: more than one YAML document",
				builder->name);
		return 0;
	case FYET_SCALAR:
		return on_scalar(builder, event);
	case FYET_ALIAS:
		return on_alias(builder, event);
	case FYET_MAPPING_START:
		return on_open(builder, event, CP_YAML_MAPPING, event->mapping_start.anchor,
			event->mapping_start.tag);
	case FYET_SEQUENCE_START:
		return on_open(builder, event, CP_YAML_SEQUENCE, event->sequence_start.anchor,
			event->sequence_start.tag);
	case FYET_MAPPING_END:
	case FYET_SEQUENCE_END:
		return close_collection(builder);
	default:
		return 0;
	}
}

/* --- reading ----------------------------------------------------------------------------- */

/* libfyaml's first complaint; the later ones follow from it. */
static int fail_syntax(const struct builder *builder, struct fy_diag *diag)
{
	void *at = NULL;
	const struct fy_diag_error *first = fy_diag_errors_iterate(diag, &at);
	if (!first)
		return cp_error_set(builder->err, EINVAL, "%s: not YAML", builder->name);
	return cp_error_set(builder->err, EINVAL, "%s:%d:%d: %s", builder->name, first->line,
		first->column, first->msg ? first->msg : "not YAML");
}

static int run(struct builder *builder)
{
	for (;;) {
		struct fy_event *event = fy_parser_parse(builder->parser);
		if (!event)
			return 0;
		int status = on_event(builder, event);
		bool last = event->type == FYET_STREAM_END;
		fy_parser_event_free(builder->parser, event);
		if (status < 0 || last)
			return status;
	}
}

static int parse_with(struct builder *builder, const char *text, size_t size, struct fy_diag *diag)
{
	struct fy_parse_cfg config = {.flags = FYPCF_QUIET, .diag = diag};
	builder->parser = fy_parser_create(&config);
	if (!builder->parser)
		return cp_error_set(builder->err, ENOMEM, "out of memory");
	int status = -1;
	if (fy_parser_set_string(builder->parser, text, size) == 0)
		status = run(builder);
	else
		cp_error_set(builder->err, ENOMEM, "out of memory");
	if (status == 0 && fy_parser_get_stream_error(builder->parser))
		status = fail_syntax(builder, diag);
	fy_parser_destroy(builder->parser);
	return status;
}

int cp_yaml_parse(struct cp_yaml_pool *pool, const char *text, size_t size, const char *name,
	struct cp_yaml **root, struct cp_error **err)
{
	struct builder builder = {.pool = pool, .name = name, .err = err};
	struct fy_diag_cfg config;
	if (size > CP_YAML_MAX_FILE)
		return cp_error_set(
			err, EFBIG, "%s: larger than %zu MiB", name, CP_YAML_MAX_FILE >> 20);
	struct cp_utf8_place place;
	if (!cp_utf8_check(text, size, false, &place))
		return cp_error_set(
			err, EINVAL, "%s:%zu:%zu: not UTF-8 text", name, place.line, place.column);
	fy_diag_cfg_default(&config);
	config.fp = NULL;
	struct fy_diag *diag = fy_diag_create(&config);
	if (!diag)
		return cp_error_set(err, ENOMEM, "out of memory");
	fy_diag_set_collect_errors(diag, true);
	int status = parse_with(&builder, text, size, diag);
	fy_diag_destroy(diag);
	free(builder.anchors);
	if (status == 0 && !builder.root)
		builder.root = cp_yaml_make(pool, CP_YAML_NULL, NULL);
	*root = builder.root;
	return status == 0 && !*root ? cp_yaml_pool_error(pool, err) : status;
}

int cp_yaml_read(
	struct cp_yaml_pool *pool, const char *path, struct cp_yaml **root, struct cp_error **err)
{
	cp_cleanup_free char *text = NULL;
	size_t size = 0;
	if (cp_file_read(path, CP_YAML_MAX_FILE, &text, &size, err) < 0)
		return -1;
	return cp_yaml_parse(pool, text, size, path, root, err);
}
