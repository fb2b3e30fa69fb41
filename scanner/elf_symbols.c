/* SPDX-License-Identifier: MIT
 *
 * .dynsym has no length of its own: a loader never walks it. How many symbols
 * there are is told by the hash tables (System V gABI, "Hash Table"; for DT_GNU_HASH
 * glibc's do_lookup_x and binutils' elflink.c):
 *   DT_HASH      nchain
 *   DT_GNU_HASH  the end of the chain that begins last; nothing where no symbol
 *                is exported, since the undefined ones are not in it
 *   neither      all entries up to the next table that the dynamic section names,
 *                as long as they look like symbols, and all that relocations use
 */
#include "elf_read.h"

#include <errno.h>
#include <string.h>

#include "memory.h"

#define VERSYM_HIDDEN 0x8000
#define VERSYM_INDEX 0x7fff

static const char api_version_symbol[] = "node_api_module_get_api_version_v1";

/* nchain, or 0 where there is no DT_HASH. Its words have 8 bytes on two machines. */
static int count_by_hash(struct cp_elf *elf, uint64_t *count, struct cp_error **err)
{
	*count = 0;
	if (!elf->dynamic.hash)
		return 0;
	uint16_t machine = elf->header.e_machine;
	size_t word = elf->wide && (machine == EM_S390 || machine == EM_ALPHA) ? 8 : 4;
	struct cp_bytes bytes = cp_elf_locate(elf, elf->dynamic.hash);
	if (bytes.size < 2 * word)
		return cp_error_set(err, EINVAL, "the hash table is not in the file");
	size_t low = word == 8 && elf->encoding == ELFDATA2MSB ? 4 : 0;
	*count = cp_elf_get32(elf, bytes.at + word + low);
	return 0;
}

/* Walks the GNU hash table at `bytes`, whose buckets and chains are at the offsets
 * given. Sets *count to one past the last symbol in it, 0 for none. */
static int walk_gnu_hash(struct cp_elf *elf, struct cp_bytes bytes, uint64_t buckets,
	uint32_t n_buckets, uint32_t first_symbol, uint64_t *count, struct cp_error **err)
{
	uint64_t chains = buckets + (uint64_t)n_buckets * 4;
	if (chains > bytes.size)
		return cp_error_set(err, EINVAL, "the GNU hash table is not wholly in the file");
	struct cp_elf_table words;
	struct cp_bytes rest = {bytes.at + buckets, bytes.size - (size_t)buckets};
	cp_elf_table_init(&words, elf, ELF_T_WORD, rest);
	uint32_t last = 0;
	for (uint32_t i = 0; i < n_buckets; i++) {
		uint32_t symbol = cp_elf_word(&words, i);
		last = symbol > last ? symbol : last;
	}
	*count = 0;
	if (last < first_symbol || last == 0)
		return 0;
	for (uint64_t at = (uint64_t)n_buckets + last - first_symbol; at < words.count; at++) {
		if (cp_elf_word(&words, (size_t)at) & 1) {
			*count = at - n_buckets + first_symbol + 1;
			return 0;
		}
	}
	return cp_error_set(err, EINVAL, "a chain of the GNU hash table has no end");
}

static int count_by_gnu_hash(struct cp_elf *elf, uint64_t *count, struct cp_error **err)
{
	*count = 0;
	if (!elf->dynamic.gnu_hash)
		return 0;
	struct cp_bytes bytes = cp_elf_locate(elf, elf->dynamic.gnu_hash);
	if (bytes.size < 16)
		return cp_error_set(err, EINVAL, "the GNU hash table is not in the file");
	uint32_t n_buckets = cp_elf_get32(elf, bytes.at);
	uint32_t first_symbol = cp_elf_get32(elf, bytes.at + 4);
	uint64_t filter_words = cp_elf_get32(elf, bytes.at + 8);
	uint64_t buckets = 16 + filter_words * (elf->wide ? 8 : 4);
	return walk_gnu_hash(elf, bytes, buckets, n_buckets, first_symbol, count, err);
}

