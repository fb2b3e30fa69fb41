/* SPDX-License-Identifier: MIT
 *
 * Reads base files (docs/base-format.md).
 *
 * Strict, so that a file has one form and a mistyped one does not pass for another:
 * keys, entries and properties come in their order and once; a path comes once,
 * below directories. Files come from users, so nothing in them is trusted: counts
 * and lengths have caps, and a library is handed to the index only when all of it
 * was read.
 */
#include "base.h"

#include <errno.h>
#include <string.h>

#include "base_private.h"
#include "memory.h"

#define MAX_LIBRARIES 20000u

struct base_reader {
	struct cp_reader lines;
	struct cp_base *base;
	struct cp_library *libraries;
	size_t n_libraries, capacity;
	char *last_path; /* of the entry before; owned */
	bool in_library;
};

static void close_base_reader(struct base_reader *reader)
{
	for (size_t i = 0; i < reader->n_libraries; i++)
		cp_facts_free(reader->libraries[i].facts);
	free(reader->libraries);
	free(reader->last_path);
	cp_reader_close(&reader->lines);
}

static int out_of_memory(struct base_reader *reader)
{
	return cp_error_set(reader->lines.err, ENOMEM, "%s: out of memory", reader->lines.label);
}

/* An absolute path without empty, "." or ".." components. */
static bool is_canonical(const char *path)
{
	if (*path != '/' || strlen(path) > CP_INDEX_MAX_PATH)
		return false;
	while (*path) {
		size_t length = strcspn(++path, "/");
		if (length == 0 || (length == 1 && path[0] == '.') ||
			(length == 2 && path[0] == '.' && path[1] == '.'))
			return false;
		path += length;
	}
	return true;
}

/* Whether every parent of `path` that is there is a directory. */
static bool parents_fit(const struct cp_index *index, const char *path)
{
	char parent[CP_INDEX_MAX_PATH + 1];
	for (const char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		size_t length = (size_t)(slash - path);
		memcpy(parent, path, length);
		parent[length] = '\0';
		uint32_t node = cp_index_find(index, parent);
		if (node == CP_NO_NODE)
			return true;
		if (cp_index_node(index, node)->kind != CP_NODE_DIRECTORY)
			return false;
	}
	return true;
}

/* Adds the entry at `path`, which must come behind the entry before. */
static int add_entry(
	struct base_reader *reader, const char *path, enum cp_node_kind kind, uint32_t *node)
{
	if (!path || !is_canonical(path))
		return cp_reader_fail(&reader->lines, "expected an absolute path without . or ..");
	if (reader->last_path && strcmp(path, reader->last_path) <= 0)
		return cp_reader_fail(&reader->lines, "%s must come before %s, and once", path,
			reader->last_path);
	if (!parents_fit(reader->base->index, path))
		return cp_reader_fail(
			&reader->lines, "%s is below something that is no directory", path);
	char *copy = strdup(path);
	if (!copy)
		return out_of_memory(reader);
	free(reader->last_path);
	reader->last_path = copy;
	if (cp_index_add(reader->base->index, path, kind, node, reader->lines.err) < 0)
		return cp_error_wrap(
			reader->lines.err, "%s:%zu", reader->lines.label, reader->lines.line);
	return 0;
}

static int read_link(struct base_reader *reader, char *at)
{
	uint32_t node;
	char *path = cp_text_word(&at), *target = cp_text_word(&at);
	if (!target || at)
		return cp_reader_fail(&reader->lines, "expected \"link PATH TARGET\"");
	if (add_entry(reader, path, CP_NODE_SYMLINK, &node) < 0)
		return -1;
	return cp_index_set_link(reader->base->index, node, target, reader->lines.err);
}

