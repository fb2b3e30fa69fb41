/* SPDX-License-Identifier: MIT */
#include "elf_builder_parts.h"

#include <stdlib.h>
#include <string.h>

#define N_PHDRS 7

/* --- bytes ----------------------------------------------------------------- */

static void reserve(struct elf_image *image, size_t more)
{
	if (image->size + more <= image->room)
		return;
	image->room = 2 * (image->size + more);
	image->bytes = realloc(image->bytes, image->room);
	if (!image->bytes)
		abort();
}

size_t elf_put_bytes(struct elf_image *image, const void *bytes, size_t size)
{
	reserve(image, size);
	size_t at = image->size;
	if (size)
		memcpy(image->bytes + at, bytes, size);
	image->size += size;
	return at;
}

void elf_put_zeros(struct elf_image *image, size_t size)
{
	reserve(image, size);
	memset(image->bytes + image->size, 0, size);
	image->size += size;
}

size_t elf_align(struct elf_image *image)
{
	elf_put_zeros(image, -image->size & 7);
	return image->size;
}

void elf_patch(struct elf_image *image, size_t offset, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		size_t shift = image->big_endian ? width - 1 - i : i;
		image->bytes[offset + i] = (uint8_t)(value >> 8 * shift);
	}
}

void elf_put(struct elf_image *image, uint64_t value, size_t width)
{
	size_t at = image->size;
	elf_put_zeros(image, width);
	elf_patch(image, at, value, width);
}

static size_t address_width(const struct elf_image *image)
{
	return image->wide ? 8 : 4;
}

void elf_put_address(struct elf_image *image, uint64_t value)
{
	elf_put(image, value, address_width(image));
}

/* --- strings --------------------------------------------------------------- */

/* The offset of `text` in the string table, which must be the last thing in the
 * image the first time a text is asked for. */
uint32_t elf_string(struct elf_image *image, const char *text)
{
	const char *table = (const char *)image->bytes + image->strtab;
	for (size_t at = 0; at < image->strtab_size; at += strlen(table + at) + 1)
		if (!strcmp(table + at, text))
			return (uint32_t)at;
	size_t at = elf_put_bytes(image, text, strlen(text) + 1) - image->strtab;
	image->strtab_size = image->size - image->strtab;
	return (uint32_t)at;
}

static void string_or_none(struct elf_image *image, const char *text)
{
	if (text)
		elf_string(image, text);
}

static void put_strings(struct elf_image *image, const struct elf_spec *spec)
{
	image->strtab = elf_put_bytes(image, "", 1);
	image->strtab_size = 1;
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->needed[i]; i++)
		elf_string(image, spec->needed[i]);
	string_or_none(image, spec->soname);
	string_or_none(image, spec->rpath);
	string_or_none(image, spec->runpath);
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->symbols[i].name; i++) {
		elf_string(image, spec->symbols[i].name);
		string_or_none(image, spec->symbols[i].version);
		string_or_none(image, spec->symbols[i].file);
	}
}

/* --- relocations ----------------------------------------------------------- */

static void put_reloc(
	struct elf_image *image, const struct elf_plan *plan, const struct elf_reloc *reloc)
{
	uint64_t symbol = elf_symbol_index(plan, reloc->symbol);
	elf_put_address(image, 0x1000); /* r_offset */
	elf_put_address(
		image, image->wide ? symbol << 32 | reloc->type : symbol << 8 | reloc->type);
	if (!reloc->rel)
		elf_put_address(image, 0); /* r_addend */
}

/* Puts the relocations of one table; returns its offset, 0 where it has none. */
static size_t put_relocs(struct elf_image *image, const struct elf_spec *spec,
	const struct elf_plan *plan, bool plt, bool rel, size_t *size)
{
	size_t start = elf_align(image);
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->relocs[i].type; i++)
		if (spec->relocs[i].plt == plt && (plt || spec->relocs[i].rel == rel))
			put_reloc(image, plan, &spec->relocs[i]);
	*size = image->size - start;
	return *size ? start : 0;
}

/* --- the rest -------------------------------------------------------------- */

static void put_note(struct elf_image *image, const char *owner, uint32_t type, const char *text)
{
	elf_put(image, strlen(owner) + 1, 4);
	elf_put(image, strlen(text), 4);
	elf_put(image, type, 4);
	elf_put_bytes(image, owner, strlen(owner) + 1);
	elf_put_zeros(image, -image->size & 3);
	elf_put_bytes(image, text, strlen(text));
	elf_put_zeros(image, -image->size & 3);
}

