/* SPDX-License-Identifier: MIT
 *
 * What a whole trace comes to: a block per service, the worst first.
 *
 *   workflow (shop)  the template is at fault
 *     dlopen failed: Error loading shared library … ×3  → the template's fault (missing_loader)
 *     1 addon loaded
 *   auth (shop)  fine
 *     2 addons loaded
 *
 * An owner is a compose service, else a container, else a program outside of containers. The same
 * failure is kept once, with a count. Memory is bounded whatever the trace holds: so many owners,
 * so many failures and addons of each, so many bytes of text; what is beyond is counted and said.
 */
#ifndef CP_TRACE_SUMMARY_H
#define CP_TRACE_SUMMARY_H

#include <stdio.h>

#include "event.h"
#include "load.h"
#include "output_table.h"

#define CP_TRACE_MAX_OWNERS 1024
#define CP_TRACE_MAX_FAILURES 64 /* distinct ones of an owner */
#define CP_TRACE_MAX_ADDONS 256  /* distinct ones of an owner */
#define CP_TRACE_MAX_TEXT ((size_t)64 << 20)

struct cp_trace_summary;

struct cp_trace_summary *cp_trace_summary_make(void); /* NULL without memory */
void cp_trace_summary_free(struct cp_trace_summary *summary);

/* Counts the event and copies what it needs of it. Where there is no room it is counted only. */
void cp_trace_summary_add(struct cp_trace_summary *summary, const struct cp_event *event);

/* Programs that were started before their loader was watched: their failures are known, but maybe
 * not their texts. Replaces the number told before. */
void cp_trace_summary_late(struct cp_trace_summary *summary, uint64_t starts);

/* With style->verbose all addons are listed. A failed write shows in ferror(file). */
void cp_trace_summary_print(
	FILE *file, const struct cp_table_style *style, const struct cp_trace_summary *summary);

/* --fail-on: was anything at least as bad as `level`?
 *   fails       a dlopen, exec or program start that failed, or a module that was not found
 *   crashes     these, or a process that crashed
 *   loads_with  the same: what is observed is that a library is missing, not that a package of the
 *               distribution would bring it; it did fail, and counts for every level
 * What was optional for the program never counts. Whose fault it was makes no difference. */
bool cp_trace_threshold_reached(const struct cp_trace_summary *summary, enum cp_outcome level);

#endif
