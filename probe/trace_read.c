/* SPDX-License-Identifier: MIT */
#include "trace_read.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "memory.h"
#include "output_json.h"

/* --- values: absent and null are the same; a value of another type is an error -------------- */

static int wrong(struct cp_error **err, const char *key, const char *what)
{
	return cp_error_set(err, EINVAL, "\"%s\" is no %s", key, what);
}

static json_t *get(const json_t *object, const char *key)
{
	json_t *value = json_object_get(object, key);
	return json_is_null(value) ? NULL : value;
}

/* The string stays the JSON's: a cp_event owns its strings, but this one is only lent. */
static int get_text(const json_t *object, const char *key, char **text, struct cp_error **err)
{
	const json_t *value = get(object, key);
	if (value && !json_is_string(value))
		return wrong(err, key, "text");
	*text = (char *)(value ? json_string_value(value) : NULL);
	return 0;
}

static int get_number(const json_t *object, const char *key, json_int_t most, json_int_t *number,
	struct cp_error **err)
{
	const json_t *value = get(object, key);
	*number = value ? json_integer_value(value) : 0;
	if (value && (!json_is_integer(value) || *number < 0 || *number > most))
		return wrong(err, key, "number that is possible");
	return 0;
}

static int get_object(const json_t *object, const char *key, json_t **value, struct cp_error **err)
{
	*value = get(object, key);
	return *value && !json_is_object(*value) ? wrong(err, key, "object") : 0;
}

/* A word of a list, by its number; the list's unknown is null. */
static int get_word(const json_t *object, const char *key, const char *(*name)(int), int count,
	int *number, struct cp_error **err)
{
	char *word = NULL;
	*number = 0;
	if (get_text(object, key, &word, err) < 0)
		return -1;
	if (!word)
		return 0;
	for (int i = 0; i < count; i++) {
		if (name(i) && strcmp(name(i), word) == 0) {
			*number = i;
			return 0;
		}
	}
	return cp_error_set(err, EINVAL, "\"%s\" is '%.64s', which is not known", key, word);
}

static const char *kind_name(int number)
{
	return cp_event_kind_name((enum cp_event_kind)number);
}

static const char *cause_name(int number)
{
	return cp_event_cause_name((enum cp_event_cause)number);
}

static const char *libc_name(int number)
{
	return cp_event_libc_name((enum cp_event_libc)number);
}

static const char *source_name(int number)
{
	return cp_event_source_name((enum cp_event_source)number);
}

/* --- the parts of an event ---------------------------------------------------------------------
 */

static int read_schema(const json_t *value, struct cp_error **err)
{
	char *schema = NULL;
	if (get_text(value, "schema", &schema, err) < 0)
		return -1;
	if (!schema || strcmp(schema, "compatprobe.event/1") != 0)
		return cp_error_set(
			err, EINVAL, "this is no event of the schema compatprobe.event/1");
	return 0;
}

static int read_time(const json_t *value, uint64_t *time, struct cp_error **err)
{
	char *text = NULL;
	struct tm utc = {0};
	*time = 0;
	if (get_text(value, "time", &text, err) < 0)
		return -1;
	if (!text)
		return 0;
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &utc);
	time_t seconds = timegm(&utc);
	if (!rest || seconds < 0 || (uint64_t)seconds > UINT64_MAX / 1000000000 - 1)
		return wrong(err, "time", "time");
	*time = (uint64_t)seconds * 1000000000;
	uint64_t unit = 100000000;
	if (*rest == '.')
		for (rest++; *rest >= '0' && *rest <= '9'; rest++, unit /= 10)
			*time += unit * (uint64_t)(*rest - '0');
	return strcmp(rest, "Z") == 0 ? 0 : wrong(err, "time", "time in UTC");
}

static int read_words(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	int kind, cause, libc, source;
	if (!get(value, "kind"))
		return wrong(err, "kind", "kind of event");
	if (get_word(value, "kind", kind_name, CP_EVENT_KINDS, &kind, err) < 0 ||
		get_word(value, "cause", cause_name, CP_BECAUSE_COUNT, &cause, err) < 0 ||
		get_word(value, "libc", libc_name, CP_EVENT_LIBC_MUSL + 1, &libc, err) < 0 ||
		get_word(value, "source", source_name, CP_SOURCE_INFERRED + 1, &source, err) < 0)
		return -1;
	event->kind = (enum cp_event_kind)kind;
	event->cause = (enum cp_event_cause)cause;
	event->libc = (enum cp_event_libc)libc;
	event->source = (enum cp_event_source)source;
	return 0;
}

static int read_answers(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	const json_t *blames = get(value, "blames_template"), *optional = get(value, "optional");
	if (blames && !json_is_boolean(blames))
		return wrong(err, "blames_template", "true, false or null");
	if (optional && !json_is_boolean(optional))
		return wrong(err, "optional", "true or false");
	event->blames_template = !blames ? CP_UNKNOWN : json_is_true(blames) ? CP_YES : CP_NO;
	event->optional = json_is_true(optional);
	return 0;
}

