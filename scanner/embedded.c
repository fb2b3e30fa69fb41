/* SPDX-License-Identifier: MIT
 *
 * The assembler's .incbin puts the files into the library as they are. Which files
 * there are is told by embedded.inc, a list of BASE(label, name, path) and
 * PROGRAM(label, name, path) that scanner/bases/bases.mk makes from the folders: a
 * file that is added is in the next build.
 */
#include "embedded.h"

#include <string.h>

/* clang-format off */
#define EMBED(label, path)                                                                         \
	__asm__(".pushsection .rodata\n"                                                           \
		"cp_embedded_" #label ":\n"                                                        \
		".incbin \"" path "\"\n"                                                           \
		"cp_embedded_" #label "_end:\n"                                                    \
		".popsection\n");                                                                  \
	extern const char cp_embedded_##label[], cp_embedded_##label##_end[];
#define BASE(label, name, path) EMBED(label, path)
#define PROGRAM(label, name, path) EMBED(label, path)
#include "embedded.inc"
#undef BASE
#undef PROGRAM

#define ROW(label, name) {name, cp_embedded_##label, cp_embedded_##label##_end},
#define BASE(label, name, path) ROW(label, name)
#define PROGRAM(label, name, path)
const struct cp_embedded cp_embedded_bases[] = {
#include "embedded.inc"
	{NULL, NULL, NULL},
};
#undef BASE
#undef PROGRAM

#define BASE(label, name, path)
#define PROGRAM(label, name, path) ROW(label, name)
const struct cp_embedded cp_embedded_programs[] = {
#include "embedded.inc"
	{NULL, NULL, NULL},
};
#undef BASE
#undef PROGRAM

#define BASE(label, name, path) name,
#define PROGRAM(label, name, path)
const char *const cp_embedded_base_names[] = {
#include "embedded.inc"
	NULL,
};
/* clang-format on */

const struct cp_embedded *cp_embedded_find(const struct cp_embedded *table, const char *name)
{
	for (; table->name; table++)
		if (strcmp(table->name, name) == 0)
			return table;
	return NULL;
}
