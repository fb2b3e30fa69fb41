/* SPDX-License-Identifier: MIT
 *
 * Relocation: where missing symbols and full static TLS come to light.
 *
 * An object's DT_RELA is worked through first, then its DT_JMPREL. Bound lazily, the
 * JUMP_SLOTs of the latter are left alone: a symbol that is missing there ends the
 * process when it is called first. Nothing else is ever lazy in glibc (musl defers
 * GLOB_DAT as well).
 *
 * Static TLS: at start the TLS segments of the program and its libraries are laid out
 * in one block with 1664 bytes to spare. An object that is dlopened and addresses its
 * variables (or another's) in the initial-exec way takes its whole segment out of the
 * spare room. TLS descriptors take room as well while there is some.
 *
 * Sources: elf/dl-reloc.c, elf/do-rel.h, elf/dl-tls.c, sysdeps/{x86_64,aarch64}/dl-machine.h,
 * sysdeps/{x86_64,aarch64}/nptl/tls.h.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base.h"
#include "glibc.h"
#include "memory.h"

#define SURPLUS 1664u      /* TLS_STATIC_SURPLUS; its parts changed, the sum never did */
#define OPTIONAL_ROOM 512u /* of it for descriptors, from 2.32 on (rtld.optional_static_tls) */

/* --- static TLS -------------------------------------------------------------- */

static size_t round_up(size_t value, size_t align)
{
	return align ? (value + align - 1) / align * align : value;
}

static bool grows_down(const struct cp_glibc *loader)
{
	return loader->target->machine != EM_AARCH64;
}

void cp_glibc_tls_start(struct cp_glibc *loader)
{
	struct cp_glibc_tls *tls = &loader->tls;
	size_t tcb_align = grows_down(loader) ? 64 : loader->config.minor < 35 ? 16 : 32;
	size_t offset = grows_down(loader) ? 0 : 16; /* the TCB of AArch64 comes first */
	tls->align = tcb_align;
	for (size_t i = 0; i < loader->closure.count; i++) {
		const struct cp_facts *facts = loader->closure.objects[i].facts;
		if (!facts || !facts->tls_size)
			continue;
		size_t align = facts->tls_align ? facts->tls_align : 1;
		tls->align = align > tls->align ? align : tls->align;
		offset = grows_down(loader) ? round_up(offset + facts->tls_size, align)
					    : round_up(offset, align) + facts->tls_size;
	}
	if (loader->config.minor >= 41) /* rseq's area is behind them */
		offset = round_up(offset, 32) + 32;
	tls->used = offset;
	tls->room =
		round_up(offset + SURPLUS, grows_down(loader) ? tls->align : tcb_align) - offset;
	tls->optional = loader->config.minor >= 32 ? OPTIONAL_ROOM : tls->room;
}

/* _dl_try_allocate_static_tls. */
static bool take_room(struct cp_glibc *loader, const struct cp_facts *facts, bool optional)
{
	struct cp_glibc_tls *tls = &loader->tls;
	size_t align = facts->tls_align ? facts->tls_align : 1;
	size_t use;
	if (align > tls->align || facts->tls_size > tls->room)
		return false;
	if (grows_down(loader))
		use = tls->room - (tls->room - facts->tls_size) / align * align;
	else
		use = round_up(tls->used, align) + facts->tls_size - tls->used;
	if (use > tls->room || (optional && use > tls->optional))
		return false;
	if (optional)
		tls->optional -= use;
	tls->room -= use;
	tls->used += use;
	return true;
}

/* Gives `definer` its place in the block. 0, or -1 with an error. */
static int need_static_tls(struct cp_glibc *loader, size_t definer, bool optional)
{
	const struct cp_loaded *object = &loader->closure.objects[definer];
	if (definer < loader->first_new || loader->tls.is_static[definer] || !object->facts)
		return 0;
	bool taken = take_room(loader, object->facts, optional);
	if (!taken && optional)
		return 0;
	loader->tls.is_static[definer] = true;
	if (taken)
		return 0;
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_STATIC_TLS, .object = definer, .subject = object->path};
	return cp_glibc_complain(loader, &complaint, "error while loading shared libraries: ",
		"%s: cannot allocate memory in static TLS block", object->path);
}

/* --- one object --------------------------------------------------------------- */

enum lookup_state { UNASKED, MISSING, MISSING_LATER, FOUND };

struct relocation {
	struct cp_glibc *loader;
	size_t number;
	const struct cp_facts *facts;
	uint8_t *states; /* enum lookup_state per undefined symbol */
	bool lazy;
};

static int no_memory(const struct cp_glibc *loader)
{
	return cp_error_set(loader->err, ENOMEM, "no memory to bind symbols");
}

