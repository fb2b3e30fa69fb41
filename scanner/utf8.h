/* SPDX-License-Identifier: MIT
 *
 * Is this text at all? YAML's readers are only handed what YAML allows in a stream: UTF-8 (RFC
 * 3629) without control characters (YAML 1.2, 5.1). libfyaml 0.7.12 was seen to read a directive
 * with other bytes for ever.
 */
#ifndef CP_UTF8_H
#define CP_UTF8_H

#include <stdbool.h>
#include <stddef.h>

struct cp_utf8_place {
	size_t offset;
	size_t line, column; /* from 1; the column counts bytes */
};

/* Whether all of text[0..size) is such text; if not, `place` says where the first other byte is.
 * With `no_directives` a '%' at a line's start counts as such a byte. Linear. */
bool cp_utf8_check(const char *text, size_t size, bool no_directives, struct cp_utf8_place *place);

#endif
