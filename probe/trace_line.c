/* SPDX-License-Identifier: MIT */
#include "trace_line.h"

#include <string.h>
#include <time.h>

#include "memory.h"
#include "text.h"

#define WHO_WIDTH 14  /* columns that most services' names fit in */
#define SHORT_ID 12   /* digits of a container's id, as engines show it */
#define ADDONS_TOLD 8 /* of a process that crashed; JSON has them all */
#define DIM "\033[2m"
#define UNDIM "\033[0m"

/* --- texts ----------------------------------------------------------------------------- */

void cp_trace_put_text(FILE *file, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\r\n");
		cp_cleanup_free char *piece = strndup(text, length);
		if (piece)
			cp_text_put(file, piece);
		text += length;
		size_t breaks = strspn(text, "\r\n");
		if (breaks && text[breaks])
			fputc(' ', file);
		text += breaks;
	}
}

static bool holds(const char *text, const char *part)
{
	return text && part && strstr(text, part);
}

/* --- who ------------------------------------------------------------------------------- */

static void write_who(FILE *file, const struct cp_event *event)
{
	const struct cp_container *container = &event->container;
	char text[64] = "tracer";
	if (event->pid)
		snprintf(text, sizeof(text), "not in a container: %.*s[%d]",
			(int)sizeof(event->comm), event->comm, (int)event->pid);
	if (container->id)
		snprintf(text, sizeof(text), "%.*s", SHORT_ID, container->id);
	cp_trace_put_text(file, container->service ? container->service
				: container->name  ? container->name
						   : text);
}

static void put_who(FILE *file, const struct cp_table_style *style, const struct cp_event *event)
{
	cp_cleanup_free char *text = NULL;
	size_t size;
	FILE *buffer = open_memstream(&text, &size); /* for its width, escapes and all */
	if (!buffer)
		return;
	write_who(buffer, event);
	if (fclose(buffer) != 0)
		return;
	fprintf(file, "%s%s%s", cp_table_bold(style), text, cp_table_plain(style));
	for (size_t width = cp_text_width(text); width < WHO_WIDTH; width++)
		fputc(' ', file);
}

/* --- what ------------------------------------------------------------------------------- */

static const char *kind_in_words(enum cp_event_kind kind)
{
	static const char *const words[CP_EVENT_KINDS] = {
		[CP_EVENT_DLOPEN_FAILED] = "dlopen failed",
		[CP_EVENT_EXEC_FAILED] = "exec failed",
		[CP_EVENT_START_FAILED] = "start failed",
		[CP_EVENT_ADDON_LOADED] = "loaded",
		[CP_EVENT_MODULE_NOT_FOUND] = "module not found",
		[CP_EVENT_CRASHED] = "crashed",
		[CP_EVENT_LOST] = "lost",
	};
	return words[kind];
}

/* For events without a message. */
static const char *cause_in_words(enum cp_event_cause cause)
{
	static const char *const words[CP_BECAUSE_COUNT] = {
		[CP_BECAUSE_MISSING_LOADER] = "this loader is not there",
		[CP_BECAUSE_MISSING_LIBRARY] = "this library is not there",
		[CP_BECAUSE_MISSING_SYMBOL] = "a symbol is missing",
		[CP_BECAUSE_SYMBOL_VERSION] = "a symbol's version is missing",
		[CP_BECAUSE_WRONG_LIBC] = "built for another libc",
		[CP_BECAUSE_STATIC_TLS] = "no room for its static TLS",
		[CP_BECAUSE_EXECUTABLE_STACK] = "it wants an executable stack",
		[CP_BECAUSE_WRONG_ARCHITECTURE] = "built for another processor",
		[CP_BECAUSE_NOT_ELF] = "no ELF file",
		[CP_BECAUSE_NODE_ABI] = "built for another version of Node",
		[CP_BECAUSE_NODE_API_VERSION] = "wants a newer Node-API",
		[CP_BECAUSE_MISSING_INTERPRETER] = "this interpreter is not there",
		[CP_BECAUSE_MISSING_FILE] = "this file is not there",
		[CP_BECAUSE_EXEC_FORMAT] = "no program for this machine",
		[CP_BECAUSE_PERMISSION] = "permission denied",
		[CP_BECAUSE_MODULE_NOT_FOUND] = "this module is not there",
	};
	return words[cause];
}

static void put_crash(FILE *file, const struct cp_event *event)
{
	const char *name = event->signal ? sigabbrev_np(event->signal) : NULL;
	if (event->signal)
		fprintf(file, "killed by SIG%s", name ? name : "?");
	else
		fprintf(file, "ended with status %d", event->status);
	for (size_t i = 0; i < event->n_addons && i < ADDONS_TOLD; i++) {
		fputs(i ? ", " : "; it had loaded ", file);
		cp_trace_put_text(file, event->addons[i]);
	}
	if (event->n_addons > ADDONS_TOLD)
		fprintf(file, " and %zu more", event->n_addons - ADDONS_TOLD);
	if (event->message) {
		fputs(": ", file);
		cp_trace_put_text(file, event->message);
	}
}

