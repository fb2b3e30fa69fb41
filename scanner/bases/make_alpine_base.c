/* SPDX-License-Identifier: MIT
 *
 * make_alpine_base RELEASE JSON BASES: writes the base of a node:*-alpineRELEASE image
 * to standard output. Run by `make bases`.
 *
 * JSON describes a bare Alpine: its packages, links, and libraries with their exported
 * names. What it lacks and node images add, libstdc++ and libgcc_s, is told from a
 * Debian base in the folder BASES: the one with the nearest gcc that is not older,
 * less the symbol versions that came after Alpine's gcc. Both libraries only ever add
 * names, each release under a version of its own (libstdc++ manual, "ABI Policy and
 * Guidelines"), so this gives the names of Alpine's release.
 */
#include <elf.h>
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "base_text.h"
#include "memory.h"

struct release {
	const char *alpine;
	const char *gcc;
	const char *donor; /* base with a gcc at least as new */
	const char *donor_gcc;
	const char *glibcxx, *cxxabi; /* highest versions of Alpine's libstdc++ */
	const char *libgcc;           /* and of its libgcc_s */
};

static const struct release releases[] = {
	{"3.16", "11.2.1", "debian-bookworm", "12.2", "3.4.29", "1.3.13", "7.0.0"},
	{"3.17", "12.2.1", "debian-bookworm", "12.2", "3.4.30", "1.3.13", "12.0.0"},
	{"3.18", "12.2.1", "debian-bookworm", "12.2", "3.4.30", "1.3.13", "12.0.0"},
	{"3.19", "13.2.1", "debian-trixie", "14.2", "3.4.32", "1.3.14", "13.0.0"},
	{"3.20", "13.2.1", "debian-trixie", "14.2", "3.4.32", "1.3.14", "13.0.0"},
};

#define MUSL "/lib/ld-musl-x86_64.so.1"
#define MUSL_SONAME "libc.musl-x86_64.so.1"
#define DONOR_LIBRARIES "/usr/lib/x86_64-linux-gnu"

/* --- libraries ------------------------------------------------------------------ */

static struct cp_facts *new_library(const char *soname)
{
	bool failed = false;
	cp_cleanup_facts struct cp_facts *facts = calloc(1, sizeof(*facts));
	if (!facts)
		return NULL;
	facts->elf_class = ELFCLASS64;
	facts->encoding = ELFDATA2LSB;
	facts->type = ET_DYN;
	facts->machine = EM_X86_64;
	facts->libc = CP_LIBC_MUSL;
	facts->stack = CP_STACK_PLAIN;
	facts->has_dynamic = true;
	facts->node_api = -1;
	facts->soname = cp_facts_add_string(facts, soname, &failed);
	return failed ? NULL : cp_take(facts);
}

static int add_export(struct cp_facts *facts, const char *name, const struct cp_symbol *like)
{
	bool failed = false;
	size_t at = facts->n_exports;
	if ((at & (at - 1)) == 0) { /* full: the capacity is the next power of two */
		struct cp_symbol *moved =
			reallocarray(facts->exports, at ? at * 2 : 1, sizeof(*moved));
		if (!moved)
			return -1;
		facts->exports = moved;
	}
	struct cp_symbol *symbol = facts->exports + facts->n_exports++;
	*symbol = *like;
	symbol->version = 0;
	symbol->flags &= CP_SYM_NO_VALUE;
	symbol->hash = cp_symbol_hash(name);
	symbol->name = cp_facts_add_string(facts, name, &failed);
	return failed ? -1 : 0;
}

static int add_library(
	struct cp_base *base, const char *path, struct cp_facts *library, struct cp_error **err)
{
	uint32_t node;
	cp_cleanup_facts struct cp_facts *facts = library;
	if (cp_facts_index_exports(facts) < 0 ||
		cp_index_add(base->index, path, CP_NODE_FILE, &node, err) < 0)
		return -1;
	return cp_index_set_facts(base->index, node, cp_take(facts), err);
}

/* --- the description of the bare Alpine ------------------------------------------ */

static int add_object(struct cp_base *base, const json_t *object, struct cp_error **err)
{
	static const struct cp_symbol function = {.type = STT_FUNC, .bind = STB_GLOBAL};
	const char *path = json_string_value(json_object_get(object, "path"));
	const char *soname = json_string_value(json_object_get(object, "soname"));
	cp_cleanup_facts struct cp_facts *facts = soname ? new_library(soname) : NULL;
	size_t i;
	json_t *item;
	if (!path || !facts)
		return cp_error_set(err, EINVAL, "an object has no path or soname");
	json_array_foreach(json_object_get(object, "needed"), i,
		item) if (!json_is_string(item) ||
			  cp_facts_add_needed(facts, json_string_value(item)) <
				  0) return cp_error_set(err, EINVAL, "%s: needed", path);
	json_array_foreach(json_object_get(object, "exports"), i,
		item) if (!json_is_string(item) ||
			  add_export(facts, json_string_value(item), &function) <
				  0) return cp_error_set(err, EINVAL, "%s: exports", path);
	return add_library(base, path, cp_take(facts), err);
}

