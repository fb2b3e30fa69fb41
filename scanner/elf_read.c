/* SPDX-License-Identifier: MIT */
#include "elf_read.h"

#include <errno.h>
#include <string.h>

#include "memory.h"

/* x86-64's page, the smallest one of the machines that matter here. */
#define PAGE 4096u

struct cp_bytes cp_elf_locate(const struct cp_elf *elf, uint64_t address)
{
	for (size_t i = 0; i < elf->n_loads; i++) {
		const struct cp_elf_load *load = &elf->loads[i];
		if (address < load->address || address - load->address >= load->size)
			continue;
		uint64_t into = address - load->address;
		return (struct cp_bytes){
			.at = elf->data + load->offset + into, .size = (size_t)(load->size - into)};
	}
	return (struct cp_bytes){0};
}

int cp_elf_locate_table(struct cp_elf *elf, const char *table, uint64_t address, uint64_t size,
	struct cp_bytes *bytes, struct cp_error **err)
{
	*bytes = cp_elf_locate(elf, address);
	if (bytes->size < size)
		return cp_error_set(err, EINVAL,
			"the %s (%#llx, %llu bytes) is not wholly in the file", table,
			(unsigned long long)address, (unsigned long long)size);
	if (size > elf->table_budget)
		return cp_error_set(err, EINVAL, "the %s overlaps other tables", table);
	elf->table_budget -= (size_t)size;
	bytes->size = (size_t)size;
	return 0;
}

/* What glibc's open_verify checks in the first bytes, in its order. */
static enum cp_elf_defect check_header(struct cp_elf *elf)
{
	const uint8_t *ident = elf->data;
	size_t header_size = sizeof(Elf64_Ehdr);
	if (elf->size > EI_CLASS && ident[EI_CLASS] == ELFCLASS32)
		header_size = sizeof(Elf32_Ehdr);
	if (elf->size < header_size)
		return CP_DEFECT_TOO_SHORT;
	elf->wide = ident[EI_CLASS] == ELFCLASS64;
	elf->encoding = ident[EI_DATA];
	struct cp_facts *facts = elf->facts;
	facts->elf_class = ident[EI_CLASS];
	facts->encoding = ident[EI_DATA];
	facts->os_abi = ident[EI_OSABI];
	facts->abi_version = ident[EI_ABIVERSION];
	if (!elf->wide && ident[EI_CLASS] != ELFCLASS32)
		return CP_DEFECT_CLASS;
	if (elf->encoding != ELFDATA2LSB && elf->encoding != ELFDATA2MSB)
		return CP_DEFECT_ENCODING;
	cp_elf_read_header(elf);
	facts->type = elf->header.e_type;
	facts->machine = elf->header.e_machine;
	if (ident[EI_VERSION] != EV_CURRENT)
		return CP_DEFECT_IDENT_VERSION;
	if (elf->header.e_version != EV_CURRENT)
		return CP_DEFECT_VERSION;
	if (elf->header.e_phentsize != cp_elf_entry_size(elf, ELF_T_PHDR))
		return CP_DEFECT_PHENTSIZE;
	return CP_DEFECT_NONE;
}

static bool misaligned(const GElf_Phdr *load)
{
	return load->p_align % PAGE != 0 ||
	       ((load->p_vaddr - load->p_offset) & (load->p_align - 1)) != 0;
}

/* Notes a PT_LOAD; true where the file ends before its part of the file does. */
static bool add_load(struct cp_elf *elf, const GElf_Phdr *phdr)
{
	uint64_t offset = phdr->p_offset < elf->size ? phdr->p_offset : elf->size;
	uint64_t there = elf->size - offset;
	bool cut = phdr->p_filesz > there;
	elf->loads[elf->n_loads++] = (struct cp_elf_load){.address = phdr->p_vaddr,
		.offset = offset,
		.size = cut ? there : phdr->p_filesz,
		.flags = phdr->p_flags};
	return cut;
}

static void read_stack_and_tls(struct cp_facts *facts, const GElf_Phdr *phdr)
{
	if (phdr->p_type == PT_GNU_STACK)
		facts->stack = phdr->p_flags & PF_X ? CP_STACK_EXECUTABLE : CP_STACK_PLAIN;
	if (phdr->p_type == PT_TLS) {
		facts->tls_size = phdr->p_memsz;
		facts->tls_align = phdr->p_align;
	}
}

/* Finds PT_DYNAMIC where the loader would: through the mapped segments. One
 * without bytes in the file marks a separate file of debug information. */
static void find_dynamic(struct cp_elf *elf, uint64_t address, uint64_t size)
{
	elf->facts->has_dynamic = size > 0;
	elf->dynamic_bytes = cp_elf_locate(elf, address);
	if (elf->dynamic_bytes.size > size)
		elf->dynamic_bytes.size = (size_t)size;
}

bool cp_elf_open_segments(const struct cp_elf *elf, struct cp_elf_table *table)
{
	uint64_t entry = cp_elf_entry_size(elf, ELF_T_PHDR);
	uint64_t offset = elf->header.e_phoff < elf->size ? elf->header.e_phoff : elf->size;
	uint64_t there = (elf->size - offset) / entry;
	bool cut = there < elf->header.e_phnum;
	uint64_t count = cut ? there : elf->header.e_phnum;
	cp_elf_table_init(table, elf, ELF_T_PHDR,
		(struct cp_bytes){elf->data + offset, (size_t)(count * entry)});
	return cut;
}

