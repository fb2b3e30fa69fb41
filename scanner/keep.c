/* SPDX-License-Identifier: MIT
 *
 * What is kept is decided by the first bytes wherever they can tell, by the name
 * only for texts. Sources of the magics: elf(5); Apple's mach-o/loader.h and fat.h;
 * the PE format's "MS-DOS Stub"; git-lfs's docs/spec.md.
 */
#include "keep.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "gyp.h"
#include "js_specifiers.h"
#include "memory.h"
#include "npm.h"

#define KIB ((uint64_t)1 << 10)
#define MIB ((uint64_t)1 << 20)
#define MAX_SCRIPT (256 * KIB)

/* A text by its place: the last directories, then a name that begins and ends so. */
struct text_rule {
	const char *directory; /* NULL: any */
	const char *prefix, *suffix;
	uint64_t max_size; /* bytes; larger ones are something else */
};

static const struct text_rule text_rules[] = {
	{NULL, "package.json", "", 1 * MIB},
	{NULL, ".modules.yaml", "", 16 * MIB},
	{NULL, "os-release", "", 64 * KIB},
	{NULL, "debian_version", "", 64 * KIB},
	{NULL, "alpine-release", "", 64 * KIB},
	{NULL, "ld-musl-", ".path", 64 * KIB},
	{NULL, "ld.so.conf", "", 64 * KIB},
	{"ld.so.conf.d", "", ".conf", 64 * KIB},
	{NULL, "node_version.h", "", 64 * KIB},
	{"lib/apk/db", "installed", "", 16 * MIB},
	{"usr/bin", "ldd", "", 64 * KIB},
	{"build", "manifest.json", "", 256 * KIB},
	/* what was installed; a package's own lock file says nothing: npm and Yarn pass it over */
	{"node_modules", ".package-lock.json", "", 16 * MIB},
	{"node_modules/.pnpm", "lock.yaml", "", 16 * MIB},
};

/* Outside of node_modules. */
static const struct text_rule lock_rules[] = {
	{NULL, "package-lock.json", "", 16 * MIB},
	{NULL, "npm-shrinkwrap.json", "", 16 * MIB},
	{NULL, "pnpm-lock.yaml", "", 16 * MIB},
	{NULL, "yarn.lock", "", 16 * MIB},
};

static const struct text_rule script_rules[] = {
	{NULL, "", ".js", MAX_SCRIPT},
	{NULL, "", ".cjs", MAX_SCRIPT},
	{NULL, "", ".mjs", MAX_SCRIPT},
};

static const struct text_rule gyp_rules[] = {
	{NULL, "", ".gyp", MAX_SCRIPT},
	{NULL, "", ".gypi", MAX_SCRIPT},
};

static bool name_fits(const struct text_rule *rule, const char *name, size_t length)
{
	size_t prefix = strlen(rule->prefix), suffix = strlen(rule->suffix);
	if (length < prefix + suffix || memcmp(name, rule->prefix, prefix) != 0)
		return false;
	if (!suffix && prefix)
		return length == prefix;
	return memcmp(name + length - suffix, rule->suffix, suffix) == 0;
}

/* Whether path[0..length), the directory part without its last slash, ends in `directory`. */
static bool directory_fits(const char *path, size_t length, const char *directory)
{
	size_t want = strlen(directory);
	if (length < want || memcmp(path + length - want, directory, want) != 0)
		return false;
	return length == want || path[length - want - 1] == '/';
}

static bool fits_one(const struct text_rule *rules, size_t count, const char *path, uint64_t size)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t length = strlen(name), above = slash ? (size_t)(slash - path) : 0;
	for (size_t i = 0; i < count; i++)
		if (size <= rules[i].max_size && name_fits(&rules[i], name, length) &&
			(!rules[i].directory || directory_fits(path, above, rules[i].directory)))
			return true;
	return false;
}

#define FITS_ONE(rules, path, size) fits_one(rules, sizeof(rules) / sizeof(*(rules)), path, size)

/* Whether the path has a node_modules that is not at its end. */
static bool is_in_node_modules(const char *path)
{
	static const char modules[] = "node_modules/";
	for (const char *at = path; (at = strstr(at, modules)); at += strlen(modules))
		if (at == path || at[-1] == '/')
			return true;
	return false;
}

/* Where distributions and the official node images have scripts of their own (service.c). */
static bool is_in_system(const char *path)
{
	static const char *const places[] = {"usr/lib/", "usr/share/", "usr/include/", "usr/bin/",
		"usr/local/lib/", "usr/local/include/", "usr/local/share/", "opt/yarn-v", "etc/",
		"lib/", "var/lib/", "proc/", "sys/"};
	path += strspn(path, "./");
	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (strncmp(path, places[i], strlen(places[i])) == 0)
			return true;
	return false;
}

static enum cp_keep decide_by_name(const char *path, uint64_t size)
{
	if (FITS_ONE(text_rules, path, size))
		return CP_KEEP_TEXT;
	if (FITS_ONE(gyp_rules, path, size) && !is_in_system(path))
		return CP_KEEP_GYP;
	if (is_in_node_modules(path))
		return CP_KEEP_NOTHING;
	if (FITS_ONE(lock_rules, path, size))
		return CP_KEEP_TEXT;
	if (FITS_ONE(script_rules, path, size) && !is_in_system(path))
		return CP_KEEP_SCRIPT;
	return CP_KEEP_NOTHING;
}

static bool begins_with(const void *head, size_t size, const char *magic, size_t length)
{
	return size >= length && memcmp(head, magic, length) == 0;
}

static bool is_elf(const void *head, size_t size)
{
	return begins_with(head, size, ELFMAG, SELFMAG);
}

