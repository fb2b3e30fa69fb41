/* SPDX-License-Identifier: MIT
 *
 * Relocations, in musl's order: DT_JMPREL, then DT_REL and DT_RELA. For each, the symbol
 * is looked up before the type is looked at, so that an object of another machine fails
 * on the first symbol that is missing or else on the first type that is unknown here.
 *
 * musl has no lazy binding. What RTLD_LAZY gives is that a JUMP_SLOT or GLOB_DAT whose
 * symbol is missing is put off (another dlopen may bring it); until then the slot holds
 * no address, and the call is a jump to nowhere that ends the process without a word.
 * Objects with DF_BIND_NOW or DF_1_NOW are excepted; a bare DT_BIND_NOW is not enough,
 * as the loader looks at its value, which is 0.
 */
#include <elf.h>
#include <errno.h>

#include "base.h"
#include "memory.h"
#include "musl.h"

enum seen { UNSEEN, SEEN_AT_CALL, SEEN_FAILING };

struct pass {
	struct cp_musl *musl;
	size_t object;
	const struct cp_facts *facts;
	bool lazy;
	bool found_any;      /* a problem of this object */
	const char *name;    /* of the last symbol that was looked up in this table */
	unsigned char *seen; /* per undefined[], enum seen: one problem a symbol */
};

static bool is_foreign(const struct cp_musl *musl, const struct cp_facts *facts)
{
	return facts->machine != musl->target->machine;
}

/* The types that musl's arch/ARCH/reloc.h maps to a kind it handles. */
static bool is_supported(uint16_t machine, uint32_t type)
{
	switch (cp_reloc_kind(machine, type)) {
	case CP_RELOC_RELATIVE:
		return machine != EM_X86_64 || type == R_X86_64_RELATIVE;
	case CP_RELOC_OFFSET:
		return machine == EM_X86_64 && type == R_X86_64_PC32;
	case CP_RELOC_PLT:
	case CP_RELOC_GOT:
	case CP_RELOC_SYMBOLIC:
	case CP_RELOC_COPY:
	case CP_RELOC_DTPMOD:
	case CP_RELOC_DTPOFF:
	case CP_RELOC_TPOFF:
	case CP_RELOC_TLSDESC:
		return true;
	default:
		return false;
	}
}

static int missing_symbol(struct pass *pass, uint32_t number, bool at_call, struct cp_error **err)
{
	struct cp_musl *musl = pass->musl;
	enum seen now = at_call ? SEEN_AT_CALL : SEEN_FAILING;
	pass->found_any = true;
	if (pass->seen[number] >= now)
		return 0;
	pass->seen[number] = (unsigned char)now;
	struct cp_complaint complaint = {
		.cause = is_foreign(musl, pass->facts) ? CP_CAUSE_WRONG_ARCHITECTURE
			 : cp_node_symbol(pass->name)  ? CP_CAUSE_NODE_ABI
						       : CP_CAUSE_MISSING_SYMBOL,
		.at_call = at_call,
		.object = pass->object,
		.subject = pass->name,
	};
	if (at_call)
		return cp_closure_problem(&musl->closure, &complaint, err, NULL);
	return cp_closure_problem(&musl->closure, &complaint, err,
		"Error relocating %s: %s: symbol not found",
		musl->closure.objects[pass->object].path, pass->name);
}

/* An indirect function of the object's own is what glibc's linkers and compilers make on
 * this machine; any other unknown type is another machine's. */
static int unsupported_type(struct pass *pass, uint32_t type, struct cp_error **err)
{
	struct cp_musl *musl = pass->musl;
	struct cp_complaint complaint = {
		.cause = is_foreign(musl, pass->facts) ? CP_CAUSE_WRONG_ARCHITECTURE
						       : CP_CAUSE_WRONG_LIBC,
		.object = pass->object,
	};
	pass->found_any = true;
	return cp_closure_problem(&musl->closure, &complaint, err,
		"Error relocating %s: unsupported relocation type %u",
		musl->closure.objects[pass->object].path, type);
}

/* A program that runs has no room for more static TLS. The name printed is that of the
 * last symbol looked up, which need not be this relocation's; where there was none, it is
 * whatever a register held: nothing, mostly. */
