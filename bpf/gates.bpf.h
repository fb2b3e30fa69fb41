/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The threads that are in dlopen(3): what they look for matters, and nobody else's look-ups do.
 */
#ifndef CP_GATES_BPF_H
#define CP_GATES_BPF_H

#include "records.bpf.h"

#define GATE_DEPTH 4

/* A constructor may call dlopen again, so calls nest. Each is known by its stack pointer, which
 * also tells a second probe on the same function (two ways to one file) from a second call, and a
 * call that was left by longjmp(3). */
struct gate {
	__u32 depth;
	__u32 lookups; /* still to be told though no dlopen was seen */
	__u64 stack[GATE_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct gate);
} gates SEC(".maps");

static __always_inline struct gate *gate_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&gates, &tid);
}

/* Opens the gate for a call that begins at this stack pointer. False where the call is known. */
static __always_inline bool open_gate(__u64 stack)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct gate first = {.depth = 1, .stack = {stack}};
	struct gate *gate = bpf_map_lookup_elem(&gates, &tid);
	if (!gate || !gate->depth) {
		if (bpf_map_update_elem(&gates, &tid, &first, BPF_ANY) < 0)
			count_lost(CP_RAW_DLOPEN);
		return true;
	}
	for (int i = 0; i < GATE_DEPTH; i++)
		if (gate->depth && gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] < stack)
			gate->depth--; /* that call's frame is gone */
	if (gate->depth && gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] == stack)
		return false;
	__u32 slot = gate->depth;
	if (slot >= GATE_DEPTH)
		return false;
	barrier_var(slot); /* what the line above says, as old verifiers understand it */
	slot &= GATE_DEPTH - 1;
	gate->stack[slot] = stack;
	gate->depth++;
	return true;
}

/* Closes the gate of the call that began at this stack pointer. False where none is open. */
static __always_inline bool close_gate(__u64 stack)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct gate *gate = bpf_map_lookup_elem(&gates, &tid);
	if (!gate || !gate->depth || gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] != stack)
		return false;
	if (gate->depth > 1)
		gate->depth--;
	else
		bpf_map_delete_elem(&gates, &tid);
	return true;
}

#endif
