/* SPDX-License-Identifier: MIT
 *
 * Facts: what a dynamic loader can see of one ELF object.
 *
 * Everything comes from the ELF header, the program headers and PT_DYNAMIC,
 * because that is all that a loader reads; section headers may be absent or lie.
 * One object is read once, from memory, and its facts then stand alone: every
 * string is an offset into the facts' own pool, so facts can be moved between
 * indexes, threads and files without fixing anything up.
 *
 * Tables keep the order of the file, since "the first message that the loader
 * would print" depends on it:
 *   needed[]      order of DT_NEEDED
 *   verneed[]     order of the .gnu.version_r chain
 *   relocs_plt[]  order of DT_JMPREL; relocs_dyn[]: DT_REL, then DT_RELA
 *
 * Sources: elf(5), the System V gABI, the psABIs of x86-64 and AArch64, and the
 * LSB's chapter on symbol versioning.
 */
#ifndef CP_FACTS_H
#define CP_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"

/* The most that is believed of one object; more is an error of that object. */
#define CP_MAX_OBJECT_SIZE ((uint64_t)1 << 30) /* bytes */
#define CP_MAX_SYMBOLS 2000000u
#define CP_MAX_RELOCS 50000000u
#define CP_MAX_STRINGS ((size_t)64 << 20) /* bytes of pool */

/* Offset 0 of every pool is the empty string and means "none". */
typedef uint32_t cp_str;

enum cp_sym_flag {
	CP_SYM_HIDDEN = 1 << 0,       /* versym bit 15: not the default version */
	CP_SYM_NO_VALUE = 1 << 1,     /* defined with st_value == 0 (musl skips these unless TLS) */
	CP_SYM_WEAK_NEED = 1 << 2,    /* undefined; its verneed entry has VER_FLG_WEAK */
	CP_SYM_BASE_VERSION = 1 << 3, /* defined; versym 1 (VER_NDX_GLOBAL), object with verdefs */
	CP_SYM_OWN =
		1 << 4, /* in undefined[]: defined by the object itself, but looked up by name */
};

/* One dynamic symbol, defined (exports) or undefined. */
struct cp_symbol {
	cp_str name;
	cp_str version;     /* of the definition, or wanted by the reference; 0: unversioned */
	uint32_t hash;      /* GNU hash of the name (dl_new_hash) */
	uint8_t type;       /* STT_* */
	uint8_t bind;       /* STB_* */
	uint8_t visibility; /* STV_* */
	uint8_t flags;      /* enum cp_sym_flag */
};

/* What a relocation asks of the loader, told from its type and the machine.
 * The names follow musl's generic REL_* kinds. */
enum cp_reloc_kind {
	CP_RELOC_NONE,
	CP_RELOC_RELATIVE,
	CP_RELOC_IRELATIVE,
	CP_RELOC_PLT,      /* JUMP_SLOT: may be bound lazily */
	CP_RELOC_GOT,      /* GLOB_DAT: musl defers it too */
	CP_RELOC_SYMBOLIC, /* absolute word: never lazy */
	CP_RELOC_OFFSET,   /* pc-relative and other arithmetic on a symbol */
	CP_RELOC_COPY,
	CP_RELOC_DTPMOD,
	CP_RELOC_DTPOFF,
	CP_RELOC_TPOFF, /* initial-exec TLS */
	CP_RELOC_TLSDESC,
	CP_RELOC_SIZE,
	CP_RELOC_UNKNOWN, /* the loader of `machine` does not know this type */
};

#define CP_NO_SYMBOL UINT32_MAX

/* The first relocation of its (symbol, type) pair in its table. References to
 * symbols that the object itself defines, and those without a symbol, are kept
 * once per type with symbol == CP_NO_SYMBOL. Excepted are own symbols that a loader
 * must find elsewhere or might not accept (copy relocations, thread-local ones,
 * indirect functions, those without a value or with a hidden version): they stand
 * behind the others in undefined[], with CP_SYM_OWN. */
struct cp_reloc {
	uint32_t symbol; /* index into undefined[], or CP_NO_SYMBOL */
	uint32_t type;   /* raw r_type */
};

struct cp_verneed {
	cp_str file; /* soname of the library that must define it */
	cp_str version;
	bool weak; /* VER_FLG_WEAK: glibc only warns */
};

