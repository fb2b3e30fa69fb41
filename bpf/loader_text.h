/* SPDX-License-Identifier: MIT
 *
 * A dynamic loader's own words → what was missing, who asked for it, and the cause.
 *
 * The text alone is looked at. What it leaves open (is "Exec format error" another machine or no
 * ELF file at all?) the caller settles by looking at the file: `look_at_file` asks for that.
 *
 * The text is whatever a process wrote: any bytes, any length, no NUL at its end. Cost is linear.
 */
#ifndef CP_LOADER_TEXT_H
#define CP_LOADER_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"
#include "span.h"

/* The spans point into the text that was read. */
struct cp_loader_text {
	enum cp_event_libc libc;
	enum cp_event_cause cause; /* unknown: its words are known, but no cause has a name for it
				      (no memory, no more descriptors) */
	struct cp_span object;     /* the library that could not be had, or the object at fault */
	struct cp_span symbol;     /* or the version */
	struct cp_span needed_by;  /* the object that asked */
	struct cp_span message;    /* of the text given, the part that is the loader's, one line */
	/* `cause` holds unless the header of `file` says that this is another machine's file, or
	 * none of ELF. `file` need not be a path: a library's bare name is where the search found
	 * it. */
	bool look_at_file;
	struct cp_span file;
	bool at_call; /* glibc's "symbol lookup error", which is fatal: the process ends with 127 */
};

/* Reads what dlerror(3) would return, or what _dl_signal_exception is given ("OBJNAME: ERRSTRING";
 * the strerror(3) that dlerror adds may be missing), or a line that a loader prints at a program's
 * start. Only the first line of the text counts. Returns true where it is a loader's text that is
 * known. Source of the forms: glibc's elf/ and musl's ldso/dynlink.c, measured on glibc 2.31,
 * 2.36, 2.41 and musl 1.2.2, 1.2.3, 1.2.5. */
bool cp_loader_text_read(const char *text, size_t size, struct cp_loader_text *out);

/* Finds, in what a process wrote to its standard error, the first line that a loader itself prints
 * at a program's start ("PROG: error while loading shared libraries: …", "PROG: LIB: version …",
 * musl's "Error loading shared library …" and "Error relocating …" at the start of a line) or at a
 * call (glibc's "PROG: symbol lookup error: …"). A text that merely quotes it (Node's "Error: Error
 * loading …", Python's "ImportError: …") is none, nor are glibc's warnings. A program that prints a
 * bare dlerror(3) of musl's cannot be told from musl: that the process then ended with 127 can.
 * Returns true where there is one. */
bool cp_loader_text_find(const char *text, size_t size, struct cp_loader_text *out);

/* Whether another libc or base would cure it. */
enum cp_answer cp_cause_blames_template(enum cp_event_cause cause);

/* The same of a program or script that did not start because `interpreter` is not there: an ELF
 * loader and a script's shell, Python, … come with another base, a script with Windows line ends
 * ("/bin/sh\r") names nothing that any base has. NULL: unknown. */
enum cp_answer cp_interpreter_blames_template(const char *interpreter);

#endif
