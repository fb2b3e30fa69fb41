/* SPDX-License-Identifier: MIT */
#include "span.h"

#include <string.h>

struct cp_span cp_span_slice(struct cp_span span, size_t from, size_t to)
{
	return (struct cp_span){span.at + from, to - from};
}

bool cp_span_is(struct cp_span span, const char *text)
{
	return span.at && span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

bool cp_span_begins(struct cp_span span, const char *start)
{
	size_t size = strlen(start);
	return span.at && span.size >= size && memcmp(span.at, start, size) == 0;
}

bool cp_span_ends(struct cp_span span, const char *end)
{
	size_t size = strlen(end);
	return span.at && span.size >= size && memcmp(span.at + span.size - size, end, size) == 0;
}

size_t cp_span_find(struct cp_span span, const char *needle)
{
	const char *found = span.at ? memmem(span.at, span.size, needle, strlen(needle)) : NULL;
	return found ? (size_t)(found - span.at) : CP_NOT_FOUND;
}

size_t cp_span_find_last(struct cp_span span, const char *needle)
{
	size_t last = CP_NOT_FOUND, size = strlen(needle);
	if (!span.at)
		return last;
	for (size_t at = 0; at + size <= span.size; at++) {
		const char *found = memmem(span.at + at, span.size - at, needle, size);
		if (!found)
			break;
		last = at = (size_t)(found - span.at);
	}
	return last;
}

static bool cut_at(
	struct cp_span span, size_t at, size_t size, struct cp_span *before, struct cp_span *after)
{
	if (at == CP_NOT_FOUND)
		return false;
	*before = cp_span_slice(span, 0, at);
	*after = cp_span_slice(span, at + size, span.size);
	return true;
}

bool cp_span_cut(
	struct cp_span span, const char *needle, struct cp_span *before, struct cp_span *after)
{
	return cut_at(span, cp_span_find(span, needle), strlen(needle), before, after);
}

bool cp_span_cut_last(
	struct cp_span span, const char *needle, struct cp_span *before, struct cp_span *after)
{
	return cut_at(span, cp_span_find_last(span, needle), strlen(needle), before, after);
}

bool cp_span_line(struct cp_span *text, struct cp_span *line)
{
	if (!text->size)
		return false;
	*line = *text;
	if (!cp_span_cut(*text, "\n", line, text))
		*text = cp_span_slice(*text, text->size, text->size);
	if (cp_span_ends(*line, "\r"))
		line->size--;
	return true;
}

struct cp_span cp_span_file_name(struct cp_span path)
{
	size_t slash = cp_span_find_last(path, "/");
	return slash == CP_NOT_FOUND ? path : cp_span_slice(path, slash + 1, path.size);
}