static size_t put_notes(struct elf_image *image, const struct elf_spec *spec)
{
	image->notes = elf_align(image);
	if (spec->note_owner)
		put_note(image, spec->note_owner, 1, "\1\0\0\0");
	if (spec->build_id)
		put_note(image, "GNU", NT_GNU_BUILD_ID, spec->build_id);
	return image->size - image->notes;
}

static void put_dyn(struct elf_image *image, int64_t tag, uint64_t value)
{
	elf_put_address(image, (uint64_t)tag);
	elf_put_address(image, value);
}

static void put_dyn_table(struct elf_image *image, int64_t tag, size_t offset)
{
	if (offset)
		put_dyn(image, tag, ELF_BUILDER_BASE + offset);
}

static void put_dyn_string(struct elf_image *image, int64_t tag, const char *text)
{
	if (text)
		put_dyn(image, tag, elf_string(image, text));
}

static void put_dyn_relocs(
	struct elf_image *image, int64_t tag, int64_t size_tag, size_t offset, size_t size)
{
	if (!size)
		return;
	put_dyn(image, tag, ELF_BUILDER_BASE + offset);
	put_dyn(image, size_tag, size);
}

static bool plt_is_rel(const struct elf_spec *spec)
{
	size_t at = 0;
	while (at < ELF_BUILDER_MAX && !spec->relocs[at].plt)
		at++;
	return at < ELF_BUILDER_MAX && spec->relocs[at].rel;
}

static size_t put_dynamic(struct elf_image *image, const struct elf_spec *spec)
{
	image->dynamic = elf_align(image);
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->needed[i]; i++)
		put_dyn_string(image, DT_NEEDED, spec->needed[i]);
	put_dyn_string(image, DT_SONAME, spec->soname);
	put_dyn_string(image, DT_RPATH, spec->rpath);
	put_dyn_string(image, DT_RUNPATH, spec->runpath);
	put_dyn_table(image, DT_STRTAB, image->strtab);
	put_dyn(image, DT_STRSZ, image->strtab_size);
	put_dyn_table(image, DT_SYMTAB, image->symtab);
	put_dyn_table(image, DT_HASH, image->hash);
	put_dyn_table(image, DT_GNU_HASH, image->gnu_hash);
	put_dyn_table(image, DT_VERSYM, image->versym);
	put_dyn_table(image, DT_VERNEED, image->verneed);
	put_dyn_table(image, DT_VERDEF, image->verdef);
	put_dyn_relocs(image, DT_REL, DT_RELSZ, image->rel, image->rel_size);
	put_dyn_relocs(image, DT_RELA, DT_RELASZ, image->rela, image->rela_size);
	put_dyn_relocs(image, DT_JMPREL, DT_PLTRELSZ, image->jmprel, image->jmprel_size);
	if (image->jmprel_size)
		put_dyn(image, DT_PLTREL, plt_is_rel(spec) ? DT_REL : DT_RELA);
	if (spec->flags)
		put_dyn(image, DT_FLAGS, spec->flags);
	if (spec->flags_1)
		put_dyn(image, DT_FLAGS_1, spec->flags_1);
	if (spec->bind_now)
		put_dyn(image, DT_BIND_NOW, 0);
	if (spec->textrel)
		put_dyn(image, DT_TEXTREL, 0);
	put_dyn(image, DT_NULL, 0);
	return image->size - image->dynamic;
}

static void put_header(struct elf_image *image, const struct elf_spec *spec)
{
	uint8_t ident[EI_NIDENT] = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3};
	ident[EI_CLASS] = image->wide ? ELFCLASS64 : ELFCLASS32;
	ident[EI_DATA] = image->big_endian ? ELFDATA2MSB : ELFDATA2LSB;
	ident[EI_VERSION] = EV_CURRENT;
	ident[EI_OSABI] = spec->os_abi;
	elf_put_bytes(image, ident, sizeof(ident));
	elf_put(image, spec->type ? spec->type : ET_DYN, 2);
	elf_put(image, spec->machine ? spec->machine : EM_X86_64, 2);
	elf_put(image, EV_CURRENT, 4);
	elf_put_address(image, 0); /* e_entry */
	elf_put_address(image, image->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
	elf_put_address(image, 0); /* e_shoff: loaders need no sections */
	elf_put(image, 0, 4);      /* e_flags */
	elf_put(image, image->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
	elf_put(image, image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
	elf_put(image, N_PHDRS, 2);
	elf_put_zeros(image, 6); /* e_shentsize, e_shnum, e_shstrndx */
	image->phdrs = image->size;
	elf_put_zeros(image, N_PHDRS * (image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)));
}

struct segment {
	uint32_t type, flags;
	size_t offset, size;
	uint64_t memory, align;
};

/* Fills in program header `slot`; those never set are PT_NULL. */
static void set_segment(struct elf_image *image, size_t slot, const struct segment *segment)
{
	const size_t width = address_width(image);
	size_t at = image->phdrs + slot * (image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr));
	uint64_t address = ELF_BUILDER_BASE + segment->offset;
	uint64_t memory = segment->memory ? segment->memory : segment->size;
	const uint64_t values[] = {segment->offset, address, address, segment->size, memory};
	elf_patch(image, at, segment->type, 4);
	at += 4;
	if (image->wide) {
		elf_patch(image, at, segment->flags, 4);
		at += 4;
	}
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++, at += width)
		elf_patch(image, at, values[i], width);
	if (!image->wide) {
		elf_patch(image, at, segment->flags, 4);
		at += 4;
	}
	elf_patch(image, at, segment->align, width);
}

