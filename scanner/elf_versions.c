/* SPDX-License-Identifier: MIT
 *
 * Symbol versions (LSB Core, "Symbol Versioning"): two chains of chains. Each link
 * is an offset forwards from its record, so a walk cannot go round in circles, but
 * it can crawl in steps of a byte; each chain may thus hold no more records than
 * fit without overlapping. DT_VERNEEDNUM and DT_VERDEFNUM are not believed: as in
 * glibc, a link of 0 ends a chain.
 */
#include "elf_read.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "memory.h"

#define VERSION_INDEX 0x7fff

/* A walk over the records of one section. */
struct walk {
	const char *table;
	struct cp_bytes bytes;
	size_t records_left;
	size_t capacity; /* of the facts' vector */
};

/* `smallest`: bytes that each record takes at least, on the average. */
static int start_walk(struct cp_elf *elf, const char *table, uint64_t address, size_t smallest,
	struct walk *walk, struct cp_error **err)
{
	*walk = (struct walk){.table = table, .bytes = cp_elf_locate(elf, address)};
	if (walk->bytes.size == 0)
		return cp_error_set(err, EINVAL, "the %s is not in the file", table);
	walk->records_left = walk->bytes.size / smallest + 1;
	return 0;
}

/* The record of `size` bytes at `offset`, or NULL with an error. */
static const uint8_t *record_at(
	struct walk *walk, uint64_t offset, size_t size, struct cp_error **err)
{
	if (offset > walk->bytes.size || walk->bytes.size - offset < size) {
		cp_error_set(err, EINVAL, "the %s leads out of the file", walk->table);
		return NULL;
	}
	if (walk->records_left == 0) {
		cp_error_set(err, EINVAL, "records of the %s overlap", walk->table);
		return NULL;
	}
	walk->records_left--;
	return walk->bytes.at + offset;
}

