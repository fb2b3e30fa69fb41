/* SPDX-License-Identifier: MIT */
#include "story_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MOUNT_NS 4026531999u
#define GARBAGE 0xa5 /* behind a text */

static void must(bool good, const char *what)
{
	if (good)
		return;
	perror(what);
	abort();
}

/* --- what the story asks for ------------------------------------------------------------- */

static void on_event(void *context, struct cp_event *event, uint64_t cgroup)
{
	struct stage *stage = context;
	must(stage->n_events < STAGE_EVENTS, "too many events");
	stage->cgroups[stage->n_events] = cgroup;
	stage->events[stage->n_events++] = *event;
	*event = (struct cp_event){0};
}

static int root_for(void *context, unsigned mount_ns)
{
	const struct stage *stage = context;
	return mount_ns == MOUNT_NS ? stage->root_fd : -1;
}

static char *exe_of(void *context, pid_t pid)
{
	const struct stage *stage = context;
	(void)pid;
	return stage->exe ? strdup(stage->exe) : NULL;
}

static bool is_mapped(void *context, pid_t pid, const char *path)
{
	const struct stage *stage = context;
	(void)pid;
	return stage->mapped && strcmp(stage->mapped, path) == 0;
}

void stage_again(struct stage *stage)
{
	struct cp_story_listener listener = {.context = stage,
		.tell = on_event,
		.root = root_for,
		.exe = exe_of,
		.is_mapped = is_mapped};
	cp_story_free(stage->story);
	free(stage_told(stage));
	stage->story = cp_story_new(&listener, 1000000000000000000ULL);
	must(stage->story != NULL, "cp_story_new");
}

