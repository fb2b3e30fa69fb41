/* SPDX-License-Identifier: MIT
 *
 * From raw records to events: what a thread did, one thing after the other, is a story with an end,
 * and only the end is told.
 *
 *   story.c         processes and their threads; which record goes where; what waited too long
 *   story_load.c    dlopen: entered, looked for files, raised an error, returned: loaded, or
 *                   failed with the text that dlerror(3) gives; where there is none, the look-ups
 *                   that never came to an end stand for it
 *   story_exec.c    execve: a search through PATH fails many times and then succeeds, or does not
 *   story_output.c  what a process wrote to standard error: a loader's last words at its start,
 *                   Node's at a missing module
 *   story_end.c     the end of a process, with what it had loaded: gone well, crashed, never
 *                   started
 *
 * Records of one thread come in the order in which they happened. Any of them may be missing (the
 * trace began in the middle, a ring was full), so no record is needed for the next to make sense.
 * It knows no files but those of the root that its listener gives, and no clock but the records':
 * it can be told any story in a test.
 */
#ifndef CP_STORY_H
#define CP_STORY_H

#include "event.h"
#include "raw.h"

struct cp_story;

struct cp_story_listener {
	void *context;
	/* Gives an event away: the listener owns it (cp_event_clear). Its container is empty yet;
	 * `cgroup` is the control group that it belongs to. */
	void (*tell)(void *context, struct cp_event *event, uint64_t cgroup);
	/* A descriptor of that mount namespace's root, borrowed until the next call; -1: none. */
	int (*root)(void *context, unsigned mount_ns);
	/* What runs as `pid`, for a process that started before the trace did: owned by the caller,
	 * NULL where unknown. */
	char *(*exe)(void *context, pid_t pid);
	/* Whether the process has this file mapped now, as its container names it. */
	bool (*is_mapped)(void *context, pid_t pid, const char *path);
	/* Whether a dlopen at that time in this namespace would have been seen as one, as far as is
	 * known (a container may bring a libc of its own later). NULL: never. */
	bool (*had_probes)(void *context, unsigned mount_ns, uint64_t time);
};

/* Nanoseconds after which a thread's unfinished story ends by itself. */
#define CP_STORY_EXEC_WAIT 1000000000ULL  /* no further try of execve */
#define CP_STORY_ERROR_WAIT 500000000ULL  /* musl: dlerror was not asked */
#define CP_STORY_LOOKUP_WAIT 300000000ULL /* no further look-up, where no dlopen is seen */
#define CP_STORY_TEXT_WAIT 1000000000ULL  /* no text on standard error for an inferred failure */
#define CP_STORY_LINE_WAIT 300000000ULL   /* no end of a line on standard error */

/* `wall_clock`: nanoseconds to add to a record's time to have the time since the epoch. */
struct cp_story *cp_story_new(const struct cp_story_listener *listener, uint64_t wall_clock);
void cp_story_free(struct cp_story *story);

/* CGROUP and ROOT are not for it, and are passed over. */
void cp_story_record(struct cp_story *story, const struct cp_raw *record);

/* Ends what has waited long enough. `now` as the records' time; UINT64_MAX: everything (the trace
 * is over). */
void cp_story_tick(struct cp_story *story, uint64_t now);

/* How many processes are being followed. */
size_t cp_story_processes(const struct cp_story *story);

#endif
