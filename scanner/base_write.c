/* SPDX-License-Identifier: MIT
 *
 * Writes base files (docs/base-format.md).
 *
 * Entries come in the order of their paths and names in the order of their bytes, so
 * that the same root gives the same file, and two files can be compared with diff(1).
 */
#include "base.h"

#include <errno.h>
#include <string.h>

#include "base_private.h"
#include "memory.h"

/* A live node and its path, to be written in the order of paths. */
struct entry {
	char *path;
	uint32_t node;
};

struct entries {
	struct entry *items;
	size_t count, capacity;
};

static void free_entries(struct entries *entries)
{
	for (size_t i = 0; i < entries->count; i++)
		free(entries->items[i].path);
	free(entries->items);
}

static int compare_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

static int collect_entries(const struct cp_index *index, struct entries *entries)
{
	char path[CP_INDEX_MAX_PATH + 1];
	for (uint32_t id = 0; id < cp_index_count(index); id++) {
		uint8_t kind = cp_index_node(index, id)->kind;
		if (kind != CP_NODE_FILE && kind != CP_NODE_SYMLINK)
			continue;
		if (!cp_index_path(index, id, path, sizeof(path)) ||
			cp_grow(&entries->items, &entries->capacity, entries->count + 1,
				sizeof(*entries->items)) < 0)
			return -1;
		char *copy = strdup(path);
		if (!copy)
			return -1;
		entries->items[entries->count++] = (struct entry){copy, id};
	}
	if (entries->count)
		qsort(entries->items, entries->count, sizeof(*entries->items), compare_entries);
	return 0;
}

static void write_plain_file(FILE *file, const struct cp_node *node)
{
	fprintf(file, " %llu%s", (unsigned long long)node->size,
		node->flags & CP_NODE_EXECUTABLE ? " executable" : "");
}

/* Writes one entry; a library's names go to `names`. */
static int write_entry(
	FILE *file, FILE *names, const struct cp_index *index, const struct entry *entry)
{
	const struct cp_node *node = cp_index_node(index, entry->node);
	const struct cp_facts *facts = cp_index_facts(index, entry->node);
	const struct cp_text *text = cp_index_text(index, entry->node);
	size_t written;
	bool link = node->kind == CP_NODE_SYMLINK;
	fputs(link ? "link" : facts ? "library" : text ? "text" : "file", file);
	cp_text_write_word(file, entry->path);
	if (link)
		cp_text_write_word(file, cp_index_link(index, entry->node));
	else if (facts)
		; /* its properties follow on lines of their own */
	else if (text) {
		putc(' ', file);
		cp_text_escape(file, text->data, text->size, "");
	} else
		write_plain_file(file, node);
	putc('\n', file);
	if (!facts)
		return 0;
	cp_library_write(file, facts);
	return cp_symbols_write(names, facts, NULL, &written);
}

static void write_key(FILE *file, const char *key, const char *value)
{
	fprintf(file, "%s:%s", key, value && *value ? " " : "");
	cp_text_escape(file, value ? value : "", value ? strlen(value) : 0, "");
	putc('\n', file);
}

static void write_head(FILE *file, const struct cp_base *base)
{
	write_key(file, "format", CP_BASE_FORMAT);
	write_key(file, "name", base->name);
	write_key(file, "source", base->source);
	write_key(file, "architecture", base->architecture);
	write_key(file, "os-id", base->os_id);
	write_key(file, "os-version", base->os_version);
	write_key(file, "libc", cp_libc_words[base->libc]);
	write_key(file, "libc-version", base->libc_version);
	write_key(file, "gcompat", base->gcompat ? "yes" : "no");
}

/* Writes all entries into two texts in memory: what the head lists, and the names. */
static int write_entries(const struct cp_index *index, char **list, size_t *list_size, char **names,
	size_t *names_size)
{
	struct entries entries __attribute__((cleanup(free_entries))) = {0};
	cp_cleanup_fclose FILE *list_file = open_memstream(list, list_size);
	cp_cleanup_fclose FILE *names_file = open_memstream(names, names_size);
	if (!list_file || !names_file || collect_entries(index, &entries) < 0)
		return -1;
	for (size_t i = 0; i < entries.count; i++)
		if (write_entry(list_file, names_file, index, entries.items + i) < 0)
			return -1;
	putc('\n', list_file);
	return fflush(list_file) == 0 && fflush(names_file) == 0 ? 0 : -1;
}

int cp_base_write(const struct cp_base *base, FILE *file, struct cp_error **err)
{
	cp_cleanup_free char *list = NULL, *names = NULL;
	size_t list_size = 0, names_size = 0;
	if (write_entries(base->index, &list, &list_size, &names, &names_size) < 0)
		return cp_error_set(err, ENOMEM, "cannot write base %s: out of memory", base->name);
	if (names_size > CP_TEXT_MAX_SYMBOLS)
		return cp_error_set(err, EFBIG,
			"cannot write base %s: %zu bytes of names are over "
			"the limit of %zu",
			base->name, names_size, CP_TEXT_MAX_SYMBOLS);
	write_head(file, base);
	if (cp_block_write(file, names, names_size, list, err) < 0)
		return cp_error_wrap(err, "base %s", base->name);
	if (fflush(file) != 0)
		return cp_error_set(
			err, errno, "cannot write base %s: %s", base->name, strerror(errno));
	return 0;
}
