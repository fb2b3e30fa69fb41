/* SPDX-License-Identifier: MIT
 *
 * "Did you mean …?" for a mistyped word.
 */
#ifndef CP_SUGGEST_H
#define CP_SUGGEST_H

#include <stddef.h>

/* The one of `words` (count of them) that takes the fewest insertions, deletions and
 * replacements to become `typed`, where that is at most a third of its length; else NULL. */
const char *cp_suggest(const char *typed, const char *const *words, size_t count);

#endif
