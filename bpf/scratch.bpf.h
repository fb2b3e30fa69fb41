/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * A place for more text than the stack of a program holds.
 */
#ifndef CP_SCRATCH_BPF_H
#define CP_SCRATCH_BPF_H

#include "records.bpf.h"

#define SCRATCH_END 64 /* zero bytes behind a text */

/* Where a text is looked at before it is told: all that is written to standard error passes here,
 * little of it matters. `busy` would show a kernel that lets one task of a CPU interrupt another
 * here. */
struct scratch {
	__u32 busy;
	__u32 size;                               /* of the text */
	__u32 at;                                 /* where in the text something was found */
	char text[2 * CP_RAW_TEXT + SCRATCH_END]; /* what is put together, and what ends it */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

#define WORD(a, b, c, d) ((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

/* NULL, and a loss of that type, where it cannot be had. Give it back with busy = 0. */
static __always_inline struct scratch *take_scratch(__u32 type)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		return NULL;
	if (scratch->busy) {
		count_lost(type);
		return NULL;
	}
	scratch->busy = 1;
	return scratch;
}

/* Numbers that went through memory are unknown to the verifier again, but for their bounds: so it
 * need not follow each path that led to one by itself. */
static __always_inline __u64 text_size(const struct scratch *scratch)
{
	__u64 size = *(volatile const __u32 *)&scratch->size;
	return size & (2 * CP_RAW_TEXT - 1);
}

static __always_inline __u32 text_place(const struct scratch *scratch)
{
	return *(volatile const __u32 *)&scratch->at & (CP_RAW_TEXT / 2 - 1);
}

#endif
