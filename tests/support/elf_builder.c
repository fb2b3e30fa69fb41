/* SPDX-License-Identifier: MIT */
#include "elf_builder.h"

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

static size_t put_bytes(struct elf_image *image, const void *bytes, size_t size)
{
	reserve(image, size);
	size_t at = image->size;
	if (size)
		memcpy(image->bytes + at, bytes, size);
	image->size += size;
	return at;
}

static void put_zeros(struct elf_image *image, size_t size)
{
	reserve(image, size);
	memset(image->bytes + image->size, 0, size);
	image->size += size;
}

static size_t align(struct elf_image *image)
{
	put_zeros(image, -image->size & 7);
	return image->size;
}

void elf_patch(struct elf_image *image, size_t offset, uint64_t value, size_t width)
{
	for (size_t i = 0; i < width; i++) {
		size_t shift = image->big_endian ? width - 1 - i : i;
		image->bytes[offset + i] = (uint8_t)(value >> 8 * shift);
	}
}

static void put(struct elf_image *image, uint64_t value, size_t width)
{
	size_t at = image->size;
	put_zeros(image, width);
	elf_patch(image, at, value, width);
}

static size_t address_width(const struct elf_image *image)
{
	return image->wide ? 8 : 4;
}

static void put_address(struct elf_image *image, uint64_t value)
{
	put(image, value, address_width(image));
}

/* --- strings --------------------------------------------------------------- */

/* The offset of `text` in the string table, which must be the last thing in the
 * image the first time a text is asked for. */
static uint32_t string(struct elf_image *image, const char *text)
{
	const char *table = (const char *)image->bytes + image->strtab;
	for (size_t at = 0; at < image->strtab_size; at += strlen(table + at) + 1)
		if (!strcmp(table + at, text))
			return (uint32_t)at;
	size_t at = put_bytes(image, text, strlen(text) + 1) - image->strtab;
	image->strtab_size = image->size - image->strtab;
	return (uint32_t)at;
}

static void string_or_none(struct elf_image *image, const char *text)
{
	if (text)
		string(image, text);
}

/* A symbol that the image defines. */
static bool is_defined(const struct elf_symbol *symbol)
{
	return symbol->value || symbol->section || symbol->code;
}

static void put_strings(struct elf_image *image, const struct elf_spec *spec)
{
	image->strtab = put_bytes(image, "", 1);
	image->strtab_size = 1;
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->needed[i]; i++)
		string(image, spec->needed[i]);
	string_or_none(image, spec->soname);
	string_or_none(image, spec->rpath);
	string_or_none(image, spec->runpath);
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->symbols[i].name; i++) {
		string(image, spec->symbols[i].name);
		string_or_none(image, spec->symbols[i].version);
		string_or_none(image, spec->symbols[i].file);
	}
}

/* --- symbols and their versions -------------------------------------------- */

/* A version that a symbol has: wanted from `file`, or defined here (file NULL). */
struct version {
	const char *file, *name;
	bool weak;
};

/* The symbols in the order of .dynsym, less the null symbol: the undefined ones come
 * first, as a GNU hash table wants them. */
struct plan {
	const struct elf_symbol *order[ELF_BUILDER_MAX];
	uint64_t values[ELF_BUILDER_MAX];
	size_t n_symbols, first_defined;
	struct version versions[ELF_BUILDER_MAX]; /* version index 2 is the first */
	size_t n_versions;
};

static void plan_symbols(struct plan *plan, const struct elf_spec *spec, bool defined)
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
static uint16_t version_index(struct plan *plan, const struct elf_symbol *symbol)
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
			(struct version){file, symbol->version, symbol->weak_need};
	return (uint16_t)(at + 2);
}

static struct plan make_plan(const struct elf_spec *spec)
{
	struct plan plan = {0};
	plan_symbols(&plan, spec, false);
	plan.first_defined = plan.n_symbols;
	plan_symbols(&plan, spec, true);
	for (size_t i = 0; i < plan.n_symbols; i++)
		version_index(&plan, plan.order[i]);
	return plan;
}

static size_t symbol_index(const struct plan *plan, const char *name)
{
	for (size_t i = 0; name && i < plan->n_symbols; i++)
		if (!strcmp(plan->order[i]->name, name))
			return i + 1;
	return 0;
}