void stage_open(struct stage *stage)
{
	*stage = (struct stage){.root = "/tmp/test-story-XXXXXX",
		.pid = 100,
		.tid = 100,
		.cgroup = 7,
		.comm = "node",
		.now = 5000000000ULL};
	must(mkdtemp(stage->root) != NULL, "mkdtemp");
	stage->root_fd = open(stage->root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	must(stage->root_fd >= 0, stage->root);
	stage_again(stage);
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *walk)
{
	(void)status, (void)kind, (void)walk;
	return remove(path);
}

void stage_close(struct stage *stage)
{
	cp_story_free(stage->story);
	free(stage_told(stage));
	if (stage->root_fd >= 0)
		close(stage->root_fd);
	nftw(stage->root, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

int stage_set_up(void **stage)
{
	stage_open(*stage);
	return 0;
}

int stage_tear_down(void **stage)
{
	stage_close(*stage);
	return 0;
}

/* --- the root ---------------------------------------------------------------------------- */

const char *stage_path(const struct stage *stage, const char *path)
{
	static char full[8192];
	snprintf(full, sizeof(full), "%s%s", stage->root, path);
	return full;
}

static void make_directories(const struct stage *stage, const char *path)
{
	char part[8192];
	for (const char *at = strchr(path + 1, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%s%.*s", stage->root, (int)(at - path), path);
		must(mkdir(part, 0755) == 0 || errno == EEXIST, part);
	}
}

void stage_file(struct stage *stage, const char *path, const void *bytes, size_t size)
{
	make_directories(stage, path);
	const char *full = stage_path(stage, path);
	int fd = open(full, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0755);
	must(fd >= 0 && write(fd, bytes, size) == (ssize_t)size && close(fd) == 0, full);
}

void stage_text(struct stage *stage, const char *path, const char *text)
{
	stage_file(stage, path, text, strlen(text));
}

void stage_object(struct stage *stage, const char *path, const struct elf_spec *spec)
{
	struct elf_image image = elf_build(spec);
	stage_file(stage, path, image.bytes, image.size);
	elf_image_free(&image);
}

void stage_link(struct stage *stage, const char *path, const char *target)
{
	make_directories(stage, path);
	must(symlink(target, stage_path(stage, path)) == 0, path);
}

void stage_mode(struct stage *stage, const char *path, unsigned mode)
{
	must(chmod(stage_path(stage, path), mode) == 0, path);
}

/* --- records ----------------------------------------------------------------------------- */

static struct cp_raw head_of(struct stage *stage, unsigned type, long long value, size_t size)
{
	struct cp_raw head = {.type = type,
		.flags = stage->flags,
		.pid = stage->pid,
		.tid = stage->tid,
		.mount_ns = MOUNT_NS,
		.size = (unsigned)size,
		.time = stage->now += 1000,
		.cgroup = stage->cgroup,
		.value = value};
	snprintf(head.comm, sizeof(head.comm), "%s", stage->comm);
	return head;
}

static void *new_record(size_t size)
{
	void *record = malloc(size);
	must(record != NULL, "malloc");
	return memset(record, GARBAGE, size);
}

void stage_record(
	struct stage *stage, unsigned type, long long value, const void *text, size_t size)
{
	bool is_small = type != CP_RAW_STDERR && size < CP_RAW_SMALL;
	size_t room = !text      ? sizeof(struct cp_raw)
		      : is_small ? sizeof(struct cp_raw_small)
				 : sizeof(struct cp_raw_text);
	struct cp_raw *record = new_record(room);
	must(size <= CP_RAW_TEXT, "a text that long");
	*record = head_of(stage, type, value, size);
	if (size)
		memcpy(((struct cp_raw_text *)record)->text, text, size);
	cp_story_record(stage->story, record);
	free(record);
}

static void record_string(struct stage *stage, unsigned type, long long value, const char *text)
{
	stage_record(stage, type, value, text, strlen(text));
}

void stage_exec(struct stage *stage, const char *path)
{
	record_string(stage, CP_RAW_EXEC, stage->tid, path);
}

void stage_exec_failed(struct stage *stage, const char *path, int error)
{
	record_string(stage, CP_RAW_EXEC_FAILED, -error, path);
}

void stage_dlopen(struct stage *stage, const char *name)
{
	record_string(stage, CP_RAW_DLOPEN, 0, name);
}

void stage_exception(struct stage *stage, int error, const char *object, const char *text)
{
	struct cp_raw_long *record = new_record(sizeof(*record));
	record->head = head_of(stage, CP_RAW_EXCEPTION, error, strlen(object));
	strcpy(record->text, object);
	strcpy(record->more, text);
	cp_story_record(stage->story, &record->head);
	free(record);
}

void stage_look(struct stage *stage, const char *path, int result)
{
	record_string(stage, CP_RAW_OPEN, result, path);
}

void stage_return(struct stage *stage, int handle)
{
	stage_record(stage, CP_RAW_DLOPEN_RETURN, handle, NULL, 0);
}

void stage_dlerror(struct stage *stage, const char *text)
{
	record_string(stage, CP_RAW_DLERROR, 0, text);
}

void stage_write(struct stage *stage, const char *text)
{
	record_string(stage, CP_RAW_STDERR, 0, text);
}

void stage_exit(struct stage *stage, int status)
{
	stage_record(stage, CP_RAW_EXIT, status, NULL, 0);
}

void stage_wait(struct stage *stage, uint64_t nanoseconds)
{
	if (nanoseconds == UINT64_MAX) {
		cp_story_tick(stage->story, UINT64_MAX);
		return;
	}
	stage->now += nanoseconds;
	cp_story_tick(stage->story, stage->now);
}

/* --- what was told ------------------------------------------------------------------------ */

static const char *or_dash(const char *text)
{
	return text ? text : "-";
}

static void print_event(FILE *file, const struct cp_event *event)
{
	static const char *const answers[] = {
		[CP_UNKNOWN] = "-", [CP_NO] = "false", [CP_YES] = "true"};
	fprintf(file, "%s %s %s %s %s %s ", cp_event_kind_name(event->kind),
		or_dash(cp_event_cause_name(event->cause)), or_dash(event->object),
		or_dash(event->needed_by), answers[event->blames_template],
		or_dash(cp_event_source_name(event->source)));
	if (event->message)
		fprintf(file, "'%s'", event->message);
	else
		fputc('-', file);
	if (event->optional)
		fprintf(file, " optional");
	if (event->signal)
		fprintf(file, " signal=%d", event->signal);
	if (event->status)
		fprintf(file, " status=%d", event->status);
	for (size_t i = 0; i < event->n_addons; i++)
		fprintf(file, "%s%s", i ? "," : " addons=", event->addons[i]);
	fputc('\n', file);
}

char *stage_told(struct stage *stage)
{
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	must(file != NULL, "open_memstream");
	for (size_t i = 0; i < stage->n_events; i++) {
		print_event(file, &stage->events[i]);
		cp_event_clear(&stage->events[i]);
	}
	stage->n_events = 0;
	must(fclose(file) == 0 && text, "open_memstream");
	return text;
}
