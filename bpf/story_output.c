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
		if (echo->hash == mine.hash && echo->cgroup == mine.cgroup &&
			echo->pid != mine.pid && time - echo->time < ECHO_TIME)
			return true;
	}
	story->echoes[story->next_echo++ % ECHOES] = mine;
	return false;
}

static void keep_last_words(struct process *process, const char *text, size_t size)
{
	struct cp_loader_text read;
	if (process->last_words || !cp_loader_text_find(text, size, &read))
		return;
	process->last_words = strndup(read.message.at, read.message.size);
	process->at_call = read.at_call;
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
	event.cause = event.cause ? event.cause : read->cause;
	event.blames_template = read->blames_template;
	if (!event.object && read->object.at)
		event.object = strndup(read->object.at, read->object.size);
	if (!event.needed_by && read->needed_by.at)
		event.needed_by = strndup(read->needed_by.at, read->needed_by.size);
	if (is_echo(story, process, time, read->message) ||
		cp_story_told(process, event.message, event.object))
		cp_event_clear(&event);
	else
		cp_story_tell(story, process, &event);
}

void cp_story_output(struct cp_story *story, struct process *process, const struct cp_raw *record)
{
	const char *text = ((const struct cp_raw_small *)record)->text;
	size_t size = record->size;
	size_t used = 0;
	struct cp_js_text read;
	keep_last_words(process, text, size);
	while (size && cp_js_text_find(text, size, &read, &used) && used && used <= size) {
		tell_js(story, process, record->time, &read);
		text += used;
		size -= used;
	}
}
