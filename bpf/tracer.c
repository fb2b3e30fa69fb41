/* SPDX-License-Identifier: MIT */
#include "tracer.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sched.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "containers.h"
#include "kernel.h"
#include "libc_probes.h"
#include "memory.h"
#include "monotonic.h"
#include "roots.h"
#include "story.h"

#define TICK 100000000ULL /* nanoseconds between looks at what waits */
#define SLOW_TICK 1000000000ULL
#define ENGINES_WAIT 3000 /* milliseconds for the engines' first answers */
#define ROOT_WAIT 50      /* milliseconds, after which the thread looks whether it should end */

/* An event that waits for the labels of its container. */
struct waiting {
	struct cp_event event;
	uint64_t cgroup;
};

struct cp_tracer {
	struct cp_tracer_options options;
	pthread_t root_thread; /* see take_roots */
	bool has_root_thread;
	atomic_bool ending;
	struct cp_kernel *kernel;
	struct cp_containers *containers;
	struct cp_libc_probes *probes;
	struct cp_roots *roots;
	struct cp_story *story;
	struct waiting *waiting;
	size_t n_waiting, waiting_size;
	uint64_t *unsettled; /* control groups that may turn out to be another project's */
	size_t n_unsettled, unsettled_size;
	uint64_t starts, late_starts;
	uint64_t lost_told[CP_RAW_TYPES];
	uint64_t ticked, slowly_ticked;
	unsigned own_ns;
};

/* --- roots --------------------------------------------------------------------------------- */

static void take_root(void *context, const struct cp_raw *record)
{
	struct cp_tracer *self = context;
	cp_roots_take(self->roots, record->mount_ns, (pid_t)record->pid, record->value != 0);
}

/* A thread of its own: setting probes takes long, and a container that fails at once is gone by
 * then. It does little: a few calls per container. */
static void *take_roots(void *context)
{
	struct cp_tracer *self = context;
	/* Before all that is no real-time task: containers have shares of the processor of their
	 * own, which no nice value weighs against. Where it is refused, it is as it is. */
	pthread_setschedparam(pthread_self(), SCHED_RR, &(struct sched_param){.sched_priority = 1});
	while (!atomic_load(&self->ending))
		if (cp_kernel_wait_roots(self->kernel, ROOT_WAIT, take_root, self) < 0)
			break;
	return NULL;
}

/* --- libcs --------------------------------------------------------------------------------- */

static void probe_layers(struct cp_tracer *self)
{
	char **directories = NULL;
	size_t count = cp_containers_take_layers(self->containers, &directories);
	for (size_t i = 0; i < count; i++) {
		cp_cleanup_close int fd = open(directories[i], O_PATH | O_DIRECTORY | O_CLOEXEC);
		if (fd >= 0)
			cp_libc_probes_add_tree(self->probes, fd);
		free(directories[i]);
	}
	free(directories);
}

/* Takes the root of a namespace and sets the probes that its libc lacks. */
static void learn_root(struct cp_tracer *self, unsigned mount_ns, pid_t pid)
{
	int root = cp_roots_take(self->roots, mount_ns, pid, false);
	if (root >= 0)
		cp_roots_set_probed(
			self->roots, mount_ns, cp_libc_probes_add_tree(self->probes, root));
}

/* Whether a dlopen at that time in this namespace was seen as one. */
static bool had_probes(void *context, unsigned mount_ns, uint64_t time)
{
	const struct cp_tracer *self = context;
	uint64_t since = cp_roots_probed(self->roots, mount_ns);
	return since && since < time;
}

/* What runs in other mount namespaces already (and, where all is watched, in this one). */
static void learn_running(struct cp_tracer *self)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;
	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)atoi(entry->d_name); /* 0: no process */
		unsigned mount_ns = pid > 0 ? cp_mount_ns_of(pid) : 0;
		if (!mount_ns)
			continue;
		if ((mount_ns != self->own_ns || self->options.all) &&
			cp_roots_find(self->roots, mount_ns) < 0)
			learn_root(self, mount_ns, pid);
	}
	if (proc)
		closedir(proc);
}

/* --- records ------------------------------------------------------------------------------- */

