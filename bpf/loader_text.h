/* SPDX-License-Identifier: MIT
 *
 * A dynamic loader's own words → what was missing, who asked for it, and the cause.
 *
 * The text alone is looked at. What it leaves open (is "Exec format error" another machine or no
 * ELF file at all?) the caller settles by looking at the file: `look_at_file` asks for that.
 */
#ifndef CP_LOADER_TEXT_H
#define CP_LOADER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"

/* The strings point into the text that was read: they are not NUL-terminated. */
struct cp_span {
	const char *at; /* NULL: the text does not say */
	size_t size;
};

struct cp_loader_text {
	enum cp_event_libc libc;
	enum cp_event_cause cause;
	struct cp_span object;    /* the library, or the object at fault */
	struct cp_span symbol;    /* or the version */
	struct cp_span needed_by; /* the object that asked */
	bool look_at_file;        /* `cause` is a guess until the header of `object` was seen */
	bool at_call;             /* glibc's "symbol lookup error": the process ends with 127 */
	struct cp_span message;   /* of the text given, the part that is the loader's, one line */
};

/* Reads what dlerror(3) would return, or what _dl_signal_exception is given. Returns true where it
 * is a loader's text that is known. Source of the forms: glibc's elf/ and musl's ldso/dynlink.c,
 * measured on glibc 2.31, 2.36, 2.41 and musl 1.2.2, 1.2.3, 1.2.5. */
bool cp_loader_text_read(const char *text, size_t size, struct cp_loader_text *out);

/* Finds, in what a process wrote to its standard error, the first line that a loader itself prints
 * at a program's start ("PROG: error while loading shared libraries: …", musl's "Error loading
 * shared library …" and "Error relocating …" at the start of a line) or at a call (glibc's "PROG:
 * symbol lookup error: …"). A text that merely quotes it (Node's "Error: Error loading …") is none.
 * Returns true where there is one. */
bool cp_loader_text_find(const char *text, size_t size, struct cp_loader_text *out);

/* Whether another libc or base would cure it. */
enum cp_answer cp_cause_blames_template(enum cp_event_cause cause);

#endif
