/* SPDX-License-Identifier: MIT
 *
 * Any bytes as the lines of exported names: an error, or names that are written and
 * read again.
 */
#include <stdlib.h>
#include <string.h>

#include "base_text.h"
#include "memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cp_facts *new_facts(void)
{
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	if (!facts)
		abort();
	return facts;
}

static void check_again(const struct cp_facts *facts)
{
	cp_cleanup_facts struct cp_facts *again = new_facts();
	cp_cleanup_free char *text = NULL;
	size_t size, written;
	FILE *file = open_memstream(&text, &size);
	if (!file || cp_symbols_write(file, facts, NULL, &written) < 0 || fclose(file) != 0)
		abort();
	const char *at = text;
	if (written != facts->n_exports ||
		cp_symbols_read(again, &at, text + size, written, NULL) < 0 || at != text + size)
		abort();
	for (size_t i = 0; i < facts->n_exports; i++) {
		const struct cp_symbol *symbol = facts->exports + i;
		size_t cursor = 0;
		if (symbol->hash != cp_symbol_hash(facts->pool + symbol->name) ||
			!cp_facts_export_next(
				again, facts->pool + symbol->name, symbol->hash, &cursor))
			abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = new_facts();
	size_t lines = 0;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	const char *at = (const char *)data;
	if (cp_symbols_read(facts, &at, at + size, lines, &err) == 0)
		check_again(facts);
	else if (!err)
		abort();
	return 0;
}
