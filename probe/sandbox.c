/* SPDX-License-Identifier: MIT
 *
 * Sources of the rules: Documentation/userspace-api/landlock.rst of the kernel;
 * seccomp_rule_add(3); capabilities(7). Docker's default profile is where the list of
 * system calls comes from, without what only a whole container needs.
 */
#include "sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "capabilities.h"
#include "memory.h"
#include "options.h"

/* --- files ------------------------------------------------------------------------- */

/* Newer than Debian 12's header. */
#ifndef LANDLOCK_ACCESS_FS_TRUNCATE
#define LANDLOCK_ACCESS_FS_TRUNCATE (1ULL << 14)
#endif

#define READ_FILES (LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR)
#define WRITE_FILES (LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_TRUNCATE)
/* What there is to say about a path that is no directory. */
#define OF_A_FILE (LANDLOCK_ACCESS_FS_READ_FILE | WRITE_FILES)
/* Making a file and renaming it over another. */
#define MAKE_FILES                                                                                 \
	(WRITE_FILES | LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE | READ_FILES)

struct rules {
	int fd;
	uint64_t handled;
};

/* All rights that this kernel's Landlock knows up to truncating, its third version. */
static uint64_t known_rights(int version)
{
	uint64_t rights = (LANDLOCK_ACCESS_FS_MAKE_SYM << 1) - 1;
	if (version >= 2)
		rights |= LANDLOCK_ACCESS_FS_REFER;
	if (version >= 3)
		rights |= LANDLOCK_ACCESS_FS_TRUNCATE;
	return rights;
}