/* "/docker/0123…" from the names of the levels, leaf first. */
static void join_names(
	char names[CP_RAW_CGROUP_LEVELS][CP_RAW_CGROUP_NAME], char *path, size_t size)
{
	size_t used = 0;
	path[0] = 0;
	for (size_t level = CP_RAW_CGROUP_LEVELS; level-- > 0;) {
		names[level][CP_RAW_CGROUP_NAME - 1] = 0;
		if (names[level][0] && used < size)
			used += (size_t)snprintf(path + used, size - used, "/%s", names[level]);
	}
}

static void see_cgroup(struct cp_tracer *self, const struct cp_raw *record)
{
	struct cp_raw_cgroup names = *(const struct cp_raw_cgroup *)record;
	char unified[CP_RAW_CGROUP_LEVELS * (CP_RAW_CGROUP_NAME + 1) + 1];
	char v1[sizeof(unified)];
	struct cp_cgroup_name name;
	join_names(names.names[0], unified, sizeof(unified));
	join_names(names.names[1], v1, sizeof(v1));
	bool use_v1 = !cp_cgroup_path_read(unified, &name) && cp_cgroup_path_read(v1, &name);
	cp_containers_see(self->containers, record->cgroup, use_v1 ? v1 : unified);
	if (self->options.project && cp_grow(&self->unsettled, &self->unsettled_size,
					     self->n_unsettled + 1, sizeof(uint64_t)) == 0)
		self->unsettled[self->n_unsettled++] = record->cgroup;
}

/* A root without any libc that is known is no start that was too early for its probes. */
static bool is_late(struct cp_tracer *self, const struct cp_raw *record)
{
	return cp_roots_probed(self->roots, record->mount_ns) &&
	       !had_probes(self, record->mount_ns, record->time);
}

/* The first program of a namespace is a container's start. */
static void see_exec(struct cp_tracer *self, const struct cp_raw *record)
{
	bool known = cp_roots_find(self->roots, record->mount_ns) >= 0;
	if (record->mount_ns == self->own_ns)
		return;
	if (!known)
		learn_root(self, record->mount_ns, (pid_t)record->pid);
	if (cp_roots_is_new(self->roots, record->mount_ns)) {
		self->starts++;
		self->late_starts += is_late(self, record);
	}
}

static void on_record(void *context, const struct cp_raw *record)
{
	struct cp_tracer *self = context;
	if (record->type == CP_RAW_CGROUP)
		see_cgroup(self, record);
	else if (record->type == CP_RAW_ROOT)
		learn_root(self, record->mount_ns, (pid_t)record->pid);
	else if (record->type == CP_RAW_EXEC)
		see_exec(self, record);
	cp_story_record(self->story, record);
}

/* --- what the stories ask for -------------------------------------------------------------- */

static int root_for(void *context, unsigned mount_ns)
{
	struct cp_tracer *self = context;
	return cp_roots_find(self->roots, mount_ns);
}

static char *exe_of(void *context, pid_t pid)
{
	char link[64], path[4096];
	(void)context;
	snprintf(link, sizeof(link), "/proc/%d/exe", (int)pid);
	ssize_t size = readlink(link, path, sizeof(path) - 1);
	return size > 0 ? strndup(path, (size_t)size) : NULL;
}

static bool is_mapped(void *context, pid_t pid, const char *path)
{
	char maps[64];
	char *line = NULL;
	size_t size = 0;
	bool found = false;
	(void)context;
	snprintf(maps, sizeof(maps), "/proc/%d/maps", (int)pid);
	cp_cleanup_fclose FILE *file = fopen(maps, "re");
	while (file && !found && getline(&line, &size, file) > 0) {
		line[strcspn(line, "\n")] = 0;
		const char *name = strchr(line, '/');
		found = name && strcmp(name, path) == 0;
	}
	free(line);
	return found;
}

/* --- events -------------------------------------------------------------------------------- */

static bool is_wanted(const struct cp_tracer *self, const struct cp_event *event)
{
	const char *project = self->options.project;
	return !project ||
	       (event->container.project && strcmp(event->container.project, project) == 0);
}