/* The table that follows .dynsym most closely; UINT64_MAX for none. */
static uint64_t next_table(const struct cp_elf_dynamic *dynamic)
{
	const uint64_t tables[] = {dynamic->strtab, dynamic->hash, dynamic->gnu_hash,
		dynamic->versym, dynamic->verneed, dynamic->verdef, dynamic->rel, dynamic->rela,
		dynamic->jmprel};
	uint64_t next = UINT64_MAX;
	for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		if (tables[i] > dynamic->symtab && tables[i] < next)
			next = tables[i];
	return next;
}

static uint64_t count_by_shape(struct cp_elf *elf)
{
	uint64_t used = cp_elf_symbols_in_relocs(elf);
	uint64_t next = next_table(&elf->dynamic);
	struct cp_bytes bytes = cp_elf_locate(elf, elf->dynamic.symtab);
	if (next == UINT64_MAX)
		return used;
	if (next - elf->dynamic.symtab < bytes.size)
		bytes.size = (size_t)(next - elf->dynamic.symtab);
	struct cp_elf_table symbols;
	cp_elf_table_init(&symbols, elf, ELF_T_SYM, bytes);
	size_t count = 0;
	while (count < symbols.count && cp_elf_sym(&symbols, count).st_name < elf->strings)
		count++;
	return count > used ? count : used;
}

static int count_symbols(struct cp_elf *elf, uint64_t *count, struct cp_error **err)
{
	*count = 0;
	if (!elf->dynamic.symtab)
		return 0;
	if (count_by_hash(elf, count, err) < 0)
		return -1;
	if (!*count && count_by_gnu_hash(elf, count, err) < 0)
		return -1;
	if (!*count)
		*count = count_by_shape(elf);
	if (*count > CP_MAX_SYMBOLS)
		return cp_error_set(err, EINVAL, "%llu dynamic symbols, more than %u",
			(unsigned long long)*count, CP_MAX_SYMBOLS);
	return 0;
}

/* The tables that describe a symbol, and where the two kinds of symbols go. */
struct symbol_tables {
	struct cp_elf_table symbols;
	struct cp_elf_table versions; /* count 0: the object has none */
	size_t exports_size;
	uint32_t api_version_hash;
};

static int open_tables(
	struct cp_elf *elf, uint64_t count, struct symbol_tables *tables, struct cp_error **err)
{
	struct cp_bytes bytes;
	uint64_t size = count * cp_elf_entry_size(elf, ELF_T_SYM);
	if (cp_elf_locate_table(elf, "symbol table", elf->dynamic.symtab, size, &bytes, err) < 0)
		return -1;
	cp_elf_table_init(&tables->symbols, elf, ELF_T_SYM, bytes);
	bytes = (struct cp_bytes){0};
	if (elf->dynamic.versym &&
		cp_elf_locate_table(elf, "table of symbol versions", elf->dynamic.versym,
			count * sizeof(Elf64_Versym), &bytes, err) < 0)
		return -1;
	cp_elf_table_init(&tables->versions, elf, ELF_T_HALF, bytes);
	tables->exports_size = 0;
	tables->api_version_hash = cp_symbol_hash(api_version_symbol);
	return 0;
}

static void set_version(const struct cp_elf *elf, struct symbol_tables *tables, size_t index,
	bool undefined, struct cp_symbol *symbol)
{
	if (tables->versions.count == 0)
		return;
	unsigned int versym = cp_elf_half(&tables->versions, index);
	unsigned int version = versym & VERSYM_INDEX;
	if (versym & VERSYM_HIDDEN)
		symbol->flags |= CP_SYM_HIDDEN;
	if (!undefined && version == VER_NDX_GLOBAL && elf->facts->n_verdef > 0)
		symbol->flags |= CP_SYM_BASE_VERSION;
	if (version <= VER_NDX_GLOBAL || version >= elf->n_versions)
		return;
	symbol->version = elf->versions[version].name;
	if (undefined && elf->versions[version].weak_need)
		symbol->flags |= CP_SYM_WEAK_NEED;
}

