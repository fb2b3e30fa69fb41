/* SPDX-License-Identifier: MIT */
#include "story_parts.h"

#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "tree.h"

#define MAX_PROCESSES 65536

/* --- lists of names ---------------------------------------------------------------------- */

void cp_strings_add(struct strings *names, const char *text, size_t size, size_t cap)
{
	char *copy = names->count < cap ? strndup(text, size) : NULL;
	if (!copy || cp_grow(&names->items, &names->size, names->count + 1, sizeof(char *)) < 0) {
		free(copy);
		return;
	}
	names->items[names->count++] = copy;
}

bool cp_strings_have(const struct strings *names, const char *text)
{
	for (size_t i = 0; i < names->count; i++)
		if (strcmp(names->items[i], text) == 0)
			return true;
	return false;
}

void cp_strings_clear(struct strings *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->items[i]);
	free(names->items);
	*names = (struct strings){0};
}

/* --- threads ----------------------------------------------------------------------------- */

struct thread *cp_story_thread(struct process *process, unsigned tid)
{
	for (struct thread *thread = process->threads; thread; thread = thread->next)
		if (thread->tid == tid)
			return thread;
	struct thread *thread = calloc(1, sizeof(*thread));
	if (thread) {
		thread->tid = tid;
		thread->next = process->threads;
		process->threads = thread;
	}
	return thread;
}

static void free_thread(struct thread *thread)
{
	for (size_t i = 0; i < CALL_DEPTH; i++)
		cp_call_clear(&thread->calls[i]);
	cp_call_clear(&thread->unexplained);
	cp_call_clear(&thread->lookups);
	cp_attempts_clear(thread);
	free(thread->attempts);
	free(thread);
}

void cp_story_drop_thread(struct process *process, unsigned tid)
{
	for (struct thread **at = &process->threads; *at; at = &(*at)->next) {
		struct thread *thread = *at;
		if (thread->tid != tid)
			continue;
		*at = thread->next;
		free_thread(thread);
		return;
	}
}

/* --- processes --------------------------------------------------------------------------- */

static int compare_processes(const void *left, const void *right)
{
	const struct process *a = left, *b = right;
	return a->pid < b->pid ? -1 : a->pid > b->pid;
}

static void free_process(struct process *process)
{
	while (process->threads)
		cp_story_drop_thread(process, process->threads->tid);
	cp_strings_clear(&process->addons);
	cp_strings_clear(&process->failures);
	cp_strings_clear(&process->suspects);
	for (size_t i = 0; i < process->n_inferred; i++)
		cp_event_clear(&process->inferred[i].event);
	free(process->inferred);
	free(process->exe);
	free(process->last_words);
	free(process->line);
	free(process);
}

static struct process *find_process(struct cp_story *story, pid_t pid)
{
	struct process key = {.pid = pid};
	struct process **found = tfind(&key, &story->by_pid, compare_processes);
	return found ? *found : NULL;
}

static void remove_process(struct cp_story *story, struct process *process)
{
	tdelete(process, &story->by_pid, compare_processes);
	if (process->next)
		process->next->previous = process->previous;
	else
		story->oldest = process->previous;
	if (process->previous)
		process->previous->next = process->next;
	else
		story->newest = process->next;
	story->n_processes--;
	free_process(process);
}

/* Where the ends of very many processes were lost, the oldest make room. */
static struct process *add_process(struct cp_story *story, pid_t pid)
{
	struct process *process = calloc(1, sizeof(*process));
	if (!process)
		return NULL;
	process->pid = pid;
	if (!tsearch(process, &story->by_pid, compare_processes)) {
		free(process);
		return NULL;
	}
	process->next = story->newest;
	if (story->newest)
		story->newest->previous = process;
	else
		story->oldest = process;
	story->newest = process;
	if (++story->n_processes > MAX_PROCESSES)
		remove_process(story, story->oldest);
	return process;
}

/* The process that a record is of. */
static struct process *process_of(struct cp_story *story, const struct cp_raw *record)
{
	struct process *process = find_process(story, (pid_t)record->pid);
	if (process)
		return process;
	process = add_process(story, (pid_t)record->pid);
	/* It ran before the trace began; one that starts or ends need not be asked about. */
	if (process && story->listener.exe && record->type != CP_RAW_EXEC &&
		record->type != CP_RAW_EXIT)
		process->exe = story->listener.exe(story->listener.context, (pid_t)record->pid);
	return process;
}

/* What a record says of its process as it is now. */
static void update_process(struct process *process, const struct cp_raw *record)
{
	process->cgroup = record->cgroup;
	process->mount_ns = record->mount_ns;
	if (record->flags & CP_RAW_GLIBC)
		process->libc = CP_EVENT_LIBC_GLIBC;
	else if (record->flags & CP_RAW_MUSL)
		process->libc = CP_EVENT_LIBC_MUSL;
	memcpy(process->comm, record->comm, sizeof(process->comm));
	process->comm[sizeof(process->comm) - 1] = 0;
}

