/* SPDX-License-Identifier: MIT */
#include "facts_check.h"

#define SPARE_MEMORY 65536u /* bytes beyond three times the object */

static bool is_string(const struct cp_facts *facts, cp_str at)
{
	return at < facts->pool_size;
}

static const char *flaw_of_names(const struct cp_facts *facts)
{
	const cp_str names[] = {facts->interpreter, facts->soname, facts->rpath, facts->runpath,
		facts->build_id, facts->node_version, facts->glibc_min, facts->glibcxx_min};
	if (facts->pool_size == 0 || facts->pool[0] || facts->pool[facts->pool_size - 1])
		return "the pool does not begin and end with NUL";
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (!is_string(facts, names[i]))
			return "a name is outside of the pool";
	for (size_t i = 0; i < facts->n_needed; i++)
		if (!is_string(facts, facts->needed[i]))
			return "needed[] is outside of the pool";
	for (size_t i = 0; i < facts->n_verneed; i++)
		if (!is_string(facts, facts->verneed[i].file) ||
			!is_string(facts, facts->verneed[i].version))
			return "verneed[] is outside of the pool";
	for (size_t i = 0; i < facts->n_verdef; i++)
		if (!is_string(facts, facts->verdef[i].version))
			return "verdef[] is outside of the pool";
	return NULL;
}

static const char *flaw_of_symbols(
	const struct cp_facts *facts, const struct cp_symbol *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!is_string(facts, symbols[i].name) || !is_string(facts, symbols[i].version))
			return "a symbol is outside of the pool";
		if (!*cp_facts_string(facts, symbols[i].name))
			return "a symbol has no name";
		if (symbols[i].hash != cp_symbol_hash(cp_facts_string(facts, symbols[i].name)))
			return "a symbol has another name's hash";
	}
	return NULL;
}

static bool finds_itself(const struct cp_facts *facts, const struct cp_symbol *symbol)
{
	const char *name = cp_facts_string(facts, symbol->name);
	const struct cp_symbol *found;
	size_t cursor = 0;
	do
		found = cp_facts_export_next(facts, name, symbol->hash, &cursor);
	while (found && found != symbol);
	return found != NULL;
}

/* Only of some exports: walks over crafted collisions are long. */
static const char *flaw_of_lookup(const struct cp_facts *facts)
{
	for (size_t i = 0; facts->export_slots && i < facts->n_exports && i < 64; i++)
		if (!finds_itself(facts, &facts->exports[i]))
			return "an export is not found by its name";
	return NULL;
}

static const char *flaw_of_relocs(
	const struct cp_facts *facts, const struct cp_reloc *relocs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (relocs[i].symbol != CP_NO_SYMBOL && relocs[i].symbol >= facts->n_undefined)
			return "a relocation refers to no symbol";
	return NULL;
}

static size_t memory_used(const struct cp_facts *facts)
{
	return facts->pool_size + facts->n_needed * sizeof(*facts->needed) +
	       facts->n_verneed * sizeof(*facts->verneed) +
	       facts->n_verdef * sizeof(*facts->verdef) +
	       facts->n_undefined * sizeof(*facts->undefined) +
	       facts->n_exports * sizeof(*facts->exports) +
	       facts->n_relocs_plt * sizeof(*facts->relocs_plt) +
	       facts->n_relocs_dyn * sizeof(*facts->relocs_dyn) +
	       (facts->export_slots + facts->n_exports) * sizeof(*facts->export_table);
}

const char *facts_flaw(const struct cp_facts *facts, size_t size)
{
	const char *flaw = flaw_of_names(facts);
	if (!flaw)
		flaw = flaw_of_symbols(facts, facts->undefined, facts->n_undefined);
	if (!flaw)
		flaw = flaw_of_symbols(facts, facts->exports, facts->n_exports);
	if (!flaw)
		flaw = flaw_of_lookup(facts);
	if (!flaw)
		flaw = flaw_of_relocs(facts, facts->relocs_plt, facts->n_relocs_plt);
	if (!flaw)
		flaw = flaw_of_relocs(facts, facts->relocs_dyn, facts->n_relocs_dyn);
	if (!flaw && memory_used(facts) > 3 * size + SPARE_MEMORY)
		flaw = "more memory than three times the object";
	return flaw;
}
