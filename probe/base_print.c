/* SPDX-License-Identifier: MIT */
#include "base_print.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output_json.h"
#include "text.h"

static int out_of_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

static const char *or_dash(const char *text)
{
	return text && *text ? text : "-";
}

/* --- list ------------------------------------------------------------------------------- */

/* Calls `each` for every shipped base, one in memory at a time. */
static int for_each_base(
	int (*each)(FILE *, const struct cp_base *), FILE *file, struct cp_error **err)
{
	for (const char *const *name = cp_base_names(); *name; name++) {
		cp_cleanup_base struct cp_base *base = NULL;
		int node_major;
		if (cp_base_find(*name, &base, &node_major, err) < 0)
			return -1;
		if (each(file, base) < 0)
			return out_of_memory(err);
	}
	return 0;
}

static int list_row(FILE *file, const struct cp_base *base)
{
	char libc[64], system[64];
	snprintf(libc, sizeof(libc), "%s %s", or_dash(cp_libc_name(base->libc)),
		or_dash(base->libc_version));
	snprintf(system, sizeof(system), "%s %s", or_dash(base->os_id), or_dash(base->os_version));
	fprintf(file, "%-20s %-22s %-16s %s%s\n", base->name, libc, system,
		or_dash(base->architecture), base->gcompat ? "  with gcompat" : "");
	return 0;
}

int cp_base_list_table(FILE *file, struct cp_error **err)
{
	fprintf(file, "%-20s %-22s %-16s %s\n", "BASE", "LIBC", "SYSTEM", "MACHINE");
	if (for_each_base(list_row, file, err) < 0)
		return -1;
	fputs("\nScan on one of them with --target BASE, or on what is made from them: alpine,\n"
	      "debian, node:20-alpine3.20, node:22-bookworm-slim.\n",
		file);
	return 0;
}

static int put_base(json_t *value, const struct cp_base *base)
{
	return cp_json_put(value, "name", cp_json_text(base->name)) ||
	       cp_json_put(value, "source", cp_json_text(base->source)) ||
	       cp_json_put(value, "os_id", cp_json_text(base->os_id)) ||
	       cp_json_put(value, "os_version", cp_json_text(base->os_version)) ||
	       cp_json_put(value, "architecture", cp_json_text(base->architecture)) ||
	       cp_json_put(value, "libc", cp_json_text(cp_libc_name(base->libc))) ||
	       cp_json_put(value, "libc_version", cp_json_text(base->libc_version)) ||
	       cp_json_put(value, "gcompat", json_boolean(base->gcompat));
}

static int list_element(FILE *file, const struct cp_base *base)
{
	json_t *value = json_object();
	if (!value || put_base(value, base)) {
		json_decref(value);
		return -1;
	}
	/* The comma stands before each element but the first, whose name is the first of all. */
	if (strcmp(base->name, cp_base_names()[0]) != 0)
		fputc(',', file);
	return cp_json_dump(file, value);
}

int cp_base_list_json(FILE *file, struct cp_error **err)
{
	fputs("{\"schema\":\"compatprobe.bases/1\",\"bases\":[", file);
	if (for_each_base(list_element, file, err) < 0)
		return -1;
	fputs("]}\n", file);
	return 0;
}

/* --- libraries of a base ------------------------------------------------------------------- */

struct library {
	char *path;
	const struct cp_facts *facts; /* borrowed from the base */
};

struct libraries {
	struct library *items; /* by path */
	size_t count, size;
};

static void free_libraries(struct libraries *libraries)
{
	for (size_t i = 0; i < libraries->count; i++)
		free(libraries->items[i].path);
	free(libraries->items);
}
#define cleanup_libraries __attribute__((cleanup(free_libraries)))

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct library *)a)->path, ((const struct library *)b)->path);
}

static int collect_libraries(const struct cp_index *index, struct libraries *libraries)
{
	char path[CP_INDEX_MAX_PATH + 1];
	for (uint32_t id = 0; id < cp_index_count(index); id++) {
		const struct cp_facts *facts = cp_index_facts(index, id);
		if (!facts || cp_index_node(index, id)->kind != CP_NODE_FILE ||
			!cp_index_path(index, id, path, sizeof(path)))
			continue;
		if (cp_grow(&libraries->items, &libraries->size, libraries->count + 1,
			    sizeof(*libraries->items)) < 0)
			return -1;
		struct library *library = &libraries->items[libraries->count];
		*library = (struct library){.path = strdup(path), .facts = facts};
		if (!library->path)
			return -1;
		libraries->count++;
	}
	if (libraries->count)
		qsort(libraries->items, libraries->count, sizeof(*libraries->items), by_path);
	return 0;
}

/* The highest version of each series that a library defines (GLIBC_2.36, GLIBCXX_3.4.30), which is
 * what objects are built against. Series are told by what stands before the underscore. */
#define MAX_SERIES 4

static size_t highest_versions(const struct cp_facts *facts, const char *highest[MAX_SERIES])
{
	size_t count = 0;
	for (size_t i = 0; i < facts->n_verdef; i++) {
		const char *version = cp_facts_string(facts, facts->verdef[i].version);
		size_t prefix = strcspn(version, "_"), at = 0;
		/* GLIBC_PRIVATE and the like are no promise to anyone. */
		if (facts->verdef[i].base || !version[prefix] || version[prefix + 1] < '0' ||
			version[prefix + 1] > '9')
			continue;
		while (at < count && strncmp(highest[at], version, prefix + 1) != 0)
			at++;
		if (at == MAX_SERIES)
			continue;
		if (at == count)
			highest[count++] = version;
		else if (cp_version_compare(version + prefix + 1, highest[at] + prefix + 1) > 0)
			highest[at] = version;
	}
	return count;
}

