/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/json_pieces.h"

struct taken {
	char names[256]; /* "n" of each */
	size_t stop_at;  /* 0: never */
	size_t count;
};

static bool take(void *context, const json_t *object)
{
	struct taken *taken = context;
	const char *name = cp_json_member(object, "n");
	size_t used = strlen(taken->names);
	snprintf(taken->names + used, sizeof(taken->names) - used, "%s;", name ? name : "-");
	return ++taken->count != taken->stop_at;
}

/* Reads the text in pieces of that size. */
static bool read_pieces(const char *text, size_t piece, struct taken *taken, unsigned *depth)
{
	struct cp_json_objects objects = {.take = take, .context = taken};
	bool ok = read_in_pieces(&objects, text, strlen(text), piece);
	*depth = objects.depth;
	cp_json_objects_clear(&objects);
	return ok;
}

static void assert_objects(const char *text, const char *names)
{
	for (size_t piece = 1; piece <= strlen(text); piece++) {
		struct taken taken = {.count = 0};
		unsigned depth;
		assert_true(read_pieces(text, piece, &taken, &depth));
		assert_string_equal(taken.names, names);
		assert_int_equal(depth, 0);
	}
}

static void objects_in_any_pieces(void **state)
{
	(void)state;
	assert_objects("", "");
	assert_objects("[]\n", "");
	assert_objects("{\"n\":\"a\"}\n{\"n\":\"b\"}\n", "a;b;");
	assert_objects("{\"n\":\"a\"}{\"n\":\"b\"}", "a;b;");
	assert_objects("[{\"n\":\"a\"}, {\"n\":\"b\", \"m\": [{\"n\": 1}, []]}]", "a;b;");
	assert_objects("{\"n\":\"{[\\\"}]\\\\\"} {\"n\":\"}\"}", "{[\"}]\\;};");
	assert_objects("{\"n\":1} {\"n\":\"\"} {}", "-;-;-;");
}

static void what_is_none(void **state)
{
	(void)state;
	static const char *const texts[] = {"x", "<html>", "{]", "{\"a\"}", "{\"n\":\"\xff\"}", "}",
		"[1]", "\"{}\"", "{\"a\":1,}", "{\"n\":\"\\u0000\"}"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		for (size_t piece = 1; piece <= strlen(texts[i]); piece++) {
			struct taken taken = {.count = 0};
			unsigned depth;
			if (read_pieces(texts[i], piece, &taken, &depth))
				fail_msg("%s was read", texts[i]);
		}
}

static void what_is_too_much(void **state)
{
	(void)state;
	struct taken taken = {.count = 0};
	unsigned depth;
	char *text = malloc(CP_MAX_JSON_OBJECT + 64);
	assert_non_null(text);
	memset(text, ' ', CP_MAX_JSON_OBJECT + 63);
	text[CP_MAX_JSON_OBJECT + 63] = '\0';
	text[0] = '{';
	assert_false(read_pieces(text, 4096, &taken, &depth));
	text[CP_MAX_JSON_OBJECT - 1] = '}';
	text[CP_MAX_JSON_OBJECT] = '\0';
	assert_true(read_pieces(text, 4096, &taken, &depth));
	assert_int_equal(taken.count, 1);
	snprintf(text, 8, "{\"n\":");
	memset(text + 5, '[', CP_MAX_JSON_DEPTH);
	text[5 + CP_MAX_JSON_DEPTH] = '\0';
	assert_false(read_pieces(text, 4096, &taken, &depth));
	free(text);
}

static void who_wants_no_more(void **state)
{
	(void)state;
	struct taken taken = {.stop_at = 2};
	unsigned depth;
	assert_false(read_pieces("[{\"n\":\"a\"},{\"n\":\"b\"},{\"n\":\"c\"}]", 1, &taken, &depth));
	assert_string_equal(taken.names, "a;b;");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_in_any_pieces),
		cmocka_unit_test(what_is_none),
		cmocka_unit_test(what_is_too_much),
		cmocka_unit_test(who_wants_no_more),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
