/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a Dockerfile: an error, or an answer whose lines are the file's.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "dockerfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct cp_dockerfile_package *packages, size_t count, unsigned lines)
{
	for (size_t i = 0; i < count; i++)
		if (!packages[i].name || !*packages[i].name || packages[i].line < 1 ||
			packages[i].line > lines)
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_dockerfile *file = NULL;
	unsigned lines = 1;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (cp_dockerfile_parse((const char *)data, size, "Dockerfile", &file, &err) < 0) {
		if (!err || file)
			abort();
		return 0;
	}
	if (err || (file->base && !*file->base) || file->base_line < 1 || file->base_line > lines)
		abort();
	check(file->apt, file->n_apt, lines);
	check(file->apk, file->n_apk, lines);
	check(file->build_apt, file->n_build_apt, lines);
	check(file->build_apk, file->n_build_apk, lines);
	cp_dockerfile_free(file);
	return 0;
}
