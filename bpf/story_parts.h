/* SPDX-License-Identifier: MIT
 *
 * What the parts of a story share; story.h tells the idea.
 */
#ifndef CP_STORY_PARTS_H
#define CP_STORY_PARTS_H

#include "loader_text.h"
#include "story.h"

/* A list of owned strings that stays small. */
struct strings {
	char **items;
	size_t count, size;
};

/* Adds a copy; beyond `cap`, or without memory, it is left out. */
void cp_strings_add(struct strings *names, const char *text, size_t size, size_t cap);
bool cp_strings_have(const struct strings *names, const char *text);
void cp_strings_clear(struct strings *names);

#define CALL_DEPTH 4
#define MAX_LOOKUPS 512 /* of one dlopen, that are kept */

/* A call of dlopen, or what looks like one. */
struct call {
	bool active;
	char *name;             /* as dlopen got it */
	struct strings opened;  /* objects that could be opened, in order */
	struct strings missing; /* and those that could not */
	char *text;             /* what dlerror tells; NULL: nobody told */
	enum cp_event_libc libc;
	uint64_t time; /* of its last record */
};

/* One execve that failed. */
struct attempt {
	char *path;
	int error;
	struct cp_event event; /* what would be told of it */
	bool is_text;
};

#define MAX_ATTEMPTS 64

struct thread {
	unsigned tid;
	struct call calls[CALL_DEPTH];
	size_t n_calls;
	struct call unexplained; /* musl's: failed, and dlerror was not asked yet */
	struct call lookups;     /* look-ups outside of any dlopen */
	struct attempt *attempts;
	size_t n_attempts, attempts_size;
	size_t n_dropped; /* further ones */
	struct thread *next;
};

/* A failure without a text, which may still come on standard error. */
struct inferred {
	struct cp_event event;
	uint64_t time;
};

#define MAX_INFERRED 16
#define MAX_LINE 16384 /* bytes that are put together of several writes */
#define MAX_ADDONS 256
#define MAX_FAILURES 64

struct process {
	pid_t pid;
	unsigned mount_ns;
	uint64_t cgroup;
	char comm[16];
	char *exe; /* NULL: unknown */
	enum cp_event_libc libc;
	struct strings addons;
	struct strings failures; /* texts and objects that were told of this process */
	char *last_words;        /* a loader's, at the start of the program or at a call */
	bool at_call;
	char *line; /* what was written to standard error and has no end yet */
	size_t line_size;
	uint64_t line_time;
	struct strings suspects; /* addons that were opened, where no dlopen is seen */
	struct inferred *inferred;
	size_t n_inferred, inferred_size;
	struct thread *threads;          /* only those with something unfinished */
	struct process *next, *previous; /* the next is older */
};

/* A text of one process that another of the same container may repeat: a parent that passes on what
 * its child wrote. */
#define ECHOES 32
#define ECHO_TIME 2000000000ULL /* nanoseconds */
struct echo {
	uint64_t cgroup, time;
	pid_t pid;
	size_t hash;
};

struct cp_story {
	struct cp_story_listener listener;
	uint64_t wall_clock;
	void *by_pid; /* tsearch(3) over the list below */
	struct process *newest, *oldest;
	size_t n_processes;
	struct echo echoes[ECHOES];
	size_t next_echo;
};

/* The text of a record, which is at one place whatever its size. */
static inline const char *cp_story_text(const struct cp_raw *record)
{
	return ((const struct cp_raw_small *)record)->text;
}

/* Opens a file of the root that the process has: a descriptor, or -errno; -EBADF where no root is
 * known. The caller closes it. */
int cp_story_file(struct cp_story *story, const struct process *process, const char *path);

/* An event of that process at that time; fill the rest, then tell it. */
struct cp_event cp_story_event(const struct cp_story *story, const struct process *process,
	uint64_t time, enum cp_event_kind kind);
void cp_story_tell(struct cp_story *story, const struct process *process, struct cp_event *event);

struct thread *cp_story_thread(
	struct process *process, unsigned tid); /* made where new; may be NULL */
void cp_story_drop_thread(struct process *process, unsigned tid);

/* --- story_load.c --- */
void cp_story_dlopen(struct process *process, const struct cp_raw *record);
void cp_story_open(struct cp_story *story, struct process *process, const struct cp_raw *record);
void cp_story_exception(struct process *process, const struct cp_raw *record);
void cp_story_dlopen_return(
	struct cp_story *story, struct process *process, const struct cp_raw *record);
void cp_story_dlerror(struct cp_story *story, struct process *process, const struct cp_raw *record);
/* Tells what still waits for its explanation since before `since`. */
void cp_story_end_loads(
	struct cp_story *story, struct process *process, struct thread *thread, uint64_t now);
/* Tells the failures that got no text since before `now`; with UINT64_MAX all. */
void cp_story_end_inferred(struct cp_story *story, struct process *process, uint64_t now);
void cp_call_clear(struct call *call);
/* Whether a failure with this text or this object was told of the process; notes it where not. */
bool cp_story_told(struct process *process, const char *text, const char *object);
/* What a loader's text says, with what only the files can tell, into the event. `opened`: the
 * objects that the load had opened, or NULL. */
void cp_story_explain(struct cp_story *story, const struct process *process,
	const struct cp_loader_text *text, const struct strings *opened, struct cp_event *event);

/* --- story_exec.c --- */
void cp_story_exec_failed(
	struct cp_story *story, struct process *process, const struct cp_raw *record);
/* The thread ran a program after all: what failed before was a search. */
void cp_story_exec_succeeded(struct cp_story *story, struct process *process, unsigned tid);
void cp_story_end_execs(struct cp_story *story, struct process *process, struct thread *thread);
void cp_attempts_clear(struct thread *thread);

/* --- story_output.c --- */
void cp_story_output(struct cp_story *story, struct process *process, const struct cp_raw *record);
/* What has no end of line is read as it is. */
void cp_story_end_output(struct cp_story *story, struct process *process, uint64_t now);

/* --- story_end.c --- */
void cp_story_end(struct cp_story *story, struct process *process, const struct cp_raw *record);

#endif
