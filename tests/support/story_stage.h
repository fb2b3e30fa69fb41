/* SPDX-License-Identifier: MIT
 *
 * A stage on which a story is told: raw records as the kernel would send them, a root that is a
 * directory, and what the story made of it as text.
 *
 *     struct stage stage;
 *     stage_open(&stage);
 *     STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so"});
 *     stage_dlopen(&stage, "/app/x.node");
 *     stage_exception(&stage, ENOENT, "libabsent.so", "cannot open shared object file");
 *     stage_return(&stage, 0);
 *     assert_told(&stage, "dlopen_failed missing_library libabsent.so /app/x.node true loader "
 *                         "'libabsent.so: cannot open …'\n");
 *     stage_close(&stage);
 *
 * Records are allocated in the size that the kernel's have, and what is behind a text is no zero,
 * so that AddressSanitizer sees who reads beyond. Whatever fails here ends the program.
 */
#ifndef STORY_STAGE_H
#define STORY_STAGE_H

#include "elf_builder.h"
#include "story.h"

#define STAGE_EVENTS 4096
#define STAGE_MILLISECOND 1000000ULL

struct stage {
	struct cp_story *story;
	char root[64];
	int root_fd; /* -1: the story is told that there is none */
	/* Of the records to come; may be changed at any time. */
	unsigned pid, tid, flags;
	uint64_t cgroup, now;
	const char *comm;
	/* What the listener answers. */
	const char *exe, *mapped; /* NULL: unknown, nothing */
	struct cp_event events[STAGE_EVENTS];
	uint64_t cgroups[STAGE_EVENTS];
	size_t n_events; /* since the last stage_told */
};

/* pid and tid 100, cgroup 7, comm "node", and an empty root. */
void stage_open(struct stage *stage);
void stage_close(struct stage *stage);
/* The same for a test's set-up and tear-down, whose state is the stage. */
int stage_set_up(void **stage);
int stage_tear_down(void **stage);
#define STAGE_TEST_FROM(name, set_up)                                                              \
	cmocka_unit_test_prestate_setup_teardown(name, set_up, stage_tear_down, &stage)
#define STAGE_TEST(name) STAGE_TEST_FROM(name, stage_set_up)
/* A new story on the same root; what was told of the last one is gone. */
void stage_again(struct stage *stage);

/* --- the root: directories are made as needed --- */
void stage_object(struct stage *stage, const char *path, const struct elf_spec *spec);
#define STAGE_OBJECT(stage, path, ...) stage_object(stage, path, &(struct elf_spec){__VA_ARGS__})
void stage_file(struct stage *stage, const char *path, const void *bytes, size_t size);
void stage_text(struct stage *stage, const char *path, const char *text);
void stage_link(struct stage *stage, const char *path, const char *target);
void stage_mode(struct stage *stage, const char *path, unsigned mode);
/* The path in this machine's root: valid until the next call. */
const char *stage_path(const struct stage *stage, const char *path);

/* --- records, a microsecond apart --- */
void stage_exec(struct stage *stage, const char *path); /* the thread is value */
void stage_exec_failed(struct stage *stage, const char *path, int error);
void stage_dlopen(struct stage *stage, const char *name);
void stage_exception(struct stage *stage, int error, const char *object, const char *text);
void stage_look(struct stage *stage, const char *path, int result); /* CP_RAW_OPEN */
void stage_return(struct stage *stage, int handle);
void stage_dlerror(struct stage *stage, const char *text);
void stage_write(struct stage *stage, const char *text); /* to standard error */
void stage_exit(struct stage *stage, int status);        /* as wait(2) has it */
/* Any record with a text of any bytes; at most CP_RAW_TEXT of them. */
void stage_record(
	struct stage *stage, unsigned type, long long value, const void *text, size_t size);

/* Lets time pass and ticks. UINT64_MAX: the trace is over. */
void stage_wait(struct stage *stage, uint64_t nanoseconds);

/* What was told since the last call, a line each, owned by the caller:
 *   KIND CAUSE OBJECT NEEDED_BY BLAMES_TEMPLATE SOURCE 'MESSAGE'[ optional][ signal=N][ status=N]
 *   [ addons=A,B]
 * with "-" for what is not known. The events are gone then. */
char *stage_told(struct stage *stage);

/* Needs cmocka. */
#define assert_told(stage, text)                                                                   \
	do {                                                                                       \
		char *told_ = stage_told(stage);                                                   \
		assert_string_equal(told_, text);                                                  \
		free(told_);                                                                       \
	} while (0)

#endif
