/* SPDX-License-Identifier: MIT
 *
 * A closure in the making: the objects that a simulated loader has mapped so far.
 *
 * Both loaders keep such a list and differ only in the rules by which they fill
 * it, so this part knows no rule: it finds an object again by file or by name,
 * collects problems and the paths considered, and at the end makes the result.
 *
 *   cp_closure_add ──▶ objects[] ◀── cp_closure_by_file / cp_closure_by_name
 *   cp_closure_problem, cp_closure_consider ──▶ load ◀── cp_closure_finish
 *
 * Objects are told by their number in objects[], which stays valid while the
 * list grows (a pointer does not). They stand in the order in which they were
 * added; the program and its libraries come first.
 *
 * The caps are far above anything real. Their purpose is that a hostile object
 * costs a bounded time; going over one is an error, not a verdict.
 */
#ifndef CP_CLOSURE_H
#define CP_CLOSURE_H

#include "load.h"

#define CP_NO_OBJECT SIZE_MAX
#define CP_CLOSURE_MAX_OBJECTS 4096u
#define CP_CLOSURE_MAX_ATTEMPTS 400000u  /* paths tried in one simulation */
#define CP_CLOSURE_MAX_CONSIDERED 10000u /* rows kept of them */

struct cp_loaded {
	char *path;                        /* as the loader names it in its messages */
	char *canonical;                   /* in the root, no links; NULL where it has no file */
	const struct cp_index *file_index; /* identity of the file, with file_node */
	uint32_t file_node;           /* CP_NO_NODE: no file (a program known by facts alone) */
	const struct cp_facts *facts; /* borrowed; NULL: nothing is known of it */
	size_t requester; /* who needed it first; CP_NO_OBJECT: nobody, it was asked for */
	size_t depth;     /* 0: asked for; else the requester's + 1 */
	size_t *needed;   /* per facts->needed: the object that serves it, or CP_NO_OBJECT; */
	size_t n_needed;  /* made and filled by cp_closure_need */
};

struct cp_closure_slot {
	uint32_t hash;
	uint32_t object; /* number + 1; 0: free */
	char *name;      /* NULL: the slot is for the object's file */
};

struct cp_closure {
	const struct cp_target *target;
	struct cp_load *load; /* receives problems and considered paths */
	struct cp_loaded *objects;
	size_t count, size;
	struct cp_closure_slot *slots; /* open addressing: names and files to objects */
	size_t n_slots, slots_used;
	size_t attempts;
	size_t problem_object[CP_LOAD_MAX_PROBLEMS]; /* beside load->problems */
	size_t decides;                              /* in load->problems; SIZE_MAX: none yet */
};

/* `load` is cleared and stays the caller's. */
void cp_closure_init(
	struct cp_closure *closure, const struct cp_target *target, struct cp_load *load);
/* Frees the lists; load is left alone. */
void cp_closure_cleanup(struct cp_closure *closure);
#define cp_cleanup_closure __attribute__((cleanup(cp_closure_cleanup)))

/* Adds an object that the loader calls `path`. `found` tells its file; NULL: it has
 * none. It gets no name by itself (see cp_closure_name). Returns its number, or
 * CP_NO_OBJECT with an error (no memory, too many). */
size_t cp_closure_add(struct cp_closure *closure, const char *path, const struct cp_found *found,
	const struct cp_facts *facts, size_t requester, struct cp_error **err);
/* Makes `object` known by `name` (a soname, a name it was asked for by); the first
 * object of a name keeps it. 0 or -1. */
int cp_closure_name(
	struct cp_closure *closure, size_t object, const char *name, struct cp_error **err);
/* The object of that file, or that is known by that name; or CP_NO_OBJECT. Constant time. */
size_t cp_closure_by_file(const struct cp_closure *closure, const struct cp_found *found);
size_t cp_closure_by_name(const struct cp_closure *closure, const char *name);
/* Notes that `provider` serves entry `at` of the object's DT_NEEDED. 0 or -1. */
int cp_closure_need(struct cp_closure *closure, size_t object, size_t at, size_t provider,
	struct cp_error **err);

/* Notes a path that is tried for `name`. `needed_by` may be NULL; `origin` and
 * `result` are static texts. 0, or -1: no memory, or more attempts than believed. */
int cp_closure_consider(struct cp_closure *closure, const char *name, const char *needed_by,
	const char *path, const char *origin, const char *result, struct cp_error **err);

/* What a problem is about; `subject` is copied. */
struct cp_complaint {
	enum cp_cause cause;
	bool at_call;     /* the load goes through, the first call does not */
	size_t object;    /* that has the problem: the end of the chain; CP_NO_OBJECT: it could not
			     be mapped itself, then `path` names it */
	const char *path; /* NULL: the object's own */
	const char *subject; /* library, symbol or version at fault; may be NULL */
};
/* Adds a problem with the text that the loader prints for it (`format` NULL: none).
 * Beyond CP_LOAD_MAX_PROBLEMS they are counted, but the first one that stops the
 * load is always kept. 0 or -1. */
int cp_closure_problem(struct cp_closure *closure, const struct cp_complaint *complaint,
	struct cp_error **err, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* Makes the result of the problems: the first that stops the load decides (fails),
 * else the first that waits for a call (crashes), else it loads. That problem moves
 * to the front; its message, cause and chain become the load's. 0 or -1. */
int cp_closure_finish(struct cp_closure *closure, struct cp_error **err);

#endif
