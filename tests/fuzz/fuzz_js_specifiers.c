/* SPDX-License-Identifier: MIT
 *
 * Any bytes as JavaScript: each line of the answer is "require NAME" or "import NAME".
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "js_specifiers.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = cp_js_specifiers((const char *)data, size);
	if (!text)
		abort();
	for (const char *at = text; *at; at = strchr(at, '\n') + 1)
		if (!strchr(at, '\n') ||
			(strncmp(at, "require ", 8) != 0 && strncmp(at, "import ", 7) != 0))
			abort();
	free(text);
	return 0;
}
