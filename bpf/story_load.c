/* SPDX-License-Identifier: MIT
 *
 * Stories of loading: see story.h.
 *
 * glibc raises its error as an exception that inner catchers hand on, so the last one before dlopen
 * returns is what dlerror tells (elf/dl-error-skeleton.c, dlfcn/dlerror.c). musl's text is had when
 * the program asks dlerror, after dlopen returned (ldso/dynlink.c). A program that never asks, or
 * whose libc had no probes when it began, leaves its look-ups: a library that was looked for and
 * never found is why the load failed.
 */
#include "story_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "elf_peek.h"
#include "memory.h"
#include "tree.h"

void cp_call_clear(struct call *call)
{
	free(call->name);
	free(call->text);
	cp_strings_clear(&call->opened);
	cp_strings_clear(&call->missing);
	*call = (struct call){0};
}

static bool is_addon(const char *name)
{
	size_t length = strlen(name);
	return length > 5 && strcmp(name + length - 5, ".node") == 0;
}

bool cp_story_told(struct process *process, const char *text, const char *object)
{
	const char *key = text ? text : object;
	if (!key || cp_strings_have(&process->failures, key))
		return key != NULL;
	cp_strings_add(&process->failures, key, strlen(key), MAX_FAILURES);
	if (text && object && !cp_strings_have(&process->failures, object))
		cp_strings_add(&process->failures, object, strlen(object), MAX_FAILURES);
	return false;
}

/* --- who asked, and what the files add -------------------------------------------------- */

static char *copy_span(struct cp_span span)
{
	return span.at ? strndup(span.at, span.size) : NULL;
}

/* The first of the objects that were opened whose DT_NEEDED names the library: loaders go breadth
 * first, in the order of opening. */
static char *who_needs(struct cp_story *story, const struct process *process,
	const struct strings *opened, const char *library)
{
	for (size_t i = 0; i < opened->count; i++) {
		cp_cleanup_close int fd = cp_story_file(story, process, opened->items[i]);
		if (fd >= 0 && cp_peek_needs(fd, cp_tree_base_name(library)))
			return strdup(opened->items[i]);
	}
	return NULL;
}

/* Where the search found the library of that name; a path is its own place. NULL: unknown. */
static const char *place_of(const struct strings *opened, const char *name)
{
	if (name[0] == '/')
		return name;
	for (size_t i = 0; opened && i < opened->count; i++)
		if (opened->items[i][0] == '/' &&
			strcmp(cp_tree_base_name(opened->items[i]), name) == 0)
			return opened->items[i];
	return NULL;
}

/* What a file itself says against it: another machine, no ELF file at all. Returns whether it could
 * be looked at. */
static bool look_at_file(struct cp_story *story, const struct process *process, const char *path,
	struct cp_event *event)
{
	struct cp_peek peek;
	if (!path)
		return false;
	cp_cleanup_close int fd = cp_story_file(story, process, path);
	if (fd == -ENOENT && event->cause == CP_BECAUSE_MISSING_LIBRARY && event->object &&
		strcmp(event->object, path) == 0)
		event->cause = CP_BECAUSE_MISSING_FILE;
	if (fd < 0 || cp_peek(fd, &peek) < 0)
		return fd == -ENOENT;
	if (peek.kind != CP_PEEK_ELF)
		event->cause = CP_BECAUSE_NOT_ELF;
	else if (!cp_peek_is_native(&peek))
		event->cause = CP_BECAUSE_WRONG_ARCHITECTURE;
	return true;
}

/* What its text leaves open: glibc calls a file that it did open absent where it is another
 * machine's (elf/dl-load.c, open_verify); musl's words for that one are those for other damage. */
static void explain_unseen(const struct strings *opened, struct cp_event *event)
{
	if (event->libc == CP_EVENT_LIBC_MUSL) {
		if (event->cause == CP_BECAUSE_NOT_ELF || event->cause == CP_BECAUSE_WRONG_LIBC)
			event->cause = CP_BECAUSE_UNKNOWN;
	} else if (event->cause == CP_BECAUSE_MISSING_FILE ||
		   event->cause == CP_BECAUSE_MISSING_LIBRARY) {
		if (event->object && opened && cp_strings_have(opened, event->object))
			event->cause = CP_BECAUSE_WRONG_ARCHITECTURE;
	}
}

