/* SPDX-License-Identifier: MIT */
#include "trace_json.h"

#include <string.h>
#include <time.h>

#include "memory.h"
#include "output_json.h"

void cp_trace_time(char buffer[CP_TRACE_TIME_SIZE], uint64_t time)
{
	time_t seconds = (time_t)(time / 1000000000);
	struct tm utc;
	if (!gmtime_r(&seconds, &utc))
		utc = (struct tm){.tm_year = 70, .tm_mday = 1};
	size_t length = strftime(buffer, CP_TRACE_TIME_SIZE, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buffer + length, CP_TRACE_TIME_SIZE - length, ".%09uZ",
		(unsigned)(time % 1000000000));
}

/* Zero stands for "it was not that". */
static json_t *number_or_null(int value)
{
	return value ? json_integer(value) : json_null();
}

static json_t *answer_value(enum cp_answer answer)
{
	return answer == CP_UNKNOWN ? json_null() : json_boolean(answer == CP_YES);
}

static json_t *process_value(const struct cp_event *event)
{
	char comm[sizeof(event->comm) + 1];
	if (!event->pid)
		return json_null();
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(event->comm), event->comm);
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "pid", json_integer(event->pid)) ||
		cp_json_put(value, "comm", cp_json_text(*comm ? comm : NULL)) ||
		cp_json_put(value, "exe", cp_json_text(event->exe)))
		return NULL;
	return cp_take(value);
}

static json_t *container_value(const struct cp_container *container)
{
	if (!container->id && !container->name)
		return json_null();
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "id", cp_json_text(container->id)) ||
		cp_json_put(value, "name", cp_json_text(container->name)) ||
		cp_json_put(value, "image", cp_json_text(container->image)) ||
		cp_json_put(value, "runtime", cp_json_text(container->runtime)))
		return NULL;
	return cp_take(value);
}

static json_t *addons_value(const struct cp_event *event)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < event->n_addons; i++)
		if (cp_json_append(value, cp_json_text(event->addons[i])))
			return NULL;
	return cp_take(value);
}

/* What happened: the first half of the fields. */
static int put_matter(json_t *value, const struct cp_event *event)
{
	char time[CP_TRACE_TIME_SIZE];
	cp_trace_time(time, event->time);
	return cp_json_put(value, "schema", json_string("compatprobe.event/1")) ||
			       cp_json_put(value, "time", json_string(time)) ||
			       cp_json_put(value, "kind",
				       cp_json_text(cp_event_kind_name(event->kind))) ||
			       cp_json_put(value, "cause",
				       cp_json_text(cp_event_cause_name(event->cause))) ||
			       cp_json_put(value, "object", cp_json_text(event->object)) ||
			       cp_json_put(value, "needed_by", cp_json_text(event->needed_by)) ||
			       cp_json_put(value, "message", cp_json_text(event->message)) ||
			       cp_json_put(value, "source",
				       cp_json_text(cp_event_source_name(event->source))) ||
			       cp_json_put(value, "libc",
				       cp_json_text(cp_event_libc_name(event->libc))) ||
			       cp_json_put(value, "blames_template",
				       answer_value(event->blames_template)) ||
			       cp_json_put(value, "optional", json_boolean(event->optional))
		       ? -1
		       : 0;
}

/* Whose it is, and how it ended. */
static int put_owner(json_t *value, const struct cp_event *event)
{
	const struct cp_container *container = &event->container;
	bool lost = event->kind == CP_EVENT_LOST;
	json_int_t count = event->count > INT64_MAX ? INT64_MAX : (json_int_t)event->count;
	return cp_json_put(value, "process", process_value(event)) ||
			       cp_json_put(value, "container", container_value(container)) ||
			       cp_json_put(value, "project", cp_json_text(container->project)) ||
			       cp_json_put(value, "service", cp_json_text(container->service)) ||
			       cp_json_put(value, "addons", addons_value(event)) ||
			       cp_json_put(value, "signal", number_or_null(event->signal)) ||
			       cp_json_put(value, "status", number_or_null(event->status)) ||
			       cp_json_put(value, "count", lost ? json_integer(count) : json_null())
		       ? -1
		       : 0;
}

int cp_trace_json_print(FILE *file, const struct cp_event *event)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || put_matter(value, event) || put_owner(value, event))
		return -1;
	int result = cp_json_dump(file, cp_take(value));
	fputc('\n', file);
	return result;
}
