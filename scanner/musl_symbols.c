/* SPDX-License-Identifier: MIT
 *
 * Symbols, as musl finds them: by name alone, in the order of the loaded objects. Of an
 * object's definitions of a name, the first one counts whose version is not hidden; no
 * version is ever compared. It must be of a kind that musl knows (not an indirect
 * function) and have a value, unless it is thread-local.
 */
#include <elf.h>
#include <string.h>

#include "musl.h"

static bool is_acceptable(const struct cp_symbol *symbol)
{
	if ((symbol->flags & CP_SYM_NO_VALUE) && symbol->type != STT_TLS)
		return false;
	switch (symbol->type) {
	case STT_NOTYPE:
	case STT_OBJECT:
	case STT_FUNC:
	case STT_COMMON:
	case STT_TLS:
		break;
	default:
		return false;
	}
	return symbol->bind == STB_GLOBAL || symbol->bind == STB_WEAK ||
	       symbol->bind == STB_GNU_UNIQUE;
}

bool cp_musl_defines(const struct cp_facts *facts, const char *name, uint32_t hash)
{
	const struct cp_symbol *symbol;
	size_t cursor = 0;
	while ((symbol = cp_facts_export_next(facts, name, hash, &cursor)))
		if (!(symbol->flags & CP_SYM_HIDDEN))
			return is_acceptable(symbol);
	return false;
}

static bool program_also_exports(const struct cp_musl *musl, const char *name)
{
	const struct cp_program *program = &musl->target->program;
	return musl->mode != CP_LOAD_EXEC && program->also_exports && program->also_exports(name);
}

static int find_plainly(struct cp_musl *musl, const char *name, uint32_t hash, size_t first,
	size_t *definer, struct cp_error **err)
{
	const struct cp_closure *closure = &musl->closure;
	*definer = CP_NO_OBJECT;
	size_t at = first;
	for (; at < closure->count; at++) {
		const struct cp_facts *facts = closure->objects[at].facts;
		if ((facts && cp_musl_defines(facts, name, hash)) ||
			(at == CP_MUSL_PROGRAM && program_also_exports(musl, name))) {
			*definer = at;
			break;
		}
	}
	return cp_musl_steps(musl, at - first + 1, err);
}

/* glibc's names for files of more than 2 GiB. musl needs none; since 1.2.4 it no longer
 * exports them, and its loader maps a name of this list, with "64" behind it, to the
 * plain one. fcntl64 is not of the list. */
static const char *const lfs64_names[] = {"aio_cancel", "aio_error", "aio_fsync", "aio_read",
	"aio_return", "aio_suspend", "aio_write", "alphasort", "creat", "fallocate", "fgetpos",
	"fopen", "freopen", "fseeko", "fsetpos", "fstat", "fstatat", "fstatfs", "fstatvfs",
	"ftello", "ftruncate", "ftw", "getdents", "getrlimit", "glob", "globfree", "lio_listio",
	"lockf", "lseek", "lstat", "mkostemp", "mkostemps", "mkstemp", "mkstemps", "mmap", "nftw",
	"open", "openat", "posix_fadvise", "pread", "preadv", "prlimit", "pwrite", "pwritev",
	"readdir", "scandir", "sendfile", "setrlimit", "stat", "statfs", "statvfs", "tmpfile",
	"truncate", "versionsort", "__fxstat", "__fxstatat", "__lxstat", "__xstat"};

/* The longest name that is looked at; posix_fallocate64 is longer, so that it is not
 * mapped although it was meant to be. */
#define LFS64_MAX_NAME 16

/* Writes the name that `name` is mapped to; false: to none. */
static bool map_lfs64(const char *name, char plain[LFS64_MAX_NAME + 1])
{
	size_t length = strnlen(name, LFS64_MAX_NAME + 1);
	if (length > LFS64_MAX_NAME)
		return false;
	strcpy(plain, "readdir_r");
	if (strcmp(name, "readdir64_r") == 0)
		return true;
	if (length < 2 || strcmp(name + length - 2, "64") != 0)
		return false;
	memcpy(plain, name, length - 2);
	plain[length - 2] = '\0';
	for (size_t i = 0; i < sizeof(lfs64_names) / sizeof(lfs64_names[0]); i++)
		if (strcmp(plain, lfs64_names[i]) == 0)
			return true;
	return false;
}

/* A libc that still exports the names is one whose loader does not map them. */
static bool loader_maps_lfs64(const struct cp_musl *musl)
{
	return !cp_musl_defines(musl->loader_facts, "open64", cp_symbol_hash("open64"));
}

int cp_musl_find_symbol(struct cp_musl *musl, const char *name, uint32_t hash, size_t first,
	size_t *definer, struct cp_error **err)
{
	char plain[LFS64_MAX_NAME + 1];
	if (find_plainly(musl, name, hash, first, definer, err))
		return -1;
	if (*definer != CP_NO_OBJECT || musl->loader == CP_NO_OBJECT || !map_lfs64(name, plain) ||
		!loader_maps_lfs64(musl))
		return 0;
	return find_plainly(musl, plain, cp_symbol_hash(plain), musl->loader, definer, err);
}
