/* SPDX-License-Identifier: MIT */
#include "kernel.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"
#include "roots.h"

/* bpftool writes it so. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include "trace.skel.h"
#pragma GCC diagnostic pop

#define DRAINED_AT_ONCE 16384 /* records: who writes them may be quicker than who reads them */

/* Who is given the records of a ring. */
struct reader {
	void (*each)(void *context, const struct cp_raw *record);
	void *context;
};

struct cp_kernel {
	struct cp_programs *programs;
	struct ring_buffer *ring;
	struct ring_buffer *roots;
	struct reader root_reader;
	struct bpf_link **links; /* of probes in libcs */
	size_t n_links, links_size;
	struct reader reader; /* while draining */
	size_t handed_over;   /* in this drain */
	int n_cpus;
};

/* --- opening ------------------------------------------------------------------------- */

static int why_not_loaded(int code, struct cp_error **err)
{
	if (code == -EPERM || (code == -EACCES && geteuid() != 0))
		return cp_error_set(err, -code,
			"the kernel refuses the tracing programs (%s): run as root, or with "
			"CAP_BPF and CAP_PERFMON; 'compatprobe trace --check' tells what this "
			"machine can do",
			strerror(-code));
	if (code == -ESRCH || code == -ENOENT)
		return cp_error_set(err, -code,
			"this kernel has no type information (BTF, /sys/kernel/btf/vmlinux): it "
			"must be built with CONFIG_DEBUG_INFO_BTF");
	return cp_error_set(err, -code,
		"the kernel does not take the tracing programs: %s; 'compatprobe trace --check' "
		"tells what this machine can do",
		strerror(-code));
}

static int load(
	struct cp_kernel *self, const struct cp_kernel_options *options, struct cp_error **err)
{
	self->programs = cp_programs__open();
	if (!self->programs)
		return cp_error_set(err, ENOMEM, "out of memory");
	self->programs->rodata->own_mount_ns = cp_mount_ns_of(getpid());
	self->programs->rodata->watch_all = options->all;
	self->programs->rodata->own_pid = (unsigned int)getpid();
	size_t ring = options->ring_size ? options->ring_size : CP_KERNEL_RING;
	bpf_map__set_max_entries(self->programs->maps.ring, (__u32)ring);
	int code = cp_programs__load(self->programs);
	if (code < 0)
		return why_not_loaded(code, err);
	code = cp_programs__attach(self->programs);
	if (code < 0)
		return cp_error_set(err, -code, "cannot attach to the kernel's tracepoints: %s",
			strerror(-code));
	return 0;
}

static int hand_over(void *context, void *data, size_t size)
{
	struct cp_kernel *self = context;
	if (size >= sizeof(struct cp_raw))
		self->reader.each(self->reader.context, data);
	return ++self->handed_over < DRAINED_AT_ONCE ? 0 : -EAGAIN; /* libbpf stops behind it */
}

static int hand_root_over(void *context, void *data, size_t size)
{
	const struct reader *reader = context;
	if (size >= sizeof(struct cp_raw))
		reader->each(reader->context, data);
	return 0;
}

static int print_if_asked(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	return getenv("COMPATPROBE_LIBBPF") ? vfprintf(stderr, format, args) : 0;
}

void cp_kernel_quiet(void)
{
	libbpf_set_print(print_if_asked);
}

struct cp_kernel *cp_kernel_open(const struct cp_kernel_options *options, struct cp_error **err)
{
	struct cp_kernel *self = calloc(1, sizeof(*self));
	if (!self) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	cp_kernel_quiet();
	self->n_cpus = libbpf_num_possible_cpus();
	if (load(self, options, err) < 0) {
		cp_kernel_close(self);
		return NULL;
	}
	self->ring =
		ring_buffer__new(bpf_map__fd(self->programs->maps.ring), hand_over, self, NULL);
	self->roots = ring_buffer__new(
		bpf_map__fd(self->programs->maps.roots), hand_root_over, &self->root_reader, NULL);
	if (!self->ring || !self->roots || self->n_cpus < 1) {
		cp_error_set(err, errno, "cannot map the ring buffer: %s", strerror(errno));
		cp_kernel_close(self);
		return NULL;
	}
	return self;
}

