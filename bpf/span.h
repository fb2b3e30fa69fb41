/* SPDX-License-Identifier: MIT
 *
 * A piece of somebody else's text: where it starts and how long it is. Nothing is copied and
 * nothing is NUL-terminated, so texts may hold any bytes.
 */
#ifndef CP_SPAN_H
#define CP_SPAN_H

#include <stdbool.h>
#include <stddef.h>

struct cp_span {
	const char *at; /* NULL: the text does not say */
	size_t size;
};

#define CP_NOT_FOUND ((size_t)-1)

/* The piece from `from` up to `to` (offsets, both within). */
struct cp_span cp_span_slice(struct cp_span span, size_t from, size_t to);

bool cp_span_is(struct cp_span span, const char *text);
bool cp_span_begins(struct cp_span span, const char *start);
bool cp_span_ends(struct cp_span span, const char *end);

/* Offset of the first or last `needle`, or CP_NOT_FOUND. Linear. */
size_t cp_span_find(struct cp_span span, const char *needle);
size_t cp_span_find_last(struct cp_span span, const char *needle);

/* Cuts at the first (last) `needle`: `before` and `after` are what is on its sides. Either may be
 * the span itself, and is left alone where there is no needle (false). */
bool cp_span_cut(
	struct cp_span span, const char *needle, struct cp_span *before, struct cp_span *after);
bool cp_span_cut_last(
	struct cp_span span, const char *needle, struct cp_span *before, struct cp_span *after);

/* Takes the next line off *text, without what ended it. False where *text is empty. */
bool cp_span_line(struct cp_span *text, struct cp_span *line);

/* What follows the last slash. */
struct cp_span cp_span_file_name(struct cp_span path);

#endif
