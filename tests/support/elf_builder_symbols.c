/* SPDX-License-Identifier: MIT */
#include "elf_builder_parts.h"

#include <string.h>

/* A symbol that the image defines. */
static bool is_defined(const struct elf_symbol *symbol)
{
	return symbol->value || symbol->section || symbol->code;
}

static void plan_symbols(struct elf_plan *plan, const struct elf_spec *spec, bool defined)
{
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->symbols[i].name; i++)
		if (is_defined(&spec->symbols[i]) == defined)
			plan->order[plan->n_symbols++] = &spec->symbols[i];
}

static const char *version_file(const struct elf_symbol *symbol)
{
	return is_defined(symbol) ? NULL : symbol->file;
}

static bool same_file(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* The version index of a symbol; adds its version to the plan where it is new. */
static uint16_t version_index(struct elf_plan *plan, const struct elf_symbol *symbol)
{
	if (!symbol->version)
		return VER_NDX_GLOBAL;
	const char *file = version_file(symbol);
	size_t at = 0;
	while (at < plan->n_versions && (strcmp(plan->versions[at].name, symbol->version) ||
						!same_file(plan->versions[at].file, file)))
		at++;
	if (at == plan->n_versions)
		plan->versions[plan->n_versions++] =
			(struct elf_version){file, symbol->version, symbol->weak_need};
	return (uint16_t)(at + 2);
}

struct elf_plan elf_make_plan(const struct elf_spec *spec)
{
	struct elf_plan plan = {0};
	plan_symbols(&plan, spec, false);
	plan.first_defined = plan.n_symbols;
	plan_symbols(&plan, spec, true);
	for (size_t i = 0; i < plan.n_symbols; i++)
		version_index(&plan, plan.order[i]);
	return plan;
}

size_t elf_symbol_index(const struct elf_plan *plan, const char *name)
{
	for (size_t i = 0; name && i < plan->n_symbols; i++)
		if (!strcmp(plan->order[i]->name, name))
			return i + 1;
	return 0;
}

void elf_put_code(struct elf_image *image, struct elf_plan *plan)
{
	image->code = elf_align(image);
	for (size_t i = 0; i < plan->n_symbols; i++) {
		const struct elf_symbol *symbol = plan->order[i];
		plan->values[i] = symbol->value;
		if (symbol->code)
			plan->values[i] = ELF_BUILDER_BASE +
					  elf_put_bytes(image, symbol->code, symbol->code_size);
	}
}

static void put_symbol(struct elf_image *image, const struct elf_symbol *symbol, uint64_t value)
{
	uint8_t bind = symbol->bind ? symbol->bind : STB_GLOBAL;
	if (symbol->local)
		bind = STB_LOCAL;
	uint8_t type = symbol->type ? symbol->type : STT_FUNC;
	uint16_t section = symbol->section;
	if (is_defined(symbol) && !section)
		section = SHN_ABS;
	elf_put(image, elf_string(image, symbol->name), 4);
	if (!image->wide) {
		elf_put(image, value, 4);
		elf_put(image, 0, 4); /* st_size */
	}
	elf_put(image, ELF64_ST_INFO(bind, type), 1);
	elf_put(image, symbol->visibility, 1);
	elf_put(image, section, 2);
	if (image->wide) {
		elf_put(image, value, 8);
		elf_put(image, 0, 8);
	}
}

static void put_symbol_table(struct elf_image *image, const struct elf_plan *plan)
{
	image->symtab = elf_align(image);
	image->n_symbols = plan->n_symbols + 1;
	elf_put_zeros(image, image->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	for (size_t i = 0; i < plan->n_symbols; i++)
		put_symbol(image, plan->order[i], plan->values[i]);
}

/* One bucket, with all symbols in its chain. */
static void put_sysv_hash(struct elf_image *image, const struct elf_plan *plan)
{
	image->hash = elf_align(image);
	elf_put(image, 1, 4);
	elf_put(image, plan->n_symbols + 1, 4);
	elf_put(image, plan->n_symbols ? 1 : 0, 4);
	elf_put(image, 0, 4);
	for (size_t i = 1; i <= plan->n_symbols; i++)
		elf_put(image, i < plan->n_symbols ? i + 1 : 0, 4);
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = (hash << 5) + hash + (unsigned char)*name;
	return hash;
}

/* One bucket and a filter that lets everything through. */
static void put_gnu_hash(struct elf_image *image, const struct elf_plan *plan)
{
	bool any = plan->first_defined < plan->n_symbols;
	image->gnu_hash = elf_align(image);
	elf_put(image, 1, 4);
	elf_put(image, any ? plan->first_defined + 1 : 1, 4);
	elf_put(image, 1, 4);
	elf_put(image, 6, 4);
	elf_put_address(image, UINT64_MAX);
	elf_put(image, any ? plan->first_defined + 1 : 0, 4);
	for (size_t i = plan->first_defined; i < plan->n_symbols; i++)
		elf_put(image, (gnu_hash(plan->order[i]->name) & ~1u) | (i + 1 == plan->n_symbols),
			4);
}

static void put_hashes(struct elf_image *image, const struct elf_plan *plan, enum elf_hash hash)
{
	if (hash == ELF_HASH_SYSV || hash == ELF_HASH_BOTH)
		put_sysv_hash(image, plan);
	if (hash == ELF_HASH_GNU || hash == ELF_HASH_BOTH)
		put_gnu_hash(image, plan);
}

static void put_versym(struct elf_image *image, struct elf_plan *plan)
{
	image->versym = elf_align(image);
	elf_put(image, 0, 2);
	for (size_t i = 0; i < plan->n_symbols; i++) {
		uint16_t index = version_index(plan, plan->order[i]);
		elf_put(image, index | (plan->order[i]->hidden_version ? 0x8000 : 0), 2);
	}
}

static size_t versions_of(const struct elf_plan *plan, const char *file, size_t from)
{
	size_t count = 0;
	for (size_t i = from; i < plan->n_versions; i++)
		count += same_file(plan->versions[i].file, file);
	return count;
}

/* One record for the file of version `first`, with all versions wanted from it. */
static void put_file_needs(struct elf_image *image, const struct elf_plan *plan, size_t first)
{
	const char *file = plan->versions[first].file;
	size_t count = versions_of(plan, file, first);
	size_t record = image->size;
	elf_put(image, VER_NEED_CURRENT, 2);
	elf_put(image, count, 2);
	elf_put(image, elf_string(image, file), 4);
	elf_put(image, sizeof(Elf64_Verneed), 4);
	elf_put(image, 0, 4);
	for (size_t i = first; i < plan->n_versions; i++) {
		const struct elf_version *version = &plan->versions[i];
		if (!same_file(version->file, file))
			continue;
		elf_put(image, 0, 4); /* vna_hash: no reader of facts asks */
		elf_put(image, version->weak ? VER_FLG_WEAK : 0, 2);
		elf_put(image, i + 2, 2);
		elf_put(image, elf_string(image, version->name), 4);
		elf_put(image, --count ? sizeof(Elf64_Vernaux) : 0, 4);
	}
	bool more = false;
	for (size_t i = first + 1; i < plan->n_versions; i++)
		more |= plan->versions[i].file && !same_file(plan->versions[i].file, file);
	if (more)
		elf_patch(
			image, record + offsetof(Elf64_Verneed, vn_next), image->size - record, 4);
}

static void put_verneed(struct elf_image *image, const struct elf_plan *plan)
{
	for (size_t i = 0; i < plan->n_versions; i++) {
		const char *file = plan->versions[i].file;
		bool first = file != NULL;
		for (size_t before = 0; before < i; before++)
			first &= !same_file(plan->versions[before].file, file);
		if (!first)
			continue;
		if (!image->verneed)
			image->verneed = elf_align(image);
		put_file_needs(image, plan, i);
	}
}

static void put_definition(
	struct elf_image *image, uint16_t flags, uint16_t index, const char *name, bool more)
{
	elf_put(image, VER_DEF_CURRENT, 2);
	elf_put(image, flags, 2);
	elf_put(image, index, 2);
	elf_put(image, 1, 2); /* vd_cnt */
	elf_put(image, 0, 4); /* vd_hash */
	elf_put(image, sizeof(Elf64_Verdef), 4);
	elf_put(image, more ? sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux) : 0, 4);
	elf_put(image, elf_string(image, name), 4);
	elf_put(image, 0, 4);
}

static void put_verdef(
	struct elf_image *image, const struct elf_spec *spec, const struct elf_plan *plan)
{
	size_t left = versions_of(plan, NULL, 0);
	if (!left)
		return;
	image->verdef = elf_align(image);
	put_definition(image, VER_FLG_BASE, 1, spec->soname ? spec->soname : "", true);
	for (size_t i = 0; i < plan->n_versions; i++)
		if (!plan->versions[i].file)
			put_definition(image, 0, (uint16_t)(i + 2), plan->versions[i].name, --left);
}

void elf_put_symbols(struct elf_image *image, const struct elf_spec *spec, struct elf_plan *plan)
{
	put_symbol_table(image, plan);
	put_hashes(image, plan, spec->hash);
	if (plan->n_versions)
		put_versym(image, plan);
	put_verneed(image, plan);
	put_verdef(image, spec, plan);
}