static const char *soname_of(const struct cp_glibc *loader, size_t number)
{
	const struct cp_loaded *object = &loader->closure.objects[number];
	return object->facts && object->facts->soname
		       ? cp_facts_string(object->facts, object->facts->soname)
		       : object->path;
}

static enum cp_cause cause_of(const char *symbol)
{
	return cp_node_symbol(symbol) ? CP_CAUSE_NODE_ABI : CP_CAUSE_MISSING_SYMBOL;
}

/* A text about a symbol of the object under way; at a call the loader puts the program and what
 * it was doing before it, as it does at a program's start. */
static int complain(struct relocation *relocation, const struct cp_complaint *complaint,
	const char *doing, const char *text)
{
	struct cp_glibc *loader = relocation->loader;
	const struct cp_loaded *objects = loader->closure.objects;
	bool named = complaint->at_call && loader->mode != CP_LOAD_EXEC;
	return cp_glibc_complain(loader, complaint, doing, "%s%s%s%s: %s",
		named ? objects[loader->program].path : "", named ? ": " : "", named ? doing : "",
		objects[relocation->number].path, text);
}

/* The library that the versioned reference was linked against; CP_NO_OBJECT: none is loaded. */
static size_t linked_with(const struct relocation *relocation, const struct cp_symbol *symbol)
{
	const struct cp_facts *facts = relocation->facts;
	for (size_t i = 0; symbol->version && i < facts->n_verneed; i++)
		if (facts->verneed[i].version == symbol->version ||
			strcmp(cp_facts_string(facts, facts->verneed[i].version),
				cp_facts_string(facts, symbol->version)) == 0)
			return cp_closure_by_name(&relocation->loader->closure,
				cp_facts_string(facts, facts->verneed[i].file));
	return CP_NO_OBJECT;
}

static int report_missing(
	struct relocation *relocation, const struct cp_symbol *symbol, bool at_call)
{
	const struct cp_glibc *loader = relocation->loader;
	const char *name = cp_facts_string(relocation->facts, symbol->name);
	const char *version = cp_facts_string(relocation->facts, symbol->version);
	size_t linked = linked_with(relocation, symbol);
	struct cp_complaint complaint = {
		.cause = cause_of(name),
		.at_call = at_call,
		.object = relocation->number,
		.subject = name,
	};
	cp_cleanup_free char *text = NULL;
	/* Up to 2.29 the library of link time had to have it, and was named. */
	bool strict = loader->config.minor < 30 && linked != CP_NO_OBJECT;
	int length = strict ? asprintf(&text,
				      "symbol %s%s version %s not defined in file %s with link "
				      "time reference",
				      name, loader->config.minor < 27 ? "," : "", version,
				      soname_of(loader, linked))
			    : asprintf(&text, "undefined symbol: %s%s%s", name,
				      symbol->version ? ", version " : "", version);
	if (length < 0) {
		text = NULL;
		return no_memory(loader);
	}
	return complain(relocation, &complaint,
		strict ? "relocation error: " : "symbol lookup error: ", text);
}

/* Up to 2.40: a versioned reference meets the library it was linked with, and that has no version
 * table any more. check_match asserts that this cannot be. */
static int check_versionless(
	struct relocation *relocation, const struct cp_symbol *symbol, size_t definer, bool at_call)
{
	struct cp_glibc *loader = relocation->loader;
	int minor = loader->config.minor;
	const struct cp_facts *other = loader->closure.objects[definer].facts;
	if (minor >= 41 || !symbol->version || other->n_verdef || other->n_verneed ||
		linked_with(relocation, symbol) != definer)
		return 0;
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_SYMBOL_VERSION,
		.at_call = at_call,
		.object = relocation->number,
		.subject = cp_facts_string(relocation->facts, symbol->version),
	};
	if (loader->quiet)
		return 0;
	return cp_closure_problem(&loader->closure, &complaint, loader->err,
		"Inconsistency detected by ld.so: dl-lookup.c: %d: check_match: Assertion "
		"`version->filename == NULL || ! _dl_name_match_p (version->filename, map)' "
		"failed!",
		minor < 30   ? 112
		: minor < 32 ? 111
		: minor < 37 ? 107
			     : 106);
}

/* Whether the loader goes on without a definition, or there is one that is not listed. */
static bool accepts_missing(
	const struct cp_glibc *loader, const struct cp_facts *facts, const struct cp_symbol *symbol)
{
	const struct cp_program *program = &loader->target->program;
	bool by_program = loader->mode != CP_LOAD_EXEC && program->also_exports &&
			  program->also_exports(cp_facts_string(facts, symbol->name));
	return by_program || symbol->bind == STB_WEAK || symbol->visibility == STV_HIDDEN ||
	       symbol->visibility == STV_INTERNAL;
}

