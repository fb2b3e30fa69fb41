/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "cgroup_path.h"

#define A "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define B "fedcba9876543210fedcba9876543210fedcba9876543210fedcba9876543210"
#define POD "12345678_1234_1234_1234_123456789012"

struct row {
	const char *path, *id, *runtime;
};

static void assert_row(const struct row *row)
{
	struct cp_cgroup_name name = {0};
	bool found = cp_cgroup_path_read(row->path, &name);
	if (found != (row->id != NULL))
		fail_msg("%s: %s", row->path, found ? "is a container" : "is none");
	if (!found)
		return;
	if (name.id_size != strlen(row->id) || memcmp(name.id, row->id, name.id_size) != 0)
		fail_msg("%s: %.*s", row->path, (int)name.id_size, name.id);
	if ((name.runtime == NULL) != (row->runtime == NULL) ||
		(row->runtime && strcmp(name.runtime, row->runtime) != 0))
		fail_msg("%s: runtime %s", row->path, name.runtime ? name.runtime : "unknown");
}

#define assert_rows(rows)                                                                          \
	for (size_t i = 0; i < sizeof(rows) / sizeof((rows)[0]); i++)                              \
	assert_row(&(rows)[i])

static void test_docker(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"/docker/" A, A, "docker"},
		{"docker/" A, A, "docker"},
		{"/docker/" A "/", A, "docker"},
		{"//docker//" A, A, "docker"},
		{"/system.slice/docker-" A ".scope", A, "docker"},
		{"/user.slice/user-1000.slice/user@1000.service/user.slice/docker-" A ".scope", A,
			"docker"},
		{"/system.slice:docker:" A, A, "docker"},
		{"/docker/" A "/init.scope", A, "docker"},
		{"/docker/" A "/system.slice/cron.service", A, "docker"},
		{"/system.slice/docker-" A ".scope/init.scope", A, "docker"},
		{"/build/" A, A, NULL}, /* docker run --cgroup-parent=/build */
		{A, A, NULL},
		{"/docker/buildkit/abcdefghijklmnopqrstuvwxy", NULL, NULL},
		{"/system.slice/docker.service", NULL, NULL},
		{"/docker", NULL, NULL},
	};
	assert_rows(rows);
}

static void test_podman(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"/machine.slice/libpod-" A ".scope", A, "podman"},
		{"/machine.slice/libpod-" A ".scope/container", A, "podman"},
		{"/libpod_parent/libpod-" A, A, "podman"},
		{"/libpod-" A, A, "podman"},
		{"/libpod_parent/" A, A, "podman"},
		{"/machine.slice/machine-libpod_pod_" B ".slice/libpod-" A ".scope", A, "podman"},
		{"/libpod_parent/" B "/libpod-" A, A, "podman"},
		{"/system.slice/web.service/libpod-payload-" A, A, "podman"},
		{"/user.slice/user-0.slice/user@0.service/user.slice/libpod-" A ".scope/container",
			A, "podman"},
		{"/machine.slice/libpod-conmon-" A ".scope", NULL, NULL},
		{"/libpod_parent/libpod-conmon-" A, NULL, NULL},
		{"/libpod_parent/conmon", NULL, NULL},
		{"/system.slice/web.service/supervisor", NULL, NULL},
	};
	assert_rows(rows);
}

static void test_kubernetes(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod" POD
		 ".slice/cri-containerd-" A ".scope",
			A, "containerd"},
		{"/system.slice/containerd.service/kubepods-burstable-pod" POD
		 ".slice:cri-containerd:" A,
			A, "containerd"},
		{"/kubepods-pod" POD ".slice:cri-containerd:" A, A, "containerd"},
		{"/k8s.io/" A, A, "containerd"},
		{"/system.slice/nerdctl-" A ".scope", A, "containerd"},
		{"/kubepods.slice/kubepods-pod" POD ".slice/crio-" A ".scope", A, "crio"},
		{"/kubepods.slice/kubepods-pod" POD ".slice/crio-" A ".scope/container", A, "crio"},
		{"/kubepods.slice/kubepods-pod" POD ".slice/crio-conmon-" A ".scope", NULL, NULL},
		{"/kubepods.slice/kubepods-pod" POD ".slice/docker-" A ".scope", A, "docker"},
		{"/kubepods/besteffort/pod12345678-1234-1234-1234-123456789012/" A, A, NULL},
		{"/kubepods/pod12345678-1234-1234-1234-123456789012/" A, A, NULL},
		{"/kubepods.slice/kubepods-besteffort.slice", NULL, NULL},
	};
	assert_rows(rows);
}

static void test_without_ids(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"/lxc/web", "web", "lxc"},
		{"/lxc/web/system.slice/cron.service", "web", "lxc"},
		{"/lxc.payload.web", "web", "lxc"},
		{"/lxc.payload.web/init.scope", "web", "lxc"},
		{"/lxc.monitor.web", NULL, NULL},
		{"/lxc.payload.", NULL, NULL},
		{"/garden/4f7e1a2c-93b1-4b5e", "4f7e1a2c-93b1-4b5e", "garden"},
	};
	assert_rows(rows);
}

static void test_nested(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"/docker/" A "/docker/" B, B, "docker"},
		{"/docker/" A "/libpod_parent/libpod-" B, B, "podman"},
		{"/docker/" A "/libpod_parent/libpod-conmon-" B, A, "docker"},
		{"/docker/" A "/kubelet.slice/kubelet-kubepods.slice/cri-containerd-" B ".scope", B,
			"containerd"},
		{"/lxc.payload.web/docker/" A, A, "docker"},
	};
	assert_rows(rows);
}

static void test_no_container(void **state)
{
	(void)state;
	static const struct row rows[] = {
		{"", NULL, NULL},
		{"/", NULL, NULL},
		{"////", NULL, NULL},
		{"/user.slice/user-1000.slice/session-2.scope", NULL, NULL},
		{"/init.scope", NULL, NULL},
		{"/docker/0123456789ab", NULL, NULL},
		{"/docker/" A "0", NULL, NULL},
		{"/docker/0" A, NULL, NULL},
		{"/docker/0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", NULL,
			NULL},
		{"/system.slice/docker-" A ".scope.scope", NULL, NULL},
		{"/system.slice/docker-" A ".service", NULL, NULL},
		{"/system.slice/-" A ".scope", NULL, NULL},
		{"/system.slice/:" A, NULL, NULL},
		{"/system.slice/docker_" A ".scope", NULL, NULL},
		{".scope", NULL, NULL},
		{"/\n\x1b[31m/\xff\xfe", NULL, NULL},
	};
	assert_rows(rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_docker),
		cmocka_unit_test(test_podman),
		cmocka_unit_test(test_kubernetes),
		cmocka_unit_test(test_without_ids),
		cmocka_unit_test(test_nested),
		cmocka_unit_test(test_no_container),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