static uint32_t little_endian(const uint8_t *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static bool is_macho(const uint8_t *head, size_t size)
{
	static const char thin[][5] = {
		"\xfe\xed\xfa\xce", "\xce\xfa\xed\xfe", "\xfe\xed\xfa\xcf", "\xcf\xfa\xed\xfe"};
	for (size_t i = 0; i < sizeof(thin) / sizeof(*thin); i++)
		if (begins_with(head, size, thin[i], 4))
			return true;
	/* A fat file tells its number of architectures; a Java class, whose magic is the
	 * same, a version there, which has been 45 at least. */
	if (size < 8 || memcmp(head, "\xca\xfe\xba", 3) != 0 || (head[3] & 0xfe) != 0xbe)
		return false;
	return head[4] == 0 && head[5] == 0 && head[6] == 0 && head[7] > 0 && head[7] < 45;
}

/* "MZ" alone begins many a text; the offset of the PE header must lie in the file. */
static bool is_pe(const uint8_t *head, size_t size, uint64_t file_size)
{
	if (size < 64 || memcmp(head, "MZ", 2) != 0)
		return false;
	uint32_t header = little_endian(head + 60);
	return header != 0 && (uint64_t)header + 4 <= file_size;
}

static enum cp_content foreign_content(const void *head, size_t size, uint64_t file_size)
{
	static const char pointer[] = "version https://git-lfs.github.com/spec/";
	if (is_macho(head, size))
		return CP_CONTENT_MACHO;
	if (is_pe(head, size, file_size))
		return CP_CONTENT_PE;
	if (begins_with(head, size, pointer, sizeof(pointer) - 1))
		return CP_CONTENT_LFS_POINTER;
	return CP_CONTENT_OTHER;
}

enum cp_keep cp_keep_decide(const char *path, uint64_t size, const void *head, size_t head_size)
{
	if (is_elf(head, head_size))
		return CP_KEEP_OBJECT;
	if (foreign_content(head, head_size, size) != CP_CONTENT_OTHER)
		return CP_KEEP_NOTHING;
	return decide_by_name(path, size);
}

/* Relocatable files and core dumps are ELF, but nothing that a loader maps: it looks at
 * their header, and so need the facts. */
static bool is_loadable(const uint8_t *data, size_t size)
{
	const size_t at = offsetof(Elf64_Ehdr, e_type); /* the same in Elf32_Ehdr */
	if (size < at + 2)
		return true;
	unsigned type = data[EI_DATA] == ELFDATA2MSB ? data[at] << 8 | data[at + 1]
						     : data[at + 1] << 8 | data[at];
	return type != ET_REL && type != ET_CORE;
}

static int add_row(
	struct cp_index *index, uint32_t node, enum cp_severity severity, const char *message)
{
	char path[CP_INDEX_MAX_PATH + 1];
	cp_index_path(index, node, path, sizeof(path));
	return cp_index_add_error(index, severity, path, "%s", message);
}

static int store_object(
	struct cp_index *index, uint32_t node, const void *data, size_t size, struct cp_error **err)
{
	if (!is_loadable(data, size) && size > sizeof(Elf64_Ehdr))
		size = sizeof(Elf64_Ehdr);
	cp_cleanup_error struct cp_error *why = NULL;
	struct cp_facts *facts;
	if (size > CP_MAX_OBJECT_SIZE)
		cp_error_set(&why, EFBIG, "object is larger than %llu bytes",
			(unsigned long long)CP_MAX_OBJECT_SIZE);
	else if (cp_facts_read(data, size, &facts, &why) == 0)
		return cp_index_set_facts(index, node, facts, err);
	cp_index_node_mutable(index, node)->content = CP_CONTENT_ELF_UNREADABLE;
	const char *message = why && why->message ? why->message : "out of memory";
	if (add_row(index, node, CP_SPOILS_OBJECT, message) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

static bool is_package_json(const char *path)
{
	const char *slash = strrchr(path, '/');
	return strcmp(slash ? slash + 1 : path, "package.json") == 0;
}

static int store_text(struct cp_index *index, uint32_t node, const char *path, const char *data,
	size_t size, bool borrow, struct cp_error **err)
{
	cp_cleanup_free char *reduced = NULL;
	if (!borrow && is_package_json(path)) {
		reduced = cp_package_json_reduce(data, size);
		if (!reduced)
			return 0;
		data = reduced;
		size = strlen(reduced);
	}
	cp_cleanup_error struct cp_error *why = NULL;
	if (cp_index_set_text(index, node, data, size, !borrow, &why) == 0)
		return 0;
	if (!why || why->code != EFBIG)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (add_row(index, node, CP_PARTIAL, why->message ? why->message : "too large") < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

/* A script is never kept itself, only what it loads or runs. `made` is taken over. */
static int store_made(
	struct cp_index *index, uint32_t node, const char *path, char *made, struct cp_error **err)
{
	cp_cleanup_free char *text = made;
	if (!text)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (!*text)
		return 0;
	return store_text(index, node, path, text, strlen(text), false, err);
}

int cp_keep_store(struct cp_index *index, uint32_t node, const char *path, enum cp_keep keep,
	const void *data, size_t size, bool borrow, struct cp_error **err)
{
	struct cp_node *file = cp_index_node_mutable(index, node);
	switch (keep) {
	case CP_KEEP_OBJECT:
		return store_object(index, node, data, size, err);
	case CP_KEEP_TEXT:
		return store_text(index, node, path, data, size, borrow, err);
	case CP_KEEP_SCRIPT:
		return store_made(index, node, path, cp_js_specifiers(data, size), err);
	case CP_KEEP_GYP:
		return store_made(index, node, path, cp_gyp_reduce(data, size), err);
	case CP_KEEP_NOTHING:
		file->content = (uint8_t)foreign_content(data, size, file->size);
		return 0;
	}
	return 0;
}
