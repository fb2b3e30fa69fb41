/* SPDX-License-Identifier: MIT
 *
 * What there is to load in a root: every ELF file of the npm packages in /pkg, and the objects that
 * the tiny cases in /case name in their case.txt:
 *
 *     about: one line on the rule that the case shows
 *     loaders: glibc musl        the loaders it is about, where not both (read by prepare.sh)
 *     object: main.so            what to load; may be repeated
 *     mode: dlopen               or exec
 *     env: LD_LIBRARY_PATH=/x    for the process that loads it
 *     root-file: PATH=TEXT       a file in the root, which only this case sees (put by prepare.sh)
 *     root-copy: PATH=OBJECT     the same with one of the case's objects
 *     root-remove: PATH          the same for a file that the root is to be without
 */
#include <errno.h>
#include <fts.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"
#include "truth.h"

struct list {
	struct subject *items;
	size_t count, size;
	const char *match;
};

static int add(struct list *list, const char *path, bool exec, const char *environment)
{
	if (list->match && !strstr(path, list->match))
		return 0;
	if (cp_grow(&list->items, &list->size, list->count + 1, sizeof *list->items))
		return -1;
	struct subject *subject = &list->items[list->count];
	subject->exec = exec;
	subject->path = strdup(path);
	subject->environment = environment ? strdup(environment) : NULL;
	if (!subject->path || (environment && !subject->environment))
		return -1;
	list->count++;
	return 0;
}

/* The value of `line` where its key is `key`, else NULL. */
static const char *value_of(const char *line, const char *key)
{
	size_t length = strlen(key);
	if (strncmp(line, key, length) || line[length] != ':')
		return NULL;
	return line + length + 1 + strspn(line + length + 1, " \t");
}

/* Adds the objects of the case whose case.txt is `file`, in the directory `place` of the root. */
static int add_case(struct list *list, const char *file, const char *place)
{
	cp_cleanup_fclose FILE *text = fopen(file, "re");
	if (!text)
		return -1;
	char objects[16][256] = {"main.so"}, environment[1024] = "", line[2048];
	size_t named = 0;
	bool exec = false;
	while (fgets(line, sizeof line, text)) {
		const char *value;
		line[strcspn(line, "\n")] = '\0';
		if ((value = value_of(line, "object")) && named < 16)
			snprintf(objects[named++], sizeof objects[0], "%s", value);
		else if ((value = value_of(line, "mode")))
			exec = strcmp(value, "exec") == 0;
		else if ((value = value_of(line, "env")))
			snprintf(environment, sizeof environment, "%s", value);
	}
	for (size_t i = 0; i < (named ? named : 1); i++) {
		char path[PATH_MAX];
		if (snprintf(path, sizeof path, "%s/%s", place, objects[i]) >= (int)sizeof path ||
			add(list, path, exec, *environment ? environment : NULL))
			return -1;
	}
	return 0;
}

static bool is_elf(const char *file)
{
	char magic[4];
	cp_cleanup_fclose FILE *stream = fopen(file, "re");
	return stream && fread(magic, 1, sizeof magic, stream) == sizeof magic &&
	       memcmp(magic, "\177ELF", sizeof magic) == 0;
}

static int visit(struct list *list, const FTSENT *entry, size_t root_length)
{
	const char *path = entry->fts_path + root_length;
	if (strncmp(path, "/pkg/", 5) == 0)
		return is_elf(entry->fts_path) ? add(list, path, false, NULL) : 0;
	if (strcmp(entry->fts_name, "case.txt"))
		return 0;
	char place[PATH_MAX];
	snprintf(place, sizeof place, "%.*s", (int)(strrchr(path, '/') - path), path);
	return add_case(list, entry->fts_path, place);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

int subjects_list(const char *root, const char *match, struct subject **subjects, size_t *count)
{
	char cases[PATH_MAX], packages[PATH_MAX];
	snprintf(cases, sizeof cases, "%s/case", root);
	snprintf(packages, sizeof packages, "%s/pkg", root);
	struct list list = {.match = match};
	FTS *walk =
		fts_open((char *[]){cases, packages, NULL}, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	int result = walk ? 0 : -1;
	for (FTSENT *entry; result == 0 && (entry = fts_read(walk));)
		if (entry->fts_info == FTS_F)
			result = visit(&list, entry, strlen(root));
	if (result)
		fprintf(stderr, "truth: %s: %s\n", root, strerror(errno));
	if (walk)
		fts_close(walk);
	if (result) {
		subjects_free(list.items, list.count);
		return -1;
	}
	*subjects = list.items;
	*count = list.count;
	return 0;
}

void subjects_free(struct subject *subjects, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(subjects[i].path);
		free(subjects[i].environment);
	}
	free(subjects);
}