struct cp_verdef {
	cp_str version;
	bool base; /* VER_FLG_BASE: the file's own name, not a version */
	bool weak; /* VER_FLG_WEAK */
};

enum cp_libc {
	CP_LIBC_NONE, /* needs no libc (static, or symbol-free) */
	CP_LIBC_GLIBC,
	CP_LIBC_MUSL,
	CP_LIBC_OTHER,   /* of another system (bionic, a BSD's) */
	CP_LIBC_UNKNOWN, /* links a libc that the evidence does not tell apart */
};

enum cp_os {
	CP_OS_LINUX,
	CP_OS_FREEBSD,
	CP_OS_NETBSD,
	CP_OS_OPENBSD,
	CP_OS_SOLARIS,
	CP_OS_OTHER,
	CP_OS_ANDROID
};

enum cp_stack { CP_STACK_UNSPECIFIED /* no PT_GNU_STACK */, CP_STACK_PLAIN, CP_STACK_EXECUTABLE };

/* Shapes that glibc's open_verify/_dl_map_object_from_fd refuse, each with a
 * text of its own. Checked in this order; the first that holds is kept. */
enum cp_elf_defect {
	CP_DEFECT_NONE,
	CP_DEFECT_TOO_SHORT,     /* ends inside the ELF header */
	CP_DEFECT_CLASS,         /* neither 32 nor 64 bit */
	CP_DEFECT_ENCODING,      /* EI_DATA is not an encoding */
	CP_DEFECT_IDENT_VERSION, /* EI_VERSION */
	CP_DEFECT_VERSION,       /* e_version */
	CP_DEFECT_PHENTSIZE,
	CP_DEFECT_PHDRS_CUT,      /* the program headers end past the file */
	CP_DEFECT_LOAD_ALIGNMENT, /* p_align is not a multiple of a page, or p_vaddr and
				     p_offset disagree modulo p_align */
	CP_DEFECT_NO_LOAD,        /* no PT_LOAD */
	CP_DEFECT_NO_DYNAMIC,     /* ET_DYN without PT_DYNAMIC */
	CP_DEFECT_TRUNCATED,      /* a PT_LOAD's file part ends past the file: no loader looks,
				     and the first access there is a SIGBUS */
};

struct cp_facts {
	char *pool;       /* NUL-terminated strings; pool[0] == 0 */
	size_t pool_size; /* bytes */

	uint64_t size;     /* of the file, bytes */
	uint8_t elf_class; /* ELFCLASS32/64 */
	uint8_t encoding;  /* ELFDATA2LSB/MSB */
	uint8_t os_abi;    /* EI_OSABI as in the file */
	uint8_t abi_version;
	uint16_t type;     /* ET_* */
	uint16_t machine;  /* EM_* */
	enum cp_os os;     /* from EI_OSABI, ABI notes, interpreter, needed */
	enum cp_libc libc; /* it was built for; from needed, interpreter, versions */
	enum cp_elf_defect defect;

	cp_str interpreter; /* PT_INTERP; 0: none */
	cp_str soname;
	cp_str rpath;        /* DT_RPATH */
	cp_str runpath;      /* DT_RUNPATH */
	cp_str build_id;     /* lower-case hex */
	cp_str node_version; /* "20.20.2" where this is the node program, else 0 */
	uint64_t flags;      /* DT_FLAGS */
	uint64_t flags_1;    /* DT_FLAGS_1 */
	bool has_dynamic;
	bool bind_now;         /* DT_BIND_NOW, DF_BIND_NOW or DF_1_NOW */
	bool static_tls;       /* DF_STATIC_TLS */
	bool text_relocations; /* DT_TEXTREL or DF_TEXTREL */
	bool empty_segment;    /* a PT_LOAD of no size that begins a page; not the first one */
	bool symbols_known;    /* false: undefined[] and relocs were not recorded (base files) */
	enum cp_stack stack;
	uint64_t tls_size;  /* PT_TLS p_memsz, bytes; 0: none */
	uint64_t tls_align; /* bytes */
	int node_api;       /* Node-API version that an addon declares; -1: it declares none or
			       the function is not the plain one that can be read */

