/* SPDX-License-Identifier: MIT
 *
 * The fields by which npm packages say what they are for: os, cpu and libc, in a package.json or in
 * a lock file.
 *
 *     "os": ["linux"]     "cpu": ["!ia32"]     "libc": "musl"
 *
 * npm's rule for each: no "!word" may be the machine's, and where there are words without an
 * exclamation mark, one of them must be ("any" is every machine's).
 */
#ifndef CP_PLATFORM_FIELDS_H
#define CP_PLATFORM_FIELDS_H

#include <jansson.h>

enum cp_fit { CP_FITS, CP_FITS_NOT, CP_FIT_NOT_TOLD };

/* Whether a machine that is called `machine` may have it. `words` is NULL-terminated, or NULL. */
enum cp_fit cp_fit_words(char *const *words, const char *machine);
/* The same by a field of a package.json, or of its part; a string stands for a list of one. */
enum cp_fit cp_fit_field(const json_t *manifest, const char *field, const char *machine);
/* The one word that the field says, if it is one and without exclamation mark; else NULL. */
const char *cp_only_word(const json_t *manifest, const char *field);

#endif
