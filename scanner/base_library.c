/* SPDX-License-Identifier: MIT
 *
 * A library of a base file: its properties, one line each.
 *
 * They are one table of where they lie in struct cp_facts and how they are spelt,
 * which the writer and the reader walk both: what is written can be read. A
 * property that has its usual value (0) is not written; they come in the table's
 * order and once.
 */
#include <stddef.h>
#include <string.h>

#include "base_private.h"
#include "memory.h"

enum property_kind { NUMBER_8, NUMBER_16, NUMBER_64, NAMED, FLAG, STRING };

struct property {
	const char *key;
	size_t offset; /* in struct cp_facts */
	enum property_kind kind;
	const char *const *names; /* of NAMED values, from 0 on; NULL-terminated */
};

static const char *const os_names[] = {
	"linux", "freebsd", "netbsd", "openbsd", "solaris", "other", "android", NULL};
const char *const cp_libc_words[] = {"none", "glibc", "musl", "other", "unknown", NULL};
static const char *const stack_names[] = {"unspecified", "plain", "executable", NULL};

#define PROPERTY(key, member, kind, names)                                                         \
	{                                                                                          \
		key, offsetof(struct cp_facts, member), kind, names                                \
	}
static const struct property properties[] = {
	PROPERTY("size", size, NUMBER_64, NULL),
	PROPERTY("class", elf_class, NUMBER_8, NULL),
	PROPERTY("encoding", encoding, NUMBER_8, NULL),
	PROPERTY("os-abi", os_abi, NUMBER_8, NULL),
	PROPERTY("abi-version", abi_version, NUMBER_8, NULL),
	PROPERTY("type", type, NUMBER_16, NULL),
	PROPERTY("machine", machine, NUMBER_16, NULL),
	PROPERTY("os", os, NAMED, os_names),
	PROPERTY("libc", libc, NAMED, cp_libc_words),
	PROPERTY("interpreter", interpreter, STRING, NULL),
	PROPERTY("soname", soname, STRING, NULL),
	PROPERTY("rpath", rpath, STRING, NULL),
	PROPERTY("runpath", runpath, STRING, NULL),
	PROPERTY("build-id", build_id, STRING, NULL),
	PROPERTY("flags", flags, NUMBER_64, NULL),
	PROPERTY("flags-1", flags_1, NUMBER_64, NULL),
	PROPERTY("dynamic", has_dynamic, FLAG, NULL),
	PROPERTY("bind-now", bind_now, FLAG, NULL),
	PROPERTY("static-tls", static_tls, FLAG, NULL),
	PROPERTY("text-relocations", text_relocations, FLAG, NULL),
	PROPERTY("stack", stack, NAMED, stack_names),
	PROPERTY("tls-size", tls_size, NUMBER_64, NULL),
	PROPERTY("tls-align", tls_align, NUMBER_64, NULL),
	PROPERTY("glibc-min", glibc_min, STRING, NULL),
	PROPERTY("glibcxx-min", glibcxx_min, STRING, NULL),
};
#define PROPERTIES (sizeof(properties) / sizeof(*properties))

/* Lists follow the properties, in this order; each has as many lines as it has items. */
enum list_key { LIST_NEEDED = PROPERTIES, LIST_WANTS, LIST_DEFINES, LIST_EXPORTS };

/* The value of a property that is no string, as a number. */
static uint64_t property_number(const struct cp_facts *facts, const struct property *property)
{
	const void *at = (const char *)facts + property->offset;
	switch (property->kind) {
	case NUMBER_8:
		return *(const uint8_t *)at;
	case NUMBER_16:
		return *(const uint16_t *)at;
	case NUMBER_64:
		return *(const uint64_t *)at;
	case FLAG:
		return *(const bool *)at;
	default: /* enums and pool offsets; both are of this size */
		return *(const uint32_t *)at;
	}
}
_Static_assert(sizeof(enum cp_os) == sizeof(uint32_t) && sizeof(cp_str) == sizeof(uint32_t),
	"property_number reads enums and offsets alike");

static void set_property_number(
	struct cp_facts *facts, const struct property *property, uint64_t value)
{
	void *at = (char *)facts + property->offset;
	switch (property->kind) {
	case NUMBER_8:
		*(uint8_t *)at = (uint8_t)value;
		break;
	case NUMBER_16:
		*(uint16_t *)at = (uint16_t)value;
		break;
	case NUMBER_64:
		*(uint64_t *)at = value;
		break;
	case FLAG:
		*(bool *)at = value;
		break;
	default:
		*(uint32_t *)at = (uint32_t)value;
	}
}

static uint64_t property_max(const struct property *property)
{
	switch (property->kind) {
	case NUMBER_8:
		return UINT8_MAX;
	case NUMBER_16:
		return UINT16_MAX;
	default:
		return UINT64_MAX;
	}
}

/* --- writing ------------------------------------------------------------------ */

static void write_properties(FILE *file, const struct cp_facts *facts)
{
	for (const struct property *p = properties; p < properties + PROPERTIES; p++) {
		uint64_t value = property_number(facts, p);
		if (value == 0)
			continue;
		fprintf(file, " %s", p->key);
		if (p->kind == STRING)
			cp_text_write_word(file, facts->pool + value);
		else if (p->kind == NAMED)
			cp_text_write_word(file, p->names[value]);
		else if (p->kind != FLAG)
			fprintf(file, " %llu", (unsigned long long)value);
		putc('\n', file);
	}
}