static void put_code(struct elf_image *image, struct plan *plan)
{
	image->code = align(image);
	for (size_t i = 0; i < plan->n_symbols; i++) {
		const struct elf_symbol *symbol = plan->order[i];
		plan->values[i] = symbol->value;
		if (symbol->code)
			plan->values[i] = ELF_BUILDER_BASE +
					  put_bytes(image, symbol->code, symbol->code_size);
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
	put(image, string(image, symbol->name), 4);
	if (!image->wide) {
		put(image, value, 4);
		put(image, 0, 4); /* st_size */
	}
	put(image, ELF64_ST_INFO(bind, type), 1);
	put(image, symbol->visibility, 1);
	put(image, section, 2);
	if (image->wide) {
		put(image, value, 8);
		put(image, 0, 8);
	}
}

static void put_symbols(struct elf_image *image, const struct plan *plan)
{
	image->symtab = align(image);
	image->n_symbols = plan->n_symbols + 1;
	put_zeros(image, image->wide ? sizeof(Elf64_Sym) : sizeof(Elf32_Sym));
	for (size_t i = 0; i < plan->n_symbols; i++)
		put_symbol(image, plan->order[i], plan->values[i]);
}

/* One bucket, with all symbols in its chain. */
static void put_sysv_hash(struct elf_image *image, const struct plan *plan)
{
	image->hash = align(image);
	put(image, 1, 4);
	put(image, plan->n_symbols + 1, 4);
	put(image, plan->n_symbols ? 1 : 0, 4);
	put(image, 0, 4);
	for (size_t i = 1; i <= plan->n_symbols; i++)
		put(image, i < plan->n_symbols ? i + 1 : 0, 4);
}

static uint32_t gnu_hash(const char *name)
{
	uint32_t hash = 5381;
	for (; *name; name++)
		hash = (hash << 5) + hash + (unsigned char)*name;
	return hash;
}

/* One bucket and a filter that lets everything through. */
static void put_gnu_hash(struct elf_image *image, const struct plan *plan)
{
	bool any = plan->first_defined < plan->n_symbols;
	image->gnu_hash = align(image);
	put(image, 1, 4);
	put(image, any ? plan->first_defined + 1 : 1, 4);
	put(image, 1, 4);
	put(image, 6, 4);
	put_address(image, UINT64_MAX);
	put(image, any ? plan->first_defined + 1 : 0, 4);
	for (size_t i = plan->first_defined; i < plan->n_symbols; i++)
		put(image, (gnu_hash(plan->order[i]->name) & ~1u) | (i + 1 == plan->n_symbols), 4);
}

static void put_hashes(struct elf_image *image, const struct plan *plan, enum elf_hash hash)
{
	if (hash == ELF_HASH_SYSV || hash == ELF_HASH_BOTH)
		put_sysv_hash(image, plan);
	if (hash == ELF_HASH_GNU || hash == ELF_HASH_BOTH)
		put_gnu_hash(image, plan);
}

static void put_versym(struct elf_image *image, struct plan *plan)
{
	image->versym = align(image);
	put(image, 0, 2);
	for (size_t i = 0; i < plan->n_symbols; i++) {
		uint16_t index = version_index(plan, plan->order[i]);
		put(image, index | (plan->order[i]->hidden_version ? 0x8000 : 0), 2);
	}
}

static size_t versions_of(const struct plan *plan, const char *file, size_t from)
{
	size_t count = 0;
	for (size_t i = from; i < plan->n_versions; i++)
		count += same_file(plan->versions[i].file, file);
	return count;
}

/* One record for the file of version `first`, with all versions wanted from it. */
static void put_file_needs(struct elf_image *image, const struct plan *plan, size_t first)
{
	const char *file = plan->versions[first].file;
	size_t count = versions_of(plan, file, first);
	size_t record = image->size;
	put(image, VER_NEED_CURRENT, 2);
	put(image, count, 2);
	put(image, string(image, file), 4);
	put(image, sizeof(Elf64_Verneed), 4);
	put(image, 0, 4);
	for (size_t i = first; i < plan->n_versions; i++) {
		const struct version *version = &plan->versions[i];
		if (!same_file(version->file, file))
			continue;
		put(image, 0, 4); /* vna_hash: no reader of facts asks */
		put(image, version->weak ? VER_FLG_WEAK : 0, 2);
		put(image, i + 2, 2);
		put(image, string(image, version->name), 4);
		put(image, --count ? sizeof(Elf64_Vernaux) : 0, 4);
	}
	bool more = false;
	for (size_t i = first + 1; i < plan->n_versions; i++)
		more |= plan->versions[i].file && !same_file(plan->versions[i].file, file);
	if (more)
		elf_patch(
			image, record + offsetof(Elf64_Verneed, vn_next), image->size - record, 4);
}

static void put_verneed(struct elf_image *image, const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_versions; i++) {
		const char *file = plan->versions[i].file;
		bool first = file != NULL;
		for (size_t before = 0; before < i; before++)
			first &= !same_file(plan->versions[before].file, file);
		if (!first)
			continue;
		if (!image->verneed)
			image->verneed = align(image);
		put_file_needs(image, plan, i);
	}
}

