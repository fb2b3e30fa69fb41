/* SPDX-License-Identifier: MIT */
#include "needer.h"

#include <elf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_peek.h"
#include "memory.h"
#include "tree.h"

#define MAX_OBJECTS 128
#define MAX_NEEDED 64
#define MAX_TEXT 1024

struct closure {
	int root;
	char *paths[MAX_OBJECTS]; /* in the order of finding */
	size_t count;
};

static void clear_closure(struct closure *closure)
{
	for (size_t i = 0; i < closure->count; i++)
		free(closure->paths[i]);
}

/* Adds the file where it is there. */
static bool add(struct closure *closure, const char *path)
{
	struct stat status;
	if (closure->count == MAX_OBJECTS || cp_tree_stat(closure->root, path, &status) < 0)
		return false;
	char *copy = strdup(path);
	if (copy)
		closure->paths[closure->count++] = copy;
	return copy != NULL;
}

static bool has(const struct closure *closure, const char *name)
{
	for (size_t i = 0; i < closure->count; i++)
		if (strcmp(cp_tree_base_name(closure->paths[i]), name) == 0)
			return true;
	return false;
}

/* One directory of a run path, $ORIGIN or ${ORIGIN} at its start being the object's own. */
static bool add_from(
	struct closure *closure, const char *object, const char *directory, const char *name)
{
	char path[2 * MAX_TEXT];
	size_t origin = strncmp(directory, "$ORIGIN", 7) == 0     ? 7
			: strncmp(directory, "${ORIGIN}", 9) == 0 ? 9
								  : 0;
	int own =
		origin ? (int)(cp_tree_base_name(object) - object) - 1 : 0; /* without its slash */
	int length = snprintf(path, sizeof(path), "%.*s%s/%s", own > 0 ? own : 0, object,
		directory + origin, name);
	return length > 0 && (size_t)length < sizeof(path) && add(closure, path);
}

static bool add_by_run_path(struct closure *closure, const char *object, int fd, const char *name)
{
	char text[MAX_TEXT];
	char *rest = text;
	char *directory;
	if (!cp_peek_dynamic_text(fd, DT_RUNPATH, 0, text, sizeof(text)) &&
		!cp_peek_dynamic_text(fd, DT_RPATH, 0, text, sizeof(text)))
		return false;
	while ((directory = strsep(&rest, ":")))
		if (add_from(closure, object, directory, name))
			return true;
	return false;
}

static void add_library(struct closure *closure, const char *object, int fd, const char *name)
{
	static const char *const usual[] = {"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu",
		"/lib64", "/usr/lib64", "/lib", "/usr/local/lib", "/usr/lib"};
	if (has(closure, name))
		return;
	if (strchr(name, '/')) {
		add(closure, name);
		return;
	}
	if (add_by_run_path(closure, object, fd, name))
		return;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (add_from(closure, object, usual[i], name))
			return;
}

/* Whether this object asks for the library; what else it asks for is added. */
static bool look_into(struct closure *closure, const char *object, const char *library)
{
	char name[MAX_TEXT];
	cp_cleanup_close int fd = cp_tree_open(closure->root, object);
	if (fd < 0)
		return false;
	if (cp_peek_needs(fd, library))
		return true;
	for (size_t i = 0; i < MAX_NEEDED; i++) {
		if (!cp_peek_dynamic_text(fd, DT_NEEDED, i, name, sizeof(name)))
			break;
		add_library(closure, object, fd, name);
	}
	return false;
}

char *cp_needer_find(int root, const char *program, const char *library)
{
	__attribute__((cleanup(clear_closure))) struct closure closure = {.root = root};
	add(&closure, program);
	for (size_t i = 0; i < closure.count; i++)
		if (look_into(&closure, closure.paths[i], library))
			return strdup(closure.paths[i]);
	return NULL;
}
