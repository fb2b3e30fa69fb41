/* SPDX-License-Identifier: MIT
 *
 * Sources: bpf(2), perf_event_open(2), capabilities(7), Documentation/trace/uprobetracer.rst.
 */
#include "feature_probe.h"

#include <bpf/bpf.h>
#include <bpf/btf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/magic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "kernel.h"
#include "memory.h"

static void set(struct cp_feature *feature, bool works, bool needed, const char *remedy)
{
	feature->state = works ? CP_FEATURE_WORKS : needed ? CP_FEATURE_MISSING : CP_FEATURE_UNUSED;
	feature->remedy = works ? NULL : remedy;
}

/* The first line of a file, without its end; "" where there is none. */
static void read_line(const char *path, char *line, size_t size)
{
	cp_cleanup_fclose FILE *file = fopen(path, "re");
	line[0] = 0;
	if (file && fgets(line, (int)size, file))
		line[strcspn(line, "\n")] = 0;
}

static void find_kernel(struct cp_feature *feature)
{
	struct utsname name;
	unsigned major = 0, minor = 0;
	uname(&name);
	sscanf(name.release, "%u.%u", &major, &minor);
	snprintf(feature->detail, sizeof(feature->detail), "%.60s, %.20s", name.release,
		name.machine);
	set(feature, major > 5 || (major == 5 && minor >= 10), true, "5.10 or later is needed");
}

static void find_btf(struct cp_feature *feature)
{
	bool there = access("/sys/kernel/btf/vmlinux", R_OK) == 0;
	snprintf(feature->detail, sizeof(feature->detail), "/sys/kernel/btf/vmlinux");
	set(feature, there, true, "run a kernel that was built with CONFIG_DEBUG_INFO_BTF");
}

static void find_lockdown(struct cp_feature *feature)
{
	char line[128];
	read_line("/sys/kernel/security/lockdown", line, sizeof(line));
	bool strict = strstr(line, "[confidentiality]") != NULL;
	snprintf(feature->detail, sizeof(feature->detail), "%s",
		line[0] ? line
		: access("/sys/kernel/security/lsm", F_OK) == 0
			? "no lockdown"
			: "unknown: securityfs is not mounted");
	set(feature, !strict, true,
		"lockdown=confidentiality forbids reading memory: boot with lockdown=integrity or "
		"none");
}

static void find_capabilities(struct cp_feature *feature)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3] = {0};
	syscall(SYS_capget, &header, sets);
	uint64_t have = sets[0].effective | (uint64_t)sets[1].effective << 32;
	bool admin = have >> CAP_SYS_ADMIN & 1;
	bool look = (have >> CAP_SYS_PTRACE & 1) && (have >> CAP_DAC_READ_SEARCH & 1);
	bool bpf = admin || ((have >> CAP_BPF & 1) && (have >> CAP_PERFMON & 1));
	snprintf(feature->detail, sizeof(feature->detail), "%s%s%s%s",
		bpf ? "" : "no CAP_BPF and CAP_PERFMON; ", admin ? "" : "no CAP_SYS_ADMIN; ",
		look ? "" : "no CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH",
		bpf && admin && look ? "all that is needed" : "");
	set(feature, bpf && admin && look, true, "run it as root of the host");
}

static void find_ring(struct cp_feature *feature)
{
	int fd = bpf_map_create(BPF_MAP_TYPE_RINGBUF, NULL, 0, 0, 4096, NULL);
	if (fd < 0)
		snprintf(feature->detail, sizeof(feature->detail), "%s", strerror(-fd));
	set(feature, fd >= 0, true, "it is in kernels since 5.8; bpf(2) must be allowed");
	if (fd >= 0)
		close(fd);
}

/* The programs themselves: loaded, attached, and taken away again. */
static void find_programs(struct cp_feature *feature)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_kernel_options options = {.ring_size = 4096};
	struct cp_kernel *kernel = cp_kernel_open(&options, &err);
	if (!kernel)
		snprintf(feature->detail, sizeof(feature->detail), "%s",
			err ? err->message : "out of memory");
	set(feature, kernel != NULL, true, "COMPATPROBE_LIBBPF=1 prints what the kernel says");
	cp_kernel_close(kernel);
}

static void find_uprobes(struct cp_feature *feature)
{
	bool perf = access("/sys/bus/event_source/devices/uprobe/type", R_OK) == 0;
	char line[32];
	read_line("/proc/sys/kernel/perf_event_paranoid", line, sizeof(line));
	snprintf(feature->detail, sizeof(feature->detail), "perf_event_paranoid %.20s", line);
	set(feature, perf, true,
		"the kernel must be built with CONFIG_UPROBE_EVENTS; without them, no loader's "
		"text");
}

static void find_tracefs(struct cp_feature *feature)
{
	struct statfs status;
	bool mounted =
		statfs("/sys/kernel/tracing", &status) == 0 && status.f_type == TRACEFS_MAGIC;
	set(feature, mounted, false,
		"not used here; other tools: mount -t tracefs nodev /sys/kernel/tracing");
}

