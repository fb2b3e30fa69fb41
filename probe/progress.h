/* SPDX-License-Identifier: MIT
 *
 * A progress bar on stderr, for people only: it appears where stderr is a terminal and the work
 * takes longer than a blink, and is wiped before anything else is written.
 */
#ifndef CP_PROGRESS_H
#define CP_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct cp_progress {
	FILE *file;        /* NULL: never shown */
	const char *label; /* borrowed */
	unsigned width;    /* columns */
	int64_t started;   /* milliseconds */
	int64_t drawn;     /* 0: not on the screen */
};

/* Begins to count time. `wanted` false, CI set, TERM=dumb, or no terminal: it stays silent. */
void cp_progress_start(struct cp_progress *progress, const char *label, bool wanted);

/* For cp_image_options.progress, whose calls are serialized; `context` is the cp_progress. */
void cp_progress_update(void *context, uint64_t done, uint64_t total);

void cp_progress_wipe(struct cp_progress *progress);

/* Draws the line for `done` of `total` bytes (0: not known) into `buffer`; exposed for tests. */
void cp_progress_line(char *buffer, size_t size, unsigned width, const char *label, uint64_t done,
	uint64_t total);

#endif