static void put_definition(
	struct elf_image *image, uint16_t flags, uint16_t index, const char *name, bool more)
{
	put(image, VER_DEF_CURRENT, 2);
	put(image, flags, 2);
	put(image, index, 2);
	put(image, 1, 2); /* vd_cnt */
	put(image, 0, 4); /* vd_hash */
	put(image, sizeof(Elf64_Verdef), 4);
	put(image, more ? sizeof(Elf64_Verdef) + sizeof(Elf64_Verdaux) : 0, 4);
	put(image, string(image, name), 4);
	put(image, 0, 4);
}

static void put_verdef(
	struct elf_image *image, const struct elf_spec *spec, const struct plan *plan)
{
	size_t left = versions_of(plan, NULL, 0);
	if (!left)
		return;
	image->verdef = align(image);
	put_definition(image, VER_FLG_BASE, 1, spec->soname ? spec->soname : "", true);
	for (size_t i = 0; i < plan->n_versions; i++)
		if (!plan->versions[i].file)
			put_definition(image, 0, (uint16_t)(i + 2), plan->versions[i].name, --left);
}

/* --- relocations ----------------------------------------------------------- */

static void put_reloc(
	struct elf_image *image, const struct plan *plan, const struct elf_reloc *reloc)
{
	uint64_t symbol = symbol_index(plan, reloc->symbol);
	put_address(image, 0x1000); /* r_offset */
	put_address(image, image->wide ? symbol << 32 | reloc->type : symbol << 8 | reloc->type);
	if (!reloc->rel)
		put_address(image, 0); /* r_addend */
}

/* Puts the relocations of one table; returns its offset, 0 where it has none. */
static size_t put_relocs(struct elf_image *image, const struct elf_spec *spec,
	const struct plan *plan, bool plt, bool rel, size_t *size)
{
	size_t start = align(image);
	for (size_t i = 0; i < ELF_BUILDER_MAX && spec->relocs[i].type; i++)
		if (spec->relocs[i].plt == plt && (plt || spec->relocs[i].rel == rel))
			put_reloc(image, plan, &spec->relocs[i]);
	*size = image->size - start;
	return *size ? start : 0;
}

/* --- the rest -------------------------------------------------------------- */

static void put_note(struct elf_image *image, const char *owner, uint32_t type, const char *text)
{
	put(image, strlen(owner) + 1, 4);
	put(image, strlen(text), 4);
	put(image, type, 4);
	put_bytes(image, owner, strlen(owner) + 1);
	put_zeros(image, -image->size & 3);
	put_bytes(image, text, strlen(text));
	put_zeros(image, -image->size & 3);
}

static size_t put_notes(struct elf_image *image, const struct elf_spec *spec)
{
	image->notes = align(image);
	if (spec->note_owner)
		put_note(image, spec->note_owner, 1, "\1\0\0\0");
	if (spec->build_id)
		put_note(image, "GNU", NT_GNU_BUILD_ID, spec->build_id);
	return image->size - image->notes;
}

static void put_dyn(struct elf_image *image, int64_t tag, uint64_t value)
{
	put_address(image, (uint64_t)tag);
	put_address(image, value);
}

static void put_dyn_table(struct elf_image *image, int64_t tag, size_t offset)
{
	if (offset)
		put_dyn(image, tag, ELF_BUILDER_BASE + offset);
}

static void put_dyn_string(struct elf_image *image, int64_t tag, const char *text)
{
	if (text)
		put_dyn(image, tag, string(image, text));
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
	image->dynamic = align(image);
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
	put_bytes(image, ident, sizeof(ident));
	put(image, spec->type ? spec->type : ET_DYN, 2);
	put(image, spec->machine ? spec->machine : EM_X86_64, 2);
	put(image, EV_CURRENT, 4);
	put_address(image, 0); /* e_entry */
	put_address(image, image->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
	put_address(image, 0); /* e_shoff: loaders need no sections */
	put(image, 0, 4);      /* e_flags */
	put(image, image->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr), 2);
	put(image, image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr), 2);
	put(image, N_PHDRS, 2);
	put_zeros(image, 6); /* e_shentsize, e_shnum, e_shstrndx */
	image->phdrs = image->size;
	put_zeros(image, N_PHDRS * (image->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)));
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
	struct plan plan = make_plan(spec);
	put_header(&image, spec);
	if (spec->interpreter)
		image.interpreter =
			put_bytes(&image, spec->interpreter, strlen(spec->interpreter) + 1);
	size_t notes_size = put_notes(&image, spec);
	if (spec->text)
		put_bytes(&image, spec->text, strlen(spec->text) + 1);
	put_code(&image, &plan);
	size_t dynamic_size = 0;
	if (!spec->no_dynamic) {
		put_strings(&image, spec);
		put_symbols(&image, &plan);
		put_hashes(&image, &plan, spec->hash);
		if (plan.n_versions)
			put_versym(&image, &plan);
		put_verneed(&image, &plan);
		put_verdef(&image, spec, &plan);
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
