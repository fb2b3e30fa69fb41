/* SPDX-License-Identifier: MIT
 *
 * The main() of a program whose seeds are texts: each into a file of the directory named.
 */
#ifndef CP_WRITE_SEEDS_H
#define CP_WRITE_SEEDS_H

#include <stdio.h>

static inline int write_seeds(int argc, char **argv, const char *const *seeds, size_t count)
{
	if (argc != 2)
		return 64;
	for (size_t i = 0; i < count; i++) {
		char path[4096];
		snprintf(path, sizeof(path), "%s/%zu", argv[1], i);
		FILE *file = fopen(path, "w");
		if (!file || fputs(seeds[i], file) < 0 || fclose(file) != 0)
			return 1;
	}
	return 0;
}

#endif
