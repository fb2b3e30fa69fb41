/* SPDX-License-Identifier: MIT */
#include "suggest.h"

#include <string.h>

#define LONGEST 32 /* no word of the command line's is longer */

static size_t least(size_t a, size_t b, size_t c)
{
	size_t least_two = a < b ? a : b;
	return least_two < c ? least_two : c;
}

/* Levenshtein's distance, one row of his table at a time. */
static size_t distance(const char *a, const char *b)
{
	size_t row[LONGEST + 1], length = strlen(b);
	for (size_t j = 0; j <= length; j++)
		row[j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= length; j++) {
			size_t above = row[j];
			row[j] =
				least(above + 1, row[j - 1] + 1, diagonal + (a[i - 1] != b[j - 1]));
			diagonal = above;
		}
	}
	return row[length];
}

const char *cp_suggest(const char *typed, const char *const *words, size_t count)
{
	const char *best = NULL;
	size_t best_distance = LONGEST;
	if (strlen(typed) > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t length = strlen(words[i]);
		if (length > LONGEST)
			continue;
		size_t d = distance(typed, words[i]);
		if (d < best_distance && d <= (length + 2) / 3) {
			best = words[i];
			best_distance = d;
		}
	}
	return best;
}