/* A path that is not there, or is in no mounted file system, needs no rule. */
static void allow(const struct rules *rules, const char *path, uint64_t rights)
{
	struct stat status;
	cp_cleanup_close int fd = open(path, O_PATH | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		return;
	if (!S_ISDIR(status.st_mode))
		rights &= OF_A_FILE;
	struct landlock_path_beneath_attr rule = {
		.allowed_access = rights & rules->handled, .parent_fd = fd};
	(void)syscall(SYS_landlock_add_rule, rules->fd, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
}

/* What libraries look at: locales, the configuration of OpenSSL and of the resolver,
 * certificates of an engine, the number of processors. */
static void allow_system(const struct rules *rules, enum cp_sandbox_network network)
{
	static const char *const always[] = {"/usr", "/lib", "/lib64", "/etc/ssl", "/etc/localtime",
		"/etc/ld.so.cache", "/proc/self", "/sys/devices/system/cpu", "/dev/null",
		"/dev/urandom"};
	static const char *const resolver[] = {"/etc/hosts", "/etc/resolv.conf", "/etc/host.conf",
		"/etc/nsswitch.conf", "/etc/gai.conf", "/etc/ca-certificates",
		"/run/systemd/resolve"};
	for (size_t i = 0; i < sizeof(always) / sizeof(always[0]); i++)
		allow(rules, always[i], READ_FILES);
	if (network != CP_NETWORK_INET)
		return;
	for (size_t i = 0; i < sizeof(resolver) / sizeof(resolver[0]); i++)
		allow(rules, resolver[i], READ_FILES);
	char path[PATH_MAX];
	const char *certificates = getenv("DOCKER_CERT_PATH"), *home = getenv("HOME");
	if (certificates)
		allow(rules, certificates, READ_FILES);
	if (home && (size_t)snprintf(path, sizeof(path), "%s/.docker", home) < sizeof(path))
		allow(rules, path, READ_FILES);
}

/* Every part of a reference that may be its path: "docker-archive:a:b@1" is a:b@1, a:b, a
 * (and docker-archive, should there be such a file). Looking at the names alone keeps the
 * parsers of references, which look into archives, on this side of the fence. */
static void allow_input(const struct rules *rules, const char *text)
{
	const char *starts[] = {text, strchr(text, ':')};
	char path[PATH_MAX];
	for (size_t i = 0; i < 2 && starts[i]; i++) {
		const char *start = starts[i] + i;
		size_t length = strlen(start);
		if (length >= sizeof(path))
			continue;
		for (size_t end = 1; end <= length; end++) {
			if (end < length && start[end] != ':' && start[end] != '@')
				continue;
			memcpy(path, start, end);
			path[end] = '\0';
			allow(rules, path, READ_FILES);
		}
	}
}

/* The directory of a file that will be made or replaced, or a thing that is written to as
 * it stands (/dev/full, a pipe). A link's file is replaced where it is. */
static void allow_output(const struct rules *rules, const char *file)
{
	struct stat status;
	if (stat(file, &status) == 0 && !S_ISREG(status.st_mode)) {
		allow(rules, file, WRITE_FILES);
		return;
	}
	cp_cleanup_free char *real = realpath(file, NULL);
	cp_cleanup_free char *path = strdup(real ? real : file);
	if (!path)
		return;
	char *slash = strrchr(path, '/');
	if (!slash)
		strcpy(path, "."); /* a name has a byte at least */
	else
		slash[slash == path] = '\0';
	allow(rules, path, MAKE_FILES);
}

static bool restrict_files(const struct cp_sandbox *sandbox)
{
	long version =
		syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (version < 1)
		return false;
	struct landlock_ruleset_attr attributes = {.handled_access_fs = known_rights((int)version)};
	cp_cleanup_close int fd = (int)syscall(
		SYS_landlock_create_ruleset, &attributes, sizeof(attributes.handled_access_fs), 0);
	if (fd < 0)
		return false;
	struct rules rules = {fd, attributes.handled_access_fs};
	allow_system(&rules, sandbox->network);
	for (size_t i = 0; i < sandbox->n_inputs; i++)
		allow_input(&rules, sandbox->inputs[i]);
	for (size_t i = 0; i < sandbox->n_outputs; i++)
		allow_output(&rules, sandbox->outputs[i]);
	return syscall(SYS_landlock_restrict_self, fd, 0) == 0;
}

/* --- system calls ------------------------------------------------------------------ */

/* Never needed. io_uring would be a way around all the others. */
static const int refused_calls[] = {SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace),
	SCMP_SYS(process_vm_readv), SCMP_SYS(process_vm_writev), SCMP_SYS(pidfd_getfd),
	SCMP_SYS(kcmp), SCMP_SYS(mount), SCMP_SYS(umount2), SCMP_SYS(move_mount),
	SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsconfig), SCMP_SYS(fsmount),
	SCMP_SYS(fspick), SCMP_SYS(mount_setattr), SCMP_SYS(pivot_root), SCMP_SYS(chroot),
	SCMP_SYS(unshare), SCMP_SYS(setns), SCMP_SYS(bpf), SCMP_SYS(perf_event_open),
	SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(swapon),
	SCMP_SYS(swapoff), SCMP_SYS(add_key), SCMP_SYS(request_key), SCMP_SYS(keyctl),
	SCMP_SYS(userfaultfd), SCMP_SYS(io_uring_setup), SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register), SCMP_SYS(open_by_handle_at), SCMP_SYS(quotactl),
	SCMP_SYS(acct), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(syslog),
	SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(setuid), SCMP_SYS(setgid), SCMP_SYS(bind),
	SCMP_SYS(listen)};

/* Families of sockets are small numbers; the ones in use are few. */
static int refuse_sockets(scmp_filter_ctx filter, enum cp_sandbox_network network)
{
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	if (network == CP_NETWORK_NONE)
		return seccomp_rule_add(filter, refuse, SCMP_SYS(socket), 0);
	if (network == CP_NETWORK_UNIX)
		return seccomp_rule_add(
			filter, refuse, SCMP_SYS(socket), 1, SCMP_A0_32(SCMP_CMP_NE, AF_UNIX, 0));
	int result = seccomp_rule_add(
		filter, refuse, SCMP_SYS(socket), 1, SCMP_A0_32(SCMP_CMP_GT, AF_NETLINK, 0));
	for (unsigned family = 0; family < AF_NETLINK && result == 0; family++)
		if (family != AF_UNIX && family != AF_INET && family != AF_INET6)
			result = seccomp_rule_add(filter, refuse, SCMP_SYS(socket), 1,
				SCMP_A0_32(SCMP_CMP_EQ, family, 0));
	return result;
}

/* New namespaces by clone(2), and keys typed into the terminal that the run came from. The
 * flags of clone3(2) cannot be seen; without it the C library takes clone(2). */
