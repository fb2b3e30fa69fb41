/* SPDX-License-Identifier: MIT
 *
 * A control group's path → the container's id and its runtime, for the forms that Docker, podman,
 * containerd and CRI-O give it under the cgroupfs and the systemd driver, v1, v2 and hybrid.
 */
#ifndef CP_CGROUP_PATH_H
#define CP_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct cp_cgroup_name {
	const char *id; /* 64 hexadecimal digits within the path, not terminated */
	size_t id_size;
	const char *runtime; /* static: "docker", "podman", "containerd", "crio"; NULL: unknown */
};

/* Returns true where the path is a container's (the innermost one, where containers nest). */
bool cp_cgroup_path_read(const char *path, struct cp_cgroup_name *name);

#endif
