/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * A place for more text than the stack of a program holds.
 */
#ifndef CP_SCRATCH_BPF_H
#define CP_SCRATCH_BPF_H

#include "records.bpf.h"

/* Where a text is looked at before it is told: all that is written to standard error passes here,
 * little of it matters. `busy` would show a kernel that lets one task of a CPU interrupt another
 * here. */
struct scratch {
	__u32 busy;
	char text[2 * CP_RAW_TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

#define WORD(a, b, c, d) ((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

static __always_inline struct scratch *take_scratch(void)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		return NULL;
	if (scratch->busy) {
		count_lost(CP_RAW_STDERR);
		return NULL;
	}
	scratch->busy = 1;
	return scratch;
}

#endif