/* Remembers the name that symbols with version `index` have. */
static int set_version(
	struct cp_elf *elf, unsigned int index, cp_str name, bool weak_need, struct cp_error **err)
{
	index &= VERSION_INDEX;
	if (index >= elf->n_versions) {
		if (cp_grow(&elf->versions, &elf->versions_size, index + 1,
			    sizeof(*elf->versions)) < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
		memset(elf->versions + elf->n_versions, 0,
			(index + 1 - elf->n_versions) * sizeof(*elf->versions));
		elf->n_versions = index + 1;
	}
	elf->versions[index] = (struct cp_elf_version){name, weak_need};
	return 0;
}

static int add_need(struct cp_elf *elf, struct walk *walk, cp_str file, const uint8_t *aux,
	struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	if (cp_grow(&facts->verneed, &walk->capacity, facts->n_verneed + 1,
		    sizeof(*facts->verneed)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_verneed *need = &facts->verneed[facts->n_verneed];
	need->file = file;
	need->weak = cp_elf_get16(elf, aux + offsetof(Elf64_Vernaux, vna_flags)) & VER_FLG_WEAK;
	uint32_t name = cp_elf_get32(elf, aux + offsetof(Elf64_Vernaux, vna_name));
	if (cp_elf_string(elf, name, &need->version, err) < 0)
		return cp_error_wrap(err, "%s", walk->table);
	facts->n_verneed++;
	unsigned int index = cp_elf_get16(elf, aux + offsetof(Elf64_Vernaux, vna_other));
	return set_version(elf, index, need->version, need->weak, err);
}

static int add_needs_of_file(
	struct cp_elf *elf, struct walk *walk, uint64_t offset, cp_str file, struct cp_error **err)
{
	uint32_t next;
	do {
		const uint8_t *aux = record_at(walk, offset, sizeof(Elf64_Vernaux), err);
		if (!aux || add_need(elf, walk, file, aux, err) < 0)
			return -1;
		next = cp_elf_get32(elf, aux + offsetof(Elf64_Vernaux, vna_next));
		offset += next;
	} while (next);
	return 0;
}

static int read_needs(struct cp_elf *elf, struct cp_error **err)
{
	if (!elf->dynamic.verneed)
		return 0;
	struct walk walk;
	if (start_walk(elf, "table of needed versions", elf->dynamic.verneed, sizeof(Elf64_Vernaux),
		    &walk, err) < 0)
		return -1;
	uint64_t offset = 0;
	uint32_t next;
	do {
		const uint8_t *need = record_at(&walk, offset, sizeof(Elf64_Verneed), err);
		if (!need)
			return -1;
		cp_str file;
		uint32_t name = cp_elf_get32(elf, need + offsetof(Elf64_Verneed, vn_file));
		if (cp_elf_string(elf, name, &file, err) < 0)
			return cp_error_wrap(err, "%s", walk.table);
		uint32_t aux = cp_elf_get32(elf, need + offsetof(Elf64_Verneed, vn_aux));
		if (add_needs_of_file(elf, &walk, offset + aux, file, err) < 0)
			return -1;
		next = cp_elf_get32(elf, need + offsetof(Elf64_Verneed, vn_next));
		offset += next;
	} while (next);
	return 0;
}

/* Adds the definition at `offset`. Its first name is its own, the others are those
 * of the versions that it inherits from, which no loader looks at. */
static int add_definition(struct cp_elf *elf, struct walk *walk, uint64_t offset,
	const uint8_t *record, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	offset += cp_elf_get32(elf, record + offsetof(Elf64_Verdef, vd_aux));
	const uint8_t *aux = record_at(walk, offset, sizeof(Elf64_Verdaux), err);
	if (!aux)
		return -1;
	if (cp_grow(&facts->verdef, &walk->capacity, facts->n_verdef + 1, sizeof(*facts->verdef)) <
		0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_verdef *definition = &facts->verdef[facts->n_verdef];
	uint32_t name = cp_elf_get32(elf, aux + offsetof(Elf64_Verdaux, vda_name));
	if (cp_elf_string(elf, name, &definition->version, err) < 0)
		return cp_error_wrap(err, "%s", walk->table);
	unsigned int flags = cp_elf_get16(elf, record + offsetof(Elf64_Verdef, vd_flags));
	definition->base = flags & VER_FLG_BASE;
	definition->weak = flags & VER_FLG_WEAK;
	facts->n_verdef++;
	if (definition->base)
		return 0;
	unsigned int index = cp_elf_get16(elf, record + offsetof(Elf64_Verdef, vd_ndx));
	return set_version(elf, index, definition->version, false, err);
}

static int read_definitions(struct cp_elf *elf, struct cp_error **err)
{
	if (!elf->dynamic.verdef)
		return 0;
	/* A definition and its name are two records. */
	const size_t smallest = (sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux)) / 2;
	struct walk walk;
	if (start_walk(elf, "table of defined versions", elf->dynamic.verdef, smallest, &walk,
		    err) < 0)
		return -1;
	uint64_t offset = 0;
	uint32_t next;
	do {
		const uint8_t *record = record_at(&walk, offset, sizeof(Elf64_Verdef), err);
		if (!record || add_definition(elf, &walk, offset, record, err) < 0)
			return -1;
		next = cp_elf_get32(elf, record + offsetof(Elf64_Verdef, vd_next));
		offset += next;
	} while (next);
	return 0;
}

static bool starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

/* Raises *highest to the number in `version` where that is PREFIX and a dotted
 * number (GLIBC_PRIVATE and GLIBC_ABI_DT_RELR are not). */
static void raise(const struct cp_facts *facts, cp_str version, const char *prefix, cp_str *highest)
{
	const char *text = cp_facts_string(facts, version);
	size_t length = strlen(prefix);
	if (!starts_with(text, prefix) || !isdigit((unsigned char)text[length]))
		return;
	if (strspn(text + length, "0123456789.") != strlen(text + length))
		return;
	if (!*highest || cp_version_compare(text + length, cp_facts_string(facts, *highest)) > 0)
		*highest = version + (cp_str)length;
}

/* libgcc has a GLIBC_2.0 of its own on several machines, musl's included, and
 * FreeBSD's C++ runtime a GLIBCXX_3.4; neither asks anything of glibc or libstdc++. */
static void raise_minimum(struct cp_facts *facts, const struct cp_verneed *need)
{
	const char *file = cp_facts_string(facts, need->file);
	if (need->weak)
		return;
	if (!starts_with(file, "libgcc_s.so"))
		raise(facts, need->version, "GLIBC_", &facts->glibc_min);
	if (starts_with(file, "libstdc++.so"))
		raise(facts, need->version, "GLIBCXX_", &facts->glibcxx_min);
}

int cp_elf_read_versions(struct cp_elf *elf, struct cp_error **err)
{
	if (read_needs(elf, err) < 0 || read_definitions(elf, err) < 0)
		return -1;
	struct cp_facts *facts = elf->facts;
	for (size_t i = 0; i < facts->n_verneed; i++)
		raise_minimum(facts, &facts->verneed[i]);
	return 0;
}
