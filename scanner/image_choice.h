/* SPDX-License-Identifier: MIT
 *
 * Choosing one image among those of an archive: by name, by number, by platform. Never
 * the first silently: where more than one remains, the error lists them.
 */
#ifndef CP_IMAGE_CHOICE_H
#define CP_IMAGE_CHOICE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* Borrowed strings; NULL: not known. */
struct cp_image_platform {
	const char *os;
	const char *architecture;
	const char *variant;
};

struct cp_candidate {
	size_t number;      /* what @N means */
	const json_t *name; /* a string, an array of strings, or NULL */
	struct cp_image_platform platform;
	const char *identity; /* digest or file of its config: equal ones are one image */
	const json_t *entry;  /* the source's own */
	size_t position;      /* order of discovery */
};

/* Chooses among `count` candidates, moving those that do not fit away. `selector` is
 * "@N", a name, or NULL; `platform` as the user gave it, or NULL. NULL with an error
 * that lists what there is, each line as one would select it. */
const struct cp_candidate *cp_candidate_choose(struct cp_candidate *candidates, size_t count,
	const char *selector, const char *platform, struct cp_error **err);

/* "app", "app:latest" and "docker.io/library/app:latest" are one image. */
bool cp_image_name_matches(const char *name, const char *wanted);

/* "os", "architecture" and "variant" of a config or of a descriptor's platform. */
struct cp_image_platform cp_image_platform_of(const json_t *object);

#endif
