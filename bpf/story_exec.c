/* SPDX-License-Identifier: MIT
 *
 * Stories of starting programs: see story.h.
 *
 * execvp(3) tries each directory of PATH, so most failures of execve are no failure of anything.
 * What counts is how the thread's tries of one name end: with a program that runs, and nothing is
 * told; or not, and one event tells the most telling of them. ENOEXEC is told even where a shell
 * then ran the file as a script, since it ran something that nobody wrote as one; a plain text
 * without #! is such a script, and is not told then.
 */
#include "story_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exec_cause.h"
#include "memory.h"
#include "tree.h"

#define MAX_ERRNO 4095 /* the kernel's */

void cp_attempts_clear(struct thread *thread)
{
	for (size_t i = 0; i < thread->n_attempts; i++) {
		free(thread->attempts[i].path);
		cp_event_clear(&thread->attempts[i].event);
	}
	thread->n_attempts = thread->n_dropped = 0;
}

/* How much an attempt explains: that a file is not there, least. */
static int weight(enum cp_event_cause cause)
{
	switch (cause) {
	case CP_BECAUSE_MISSING_FILE:
		return 0;
	case CP_BECAUSE_UNKNOWN:
		return 1;
	case CP_BECAUSE_PERMISSION:
		return 2;
	default:
		return 3;
	}
}

static struct attempt *most_telling(struct thread *thread)
{
	struct attempt *best = &thread->attempts[0];
	for (size_t i = 1; i < thread->n_attempts; i++)
		if (weight(thread->attempts[i].event.cause) > weight(best->event.cause))
			best = &thread->attempts[i];
	return best;
}

/* A name that no directory of PATH had is told by itself, with where it was looked for. */
static void tell_search(struct thread *thread, struct attempt *attempt)
{
	char *message = NULL;
	const char *name = cp_tree_base_name(attempt->path);
	if (thread->n_attempts < 2 || weight(attempt->event.cause) > 0)
		return;
	if (asprintf(&message, "%s: not found in PATH: tried %s and %zu more", name,
		    thread->attempts[0].path, thread->n_attempts - 1 + thread->n_dropped) < 0)
		return;
	free(attempt->event.message);
	attempt->event.message = message;
	free(attempt->event.object);
	attempt->event.object = strdup(name);
}

static void tell_attempt(struct cp_story *story, struct process *process, struct attempt *attempt)
{
	story->listener.tell(story->listener.context, &attempt->event, process->cgroup);
	attempt->event = (struct cp_event){0};
}

void cp_story_end_execs(struct cp_story *story, struct process *process, struct thread *thread)
{
	if (!thread->n_attempts)
		return;
	struct attempt *attempt = most_telling(thread);
	tell_search(thread, attempt);
	tell_attempt(story, process, attempt);
	cp_attempts_clear(thread);
}

void cp_story_exec_succeeded(struct cp_story *story, struct process *process, unsigned tid)
{
	struct thread *thread = cp_story_thread(process, tid);
	if (!thread)
		return;
	for (size_t i = 0; i < thread->n_attempts; i++) {
		struct attempt *attempt = &thread->attempts[i];
		if (attempt->error == ENOEXEC && !attempt->is_text) {
			tell_attempt(story, process, attempt);
			break;
		}
	}
	cp_attempts_clear(thread);
}

/* runc's and crun's own process, just before it becomes the container's first. */
static bool is_runtime(const char *comm)
{
	return strncmp(comm, "runc:[", 6) == 0 || strcmp(comm, "crun") == 0 ||
	       strcmp(comm, "libcrun") == 0;
}

/* A place for a further try; NULL: it tells no more than those that are kept. Of very many, the
 * last one makes room for one that tells more. */
static struct attempt *new_attempt(struct thread *thread, enum cp_event_cause cause)
{
	if (thread->n_attempts < MAX_ATTEMPTS)
		return cp_grow(&thread->attempts, &thread->attempts_size, thread->n_attempts + 1,
			       sizeof(struct attempt)) < 0
			       ? NULL
			       : &thread->attempts[thread->n_attempts++];
	struct attempt *last = &thread->attempts[MAX_ATTEMPTS - 1];
	thread->n_dropped++;
	if (weight(cause) <= weight(last->event.cause))
		return NULL;
	free(last->path);
	cp_event_clear(&last->event);
	return last;
}

void cp_story_exec_failed(
	struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	struct thread *thread = cp_story_thread(process, record->tid);
	int error = record->value < 0 && record->value >= -MAX_ERRNO ? (int)-record->value : 0;
	cp_cleanup_free char *path = strndup(cp_story_text(record), record->size);
	struct cp_exec_cause found;
	if (!thread || !path)
		return;
	if (thread->n_attempts &&
		strcmp(cp_tree_base_name(thread->attempts[0].path), cp_tree_base_name(path)) != 0)
		cp_story_end_execs(story, process, thread); /* it gave that name up */
	int root = path[0] == '/' ? story->listener.root(story->listener.context, process->mount_ns)
				  : -1; /* from a directory that is not known */
	/* fexecve(3) gives a descriptor and no name. */
	cp_exec_cause_find(root, path[0] ? path : "a file given by its descriptor", error,
		is_runtime(process->comm), &found);
	struct attempt *attempt = new_attempt(thread, found.cause);
	if (!attempt) {
		free(found.message);
		return;
	}
	*attempt = (struct attempt){.error = error,
		.is_text = found.is_text,
		.event = cp_story_event(story, process, record->time, CP_EVENT_EXEC_FAILED)};
	attempt->event.cause = found.cause;
	attempt->event.blames_template = found.blames_template;
	attempt->event.message = found.message;
	attempt->event.source = found.inferred ? CP_SOURCE_INFERRED : CP_SOURCE_NONE;
	attempt->event.object = path[0] ? strdup(path) : NULL;
	attempt->path = cp_take(path);
}