static int add_link(
	struct cp_base *base, const char *path, const char *target, struct cp_error **err)
{
	uint32_t node;
	if (!path || !target)
		return cp_error_set(err, EINVAL, "a link has no path or target");
	if (cp_index_add(base->index, path, CP_NODE_SYMLINK, &node, err) < 0)
		return -1;
	return cp_index_set_link(base->index, node, target, err);
}

static int add_text(struct cp_base *base, const char *path, const char *text, struct cp_error **err)
{
	uint32_t node;
	if (cp_index_add(base->index, path, CP_NODE_FILE, &node, err) < 0)
		return -1;
	cp_index_node_mutable(base->index, node)->size = strlen(text);
	return cp_index_set_text(base->index, node, text, strlen(text), true, err);
}

/* Links to the object at its soname, as ldconfig makes them in the package. */
static int add_described(struct cp_base *base, const json_t *json, struct cp_error **err)
{
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(json, "objects"), i,
		item) if (add_object(base, item, err) < 0) return -1;
	json_array_foreach(json_object_get(json, "links"), i,
		item) if (add_link(base, json_string_value(json_object_get(item, "path")),
				  json_string_value(json_object_get(item, "target")),
				  err) < 0) return -1;
	if (cp_index_find(base->index, MUSL) == CP_NO_NODE)
		return cp_error_set(err, EINVAL, "no " MUSL);
	return 0;
}

/* The texts and programs of every Alpine that rules ask for. */
static int add_system(struct cp_base *base, struct cp_error **err)
{
	char text[256];
	uint32_t node;
	snprintf(text, sizeof(text), "NAME=\"Alpine Linux\"\nID=alpine\nVERSION_ID=%s\n",
		base->os_version);
	if (add_text(base, "/etc/os-release", text, err) < 0)
		return -1;
	snprintf(text, sizeof(text), "%s\n", base->os_version);
	if (add_text(base, "/etc/alpine-release", text, err) < 0 ||
		add_text(base, "/usr/bin/ldd", "musl", err) < 0 ||
		add_link(base, "/bin/sh", "/bin/busybox", err) < 0 ||
		add_link(base, "/usr/bin/env", "/bin/busybox", err) < 0 ||
		cp_index_add(base->index, "/bin/busybox", CP_NODE_FILE, &node, err) < 0)
		return -1;
	cp_index_node_mutable(base->index, node)->flags |= CP_NODE_EXECUTABLE;
	return 0;
}

/* --- libstdc++ and libgcc_s -------------------------------------------------------- */

/* Whether a symbol version is of Alpine's gcc or older. */
static bool is_of_release(const struct release *release, const char *version)
{
	const char *number = strchr(version, '_');
	if (!number)
		return true;
	number++;
	if (strncmp(version, "GLIBCXX_3", 9) == 0)
		return cp_version_compare(number, release->glibcxx) <= 0;
	if (strncmp(version, "CXXABI_1", 8) == 0)
		return cp_version_compare(number, release->cxxabi) <= 0;
	if (strncmp(version, "GCC_", 4) == 0)
		return cp_version_compare(number, release->libgcc) <= 0;
	return true;
}

/* How many exports from `at` on have the same name; base files sort them. */
static size_t same_name(const struct cp_facts *facts, size_t at)
{
	const char *name = facts->pool + facts->exports[at].name;
	size_t next = at + 1;
	while (next < facts->n_exports &&
		strcmp(facts->pool + facts->exports[next].name, name) == 0)
		next++;
	return next - at;
}

/* The definition that was the default one in the release's gcc, among those of the name at `at`;
 * NULL where it had none. A later gcc may have given the name a later default version and kept the
 * old one hidden (std::condition_variable::wait). */
static const struct cp_symbol *choose_version(
	const struct release *release, const struct cp_facts *facts, size_t at)
{
	const struct cp_symbol *chosen = NULL;
	bool has_default = false;
	for (size_t end = at + same_name(facts, at); at < end; at++) {
		const struct cp_symbol *symbol = facts->exports + at;
		has_default |= !(symbol->flags & CP_SYM_HIDDEN);
		if (!is_of_release(release, facts->pool + symbol->version))
			continue;
		if (!chosen || !(symbol->flags & CP_SYM_HIDDEN))
			chosen = symbol;
	}
	return has_default ? chosen : NULL;
}

