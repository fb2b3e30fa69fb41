/* SPDX-License-Identifier: MIT
 *
 * Is this file fit to be mapped? The checks of glibc's open_verify and
 * _dl_map_object_from_fd (elf/dl-load.c), in their order and with their texts.
 *
 * open_verify runs while a search is under way: files of another class or machine
 * are passed over there, other defects end the load at once.
 */
#include <elf.h>
#include <errno.h>

#include "glibc.h"

#define LIBC_ABI_MAX 4 /* default, unique, ifunc, absolute: glibc's libc-abis */
#define HEADER_SIZE 64u

static void broken(struct cp_glibc_file *file, enum cp_cause cause, const char *reason)
{
	file->opened = CP_OPEN_BROKEN;
	file->cause = cause;
	file->reason = reason;
}

/* Debian looks at the machine as soon as anything is odd (unsubmitted-ldso-machine-mismatch). */
static bool is_passed_over(const struct cp_glibc *loader, const struct cp_facts *facts)
{
	return loader->config.debian && facts->machine != loader->target->machine;
}

static bool check_ident(
	const struct cp_glibc *loader, const struct cp_facts *facts, struct cp_glibc_file *file)
{
	bool odd = facts->encoding != ELFDATA2LSB || facts->defect == CP_DEFECT_IDENT_VERSION ||
		   facts->os_abi != ELFOSABI_SYSV || facts->abi_version;
	if (facts->elf_class != ELFCLASS64)
		file->opened = CP_OPEN_OTHER_CLASS;
	else if (odd && is_passed_over(loader, facts))
		file->opened = CP_OPEN_OTHER_MACHINE;
	else if (facts->encoding != ELFDATA2LSB)
		broken(file, CP_CAUSE_WRONG_ARCHITECTURE,
			"ELF file data encoding not little-endian");
	else if (facts->defect == CP_DEFECT_IDENT_VERSION)
		broken(file, CP_CAUSE_NOT_ELF, "ELF file version ident does not match current one");
	else if (facts->os_abi != ELFOSABI_SYSV && facts->os_abi != ELFOSABI_GNU)
		broken(file, CP_CAUSE_WRONG_ARCHITECTURE, "ELF file OS ABI invalid");
	else if (facts->abi_version &&
		 (facts->os_abi != ELFOSABI_GNU || facts->abi_version >= LIBC_ABI_MAX))
		broken(file, CP_CAUSE_WRONG_LIBC, "ELF file ABI version invalid");
	else
		return true;
	return false;
}

static void check_header(
	const struct cp_glibc *loader, const struct cp_facts *facts, struct cp_glibc_file *file)
{
	if (facts->defect == CP_DEFECT_TOO_SHORT)
		broken(file, CP_CAUSE_NOT_ELF, "file too short");
	else if (!check_ident(loader, facts, file))
		return;
	else if (facts->defect == CP_DEFECT_VERSION)
		broken(file, CP_CAUSE_NOT_ELF, "ELF file version does not match current one");
	else if (facts->machine != loader->target->machine)
		file->opened = CP_OPEN_OTHER_MACHINE;
	else if (facts->type != ET_DYN && facts->type != ET_EXEC)
		broken(file, CP_CAUSE_NOT_ELF, "only ET_DYN and ET_EXEC can be loaded");
	else if (facts->defect == CP_DEFECT_PHENTSIZE)
		broken(file, CP_CAUSE_NOT_ELF, "ELF file's phentsize not the expected size");
	else if (facts->defect == CP_DEFECT_PHDRS_CUT)
		broken(file, CP_CAUSE_NOT_ELF, "cannot read file data");
}

void cp_glibc_open(const struct cp_glibc *loader, const char *path, struct cp_glibc_file *file)
{
	file->opened = CP_OPENED;
	file->facts = NULL;
	file->code = 0;
	int missing = cp_root_resolve(&loader->target->root, path, true, &file->found);
	if (missing) {
		file->opened = CP_OPEN_MISSING;
		file->code = -missing;
		return;
	}
	const struct cp_node *node = cp_index_node(file->found.index, file->found.node);
	file->facts = cp_index_facts(file->found.index, file->found.node);
	if (node->kind == CP_NODE_DIRECTORY) {
		broken(file, CP_CAUSE_NOT_ELF, "cannot read file data");
		file->code = EISDIR;
	} else if (node->kind == CP_NODE_FILE && node->content == CP_CONTENT_ELF_UNREADABLE) {
		cp_error_set(loader->err, EINVAL, "%s: its ELF tables could not be read", path);
		file->opened = CP_OPEN_ERROR;
	} else if (file->facts) {
		check_header(loader, file->facts, file);
	} else {
		broken(file, CP_CAUSE_NOT_ELF,
			node->kind != CP_NODE_FILE || node->size < HEADER_SIZE
				? "file too short"
				: "invalid ELF header");
	}
}

/* Up to 2.34 a segment had to be aligned to p_align, since then to a page. */
static const char *misaligned(int minor)
{
	return minor < 35 ? "ELF load command alignment not page-aligned"
			  : "ELF load command address/offset not page-aligned";
}

static const char *refused_shape(int minor, const struct cp_facts *facts, enum cp_cause *cause)
{
	*cause = CP_CAUSE_NOT_ELF;
	if (facts->defect == CP_DEFECT_LOAD_ALIGNMENT)
		return misaligned(minor);
	if (facts->defect == CP_DEFECT_NO_LOAD)
		return "object file has no loadable segments";
	if (facts->type != ET_DYN)
		return "cannot dynamically load executable";
	if (facts->defect == CP_DEFECT_NO_DYNAMIC || !facts->has_dynamic)
		return "object file has no dynamic section";
	if (facts->flags_1 & DF_1_PIE && minor >= 30)
		return "cannot dynamically load position-independent executable";
	return NULL;
}

/* An object without PT_GNU_STACK wants an executable stack on x86-64, not on AArch64. */
static bool wants_executable_stack(const struct cp_facts *facts)
{
	return facts->stack == CP_STACK_EXECUTABLE ||
	       (facts->stack == CP_STACK_UNSPECIFIED && facts->machine == EM_X86_64);
}

const char *cp_glibc_refuses(const struct cp_glibc *loader, const struct cp_facts *facts,
	enum cp_cause *cause, int *code)
{
	const struct cp_facts *program = loader->target->program.facts;
	*code = 0;
	const char *reason = refused_shape(loader->config.minor, facts, cause);
	if (reason)
		return reason;
	/* From here on only dlopen refuses; what a program needs from the start is granted. */
	if (loader->mode == CP_LOAD_EXEC || loader->quiet)
		return NULL;
	if (facts->flags_1 & DF_1_NOOPEN)
		return "shared object cannot be dlopen()ed";
	if (loader->config.minor >= 41 && wants_executable_stack(facts) &&
		!(program && wants_executable_stack(program))) {
		*cause = CP_CAUSE_EXECUTABLE_STACK;
		*code = EINVAL;
		return "cannot enable executable stack as shared object requires";
	}
	return NULL;
}
