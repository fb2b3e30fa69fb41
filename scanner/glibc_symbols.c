/* SPDX-License-Identifier: MIT
 *
 * Which object defines a symbol? do_lookup_x and check_match of glibc's
 * elf/dl-lookup.c, reduced to the question whether a definition exists.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "glibc.h"

bool cp_glibc_has_version(const struct cp_facts *facts, const char *version)
{
	for (size_t i = 0; i < facts->n_verdef; i++)
		if (strcmp(cp_facts_string(facts, facts->verdef[i].version), version) == 0)
			return true;
	return false;
}

/* What is code or data, and not local. glibc passes over a value of 0 as well, unless the symbol
 * is absolute or thread-local; but no section of a real object lies at 0, so that a value of 0
 * is an absolute one. */
static bool is_definition(const struct cp_symbol *symbol)
{
	if (symbol->visibility == STV_HIDDEN || symbol->visibility == STV_INTERNAL)
		return false;
	switch (symbol->type) {
	case STT_NOTYPE:
	case STT_OBJECT:
	case STT_FUNC:
	case STT_COMMON:
	case STT_TLS:
	case STT_GNU_IFUNC:
		return true;
	default:
		return false;
	}
}

/* A reference with a version takes that version, or a definition without one. */
static bool matches_version(
	const struct cp_facts *facts, const struct cp_symbol *symbol, const char *version)
{
	if (!facts->n_verdef || !symbol->version)
		return !(symbol->flags & CP_SYM_HIDDEN);
	return strcmp(cp_facts_string(facts, symbol->version), version) == 0;
}

/* The first version that the object defines (index 2) is the oldest: old binaries, which
 * have no versions, mean that one, hidden or not. */
static bool is_oldest(const struct cp_facts *facts, const struct cp_symbol *symbol)
{
	for (size_t i = 0; i < facts->n_verdef && i < 2; i++) /* the base comes before it */
		if (!facts->verdef[i].base)
			return strcmp(cp_facts_string(facts, facts->verdef[i].version),
				       cp_facts_string(facts, symbol->version)) == 0;
	return true;
}

static bool defines(
	const struct cp_facts *facts, const char *name, uint32_t hash, const char *version)
{
	const struct cp_symbol *symbol;
	size_t cursor = 0, defaults = 0;
	while ((symbol = cp_facts_export_next(facts, name, hash, &cursor))) {
		if (!is_definition(symbol))
			continue;
		if (version) {
			if (matches_version(facts, symbol, version))
				return true;
		} else if (!symbol->version || is_oldest(facts, symbol)) {
			return true;
		} else if (!(symbol->flags & CP_SYM_HIDDEN)) {
			defaults++;
		}
	}
	return defaults == 1;
}

size_t cp_glibc_lookup(struct cp_glibc *loader, const struct cp_facts *facts,
	const struct cp_symbol *reference, size_t skip)
{
	const char *name = cp_facts_string(facts, reference->name);
	const char *version = cp_facts_string_or_null(facts, reference->version);
	for (size_t i = 0; i < loader->n_scope; i++) {
		const struct cp_facts *other = loader->closure.objects[loader->scope[i]].facts;
		loader->work++;
		if (loader->scope[i] != skip && other &&
			defines(other, name, reference->hash, version))
			return loader->scope[i];
	}
	return CP_NO_OBJECT;
}
