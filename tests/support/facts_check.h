/* SPDX-License-Identifier: MIT
 *
 * What must hold of the facts of any object, however hostile.
 */
#ifndef FACTS_CHECK_H
#define FACTS_CHECK_H

#include "facts.h"

/* NULL where `facts`, read from an object of `size` bytes, keep their promises:
 * every string and index within bounds, every export found by its name, no more
 * memory than three times the object plus a constant. Else what is wrong. */
const char *facts_flaw(const struct cp_facts *facts, size_t size);

#endif
