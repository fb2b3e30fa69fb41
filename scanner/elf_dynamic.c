/* SPDX-License-Identifier: MIT */
#include "elf_read.h"

#include <errno.h>
#include <string.h>

#include "memory.h"

int cp_elf_string(struct cp_elf *elf, uint64_t offset, cp_str *at, struct cp_error **err)
{
	*at = 0;
	if (offset == 0)
		return 0;
	if (offset >= elf->strings)
		return cp_error_set(err, EINVAL, "a name lies outside of the string table");
	const char *text = elf->facts->pool + 1 + offset;
	size_t length = strlen(text);
	if (length >= elf->strings - offset)
		return cp_error_set(err, EINVAL, "a name runs past the string table");
	if (length > elf->string_budget)
		return cp_error_set(err, EINVAL, "names of more than %zu bytes", CP_MAX_STRINGS);
	elf->string_budget -= length;
	*at = length ? (cp_str)(offset + 1) : 0;
	return 0;
}

int cp_elf_add_string(
	struct cp_elf *elf, const void *text, size_t size, cp_str *at, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	if (size > CP_MAX_STRINGS)
		return cp_error_set(err, EINVAL, "a name of more than %zu bytes", CP_MAX_STRINGS);
	char *pool = realloc(facts->pool, facts->pool_size + size + 1);
	if (!pool)
		return cp_error_set(err, ENOMEM, "out of memory");
	memcpy(pool + facts->pool_size, text, size);
	pool[facts->pool_size + size] = '\0';
	*at = size ? (cp_str)facts->pool_size : 0;
	facts->pool = pool;
	facts->pool_size += size + 1;
	return 0;
}

/* Which member of cp_elf_dynamic keeps the value of a tag. */
static const struct {
	int64_t tag;
	size_t member;
} kept_tags[] = {
	{DT_STRTAB, offsetof(struct cp_elf_dynamic, strtab)},
	{DT_STRSZ, offsetof(struct cp_elf_dynamic, strsz)},
	{DT_SYMTAB, offsetof(struct cp_elf_dynamic, symtab)},
	{DT_HASH, offsetof(struct cp_elf_dynamic, hash)},
	{DT_GNU_HASH, offsetof(struct cp_elf_dynamic, gnu_hash)},
	{DT_VERSYM, offsetof(struct cp_elf_dynamic, versym)},
	{DT_VERNEED, offsetof(struct cp_elf_dynamic, verneed)},
	{DT_VERDEF, offsetof(struct cp_elf_dynamic, verdef)},
	{DT_REL, offsetof(struct cp_elf_dynamic, rel)},
	{DT_RELSZ, offsetof(struct cp_elf_dynamic, relsz)},
	{DT_RELA, offsetof(struct cp_elf_dynamic, rela)},
	{DT_RELASZ, offsetof(struct cp_elf_dynamic, relasz)},
	{DT_JMPREL, offsetof(struct cp_elf_dynamic, jmprel)},
	{DT_PLTRELSZ, offsetof(struct cp_elf_dynamic, pltrelsz)},
	{DT_PLTREL, offsetof(struct cp_elf_dynamic, pltrel)},
	{DT_SONAME, offsetof(struct cp_elf_dynamic, soname)},
	{DT_RPATH, offsetof(struct cp_elf_dynamic, rpath)},
	{DT_RUNPATH, offsetof(struct cp_elf_dynamic, runpath)},
	{DT_FLAGS, offsetof(struct cp_elf_dynamic, flags)},
	{DT_FLAGS_1, offsetof(struct cp_elf_dynamic, flags_1)},
};

/* Keeps one entry. As in the loaders, the last one of a tag counts. */
static void keep_value(struct cp_elf_dynamic *dynamic, const GElf_Dyn *dyn)
{
	for (size_t i = 0; i < sizeof(kept_tags) / sizeof(kept_tags[0]); i++)
		if (kept_tags[i].tag == dyn->d_tag)
			*(uint64_t *)((char *)dynamic + kept_tags[i].member) = dyn->d_un.d_val;
	dynamic->bind_now |= dyn->d_tag == DT_BIND_NOW;
	dynamic->textrel |= dyn->d_tag == DT_TEXTREL;
}

static void read_flags(const struct cp_elf_dynamic *dynamic, struct cp_facts *facts)
{
	facts->flags = dynamic->flags;
	facts->flags_1 = dynamic->flags_1;
	facts->bind_now =
		dynamic->bind_now || dynamic->flags & DF_BIND_NOW || dynamic->flags_1 & DF_1_NOW;
	facts->text_relocations = dynamic->textrel || dynamic->flags & DF_TEXTREL;
	facts->static_tls = dynamic->flags & DF_STATIC_TLS;
}

/* Copies the string table to the pool. An object without one has no names. */
static int read_strings(struct cp_elf *elf, struct cp_error **err)
{
	const struct cp_elf_dynamic *dynamic = &elf->dynamic;
	if (!dynamic->strtab || !dynamic->strsz)
		return 0;
	struct cp_bytes bytes;
	if (cp_elf_locate_table(elf, "string table", dynamic->strtab, dynamic->strsz, &bytes, err) <
		0)
		return -1;
	cp_str at;
	if (cp_elf_add_string(elf, bytes.at, bytes.size, &at, err) < 0)
		return cp_error_wrap(err, "string table");
	elf->strings = bytes.size;
	return 0;
}

int cp_elf_read_dynamic(struct cp_elf *elf, struct cp_error **err)
{
	if (!elf->facts->has_dynamic)
		return 0;
	if (elf->dynamic_bytes.size == 0)
		return cp_error_set(err, EINVAL, "the dynamic section is not in the file");
	struct cp_elf_table table;
	cp_elf_table_init(&table, elf, ELF_T_DYN, elf->dynamic_bytes);
	for (size_t i = 0; i < table.count; i++) {
		GElf_Dyn dyn = cp_elf_dyn(&table, i);
		if (dyn.d_tag == DT_NULL)
			break;
		keep_value(&elf->dynamic, &dyn);
	}
	read_flags(&elf->dynamic, elf->facts);
	return read_strings(elf, err);
}

static int add_needed(struct cp_elf *elf, uint64_t offset, size_t *capacity, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	if (cp_grow(&facts->needed, capacity, facts->n_needed + 1, sizeof(*facts->needed)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	if (cp_elf_string(elf, offset, &facts->needed[facts->n_needed], err) < 0)
		return cp_error_wrap(err, "DT_NEEDED");
	facts->n_needed++;
	return 0;
}

int cp_elf_read_needed(struct cp_elf *elf, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	const struct cp_elf_dynamic *dynamic = &elf->dynamic;
	struct cp_elf_table table;
	cp_elf_table_init(&table, elf, ELF_T_DYN, elf->dynamic_bytes);
	size_t capacity = 0;
	for (size_t i = 0; i < table.count; i++) {
		GElf_Dyn dyn = cp_elf_dyn(&table, i);
		if (dyn.d_tag == DT_NULL)
			break;
		if (dyn.d_tag == DT_NEEDED && add_needed(elf, dyn.d_un.d_val, &capacity, err) < 0)
			return -1;
	}
	if (cp_elf_string(elf, dynamic->soname, &facts->soname, err) < 0)
		return cp_error_wrap(err, "DT_SONAME");
	if (cp_elf_string(elf, dynamic->rpath, &facts->rpath, err) < 0)
		return cp_error_wrap(err, "DT_RPATH");
	if (cp_elf_string(elf, dynamic->runpath, &facts->runpath, err) < 0)
		return cp_error_wrap(err, "DT_RUNPATH");
	return 0;
}