static int add_symbol(struct cp_elf *elf, struct symbol_tables *tables, size_t index,
	const GElf_Sym *sym, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	bool undefined = sym->st_shndx == SHN_UNDEF;
	struct cp_symbol symbol = {.type = GELF_ST_TYPE(sym->st_info),
		.bind = GELF_ST_BIND(sym->st_info),
		.visibility = GELF_ST_VISIBILITY(sym->st_other)};
	if (cp_elf_string(elf, sym->st_name, &symbol.name, err) < 0)
		return cp_error_wrap(err, "symbol %zu", index);
	if (!symbol.name)
		return 0;
	symbol.hash = cp_symbol_hash(cp_facts_string(facts, symbol.name));
	if (!undefined && sym->st_value == 0)
		symbol.flags |= CP_SYM_NO_VALUE;
	set_version(elf, tables, index, undefined, &symbol);
	struct cp_symbol **list = undefined ? &facts->undefined : &facts->exports;
	size_t *size = undefined ? &elf->undefined_size : &tables->exports_size;
	size_t *count = undefined ? &facts->n_undefined : &facts->n_exports;
	if (cp_grow(list, size, *count + 1, sizeof(**list)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	elf->reference_of[index] = (uint32_t)*count | (undefined ? 0 : CP_ELF_OWN);
	if (!undefined && symbol.hash == tables->api_version_hash &&
		!strcmp(cp_facts_string(facts, symbol.name), api_version_symbol))
		elf->api_version_code = sym->st_value;
	(*list)[(*count)++] = symbol;
	return 0;
}

/* Whether a loader could bind to the symbol, or has to bind it. */
static bool takes_part(const GElf_Sym *sym)
{
	unsigned int bind = GELF_ST_BIND(sym->st_info);
	if (sym->st_name == 0 || bind == STB_LOCAL)
		return false;
	if (sym->st_shndx == SHN_UNDEF)
		return true;
	unsigned int visibility = GELF_ST_VISIBILITY(sym->st_other);
	return (bind == STB_GLOBAL || bind == STB_WEAK || bind == STB_GNU_UNIQUE) &&
	       (visibility == STV_DEFAULT || visibility == STV_PROTECTED);
}

/* Gives back what doubling took too much. */
static void shrink(struct cp_symbol **symbols, size_t count)
{
	struct cp_symbol *less = count ? realloc(*symbols, count * sizeof(**symbols)) : NULL;
	if (less)
		*symbols = less;
}

bool cp_elf_exports(const struct cp_facts *facts, const char *name)
{
	size_t cursor = 0;
	return cp_facts_export_next(facts, name, cp_symbol_hash(name), &cursor) != NULL;
}

int cp_elf_read_symbols(struct cp_elf *elf, struct cp_error **err)
{
	uint64_t count;
	if (count_symbols(elf, &count, err) < 0)
		return -1;
	if (count == 0)
		return 0;
	struct symbol_tables tables;
	if (open_tables(elf, count, &tables, err) < 0)
		return -1;
	elf->reference_of = malloc((size_t)count * sizeof(*elf->reference_of));
	if (!elf->reference_of)
		return cp_error_set(err, ENOMEM, "out of memory");
	memset(elf->reference_of, 0xff, (size_t)count * sizeof(*elf->reference_of));
	elf->n_symbols = (size_t)count;
	for (size_t i = 1; i < elf->n_symbols; i++) {
		GElf_Sym sym = cp_elf_sym(&tables.symbols, i);
		if (takes_part(&sym) && add_symbol(elf, &tables, i, &sym, err) < 0)
			return -1;
	}
	shrink(&elf->facts->undefined, elf->facts->n_undefined);
	elf->undefined_size = elf->facts->n_undefined;
	shrink(&elf->facts->exports, elf->facts->n_exports);
	return 0;
}
