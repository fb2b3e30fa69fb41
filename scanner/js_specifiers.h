/* SPDX-License-Identifier: MIT
 *
 * The modules that a JavaScript file loads as soon as it is loaded itself.
 */
#ifndef CP_JS_SPECIFIERS_H
#define CP_JS_SPECIFIERS_H

#include <stddef.h>

/* Returns a malloc'ed text with a line for each, in the order of the source: "require NAME" or
 * "import NAME". Empty where there are none, or where the source cannot be followed; NULL only
 * without memory. Linear. */
char *cp_js_specifiers(const char *source, size_t size);

#endif