void cp_kernel_close(struct cp_kernel *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->n_links; i++)
		bpf_link__destroy(self->links[i]);
	free(self->links);
	ring_buffer__free(self->ring);
	ring_buffer__free(self->roots);
	cp_programs__destroy(self->programs);
	free(self);
}

/* --- records ------------------------------------------------------------------------- */

int cp_kernel_fd(const struct cp_kernel *self)
{
	return ring_buffer__epoll_fd(self->ring);
}

int cp_kernel_drain(struct cp_kernel *self,
	void (*each)(void *context, const struct cp_raw *record), void *context,
	struct cp_error **err)
{
	self->reader = (struct reader){.each = each, .context = context};
	self->handed_over = 0;
	int taken = ring_buffer__consume(self->ring);
	if (taken == -EAGAIN)
		return 1;
	if (taken < 0 && taken != -EINTR)
		return cp_error_set(err, -taken, "reading the ring buffer: %s", strerror(-taken));
	return 0;
}

int cp_kernel_wait_roots(struct cp_kernel *self, int timeout,
	void (*each)(void *context, const struct cp_raw *record), void *context)
{
	self->root_reader = (struct reader){.each = each, .context = context};
	int taken = ring_buffer__poll(self->roots, timeout);
	return taken < 0 && taken != -EINTR ? -1 : 0;
}

uint64_t cp_kernel_lost(const struct cp_kernel *self, enum cp_raw_type type)
{
	cp_cleanup_free uint64_t *counts = calloc((size_t)self->n_cpus, sizeof(*counts));
	__u32 key = type;
	uint64_t sum = 0;
	if (!counts ||
		bpf_map_lookup_elem(bpf_map__fd(self->programs->maps.lost), &key, counts) < 0)
		return 0;
	for (int i = 0; i < self->n_cpus; i++)
		sum += counts[i];
	return sum;
}

void cp_kernel_ignore(struct cp_kernel *self, uint64_t cgroup)
{
	__u8 one = 1;
	bpf_map_update_elem(bpf_map__fd(self->programs->maps.ignored), &cgroup, &one, BPF_ANY);
}

/* --- probes -------------------------------------------------------------------------- */

static int attach(struct cp_kernel *self, struct bpf_program *program, bool at_return, int fd,
	size_t offset, struct cp_error **err)
{
	char path[64];
	LIBBPF_OPTS(bpf_uprobe_opts, options, .retprobe = at_return);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (cp_grow(&self->links, &self->links_size, self->n_links + 1, sizeof(*self->links)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct bpf_link *link =
		bpf_program__attach_uprobe_opts(program, -1, path, offset, &options);
	if (!link)
		return cp_error_set(err, errno, "cannot set a probe: %s%s", strerror(errno),
			errno == EACCES || errno == EPERM ? " (CAP_SYS_ADMIN is needed)" : "");
	self->links[self->n_links++] = link;
	return 0;
}

int cp_kernel_probe(
	struct cp_kernel *self, enum cp_probe probe, int fd, size_t offset, struct cp_error **err)
{
	switch (probe) {
	case CP_PROBE_GLIBC_DLOPEN:
		if (attach(self, self->programs->progs.glibc_dlopen_return, true, fd, offset, err) <
			0)
			return -1;
		return attach(self, self->programs->progs.glibc_dlopen, false, fd, offset, err);
	case CP_PROBE_GLIBC_EXCEPTION:
		return attach(self, self->programs->progs.glibc_exception, false, fd, offset, err);
	case CP_PROBE_MUSL_DLOPEN:
		if (attach(self, self->programs->progs.musl_dlopen_return, true, fd, offset, err) <
			0)
			return -1;
		return attach(self, self->programs->progs.musl_dlopen, false, fd, offset, err);
	case CP_PROBE_MUSL_DLERROR:
		return attach(
			self, self->programs->progs.musl_dlerror_return, true, fd, offset, err);
	}
	return cp_error_set(err, EINVAL, "no such probe");
}
