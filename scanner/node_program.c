/* SPDX-License-Identifier: MIT
 *
 * The shipped export lists of Node, read into facts.
 *
 * A list (scanner/programs/node-NN.exports) was made from the official glibc build of
 * the last release of its major version that npm had; `make programs` does it again.
 * Its head has what that program says of itself: its Node-API version and its
 * NODE_MODULE_VERSION. The builds for musl and for other machines come from the same
 * sources and export the same names; only what they link differs.
 */
#include "base.h"

#include <elf.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base_private.h"
#include "embedded.h"
#include "memory.h"
#include "node_symbols.h"

struct program_head {
	char *version;
	uint64_t node_api, module_version, symbols;
	char *needed; /* of the glibc build, separated by spaces */
	struct cp_block_head block;
};

static void free_head(struct program_head *head)
{
	free(head->version);
	free(head->needed);
}

static const struct cp_embedded *find_list(int major)
{
	char name[32];
	snprintf(name, sizeof(name), "node-%d", major);
	return cp_embedded_find(cp_embedded_programs, name);
}

static int read_head(struct cp_reader *reader, struct program_head *head)
{
	cp_cleanup_free char *format = cp_reader_key(reader, "format");
	if (!format)
		return -1;
	if (strcmp(format, CP_PROGRAM_FORMAT) != 0)
		return cp_reader_fail(reader, "the format is not " CP_PROGRAM_FORMAT);
	cp_cleanup_free char *source = cp_reader_key(reader, "source");
	if (!source)
		return -1;
	head->version = cp_reader_key(reader, "version");
	if (!head->version || cp_reader_number(reader, "node-api", INT_MAX, &head->node_api) < 0 ||
		cp_reader_number(reader, "module-version", INT_MAX, &head->module_version) < 0)
		return -1;
	head->needed = cp_reader_key(reader, "needed");
	if (!head->needed ||
		cp_reader_number(reader, "symbols", CP_MAX_SYMBOLS, &head->symbols) < 0)
		return -1;
	return cp_block_read_head(reader, &head->block);
}

/* --- what a build links ---------------------------------------------------------- */

/* The official musl builds link these three. */
static int link_musl(struct cp_facts *facts, const struct cp_machine_paths *paths)
{
	char text[64];
	bool failed = false;
	snprintf(text, sizeof(text), "libc.musl-%s.so.1", paths->musl);
	if (cp_facts_add_needed(facts, "libstdc++.so.6") < 0 ||
		cp_facts_add_needed(facts, "libgcc_s.so.1") < 0 ||
		cp_facts_add_needed(facts, text) < 0)
		return -1;
	snprintf(text, sizeof(text), "/lib/ld-musl-%s.so.1", paths->musl);
	facts->interpreter = cp_facts_add_string(facts, text, &failed);
	return failed ? -1 : 0;
}

/* As the list has it, but for the loader, which is named after the machine. */
static int link_glibc(struct cp_facts *facts, const char *needed)
{
	bool failed = false, arm64 = facts->machine == EM_AARCH64;
	const char *loader = arm64 ? "ld-linux-aarch64.so.1" : "ld-linux-x86-64.so.2";
	cp_cleanup_free char *copy = strdup(needed);
	char *rest = copy, *name;
	if (!copy)
		return -1;
	while ((name = strsep(&rest, " ")))
		if (cp_facts_add_needed(facts, strncmp(name, "ld-linux", 8) == 0 ? loader : name) <
			0)
			return -1;
	facts->interpreter = cp_facts_add_string(facts,
		arm64 ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2", &failed);
	return failed ? -1 : 0;
}

static int describe(struct cp_facts *facts, const struct program_head *head, enum cp_libc libc,
	const struct cp_machine_paths *paths)
{
	bool failed = false;
	facts->elf_class = ELFCLASS64;
	facts->encoding = ELFDATA2LSB;
	facts->type = ET_EXEC;
	facts->machine = paths->machine;
	facts->os = CP_OS_LINUX;
	facts->libc = libc;
	facts->stack = CP_STACK_PLAIN;
	facts->has_dynamic = true;
	facts->node_api = -1;
	facts->node_version = cp_facts_add_string(facts, head->version, &failed);
	if (failed)
		return -1;
	return libc == CP_LIBC_MUSL ? link_musl(facts, paths) : link_glibc(facts, head->needed);
}

/* --- reading ---------------------------------------------------------------------- */

static int no_such_major(int major, struct cp_error **err)
{
	cp_cleanup_free char *list = NULL;
	size_t size;
	FILE *text = open_memstream(&list, &size);
	if (text) {
		for (const struct cp_embedded *at = cp_embedded_programs; at->name; at++)
			fprintf(text, "%s%s", at == cp_embedded_programs ? "" : ", ",
				at->name + strlen("node-"));
		fclose(text);
	}
	return cp_error_set(err, ENOENT,
		"the exports of Node %d are not known; known are those of %s", major,
		list ? list : "none");
}

static int read_list(struct cp_reader *reader, enum cp_libc libc,
	const struct cp_machine_paths *paths, struct cp_facts *facts)
{
	struct program_head head __attribute__((cleanup(free_head))) = {0};
	struct cp_block block = {0};
	if (read_head(reader, &head) < 0 || cp_reader_next(reader) < 0)
		return -1;
	if (*reader->buffer)
		return cp_reader_fail(reader, "expected an empty line behind the head");
	if (describe(facts, &head, libc, paths) < 0)
		return cp_error_set(reader->err, ENOMEM, "out of memory");
	if (cp_block_read(reader, &head.block, &block) < 0)
		return -1;
	cp_cleanup_free char *text = block.text;
	const char *at = text, *end = text + block.size;
	if (cp_symbols_read(facts, &at, end, (size_t)head.symbols, reader->err) < 0)
		return -1;
	if (at != end)
		return cp_reader_fail(reader, "more names than the head says");
	return 0;
}

int cp_node_program(int major, enum cp_libc libc, uint16_t machine, struct cp_facts **facts,
	struct cp_error **err)
{
	*facts = NULL;
	const struct cp_embedded *list = find_list(major);
	const struct cp_machine_paths *paths = cp_machine_paths(machine);
	if (!list)
		return no_such_major(major, err);
	if (!paths)
		return cp_error_set(
			err, ENOTSUP, "Node has no official build for machine %u", machine);
	cp_cleanup_facts struct cp_facts *made = calloc(1, sizeof(*made));
	if (!made)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_reader reader cp_cleanup_reader;
	cp_reader_open(&reader, list->text, (size_t)(list->end - list->text), list->name, err);
	if (read_list(&reader, libc, paths, made) < 0)
		return -1;
	*facts = cp_take(made);
	return 0;
}

static int read_number(int major, bool node_api)
{
	const struct cp_embedded *list = find_list(major);
	if (!list)
		return -1;
	struct program_head head __attribute__((cleanup(free_head))) = {0};
	struct cp_reader reader cp_cleanup_reader;
	cp_reader_open(&reader, list->text, (size_t)(list->end - list->text), list->name, NULL);
	if (read_head(&reader, &head) < 0)
		return -1;
	return (int)(node_api ? head.node_api : head.module_version);
}

int cp_node_api_version(int major)
{
	return read_number(major, true);
}

int cp_node_module_version(int major)
{
	return read_number(major, false);
}