/* --- show ----------------------------------------------------------------------------------- */

static void put_exports(FILE *file, const struct cp_facts *facts)
{
	for (size_t i = 0; i < facts->n_exports; i++) {
		const struct cp_symbol *symbol = &facts->exports[i];
		fputs("      ", file);
		cp_text_put(file, cp_facts_string(facts, symbol->name));
		if (symbol->version) {
			fputs(symbol->flags & CP_SYM_HIDDEN ? "@" : "@@", file);
			cp_text_put(file, cp_facts_string(facts, symbol->version));
		}
		fputc('\n', file);
	}
}

static void put_library(FILE *file, const struct library *library, int width, bool exports)
{
	const char *highest[MAX_SERIES];
	size_t count = highest_versions(library->facts, highest);
	const char *name = cp_facts_string(library->facts, library->facts->soname);
	cp_cleanup_free char *path = cp_text_printable(library->path);
	cp_cleanup_free char *soname = cp_text_printable(or_dash(name));
	fprintf(file, "  %-*s  %-22s %6zu exports", width, path ? path : "?", soname ? soname : "?",
		library->facts->n_exports);
	for (size_t i = 0; i < count; i++) {
		fputs(i ? ", " : "  up to ", file);
		cp_text_put(file, highest[i]);
	}
	fputc('\n', file);
	if (exports)
		put_exports(file, library->facts);
}

#define PATH_MOST 60 /* columns; a longer path pushes the rest of its line */

static int widest_path(const struct libraries *libraries)
{
	int widest = 0;
	for (size_t i = 0; i < libraries->count; i++) {
		size_t width = strlen(libraries->items[i].path);
		if (width <= PATH_MOST && (int)width > widest)
			widest = (int)width;
	}
	return widest;
}

static void put_field(FILE *file, const char *label, const char *text)
{
	fprintf(file, "  %-9s", label);
	cp_text_put(file, or_dash(text));
	fputc('\n', file);
}

int cp_base_show_table(FILE *file, const struct cp_base *base, bool exports, struct cp_error **err)
{
	cleanup_libraries struct libraries libraries = {0};
	if (collect_libraries(base->index, &libraries) < 0)
		return out_of_memory(err);
	char libc[64], system[64];
	snprintf(libc, sizeof(libc), "%s %s%s", or_dash(cp_libc_name(base->libc)),
		or_dash(base->libc_version), base->gcompat ? ", with gcompat" : "");
	snprintf(system, sizeof(system), "%s %s", or_dash(base->os_id), or_dash(base->os_version));
	cp_text_put(file, base->name);
	fputc('\n', file);
	put_field(file, "libc", libc);
	put_field(file, "system", system);
	put_field(file, "machine", base->architecture);
	put_field(file, "source", base->source);
	fprintf(file, "\n  %zu libraries\n", libraries.count);
	int width = widest_path(&libraries);
	for (size_t i = 0; i < libraries.count; i++)
		put_library(file, &libraries.items[i], width, exports);
	return 0;
}

static json_t *versions_value(const struct cp_facts *facts)
{
	const char *highest[MAX_SERIES];
	size_t count = highest_versions(facts, highest);
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < count; i++)
		if (cp_json_append(value, cp_json_text(highest[i])))
			return NULL;
	return cp_take(value);
}

static json_t *exports_value(const struct cp_facts *facts)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < facts->n_exports; i++) {
		const struct cp_symbol *symbol = &facts->exports[i];
		cp_cleanup_json json_t *one = json_object();
		const char *version = cp_facts_string_or_null(facts, symbol->version);
		if (!one ||
			cp_json_put(
				one, "name", cp_json_text(cp_facts_string(facts, symbol->name))) ||
			cp_json_put(one, "version", cp_json_text(version)) ||
			cp_json_put(
				one, "default", json_boolean(!(symbol->flags & CP_SYM_HIDDEN))) ||
			cp_json_append(value, cp_take(one)))
			return NULL;
	}
	return cp_take(value);
}

static json_t *library_value(const struct library *library, bool exports)
{
	const struct cp_facts *facts = library->facts;
	const char *soname = cp_facts_string_or_null(facts, facts->soname);
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "path", cp_json_text(library->path)) ||
		cp_json_put(value, "soname", cp_json_text(soname)) ||
		cp_json_put(value, "versions", versions_value(facts)) ||
		cp_json_put(value, "export_count", json_integer((json_int_t)facts->n_exports)) ||
		(exports && cp_json_put(value, "exports", exports_value(facts))))
		return NULL;
	return cp_take(value);
}

int cp_base_show_json(FILE *file, const struct cp_base *base, bool exports, struct cp_error **err)
{
	cleanup_libraries struct libraries libraries = {0};
	cp_cleanup_json json_t *value = json_object();
	cp_cleanup_json json_t *list = json_array();
	if (!list || collect_libraries(base->index, &libraries) < 0)
		return out_of_memory(err);
	for (size_t i = 0; i < libraries.count; i++)
		if (cp_json_append(list, library_value(&libraries.items[i], exports)))
			return out_of_memory(err);
	if (!value || cp_json_put(value, "schema", cp_json_text("compatprobe.base/1")) ||
		put_base(value, base) || cp_json_put(value, "libraries", cp_take(list)))
		return out_of_memory(err);
	if (cp_json_dump(file, cp_take(value)) < 0)
		return out_of_memory(err);
	fputc('\n', file);
	return 0;
}
