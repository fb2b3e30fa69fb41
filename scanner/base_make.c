/* SPDX-License-Identifier: MIT
 *
 * Reduces a merged root to a base: what a loader can meet there.
 *
 *   loader directories   the defaults of both loaders, ld.so.conf, /etc/ld-musl-*.path
 *     └─ *.so, *.so.*    libraries with their facts; what is no ELF object as a plain file
 *   texts                loader configuration, os-release and the like
 *   a few programs       that they are there
 *
 * Sub-directories of loader directories hold plug-ins (gconv, perl, pam) that no
 * loader searches, and are left behind. Undefined symbols and relocations of a
 * base's own libraries are dropped: they resolve within the base.
 *
 * Everything is kept through keep_path, which walks a path as the kernel does and
 * keeps the links that it meets: a merged /usr, /lib64 and /etc/alternatives need no
 * rule of their own.
 */
#include "base.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base_private.h"
#include "memory.h"
#include "os_release.h"

struct maker {
	const struct cp_index *from;
	struct cp_root root; /* `from` alone */
	struct cp_index *to;
	uint32_t *visited; /* directories that were kept */
	size_t n_visited, capacity;
	struct cp_error **err;
};

enum keep_as { KEEP_DIRECTORY, KEEP_LIBRARY, KEEP_TEXT, KEEP_PROGRAM };

static int out_of_memory(struct maker *maker)
{
	return cp_error_set(maker->err, ENOMEM, "out of memory");
}

/* --- one file ------------------------------------------------------------------- */

static int copy_array(void *to, const void *from, size_t count, size_t size)
{
	void **copy = to;
	*copy = NULL;
	if (count == 0)
		return 0;
	*copy = reallocarray(NULL, count, size);
	if (!*copy)
		return -1;
	memcpy(*copy, from, count * size);
	return 0;
}

/* A copy of `facts` without undefined symbols and relocations. */
static struct cp_facts *reduce_facts(const struct cp_facts *facts)
{
	cp_cleanup_facts struct cp_facts *copy = malloc(sizeof(*copy));
	if (!copy)
		return NULL;
	*copy = *facts;
	copy->symbols_known = false;
	copy->undefined = NULL;
	copy->relocs_plt = copy->relocs_dyn = NULL;
	copy->n_undefined = copy->n_relocs_plt = copy->n_relocs_dyn = 0;
	copy->export_table = NULL;
	copy->export_slots = 0;
	int failed = copy_array(&copy->pool, facts->pool, facts->pool_size, 1);
	failed |= copy_array(&copy->needed, facts->needed, facts->n_needed, sizeof(*facts->needed));
	failed |= copy_array(
		&copy->verneed, facts->verneed, facts->n_verneed, sizeof(*facts->verneed));
	failed |= copy_array(&copy->verdef, facts->verdef, facts->n_verdef, sizeof(*facts->verdef));
	failed |= copy_array(
		&copy->exports, facts->exports, facts->n_exports, sizeof(*facts->exports));
	if (failed || cp_facts_index_exports(copy) < 0)
		return NULL;
	return cp_take(copy);
}

/* ldd is a script of its libc's project. Packages look for one word in it (detect-libc:
 * "musl" or "GNU C Library"), so only that word is kept. */
static int keep_ldd(struct maker *maker, uint32_t node, const struct cp_text *text)
{
	static const char *const words[] = {"musl", "GNU C Library"};
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (memmem(text->data, text->size, words[i], strlen(words[i])))
			return cp_index_set_text(
				maker->to, node, words[i], strlen(words[i]), true, maker->err);
	return 0;
}

static int keep_content(
	struct maker *maker, const char *path, uint32_t from, uint32_t to, enum keep_as as)
{
	const struct cp_facts *facts = cp_index_facts(maker->from, from);
	const struct cp_text *text = cp_index_text(maker->from, from);
	if (as == KEEP_LIBRARY && facts && facts->type == ET_DYN && !facts->defect) {
		struct cp_facts *copy = reduce_facts(facts);
		if (!copy)
			return out_of_memory(maker);
		return cp_index_set_facts(maker->to, to, copy, maker->err);
	}
	if (as == KEEP_TEXT && text && strcmp(path, "/usr/bin/ldd") == 0)
		return keep_ldd(maker, to, text);
	if (as == KEEP_TEXT && text)
		return cp_index_set_text(maker->to, to, text->data, text->size, true, maker->err);
	return 0;
}

