/* SPDX-License-Identifier: MIT */
#include "elf_read.h"

#include <string.h>

size_t cp_elf_entry_size(const struct cp_elf *elf, Elf_Type type)
{
	return elf->wide ? elf64_fsize(type, 1, EV_CURRENT) : elf32_fsize(type, 1, EV_CURRENT);
}

static void translate(const struct cp_elf *elf, Elf_Type type, const void *from, void *to,
	size_t file_size, size_t memory_size)
{
	Elf_Data source = {.d_buf = (void *)from,
		.d_type = type,
		.d_size = file_size,
		.d_version = EV_CURRENT};
	Elf_Data target = {
		.d_buf = to, .d_type = type, .d_size = memory_size, .d_version = EV_CURRENT};
	const Elf_Data *done = elf->wide ? elf64_xlatetom(&target, &source, elf->encoding)
					 : elf32_xlatetom(&target, &source, elf->encoding);
	if (!done)
		memset(to, 0, memory_size);
}

void cp_elf_table_init(
	struct cp_elf_table *table, const struct cp_elf *elf, Elf_Type type, struct cp_bytes bytes)
{
	table->elf = elf;
	table->at = bytes.at;
	table->type = type;
	table->entry = cp_elf_entry_size(elf, type);
	table->count = bytes.size / table->entry;
	table->first = 0;
	table->filled = 0;
}

/* Brings record `index` into the window and returns its place there. */
static size_t in_window(struct cp_elf_table *table, size_t index)
{
	if (index >= table->first && index - table->first < table->filled)
		return index - table->first;
	size_t records = table->count - index;
	if (records > CP_ELF_WINDOW)
		records = CP_ELF_WINDOW;
	translate(table->elf, table->type, table->at + index * table->entry, &table->window,
		records * table->entry, sizeof(table->window));
	table->first = index;
	table->filled = records;
	return 0;
}

GElf_Phdr cp_elf_phdr(struct cp_elf_table *table, size_t index)
{
	size_t at = in_window(table, index);
	if (table->elf->wide)
		return table->window.phdr64[at];
	const Elf32_Phdr *phdr = &table->window.phdr32[at];
	return (GElf_Phdr){.p_type = phdr->p_type,
		.p_flags = phdr->p_flags,
		.p_offset = phdr->p_offset,
		.p_vaddr = phdr->p_vaddr,
		.p_paddr = phdr->p_paddr,
		.p_filesz = phdr->p_filesz,
		.p_memsz = phdr->p_memsz,
		.p_align = phdr->p_align};
}

GElf_Dyn cp_elf_dyn(struct cp_elf_table *table, size_t index)
{
	size_t at = in_window(table, index);
	if (table->elf->wide)
		return table->window.dyn64[at];
	const Elf32_Dyn *dyn = &table->window.dyn32[at];
	return (GElf_Dyn){.d_tag = dyn->d_tag, .d_un.d_val = dyn->d_un.d_val};
}

GElf_Sym cp_elf_sym(struct cp_elf_table *table, size_t index)
{
	size_t at = in_window(table, index);
	if (table->elf->wide)
		return table->window.sym64[at];
	const Elf32_Sym *sym = &table->window.sym32[at];
	return (GElf_Sym){.st_name = sym->st_name,
		.st_info = sym->st_info,
		.st_other = sym->st_other,
		.st_shndx = sym->st_shndx,
		.st_value = sym->st_value,
		.st_size = sym->st_size};
}

/* The r_info of 64-bit little-endian MIPS is not a number but a little-endian symbol
 * index followed by four bytes, the type being the last of them (MIPS64 ELF ABI). */
static struct cp_elf_reloc split_info64(const struct cp_elf *elf, uint64_t info)
{
	if (elf->header.e_machine == EM_MIPS && elf->encoding == ELFDATA2LSB)
		return (struct cp_elf_reloc){.symbol = (uint32_t)info,
			.type = __builtin_bswap32((uint32_t)(info >> 32)) & 0xffffff};
	return (struct cp_elf_reloc){
		.symbol = (uint32_t)ELF64_R_SYM(info), .type = (uint32_t)ELF64_R_TYPE(info)};
}

struct cp_elf_reloc cp_elf_relocation(struct cp_elf_table *table, size_t index)
{
	size_t at = in_window(table, index);
	bool addend = table->type == ELF_T_RELA;
	if (table->elf->wide)
		return split_info64(table->elf,
			addend ? table->window.rela64[at].r_info : table->window.rel64[at].r_info);
	uint32_t info = addend ? table->window.rela32[at].r_info : table->window.rel32[at].r_info;
	return (struct cp_elf_reloc){.symbol = ELF32_R_SYM(info), .type = ELF32_R_TYPE(info)};
}

uint32_t cp_elf_word(struct cp_elf_table *table, size_t index)
{
	return table->window.words[in_window(table, index)];
}

uint16_t cp_elf_half(struct cp_elf_table *table, size_t index)
{
	return table->window.halves[in_window(table, index)];
}

uint16_t cp_elf_get16(const struct cp_elf *elf, const uint8_t *at)
{
	if (elf->encoding == ELFDATA2MSB)
		return (uint16_t)(at[0] << 8 | at[1]);
	return (uint16_t)(at[1] << 8 | at[0]);
}

uint32_t cp_elf_get32(const struct cp_elf *elf, const uint8_t *at)
{
	uint32_t low = cp_elf_get16(elf, at);
	uint32_t high = cp_elf_get16(elf, at + 2);
	return elf->encoding == ELFDATA2MSB ? low << 16 | high : high << 16 | low;
}

void cp_elf_read_header(struct cp_elf *elf)
{
	if (elf->wide) {
		translate(elf, ELF_T_EHDR, elf->data, &elf->header, sizeof(Elf64_Ehdr),
			sizeof(elf->header));
		return;
	}
	Elf32_Ehdr header;
	translate(elf, ELF_T_EHDR, elf->data, &header, sizeof(header), sizeof(header));
	memcpy(elf->header.e_ident, header.e_ident, EI_NIDENT);
	elf->header.e_type = header.e_type;
	elf->header.e_machine = header.e_machine;
	elf->header.e_version = header.e_version;
	elf->header.e_phoff = header.e_phoff;
	elf->header.e_phentsize = header.e_phentsize;
	elf->header.e_phnum = header.e_phnum;
}