static void write_lists(FILE *file, const struct cp_facts *facts)
{
	for (size_t i = 0; i < facts->n_needed; i++) {
		fputs(" needed", file);
		cp_text_write_word(file, facts->pool + facts->needed[i]);
		putc('\n', file);
	}
	for (size_t i = 0; i < facts->n_verneed; i++) {
		fputs(" wants", file);
		cp_text_write_word(file, facts->pool + facts->verneed[i].file);
		cp_text_write_word(file, facts->pool + facts->verneed[i].version);
		fputs(facts->verneed[i].weak ? " weak\n" : "\n", file);
	}
	for (size_t i = 0; i < facts->n_verdef; i++) {
		fputs(" defines", file);
		cp_text_write_word(file, facts->pool + facts->verdef[i].version);
		fputs(facts->verdef[i].base ? " base" : "", file);
		fputs(facts->verdef[i].weak ? " weak\n" : "\n", file);
	}
	if (facts->n_exports)
		fprintf(file, " exports %zu\n", facts->n_exports);
}

void cp_library_write(FILE *file, const struct cp_facts *facts)
{
	write_properties(file, facts);
	write_lists(file, facts);
}

/* --- reading ------------------------------------------------------------------ */

static int read_property(
	struct cp_reader *lines, struct cp_facts *facts, const struct property *property, char *at)
{
	uint64_t value = 0;
	bool failed = false;
	char *word = cp_text_word(&at);
	if (property->kind == FLAG) {
		if (word || at)
			return cp_reader_fail(lines, "%s has no value", property->key);
		set_property_number(facts, property, 1);
		return 0;
	}
	if (!word || at)
		return cp_reader_fail(lines, "%s has one value", property->key);
	if (property->kind == STRING) {
		value = cp_facts_add_string(facts, word, &failed);
	} else if (property->kind == NAMED) {
		while (property->names[value] && strcmp(property->names[value], word) != 0)
			value++;
		failed = !property->names[value];
	} else {
		failed = cp_text_number(word, property_max(property), &value) < 0;
	}
	if (failed || value == 0)
		return cp_reader_fail(lines, "not a value of %s: %s", property->key, word);
	set_property_number(facts, property, value);
	return 0;
}

/* Appends one zeroed item to a list whose capacity is the next power of two. */
static void *append_item(void *items, size_t *count, size_t size)
{
	void **list = items;
	if ((*count & (*count - 1)) == 0) {
		void *moved = reallocarray(*list, *count ? *count * 2 : 1, size);
		if (!moved)
			return NULL;
		*list = moved;
	}
	return memset((char *)*list + (*count)++ * size, 0, size);
}

static int read_needed(struct cp_facts *facts, char *at, bool *failed)
{
	char *name = cp_text_word(&at);
	cp_str *item =
		name && !at ? append_item(&facts->needed, &facts->n_needed, sizeof(*item)) : NULL;
	if (!item)
		return -1;
	*item = cp_facts_add_string(facts, name, failed);
	return 0;
}

static int read_wants(struct cp_facts *facts, char *at, bool *failed)
{
	char *file = cp_text_word(&at), *version = cp_text_word(&at), *weak = cp_text_word(&at);
	if (!version || at || (weak && strcmp(weak, "weak") != 0))
		return -1;
	struct cp_verneed *item = append_item(&facts->verneed, &facts->n_verneed, sizeof(*item));
	if (!item)
		return -1;
	item->file = cp_facts_add_string(facts, file, failed);
	item->version = cp_facts_add_string(facts, version, failed);
	item->weak = weak != NULL;
	return 0;
}

static int read_defines(struct cp_facts *facts, char *at, bool *failed)
{
	char *version = cp_text_word(&at), *word = cp_text_word(&at);
	bool base = word && strcmp(word, "base") == 0;
	if (base)
		word = cp_text_word(&at);
	if (!version || at || (word && strcmp(word, "weak") != 0))
		return -1;
	struct cp_verdef *item = append_item(&facts->verdef, &facts->n_verdef, sizeof(*item));
	if (!item)
		return -1;
	item->version = cp_facts_add_string(facts, version, failed);
	item->base = base;
	item->weak = word != NULL;
	return 0;
}

static int read_exports(struct cp_library *library, char *at)
{
	uint64_t count;
	char *word = cp_text_word(&at);
	if (!word || at || cp_text_number(word, CP_MAX_SYMBOLS, &count) < 0 || count == 0)
		return -1;
	library->exports = (size_t)count;
	return 0;
}

static int key_number(const char *key)
{
	static const char *const lists[] = {"needed", "wants", "defines", "exports"};
	for (size_t i = 0; i < PROPERTIES; i++)
		if (strcmp(properties[i].key, key) == 0)
			return (int)i;
	for (size_t i = 0; i < sizeof(lists) / sizeof(*lists); i++)
		if (strcmp(lists[i], key) == 0)
			return (int)(LIST_NEEDED + i);
	return -1;
}

int cp_library_read_line(struct cp_library *library, struct cp_reader *lines, char *at)
{
	struct cp_facts *facts = library->facts;
	bool failed = false;
	char *word = cp_text_word(&at);
	int key = word ? key_number(word) : -1, wrong;
	if (key < 0)
		return cp_reader_fail(lines, "not a property of a library");
	bool repeats = key > LIST_NEEDED - 1 && key < LIST_EXPORTS;
	if (key < library->last_key || (key == library->last_key && !repeats))
		return cp_reader_fail(lines, "%s is not in its place", word);
	library->last_key = key;
	if (key < LIST_NEEDED)
		return read_property(lines, facts, properties + key, at);
	if (key == LIST_NEEDED)
		wrong = read_needed(facts, at, &failed);
	else if (key == LIST_WANTS)
		wrong = read_wants(facts, at, &failed);
	else if (key == LIST_DEFINES)
		wrong = read_defines(facts, at, &failed);
	else
		wrong = read_exports(library, at);
	if (wrong || failed)
		return cp_reader_fail(lines, "malformed %s", word);
	return 0;
}
