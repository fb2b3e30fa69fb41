/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Records into the ring buffer, which keeps their order. One that finds no room is counted in
 * `lost`, by its type. Before the first record of a control group come its names: afterwards it may
 * be gone.
 */
#ifndef CP_RECORDS_BPF_H
#define CP_RECORDS_BPF_H

#include "raw.h"
#include "watch.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* ROOT records once more, for a reader that does nothing else and so is never late. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} roots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CP_RAW_TYPES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* Control groups whose names were sent. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} seen SEC(".maps");

static __always_inline void count_lost(__u32 type)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &type);
	if (count)
		*count += 1;
}

static __always_inline void fill(struct cp_raw *head, __u32 type, const struct whom *whom)
{
	__u64 both = bpf_get_current_pid_tgid();
	head->type = type;
	head->flags = 0;
	head->pid = both >> 32;
	head->tid = (__u32)both;
	head->mount_ns = whom->mount_ns;
	head->size = 0;
	head->time = bpf_ktime_get_ns();
	head->cgroup = whom->cgroup;
	head->value = 0;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}

static __always_inline void read_names(
	char names[CP_RAW_CGROUP_LEVELS][CP_RAW_CGROUP_NAME], struct kernfs_node *node)
{
	for (int level = 0; level < CP_RAW_CGROUP_LEVELS; level++) {
		names[level][0] = 0;
		if (!node)
			continue;
		const char *name = BPF_CORE_READ(node, name);
		bpf_probe_read_kernel_str(names[level], CP_RAW_CGROUP_NAME, name);
		node = parent_of(node);
	}
}

/* Before the first record of a control group come its names: afterwards it may be gone. */
static __noinline int introduce(struct whom *whom)
{
	if (!whom)
		return 0;
	__u8 one = 1;
	struct cp_raw_cgroup *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_lost(CP_RAW_CGROUP);
		return 0;
	}
	fill(&record->head, CP_RAW_CGROUP, whom);
	read_names(record->names[0], unified_node(whom->task));
	read_names(record->names[1], v1_node(whom->task));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	bpf_map_update_elem(&seen, &whom->cgroup, &one, BPF_ANY);
	return 0;
}

static __always_inline void introduce_once(struct whom *whom)
{
	if (!bpf_map_lookup_elem(&seen, &whom->cgroup))
		introduce(whom);
}

/* A record of the kind that `record` points to, for the current task; NULL (counted) where there is
 * no room. */
#define BEGIN(record, TYPE, whom)                                                                  \
	({                                                                                         \
		introduce_once(whom);                                                              \
		record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);                           \
		if (record)                                                                        \
			fill((struct cp_raw *)record, TYPE, whom);                                 \
		else                                                                               \
			count_lost(TYPE);                                                          \
		record;                                                                            \
	})

static __always_inline void tell(struct whom *whom, __u32 type, __s64 value, __u64 wakeup)
{
	struct cp_raw *record;
	if (!BEGIN(record, type, whom))
		return;
	record->value = value;
	bpf_ringbuf_submit(record, wakeup);
}

static __always_inline void set_size(struct cp_raw *head, long length, long room)
{
	head->size = length > 0 ? (unsigned int)length - 1 : 0;
	if (length == room)
		head->flags |= CP_RAW_CUT;
}

/* A record with one string; a short one where the string turns out to be short. */
static __always_inline void tell_string(struct whom *whom, __u32 type, __s64 value, __u32 flags,
	const char *user, const char *kernel, __u64 wakeup)
{
	struct cp_raw_small *small;
	if (!BEGIN(small, type, whom))
		return;
	long length = user ? bpf_probe_read_user_str(small->text, sizeof(small->text), user)
			   : bpf_probe_read_kernel_str(small->text, sizeof(small->text), kernel);
	small->head.value = value;
	small->head.flags = flags;
	if (length < CP_RAW_SMALL) {
		set_size(&small->head, length, CP_RAW_SMALL);
		bpf_ringbuf_submit(small, wakeup);
		return;
	}
	bpf_ringbuf_discard(small, BPF_RB_NO_WAKEUP);
	struct cp_raw_text *text;
	if (!BEGIN(text, type, whom))
		return;
	length = user ? bpf_probe_read_user_str(text->text, sizeof(text->text), user)
		      : bpf_probe_read_kernel_str(text->text, sizeof(text->text), kernel);
	text->head.value = value;
	text->head.flags = flags;
	set_size(&text->head, length, CP_RAW_TEXT);
	bpf_ringbuf_submit(text, wakeup);
}

#endif
