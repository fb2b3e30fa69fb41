/* SPDX-License-Identifier: MIT
 *
 * Any bytes as what a loader or Node wrote: every span lies within them, and looking for the next
 * failure comes to an end.
 */
#include <stdint.h>
#include <stdlib.h>

#include "js_text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *start;
static size_t length;

static void check(struct cp_span span)
{
	if (span.at && (span.at < start || span.size > length ||
			       (size_t)(span.at - start) > length - span.size))
		abort();
}

static void check_loader(bool found, const struct cp_loader_text *text)
{
	if (found && !text->message.at)
		abort();
	if (text->look_at_file && !text->file.at)
		abort();
	check(text->object);
	check(text->symbol);
	check(text->needed_by);
	check(text->message);
	check(text->file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct cp_loader_text loader;
	struct cp_js_text js;
	size_t used;
	start = (const char *)data;
	length = size;
	check_loader(cp_loader_text_read(start, size, &loader), &loader);
	check_loader(cp_loader_text_find(start, size, &loader), &loader);
	for (size_t at = 0; cp_js_text_find(start + at, size - at, &js, &used); at += used) {
		if (used == 0 || used > size - at || !js.message.at)
			abort();
		check(js.object);
		check(js.needed_by);
		check(js.message);
	}
	cp_module_is_of_platform(start, size);
	return 0;
}
