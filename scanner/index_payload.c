/* SPDX-License-Identifier: MIT
 *
 * What an index owns beside its tree: facts, texts, link targets and errors[] rows.
 */
#include "index.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "index_private.h"
#include "memory.h"

void cp_index_free(struct cp_index *index)
{
	if (!index)
		return;
	for (size_t i = 0; i < index->n_facts; i++)
		cp_facts_free(index->facts[i]);
	for (size_t i = 0; i < index->n_texts; i++)
		free(index->texts[i].owned);
	for (size_t i = 0; i < index->n_errors; i++) {
		free(index->errors[i].path);
		free(index->errors[i].message);
	}
	free(index->facts);
	free(index->texts);
	free(index->errors);
	free(index->nodes);
	free(index->slots);
	free(index->last.text);
	cp_names_clear(&index->names);
	free(index);
}

void cp_index_cleanup(struct cp_index **index)
{
	cp_index_free(*index);
}

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

uint32_t cp_index_intern_link(struct cp_index *index, const char *target, struct cp_error **err)
{
	size_t length = strlen(target);
	if (length > CP_INDEX_MAX_PATH) {
		cp_error_set(
			err, ENAMETOOLONG, "link target longer than %u bytes", CP_INDEX_MAX_PATH);
		return CP_NAMES_FULL;
	}
	uint32_t offset = cp_names_add(
		&index->names, target, length, cp_name_hash(index->seed, target, length));
	if (offset == CP_NAMES_FULL)
		no_memory(err);
	return offset;
}

int cp_index_set_link(
	struct cp_index *index, uint32_t node, const char *target, struct cp_error **err)
{
	uint32_t offset = cp_index_intern_link(index, target, err);
	if (offset == CP_NAMES_FULL)
		return -1;
	index->nodes[node].payload = offset;
	return 0;
}

int cp_index_set_facts(
	struct cp_index *index, uint32_t node, struct cp_facts *facts, struct cp_error **err)
{
	if (cp_grow(&index->facts, &index->facts_size, index->n_facts + 1, sizeof(*index->facts)) <
		0) {
		cp_facts_free(facts);
		return no_memory(err);
	}
	index->nodes[node].content = CP_CONTENT_ELF;
	index->nodes[node].payload = (uint32_t)index->n_facts;
	index->facts[index->n_facts++] = facts;
	return 0;
}

int cp_index_set_text(struct cp_index *index, uint32_t node, const char *data, size_t size,
	bool copy, struct cp_error **err)
{
	if (copy && size > CP_INDEX_MAX_TEXT - index->text_bytes)
		return cp_error_set(err, EFBIG, "more than %llu bytes of texts",
			(unsigned long long)CP_INDEX_MAX_TEXT);
	if (cp_grow(&index->texts, &index->texts_size, index->n_texts + 1, sizeof(*index->texts)) <
		0)
		return no_memory(err);
	struct cp_text text = {.data = data, .size = size};
	if (copy) {
		text.owned = malloc(size + 1);
		if (!text.owned)
			return no_memory(err);
		if (size)
			memcpy(text.owned, data, size);
		text.owned[size] = '\0';
		text.data = text.owned;
		index->text_bytes += size;
	}
	index->nodes[node].content = CP_CONTENT_TEXT;
	index->nodes[node].payload = (uint32_t)index->n_texts;
	index->texts[index->n_texts++] = text;
	return 0;
}

int cp_index_link_file(
	struct cp_index *index, uint32_t node, const char *target, struct cp_error **err)
{
	uint32_t id = cp_index_find(index, target);
	struct cp_node *to = &index->nodes[node];
	const struct cp_node *from = id == CP_NO_NODE ? NULL : &index->nodes[id];
	bool whole = from && id != node &&
		     (from->kind == CP_NODE_FILE || from->kind == CP_NODE_SYMLINK ||
			     from->kind == CP_NODE_OTHER);
	if (whole || (from && id != node && from->kind == CP_NODE_HARDLINK)) {
		to->kind = from->kind;
		to->content = from->content;
		to->flags = from->flags & CP_NODE_EXECUTABLE;
		to->payload = from->payload;
		to->size = from->size;
		return whole ? 0 : 1;
	}
	uint32_t offset = cp_index_intern_link(index, target, err);
	if (offset == CP_NAMES_FULL)
		return -1;
	to->kind = CP_NODE_HARDLINK;
	to->payload = offset;
	return 1;
}

const struct cp_facts *cp_index_facts(const struct cp_index *index, uint32_t id)
{
	const struct cp_node *node = &index->nodes[id];
	if (node->kind != CP_NODE_FILE || node->content != CP_CONTENT_ELF)
		return NULL;
	return index->facts[node->payload];
}

const struct cp_text *cp_index_text(const struct cp_index *index, uint32_t id)
{
	const struct cp_node *node = &index->nodes[id];
	if (node->kind != CP_NODE_FILE || node->content != CP_CONTENT_TEXT)
		return NULL;
	return &index->texts[node->payload];
}

const char *cp_index_link(const struct cp_index *index, uint32_t id)
{
	const struct cp_node *node = &index->nodes[id];
	if (node->kind != CP_NODE_SYMLINK && node->kind != CP_NODE_HARDLINK)
		return NULL;
	return index->names.bytes + node->payload;
}

static int append_error(struct cp_index *index, struct cp_index_error row)
{
	if (!row.path || !row.message ||
		cp_grow(&index->errors, &index->errors_size, index->n_errors + 1,
			sizeof(*index->errors)) < 0) {
		free(row.path);
		free(row.message);
		return -1;
	}
	index->errors[index->n_errors++] = row;
	return 0;
}

/* Whether a row more is still wanted; the one at the limit says that there are others. */
static bool admits_error(struct cp_index *index, int *result)
{
	*result = 0;
	if (index->n_errors == CP_INDEX_MAX_ERRORS)
		*result = append_error(
			index, (struct cp_index_error){.path = strdup("/"),
				       .message = strdup("there are more errors than are listed"),
				       .severity = CP_PARTIAL});
	return index->n_errors < CP_INDEX_MAX_ERRORS;
}

int cp_index_add_error(struct cp_index *index, enum cp_severity severity, const char *path,
	const char *format, ...)
{
	int result;
	if (!admits_error(index, &result))
		return result;
	va_list args;
	va_start(args, format);
	char *message = NULL;
	if (vasprintf(&message, format, args) < 0)
		message = NULL;
	va_end(args);
	return append_error(
		index, (struct cp_index_error){
			       .path = strdup(path), .message = message, .severity = severity});
}

int cp_index_move_errors(struct cp_index *lower, struct cp_index *upper)
{
	int result = 0;
	size_t moved = 0;
	while (result == 0 && moved < upper->n_errors && admits_error(lower, &result))
		result = append_error(lower, upper->errors[moved++]);
	/* Rows that found no room stay with `upper`, which frees them. */
	for (size_t i = moved; i < upper->n_errors; i++)
		upper->errors[i - moved] = upper->errors[i];
	upper->n_errors -= moved;
	return result;
}

size_t cp_index_error_count(const struct cp_index *index)
{
	return index->n_errors;
}

const struct cp_index_error *cp_index_error_at(const struct cp_index *index, size_t at)
{
	return &index->errors[at];
}
