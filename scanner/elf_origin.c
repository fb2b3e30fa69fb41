/* SPDX-License-Identifier: MIT
 *
 * What an object was built for: the operating system and the libc.
 *
 * No single mark is reliable. EI_OSABI is 0 for most objects, whatever the system;
 * a libc's soname is the strongest hint at link time, but "libc.so" is what three
 * libcs call themselves. The marks are thus asked from the most to the least
 * specific, and an object that shows none is left unknown.
 */
#include "elf_read.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#define MAX_BUILD_ID 64 /* bytes; linkers make 8 to 32 */
#define NOTE_HEADER 12  /* bytes: n_namesz, n_descsz, n_type */

/* What the program headers and their notes tell. */
struct origin {
	enum cp_os noted_os; /* CP_OS_LINUX: no note says otherwise */
};

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* --- notes ----------------------------------------------------------------- */

struct note {
	const char *name; /* not NUL-terminated */
	size_t name_size;
	uint32_t type;
	struct cp_bytes description;
};

static bool is_from(const struct note *note, const char *owner)
{
	return note->name_size == strlen(owner) + 1 &&
	       memcmp(note->name, owner, note->name_size) == 0;
}

static int read_build_id(struct cp_elf *elf, const struct note *note, struct cp_error **err)
{
	char hex[2 * MAX_BUILD_ID + 1];
	size_t size = note->description.size;
	if (size > MAX_BUILD_ID)
		return 0;
	for (size_t i = 0; i < size; i++)
		snprintf(hex + 2 * i, 3, "%02x", note->description.at[i]);
	return cp_elf_add_string(elf, hex, 2 * size, &elf->facts->build_id, err);
}

/* The notes by which systems mark their objects. OpenHarmony's has no padding
 * between its name and its description. */
static int read_note(
	struct cp_elf *elf, const struct note *note, struct origin *origin, struct cp_error **err)
{
	static const struct {
		const char *owner;
		uint32_t type;
		enum cp_os os;
	} systems[] = {{"Android", 1, CP_OS_ANDROID}, {"FreeBSD", 1, CP_OS_FREEBSD},
		{"NetBSD", 1, CP_OS_NETBSD}, {"OpenBSD", 1, CP_OS_OPENBSD},
		{"OHOS", 0, CP_OS_OTHER}};
	if (is_from(note, ELF_NOTE_GNU) && note->type == NT_GNU_BUILD_ID && !elf->facts->build_id)
		return read_build_id(elf, note, err);
	for (size_t i = 0; i < sizeof(systems) / sizeof(systems[0]); i++)
		if (note->type == systems[i].type && is_from(note, systems[i].owner))
			origin->noted_os = systems[i].os;
	return 0;
}

static size_t padded(size_t size, size_t alignment)
{
	return (size + alignment - 1) & ~(alignment - 1);
}

static int read_notes(struct cp_elf *elf, struct cp_bytes bytes, size_t alignment,
	struct origin *origin, struct cp_error **err)
{
	size_t at = 0;
	while (bytes.size - at >= NOTE_HEADER) {
		size_t left = bytes.size - at - NOTE_HEADER;
		size_t name_size = cp_elf_get32(elf, bytes.at + at);
		size_t size = cp_elf_get32(elf, bytes.at + at + 4);
		size_t into = padded(name_size, alignment);
		if (into > left)
			return 0;
		bool whole = size <= left - into;
		const uint8_t *name = bytes.at + at + NOTE_HEADER;
		struct note note = {.name = (const char *)name,
			.name_size = name_size,
			.type = cp_elf_get32(elf, bytes.at + at + 8),
			.description = {name + into, whole ? size : 0}};
		if (read_note(elf, &note, origin, err) < 0)
			return -1;
		if (!whole || padded(size, alignment) > left - into)
			return 0;
		at += NOTE_HEADER + into + padded(size, alignment);
	}
	return 0;
}

/* The file's bytes of a segment; empty where the file does not have them all, or
 * where the segments read so far add up to more than the file. */
static struct cp_bytes segment_bytes(struct cp_elf *elf, const GElf_Phdr *phdr)
{
	if (phdr->p_offset > elf->size || elf->size - phdr->p_offset < phdr->p_filesz ||
		phdr->p_filesz > elf->table_budget)
		return (struct cp_bytes){0};
	elf->table_budget -= (size_t)phdr->p_filesz;
	return (struct cp_bytes){elf->data + phdr->p_offset, (size_t)phdr->p_filesz};
}