/* A program of nothing but `return 0`, of that type and for that hook: a descriptor or -errno. */
static int load_nothing(enum bpf_prog_type type, enum bpf_attach_type attach, const char *hook)
{
	const struct bpf_insn nothing[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0},
		{.code = BPF_JMP | BPF_EXIT}};
	LIBBPF_OPTS(bpf_prog_load_opts, options, .expected_attach_type = attach);
	if (hook) {
		int id = libbpf_find_vmlinux_btf_id(hook, attach);
		if (id <= 0)
			return -ENOENT;
		options.attach_btf_id = (uint32_t)id;
	}
	return bpf_prog_load(type, NULL, "GPL", nothing, 2, &options);
}

/* Loads and attaches it: 0 or -errno. */
static int try_hook(enum bpf_prog_type type, enum bpf_attach_type attach, const char *hook)
{
	int program = load_nothing(type, attach, hook);
	if (program < 0)
		return program;
	int link = bpf_raw_tracepoint_open(NULL, program);
	int result = link < 0 ? -errno : 0;
	if (link >= 0)
		close(link);
	close(program);
	return result;
}

static void find_hook(struct cp_feature *feature, enum bpf_attach_type attach, const char *hook,
	bool needed, const char *remedy)
{
	int code = try_hook(BPF_PROG_TYPE_TRACING, attach, hook);
	if (code < 0)
		snprintf(feature->detail, sizeof(feature->detail), "%s", strerror(-code));
	set(feature, code == 0, needed, remedy);
}

/* They can be attached where "bpf" is not among the active ones, and then never run. */
static void find_lsm(struct cp_feature *feature)
{
	char active[256];
	read_line("/sys/kernel/security/lsm", active, sizeof(active));
	int code = strstr(active, "bpf")
			   ? try_hook(BPF_PROG_TYPE_LSM, BPF_LSM_MAC, "bprm_check_security")
			   : -ENOENT;
	snprintf(feature->detail, sizeof(feature->detail), "%.120s",
		code == -ENOENT ? (active[0] ? active : "securityfs is not mounted")
		: code < 0      ? strerror(-code)
				: "");
	set(feature, code == 0, false, "not used here");
}

static void find_kprobes(struct cp_feature *feature)
{
	set(feature, access("/sys/bus/event_source/devices/kprobe/type", R_OK) == 0, false,
		"not used here");
}

#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI, since 6.6 */

/* What the kernel says to a link at a file that cannot be: one that knows such links looks for the
 * file, one that does not never gets that far. The layout is that of union bpf_attr since 6.6. */
static int try_multi_link(int program)
{
	struct {
		uint32_t program, target, attach, flags;
		uint64_t path, offsets, counters, cookies;
		uint32_t count, multi_flags, pid, padding;
	} link = {.program = (uint32_t)program, .attach = UPROBE_MULTI, .count = 1};
	uint64_t offset = 0;
	link.path = (uint64_t)(uintptr_t) "/proc/self/nothing";
	link.offsets = (uint64_t)(uintptr_t)&offset;
	long fd = syscall(SYS_bpf, BPF_LINK_CREATE, &link, sizeof(link));
	if (fd >= 0)
		close((int)fd);
	return fd >= 0 || errno == ENOENT ? 0 : -errno;
}

static void find_uprobe_multi(struct cp_feature *feature)
{
	int program = load_nothing(BPF_PROG_TYPE_KPROBE, (enum bpf_attach_type)UPROBE_MULTI, NULL);
	int code = program < 0 ? program : try_multi_link(program);
	if (program >= 0)
		close(program);
	set(feature, code == 0, false, "not used here");
}

size_t cp_features_find(struct cp_feature *features)
{
	static const struct {
		const char *name;
		void (*find)(struct cp_feature *feature);
	} simple[] = {
		{"kernel", find_kernel},
		{"type information (BTF)", find_btf},
		{"lockdown", find_lockdown},
		{"capabilities", find_capabilities},
		{"ring buffer", find_ring},
		{"uprobes", find_uprobes},
		{"the tracing programs", find_programs},
		{"tracefs", find_tracefs},
		{"kprobes", find_kprobes},
		{"uprobe_multi", find_uprobe_multi},
		{"LSM programs", find_lsm},
	};
	size_t count = 0;
	memset(features, 0, CP_FEATURES_MAX * sizeof(*features));
	cp_kernel_quiet();
	for (size_t i = 0; i < sizeof(simple) / sizeof(simple[0]); i++) {
		features[count].name = simple[i].name;
		simple[i].find(&features[count++]);
	}
	features[count].name = "tp_btf";
	find_hook(&features[count++], BPF_TRACE_RAW_TP, "sched_process_exit", true,
		"raw tracepoints with BTF are in kernels since 5.5");
	features[count].name = "fentry";
	find_hook(&features[count++], BPF_TRACE_FENTRY, "do_exit", false, "not used here");
	return count;
}
