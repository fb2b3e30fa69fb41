/* SPDX-License-Identifier: MIT
 *
 * musl's dynamic loader, simulated (internal to loader_musl.c and its parts).
 *
 *   loader_musl.c   what is loaded, in which order: the program, then what is asked for
 *   musl_search.c   a name → a file: absorbed names, search paths
 *   musl_relocs.c   what each object's relocations ask for, in the loader's order
 *   musl_symbols.c  a symbol → the object that defines it; the LFS64 names
 *
 * The rules are those of ldso/dynlink.c in musl 1.2.2 to 1.2.5, read there and tried
 * on Debian's builds of them (tests/truth). Where the releases differ is said beside
 * the rule; the difference that matters most, the LFS64 names, is read off the libc's
 * exports, which no version number can contradict.
 *
 * The list of objects is the closure's, and it is the loader's own list too: the
 * program first, then its libraries, then what is asked for and its libraries. All
 * of it is the scope of symbols, since one dlopen's objects are in the scope while
 * they are relocated. Only load errors of what was asked for are told: a program
 * that runs has found its own libraries.
 */
#ifndef CP_MUSL_H
#define CP_MUSL_H

#include "closure.h"

#define CP_MUSL_PROGRAM 0 /* the number of the program, always the first object */
/* The loader composes each path in a buffer of this size and passes over what does
 * not fit (2 * NAME_MAX + 2). */
#define CP_MUSL_PATH_BUFFER 512
/* Steps of one simulation: requesters asked for their paths, objects asked for a symbol. */
#define CP_MUSL_MAX_STEPS 200000000u

/* Entries that a search can use, each ended by a NUL, with an empty one at the end. */
struct cp_musl_path {
	char *entries; /* NULL: none, or not made yet */
	bool made;
};

struct cp_musl {
	const struct cp_target *target;
	struct cp_closure closure;
	enum cp_load_mode mode;
	const char *loader_name; /* the program's PT_INTERP; musl calls itself so */
	struct cp_found loader_found;
	const struct cp_facts *loader_facts;
	size_t loader; /* CP_NO_OBJECT until something needs it */
	size_t first;  /* the first object of what was asked for */
	size_t steps;
	struct cp_musl_path environment; /* LD_LIBRARY_PATH */
	struct cp_musl_path system;      /* path file, or the default directories */
	const char *system_origin;
	struct cp_musl_path rpaths[CP_CLOSURE_MAX_OBJECTS];
};

/* How opening or mapping a library went: 0, or an errno value of the real loader. The file that
 * was opened, if any, is in `found`. */
struct cp_musl_file {
	int code;
	struct cp_found found;
	const struct cp_facts *facts;
	char path[CP_INDEX_MAX_PATH + 1]; /* as the loader names it */
	bool searched;                    /* not given as a path */
};

/* A file's code where no path was tried: errno is then what it was before, 0 at best. */
#define CP_MUSL_NOTHING_TRIED (-1)

/* Counts `count` steps: 0, or -1 with an error where there are too many. */
int cp_musl_steps(struct cp_musl *musl, size_t count, struct cp_error **err);
/* What strerror(3) of musl says. */
const char *cp_musl_strerror(int code);

/* --- musl_search.c -------------------------------------------------------- */

/* Whether the loader takes `name` as a name of itself. */
bool cp_musl_is_itself(const struct cp_musl *musl, const char *name);
/* Finds the file for `name`, which `requester` needs. 0 with file->code telling what came of
 * it, or -1 with an error. */
int cp_musl_search(struct cp_musl *musl, const char *name, size_t requester,
	struct cp_musl_file *file, struct cp_error **err);
/* Opens the file at `path`. As above. */
int cp_musl_open(struct cp_musl *musl, const char *name, size_t requester, const char *path,
	const char *origin, struct cp_musl_file *file, struct cp_error **err);
void cp_musl_path_clear(struct cp_musl_path *path);

/* --- musl_symbols.c ------------------------------------------------------- */

/* The object that defines the symbol for a reference, or CP_NO_OBJECT. `first` is the first object
 * of the scope to look in. 0, or -1 with an error. */
int cp_musl_find_symbol(struct cp_musl *musl, const char *name, uint32_t hash, size_t first,
	size_t *definer, struct cp_error **err);
/* Whether `facts` has a definition of `name` that the loader accepts. */
bool cp_musl_defines(const struct cp_facts *facts, const char *name, uint32_t hash);

/* --- musl_relocs.c -------------------------------------------------------- */

/* Relocates the object, noting a problem for each thing that is missing. 0 or -1. */
int cp_musl_relocate(struct cp_musl *musl, size_t object, struct cp_error **err);

#endif