static int read_interpreter(struct cp_elf *elf, struct cp_bytes bytes, struct cp_error **err)
{
	if (bytes.size == 0 || elf->facts->interpreter)
		return 0;
	size_t length = strnlen((const char *)bytes.at, bytes.size);
	if (length == bytes.size || length >= PATH_MAX)
		return cp_error_set(err, EINVAL, "PT_INTERP is not a path");
	return cp_elf_add_string(elf, bytes.at, length, &elf->facts->interpreter, err);
}

static int read_segment_texts(struct cp_elf *elf, struct origin *origin, struct cp_error **err)
{
	struct cp_elf_table table;
	cp_elf_open_segments(elf, &table);
	for (size_t i = 0; i < table.count; i++) {
		GElf_Phdr phdr = cp_elf_phdr(&table, i);
		if (phdr.p_type == PT_INTERP &&
			read_interpreter(elf, segment_bytes(elf, &phdr), err) < 0)
			return -1;
		if (phdr.p_type == PT_NOTE && read_notes(elf, segment_bytes(elf, &phdr),
						      phdr.p_align == 8 ? 8 : 4, origin, err) < 0)
			return -1;
	}
	return 0;
}

/* --- operating system ------------------------------------------------------ */

static const char *needed_name(const struct cp_facts *facts, size_t at)
{
	return cp_facts_string(facts, facts->needed[at]);
}

static bool needs(const struct cp_facts *facts, const char *soname)
{
	for (size_t i = 0; i < facts->n_needed; i++)
		if (!strcmp(needed_name(facts, i), soname))
			return true;
	return false;
}

/* Solaris and glibc's older ports share the loader's name, but not on x86. */
static bool is_solaris_loader(uint16_t machine, const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash && !strcmp(slash, "/ld.so.1") && (machine == EM_X86_64 || machine == EM_386);
}

static enum cp_os os_of_interpreter(uint16_t machine, const char *path)
{
	if (is_solaris_loader(machine, path))
		return CP_OS_SOLARIS;
	if (starts_with(path, "/system/bin/linker"))
		return CP_OS_ANDROID;
	if (!strcmp(path, "/libexec/ld-elf.so.1"))
		return CP_OS_FREEBSD;
	if (!strcmp(path, "/usr/libexec/ld.elf_so") || !strcmp(path, "/libexec/ld.elf_so"))
		return CP_OS_NETBSD;
	if (!strcmp(path, "/usr/libexec/ld.so"))
		return CP_OS_OPENBSD;
	return CP_OS_LINUX;
}

/* libc.so.7 is FreeBSD's, libc.so.12 NetBSD's, and OpenBSD's has a minor number. */
static enum cp_os os_of_libc(const char *soname)
{
	static const char stem[] = "libc.so.";
	if (!starts_with(soname, stem))
		return CP_OS_LINUX;
	const char *version = soname + strlen(stem);
	size_t digits = strspn(version, "0123456789");
	if (digits && version[digits] == '.' && isdigit((unsigned char)version[digits + 1]))
		return CP_OS_OPENBSD;
	if (!strcmp(version, "7"))
		return CP_OS_FREEBSD;
	return !strcmp(version, "12") ? CP_OS_NETBSD : CP_OS_LINUX;
}

/* Bionic's libc.so defines the version LIBC, and its libm and libdl are real
 * libraries, whereas musl is one file. */
static bool is_android(const struct cp_facts *facts)
{
	if (!needs(facts, "libc.so"))
		return false;
	for (size_t i = 0; i < facts->n_verneed; i++)
		if (!strcmp(cp_facts_string(facts, facts->verneed[i].version), "LIBC"))
			return true;
	return needs(facts, "libdl.so") || needs(facts, "liblog.so") || needs(facts, "libm.so");
}

static enum cp_os os_of(const struct cp_facts *facts, const struct origin *origin)
{
	switch (facts->os_abi) {
	case ELFOSABI_FREEBSD:
		return CP_OS_FREEBSD;
	case ELFOSABI_NETBSD:
		return CP_OS_NETBSD;
	case ELFOSABI_OPENBSD:
		return CP_OS_OPENBSD;
	case ELFOSABI_SOLARIS:
		return CP_OS_SOLARIS;
	case ELFOSABI_HPUX:
	case ELFOSABI_AIX:
	case ELFOSABI_IRIX:
	case ELFOSABI_TRU64:
	case ELFOSABI_MODESTO:
		return CP_OS_OTHER;
	}
	if (origin->noted_os != CP_OS_LINUX)
		return origin->noted_os;
	enum cp_os os =
		os_of_interpreter(facts->machine, cp_facts_string(facts, facts->interpreter));
	if (os != CP_OS_LINUX)
		return os;
	if (is_android(facts))
		return CP_OS_ANDROID;
	for (size_t i = 0; i < facts->n_needed && os == CP_OS_LINUX; i++)
		os = os_of_libc(needed_name(facts, i));
	return os;
}