/* Resolves undefined symbol `at`; *definer is CP_NO_OBJECT where there is none. 0 or -1. */
static int resolve(
	struct relocation *relocation, uint32_t at, size_t skip, bool later, size_t *definer)
{
	struct cp_glibc *loader = relocation->loader;
	const struct cp_symbol *symbol = &relocation->facts->undefined[at];
	uint8_t *state = &relocation->states[at];
	*definer = CP_NO_OBJECT;
	if (*state == MISSING || (later && *state != UNASKED))
		return 0;
	if (cp_glibc_work(loader, relocation->facts->n_verneed))
		return -1;
	if (*state != MISSING_LATER)
		*definer = cp_glibc_lookup(loader, relocation->facts, symbol, skip);
	bool first = *state == UNASKED;
	bool missing =
		*definer == CP_NO_OBJECT && !accepts_missing(loader, relocation->facts, symbol);
	*state = !missing ? FOUND : later ? MISSING_LATER : MISSING;
	if (missing)
		return report_missing(relocation, symbol, later);
	if (!first || *definer == CP_NO_OBJECT)
		return 0;
	return check_versionless(relocation, symbol, *definer, later);
}

/* Relocation types that the facts know but elf_machine_rela does not. */
static bool is_unexpected(const struct cp_glibc *loader, uint32_t type)
{
	uint16_t machine = loader->target->machine;
	return cp_reloc_kind(machine, type) == CP_RELOC_UNKNOWN ||
	       (machine == EM_X86_64 && type == R_X86_64_PC64);
}

static int report_unexpected(struct relocation *relocation, uint32_t type, bool plt)
{
	const char *path = relocation->loader->closure.objects[relocation->number].path;
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_WRONG_ARCHITECTURE, .object = relocation->number};
	return cp_glibc_complain(relocation->loader, &complaint,
		"error while loading shared libraries: ", "%s: unexpected %sreloc type 0x%0*x",
		path, plt ? "PLT " : "", type > 0xff ? 8 : 2, (unsigned)type);
}

static int relocate_one(struct relocation *relocation, const struct cp_reloc *reloc, bool plt)
{
	struct cp_glibc *loader = relocation->loader;
	enum cp_reloc_kind kind = cp_reloc_kind(loader->target->machine, reloc->type);
	bool later = plt && relocation->lazy && kind == CP_RELOC_PLT;
	size_t definer = relocation->number;
	size_t skip = kind == CP_RELOC_COPY ? loader->program : CP_NO_OBJECT;
	if (kind == CP_RELOC_NONE || kind == CP_RELOC_RELATIVE)
		return 0;
	if (reloc->symbol != CP_NO_SYMBOL &&
		resolve(relocation, reloc->symbol, skip, later, &definer))
		return -1;
	if (is_unexpected(loader, reloc->type))
		return report_unexpected(relocation, reloc->type, plt && relocation->lazy);
	bool tls = kind == CP_RELOC_TPOFF || kind == CP_RELOC_TLSDESC;
	if (!tls || definer == CP_NO_OBJECT)
		return 0;
	return need_static_tls(loader, definer, kind == CP_RELOC_TLSDESC);
}

static int relocate_object(struct cp_glibc *loader, size_t number)
{
	const struct cp_facts *facts = loader->closure.objects[number].facts;
	if (!facts || !facts->symbols_known)
		return 0;
	cp_cleanup_free uint8_t *states = calloc(facts->n_undefined + 1, 1);
	if (!states)
		return no_memory(loader);
	struct relocation relocation = {
		.loader = loader,
		.number = number,
		.facts = facts,
		.states = states,
		.lazy = loader->mode != CP_LOAD_DLOPEN_NOW && !facts->bind_now,
	};
	for (size_t i = 0; i < facts->n_relocs_dyn; i++)
		if (relocate_one(&relocation, &facts->relocs_dyn[i], false))
			return -1;
	for (size_t i = 0; i < facts->n_relocs_plt; i++)
		if (relocate_one(&relocation, &facts->relocs_plt[i], true))
			return -1;
	return 0;
}

int cp_glibc_relocate(struct cp_glibc *loader, const size_t *order, size_t count, size_t first)
{
	loader->tls.is_static = calloc(loader->closure.count + 1, sizeof(bool));
	if (!loader->tls.is_static)
		return no_memory(loader);
	for (size_t i = 0; i < count; i++)
		if (order[i] >= first && relocate_object(loader, order[i]))
			return -1;
	return 0;
}
