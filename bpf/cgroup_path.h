/* SPDX-License-Identifier: MIT
 *
 * A control group's path → the container's id and its runtime, for the forms that Docker, podman,
 * containerd and CRI-O give it under the cgroupfs and the systemd driver, v1, v2 and hybrid.
 * LXC and Garden have no ids: their containers' names stand for them.
 */
#ifndef CP_CGROUP_PATH_H
#define CP_CGROUP_PATH_H

#include <stdbool.h>
#include <stddef.h>

struct cp_cgroup_name {
	/* Within the path, not terminated: 64 hexadecimal digits; a name where the runtime is
	 * "lxc" or "garden". */
	const char *id;
	size_t id_size;
	/* Static: "docker", "podman", "containerd", "crio", "lxc", "garden"; NULL: unknown. */
	const char *runtime;
};

/* Returns true where the path is a container's (the innermost one, where containers nest). */
bool cp_cgroup_path_read(const char *path, struct cp_cgroup_name *name);

/* Whether the text is what engines take for an id: 64 lower-case hexadecimal digits. */
bool cp_is_container_id(const char *text, size_t size);

#endif
