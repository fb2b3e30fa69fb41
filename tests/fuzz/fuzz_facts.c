/* SPDX-License-Identifier: MIT
 *
 * Any bytes as an ELF object: an error, or facts that keep their promises.
 */
#include <stdio.h>
#include <stdlib.h>

#include "facts.h"
#include "support/facts_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = NULL;
	if (cp_facts_read(data, size, &facts, &err) < 0) {
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
