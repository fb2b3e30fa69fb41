/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "monotonic.h"
#include "text.h"

#define APPEARS_AFTER 300 /* milliseconds */
#define REDRAWN_EVERY 100
#define BAR_CELLS 30

/* Milliseconds. */
static int64_t now(void)
{
	return (int64_t)(cp_monotonic() / 1000000u);
}

static unsigned columns(void)
{
	struct winsize size;
	return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

void cp_progress_start(struct cp_progress *progress, const char *label, bool wanted)
{
	const char *ci = getenv("CI"), *term = getenv("TERM");
	bool shown = wanted && isatty(STDERR_FILENO) && !(ci && *ci) &&
		     !(term && strcmp(term, "dumb") == 0);
	*progress = (struct cp_progress){.file = shown ? stderr : NULL,
		.label = label,
		.width = columns(),
		.started = now()};
}

void cp_progress_line(
	char *buffer, size_t size, unsigned width, const char *label, uint64_t done, uint64_t total)
{
	char amount[CP_TEXT_BYTES_SIZE], bar[BAR_CELLS + 1];
	cp_cleanup_free char *name = cp_text_printable(label);
	cp_text_bytes(amount, done);
	if (!name || size == 0)
		return;
	if (total == 0) {
		snprintf(buffer, size, "%.*s  %s", (int)width / 2, name, amount);
		return;
	}
	double part = done < total ? (double)done / (double)total : 1;
	unsigned filled = (unsigned)(part * BAR_CELLS);
	for (unsigned i = 0; i < BAR_CELLS; i++)
		bar[i] = i < filled ? '#' : '.';
	bar[BAR_CELLS] = 0;
	unsigned fixed = BAR_CELLS + 24; /* the bar, the number, the brackets and gaps */
	unsigned room = width > fixed + 8 ? width - fixed : 8;
	snprintf(buffer, size, "%.*s  [%s] %3.0f %%  %s", (int)room, name, bar, part * 100, amount);
}

void cp_progress_update(void *context, uint64_t done, uint64_t total)
{
	struct cp_progress *progress = context;
	if (!progress->file)
		return;
	int64_t time = now();
	if (time - progress->started < APPEARS_AFTER || time - progress->drawn < REDRAWN_EVERY)
		return;
	char line[512] = "";
	cp_progress_line(line, sizeof(line), progress->width, progress->label, done, total);
	fprintf(progress->file, "\r\033[K%s", line);
	fflush(progress->file);
	progress->drawn = time;
}

void cp_progress_wipe(struct cp_progress *progress)
{
	if (progress->file && progress->drawn) {
		fputs("\r\033[K", progress->file);
		fflush(progress->file);
	}
	progress->drawn = 0;
}