/* Tells it where its container is known; false where the labels may still come. */
static bool tell_now(struct cp_tracer *self, struct waiting *waiting, uint64_t at)
{
	cp_container_clear(&waiting->event.container);
	if (cp_containers_find(self->containers, waiting->cgroup, at, &waiting->event.container) ==
		CP_PENDING)
		return false;
	if (is_wanted(self, &waiting->event))
		self->options.tell(self->options.context, &waiting->event);
	cp_event_clear(&waiting->event);
	return true;
}

static void on_event(void *context, struct cp_event *event, uint64_t cgroup)
{
	struct cp_tracer *self = context;
	struct waiting waiting = {.event = *event, .cgroup = cgroup};
	*event = (struct cp_event){0};
	if (tell_now(self, &waiting, self->n_waiting ? 0 : cp_monotonic()))
		return;
	if (cp_grow(&self->waiting, &self->waiting_size, self->n_waiting + 1, sizeof(waiting)) <
		0) {
		tell_now(self, &waiting, UINT64_MAX); /* without its labels */
		return;
	}
	self->waiting[self->n_waiting++] = waiting;
}

static void tell_waiting(struct cp_tracer *self, uint64_t at)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->n_waiting; i++)
		if (!tell_now(self, &self->waiting[i], at))
			self->waiting[kept++] = self->waiting[i];
	self->n_waiting = kept;
}

/* What other projects do need not leave the kernel. */
static void settle_cgroups(struct cp_tracer *self)
{
	size_t kept = 0;
	for (size_t i = 0; i < self->n_unsettled; i++) {
		struct cp_container container = {0};
		enum cp_attribution found = cp_containers_find(
			self->containers, self->unsettled[i], cp_monotonic(), &container);
		if (found == CP_PENDING)
			self->unsettled[kept++] = self->unsettled[i];
		else if (!container.project ||
			 strcmp(container.project, self->options.project) != 0)
			cp_kernel_ignore(self->kernel, self->unsettled[i]);
		cp_container_clear(&container);
	}
	self->n_unsettled = kept;
}

static const char *const record_names[CP_RAW_TYPES] = {
	[CP_RAW_CGROUP] = "control groups",
	[CP_RAW_ROOT] = "changed roots",
	[CP_RAW_EXEC] = "program starts",
	[CP_RAW_EXEC_FAILED] = "failed execs",
	[CP_RAW_EXIT] = "process ends",
	[CP_RAW_DLOPEN] = "dlopen calls",
	[CP_RAW_EXCEPTION] = "loader errors",
	[CP_RAW_OPEN] = "library look-ups",
	[CP_RAW_DLOPEN_RETURN] = "dlopen returns",
	[CP_RAW_DLERROR] = "dlerror texts",
	[CP_RAW_STDERR] = "writes to standard error",
};

static void tell_losses(struct cp_tracer *self)
{
	for (unsigned type = 0; type < CP_RAW_TYPES; type++) {
		uint64_t lost = cp_kernel_lost(self->kernel, type);
		struct cp_event event = {.kind = CP_EVENT_LOST,
			.time = cp_clock_read(CLOCK_REALTIME),
			.count = lost - self->lost_told[type]};
		if (!event.count)
			continue;
		self->lost_told[type] = lost;
		event.message = strdup(record_names[type]);
		self->options.tell(self->options.context, &event);
		cp_event_clear(&event);
	}
}

/* --- turns --------------------------------------------------------------------------------- */

static void tick(struct cp_tracer *self)
{
	uint64_t at = cp_monotonic();
	if (at - self->ticked < TICK)
		return;
	self->ticked = at;
	cp_story_tick(self->story, at);
	tell_waiting(self, at);
	if (self->options.project)
		settle_cgroups(self);
	if (at - self->slowly_ticked < SLOW_TICK)
		return;
	self->slowly_ticked = at;
	cp_roots_tick(self->roots, at);
	tell_losses(self);
}