	cp_str *needed;
	size_t n_needed;
	struct cp_verneed *verneed;
	size_t n_verneed;
	struct cp_verdef *verdef;
	size_t n_verdef;
	struct cp_symbol *undefined;
	size_t n_undefined; /* order of .dynsym, then CP_SYM_OWN ones;
			       [0] is not the null symbol */
	struct cp_symbol *exports;
	size_t n_exports; /* global, weak or unique, defined; order of .dynsym */
	struct cp_reloc *relocs_plt;
	size_t n_relocs_plt;
	struct cp_reloc *relocs_dyn;
	size_t n_relocs_dyn;

	cp_str glibc_min;   /* highest GLIBC_x.y wanted, "2.34"; weak ones and libgcc's are
			       left out; 0: none */
	cp_str glibcxx_min; /* highest GLIBCXX_x.y.z wanted of libstdc++, "3.4.29" */

	uint32_t *export_table; /* hash chains over exports[], made by cp_facts_index_exports: */
	size_t export_slots;    /* first the slots, then each export's successor; index + 1 */
};

static inline const char *cp_facts_string(const struct cp_facts *facts, cp_str at)
{
	return facts->pool + at;
}

/* The string at `at`, or NULL where it is none (for JSON's null). */
static inline const char *cp_facts_string_or_null(const struct cp_facts *facts, cp_str at)
{
	return at ? facts->pool + at : NULL;
}

/* How many bytes from the start of an object of `size` bytes its facts are read from, as its first
 * `have` bytes tell; `size` where they do not. Section headers, symbols for debuggers and the like
 * come last in most files, and no loader looks at them. */
size_t cp_facts_extent(const void *data, size_t have, size_t size);

/* Reads the facts of the ELF object at `data` (`size` bytes, which stay the
 * caller's and are not referred to afterwards).
 * Returns 0 with *out owned by the caller. An object whose header can be read but
 * which no loader would map has `defect` set and is no error. Returns -1 where
 * its tables are cut, hostile or over a cap: `err` says which table and why, and
 * *out is then NULL. Never reads outside of the bytes given, nor past their extent (above),
 * never allocates more than about three times `size` plus a constant, and takes time
 * linear in `size`. */
int cp_facts_read(const void *data, size_t size, struct cp_facts **out, struct cp_error **err);

void cp_facts_free(struct cp_facts *facts);
void cp_facts_cleanup(struct cp_facts **facts);
#define cp_cleanup_facts __attribute__((cleanup(cp_facts_cleanup)))

/* The GNU hash of a symbol name (dl_new_hash: h = h * 33 + c, from 5381). */
uint32_t cp_symbol_hash(const char *name);

/* A chain longer than this is no accident: names were made to collide. */
#define CP_MAX_COLLISIONS 1024

/* (Re)builds the hash table over exports[]; for those who fill facts by hand.
 * Returns 0, or -1: no memory, or more than CP_MAX_COLLISIONS names in a slot. */
int cp_facts_index_exports(struct cp_facts *facts);

/* Walks the exports called `name`: `*cursor` starts at 0 and is the walk's state.
 * Returns the next one in the order of exports[], or NULL. Constant time a hit. */
const struct cp_symbol *cp_facts_export_next(
	const struct cp_facts *facts, const char *name, uint32_t hash, size_t *cursor);

/* What a raw relocation type asks for on `machine` (EM_X86_64 and EM_AARCH64 in
 * full; on other machines CP_RELOC_UNKNOWN). Source: the psABIs. */
enum cp_reloc_kind cp_reloc_kind(uint16_t machine, uint32_t type);

/* Node and Docker names: "x64"/"arm64" and "amd64"/"arm64"; NULL where there is none. */
const char *cp_machine_node_name(uint16_t machine, uint8_t elf_class, uint8_t encoding);
const char *cp_machine_docker_name(uint16_t machine, uint8_t elf_class, uint8_t encoding);
/* "linux", "freebsd", …; and "glibc", "musl", NULL for none and unknown. */
const char *cp_os_name(enum cp_os os);
const char *cp_libc_name(enum cp_libc libc);

/* Compares dotted version numbers ("2.4" < "2.17"). Returns <0, 0, >0. */
int cp_version_compare(const char *a, const char *b);

#endif