void cp_story_explain(struct cp_story *story, const struct process *process,
	const struct cp_loader_text *text, const struct strings *opened, struct cp_event *event)
{
	cp_cleanup_free char *file = copy_span(text->file.at ? text->file : text->object);
	event->cause = text->cause;
	event->object = copy_span(text->object);
	event->needed_by = copy_span(text->needed_by);
	if (text->libc != CP_EVENT_LIBC_UNKNOWN)
		event->libc = text->libc;
	/* A path that "cannot be opened" is there, as a rule, and is something else. */
	if (file &&
		(text->look_at_file ||
			(event->cause == CP_BECAUSE_MISSING_LIBRARY && file[0] == '/')) &&
		!look_at_file(story, process, place_of(opened, file), event))
		explain_unseen(opened, event);
	event->blames_template = cp_cause_blames_template(event->cause);
}

/* --- the end of a call ------------------------------------------------------------------ */

/* The first name that was looked for and never found; NULL: each was. */
static const char *never_found(const struct call *call)
{
	for (size_t i = 0; i < call->missing.count; i++) {
		const char *name = cp_tree_base_name(call->missing.items[i]);
		bool found = false;
		for (size_t k = 0; k < call->opened.count && !found; k++)
			found = strcmp(cp_tree_base_name(call->opened.items[k]), name) == 0;
		if (!found)
			return name;
	}
	return NULL;
}

/* By the loader that the program names; unknown where the program is. */
static enum cp_event_libc libc_of_program(struct cp_story *story, const struct process *process)
{
	struct cp_peek peek;
	if (!process->exe)
		return CP_EVENT_LIBC_UNKNOWN;
	cp_cleanup_close int fd = cp_story_file(story, process, process->exe);
	if (fd < 0 || cp_peek(fd, &peek) < 0 || peek.kind != CP_PEEK_ELF)
		return CP_EVENT_LIBC_UNKNOWN;
	const char *name = cp_tree_base_name(peek.interpreter);
	return strncmp(name, "ld-musl-", 8) == 0    ? CP_EVENT_LIBC_MUSL
	       : strncmp(name, "ld-linux-", 9) == 0 ? CP_EVENT_LIBC_GLIBC
						    : CP_EVENT_LIBC_UNKNOWN;
}

/* No text: the look-ups give what there is. */
static void infer(struct cp_story *story, const struct process *process, const struct call *call,
	struct cp_event *event)
{
	char text[512];
	struct cp_loader_text read;
	const char *name = never_found(call);
	bool is_itself = !name || strcmp(name, cp_tree_base_name(call->name)) == 0;
	event->source = CP_SOURCE_INFERRED;
	if (event->libc == CP_EVENT_LIBC_UNKNOWN)
		event->libc = libc_of_program(story, process);
	event->object = strdup(is_itself ? call->name : name);
	if (is_itself) {
		event->cause = name ? CP_BECAUSE_MISSING_FILE : CP_BECAUSE_UNKNOWN;
		look_at_file(story, process, place_of(&call->opened, call->name), event);
	} else {
		/* The cause by the name is that of the text that would have been. */
		snprintf(text, sizeof(text),
			event->libc == CP_EVENT_LIBC_MUSL
				? "Error loading shared library %s: No such file or directory"
				: "%s: cannot open shared object file: No such file or directory",
			name);
		event->cause = cp_loader_text_read(text, strlen(text), &read)
				       ? read.cause
				       : CP_BECAUSE_MISSING_LIBRARY;
	}
	event->blames_template = cp_cause_blames_template(event->cause);
}

/* Whether the look-ups alone, or the addon's own file, show that the load cannot have gone well.
 * Where a dlopen would have been seen, who opens a foreign addon only reads it (a copy, a
 * checksum). */
static bool shows_failure(
	struct cp_story *story, const struct process *process, const struct call *call)
{
	const struct cp_story_listener *listener = &story->listener;
	struct cp_event event = {0};
	if (never_found(call))
		return true;
	if (listener->had_probes &&
		listener->had_probes(listener->context, process->mount_ns, call->time))
		return false;
	look_at_file(story, process, place_of(&call->opened, call->name), &event);
	return event.cause != CP_BECAUSE_UNKNOWN;
}

