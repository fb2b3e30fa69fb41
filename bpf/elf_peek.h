/* SPDX-License-Identifier: MIT
 *
 * The little of a file that explains a failed load or start: is it an ELF file, for which machine,
 * with which interpreter, and which libraries does it ask for? Read piece by piece from a
 * descriptor; whatever the file holds, nothing but these answers comes of it.
 */
#ifndef CP_ELF_PEEK_H
#define CP_ELF_PEEK_H

#include <stdbool.h>
#include <stddef.h>

#define CP_PEEK_INTERPRETER 256

enum cp_peek_kind {
	CP_PEEK_EMPTY,
	CP_PEEK_ELF,
	CP_PEEK_SCRIPT,      /* begins with #! */
	CP_PEEK_LFS_POINTER, /* what git-lfs leaves where it did not fetch (git-lfs spec) */
	CP_PEEK_WINDOWS,     /* "MZ" */
	CP_PEEK_MACH_O,
	CP_PEEK_TEXT, /* no NUL byte in its first bytes */
	CP_PEEK_DATA,
};

struct cp_peek {
	enum cp_peek_kind kind;
	int elf_class, machine;                /* ELFCLASS*, EM_* */
	char interpreter[CP_PEEK_INTERPRETER]; /* PT_INTERP, or a script's; "" where there is none
						*/
	bool ends_with_cr; /* a script's interpreter: its line ends with CR LF (execve(2) takes the
			      CR) */
};

/* 0, or -errno where the file cannot be read. The descriptor's position is left alone. */
int cp_peek(int fd, struct cp_peek *peek);

/* Whether the file's DT_NEEDED names this library. */
bool cp_peek_needs(int fd, const char *library);

/* The nth entry (from 0) with that tag (DT_NEEDED, DT_RUNPATH, DT_RPATH) into buffer[size]. False
 * where there is none, or it is longer. */
bool cp_peek_dynamic_text(int fd, long tag, size_t nth, char *buffer, size_t size);

/* Whether the file's own references to `symbol` are resolved when it is loaded, and not at the
 * first call: it is linked with -z now, or a relocation of another kind than a jump slot asks for
 * it. */
bool cp_peek_binds_at_load(int fd, const char *symbol);

/* Whether this machine runs programs of that class and machine. */
bool cp_peek_is_native(const struct cp_peek *peek);

/* "AArch64", …; NULL for one without a name here. */
const char *cp_peek_machine_name(int machine);

#endif
