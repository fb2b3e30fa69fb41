/* SPDX-License-Identifier: MIT
 *
 * Stories of what a process wrote to its standard error: see story.h.
 *
 * A loader that cannot start a program writes why and ends it with 127: the words are kept until
 * the process ends so. Node's words about a module or an addon are told at once, unless the same
 * failure was already seen in dlopen itself. A parent that passes its child's output on (npm, a
 * supervisor) repeats them, which is no second failure.
 */
#include "story_parts.h"

#include <stdlib.h>
#include <string.h>

#include "js_text.h"
#include "memory.h"

static size_t hash_of(const char *text, size_t size)
{
	size_t hash = 5381;
	for (size_t i = 0; i < size; i++)
		hash = hash * 33 + (unsigned char)text[i];
	return hash;
}

/* Whether another process of this container said that just now; notes it where not. */
static bool is_echo(struct cp_story *story, const struct process *process, uint64_t time,
	struct cp_span message)
{
	struct echo mine = {.cgroup = process->cgroup,
		.time = time,
		.pid = process->pid,
		.hash = hash_of(message.at, message.size)};
	for (size_t i = 0; i < ECHOES; i++) {
		const struct echo *echo = &story->echoes[i];
		/* What waited for the end of its line may be the elder, though it is read later. */
		uint64_t apart = time > echo->time ? time - echo->time : echo->time - time;
		if (echo->hash == mine.hash && echo->cgroup == mine.cgroup &&
			echo->pid != mine.pid && apart < ECHO_TIME)
			return true;
	}
	story->echoes[story->next_echo++ % ECHOES] = mine;
	return false;
}

/* The first line decides: musl goes on with all that is missing beside. */
static void keep_last_words(struct process *process, const struct cp_loader_text *read)
{
	if (process->last_words)
		return;
	process->last_words = strndup(read->message.at, read->message.size);
	process->at_call = read->at_call;
}

/* What was concluded from look-ups is told in words now. */
static void drop_inferred(struct process *process, const char *object)
{
	size_t kept = 0;
	for (size_t i = 0; i < process->n_inferred; i++) {
		struct inferred *inferred = &process->inferred[i];
		if (object && inferred->event.object && strcmp(object, inferred->event.object) == 0)
			cp_event_clear(&inferred->event);
		else
			process->inferred[kept++] = *inferred;
	}
	process->n_inferred = kept;
}

static void tell_js(struct cp_story *story, struct process *process, uint64_t time,
	const struct cp_js_text *read)
{
	struct cp_loader_text loader;
	struct cp_event event = cp_story_event(story, process, time, read->kind);
	event.message = strndup(read->message.at, read->message.size);
	event.source = CP_SOURCE_STDERR;
	if (read->kind == CP_EVENT_DLOPEN_FAILED &&
		cp_loader_text_read(read->message.at, read->message.size, &loader))
		cp_story_explain(story, process, &loader, NULL, &event);
	/* What the file itself says against it counts more than the words. */
	if (!event.cause || event.cause == read->cause) {
		event.cause = read->cause;
		event.blames_template = read->blames_template;
	}
	if (!event.object && read->object.at)
		event.object = strndup(read->object.at, read->object.size);
	if (!event.needed_by && read->needed_by.at)
		event.needed_by = strndup(read->needed_by.at, read->needed_by.size);
	drop_inferred(process, event.object);
	if (is_echo(story, process, time, read->message) ||
		cp_story_told(process, event.message, event.object))
		cp_event_clear(&event);
	else
		cp_story_tell(story, process, &event);
}

static void read_js(struct cp_story *story, struct process *process, uint64_t time,
	const char *text, size_t size)
{
	size_t used = 0;
	struct cp_js_text read;
	while (size && cp_js_text_find(text, size, &read, &used) && used && used <= size) {
		tell_js(story, process, time, &read);
		text += used;
		size -= used;
	}
}

/* A loader's own words are no failure that Node passes on, though they read the same. */
static void read_text(struct cp_story *story, struct process *process, uint64_t time,
	const char *text, size_t size)
{
	struct cp_loader_text read;
	if (cp_loader_text_find(text, size, &read))
		keep_last_words(process, &read);
	else
		read_js(story, process, time, text, size);
}

/* Adds to the line that has no end yet. */
static void add_to_line(struct process *process, const char *text, size_t size)
{
	char *longer = realloc(process->line, process->line_size + size + 1);
	if (!longer)
		return;
	memcpy(longer + process->line_size, text, size);
	process->line = longer;
	process->line_size += size;
}

void cp_story_end_output(struct cp_story *story, struct process *process, uint64_t now)
{
	if (!process->line || (now != UINT64_MAX && now < process->line_time + CP_STORY_LINE_WAIT))
		return;
	cp_cleanup_free char *line = cp_take(process->line);
	size_t size = process->line_size;
	process->line_size = 0;
	read_text(story, process, process->line_time, line, size);
}

/* A write that ends with its line is read at once; others wait for the rest. */
void cp_story_output(struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	const char *text = cp_story_text(record);
	size_t size = record->size;
	if (size > MAX_LINE - process->line_size) /* what is there is long enough to be read */
		cp_story_end_output(story, process, UINT64_MAX);
	process->line_time = record->time;
	if (size && text[size - 1] == '\n' && !process->line) {
		read_text(story, process, record->time, text, size);
		return;
	}
	add_to_line(process, text, size);
	if ((size && text[size - 1] == '\n') || process->line_size == MAX_LINE)
		cp_story_end_output(story, process, UINT64_MAX);
}