static int read_text(struct base_reader *reader, char *at)
{
	uint32_t node;
	char *path = cp_text_word(&at);
	ssize_t size = at ? cp_text_unescape(at, true) : -1;
	if (!path || size < 0)
		return cp_reader_fail(&reader->lines, "expected \"text PATH CONTENT\"");
	if (add_entry(reader, path, CP_NODE_FILE, &node) < 0)
		return -1;
	cp_index_node_mutable(reader->base->index, node)->size = (uint64_t)size;
	return cp_index_set_text(
		reader->base->index, node, at, (size_t)size, true, reader->lines.err);
}

static int read_file(struct base_reader *reader, char *at)
{
	uint64_t size;
	uint32_t id;
	char *path = cp_text_word(&at), *number = cp_text_word(&at), *mode = cp_text_word(&at);
	if (!number || cp_text_number(number, UINT64_MAX, &size) < 0 || at ||
		(mode && strcmp(mode, "executable") != 0))
		return cp_reader_fail(&reader->lines, "expected \"file PATH SIZE [executable]\"");
	if (add_entry(reader, path, CP_NODE_FILE, &id) < 0)
		return -1;
	struct cp_node *node = cp_index_node_mutable(reader->base->index, id);
	node->size = size;
	if (mode)
		node->flags |= CP_NODE_EXECUTABLE;
	return 0;
}

static int read_library(struct base_reader *reader, char *at)
{
	uint32_t node;
	char *path = cp_text_word(&at);
	if (at)
		return cp_reader_fail(&reader->lines, "expected \"library PATH\"");
	if (add_entry(reader, path, CP_NODE_FILE, &node) < 0)
		return -1;
	if (reader->n_libraries == MAX_LIBRARIES)
		return cp_reader_fail(&reader->lines, "more than %u libraries", MAX_LIBRARIES);
	if (cp_grow(&reader->libraries, &reader->capacity, reader->n_libraries + 1,
		    sizeof(*reader->libraries)) < 0)
		return out_of_memory(reader);
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	char *pool = calloc(1, 1);
	if (!facts || !pool) {
		free(facts);
		free(pool);
		return out_of_memory(reader);
	}
	facts->pool = pool;
	facts->pool_size = 1;
	facts->node_api = -1;
	reader->libraries[reader->n_libraries++] =
		(struct cp_library){.facts = facts, .node = node, .last_key = -1};
	reader->in_library = true;
	return 0;
}

static int read_entry_line(struct base_reader *reader)
{
	static const struct {
		const char *word;
		int (*read)(struct base_reader *reader, char *at);
	} kinds[] = {{"link", read_link}, {"text", read_text}, {"file", read_file},
		{"library", read_library}};
	char *at = reader->lines.buffer;
	if (*at == ' ' && reader->in_library)
		return cp_library_read_line(
			reader->libraries + reader->n_libraries - 1, &reader->lines, at + 1);
	reader->in_library = false;
	char *word = cp_text_word(&at);
	for (size_t i = 0; word && i < sizeof(kinds) / sizeof(*kinds); i++)
		if (strcmp(kinds[i].word, word) == 0)
			return kinds[i].read(reader, at);
	return cp_reader_fail(&reader->lines, "expected link, text, file or library");
}

static int read_names(struct base_reader *reader, const struct cp_block_head *head)
{
	struct cp_block block = {0};
	if (cp_block_read(&reader->lines, head, &block) < 0)
		return -1;
	cp_cleanup_free char *text = block.text;
	const char *at = text, *end = text + block.size;
	for (size_t i = 0; i < reader->n_libraries; i++) {
		struct cp_library *library = reader->libraries + i;
		uint64_t bytes = library->facts->size;
		if (cp_symbols_read(library->facts, &at, end, library->exports, reader->lines.err) <
				0 ||
			cp_index_set_facts(reader->base->index, library->node,
				cp_take(library->facts), reader->lines.err) < 0)
			return cp_error_wrap(reader->lines.err, "%s: names of library %zu",
				reader->lines.label, i + 1);
		cp_index_node_mutable(reader->base->index, library->node)->size = bytes;
	}
	if (at != end)
		return cp_reader_fail(&reader->lines, "more names than the libraries have");
	return 0;
}

