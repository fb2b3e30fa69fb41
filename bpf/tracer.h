/* SPDX-License-Identifier: MIT
 *
 * A trace of containers as they start: what failed to load, to start or went down, whose it was,
 * and in the loader's own words.
 *
 *   kernel.c ─ records ─┬─ CGROUP ─▶ containers.c (whose?)
 *                       ├─ ROOT, EXEC ─▶ roots.c (what does it see?) ─▶ libc_probes.c
 *                       └─ all others ─▶ story.c ─ events ─▶ wait for their labels ─▶ tell()
 *
 * One thread does it all, in cp_tracer_turn, but for two things: the engines are asked by another
 * (containers.h), and so are roots taken, as there is no second chance for them.
 *
 * The probes on a C library have to be there before a container's first instruction. So they are
 * set on the libraries of every layer that the engines have, on those of containers that run
 * already, and on what a container's root turns out to hold: a runtime changes the root well before
 * it starts the entrypoint. A start that was quicker is counted: its failures are still told, but
 * the text may be inferred.
 */
#ifndef CP_TRACER_H
#define CP_TRACER_H

#include "error.h"
#include "event.h"
#include "raw.h"

struct cp_tracer;

struct cp_tracer_options {
	bool all;            /* also what is in no container */
	const char *project; /* only this compose project; NULL: all. Borrowed */
	size_t ring_size;    /* bytes; 0: the default */
	void *context;
	void (*tell)(void *context, const struct cp_event *event); /* borrowed for the call */
};

/* Needs what cp_kernel_open does, and CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH to look into
 * containers. NULL with an error that says what is missing. */
struct cp_tracer *cp_tracer_open(const struct cp_tracer_options *options, struct cp_error **err);
void cp_tracer_close(struct cp_tracer *tracer);

/* Waits at most `timeout` milliseconds for something to happen, and does what there is to do. To be
 * called again at once: records wait in the ring meanwhile. 0, or -1. */
int cp_tracer_turn(struct cp_tracer *tracer, int timeout, struct cp_error **err);

/* Ends all stories and tells what still waits (for labels: CP_LABELS_WAIT at most). 0 or -1. */
int cp_tracer_finish(struct cp_tracer *tracer, struct cp_error **err);

struct cp_tracer_report {
	size_t libcs;                 /* files with probes */
	size_t libcs_failed;          /* that should have some; `libcs_why` the last one's reason */
	const char *libcs_why;        /* owned by the tracer */
	uint64_t starts, late_starts; /* of containers; late: before the probes were there */
	uint64_t lost[CP_RAW_TYPES];  /* records */
	size_t running;               /* watched processes that are alive */
	size_t engines;               /* that answer */
};
void cp_tracer_report(struct cp_tracer *tracer, struct cp_tracer_report *report);

#endif
