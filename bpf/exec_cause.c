/* SPDX-License-Identifier: MIT */
#include "exec_cause.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "elf_peek.h"
#include "loader_text.h"
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

/* --- interpreters ----------------------------------------------------------------------- */

#define MAX_DEPTH 5 /* scripts whose interpreter is one, as many as the kernel follows */

/* The file whose interpreter is looked for: the one that was to run, or that one's interpreter. */
struct step {
	char path[CP_PEEK_INTERPRETER]; /* "": the file itself */
	struct cp_peek peek;
};

static bool has_interpreter(const struct cp_peek *peek)
{
	return peek->interpreter[0] || peek->ends_with_cr;
}

/* Goes on to the interpreter: false where it cannot be looked at. */
static bool step_into(int root, struct step *step)
{
	memcpy(step->path, step->peek.interpreter, sizeof(step->path));
	cp_cleanup_close int fd = cp_tree_open(root, step->path);
	return fd >= 0 && cp_peek(fd, &step->peek) == 0;
}

/* " of X" where the step is not the file itself. */
static const char *of_which(const struct step *step)
{
	return step->path[0] ? " of " : "";
}

/* --- ENOENT ---------------------------------------------------------------------------- */

static void say_absent(const char *path, const struct step *step, struct cp_exec_cause *out)
{
	const char *wanted = step->peek.interpreter;
	if (step->peek.ends_with_cr)
		say(out, CP_BECAUSE_MISSING_INTERPRETER, CP_NO,
			"%s: No such file or directory: the first line%s%s ends with CR LF, so the "
			"kernel looks for \"%s\\r\"",
			path, of_which(step), step->path, wanted);
	else
		say(out, CP_BECAUSE_MISSING_INTERPRETER, cp_interpreter_blames_template(wanted),
			"%s: No such file or directory: the %s%s%s, %s, is not there", path,
			step->peek.kind == CP_PEEK_SCRIPT ? "interpreter that the first line names"
							  : "ELF interpreter",
			of_which(step), step->path, wanted);
}

/* The file is there, and names an interpreter: that one, or its own, is not. */
static void say_interpreter(
	int root, const char *path, const struct cp_peek *peek, struct cp_exec_cause *out)
{
	struct stat status;
	struct step step = {.peek = *peek};
	for (int depth = 0; depth < MAX_DEPTH && has_interpreter(&step.peek); depth++) {
		if (step.peek.ends_with_cr ||
			cp_tree_stat(root, step.peek.interpreter, &status) < 0) {
			say_absent(path, &step, out);
			return;
		}
		/* A loader is loaded as it is. */
		if (step.peek.kind != CP_PEEK_SCRIPT || !step_into(root, &step))
			break;
	}
	say(out, CP_BECAUSE_UNKNOWN, CP_UNKNOWN,
		"%s: No such file or directory (the file and its interpreter are there now)", path);
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
	if (fd >= 0 && cp_peek(fd, &peek) == 0 && has_interpreter(&peek)) {
		say_interpreter(root, path, &peek, out);
		return;
	}
	out->inferred = by_runtime;
	say(out, by_runtime ? CP_BECAUSE_MISSING_INTERPRETER : CP_BECAUSE_UNKNOWN, CP_UNKNOWN,
		"%s: No such file or directory%s", path,
		by_runtime ? " (the file was there just before: its interpreter is not)" : "");
}

/* --- ENOEXEC --------------------------------------------------------------------------- */

/* What the file is, as far as it explains that it does not run. */
static const char *kind_of(const struct cp_peek *peek, char *text, size_t size)
{
	static const char *const kinds[] = {
		[CP_PEEK_EMPTY] = "the file is empty",
		[CP_PEEK_SCRIPT] = "a script whose first line names no interpreter",
		[CP_PEEK_LFS_POINTER] = "a Git LFS pointer, not the file it stands for",
		[CP_PEEK_WINDOWS] = "a Windows program",
		[CP_PEEK_MACH_O] = "a macOS program",
		[CP_PEEK_TEXT] = "a text without #!",
		[CP_PEEK_DATA] = "no program",
	};
	const char *name = cp_peek_machine_name(peek->machine);
	if (peek->kind != CP_PEEK_ELF)
		return kinds[peek->kind];
	if (cp_peek_is_native(peek))
		return "an ELF file for this machine, but damaged or no program";
	if (name)
		snprintf(text, size, "built for %s", name);
	else
		snprintf(text, size, "built for ELF machine %d", peek->machine);
	return text;
}

static void find_format(int root, const char *path, struct cp_exec_cause *out)
{
	char text[64];
	struct step step = {0};
	cp_cleanup_close int fd = root >= 0 ? cp_tree_open(root, path) : -EBADF;
	bool seen = fd >= 0 && cp_peek(fd, &step.peek) == 0;
	out->is_text = seen && step.peek.kind == CP_PEEK_TEXT;
	for (int depth = 0; seen && depth < MAX_DEPTH && step.peek.kind == CP_PEEK_SCRIPT &&
			    has_interpreter(&step.peek);
		depth++)
		seen = step_into(root, &step);
	if (!seen)
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO, "%s: Exec format error", path);
	else if (step.path[0])
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO,
			"%s: Exec format error: its interpreter, %s, does not run: %s", path,
			step.path, kind_of(&step.peek, text, sizeof(text)));
	else
		say(out, CP_BECAUSE_EXEC_FORMAT, CP_NO, "%s: Exec format error: %s", path,
			kind_of(&step.peek, text, sizeof(text)));
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
