/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Who is watched: by default every process in another mount namespace than the tracer's, less the
 * control groups that user space put on the `ignored` list.
 */
#ifndef CP_WATCH_BPF_H
#define CP_WATCH_BPF_H

#include "kernel_types.h"

/* Set before loading. */
const volatile unsigned int own_mount_ns = 0;
const volatile bool watch_all = false;
const volatile unsigned int own_pid = 0;

/* Control groups that user space does not want to hear of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} ignored SEC(".maps");

static __always_inline unsigned int mount_ns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	struct kernfs_node___since_6_15 *later = (void *)node;
	if (bpf_core_field_exists(later->__parent))
		return BPF_CORE_READ(later, __parent);
	return BPF_CORE_READ(node, parent);
}

/* Where there are v1 hierarchies, a controller that every runtime sets tells containers apart: on a
 * pure v1 machine every process is at the unified hierarchy's root, on a hybrid one it may be in
 * the group of a daemon there. */
static __always_inline struct kernfs_node *v1_node(struct task_struct *task)
{
	struct cgroup_subsys_state *state = NULL;
	int id = -1;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	if (id < 0 || id >= 16)
		return NULL;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	bpf_core_read(&state, sizeof(state), &set->subsys[id]);
	return state ? BPF_CORE_READ(state, cgroup, kn) : NULL;
}

static __always_inline struct kernfs_node *unified_node(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
}

/* A number for both places of a task together. */
static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	struct kernfs_node *unified = unified_node(task);
	struct kernfs_node *v1 = v1_node(task);
	__u64 id = BPF_CORE_READ(unified, id);
	if (v1 && v1 != unified)
		id += BPF_CORE_READ(v1, id) * 0x9e3779b97f4a7c15ULL;
	return id;
}

struct whom {
	struct task_struct *task;
	__u64 cgroup;
	unsigned int mount_ns;
};

/* Whether the current task is watched, and who it is. */
static __always_inline bool watched(struct whom *whom)
{
	whom->task = (void *)bpf_get_current_task();
	whom->mount_ns = mount_ns_of(whom->task);
	if (!watch_all && whom->mount_ns == own_mount_ns)
		return false;
	if (own_pid && bpf_get_current_pid_tgid() >> 32 == own_pid)
		return false;
	whom->cgroup = cgroup_of(whom->task);
	return !bpf_map_lookup_elem(&ignored, &whom->cgroup);
}

#endif
