/* SPDX-License-Identifier: MIT */
#include "exec_cause.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elf_peek.h"
#include "memory.h"
#include "tree.h"

__attribute__((format(printf, 4, 5))) static void say(struct cp_exec_cause *out,
	enum cp_event_cause cause, enum cp_answer blames, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	out->cause = cause;
	out->blames_template = blames;
	if (vasprintf(&out->message, format, args) < 0)
		out->message = NULL;
	va_end(args);
}

/* --- ENOENT ---------------------------------------------------------------------------- */

static void say_interpreter(
	int root, const char *path, const struct cp_peek *peek, struct cp_exec_cause *out)
{
	struct stat status;
	const char *whose = peek->kind == CP_PEEK_SCRIPT
				    ? "the interpreter that its first line names"
				    : "its ELF interpreter";
	if (peek->ends_with_cr)
		say(out, CP_BECAUSE_MISSING_INTERPRETER, CP_NO,
			"%s: No such file or directory: its first line ends with CR LF, so the "
			"kernel "
			"looks for \"%s\\r\"",
			path, peek->interpreter);
	else if (cp_tree_stat(root, peek->interpreter, &status) < 0)
		say(out, CP_BECAUSE_MISSING_INTERPRETER, CP_YES,
			"%s: No such file or directory: %s, %s, is not there", path, whose,
			peek->interpreter);
	else
		say(out, CP_BECAUSE_UNKNOWN, CP_UNKNOWN,
			"%s: No such file or directory (the file and its interpreter are there "
			"now)",
			path);
}

static void find_missing(int root, const char *path, bool by_runtime, struct cp_exec_cause *out)
{
	struct cp_peek peek = {0};
	cp_cleanup_close int fd = root >= 0 ? cp_tree_open(root, path) : -EBADF;
	if (fd == -ENOENT || fd == -ENOTDIR) {
		say(out, CP_BECAUSE_MISSING_FILE, CP_UNKNOWN, "%s: No such file or directory",
			path);
		return;
	}
	if (fd >= 0 && cp_peek(fd, &peek) == 0 && peek.interpreter[0]) {
		say_interpreter(root, path, &peek, out);
		return;
	}
	out->inferred = by_runtime;
	say(out, by_runtime ? CP_BECAUSE_MISSING_INTERPRETER : CP_BECAUSE_UNKNOWN, CP_UNKNOWN,
		"%s: No such file or directory%s", path,
		by_runtime ? " (the file was there just before: its interpreter is not)" : "");
}

/* --- ENOEXEC --------------------------------------------------------------------------- */

static void say_elf(const char *path, const struct cp_peek *peek, struct cp_exec_cause *out)
{
	const char *name = cp_peek_machine_name(peek->machine);
	if (cp_peek_is_native(peek))
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO,
			"%s: Exec format error: an ELF file for this machine, but damaged or no "
			"program",
			path);
	else if (name)
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO, "%s: Exec format error: built for %s", path,
			name);
	else
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO,
			"%s: Exec format error: built for ELF machine %d", path, peek->machine);
}

static void find_format(int root, const char *path, struct cp_exec_cause *out)
{
	static const char *const kinds[] = {
		[CP_PEEK_EMPTY] = ": the file is empty",
		[CP_PEEK_SCRIPT] = ": a script whose first line names no interpreter",
		[CP_PEEK_LFS_POINTER] = ": a Git LFS pointer, not the file it stands for",
		[CP_PEEK_WINDOWS] = ": a Windows program",
		[CP_PEEK_MACH_O] = ": a macOS program",
		[CP_PEEK_TEXT] = ": a text without #!",
		[CP_PEEK_DATA] = ": no program",
	};
	struct cp_peek peek;
	cp_cleanup_close int fd = root >= 0 ? cp_tree_open(root, path) : -EBADF;
	bool seen = fd >= 0 && cp_peek(fd, &peek) == 0;
	if (seen && peek.kind == CP_PEEK_ELF) {
		say_elf(path, &peek, out);
		return;
	}
	out->is_text = seen && peek.kind == CP_PEEK_TEXT;
	say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO, "%s: Exec format error%s", path,
		seen ? kinds[peek.kind] : "");
}

/* --- EACCES ---------------------------------------------------------------------------- */

static void find_permission(int root, const char *path, int error, struct cp_exec_cause *out)
{
	struct stat status;
	bool seen = root >= 0 && cp_tree_stat(root, path, &status) == 0;
	if (seen && S_ISDIR(status.st_mode))
		say(out, CP_BECAUSE_PERMISSION, CP_NO, "%s: %s: it is a directory", path,
			strerror(error));
	else if (seen && !(status.st_mode & 0111))
		say(out, CP_BECAUSE_PERMISSION, CP_NO, "%s: %s: it is not executable (mode %04o)",
			path, strerror(error), (unsigned)status.st_mode & 07777);
	else
		say(out, CP_BECAUSE_PERMISSION, CP_NO, "%s: %s", path, strerror(error));
}

void cp_exec_cause_find(
	int root, const char *path, int error, bool by_runtime, struct cp_exec_cause *out)
{
	*out = (struct cp_exec_cause){0};
	switch (error) {
	case ENOENT:
		find_missing(root, path, by_runtime, out);
		break;
	case ENOEXEC:
		find_format(root, path, out);
		break;
	case EACCES:
	case EPERM:
		find_permission(root, path, error, out);
		break;
	case ENOTDIR:
		say(out, CP_BECAUSE_MISSING_FILE, CP_UNKNOWN, "%s: %s", path, strerror(error));
		break;
	default:
		say(out, CP_BECAUSE_UNKNOWN, CP_UNKNOWN, "%s: %s", path, strerror(error));
	}
}
