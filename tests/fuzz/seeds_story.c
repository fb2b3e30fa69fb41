/* SPDX-License-Identifier: MIT
 *
 * Writes a story of each kind into a folder.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "story_bytes.h"

#define GLIBC CP_RAW_GLIBC
#define MUSL CP_RAW_MUSL
#define UNGATED CP_RAW_UNGATED

struct record {
	unsigned char type, who, flags;
	signed char value;
	const char *text;
	size_t size; /* 0: the text's own */
};

static const struct record glibc[] = {{CP_RAW_EXEC, 0, 0, 0, "/p", 0},
	{CP_RAW_DLOPEN, 0, GLIBC, 0, "/a.node", 0}, {CP_RAW_OPEN, 0, 0, 3, "/a.node", 0},
	{CP_RAW_OPEN, 0, 0, -ENOENT, "/lib/libx.so", 0},
	{CP_RAW_EXCEPTION, 0, GLIBC, ENOENT, "libx.so\0cannot open shared object file", 38},
	{CP_RAW_DLOPEN_RETURN, 0, GLIBC, 0, "", 0}, {CP_RAW_EXIT, 0, 0, -1, "", 0}};
static const struct record musl[] = {{CP_RAW_DLOPEN, 5, MUSL, 0, "/a.node", 0},
	{CP_RAW_OPEN, 5, 0, 3, "/a.node", 0}, {CP_RAW_DLOPEN_RETURN, 5, MUSL, 0, "", 0},
	{CP_RAW_DLERROR, 5, MUSL, 0, "Error relocating /a.node: f: symbol not found", 0},
	{CP_RAW_DLOPEN, 5, MUSL, 0, "/b.node", 0}, {CP_RAW_DLOPEN_RETURN, 5, MUSL, 0, "", 0},
	{STORY_TICK, 0, 0, 9, "", 0}, {STORY_TICK, 0, 0, 20, "", 0}};
static const struct record ungated[] = {{CP_RAW_OPEN, 0, UNGATED, 3, "/a.node", 0},
	{CP_RAW_OPEN, 0, UNGATED, -ENOENT, "/lib/libx.so", 0},
	{CP_RAW_OPEN, 0, UNGATED, 3, "/b.node", 0},
	{CP_RAW_STDERR, 0, 0, 0,
		"Error: libx.so: cannot open shared object file: No such file or directory\n", 0},
	{STORY_TICK, 0, 0, 9, "", 0}, {CP_RAW_EXIT, 0, 0, SIGSEGV, "", 0}};
static const struct record search[] = {{CP_RAW_EXEC_FAILED, 0, 0, -ENOENT, "/bin/p", 0},
	{CP_RAW_EXEC_FAILED, 0, 0, -ENOENT, "/p", 0}, {CP_RAW_EXEC_FAILED, 0, 0, -ENOENT, "/s", 0},
	{CP_RAW_EXEC_FAILED, 0, 0, -ENOEXEC, "/t", 0}, {CP_RAW_EXEC, 0, 0, 0, "/bin/sh", 0}};
static const struct record start[] = {{CP_RAW_EXEC, 0, 0, 0, "/p", 0},
	{CP_RAW_STDERR, 0, 0, 0, "Error loading shared library libx.so:", 0},
	{CP_RAW_STDERR, 0, 0, 0, " No such file or directory (needed by /p)\n", 0},
	{CP_RAW_EXIT, 0, 0, -127, "", 0}, {CP_RAW_EXEC, 1, 0, 0, "/p", 0},
	{CP_RAW_STDERR, 1, 0, 0, "p: symbol lookup error: /a.node: undefined symbol: f\n", 0},
	{CP_RAW_EXIT, 1, 0, -127, "", 0}};
static const struct record node[] = {{CP_RAW_STDERR, 0, 0, 0,
					     "Error: Cannot find module 'kafkajs'\n"
					     "Require stack:\n- /app/index.js\n",
					     0},
	{CP_RAW_STDERR, 1, 0, 0, "Error: Cannot find module 'kafkajs'\n", 0},
	{CP_RAW_STDERR, 0, 0, 0,
		"Error: The module '/a.node'\nwas compiled against a different Node.js version "
		"using\nNODE_MODULE_VERSION 137. This version of Node.js requires\n"
		"NODE_MODULE_VERSION 115.\n",
		0},
	{CP_RAW_DLOPEN, 0, GLIBC, 0, "/a.node", 0}, {CP_RAW_DLOPEN_RETURN, 0, GLIBC, 1, "", 0},
	{CP_RAW_EXIT, 0, 0, SIGABRT, "", 0}};

static int put(FILE *file, const struct record *record)
{
	size_t size = record->size ? record->size : strlen(record->text);
	const unsigned char head[STORY_HEAD] = {record->type, record->who, record->flags,
		(unsigned char)record->value, size & 255, (unsigned char)(size >> 8)};
	return fwrite(head, 1, sizeof(head), file) == sizeof(head) &&
			       fwrite(record->text, 1, size, file) == size
		       ? 0
		       : -1;
}

static int write_story(
	const char *folder, const char *name, const struct record *records, size_t count)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	FILE *file = fopen(path, "w");
	int result = file ? 0 : -1;
	for (size_t i = 0; i < count && !result; i++)
		result = put(file, &records[i]);
	return file && fclose(file) == 0 ? result : -1;
}
#define WRITE(folder, story) write_story(folder, #story, story, sizeof(story) / sizeof(*(story)))

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	return WRITE(argv[1], glibc) || WRITE(argv[1], musl) || WRITE(argv[1], ungated) ||
			       WRITE(argv[1], search) || WRITE(argv[1], start) ||
			       WRITE(argv[1], node)
		       ? 1
		       : 0;
}