static void set_segments(struct elf_image *image, const struct elf_spec *spec, size_t notes_size,
	size_t dynamic_size)
{
	size_t slot = 0;
	if (spec->interpreter)
		set_segment(image, slot++,
			&(struct segment){PT_INTERP, PF_R, image->interpreter,
				strlen(spec->interpreter) + 1, 0, 1});
	set_segment(
		image, slot++, &(struct segment){PT_LOAD, PF_R | PF_X, 0, image->size, 0, 0x1000});
	if (dynamic_size)
		set_segment(image, slot++,
			&(struct segment){PT_DYNAMIC, PF_R, image->dynamic, dynamic_size, 0, 8});
	if (notes_size)
		set_segment(image, slot++,
			&(struct segment){PT_NOTE, PF_R, image->notes, notes_size, 0, 4});
	if (spec->tls_size)
		set_segment(image, slot++,
			&(struct segment){PT_TLS, PF_R, 0, 0, spec->tls_size, spec->tls_align});
	if (spec->stack != ELF_STACK_ABSENT)
		set_segment(image, slot++,
			&(struct segment){PT_GNU_STACK,
				PF_R | PF_W | (spec->stack == ELF_STACK_EXECUTABLE ? PF_X : 0), 0,
				0, 0, 16});
}

struct elf_image elf_build(const struct elf_spec *spec)
{
	struct elf_image image = {
		.wide = spec->elf_class != ELFCLASS32, .big_endian = spec->encoding == ELFDATA2MSB};
	struct elf_plan plan = elf_make_plan(spec);
	put_header(&image, spec);
	if (spec->interpreter)
		image.interpreter =
			elf_put_bytes(&image, spec->interpreter, strlen(spec->interpreter) + 1);
	size_t notes_size = put_notes(&image, spec);
	if (spec->text)
		elf_put_bytes(&image, spec->text, strlen(spec->text) + 1);
	elf_put_code(&image, &plan);
	size_t dynamic_size = 0;
	if (!spec->no_dynamic) {
		put_strings(&image, spec);
		elf_put_symbols(&image, spec, &plan);
		image.rel = put_relocs(&image, spec, &plan, false, true, &image.rel_size);
		image.rela = put_relocs(&image, spec, &plan, false, false, &image.rela_size);
		image.jmprel = put_relocs(&image, spec, &plan, true, false, &image.jmprel_size);
		dynamic_size = put_dynamic(&image, spec);
	}
	set_segments(&image, spec, notes_size, dynamic_size);
	return image;
}

void elf_image_free(struct elf_image *image)
{
	free(image->bytes);
	*image = (struct elf_image){0};
}

static uint64_t get(const struct elf_image *image, size_t offset, size_t width)
{
	uint64_t value = 0;
	for (size_t i = 0; i < width; i++) {
		size_t shift = image->big_endian ? width - 1 - i : i;
		value |= (uint64_t)image->bytes[offset + i] << 8 * shift;
	}
	return value;
}

bool elf_patch_dynamic(struct elf_image *image, int64_t tag, uint64_t value)
{
	const size_t width = address_width(image);
	uint64_t mask = image->wide ? UINT64_MAX : UINT32_MAX;
	for (size_t at = image->dynamic; at < image->size; at += 2 * width) {
		if (get(image, at, width) != ((uint64_t)tag & mask))
			continue;
		elf_patch(image, at + width, value, width);
		return true;
	}
	return false;
}
