/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The few kernel structures that the programs read, with the few members that they need. Where a
 * member lies is looked up in the running kernel's BTF when the programs are loaded (CO-RE), so
 * the same object runs on every kernel that has these members by these names.
 */
#ifndef CP_KERNEL_TYPES_H
#define CP_KERNEL_TYPES_H

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct ns_common {
	unsigned int inum;
};

struct mnt_namespace {
	struct ns_common ns;
};

struct nsproxy {
	struct mnt_namespace *mnt_ns;
};

struct kernfs_node {
	struct kernfs_node *parent;
	const char *name;
	__u64 id;
};

/* The member's name since 6.15. */
struct kernfs_node___since_6_15 {
	struct kernfs_node *__parent;
};

struct cgroup {
	struct kernfs_node *kn;
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
};

enum cgroup_subsys_id { memory_cgrp_id = 4, pids_cgrp_id = 11 };

struct css_set {
	struct cgroup_subsys_state *subsys[16];
	struct cgroup *dfl_cgrp;
};

typedef struct {
	int counter;
} atomic_t;

struct signal_struct {
	atomic_t live;
	int group_exit_code;
};

struct thread_info {
	__u32 status;
};

struct task_struct {
	struct thread_info thread_info;
	int exit_code;
	struct nsproxy *nsproxy;
	struct css_set *cgroups;
	struct signal_struct *signal;
};

struct linux_binprm {
	const char *interp;
};

#pragma clang attribute pop

#endif