static int static_tls(struct pass *pass, size_t definer, struct cp_error **err)
{
	struct cp_closure *closure = &pass->musl->closure;
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_STATIC_TLS,
		.object = pass->object,
		.subject = closure->objects[definer].path,
	};
	pass->found_any = true;
	return cp_closure_problem(closure, &complaint, err,
		"Error relocating %s: %s: initial-exec TLS resolves to dynamic definition in %s",
		closure->objects[pass->object].path, pass->name ? pass->name : "",
		closure->objects[definer].path);
}

static bool is_dynamic_tls(const struct cp_musl *musl, size_t definer)
{
	if (musl->mode == CP_LOAD_EXEC || definer == CP_NO_OBJECT || definer < musl->first)
		return false;
	const struct cp_facts *facts = musl->closure.objects[definer].facts;
	return facts && facts->tls_size > 0;
}

/* Looks a relocation's symbol up. Returns 1 where the loader goes on to its type, 0 where
 * it does not, -1 with an error. */
static int resolve(
	struct pass *pass, const struct cp_reloc *reloc, size_t *definer, struct cp_error **err)
{
	struct cp_musl *musl = pass->musl;
	*definer = pass->object;
	if (reloc->symbol == CP_NO_SYMBOL)
		return 1;
	const struct cp_symbol *symbol = &pass->facts->undefined[reloc->symbol];
	enum cp_reloc_kind kind = cp_reloc_kind(musl->target->machine, reloc->type);
	size_t first = kind == CP_RELOC_COPY ? CP_MUSL_PROGRAM + 1 : CP_MUSL_PROGRAM;
	pass->name = cp_facts_string(pass->facts, symbol->name);
	if (cp_musl_find_symbol(musl, pass->name, symbol->hash, first, definer, err))
		return -1;
	bool optional = symbol->bind == STB_WEAK && !(symbol->flags & CP_SYM_OWN);
	if (*definer != CP_NO_OBJECT || optional)
		return 1;
	bool at_call = pass->lazy && (kind == CP_RELOC_PLT || kind == CP_RELOC_GOT);
	return missing_symbol(pass, reloc->symbol, at_call, err) ? -1 : 0;
}

static int relocate_table(
	struct pass *pass, const struct cp_reloc *relocs, size_t count, struct cp_error **err)
{
	struct cp_musl *musl = pass->musl;
	uint16_t machine = musl->target->machine;
	pass->name = NULL;
	for (size_t i = 0; i < count; i++) {
		size_t definer;
		if (relocs[i].type == 0) /* R_*_NONE */
			continue;
		int goes_on = resolve(pass, &relocs[i], &definer, err);
		if (goes_on < 0)
			return -1;
		if (!goes_on)
			continue;
		int result = 0;
		if (cp_reloc_kind(machine, relocs[i].type) == CP_RELOC_TPOFF &&
			is_dynamic_tls(musl, definer))
			result = static_tls(pass, definer, err);
		else if (!is_supported(machine, relocs[i].type))
			result = unsupported_type(pass, relocs[i].type, err);
		if (result)
			return -1;
	}
	return 0;
}

static bool binds_now(const struct cp_facts *facts)
{
	return facts->flags & DF_BIND_NOW || facts->flags_1 & DF_1_NOW;
}

/* Another machine's object without a relocation that could stop it is loaded, and its
 * first instruction ends the process. */
static int foreign_code(struct pass *pass, struct cp_error **err)
{
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_WRONG_ARCHITECTURE, .at_call = true, .object = pass->object};
	return cp_closure_problem(&pass->musl->closure, &complaint, err, NULL);
}

int cp_musl_relocate(struct cp_musl *musl, size_t object, struct cp_error **err)
{
	const struct cp_facts *facts = musl->closure.objects[object].facts;
	if (!facts || !facts->symbols_known)
		return 0;
	cp_cleanup_free unsigned char *seen = calloc(facts->n_undefined + 1, 1);
	if (!seen)
		return cp_error_set(err, ENOMEM, "no memory for a simulated load");
	struct pass pass = {.musl = musl,
		.object = object,
		.facts = facts,
		.lazy = musl->mode == CP_LOAD_DLOPEN_LAZY && !binds_now(facts),
		.seen = seen};
	if (relocate_table(&pass, facts->relocs_plt, facts->n_relocs_plt, err) ||
		relocate_table(&pass, facts->relocs_dyn, facts->n_relocs_dyn, err))
		return -1;
	if (is_foreign(musl, facts) && !pass.found_any)
		return foreign_code(&pass, err);
	return 0;
}
