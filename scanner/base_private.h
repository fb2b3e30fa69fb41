/* SPDX-License-Identifier: MIT
 *
 * What the files that make bases share.
 */
#ifndef CP_BASE_PRIVATE_H
#define CP_BASE_PRIVATE_H

#include "base_text.h"
#include "root.h"

#define CP_BASE_FORMAT "compatprobe-base/1"

/* --- libraries in base files ------------------------------------------------ */

/* A library on its way from a file into an index. */
struct cp_library {
	struct cp_facts *facts; /* owned until it is handed to the index */
	uint32_t node;
	size_t exports; /* how many names are its, in the block */
	int last_key;   /* the property that was read last; -1: none yet */
};

/* "none", "glibc", …: enum cp_libc as written; NULL-terminated. */
extern const char *const cp_libc_words[];

/* Writes all but the names, a line a property. */
void cp_library_write(FILE *file, const struct cp_facts *facts);
/* Reads a line "KEY VALUE…" into the library. `at` is in the reader's buffer and is cut up. 0 or
 * -1. */
int cp_library_read_line(struct cp_library *library, struct cp_reader *lines, char *at);

/* --- roots ------------------------------------------------------------------- */

/* How distributions spell a machine in paths. */
struct cp_machine_paths {
	uint16_t machine;    /* EM_* */
	const char *triplet; /* Debian's multiarch directory: "x86_64-linux-gnu" */
	const char *musl;    /* of ld-musl-ARCH.so.1 and /etc/ld-musl-ARCH.path */
};

/* NULL for a machine that is not known. */
const struct cp_machine_paths *cp_machine_paths(uint16_t machine);

/* A kept text of the root, NUL-terminated (owned), or NULL. */
char *cp_root_text(const struct cp_root *root, const char *path);

#endif