/* --- libc ------------------------------------------------------------------ */

/* Names that a Node program brings, whatever its libc. */
static bool is_of_node(const char *symbol)
{
	return starts_with(symbol, "napi_") || starts_with(symbol, "node_") ||
	       starts_with(symbol, "uv_") || starts_with(symbol, "_ZN2v8") ||
	       starts_with(symbol, "_ZNK2v8") || starts_with(symbol, "_ZN4node");
}

static bool wants_symbols(const struct cp_facts *facts)
{
	for (size_t i = 0; i < facts->n_undefined; i++)
		if (facts->undefined[i].bind != STB_WEAK &&
			!(facts->undefined[i].flags & CP_SYM_OWN) &&
			!is_of_node(cp_facts_string(facts, facts->undefined[i].name)))
			return true;
	return false;
}

/* musl's loader is its libc; Debian's has no soname, but a start of its own. */
static bool is_for_musl(const struct cp_facts *facts)
{
	const char *soname = cp_facts_string(facts, facts->soname);
	if (strstr(cp_facts_string(facts, facts->interpreter), "/ld-musl-") ||
		starts_with(soname, "libc.musl-") || !strcmp(soname, "libc.so") ||
		cp_elf_exports(facts, "__dls2b"))
		return true;
	for (size_t i = 0; i < facts->n_needed; i++)
		if (starts_with(needed_name(facts, i), "libc.musl-") ||
			starts_with(needed_name(facts, i), "ld-musl-"))
			return true;
	return false;
}

static bool is_glibc_loader(const char *name)
{
	const char *slash = strrchr(name, '/');
	name = slash ? slash + 1 : name;
	return starts_with(name, "ld-linux") || starts_with(name, "ld64.so.") ||
	       !strcmp(name, "ld.so.1");
}

static bool is_for_glibc(const struct cp_facts *facts)
{
	if (is_glibc_loader(cp_facts_string(facts, facts->interpreter)) || facts->glibc_min)
		return true;
	for (size_t i = 0; i < facts->n_verdef; i++)
		if (starts_with(cp_facts_string(facts, facts->verdef[i].version), "GLIBC_"))
			return true;
	for (size_t i = 0; i < facts->n_needed; i++)
		if (is_glibc_loader(needed_name(facts, i)))
			return true;
	/* The names of glibc's parts; libc.so.6.1 is that of Alpha. */
	return needs(facts, "libc.so.6") || needs(facts, "libc.so.6.1") ||
	       needs(facts, "libm.so.6") || needs(facts, "libdl.so.2") ||
	       needs(facts, "librt.so.1");
}

/* A libc of Linux that is neither: uClibc is libc.so.0. */
static bool is_for_another(const struct cp_facts *facts)
{
	return needs(facts, "libc.so.0") ||
	       strstr(cp_facts_string(facts, facts->interpreter), "/ld-uClibc") != NULL;
}

static enum cp_libc libc_of(const struct cp_facts *facts)
{
	bool wants = facts->n_needed > 0 || facts->interpreter || wants_symbols(facts);
	if (facts->os != CP_OS_LINUX)
		return wants ? CP_LIBC_OTHER : CP_LIBC_NONE;
	if (is_for_musl(facts))
		return CP_LIBC_MUSL;
	if (is_for_glibc(facts))
		return CP_LIBC_GLIBC;
	if (is_for_another(facts))
		return CP_LIBC_OTHER;
	if (needs(facts, "libc.so"))
		return CP_LIBC_MUSL;
	return wants_symbols(facts) ? CP_LIBC_UNKNOWN : CP_LIBC_NONE;
}

int cp_elf_read_origin(struct cp_elf *elf, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	struct origin origin = {.noted_os = CP_OS_LINUX};
	if (read_segment_texts(elf, &origin, err) < 0)
		return -1;
	facts->os = os_of(facts, &origin);
	facts->libc = libc_of(facts);
	return 0;
}
