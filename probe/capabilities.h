/* SPDX-License-Identifier: MIT
 *
 * Giving up what root may do and a run does not need; see capabilities(7).
 */
#ifndef CP_CAPABILITIES_H
#define CP_CAPABILITIES_H

#include <linux/capability.h>
#include <stdint.h>

#define CP_CAPABILITY(number) (1ULL << (number))

/* To read and write files that are not one's own. */
#define CP_CAPABILITIES_FILES                                                                      \
	(CP_CAPABILITY(CAP_DAC_OVERRIDE) | CP_CAPABILITY(CAP_DAC_READ_SEARCH) |                    \
		CP_CAPABILITY(CAP_FOWNER))

/* To set probes (perf_event_open(2) of a uprobe wants CAP_SYS_ADMIN, measured), and to look into
 * containers. */
#define CP_CAPABILITIES_TRACE                                                                      \
	(CP_CAPABILITY(CAP_BPF) | CP_CAPABILITY(CAP_PERFMON) | CP_CAPABILITY(CAP_SYS_ADMIN) |      \
		CP_CAPABILITY(CAP_SYS_PTRACE) | CP_CAPABILITY(CAP_DAC_READ_SEARCH))

/* What beginning it wants besides: a thread that is never late, sockets of users' engines, and
 * before Linux 5.11 the right to have the kernel's maps in memory. */
#define CP_CAPABILITIES_TRACE_BEGIN                                                                \
	(CP_CAPABILITIES_TRACE | CP_CAPABILITY(CAP_SYS_NICE) | CP_CAPABILITY(CAP_DAC_OVERRIDE) |   \
		CP_CAPABILITY(CAP_SYS_RESOURCE))

/* Gives up all but these, for good: this thread, and what it starts from now on. */
void cp_capabilities_keep(uint64_t kept);

#endif