/* --- events ------------------------------------------------------------------------------ */

int cp_story_file(struct cp_story *story, const struct process *process, const char *path)
{
	int root = story->listener.root(story->listener.context, process->mount_ns);
	return root >= 0 ? cp_tree_open(root, path) : -EBADF;
}

struct cp_event cp_story_event(const struct cp_story *story, const struct process *process,
	uint64_t time, enum cp_event_kind kind)
{
	struct cp_event event = {.kind = kind,
		.time = time + story->wall_clock,
		.libc = process->libc,
		.pid = process->pid,
		.exe = process->exe ? strdup(process->exe) : NULL};
	memcpy(event.comm, process->comm, sizeof(event.comm));
	return event;
}

void cp_story_tell(struct cp_story *story, const struct process *process, struct cp_event *event)
{
	story->listener.tell(story->listener.context, event, process->cgroup);
}

/* --- records ----------------------------------------------------------------------------- */

/* What was going on in the process is over. */
static void end_program(struct cp_story *story, struct process *process)
{
	for (struct thread *thread = process->threads; thread; thread = thread->next) {
		cp_story_end_execs(story, process, thread);
		cp_story_end_loads(story, process, thread, UINT64_MAX);
	}
	cp_story_end_output(story, process, UINT64_MAX);
	cp_story_end_inferred(story, process, UINT64_MAX);
}

/* A new program in the process: the old one's stories are told as the old one's. */
static void begin_program(
	struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	cp_story_exec_succeeded(story, process, (unsigned)record->value);
	end_program(story, process);
	while (process->threads)
		cp_story_drop_thread(process, process->threads->tid);
	cp_strings_clear(&process->addons);
	cp_strings_clear(&process->failures);
	cp_strings_clear(&process->suspects);
	free(process->last_words);
	process->last_words = NULL;
	process->libc = CP_EVENT_LIBC_UNKNOWN;
	free(process->exe);
	process->exe = record->size ? strndup(cp_story_text(record), record->size) : NULL;
	update_process(process, record);
}

static void end_process(
	struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	end_program(story, process);
	cp_story_end(story, process, record);
	remove_process(story, process);
}

void cp_story_record(struct cp_story *story, const struct cp_raw *record)
{
	if (record->type == CP_RAW_CGROUP || record->type == CP_RAW_ROOT)
		return;
	struct process *process = process_of(story, record);
	if (!process)
		return;
	if (record->type == CP_RAW_EXEC) {
		begin_program(story, process, record);
		return;
	}
	update_process(process, record);
	switch (record->type) {
	case CP_RAW_EXEC_FAILED:
		cp_story_exec_failed(story, process, record);
		break;
	case CP_RAW_EXIT:
		end_process(story, process, record);
		break;
	case CP_RAW_DLOPEN:
		cp_story_dlopen(process, record);
		break;
	case CP_RAW_EXCEPTION:
		cp_story_exception(process, record);
		break;
	case CP_RAW_OPEN:
		cp_story_open(story, process, record);
		break;
	case CP_RAW_DLOPEN_RETURN:
		cp_story_dlopen_return(story, process, record);
		break;
	case CP_RAW_DLERROR:
		cp_story_dlerror(story, process, record);
		break;
	case CP_RAW_STDERR:
		cp_story_output(story, process, record);
		break;
	}
}

/* --- time -------------------------------------------------------------------------------- */

static bool is_idle(const struct thread *thread)
{
	return !thread->n_calls && !thread->unexplained.active && !thread->lookups.active &&
	       !thread->n_attempts;
}

static void tick_process(struct cp_story *story, struct process *process, uint64_t now)
{
	cp_story_end_output(story, process, now);
	for (struct thread *thread = process->threads; thread;) {
		struct thread *next = thread->next;
		uint64_t last = thread->n_attempts
					? thread->attempts[thread->n_attempts - 1].event.time -
						  story->wall_clock
					: 0;
		if (thread->n_attempts && (now == UINT64_MAX || now > last + CP_STORY_EXEC_WAIT))
			cp_story_end_execs(story, process, thread);
		cp_story_end_loads(story, process, thread, now);
		if (is_idle(thread))
			cp_story_drop_thread(process, thread->tid);
		thread = next;
	}
	cp_story_end_inferred(story, process, now);
}

void cp_story_tick(struct cp_story *story, uint64_t now)
{
	for (struct process *process = story->newest; process; process = process->next)
		tick_process(story, process, now);
}

size_t cp_story_processes(const struct cp_story *story)
{
	return story->n_processes;
}

/* --- the whole --------------------------------------------------------------------------- */

struct cp_story *cp_story_new(const struct cp_story_listener *listener, uint64_t wall_clock)
{
	struct cp_story *story = calloc(1, sizeof(*story));
	if (story) {
		story->listener = *listener;
		story->wall_clock = wall_clock;
	}
	return story;
}

void cp_story_free(struct cp_story *story)
{
	if (!story)
		return;
	while (story->newest)
		remove_process(story, story->newest);
	free(story);
}
