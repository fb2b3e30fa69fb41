/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a base file: an error, or a base that is written and read again as it
 * is. (The names are behind a hash that no fuzzer guesses: fuzz_symbols.c.)
 */
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char *write_text(const struct cp_base *base, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);
	if (!file || cp_base_write(base, file, NULL) < 0)
		abort();
	fclose(file);
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_base struct cp_base *base = NULL, *again = NULL;
	if (cp_base_read((const char *)data, size, "input", &base, &err) < 0) {
		if (!err || base)
			abort();
		return 0;
	}
	size_t once_size, twice_size;
	cp_cleanup_free char *once = write_text(base, &once_size);
	if (cp_base_read(once, once_size, "once", &again, NULL) < 0)
		abort();
	cp_cleanup_free char *twice = write_text(again, &twice_size);
	if (once_size != twice_size || memcmp(once, twice, once_size) != 0)
		abort();
	return 0;
}