/* Keeps the file `from`, whose canonical path is `path`. */
static int keep_file(struct maker *maker, const char *path, uint32_t from, enum keep_as as)
{
	uint32_t to;
	if (cp_index_find(maker->to, path) != CP_NO_NODE)
		return 0;
	if (cp_index_add(maker->to, path, CP_NODE_FILE, &to, maker->err) < 0)
		return -1;
	const struct cp_node *node = cp_index_node(maker->from, from);
	struct cp_node *kept = cp_index_node_mutable(maker->to, to);
	kept->size = node->size;
	if (as == KEEP_PROGRAM)
		kept->flags |= node->flags & CP_NODE_EXECUTABLE;
	return keep_content(maker, path, from, to, as);
}

static int keep_link(struct maker *maker, const char *path, const char *target)
{
	uint32_t to;
	if (cp_index_find(maker->to, path) != CP_NO_NODE)
		return 0;
	if (cp_index_add(maker->to, path, CP_NODE_SYMLINK, &to, maker->err) < 0)
		return -1;
	return cp_index_set_link(maker->to, to, target, maker->err);
}

/* --- paths ---------------------------------------------------------------------- */

/* A path on its way: `done` is canonical, `rest` still to be walked. */
struct walk {
	char done[CP_INDEX_MAX_PATH + 1];
	char rest[CP_INDEX_MAX_PATH + 1];
};

/* Moves the first component of `rest` behind `done`. False: there is none, or it does not fit. */
static bool walk_step(struct walk *walk)
{
	char *at = walk->rest + strspn(walk->rest, "/");
	size_t length = strcspn(at, "/"), done = strlen(walk->done);
	if (length == 0)
		return false;
	if (length == 2 && memcmp(at, "..", 2) == 0) {
		char *slash = strrchr(walk->done, '/');
		if (slash)
			*slash = '\0';
	} else if (length != 1 || *at != '.') {
		if (done + 1 + length > CP_INDEX_MAX_PATH)
			return false;
		walk->done[done] = '/';
		memcpy(walk->done + done + 1, at, length);
		walk->done[done + 1 + length] = '\0';
	}
	memmove(walk->rest, at + length, strlen(at + length) + 1);
	return true;
}

/* Replaces the link at the end of `done` by its target. */
static bool walk_follow(struct walk *walk, const char *target)
{
	char rest[CP_INDEX_MAX_PATH + 1];
	if ((size_t)snprintf(rest, sizeof(rest), "%s/%s", target, walk->rest) >= sizeof(rest))
		return false;
	memcpy(walk->rest, rest, strlen(rest) + 1);
	*strrchr(walk->done, '/') = '\0';
	if (*target == '/')
		*walk->done = '\0';
	return true;
}

/* Keeps what `path` leads to, and every link on the way; nothing where it leads nowhere.
 * *directory (may be NULL) becomes the directory that it is, or CP_NO_NODE. */
static int keep_path(struct maker *maker, const char *path, enum keep_as as, uint32_t *directory)
{
	struct walk walk = {0};
	if (directory)
		*directory = CP_NO_NODE;
	if (strlen(path) > CP_INDEX_MAX_PATH)
		return 0;
	memcpy(walk.rest, path, strlen(path) + 1);
	uint32_t node = 0;
	for (unsigned links = 0; walk_step(&walk);) {
		node = *walk.done ? cp_index_find(maker->from, walk.done) : 0;
		if (node == CP_NO_NODE)
			return 0;
		if (cp_index_node(maker->from, node)->kind != CP_NODE_SYMLINK)
			continue;
		const char *target = cp_index_link(maker->from, node);
		if (keep_link(maker, walk.done, target) < 0)
			return -1;
		if (++links > CP_ROOT_MAX_LINKS || !walk_follow(&walk, target))
			return 0;
	}
	uint8_t kind = cp_index_node(maker->from, node)->kind;
	if (kind == CP_NODE_DIRECTORY && directory)
		*directory = node;
	if (kind != CP_NODE_FILE || as == KEEP_DIRECTORY)
		return 0;
	return keep_file(maker, walk.done, node, as);
}

