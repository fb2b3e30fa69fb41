/* SPDX-License-Identifier: MIT
 *
 * read KIND FILE: what the library finds in a lock file for each "NAME<tab>VERSION…" of standard
 * input, in the lines of expect.js; then how many packages and versions the file has.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lockfile.h"
#include "memory.h"

static char *read_file(const char *path, size_t *size)
{
	cp_cleanup_fclose FILE *file = fopen(path, "rb");
	size_t capacity = 0;
	char *text = NULL;
	if (!file)
		return NULL;
	do {
		if (cp_grow(&text, &capacity, *size + 4096, 1) < 0)
			return NULL;
		*size += fread(text + *size, 1, capacity - *size, file);
	} while (!feof(file) && !ferror(file));
	return text;
}

static void print_words(char *const *words)
{
	putchar('\t');
	if (!words)
		putchar('-');
	for (const char *comma = ""; words && *words; words++, comma = ",")
		printf("%s%s", comma, *words);
}

static void print_entry(const struct cp_lockfile *lockfile, char *line)
{
	const char *name = strtok(line, "\t\n"), *version = strtok(NULL, "\t\n");
	const struct cp_locked *locked =
		name && version ? cp_lockfile_find(lockfile, name, version) : NULL;
	if (!locked) {
		printf("%s\t%s\tis not there\n", name ? name : "", version ? version : "");
		return;
	}
	printf("%s\t%s", locked->name, locked->version);
	print_words(locked->os);
	print_words(locked->cpu);
	print_words(locked->libc);
	printf("\t%s\n", locked->optional ? "optional" : "-");
}

int main(int argc, char **argv)
{
	enum cp_lockfile_kind kind;
	if (argc != 3)
		return fputs("usage: read npm|pnpm|yarn FILE\n", stderr), 64;
	kind = strcmp(argv[1], "npm") == 0    ? CP_LOCK_NPM
	       : strcmp(argv[1], "pnpm") == 0 ? CP_LOCK_PNPM
					      : CP_LOCK_YARN;
	size_t size = 0;
	cp_cleanup_free char *text = read_file(argv[2], &size);
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = NULL;
	if (!text || cp_lockfile_read(kind, text, size, argv[2], &lockfile, &err) < 0)
		return fprintf(stderr, "%s: %s\n", argv[2], err ? err->message : "not read"), 1;
	char line[4096];
	while (fgets(line, sizeof(line), stdin))
		print_entry(lockfile, line);
	printf("%zu in all\n", cp_lockfile_count(lockfile));
	return 0;
}
