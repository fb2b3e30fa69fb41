/* SPDX-License-Identifier: MIT
 *
 * Relocations: what the loader must find before the object can run, and how
 * urgently. A program has hundreds of thousands; the simulations need each pair of
 * symbol and type once, so those kept are chained by symbol, and a symbol may have
 * no more types than any machine has.
 *
 * DT_RELR holds relative relocations alone, so there is nothing to learn from it.
 */
#include "elf_read.h"

#include <errno.h>
#include <string.h>

#include "memory.h"

/* No psABI has more dynamic relocation types than this. */
#define MAX_TYPES_PER_SYMBOL 64

enum { TABLE_REL, TABLE_RELA, TABLE_PLT, N_TABLES };

struct reloc_range {
	const char *name;
	uint64_t address;
	uint64_t size;
	Elf_Type type;
};

/* Some linkers count the PLT's relocations into DT_RELASZ or DT_RELSZ as well;
 * glibc then leaves them to DT_JMPREL (elf_dynamic_do_Rel), and so does this. */
static void leave_to_plt(struct reloc_range *range, const struct reloc_range *plt)
{
	uint64_t end;
	if (range->type == plt->type && plt->size && plt->size <= range->size &&
		!__builtin_add_overflow(range->address, range->size, &end) &&
		plt->address == end - plt->size)
		range->size -= plt->size;
}

static void find_ranges(const struct cp_elf_dynamic *dynamic, struct reloc_range ranges[N_TABLES])
{
	ranges[TABLE_REL] = (struct reloc_range){
		"relocation table (DT_REL)", dynamic->rel, dynamic->relsz, ELF_T_REL};
	ranges[TABLE_RELA] = (struct reloc_range){
		"relocation table (DT_RELA)", dynamic->rela, dynamic->relasz, ELF_T_RELA};
	ranges[TABLE_PLT] = (struct reloc_range){"relocation table (DT_JMPREL)", dynamic->jmprel,
		dynamic->pltrelsz, dynamic->pltrel == DT_RELA ? ELF_T_RELA : ELF_T_REL};
	leave_to_plt(&ranges[TABLE_REL], &ranges[TABLE_PLT]);
	leave_to_plt(&ranges[TABLE_RELA], &ranges[TABLE_PLT]);
}

size_t cp_elf_symbols_in_relocs(struct cp_elf *elf)
{
	struct reloc_range ranges[N_TABLES];
	find_ranges(&elf->dynamic, ranges);
	size_t used = 0;
	for (size_t i = 0; i < N_TABLES; i++) {
		struct cp_bytes bytes = cp_elf_locate(elf, ranges[i].address);
		if (bytes.size > ranges[i].size)
			bytes.size = (size_t)ranges[i].size;
		struct cp_elf_table table;
		cp_elf_table_init(&table, elf, ranges[i].type, bytes);
		for (size_t at = 0; at < table.count; at++) {
			size_t symbol = cp_elf_relocation(&table, at).symbol;
			if (symbol && symbol + 1 > used)
				used = symbol + 1;
		}
	}
	return used;
}

/* The relocations kept of one list, chained by symbol. Chains hold index + 1. */
struct reloc_list {
	struct cp_reloc *relocs;
	uint32_t *next;      /* of the same symbol */
	uint32_t *by_symbol; /* [0]: without a symbol; [n + 1]: undefined[n] */
	size_t count, relocs_size, next_size;
};

static void clear_list(struct reloc_list *list)
{
	free(list->relocs);
	free(list->next);
	free(list->by_symbol);
}

