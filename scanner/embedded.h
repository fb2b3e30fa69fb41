/* SPDX-License-Identifier: MIT
 *
 * The files of scanner/bases/ and scanner/programs/, built into the library.
 */
#ifndef CP_EMBEDDED_H
#define CP_EMBEDDED_H

#include <stddef.h>

struct cp_embedded {
	const char *name; /* the file's, without its suffix; NULL ends the table */
	const char *text; /* not NUL-terminated */
	const char *end;
};

extern const struct cp_embedded cp_embedded_bases[];    /* by name */
extern const struct cp_embedded cp_embedded_programs[]; /* by name */
extern const char *const cp_embedded_base_names[];      /* NULL-terminated */

/* The one called `name`, or NULL. */
const struct cp_embedded *cp_embedded_find(const struct cp_embedded *table, const char *name);

#endif
