/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an ELF object: an error, or facts that keep their promises.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "facts.h"
#include "memory.h"
#include "support/facts_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy of what the facts are read from, so that reading past it is caught. */
static uint8_t *copy_extent(const uint8_t *data, size_t size)
{
	size_t extent = cp_facts_extent(data, size, size);
	if (extent > size || cp_facts_extent(data, size / 2, size) < extent)
		abort();
	uint8_t *copy = malloc(extent + 1);
	if (!copy)
		abort();
	memcpy(copy, data, extent);
	return realloc(copy, extent ? extent : 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = NULL;
	cp_cleanup_free uint8_t *copy = copy_extent(data, size);
	if (cp_facts_read(copy, size, &facts, &err) < 0) {
		if (!err || facts)
			abort();
		return 0;
	}
	const char *flaw = facts_flaw(facts, size);
	if (flaw) {
		fprintf(stderr, "%s\n", flaw);
		abort();
	}
	return 0;
}