int cp_tracer_turn(struct cp_tracer *self, int timeout, struct cp_error **err)
{
	struct pollfd wait[] = {{.fd = cp_kernel_fd(self->kernel), .events = POLLIN},
		{.fd = cp_containers_fd(self->containers), .events = POLLIN}};
	if (timeout > CP_KERNEL_DRAIN)
		timeout = CP_KERNEL_DRAIN;
	if (poll(wait, 2, timeout) < 0 && errno != EINTR)
		return cp_error_set(err, errno, "poll: %s", strerror(errno));
	if (wait[1].revents) {
		probe_layers(self);
		tell_waiting(self, cp_monotonic());
	}
	if (cp_kernel_drain(self->kernel, on_record, self, err) < 0)
		return -1;
	tick(self);
	return 0;
}

int cp_tracer_finish(struct cp_tracer *self, struct cp_error **err)
{
	uint64_t limit = cp_monotonic() + CP_LABELS_WAIT * 1000000ULL;
	int more;
	do {
		more = cp_kernel_drain(self->kernel, on_record, self, err);
	} while (more > 0 && cp_monotonic() < limit);
	if (more < 0)
		return -1;
	cp_story_tick(self->story, UINT64_MAX);
	while (self->n_waiting && cp_monotonic() < limit) {
		struct pollfd wait = {.fd = cp_containers_fd(self->containers), .events = POLLIN};
		poll(&wait, 1, CP_KERNEL_DRAIN);
		probe_layers(self);
		tell_waiting(self, cp_monotonic());
	}
	tell_waiting(self, UINT64_MAX);
	tell_losses(self);
	return 0;
}

void cp_tracer_report(struct cp_tracer *self, struct cp_tracer_report *report)
{
	*report = (struct cp_tracer_report){.libcs = cp_libc_probes_count(self->probes),
		.libcs_failed = cp_libc_probes_failed(self->probes, &report->libcs_why),
		.starts = self->starts,
		.late_starts = self->late_starts,
		.running = cp_story_processes(self->story),
		.engines = cp_containers_engines(self->containers, NULL, NULL)};
	cp_libc_probes_failed(self->probes, &report->libcs_why);
	for (unsigned type = 0; type < CP_RAW_TYPES; type++)
		report->lost[type] = cp_kernel_lost(self->kernel, type);
}

/* --- open and close ------------------------------------------------------------------------ */

static int open_parts(struct cp_tracer *self, struct cp_error **err)
{
	struct cp_story_listener listener = {.context = self,
		.tell = on_event,
		.root = root_for,
		.exe = exe_of,
		.is_mapped = is_mapped,
		.had_probes = had_probes};
	struct cp_kernel_options kernel = {
		.all = self->options.all, .ring_size = self->options.ring_size};
	struct cp_containers_options containers = {0};
	self->own_ns = cp_mount_ns_of(getpid());
	self->kernel = cp_kernel_open(&kernel, err);
	if (!self->kernel)
		return -1;
	self->probes = cp_libc_probes_new(self->kernel);
	self->roots = cp_roots_new();
	self->story = cp_story_new(&listener, cp_clock_read(CLOCK_REALTIME) - cp_monotonic());
	if (!self->probes || !self->roots || !self->story)
		return cp_error_set(err, ENOMEM, "out of memory");
	self->containers = cp_containers_open(&containers, err);
	return self->containers ? 0 : -1;
}

struct cp_tracer *cp_tracer_open(const struct cp_tracer_options *options, struct cp_error **err)
{
	struct cp_tracer *self = calloc(1, sizeof(*self));
	if (!self) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	self->options = *options;
	if (open_parts(self, err) < 0) {
		cp_tracer_close(self);
		return NULL;
	}
	self->has_root_thread = pthread_create(&self->root_thread, NULL, take_roots, self) == 0;
	learn_running(self);
	cp_containers_wait(self->containers, ENGINES_WAIT);
	probe_layers(self);
	return self;
}

void cp_tracer_close(struct cp_tracer *self)
{
	if (!self)
		return;
	atomic_store(&self->ending, true);
	if (self->has_root_thread)
		pthread_join(self->root_thread, NULL);
	cp_story_free(self->story);
	for (size_t i = 0; i < self->n_waiting; i++)
		cp_event_clear(&self->waiting[i].event);
	free(self->waiting);
	free(self->unsettled);
	cp_libc_probes_free(self->probes);
	cp_containers_close(self->containers);
	cp_kernel_close(self->kernel);
	cp_roots_free(self->roots);
	free(self);
}
