/* SPDX-License-Identifier: MIT
 *
 * The end of a process: see story.h.
 *
 * 127 (of glibc, for a missing version, 1) with a loader's words: it never started, or a function
 * was missing at its first call. A signal that stands for a fault, or 127 or 139 (what a shell
 * makes of such a signal), of a process that had loaded addons: it crashed, and these are under
 * suspicion. musl leaves nothing else of a missing function (SIGSEGV, no text). What others sent
 * (SIGTERM, SIGKILL) is no crash.
 */
#include "story_parts.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "elf_peek.h"
#include "memory.h"
#include "needer.h"
#include "tree.h"

#define NOT_STARTED 127 /* both loaders' exit status; a shell's for "not found", too */
#define NO_VERSION 1    /* glibc's, where a version is missing at the start (measured) */
#define SHELL_SIGSEGV (128 + SIGSEGV)

static bool is_fault(int signal)
{
	switch (signal) {
	case SIGSEGV:
	case SIGBUS:
	case SIGILL:
	case SIGABRT:
	case SIGFPE:
	case SIGSYS:
	case SIGTRAP:
		return true;
	}
	return false;
}

/* Those that are known to be loaded; else those that it opened. */
static const struct strings *addons_of(const struct process *process)
{
	return process->addons.count ? &process->addons : &process->suspects;
}

static void copy_addons(const struct process *process, struct cp_event *event)
{
	const struct strings *addons = addons_of(process);
	event->addons = calloc(addons->count + 1, sizeof(char *));
	for (size_t i = 0; event->addons && i < addons->count; i++) {
		event->addons[event->n_addons] = strdup(addons->items[i]);
		event->n_addons += event->addons[event->n_addons] != NULL;
	}
}

/* For a program that never ran the loader's words name the library, and glibc's not who asked. */
static void find_needer(struct cp_story *story, struct process *process, struct cp_event *event)
{
	int root = story->listener.root(story->listener.context, process->mount_ns);
	if (!event->needed_by && event->object && process->exe && root >= 0)
		event->needed_by = cp_needer_find(root, process->exe, event->object);
}

/* glibc says "symbol lookup error" at a start as at a call. A reference that is resolved when its
 * object is loaded was asked for at the start, unless something was loaded since. */
static bool is_of_start(struct cp_story *story, const struct process *process)
{
	struct cp_loader_text read;
	if (!process->at_call)
		return true;
	if (process->addons.count || process->suspects.count ||
		!cp_loader_text_find(process->last_words, strlen(process->last_words), &read) ||
		!read.object.at || !read.symbol.at)
		return false;
	cp_cleanup_free char *object = strndup(read.object.at, read.object.size);
	cp_cleanup_free char *symbol = strndup(read.symbol.at, read.symbol.size);
	cp_cleanup_close int fd = object ? cp_story_file(story, process, object) : -1;
	return fd >= 0 && symbol && cp_peek_binds_at_load(fd, symbol);
}

/* Whether a process that ended so may have ended with the words that it wrote last, and does not
 * just pass on another's. */
static bool are_last_words(const struct process *process, int status)
{
	struct cp_loader_text read;
	const char *words = process->last_words;
	if (!words || status != NO_VERSION)
		return words && status == NOT_STARTED;
	return cp_loader_text_find(words, strlen(words), &read) && !read.at_call &&
	       read.libc == CP_EVENT_LIBC_GLIBC && read.cause == CP_BECAUSE_SYMBOL_VERSION;
}

/* Takes the loader's words over into the event. */
static void explain(struct cp_story *story, struct process *process, struct cp_event *event)
{
	struct cp_loader_text read;
	event->message = cp_take(process->last_words);
	event->source = CP_SOURCE_STDERR;
	if (event->message && cp_loader_text_find(event->message, strlen(event->message), &read))
		cp_story_explain(story, process, &read, NULL, event);
}

static void tell_start(struct cp_story *story, struct process *process, uint64_t time, int status)
{
	struct cp_event event = cp_story_event(story, process, time, CP_EVENT_START_FAILED);
	event.status = status;
	explain(story, process, &event);
	find_needer(story, process, &event);
	cp_story_tell(story, process, &event);
}

static void tell_crash(
	struct cp_story *story, struct process *process, uint64_t time, int signal, int status)
{
	struct cp_event event = cp_story_event(story, process, time, CP_EVENT_CRASHED);
	event.cause = CP_BECAUSE_CRASHED;
	event.signal = signal;
	event.status = status;
	if (are_last_words(process, status))
		explain(story, process, &event);
	copy_addons(process, &event);
	if (!event.object && event.n_addons)
		event.object = strdup(event.addons[event.n_addons - 1]);
	cp_story_tell(story, process, &event);
}

void cp_story_end(struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	int code = (int)record->value;
	int signal = WIFSIGNALED(code) ? WTERMSIG(code) : 0;
	int status = WIFEXITED(code) ? WEXITSTATUS(code) : 0;
	bool failed = status == NOT_STARTED || status == SHELL_SIGSEGV || is_fault(signal);
	bool has_words = are_last_words(process, status);
	if (has_words && is_of_start(story, process))
		tell_start(story, process, record->time, status);
	else if ((has_words && status == NOT_STARTED) || (addons_of(process)->count && failed))
		tell_crash(story, process, record->time, signal, status);
}
