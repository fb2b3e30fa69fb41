/* SPDX-License-Identifier: MIT
 *
 * A simulated load: what the dynamic loader of a target root would do with an
 * object, down to the text it would print.
 *
 * load.c chooses between two independent sets of rules:
 *   loader_glibc.c and glibc_*.c   ld-linux-*.so.*
 *   loader_musl.c and musl_*.c     ld-musl-*.so.1
 * What both share (the list of loaded objects, breadth-first closure, problem
 * list, result building) is in closure.c. Neither opens a file: they ask the root.
 *
 * The program that dlopens matters: its exports and its libraries are in the
 * global scope. For addons it is node (program.h), for executables the object
 * itself.
 */
#ifndef CP_LOAD_H
#define CP_LOAD_H

#include "root.h"

enum cp_outcome { /* worst last, as in the JSON */
	CP_OUTCOME_LOADS,
	CP_OUTCOME_LOADS_WITH,
	CP_OUTCOME_CRASHES,
	CP_OUTCOME_FAILS,
	CP_OUTCOME_FOREIGN,
	CP_OUTCOME_UNUSED,
	CP_OUTCOME_UNKNOWN, /* JSON null */
};

enum cp_cause {
	CP_CAUSE_NONE,
	CP_CAUSE_MISSING_LOADER,
	CP_CAUSE_MISSING_LIBRARY,
	CP_CAUSE_MISSING_SYMBOL,
	CP_CAUSE_SYMBOL_VERSION,
	CP_CAUSE_WRONG_LIBC,
	CP_CAUSE_STATIC_TLS,
	CP_CAUSE_EXECUTABLE_STACK,
	CP_CAUSE_WRONG_ARCHITECTURE,
	CP_CAUSE_NOT_ELF,
	CP_CAUSE_NODE_ABI,
	CP_CAUSE_NODE_API_VERSION,
	CP_CAUSE_MISSING_INTERPRETER, /* executables: PT_INTERP is not there */
};

const char *cp_outcome_name(enum cp_outcome outcome); /* "loads", …; NULL for unknown */
const char *cp_cause_name(enum cp_cause cause);       /* "missing_loader", …; NULL for none */

enum cp_load_mode {
	CP_LOAD_DLOPEN_LAZY, /* as Node does */
	CP_LOAD_DLOPEN_NOW,
	CP_LOAD_EXEC, /* as a program start */
};

/* One thing wrong, in the order in which the loader would meet it. */
struct cp_problem {
	enum cp_cause cause;
	bool at_call;  /* only at the first call of the symbol: the load itself goes through */
	char *object;  /* path of the object that has the problem, as the loader names it */
	char *subject; /* the library, symbol or version at fault */
	char *message; /* what the loader would print for it; NULL: it dies without text */
};

/* One path that was tried for a name, in order (libtree's manner). */
struct cp_considered {
	char *name; /* what was looked for */
	char *needed_by;
	char *path;
	const char *origin; /* static text: "RPATH", "RUNPATH", "default path", "ld.so.cache", … */
	const char *result; /* static text: "found", "not found", "wrong class", … */
};

struct cp_load {
	enum cp_outcome outcome;
	enum cp_cause cause; /* of the first problem that decides */
	char *message;       /* the text the real loader would print first; NULL: none */
	char **chain;
	size_t n_chain; /* from the object asked for to the one with the problem */
	struct cp_problem *problems;
	size_t n_problems, problems_size; /* the first one decides; all further */
	size_t problems_dropped;          /* beyond CP_LOAD_MAX_PROBLEMS */
	size_t decisive;     /* the first problem that no package of the distribution cures */
	char **add_packages; /* of the distribution, where the outcome is LOADS_WITH */
	size_t n_add_packages;
	struct cp_considered *considered;
	size_t n_considered, considered_size; /* only where asked for */
};

#define CP_LOAD_MAX_PROBLEMS 200

/* What a program brings into the global scope before it dlopens anything. */
struct cp_program {
	const char *path;             /* as the loader names it, "/usr/local/bin/node" */
	const struct cp_facts *facts; /* exports and needed; borrowed */
	/* Names that count as exported though facts does not list them (a shipped list leaves out
	 * V8's internals; an unknown node leaves out all): returns true to accept. May be NULL. */
	bool (*also_exports)(const char *symbol);
};

struct cp_target {
	const char *name; /* as the user gave it; "self" */
	struct cp_root root;
	uint16_t machine;         /* EM_* of the loader */
	enum cp_libc libc;        /* CP_LIBC_GLIBC, CP_LIBC_MUSL; else nothing dynamic loads */
	const char *libc_version; /* "2.36", "1.2.5" */
	struct cp_program
		program; /* facts == NULL: a program without exports that needs only libc */
	const char *library_path; /* LD_LIBRARY_PATH or NULL */
	bool keep_considered;     /* fill cp_load.considered */
};

/* Simulates loading the object at `path` (absolute in the target's root; as the
 * program would pass it to dlopen(3)/execve(2), so links are not resolved first).
 * Returns 0 with *load filled (owned by the caller: cp_load_clear), or -1 where it
 * could not be judged (no memory, unreadable object): then nothing is filled.
 * The target's shared parts are read only, so threads may share one target. */
int cp_load_simulate(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err);

/* The rules of one loader; cp_load_simulate picks. */
int cp_loader_glibc(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err);
int cp_loader_musl(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err);

void cp_load_clear(struct cp_load *load);

#endif
