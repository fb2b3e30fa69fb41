/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a GYP file: each line of the answer is "run …" or "file …".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "gyp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = cp_gyp_reduce((const char *)data, size);
	if (!text)
		abort();
	for (const char *at = text; *at; at = strchr(at, '\n') + 1)
		if (!strchr(at, '\n') ||
			(strncmp(at, "run python", 10) != 0 && strncmp(at, "file ", 5) != 0))
			abort();
	free(text);
	return 0;
}
