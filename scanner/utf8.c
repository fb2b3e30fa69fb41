/* SPDX-License-Identifier: MIT */
#include "utf8.h"

/* How many bytes the UTF-8 character at `at` has; 0: it is none (RFC 3629), or a control character
 * that YAML does not allow. */
static size_t character_size(const unsigned char *at, size_t left)
{
	if (*at < 0x80)
		return *at >= 0x20 || *at == '\t' || *at == '\n' || *at == '\r';
	size_t size = *at >= 0xf0 ? 4 : *at >= 0xe0 ? 3 : 2;
	if (*at < 0xc2 || *at > 0xf4 || size > left)
		return 0;
	for (size_t i = 1; i < size; i++)
		if ((at[i] & 0xc0) != 0x80)
			return 0;
	bool overlong = (*at == 0xe0 && at[1] < 0xa0) || (*at == 0xf0 && at[1] < 0x90);
	bool beyond = (*at == 0xed && at[1] > 0x9f) || (*at == 0xf4 && at[1] > 0x8f);
	return overlong || beyond ? 0 : size;
}

bool cp_utf8_check(const char *text, size_t size, bool no_directives, struct cp_utf8_place *place)
{
	const char *start = text, *at = text, *end = text + size;
	size_t line = 1;
	while (at < end) {
		size_t length = character_size((const unsigned char *)at, (size_t)(end - at));
		if (!length || (no_directives && at == start && *at == '%')) {
			*place = (struct cp_utf8_place){
				(size_t)(at - text), line, (size_t)(at - start) + 1};
			return false;
		}
		at += length;
		if (at[-1] == '\n') {
			start = at;
			line++;
		}
	}
	return true;
}