/* The message, and what of the object and who asked it does not say. */
static void put_failure(FILE *file, const struct cp_event *event)
{
	const char *words = event->message ? event->message : cause_in_words(event->cause);
	if (!words && !event->object)
		words = "it did not say why";
	bool is_module = event->kind == CP_EVENT_MODULE_NOT_FOUND;
	if (event->object && !holds(words, event->object)) {
		cp_trace_put_text(file, event->object);
		fputs(words ? ": " : "", file);
	}
	if (words)
		cp_trace_put_text(file, words);
	if (event->needed_by && !holds(words, event->needed_by)) {
		fputs(is_module ? " (required by " : " (needed by ", file);
		cp_trace_put_text(file, event->needed_by);
		fputc(')', file);
	}
	if (event->source == CP_SOURCE_INFERRED)
		fputs(event->message ? " (inferred)" : " (inferred from failed look-ups)", file);
}

void cp_trace_put_matter(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event)
{
	fprintf(file, "%s%s%s", cp_table_colour(style, cp_trace_severity(event)),
		kind_in_words(event->kind), cp_table_plain(style));
	switch (event->kind) {
	case CP_EVENT_ADDON_LOADED:
		fputc(' ', file);
		cp_trace_put_text(file, event->object ? event->object : "?");
		break;
	case CP_EVENT_LOST:
		fprintf(file, ": %llu ", (unsigned long long)event->count);
		cp_trace_put_text(file, event->message ? event->message : "events");
		break;
	case CP_EVENT_CRASHED:
		fputs(": ", file);
		put_crash(file, event);
		break;
	default:
		fputs(": ", file);
		put_failure(file, event);
	}
}

/* --- whose fault ------------------------------------------------------------------------- */

enum cp_outcome cp_trace_severity(const struct cp_event *event)
{
	if (event->kind == CP_EVENT_ADDON_LOADED || event->optional)
		return CP_OUTCOME_LOADS;
	if (event->blames_template == CP_NO)
		return CP_OUTCOME_LOADS_WITH;
	return event->kind == CP_EVENT_CRASHED ? CP_OUTCOME_CRASHES : CP_OUTCOME_FAILS;
}

static bool has_fault(const struct cp_event *event)
{
	return event->kind != CP_EVENT_ADDON_LOADED && event->kind != CP_EVENT_LOST;
}

void cp_trace_put_fault(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event)
{
	static const char *const words[] = {
		[CP_UNKNOWN] = "unknown whose fault",
		[CP_NO] = "not the template's fault",
		[CP_YES] = "the template's fault",
	};
	const char *cause = cp_event_cause_name(event->cause);
	if (!has_fault(event))
		return;
	if (event->optional) {
		fputs("→ optional: the program only tried", file);
	} else {
		fprintf(file, "→ %s%s%s", cp_table_colour(style, cp_trace_severity(event)),
			words[event->blames_template], cp_table_plain(style));
	}
	if (cause)
		fprintf(file, " (%s)", cause);
}

/* --- the line ------------------------------------------------------------------------------ */

static void put_time(FILE *file, uint64_t time)
{
	time_t seconds = (time_t)(time / 1000000000);
	struct tm local;
	if (localtime_r(&seconds, &local))
		fprintf(file, "%02d:%02d:%02d.%03u", local.tm_hour, local.tm_min, local.tm_sec,
			(unsigned)(time % 1000000000 / 1000000));
}

/* Who exactly, and how it is known. */
static void put_detail(FILE *file, const struct cp_event *event)
{
	const char *source = cp_event_source_name(event->source);
	const char *libc = cp_event_libc_name(event->libc);
	if (!event->pid)
		return;
	fprintf(file, "  [%d ", (int)event->pid);
	char comm[sizeof(event->comm) + 1];
	snprintf(comm, sizeof(comm), "%.*s", (int)sizeof(event->comm), event->comm);
	cp_trace_put_text(file, event->exe ? event->exe : comm);
	fprintf(file, "%s%s%s%s]", libc ? ", " : "", libc ? libc : "", source ? ", from " : "",
		source ? source : "");
}

void cp_trace_line_print(
	FILE *file, const struct cp_table_style *style, const struct cp_event *event)
{
	struct cp_table_style plain = {.verbose = style->verbose};
	bool dim = event->optional && style->colour;
	if (dim) { /* the whole line, and nothing else in colour */
		fputs(DIM, file);
		style = &plain;
	}
	put_time(file, event->time);
	fputs("  ", file);
	put_who(file, style, event);
	fputs("  ", file);
	cp_trace_put_matter(file, style, event);
	if (has_fault(event))
		fputs("  ", file);
	cp_trace_put_fault(file, style, event);
	if (style->verbose)
		put_detail(file, event);
	fputs(dim ? UNDIM "\n" : "\n", file);
}