static int add_from_donor(struct cp_base *base, const struct release *release,
	const struct cp_base *donor, const char *soname, struct cp_error **err)
{
	char path[256];
	struct cp_found found;
	const struct cp_root root = {.layers = {{.index = donor->index}}, .count = 1};
	snprintf(path, sizeof(path), DONOR_LIBRARIES "/%s", soname);
	if (cp_root_resolve(&root, path, true, &found) < 0)
		return cp_error_set(err, ENOENT, "%s has no %s", release->donor, path);
	const struct cp_facts *from = cp_index_facts(found.index, found.node);
	cp_cleanup_facts struct cp_facts *facts = new_library(soname);
	if (!from || !facts)
		return cp_error_set(err, EINVAL, "%s: not a library", path);
	if (strstr(soname, "stdc++") && cp_facts_add_needed(facts, "libgcc_s.so.1") < 0)
		return -1;
	if (cp_facts_add_needed(facts, MUSL_SONAME) < 0)
		return -1;
	for (size_t i = 0; i < from->n_exports; i += same_name(from, i)) {
		const struct cp_symbol *symbol = choose_version(release, from, i);
		if (symbol && add_export(facts, from->pool + symbol->name, symbol) < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
	}
	snprintf(path, sizeof(path), "/usr/lib/%s", soname);
	return add_library(base, path, cp_take(facts), err);
}

static int read_donor(
	const char *folder, const char *name, struct cp_base **donor, struct cp_error **err)
{
	char path[512];
	int node_major;
	snprintf(path, sizeof(path), "./%s/%s.base", folder, name);
	return cp_base_find(path, donor, &node_major, err);
}

/* --- the base ------------------------------------------------------------------------ */

static int describe(struct cp_base *base, const struct release *release, const json_t *json)
{
	const char *version =
		json_string_value(json_object_get(json_object_get(json, "os"), "version"));
	if (!version || asprintf(&base->name, "alpine-%s", release->alpine) < 0)
		return -1;
	if (asprintf(&base->source,
		    "the packages of Alpine %s; libstdc++ and libgcc_s as of gcc %s: the "
		    "names of the nearest gcc of Debian that is not older (%s of %s), less "
		    "those of later symbol versions",
		    version, release->gcc, release->donor_gcc, release->donor) < 0)
		return -1;
	base->architecture = strdup("amd64");
	base->os_id = strdup("alpine");
	base->os_version = strdup(version);
	base->libc = CP_LIBC_MUSL;
	return base->architecture && base->os_id && base->os_version ? 0 : -1;
}

/* The version of the package musl without its revision. */
static char *musl_version(const json_t *json)
{
	size_t i;
	json_t *item;
	json_array_foreach(json_object_get(json, "packages"), i, item)
	{
		const char *name = json_string_value(json_object_get(item, "package"));
		const char *version = json_string_value(json_object_get(item, "version"));
		if (name && version && strcmp(name, "musl") == 0)
			return strndup(version, strcspn(version, "-"));
	}
	return NULL;
}

static int make_base(const struct release *release, const json_t *json, const char *folder,
	struct cp_error **err)
{
	cp_cleanup_base struct cp_base *donor = NULL;
	cp_cleanup_base struct cp_base *base = calloc(1, sizeof(*base));
	if (!base || !(base->index = cp_index_new()) || describe(base, release, json) < 0 ||
		!(base->libc_version = musl_version(json)))
		return cp_error_set(err, EINVAL, "the description lacks os.version or musl");
	if (read_donor(folder, release->donor, &donor, err) < 0 ||
		add_described(base, json, err) < 0 || add_system(base, err) < 0 ||
		add_from_donor(base, release, donor, "libstdc++.so.6", err) < 0 ||
		add_from_donor(base, release, donor, "libgcc_s.so.1", err) < 0)
		return -1;
	return cp_base_write(base, stdout, err);
}

static int run(char **argv, struct cp_error **err)
{
	json_error_t json_error;
	for (size_t i = 0; i < sizeof(releases) / sizeof(*releases); i++) {
		if (strcmp(releases[i].alpine, argv[1]) != 0)
			continue;
		json_t *json = json_load_file(argv[2], 0, &json_error);
		if (!json)
			return cp_error_set(err, EINVAL, "%s:%d: %s", argv[2], json_error.line,
				json_error.text);
		int result = make_base(releases + i, json, argv[3], err);
		json_decref(json);
		return result;
	}
	return cp_error_set(err, EINVAL, "the gcc of Alpine %s is not known here", argv[1]);
}

int main(int argc, char **argv)
{
	cp_cleanup_error struct cp_error *err = NULL;
	if (argc != 4) {
		fprintf(stderr, "usage: make_alpine_base RELEASE JSON BASES\n");
		return 64;
	}
	if (run(argv, &err) < 0) {
		fprintf(stderr, "make_alpine_base: %s\n", err ? err->message : "out of memory");
		return 1;
	}
	return 0;
}