static int refuse_some(scmp_filter_ctx filter)
{
	static const uint32_t namespaces[] = {CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC,
		CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWCGROUP};
	const uint32_t refuse = SCMP_ACT_ERRNO(EPERM);
	int result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	for (size_t i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]) && result == 0; i++)
		result = seccomp_rule_add(filter, refuse, SCMP_SYS(clone), 1,
			SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	if (result == 0)
		result = seccomp_rule_add(
			filter, refuse, SCMP_SYS(ioctl), 1, SCMP_A1_32(SCMP_CMP_EQ, TIOCSTI, 0));
	return result;
}

static bool restrict_calls(const struct cp_sandbox *sandbox)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	if (!filter)
		return false;
	/* A tree instead of a list: each call of a run goes through it. */
	int result = seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	for (size_t i = 0; i < sizeof(refused_calls) / sizeof(refused_calls[0]) && !result; i++)
		result = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), refused_calls[i], 0);
	if (result == 0)
		result = refuse_sockets(filter, sandbox->network);
	if (result == 0)
		result = refuse_some(filter);
	if (result == 0)
		result = seccomp_load(filter);
	seccomp_release(filter);
	return result == 0;
}

/* --- both -------------------------------------------------------------------------- */

unsigned cp_sandbox_enter(const struct cp_sandbox *sandbox)
{
	const char *wish = getenv("COMPATPROBE_SANDBOX");
	if (wish && strcmp(wish, "off") == 0)
		return CP_SANDBOX_FILES | CP_SANDBOX_CALLS; /* as asked */
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return 0;
	unsigned parts = restrict_files(sandbox) ? CP_SANDBOX_FILES : 0;
	/* Root reads a root-owned tree, and writes its results into somebody's directory. */
	cp_capabilities_keep(CP_CAPABILITIES_FILES);
	return parts | (restrict_calls(sandbox) ? CP_SANDBOX_CALLS : 0);
}

/* The same question as that of cp_image_ref_parse(), without its answer where the word is
 * the name of a file: a name that is no file is an engine's. */
enum cp_sandbox_network cp_sandbox_network_of(const char *reference)
{
	static const char *const files[] = {
		"docker-archive:", "oci:", "oci-archive:", "rootfs:", "./", "/", "../"};
	bool engine = strncmp(reference, "docker-daemon:", strlen("docker-daemon:")) == 0;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]) && !engine; i++)
		if (strncmp(reference, files[i], strlen(files[i])) == 0)
			return CP_NETWORK_NONE;
	if (!engine && (access(reference, F_OK) == 0 || strcmp(reference, "-") == 0))
		return CP_NETWORK_NONE;
	const char *host = getenv("DOCKER_HOST");
	bool local = !host || !*host || strncmp(host, "unix://", 7) == 0 || *host == '/';
	return local ? CP_NETWORK_UNIX : CP_NETWORK_INET;
}

void cp_sandbox_enter_with(struct cp_sandbox sandbox, const struct cp_options *options)
{
	const char *outputs[CP_OUTPUT_MAX + 1];
	sandbox.n_outputs = 0;
	sandbox.outputs = outputs;
	for (size_t i = 0; i < options->n_outputs; i++)
		if (options->outputs[i].file)
			outputs[sandbox.n_outputs++] = options->outputs[i].file;
	if (options->file)
		outputs[sandbox.n_outputs++] = options->file;
	unsigned parts = cp_sandbox_enter(&sandbox);
	if (options->verbose && !(parts & CP_SANDBOX_FILES))
		cp_warn("the run is not confined to its files: this kernel has no Landlock");
	if (options->verbose && !(parts & CP_SANDBOX_CALLS))
		cp_warn("the run is not confined in its system calls: no seccomp here");
}

void cp_sandbox_enter_for(const struct cp_options *options, bool images)
{
	struct cp_sandbox sandbox = {0};
	cp_cleanup_free const char **inputs =
		calloc(options->n_arguments + options->n_targets + 1, sizeof(*inputs));
	for (size_t i = 1; inputs && i < options->n_arguments; i++) {
		enum cp_sandbox_network network = cp_sandbox_network_of(options->arguments[i]);
		inputs[sandbox.n_inputs++] = options->arguments[i];
		if (images && network > sandbox.network)
			sandbox.network = network;
	}
	for (size_t i = 0; inputs && i < options->n_targets; i++)
		inputs[sandbox.n_inputs++] = options->targets[i];
	sandbox.inputs = inputs;
	cp_sandbox_enter_with(sandbox, options);
}