static int read_owner(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	json_t *process, *container;
	json_int_t pid;
	char *comm;
	if (get_object(value, "process", &process, err) < 0 ||
		get_object(value, "container", &container, err) < 0 ||
		get_number(process, "pid", INT_MAX, &pid, err) < 0 ||
		get_text(process, "comm", &comm, err) < 0 ||
		get_text(process, "exe", &event->exe, err) < 0 ||
		get_text(container, "id", &event->container.id, err) < 0 ||
		get_text(container, "name", &event->container.name, err) < 0 ||
		get_text(container, "image", &event->container.image, err) < 0 ||
		get_text(container, "runtime", &event->container.runtime, err) < 0 ||
		get_text(value, "project", &event->container.project, err) < 0 ||
		get_text(value, "service", &event->container.service, err) < 0)
		return -1;
	event->pid = (pid_t)pid;
	snprintf(event->comm, sizeof(event->comm), "%s", comm ? comm : "");
	return 0;
}

static int read_numbers(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	json_int_t signal, status, count;
	if (get_number(value, "signal", INT_MAX, &signal, err) < 0 ||
		get_number(value, "status", INT_MAX, &status, err) < 0 ||
		get_number(value, "count", INT64_MAX, &count, err) < 0)
		return -1;
	event->signal = (int)signal;
	event->status = (int)status;
	event->count = (uint64_t)count;
	return 0;
}

/* The list is the caller's to free; its strings are the JSON's. */
static int read_addons(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	const json_t *addons = get(value, "addons");
	size_t count = json_array_size(addons);
	if (addons && !json_is_array(addons))
		return wrong(err, "addons", "list");
	if (!count)
		return 0;
	event->addons = calloc(count, sizeof(*event->addons));
	if (!event->addons)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (; event->n_addons < count; event->n_addons++) {
		const json_t *addon = json_array_get(addons, event->n_addons);
		if (!json_is_string(addon))
			return wrong(err, "addons", "list of texts");
		event->addons[event->n_addons] = (char *)json_string_value(addon);
	}
	return 0;
}

static int read_event(const json_t *value, struct cp_event *event, struct cp_error **err)
{
	if (!json_is_object(value))
		return cp_error_set(err, EINVAL, "this is no JSON object");
	return read_schema(value, err) < 0 || read_time(value, &event->time, err) < 0 ||
			       read_words(value, event, err) < 0 ||
			       read_answers(value, event, err) < 0 ||
			       get_text(value, "object", &event->object, err) < 0 ||
			       get_text(value, "needed_by", &event->needed_by, err) < 0 ||
			       get_text(value, "message", &event->message, err) < 0 ||
			       read_owner(value, event, err) < 0 ||
			       read_numbers(value, event, err) < 0 ||
			       read_addons(value, event, err) < 0
		       ? -1
		       : 0;
}

/* --- lines
 * ---------------------------------------------------------------------------------------- */

struct line {
	char *bytes;
	size_t size, capacity;
};

static void clear_line(struct line *line)
{
	free(line->bytes);
}
#define cleanup_line __attribute__((cleanup(clear_line)))

/* Reads up to a line feed. 1, 0 at the end, -1. */
static int read_line(FILE *file, struct line *line, struct cp_error **err)
{
	int c;
	line->size = 0;
	while ((c = getc_unlocked(file)) != EOF && c != '\n') {
		if (line->size == CP_TRACE_MAX_LINE)
			return cp_error_set(
				err, E2BIG, "the line is longer than %zu bytes", CP_TRACE_MAX_LINE);
		if (cp_grow(&line->bytes, &line->capacity, line->size + 1, 1) < 0)
			return cp_error_set(err, ENOMEM, "out of memory");
		line->bytes[line->size++] = (char)c;
	}
	if (c == EOF && ferror(file))
		return cp_error_set(err, errno, "%s", strerror(errno));
	return c != EOF || line->size > 0;
}

static int take_line(
	const struct line *line, cp_trace_take *take, void *context, struct cp_error **err)
{
	json_error_t error;
	cp_cleanup_json json_t *value =
		json_loadb(line->bytes, line->size, JSON_REJECT_DUPLICATES, &error);
	if (!value)
		return cp_error_set(err, EINVAL, "column %d: %s", error.column, error.text);
	struct cp_event event = {0};
	int result = read_event(value, &event, err);
	if (result == 0)
		result = take(context, &event, err);
	free(event.addons);
	return result;
}

int cp_trace_read(
	FILE *file, const char *name, cp_trace_take *take, void *context, struct cp_error **err)
{
	cleanup_line struct line line = {0};
	for (size_t number = 1;; number++) {
		int got = read_line(file, &line, err);
		if (got == 0)
			return 0;
		if (got > 0 && number > CP_TRACE_MAX_EVENTS)
			got = cp_error_set(err, E2BIG, "there are too many events");
		if (got < 0 || (line.size && take_line(&line, take, context, err) < 0))
			return cp_error_wrap(err, "%s:%zu", name, number);
	}
}
