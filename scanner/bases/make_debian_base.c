/* SPDX-License-Identifier: MIT
 *
 * make_debian_base SUITE DIRECTORY: writes the base of a debootstrap'ed Debian to
 * standard output. Run by `make bases`.
 */
#include <stdio.h>
#include <stdlib.h>

#include "base.h"
#include "layer.h"
#include "memory.h"

static int make_base(const char *suite, const char *directory, struct cp_error **err)
{
	cp_cleanup_index struct cp_index *root = NULL;
	cp_cleanup_base struct cp_base *base = NULL;
	char name[64], source[256];
	snprintf(name, sizeof(name), "debian-%s", suite);
	snprintf(source, sizeof(source),
		"debootstrap --variant=minbase --include=libstdc++6,libgcc-s1 of %s (amd64), the "
		"packages that debian:%s-slim and node's slim images are made of",
		suite, suite);
	if (cp_directory_index(directory, &root, err) < 0 ||
		cp_base_from_root(root, name, source, &base, err) < 0)
		return -1;
	return cp_base_write(base, stdout, err);
}

int main(int argc, char **argv)
{
	cp_cleanup_error struct cp_error *err = NULL;
	if (argc != 3) {
		fprintf(stderr, "usage: make_debian_base SUITE DIRECTORY\n");
		return 64;
	}
	if (make_base(argv[1], argv[2], &err) < 0) {
		fprintf(stderr, "make_debian_base: %s\n", err ? err->message : "out of memory");
		return 1;
	}
	return 0;
}
