/* SPDX-License-Identifier: MIT
 *
 * What a trace tells: one event per thing that a user would want to hear of, with its cause, the
 * loader's own words, and whose it is. The words are those of the JSON (compatprobe.event/1).
 *
 * Whatever is not known is NULL or CP_UNKNOWN, never guessed.
 */
#ifndef CP_EVENT_H
#define CP_EVENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum cp_event_kind {
	CP_EVENT_DLOPEN_FAILED,
	CP_EVENT_EXEC_FAILED,
	CP_EVENT_START_FAILED, /* the program's own loader gave up before main() */
	CP_EVENT_ADDON_LOADED,
	CP_EVENT_MODULE_NOT_FOUND,
	CP_EVENT_CRASHED,
	CP_EVENT_LOST, /* `count` things of the kernel's were lost: `message` says of which kind */
	CP_EVENT_KINDS,
};

enum cp_event_cause {
	CP_BECAUSE_UNKNOWN, /* JSON null */
	CP_BECAUSE_MISSING_LOADER,
	CP_BECAUSE_MISSING_LIBRARY,
	CP_BECAUSE_MISSING_SYMBOL,
	CP_BECAUSE_SYMBOL_VERSION,
	CP_BECAUSE_WRONG_LIBC,
	CP_BECAUSE_STATIC_TLS,
	CP_BECAUSE_EXECUTABLE_STACK,
	CP_BECAUSE_WRONG_ARCHITECTURE,
	CP_BECAUSE_NOT_ELF,
	CP_BECAUSE_NODE_ABI,
	CP_BECAUSE_NODE_API_VERSION,
	CP_BECAUSE_MISSING_INTERPRETER,
	CP_BECAUSE_MISSING_FILE,
	CP_BECAUSE_EXEC_FORMAT,
	CP_BECAUSE_PERMISSION,
	CP_BECAUSE_MODULE_NOT_FOUND,
	CP_BECAUSE_CRASHED,
	CP_BECAUSE_COUNT,
};

enum cp_event_libc { CP_EVENT_LIBC_UNKNOWN, CP_EVENT_LIBC_GLIBC, CP_EVENT_LIBC_MUSL };

enum cp_answer { CP_UNKNOWN, CP_NO, CP_YES };

/* Where the message comes from. */
enum cp_event_source {
	CP_SOURCE_NONE,     /* no message */
	CP_SOURCE_LOADER,   /* read from the loader itself, as dlerror(3) would give it */
	CP_SOURCE_STDERR,   /* what the process wrote to its standard error */
	CP_SOURCE_INFERRED, /* put together from the failed look-ups: the cause is a conclusion */
};

/* All strings are owned by whoever owns the struct; any may be NULL. */
struct cp_container {
	char *id;      /* the engine's, in full */
	char *name;    /* without the leading slash */
	char *image;   /* as the engine names it */
	char *runtime; /* "docker", "podman", "containerd", "crio" */
	char *project; /* of compose */
	char *service;
};

struct cp_event {
	uint64_t time; /* nanoseconds since the epoch */
	enum cp_event_kind kind;
	enum cp_event_cause cause;
	char *object;    /* what could not be had, or the addon that was loaded or crashed */
	char *needed_by; /* the object that asked for it */
	char *message;   /* bytes as they were; the printers escape them */
	enum cp_event_source source;
	enum cp_event_libc libc; /* of the process */
	enum cp_answer blames_template;
	bool optional; /* the program only tried: a bare name given to dlopen(3), so no failure */
	pid_t pid;
	char comm[16];
	char *exe;
	struct cp_container container;
	char **addons; /* loaded by the process before (crashed) */
	size_t n_addons;
	int signal,
		status; /* crashed, start_failed: what ended the process; 0 where it was not that */
	uint64_t count; /* lost */
};

const char *cp_event_kind_name(enum cp_event_kind kind);    /* "dlopen_failed", … */
const char *cp_event_cause_name(enum cp_event_cause cause); /* "missing_loader", …; NULL: unknown */
const char *cp_event_libc_name(enum cp_event_libc libc);    /* "glibc", "musl"; NULL: unknown */
/* "loader", "stderr", "inferred"; NULL: none */
const char *cp_event_source_name(enum cp_event_source source);

void cp_container_clear(struct cp_container *container);
void cp_event_clear(struct cp_event *event);

#endif