/* Reads the program headers; *defect becomes the first thing that glibc would
 * refuse (_dl_map_object_from_fd). It does not look for a segment that the file is
 * too short for, and would be killed by SIGBUS: that comes last. */
static int read_segments(struct cp_elf *elf, enum cp_elf_defect *defect, struct cp_error **err)
{
	struct cp_elf_table table;
	bool cut_table = cp_elf_open_segments(elf, &table);
	elf->loads = calloc(table.count + 1, sizeof(*elf->loads));
	if (!elf->loads)
		return cp_error_set(err, ENOMEM, "out of memory");
	bool cut_load = false, bad_alignment = false;
	GElf_Phdr dynamic = {0};
	for (size_t i = 0; i < table.count; i++) {
		GElf_Phdr phdr = cp_elf_phdr(&table, i);
		if (phdr.p_type == PT_LOAD) {
			elf->facts->empty_segment |=
				elf->n_loads > 0 && phdr.p_memsz == 0 && phdr.p_vaddr % PAGE == 0;
			cut_load |= add_load(elf, &phdr);
			bad_alignment |= misaligned(&phdr);
		} else if (phdr.p_type == PT_DYNAMIC) {
			dynamic = phdr;
		} else {
			read_stack_and_tls(elf->facts, &phdr);
		}
	}
	find_dynamic(elf, dynamic.p_vaddr, dynamic.p_filesz);
	if (cut_table)
		*defect = CP_DEFECT_PHDRS_CUT;
	else if (bad_alignment)
		*defect = CP_DEFECT_LOAD_ALIGNMENT;
	else if (elf->n_loads == 0)
		*defect = CP_DEFECT_NO_LOAD;
	else if (!elf->facts->has_dynamic && elf->header.e_type == ET_DYN)
		*defect = CP_DEFECT_NO_DYNAMIC;
	else if (cut_load)
		*defect = CP_DEFECT_TRUNCATED;
	return 0;
}

static int index_exports(struct cp_elf *elf, struct cp_error **err)
{
	if (cp_facts_index_exports(elf->facts) < 0)
		return cp_error_set(err, EINVAL,
			"the exports cannot be indexed: no memory, or names made to "
			"collide");
	return 0;
}

static int read_tables(struct cp_elf *elf, struct cp_error **err)
{
	static int (*const stages[])(struct cp_elf *, struct cp_error **) = {
		cp_elf_read_dynamic,
		cp_elf_read_needed,
		cp_elf_read_versions,
		cp_elf_read_symbols,
		index_exports,
		cp_elf_read_relocs,
		cp_elf_read_origin,
		cp_elf_read_node,
	};
	for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]); i++) {
		cp_cleanup_error struct cp_error *why = NULL;
		if (stages[i](elf, &why) == 0)
			continue;
		/* Of an object that no loader would map, what can be read is enough. */
		if (elf->facts->defect != CP_DEFECT_NONE && (!why || why->code != ENOMEM))
			continue;
		if (err)
			*err = cp_take(why);
		return -1;
	}
	return 0;
}

static int read_object(struct cp_elf *elf, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	facts->defect = check_header(elf);
	if (facts->defect != CP_DEFECT_NONE)
		return 0;
	if (read_segments(elf, &facts->defect, err) < 0 || read_tables(elf, err) < 0)
		return -1;
	facts->symbols_known = true;
	return 0;
}

static struct cp_facts *new_facts(size_t size)
{
	cp_cleanup_facts struct cp_facts *facts = calloc(1, sizeof(*facts));
	if (!facts)
		return NULL;
	facts->pool = calloc(1, 1);
	if (!facts->pool)
		return NULL;
	facts->pool_size = 1;
	facts->size = size;
	facts->node_api = -1;
	return cp_take(facts);
}

size_t cp_facts_extent(const void *data, size_t have, size_t size)
{
	struct cp_facts facts;
	struct cp_elf elf = {.data = data, .size = have, .facts = &facts};
	struct cp_elf_table table;
	if (check_header(&elf) != CP_DEFECT_NONE || cp_elf_open_segments(&elf, &table))
		return size;
	uint64_t extent = cp_elf_entry_size(&elf, ELF_T_EHDR);
	uint64_t table_end = elf.header.e_phoff + table.count * table.entry;
	if (table.count && table_end > extent)
		extent = table_end;
	for (size_t i = 0; i < table.count; i++) {
		GElf_Phdr phdr = cp_elf_phdr(&table, i);
		uint64_t end;
		if (__builtin_add_overflow(phdr.p_offset, phdr.p_filesz, &end) || end > size)
			return size;
		extent = end > extent ? end : extent;
	}
	return (size_t)extent;
}

int cp_facts_read(const void *data, size_t size, struct cp_facts **out, struct cp_error **err)
{
	*out = NULL;
	if (size < SELFMAG || memcmp(data, ELFMAG, SELFMAG) != 0)
		return cp_error_set(err, EINVAL, "not an ELF object");
	if (size > CP_MAX_OBJECT_SIZE)
		return cp_error_set(err, EFBIG, "an object of more than %llu bytes",
			(unsigned long long)CP_MAX_OBJECT_SIZE);
	cp_cleanup_facts struct cp_facts *facts = new_facts(size);
	if (!facts)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_elf elf = {.data = data,
		.size = size,
		.table_budget = size,
		.string_budget = CP_MAX_STRINGS,
		.facts = facts};
	int result = read_object(&elf, err);
	free(elf.loads);
	free(elf.versions);
	free(elf.reference_of);
	if (result < 0)
		return -1;
	*out = cp_take(facts);
	return 0;
}