/* Tells it, unless it was told of this process. */
static void tell_once(struct cp_story *story, struct process *process, struct cp_event *event)
{
	if (cp_story_told(process, event->message, event->object))
		cp_event_clear(event);
	else
		cp_story_tell(story, process, event);
}

/* A text may still come on standard error, and is worth more. Of very many, none is waited for. */
static void keep_inferred(
	struct cp_story *story, struct process *process, struct cp_event *event, uint64_t time)
{
	if (process->n_inferred == MAX_INFERRED ||
		cp_grow(&process->inferred, &process->inferred_size, process->n_inferred + 1,
			sizeof(*process->inferred)) < 0)
		tell_once(story, process, event);
	else
		process->inferred[process->n_inferred++] =
			(struct inferred){.event = *event, .time = time};
}

void cp_story_end_inferred(struct cp_story *story, struct process *process, uint64_t now)
{
	size_t kept = 0;
	for (size_t i = 0; i < process->n_inferred; i++) {
		struct inferred *inferred = &process->inferred[i];
		if (now != UINT64_MAX && now < inferred->time + CP_STORY_TEXT_WAIT)
			process->inferred[kept++] = *inferred;
		else
			tell_once(story, process, &inferred->event);
	}
	process->n_inferred = kept;
}

static void tell_failure(struct cp_story *story, struct process *process, struct call *call)
{
	struct cp_loader_text read;
	struct cp_event event = cp_story_event(story, process, call->time, CP_EVENT_DLOPEN_FAILED);
	if (call->text && cp_loader_text_read(call->text, strlen(call->text), &read)) {
		cp_story_explain(story, process, &read, &call->opened, &event);
	} else if (!call->text) {
		infer(story, process, call, &event);
	}
	if (call->text) {
		event.source = CP_SOURCE_LOADER;
		event.message = cp_take(call->text);
	}
	if (!event.object)
		event.object = strdup(call->name);
	if (!event.needed_by && event.object && strcmp(event.object, call->name) != 0)
		event.needed_by = who_needs(story, process, &call->opened, event.object);
	event.optional = !strchr(call->name, '/');
	if (event.optional)
		event.blames_template = CP_NO;
	if (event.source == CP_SOURCE_INFERRED)
		keep_inferred(story, process, &event, call->time);
	else
		tell_once(story, process, &event);
}

static void tell_loaded(struct cp_story *story, struct process *process, const struct call *call)
{
	if (!is_addon(call->name) || cp_strings_have(&process->addons, call->name))
		return;
	cp_strings_add(&process->addons, call->name, strlen(call->name), MAX_ADDONS);
	struct cp_event event = cp_story_event(story, process, call->time, CP_EVENT_ADDON_LOADED);
	event.object = strdup(call->name);
	event.blames_template = CP_NO;
	cp_story_tell(story, process, &event);
}

/* --- records ----------------------------------------------------------------------------- */

static void end_unexplained(struct cp_story *story, struct process *process, struct thread *thread)
{
	if (thread->unexplained.active)
		tell_failure(story, process, &thread->unexplained);
	cp_call_clear(&thread->unexplained);
}

void cp_story_dlopen(struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	if (!thread)
		return;
	if (thread->n_calls == CALL_DEPTH) { /* the kernel tells no deeper ones: an end was lost */
		cp_call_clear(&thread->calls[0]);
		memmove(&thread->calls[0], &thread->calls[1],
			(CALL_DEPTH - 1) * sizeof(struct call));
		thread->calls[--thread->n_calls] = (struct call){0};
	}
	struct call *call = &thread->calls[thread->n_calls++];
	cp_call_clear(call);
	call->active = true;
	call->name = strndup(cp_story_text(record), record->size);
	call->libc = process->libc;
	call->time = record->time;
	if (!call->name)
		thread->n_calls--;
}

static struct call *innermost(struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	return thread && thread->n_calls ? &thread->calls[thread->n_calls - 1] : NULL;
}