/* --- directories ---------------------------------------------------------------- */

static bool is_library_name(const char *name)
{
	const char *so = strstr(name, ".so");
	for (; so; so = strstr(so + 1, ".so"))
		if (!so[3] || so[3] == '.')
			return true;
	return false;
}

static bool is_conf_name(const char *name)
{
	size_t length = strlen(name);
	return length > 5 && strcmp(name + length - 5, ".conf") == 0;
}

static bool is_musl_path_name(const char *name)
{
	size_t length = strlen(name);
	return strncmp(name, "ld-musl-", 8) == 0 && length > 5 &&
	       strcmp(name + length - 5, ".path") == 0;
}

/* Keeps the children of `path` whose names are wanted. */
static int keep_children(
	struct maker *maker, const char *path, bool (*wanted)(const char *name), enum keep_as as)
{
	char child[CP_INDEX_MAX_PATH + 1];
	uint32_t directory;
	if (keep_path(maker, path, KEEP_DIRECTORY, &directory) < 0)
		return -1;
	if (directory == CP_NO_NODE)
		return 0;
	for (uint32_t at = cp_index_node(maker->from, directory)->first_child; at != CP_NO_NODE;
		at = cp_index_node(maker->from, at)->next_sibling) {
		if (cp_index_node(maker->from, at)->kind == CP_NODE_REMOVED ||
			!wanted(cp_index_name(maker->from, at)) ||
			!cp_index_path(maker->from, at, child, sizeof(child)))
			continue;
		if (keep_path(maker, child, as, NULL) < 0)
			return -1;
	}
	return 0;
}

/* Keeps the libraries of a directory that a loader searches, once. */
static int keep_loader_directory(struct maker *maker, const char *path)
{
	uint32_t directory;
	if (keep_path(maker, path, KEEP_DIRECTORY, &directory) < 0)
		return -1;
	for (size_t i = 0; i < maker->n_visited; i++)
		if (maker->visited[i] == directory)
			return 0;
	if (directory == CP_NO_NODE)
		return 0;
	if (cp_grow(&maker->visited, &maker->capacity, maker->n_visited + 1,
		    sizeof(*maker->visited)) < 0)
		return out_of_memory(maker);
	maker->visited[maker->n_visited++] = directory;
	return keep_children(maker, path, is_library_name, KEEP_LIBRARY);
}

static int keep_default_directories(struct maker *maker, uint16_t machine)
{
	static const char *const plain[] = {"/lib", "/usr/lib", "/usr/local/lib", "/lib64",
		"/usr/lib64", "/usr/local/lib64", NULL};
	static const char *const parents[] = {"/lib", "/usr/lib", "/usr/local/lib", NULL};
	const struct cp_machine_paths *paths = cp_machine_paths(machine);
	char path[128];
	for (const char *const *directory = plain; *directory; directory++)
		if (keep_loader_directory(maker, *directory) < 0)
			return -1;
	for (const char *const *parent = parents; paths && *parent; parent++) {
		snprintf(path, sizeof(path), "%s/%s", *parent, paths->triplet);
		if (keep_loader_directory(maker, path) < 0)
			return -1;
	}
	return 0;
}

/* Keeps the directories that a configuration text lists: a path a line (ld.so.conf) or between
 * colons (ld-musl-ARCH.path). */
static int keep_listed_directories(struct maker *maker, const struct cp_text *text)
{
	cp_cleanup_free char *copy = strndup(text->data, text->size);
	if (!copy)
		return out_of_memory(maker);
	char *rest = copy, *word;
	while ((word = strsep(&rest, ":\n \t")))
		if (*word == '/' && keep_loader_directory(maker, word) < 0)
			return -1;
	return 0;
}

