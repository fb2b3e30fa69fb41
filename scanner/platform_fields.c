/* SPDX-License-Identifier: MIT */
#include "platform_fields.h"

#include <stdbool.h>
#include <string.h>

struct allowance {
	bool excluded, listed, named;
};

static void allow(struct allowance *allowance, const char *word, const char *machine)
{
	bool negated = *word == '!';
	bool same = strcmp(word + negated, machine) == 0;
	allowance->excluded |= negated && same;
	allowance->named |= !negated;
	allowance->listed |= !negated && (same || strcmp(word, "any") == 0);
}

static enum cp_fit fit_of(const struct allowance *allowance)
{
	return allowance->excluded || (allowance->named && !allowance->listed) ? CP_FITS_NOT
									       : CP_FITS;
}

enum cp_fit cp_fit_words(char *const *words, const char *machine)
{
	struct allowance allowance = {0};
	if (!words)
		return CP_FIT_NOT_TOLD;
	for (; *words; words++)
		allow(&allowance, *words, machine);
	return fit_of(&allowance);
}

enum cp_fit cp_fit_field(const json_t *manifest, const char *field, const char *machine)
{
	struct allowance allowance = {0};
	const json_t *value = json_object_get(manifest, field);
	if (json_is_string(value))
		allow(&allowance, json_string_value(value), machine);
	else if (!json_is_array(value))
		return CP_FIT_NOT_TOLD;
	for (size_t i = 0; i < json_array_size(value); i++) {
		const char *word = json_string_value(json_array_get(value, i));
		if (word)
			allow(&allowance, word, machine);
	}
	return fit_of(&allowance);
}

const char *cp_only_word(const json_t *manifest, const char *field)
{
	const json_t *value = json_object_get(manifest, field);
	if (json_array_size(value) == 1)
		value = json_array_get(value, 0);
	const char *word = json_string_value(value);
	return word && *word && *word != '!' && strcmp(word, "any") != 0 ? word : NULL;
}
