/* SPDX-License-Identifier: MIT
 *
 * Any sequence of raw records: every event that is told makes sense by itself, and memory stays in
 * proportion to what was sent. The root is always the same small one.
 */
#include <sanitizer/allocator_interface.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "story_bytes.h"
#include "support/story_stage.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

#define MAX_PROCESSES 4
#define MAX_MEMORY ((size_t)32 << 20) /* of an input of 64 KiB */
#define MAX_ADDONS 256

static struct stage stage;

static void close_stage(void)
{
	stage_close(&stage);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc, (void)argv;
	stage_open(&stage);
	atexit(close_stage);
	STAGE_OBJECT(&stage, "/a.node", .needed = {"libx.so"}, .symbols = {{.name = "f"}},
		.relocs = {{.symbol = "f", .type = R_X86_64_GLOB_DAT}});
	STAGE_OBJECT(&stage, "/b.node", .machine = EM_AARCH64);
	STAGE_OBJECT(&stage, "/p", .interpreter = "/ld", .needed = {"libx.so"});
	stage_text(&stage, "/s", "#!/p\n");
	stage_text(&stage, "/t", "text\n");
	stage.mapped = "/a.node";
	return 0;
}

/* --- events --------------------------------------------------------------------------------- */

static void must(bool good)
{
	if (!good)
		abort();
}

static void check_event(const struct cp_event *event)
{
	must(event->kind < CP_EVENT_KINDS && event->kind != CP_EVENT_LOST);
	must(event->cause < CP_BECAUSE_COUNT);
	must(event->source <= CP_SOURCE_INFERRED && event->libc <= CP_EVENT_LIBC_MUSL);
	must(event->blames_template <= CP_YES);
	must(event->pid > 0 && event->pid <= MAX_PROCESSES && event->time);
	must(memchr(event->comm, 0, sizeof(event->comm)) != NULL);
	must(!event->container.id && !event->count);
	must(event->n_addons <= MAX_ADDONS);
	must(event->kind == CP_EVENT_CRASHED || !event->n_addons);
	must(event->source != CP_SOURCE_STDERR || event->message);
	must(event->kind != CP_EVENT_ADDON_LOADED || (event->object && !event->message));
	must(event->kind != CP_EVENT_EXEC_FAILED || event->message);
	must(event->kind != CP_EVENT_START_FAILED || (event->message && event->status));
	must(event->kind != CP_EVENT_DLOPEN_FAILED || event->object || event->message);
	must(event->kind != CP_EVENT_CRASHED || event->signal || event->status);
}

static void check_events(void)
{
	for (size_t i = 0; i < stage.n_events; i++) {
		check_event(&stage.events[i]);
		cp_event_clear(&stage.events[i]);
	}
	stage.n_events = 0;
	must(cp_story_processes(stage.story) <= MAX_PROCESSES);
}

/* --- records -------------------------------------------------------------------------------- */

static void send_exception(int error, const uint8_t *text, size_t size)
{
	char object[CP_RAW_TEXT], more[CP_RAW_TEXT];
	const uint8_t *end = memchr(text, 0, size);
	size_t first = end ? (size_t)(end - text) : size;
	snprintf(object, sizeof(object), "%.*s", (int)first, (const char *)text);
	snprintf(more, sizeof(more), "%.*s", (int)(size - first - (end != NULL)),
		end ? (const char *)end + 1 : "");
	stage_exception(&stage, error, object, more);
}

static void send(const uint8_t *head, const uint8_t *text, size_t size)
{
	unsigned type = head[0] % (CP_RAW_TYPES + 1);
	long long value = (int8_t)head[3];
	stage.pid = 1 + (head[1] & 3);
	stage.tid = stage.pid * 16 + (head[1] >> 2 & 3);
	stage.cgroup = 1 + (head[1] >> 4 & 1);
	stage.flags = head[2];
	if (type == STORY_TICK)
		stage_wait(&stage, head[3] * 100 * STAGE_MILLISECOND);
	else if (type == CP_RAW_EXCEPTION)
		send_exception((int)value, text, size);
	else if (type == CP_RAW_EXIT)
		stage_exit(&stage, (int)(value < 0 ? -value << 8 : value));
	else if (type == CP_RAW_EXEC)
		stage_record(&stage, type, stage.tid, text, size);
	else
		stage_record(&stage, type, value, text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t before = __sanitizer_get_current_allocated_bytes();
	while (size >= STORY_HEAD) {
		const uint8_t *head = data;
		size_t length = (size_t)head[4] | (size_t)head[5] << 8;
		data += STORY_HEAD;
		size -= STORY_HEAD;
		length = length < size ? length : size;
		length = length < CP_RAW_TEXT ? length : CP_RAW_TEXT - 1;
		send(head, data, length);
		check_events();
		data += length;
		size -= length;
	}
	must(__sanitizer_get_current_allocated_bytes() < before + MAX_MEMORY);
	stage_wait(&stage, UINT64_MAX);
	check_events();
	stage_again(&stage);
	return 0;
}