/* The configuration texts are in the new index by now. */
static int keep_configured_directories(struct maker *maker)
{
	char path[CP_INDEX_MAX_PATH + 1];
	for (uint32_t id = 0; id < cp_index_count(maker->to); id++) {
		const struct cp_text *text = cp_index_text(maker->to, id);
		if (!text || !cp_index_path(maker->to, id, path, sizeof(path)))
			continue;
		if (strncmp(path, "/etc/ld", 7) != 0)
			continue;
		if (keep_listed_directories(maker, text) < 0)
			return -1;
	}
	return 0;
}

/* --- all ------------------------------------------------------------------------- */

static int keep_texts(struct maker *maker)
{
	static const char *const texts[] = {"/etc/os-release", "/usr/lib/os-release",
		"/etc/ld.so.conf", "/etc/debian_version", "/etc/alpine-release", "/usr/bin/ldd",
		NULL};
	for (const char *const *text = texts; *text; text++)
		if (keep_path(maker, *text, KEEP_TEXT, NULL) < 0)
			return -1;
	if (keep_children(maker, "/etc/ld.so.conf.d", is_conf_name, KEEP_TEXT) < 0)
		return -1;
	return keep_children(maker, "/etc", is_musl_path_name, KEEP_TEXT);
}

/* Programs that services start by these names. */
static int keep_programs(struct maker *maker)
{
	static const char *const programs[] = {"/bin/sh", "/bin/bash", "/usr/bin/env",
		"/usr/bin/python3", "/usr/bin/python", NULL};
	for (const char *const *program = programs; *program; program++)
		if (keep_path(maker, *program, KEEP_PROGRAM, NULL) < 0)
			return -1;
	return 0;
}

static bool has_gcompat(const struct cp_root *root)
{
	static const char *const signs[] = {"/lib/libgcompat.so.0", "/lib/ld-linux-x86-64.so.2",
		"/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1", NULL};
	struct cp_found found;
	for (const char *const *sign = signs; *sign; sign++)
		if (cp_root_resolve(root, *sign, true, &found) == 0)
			return true;
	return false;
}

static int describe(struct maker *maker, struct cp_base *base, const char *name, const char *source,
	uint16_t machine)
{
	uint8_t class = machine == EM_386 || machine == EM_ARM ? ELFCLASS32 : ELFCLASS64;
	uint8_t encoding = machine == EM_S390 ? ELFDATA2MSB : ELFDATA2LSB;
	const char *architecture = cp_machine_docker_name(machine, class, encoding);
	base->name = strdup(name);
	base->source = strdup(source);
	base->architecture = strdup(architecture ? architecture : "unknown");
	base->os_id = cp_os_release_value(&maker->root, "ID");
	base->os_version = cp_os_release_value(&maker->root, "VERSION_ID");
	base->gcompat = base->libc == CP_LIBC_MUSL && has_gcompat(&maker->root);
	if (!base->name || !base->source || !base->architecture)
		return out_of_memory(maker);
	return 0;
}

static void free_maker(struct maker *maker)
{
	free(maker->visited);
}

int cp_base_from_root(const struct cp_index *root, const char *name, const char *source,
	struct cp_base **base, struct cp_error **err)
{
	uint16_t machine;
	*base = NULL;
	struct cp_base *made __attribute__((cleanup(cp_base_cleanup))) = calloc(1, sizeof(*made));
	if (made)
		made->index = cp_index_new();
	if (!made || !made->index)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct maker maker __attribute__((cleanup(free_maker))) = {
		.from = root,
		.root = {.layers = {{.index = root}}, .count = 1},
		.to = made->index,
		.err = err,
	};
	if (cp_root_libc(root, &made->libc, &machine, &made->libc_version, err) < 0)
		return -1;
	if (made->libc == CP_LIBC_NONE)
		return cp_error_set(err, ENOENT,
			"neither glibc's libc.so.6 nor musl's loader is "
			"where a loader would look for it");
	if (describe(&maker, made, name, source, machine) < 0 || keep_texts(&maker) < 0 ||
		keep_default_directories(&maker, machine) < 0 ||
		keep_configured_directories(&maker) < 0 || keep_programs(&maker) < 0)
		return -1;
	*base = cp_take(made);
	return 0;
}