void cp_story_exception(struct process *process, const struct cp_raw *record)
{
	const struct cp_raw_long *both = (const struct cp_raw_long *)record;
	struct call *call = innermost(process, record);
	char *text = NULL;
	if (!call)
		return;
	const char *separator = record->size ? ": " : "";
	int more = (int)sizeof(both->more);
	int length = record->value
			     ? asprintf(&text, "%.*s%s%.*s: %s", (int)record->size, both->text,
				       separator, more, both->more, strerror((int)record->value))
			     : asprintf(&text, "%.*s%s%.*s", (int)record->size, both->text,
				       separator, more, both->more);
	if (length < 0)
		return;
	free(call->text);
	call->text = text;
}

/* Look-ups that belong to no dlopen come to their end: a failure, or the process has it mapped. */
static void end_lookups(struct cp_story *story, struct process *process, struct call *lookups)
{
	const struct cp_story_listener *listener = &story->listener;
	if (lookups->active && shows_failure(story, process, lookups))
		tell_failure(story, process, lookups);
	else if (lookups->active && listener->is_mapped &&
		 listener->is_mapped(listener->context, process->pid, lookups->name))
		tell_loaded(story, process, lookups);
	cp_call_clear(lookups);
}

/* Each addon that is opened begins such a story. */
static void lookup_outside(struct cp_story *story, struct process *process, struct thread *thread,
	const struct cp_raw *record)
{
	struct call *call = &thread->lookups;
	const char *name = cp_story_text(record);
	cp_cleanup_free char *copy = strndup(name, record->size);
	if (!copy)
		return;
	if (is_addon(copy)) {
		end_lookups(story, process, call);
		call->name = strdup(copy);
		call->active = call->name != NULL;
		if (record->value >= 0 && !cp_strings_have(&process->suspects, copy))
			cp_strings_add(&process->suspects, copy, record->size, MAX_ADDONS);
	}
	if (!call->active)
		return;
	call->time = record->time;
	cp_strings_add(record->value >= 0 ? &call->opened : &call->missing, name, record->size,
		MAX_LOOKUPS);
}

void cp_story_open(struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	if (!thread)
		return;
	if (record->flags & CP_RAW_WRITABLE) {
		if (record->flags & CP_RAW_UNGATED)
			cp_call_clear(&thread->lookups); /* files are copied here, not loaded */
		return;
	}
	if (record->flags & CP_RAW_UNGATED) {
		lookup_outside(story, process, thread, record);
		return;
	}
	struct call *call = innermost(process, record);
	if (call)
		cp_strings_add(record->value >= 0 ? &call->opened : &call->missing,
			cp_story_text(record), record->size, MAX_LOOKUPS);
}

void cp_story_dlopen_return(
	struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	if (!thread || !thread->n_calls)
		return;
	struct call *call = &thread->calls[--thread->n_calls];
	call->time = record->time;
	call->libc = process->libc;
	if (record->value) {
		tell_loaded(story, process, call);
	} else if (call->libc == CP_EVENT_LIBC_MUSL) {
		end_unexplained(story, process, thread);
		thread->unexplained = *call; /* until dlerror tells */
		*call = (struct call){0};
	} else {
		tell_failure(story, process, call);
	}
	cp_call_clear(call);
}

/* What musl says of other calls than dlopen, which may have failed since. */
static bool is_of_other_call(const char *text)
{
	static const char *const starts[] = {
		"Symbol not found: ", "Invalid library handle ", "Unsupported request "};
	for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
		if (strncmp(text, starts[i], strlen(starts[i])) == 0)
			return true;
	return false;
}

void cp_story_dlerror(struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	cp_cleanup_free char *text = strndup(cp_story_text(record), record->size);
	if (!thread || !thread->unexplained.active || !text || is_of_other_call(text))
		return;
	free(thread->unexplained.text);
	thread->unexplained.text = cp_take(text);
	end_unexplained(story, process, thread);
}

void cp_story_end_loads(
	struct cp_story *story, struct process *process, struct thread *thread, uint64_t now)
{
	if (thread->unexplained.active &&
		(now == UINT64_MAX || now > thread->unexplained.time + CP_STORY_ERROR_WAIT))
		end_unexplained(story, process, thread);
	struct call *lookups = &thread->lookups;
	if (lookups->active && (now == UINT64_MAX || now > lookups->time + CP_STORY_LOOKUP_WAIT))
		end_lookups(story, process, lookups);
}
