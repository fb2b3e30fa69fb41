/* SPDX-License-Identifier: MIT
 *
 * The way into a simulated load: who does the loading?
 *
 * dlopen(3) is the business of the target's own loader. A program start begins in
 * the kernel (binfmt_elf.c of Linux): it maps the program and its PT_INTERP, and
 * says ENOENT, ENOEXEC or ELIBBAD where that cannot be done; nothing is printed
 * then, whatever the shell says about it later is the shell's own text. A program
 * without PT_INTERP needs no loader. Else the interpreter's rules apply, which
 * need not be those of the target's libc: a musl loader can be installed beside
 * glibc.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "closure.h"
#include "memory.h"

const char *cp_outcome_name(enum cp_outcome outcome)
{
	static const char *const names[] = {
		[CP_OUTCOME_LOADS] = "loads",
		[CP_OUTCOME_LOADS_WITH] = "loads_with",
		[CP_OUTCOME_CRASHES] = "crashes",
		[CP_OUTCOME_FAILS] = "fails",
		[CP_OUTCOME_FOREIGN] = "foreign",
		[CP_OUTCOME_UNUSED] = "unused",
		[CP_OUTCOME_UNKNOWN] = NULL,
	};
	return (size_t)outcome < sizeof(names) / sizeof(names[0]) ? names[outcome] : NULL;
}

const char *cp_cause_name(enum cp_cause cause)
{
	static const char *const names[] = {
		[CP_CAUSE_NONE] = NULL,
		[CP_CAUSE_MISSING_LOADER] = "missing_loader",
		[CP_CAUSE_MISSING_LIBRARY] = "missing_library",
		[CP_CAUSE_MISSING_SYMBOL] = "missing_symbol",
		[CP_CAUSE_SYMBOL_VERSION] = "symbol_version",
		[CP_CAUSE_WRONG_LIBC] = "wrong_libc",
		[CP_CAUSE_STATIC_TLS] = "static_tls",
		[CP_CAUSE_EXECUTABLE_STACK] = "executable_stack",
		[CP_CAUSE_WRONG_ARCHITECTURE] = "wrong_architecture",
		[CP_CAUSE_NOT_ELF] = "not_elf",
		[CP_CAUSE_NODE_ABI] = "node_abi",
		[CP_CAUSE_NODE_API_VERSION] = "node_api_version",
		[CP_CAUSE_MISSING_INTERPRETER] = "missing_interpreter",
	};
	return (size_t)cause < sizeof(names) / sizeof(names[0]) ? names[cause] : NULL;
}

void cp_load_clear(struct cp_load *load)
{
	free(load->message);
	for (size_t i = 0; i < load->n_chain; i++)
		free(load->chain[i]);
	free(load->chain);
	for (size_t i = 0; i < load->n_problems; i++) {
		free(load->problems[i].object);
		free(load->problems[i].subject);
		free(load->problems[i].message);
	}
	free(load->problems);
	for (size_t i = 0; i < load->n_considered; i++) {
		free(load->considered[i].name);
		free(load->considered[i].needed_by);
		free(load->considered[i].path);
	}
	free(load->considered);
	for (size_t i = 0; i < load->n_add_packages; i++)
		free(load->add_packages[i]);
	free(load->add_packages);
	*load = (struct cp_load){0};
}

/* One problem is all there is to say. */
static int fail_with(const struct cp_target *target, const char *path, enum cp_cause cause,
	const char *subject, struct cp_load *load, struct cp_error **err)
{
	cp_cleanup_closure struct cp_closure closure;
	cp_closure_init(&closure, target, load);
	struct cp_complaint complaint = {
		.cause = cause, .object = CP_NO_OBJECT, .path = path, .subject = subject};
	if (cp_closure_problem(&closure, &complaint, err, NULL))
		return -1;
	return cp_closure_finish(&closure, err);
}

/* Kernels for x86-64 run 32-bit programs too (CONFIG_IA32_EMULATION, on in all distributions). */
static bool kernel_runs(uint16_t machine, const struct cp_facts *facts)
{
	if (machine == EM_X86_64 && facts->machine == EM_386)
		return facts->elf_class == ELFCLASS32;
	return facts->machine == machine && facts->elf_class == ELFCLASS64;
}

/* The facts of the ELF file at `path`; NULL with the cause for which the kernel would not take it.
 */
static const struct cp_facts *kernel_opens(const struct cp_target *target, const char *path,
	enum cp_cause absent, enum cp_cause *cause)
{
	struct cp_found found;
	*cause = absent;
	if (cp_root_resolve(&target->root, path, true, &found) ||
		cp_index_node(found.index, found.node)->kind != CP_NODE_FILE)
		return NULL;
	const struct cp_facts *facts = cp_index_facts(found.index, found.node);
	*cause = CP_CAUSE_NOT_ELF;
	if (!facts || (facts->type != ET_EXEC && facts->type != ET_DYN))
		return NULL;
	*cause = CP_CAUSE_WRONG_ARCHITECTURE;
	if (!kernel_runs(target->machine, facts))
		return NULL;
	*cause = CP_CAUSE_NONE;
	return facts;
}

static enum cp_libc interpreter_libc(const struct cp_target *target, const char *path)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash ? slash + 1 : path;
	return strncmp(name, "ld-musl-", 8) == 0 ? CP_LIBC_MUSL : target->libc;
}

static int simulate_exec(const struct cp_target *target, const char *path, struct cp_load *load,
	struct cp_error **err)
{
	enum cp_cause cause;
	const struct cp_facts *facts = kernel_opens(target, path, CP_CAUSE_MISSING_LIBRARY, &cause);
	if (!facts)
		return fail_with(target, path, cause, path, load, err);
	if (!facts->interpreter) {
		*load = (struct cp_load){.outcome = CP_OUTCOME_LOADS};
		return 0;
	}
	const char *interpreter = cp_facts_string(facts, facts->interpreter);
	if (!kernel_opens(target, interpreter, CP_CAUSE_MISSING_INTERPRETER, &cause))
		return fail_with(target, path, cause, interpreter, load, err);
	if (facts->elf_class != ELFCLASS64)
		return cp_error_set(err, ENOTSUP, "the loader of 32-bit programs is not simulated");
	struct cp_target other = *target;
	other.libc = interpreter_libc(target, interpreter);
	if (other.libc != target->libc)
		other.libc_version = NULL;
	return other.libc == CP_LIBC_MUSL ? cp_loader_musl(&other, path, CP_LOAD_EXEC, load, err)
					  : cp_loader_glibc(&other, path, CP_LOAD_EXEC, load, err);
}

static int simulate(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err)
{
	if (mode == CP_LOAD_EXEC)
		return simulate_exec(target, path, load, err);
	if (target->libc == CP_LIBC_GLIBC)
		return cp_loader_glibc(target, path, mode, load, err);
	if (target->libc == CP_LIBC_MUSL)
		return cp_loader_musl(target, path, mode, load, err);
	return fail_with(target, path, CP_CAUSE_MISSING_LOADER, NULL, load, err);
}

int cp_load_simulate(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err)
{
	*load = (struct cp_load){0};
	if (simulate(target, path, mode, load, err) == 0)
		return 0;
	cp_load_clear(load);
	return cp_error_wrap(
		err, "cannot judge %s on %s", path, target->name ? target->name : "the target");
}