static int read_optional_key(struct base_reader *reader, const char *key, char **value)
{
	*value = cp_reader_key(&reader->lines, key);
	if (*value && !**value) {
		free(*value);
		*value = NULL;
		return 0;
	}
	return *value ? 0 : -1;
}

static int read_libc(struct base_reader *reader)
{
	struct cp_base *base = reader->base;
	cp_cleanup_free char *libc = cp_reader_key(&reader->lines, "libc");
	if (!libc)
		return -1;
	int at = 0;
	while (cp_libc_words[at] && strcmp(cp_libc_words[at], libc) != 0)
		at++;
	if (!cp_libc_words[at])
		return cp_reader_fail(&reader->lines, "not a libc: %s", libc);
	base->libc = (enum cp_libc)at;
	if (read_optional_key(reader, "libc-version", &base->libc_version) < 0)
		return -1;
	cp_cleanup_free char *gcompat = cp_reader_key(&reader->lines, "gcompat");
	if (!gcompat)
		return -1;
	base->gcompat = strcmp(gcompat, "yes") == 0;
	if (!base->gcompat && strcmp(gcompat, "no") != 0)
		return cp_reader_fail(&reader->lines, "gcompat is yes or no");
	return 0;
}

static int read_base_head(struct base_reader *reader)
{
	struct cp_base *base = reader->base;
	cp_cleanup_free char *format = cp_reader_key(&reader->lines, "format");
	if (!format)
		return -1;
	if (strcmp(format, CP_BASE_FORMAT) != 0)
		return cp_reader_fail(&reader->lines, "the format is not " CP_BASE_FORMAT);
	base->name = cp_reader_key(&reader->lines, "name");
	if (base->name)
		base->source = cp_reader_key(&reader->lines, "source");
	if (base->source)
		base->architecture = cp_reader_key(&reader->lines, "architecture");
	if (!base->architecture || read_optional_key(reader, "os-id", &base->os_id) < 0 ||
		read_optional_key(reader, "os-version", &base->os_version) < 0)
		return -1;
	return read_libc(reader);
}

static int read_all(struct base_reader *reader)
{
	struct cp_block_head head;
	if (read_base_head(reader) < 0 || cp_block_read_head(&reader->lines, &head) < 0 ||
		cp_reader_next(&reader->lines) < 0)
		return -1;
	if (*reader->lines.buffer)
		return cp_reader_fail(&reader->lines, "expected an empty line behind the head");
	for (;;) {
		if (cp_reader_next(&reader->lines) < 0)
			return -1;
		if (!*reader->lines.buffer)
			return read_names(reader, &head);
		if (read_entry_line(reader) < 0)
			return -1;
	}
}

int cp_base_read(const char *text, size_t size, const char *label, struct cp_base **base,
	struct cp_error **err)
{
	*base = NULL;
	struct cp_base *made __attribute__((cleanup(cp_base_cleanup))) = calloc(1, sizeof(*made));
	if (made)
		made->index = cp_index_new();
	if (!made || !made->index)
		return cp_error_set(err, ENOMEM, "%s: out of memory", label);
	struct base_reader reader __attribute__((cleanup(close_base_reader))) = {.base = made};
	cp_reader_open(&reader.lines, text, size, label, err);
	if (read_all(&reader) < 0)
		return -1;
	*base = cp_take(made);
	return 0;
}

void cp_base_free(struct cp_base *base)
{
	if (!base)
		return;
	free(base->name);
	free(base->source);
	free(base->os_id);
	free(base->os_version);
	free(base->architecture);
	free(base->libc_version);
	free(base->note);
	cp_index_free(base->index);
	free(base);
}

void cp_base_cleanup(struct cp_base **base)
{
	cp_base_free(*base);
}