static int keep(struct reloc_list *list, uint32_t symbol, uint32_t type, struct cp_error **err)
{
	uint32_t *chain = &list->by_symbol[symbol == CP_NO_SYMBOL ? 0 : symbol + 1];
	size_t types = 0;
	for (uint32_t at = *chain; at; at = list->next[at - 1]) {
		if (list->relocs[at - 1].type == type)
			return 0;
		if (++types >= MAX_TYPES_PER_SYMBOL)
			return cp_error_set(
				err, EINVAL, "more types of relocation than any machine has");
	}
	if (cp_grow(&list->relocs, &list->relocs_size, list->count + 1, sizeof(*list->relocs)) <
			0 ||
		cp_grow(&list->next, &list->next_size, list->count + 1, sizeof(*list->next)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	list->relocs[list->count] = (struct cp_reloc){symbol, type};
	list->next[list->count] = *chain;
	*chain = (uint32_t)++list->count;
	return 0;
}

/* Whether a reference to a symbol that the object defines is more than its own affair:
 * a copy is of another object's definition; musl looks every name up, accepts not every
 * definition (musl_symbols.c), and names thread-local ones in its messages. */
static bool is_looked_up(uint16_t machine, uint32_t type, const struct cp_symbol *symbol)
{
	return cp_reloc_kind(machine, type) == CP_RELOC_COPY || symbol->type == STT_TLS ||
	       symbol->type == STT_GNU_IFUNC || symbol->flags & (CP_SYM_NO_VALUE | CP_SYM_HIDDEN);
}

/* Finds where the relocation's symbol stands in undefined[], or that it need not. */
static int find_reference(struct cp_elf *elf, const struct cp_elf_reloc *reloc, uint32_t *symbol,
	struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	*symbol = CP_NO_SYMBOL;
	if (!reloc->symbol)
		return 0;
	if (reloc->symbol >= elf->n_symbols)
		return cp_error_set(err, EINVAL, "no symbol %u", reloc->symbol);
	uint32_t reference = elf->reference_of[reloc->symbol];
	if (reference == CP_NO_SYMBOL || !(reference & CP_ELF_OWN)) {
		*symbol = reference;
		return 0;
	}
	struct cp_symbol own = facts->exports[reference & ~CP_ELF_OWN];
	if (!is_looked_up(facts->machine, reloc->type, &own))
		return 0;
	if (cp_grow(&facts->undefined, &elf->undefined_size, facts->n_undefined + 1, sizeof(own)) <
		0)
		return cp_error_set(err, ENOMEM, "out of memory");
	own.flags |= CP_SYM_OWN;
	*symbol = elf->reference_of[reloc->symbol] = (uint32_t)facts->n_undefined;
	facts->undefined[facts->n_undefined++] = own;
	return 0;
}

static int read_range(struct cp_elf *elf, const struct reloc_range *range, struct reloc_list *list,
	struct cp_error **err)
{
	if (!range->address || !range->size)
		return 0;
	struct cp_bytes bytes;
	if (cp_elf_locate_table(elf, range->name, range->address, range->size, &bytes, err) < 0)
		return -1;
	struct cp_elf_table table;
	cp_elf_table_init(&table, elf, range->type, bytes);
	if (table.count > CP_MAX_RELOCS)
		return cp_error_set(
			err, EINVAL, "%zu relocations, more than %u", table.count, CP_MAX_RELOCS);
	for (size_t i = 0; i < table.count; i++) {
		struct cp_elf_reloc reloc = cp_elf_relocation(&table, i);
		uint32_t symbol;
		if (find_reference(elf, &reloc, &symbol, err) < 0 ||
			keep(list, symbol, reloc.type, err) < 0)
			return cp_error_wrap(err, "%s", range->name);
	}
	return 0;
}

static int read_list(struct cp_elf *elf, const struct reloc_range *ranges, size_t n_ranges,
	struct cp_reloc **relocs, size_t *count, struct cp_error **err)
{
	struct reloc_list list = {0};
	list.by_symbol = calloc(elf->n_symbols + 1, sizeof(*list.by_symbol));
	if (!list.by_symbol)
		return cp_error_set(err, ENOMEM, "out of memory");
	int result = 0;
	for (size_t i = 0; i < n_ranges && result == 0; i++)
		result = read_range(elf, &ranges[i], &list, err);
	if (result == 0 && list.count) {
		struct cp_reloc *less = realloc(list.relocs, list.count * sizeof(*less));
		*relocs = less ? less : list.relocs;
		*count = list.count;
		list.relocs = NULL;
	}
	clear_list(&list);
	return result;
}

int cp_elf_read_relocs(struct cp_elf *elf, struct cp_error **err)
{
	struct cp_facts *facts = elf->facts;
	struct reloc_range ranges[N_TABLES];
	find_ranges(&elf->dynamic, ranges);
	if (read_list(elf, &ranges[TABLE_PLT], 1, &facts->relocs_plt, &facts->n_relocs_plt, err) <
		0)
		return -1;
	return read_list(elf, &ranges[TABLE_REL], 2, &facts->relocs_dyn, &facts->n_relocs_dyn, err);
}
