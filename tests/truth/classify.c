/* SPDX-License-Identifier: MIT
 *
 * A loader's text → the cause that it stands for. Written from the texts alone, apart from the
 * scanner's rules, so that the two can disagree.
 */
#include <elf.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "truth.h"

static bool has(const char *text, const char *part)
{
	return strstr(text, part) != NULL;
}

static bool begins(const char *text, const char *part)
{
	return strncmp(text, part, strlen(part)) == 0;
}

/* Symbols that no library but only a Node program has. */
static bool of_node(const char *symbol)
{
	static const char *const prefixes[] = {"napi_", "node_api_", "node_module_", "uv_",
		"_ZN2v8", "_ZNK2v8", "_ZN4node", "_ZNK4node", "_ZN12v8_inspector",
		"_ZNK12v8_inspector"};
	for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++)
		if (begins(symbol, prefixes[i]))
			return true;
	return false;
}

/* What the header of `path` in `root` says against this machine. */
static enum cp_cause of_header(const char *root, const char *path)
{
	char file[PATH_MAX];
	Elf64_Ehdr header;
	snprintf(file, sizeof file, "%s%s", root, path);
	cp_cleanup_fclose FILE *stream = fopen(file, "re");
	if (!stream)
		return CAUSE_UNTOLD;
	if (fread(&header, 1, sizeof header, stream) != sizeof header ||
		memcmp(header.e_ident, ELFMAG, SELFMAG))
		return CP_CAUSE_NOT_ELF;
	return header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_machine != EM_X86_64
		       ? CP_CAUSE_WRONG_ARCHITECTURE
		       : CAUSE_UNTOLD;
}

/* A library that is not there: by its name, up to the colon after it. */
static enum cp_cause absent(const char *name, enum cp_libc libc)
{
	if (libc == CP_LIBC_GLIBC && (begins(name, "libc.musl-") || begins(name, "ld-musl-") ||
					     begins(name, "libc.so:")))
		return CP_CAUSE_WRONG_LIBC;
	return begins(name, "ld-linux-") || begins(name, "ld-musl-") ? CP_CAUSE_MISSING_LOADER
								     : CP_CAUSE_MISSING_LIBRARY;
}

static enum cp_cause of_symbol(const char *symbol)
{
	return of_node(symbol) ? CP_CAUSE_NODE_ABI : CP_CAUSE_MISSING_SYMBOL;
}

static enum cp_cause classify_musl(const char *text)
{
	static const char library[] = "Error loading shared library ";
	if (begins(text, library))
		return has(text, ": No such file or directory")
			       ? absent(text + strlen(library), CP_LIBC_MUSL)
			       : CAUSE_UNTOLD;
	if (has(text, "initial-exec TLS resolves to dynamic definition"))
		return CP_CAUSE_STATIC_TLS;
	const char *symbol = strstr(text, ": ");
	return has(text, ": symbol not found") ? of_symbol(symbol + 2) : CAUSE_UNTOLD;
}

static enum cp_cause classify_glibc(const char *text)
{
	const char *symbol = strstr(text, "undefined symbol: ");
	if (symbol)
		return of_symbol(symbol + strlen("undefined symbol: "));
	if (has(text, "not found (required by ") || has(text, "no version information available") ||
		has(text, "not defined in file"))
		return CP_CAUSE_SYMBOL_VERSION;
	if (has(text, "static TLS block"))
		return CP_CAUSE_STATIC_TLS;
	if (has(text, "cannot enable executable stack"))
		return CP_CAUSE_EXECUTABLE_STACK;
	if (has(text, "wrong ELF class") || has(text, "ELF file data encoding"))
		return CP_CAUSE_WRONG_ARCHITECTURE;
	if (has(text, "file too short") || has(text, "invalid ELF header"))
		return has(text, "libc.so: ") ? CP_CAUSE_WRONG_LIBC : CP_CAUSE_NOT_ELF;
	const char *name = strstr(text, "error while loading shared libraries: ");
	name = name ? name + strlen("error while loading shared libraries: ") : text;
	return has(text, "cannot open shared object file") ? absent(name, CP_LIBC_GLIBC)
							   : CAUSE_UNTOLD;
}

enum cp_cause classify(const char *text, enum cp_libc libc, const char *path, const char *root)
{
	enum cp_cause seen = of_header(root, path);
	if (seen != CAUSE_UNTOLD) /* whatever the loader stumbled on first */
		return seen;
	return libc == CP_LIBC_MUSL ? classify_musl(text) : classify_glibc(text);
}
