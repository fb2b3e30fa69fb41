/* SPDX-License-Identifier: MIT
 *
 * glibc's dynamic loader, piece by piece. Private to loader_glibc.c and its parts;
 * each part follows one file of glibc's elf/ directory:
 *
 *   glibc_config.c   where ldconfig and the build configuration look   ldconfig.c, dl-hwcaps.c
 *   glibc_search.c   a name becomes a file                             dl-load.c, dl-cache.c
 *   glibc_open.c     a file is fit to be mapped, or the text why not   dl-load.c
 *   glibc_symbols.c  versions and definitions are looked up            dl-version.c, dl-lookup.c
 *   glibc_order.c    which object is relocated when                    dl-sort-maps.c
 *   glibc_relocate.c relocations, static TLS                           dl-reloc.c, dl-machine.h
 *   loader_glibc.c   the order of it all                               dl-open.c, dl-deps.c, rtld.c
 *
 * Versions 2.26 to 2.41 are told apart where their rules differ.
 */
#ifndef CP_GLIBC_H
#define CP_GLIBC_H

#include "closure.h"

#define CP_GLIBC_MAX_DIRS 256u     /* of ld.so.conf */
#define CP_GLIBC_MAX_INCLUDES 256u /* files read for it */

/* Directories in the order in which they are tried; none ends in a slash. */
struct cp_glibc_dirs {
	char **paths;
	size_t count, size;
};

struct cp_glibc_config {
	int minor;                   /* glibc 2.MINOR */
	const char *lib;             /* $LIB: "lib/x86_64-linux-gnu", "lib64", "lib" */
	const char *platform;        /* $PLATFORM */
	bool debian;                 /* with the patches of Debian and its kin */
	struct cp_glibc_dirs system; /* compiled in */
	struct cp_glibc_dirs cached; /* what ldconfig reads; empty without /etc/ld.so.cache */
	const char *const *hwcaps; /* subdirectories tried before each directory; NULL-terminated */
	const char *const *hwcaps_cached; /* the same in ld.so.cache */
};

/* Reads the configuration of the target's root. 0 or -1. */
int cp_glibc_config_read(
	const struct cp_target *target, struct cp_glibc_config *config, struct cp_error **err);
void cp_glibc_config_clear(struct cp_glibc_config *config);

/* Static TLS of a running program: the block is laid out at start with some room to
 * spare, which dlopened initial-exec objects share. */
struct cp_glibc_tls {
	size_t room;     /* bytes left */
	size_t align;    /* of the block */
	size_t used;     /* bytes laid out, where the block grows upwards (AArch64) */
	size_t optional; /* bytes of the room that TLS descriptors may take */
	bool *is_static; /* per object of the closure */
};

struct cp_glibc {
	const struct cp_target *target;
	enum cp_load_mode mode;
	struct cp_error **err;
	struct cp_closure closure;
	struct cp_glibc_config config;
	struct cp_glibc_tls tls;
	size_t program;         /* object number */
	size_t first_new;       /* objects from here on are loaded by the dlopen itself */
	bool quiet;             /* the program's own load: taken to go well */
	size_t *scope, n_scope; /* where symbols are looked up, in order, each object once */
	size_t work;            /* spent */
};

/* Look-ups and comparisons that one simulation may take; real ones take a few hundred thousand. */
#define CP_GLIBC_MAX_WORK ((size_t)200000000)

/* Spends `amount` of them. 0, or -1 with an error where they are used up. */
int cp_glibc_work(struct cp_glibc *loader, size_t amount);

/* --- glibc_open.c ---------------------------------------------------------- */

enum cp_glibc_opened {
	CP_OPENED,
	CP_OPEN_MISSING,       /* `code` says which errno */
	CP_OPEN_OTHER_CLASS,   /* a search goes on, but remembers it */
	CP_OPEN_OTHER_MACHINE, /* a search goes on */
	CP_OPEN_BROKEN,        /* the load ends with `reason` */
	CP_OPEN_ERROR,         /* cannot be judged; *err is set */
};

struct cp_glibc_file {
	enum cp_glibc_opened opened;
	struct cp_found found;
	const struct cp_facts *facts;
	const char *reason;  /* static text */
	enum cp_cause cause; /* of a broken one */
	int code;            /* errno, or 0 */
};

/* open_verify: opens `path` in the root and checks its ELF header. */
void cp_glibc_open(const struct cp_glibc *loader, const char *path, struct cp_glibc_file *file);
/* _dl_map_object_from_fd: why the opened file is not mapped (static text, *cause, *code), or NULL.
 */
const char *cp_glibc_refuses(const struct cp_glibc *loader, const struct cp_facts *facts,
	enum cp_cause *cause, int *code);

/* --- glibc_search.c -------------------------------------------------------- */

/* Expands $ORIGIN, $LIB and $PLATFORM of `text` for `object` (CP_NO_OBJECT: none).
 * The result is the caller's; "" where a token has no value; NULL without memory. */
char *cp_glibc_expand(const struct cp_glibc *loader, size_t object, const char *text);
/* Finds the file that `name` means to `requester` (CP_NO_OBJECT: the program's dlopen).
 * *path is what the loader will call it (owned by the caller; the last one tried where
 * none was found). 0, or -1 with an error. */
int cp_glibc_search(struct cp_glibc *loader, const char *name, size_t requester,
	struct cp_glibc_file *file, char **path);

/* --- glibc_symbols.c ------------------------------------------------------- */

/* Whether `facts` defines the version. */
bool cp_glibc_has_version(const struct cp_facts *facts, const char *version);
/* The first object of the scope that defines what `reference` (of `facts`) asks for.
 * CP_NO_OBJECT: none. Skips `skip` (CP_NO_OBJECT: nobody), as copy relocations do with the program.
 */
size_t cp_glibc_lookup(struct cp_glibc *loader, const struct cp_facts *facts,
	const struct cp_symbol *reference, size_t skip);

/* --- glibc_order.c --------------------------------------------------------- */

/* Object numbers in some order, each once. */
struct cp_glibc_sequence {
	size_t *items;
	size_t count, size;
	bool *seen; /* per object number */
	size_t seen_size;
};

void cp_glibc_sequence_cleanup(struct cp_glibc_sequence *sequence);
#define cp_cleanup_glibc_sequence __attribute__((cleanup(cp_glibc_sequence_cleanup)))

/* Appends `number` unless it is there. 0 or -1. */
int cp_glibc_sequence_add(
	struct cp_glibc *loader, struct cp_glibc_sequence *sequence, size_t number);
/* The order in which the objects of `list` (an object and all it needs, breadth first) are
 * relocated: into `order`, which is empty. 0 or -1. */
int cp_glibc_order(struct cp_glibc *loader, const struct cp_glibc_sequence *list,
	struct cp_glibc_sequence *order);

/* --- glibc_relocate.c ------------------------------------------------------ */

/* Lays out static TLS for the objects of the program's start. */
void cp_glibc_tls_start(struct cp_glibc *loader);
/* Relocates the objects of order[] (dependencies first) whose number is at least `first`, and
 * reports what is missing. 0 or -1. */
int cp_glibc_relocate(struct cp_glibc *loader, const size_t *order, size_t count, size_t first);

/* --- loader_glibc.c -------------------------------------------------------- */

/* Adds a problem unless the program's own load is under way. In a program start `prefix` (may be
 * NULL) follows the program's name before the text. 0 or -1. */
int cp_glibc_complain(struct cp_glibc *loader, const struct cp_complaint *complaint,
	const char *prefix, const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
