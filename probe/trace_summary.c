/* SPDX-License-Identifier: MIT */
#include "trace_summary.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "trace_line.h"

#define COMM_LENGTH 15  /* without its NUL */
#define MAX_STRING 4096 /* bytes kept of one text */
#define ADDONS_TOLD 3   /* -v tells all */

struct failure {
	struct cp_event event; /* a copy without owner and process */
	uint64_t hash, count;
};

struct addon {
	char *path;
	uint64_t hash;
};

/* Worst last, so that blocks can be sorted by it. */
enum verdict { FINE, OPTIONAL_ONLY, NOT_THE_TEMPLATE, UNKNOWN_FAULT, TEMPLATE_AT_FAULT };

struct owner {
	struct cp_event event; /* of whom: its container, comm and exe are set */
	uint64_t hash;
	enum verdict verdict;
	struct failure *failures;
	size_t n_failures, failures_size;
	struct addon *addons;
	size_t n_addons, addons_size;
	uint64_t more_failures, more_addons; /* beyond the bounds */
};

struct cp_trace_summary {
	struct owner *owners; /* by first event */
	size_t n_owners, owners_size;
	size_t last;       /* the owner of the event before */
	size_t text;       /* bytes kept */
	uint64_t homeless; /* events of owners beyond the bound */
	uint64_t lost, late;
	bool failed, crashed;
};

/* --- texts ------------------------------------------------------------------------------- */

/* FNV-1a; NULL and "" differ. */
static uint64_t hash_text(uint64_t hash, const char *text)
{
	for (; text && *text; text++)
		hash = (hash ^ (unsigned char)*text) * 0x100000001b3;
	return (hash ^ (text ? 0x100 : 0x200)) * 0x100000001b3;
}

static bool same(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

/* Whether a kept text stands for this one, which may have been cut when it was kept. */
static bool same_kept(const char *kept, const char *text)
{
	return same(kept, text) ||
	       (kept && text && strlen(kept) == MAX_STRING && strncmp(kept, text, MAX_STRING) == 0);
}

/* A copy, cut where it is very long. False without room; *to is NULL then. */
static bool keep(struct cp_trace_summary *summary, char **to, const char *text)
{
	*to = NULL;
	if (!text)
		return true;
	size_t size = strnlen(text, MAX_STRING);
	if (summary->text + size > CP_TRACE_MAX_TEXT)
		return false;
	*to = strndup(text, size);
	if (*to)
		summary->text += size;
	return *to != NULL;
}

/* --- owners --------------------------------------------------------------------------------- */

/* Programs outside of containers are told apart by their file, not their number: a shell starts
 * many. */
static const char *program_of(const struct cp_event *event)
{
	return event->exe ? event->exe : event->comm;
}

static uint64_t hash_owner(const struct cp_event *event)
{
	const struct cp_container *container = &event->container;
	uint64_t hash = 0xcbf29ce484222325;
	if (container->service)
		return hash_text(hash_text(hash, container->project), container->service);
	if (container->id || container->name)
		return hash_text(hash_text(hash, container->id), container->name);
	char comm[sizeof(event->comm)];
	snprintf(comm, sizeof(comm), "%.*s", COMM_LENGTH, event->comm);
	return hash_text(hash, event->exe ? event->exe : comm);
}

static bool is_owner(const struct owner *owner, uint64_t hash, const struct cp_event *event)
{
	const struct cp_container *own = &owner->event.container, *its = &event->container;
	if (owner->hash != hash || !same_kept(own->service, its->service))
		return false;
	if (its->service)
		return same_kept(own->project, its->project);
	if (its->id || its->name || own->id || own->name)
		return same_kept(own->id, its->id) && same_kept(own->name, its->name);
	return same_kept(owner->event.exe, event->exe) &&
	       (event->exe || strncmp(owner->event.comm, event->comm, COMM_LENGTH) == 0);
}

static struct owner *add_owner(
	struct cp_trace_summary *summary, uint64_t hash, const struct cp_event *event)
{
	if (summary->n_owners == CP_TRACE_MAX_OWNERS ||
		cp_grow(&summary->owners, &summary->owners_size, summary->n_owners + 1,
			sizeof(*summary->owners)) < 0)
		return NULL;
	struct owner owner = {.hash = hash};
	struct cp_event *copy = &owner.event;
	memcpy(copy->comm, event->comm, COMM_LENGTH);
	copy->pid = event->pid;
	if (!keep(summary, &copy->container.id, event->container.id) ||
		!keep(summary, &copy->container.name, event->container.name) ||
		!keep(summary, &copy->container.project, event->container.project) ||
		!keep(summary, &copy->container.service, event->container.service) ||
		!keep(summary, &copy->exe, event->exe)) {
		cp_event_clear(copy);
		return NULL;
	}
	summary->last = summary->n_owners;
	summary->owners[summary->n_owners] = owner;
	return &summary->owners[summary->n_owners++];
}

static struct owner *find_owner(struct cp_trace_summary *summary, const struct cp_event *event)
{
	uint64_t hash = hash_owner(event);
	if (summary->n_owners && is_owner(&summary->owners[summary->last], hash, event))
		return &summary->owners[summary->last];
	for (size_t i = 0; i < summary->n_owners; i++) {
		if (!is_owner(&summary->owners[i], hash, event))
			continue;
		summary->last = i;
		return &summary->owners[i];
	}
	return add_owner(summary, hash, event);
}

/* --- failures and addons -----------------------------------------------------------------------
 */

/* Who asked does not make another failure of it: one report says it, a repetition does not. */
static bool is_failure(const struct failure *failure, uint64_t hash, const struct cp_event *event)
{
	const struct cp_event *kept = &failure->event;
	return failure->hash == hash && kept->kind == event->kind && kept->cause == event->cause &&
	       kept->optional == event->optional && kept->signal == event->signal &&
	       kept->status == event->status && same_kept(kept->object, event->object) &&
	       same_kept(kept->message, event->message);
}

static bool copy_failure(
	struct cp_trace_summary *summary, struct cp_event *copy, const struct cp_event *event)
{
	*copy = (struct cp_event){
		.kind = event->kind,
		.cause = event->cause,
		.source = event->source,
		.libc = event->libc,
		.blames_template = event->blames_template,
		.optional = event->optional,
		.signal = event->signal,
		.status = event->status,
	};
	if (!keep(summary, &copy->object, event->object) ||
		!keep(summary, &copy->needed_by, event->needed_by) ||
		!keep(summary, &copy->message, event->message))
		return false;
	size_t count =
		event->n_addons < CP_TRACE_MAX_ADDONS ? event->n_addons : CP_TRACE_MAX_ADDONS;
	copy->addons = count ? calloc(count, sizeof(*copy->addons)) : NULL;
	if (count && !copy->addons)
		return false;
	for (; copy->n_addons < count; copy->n_addons++)
		if (!keep(summary, &copy->addons[copy->n_addons], event->addons[copy->n_addons]))
			return false;
	return true;
}

static void add_failure(
	struct cp_trace_summary *summary, struct owner *owner, const struct cp_event *event)
{
	uint64_t hash = hash_text(hash_text(0xcbf29ce484222325, event->object), event->message);
	for (size_t i = 0; i < owner->n_failures; i++) {
		struct failure *failure = &owner->failures[i];
		if (!is_failure(failure, hash, event))
			continue;
		failure->count++;
		if (!failure->event.needed_by)
			keep(summary, &failure->event.needed_by, event->needed_by);
		return;
	}
	struct failure failure = {.hash = hash, .count = 1};
	if (owner->n_failures == CP_TRACE_MAX_FAILURES ||
		cp_grow(&owner->failures, &owner->failures_size, owner->n_failures + 1,
			sizeof(*owner->failures)) < 0) {
		owner->more_failures++;
	} else if (!copy_failure(summary, &failure.event, event)) {
		cp_event_clear(&failure.event);
		owner->more_failures++;
	} else {
		owner->failures[owner->n_failures++] = failure;
	}
}

static void add_addon(
	struct cp_trace_summary *summary, struct owner *owner, const struct cp_event *event)
{
	const char *path = event->object ? event->object : "?";
	struct addon addon = {.hash = hash_text(0xcbf29ce484222325, path)};
	for (size_t i = 0; i < owner->n_addons; i++)
		if (owner->addons[i].hash == addon.hash && same_kept(owner->addons[i].path, path))
			return;
	if (owner->n_addons == CP_TRACE_MAX_ADDONS ||
		cp_grow(&owner->addons, &owner->addons_size, owner->n_addons + 1,
			sizeof(*owner->addons)) < 0 ||
		!keep(summary, &addon.path, path))
		owner->more_addons++;
	else
		owner->addons[owner->n_addons++] = addon;
}

static enum verdict verdict_of(const struct cp_event *event)
{
	if (event->optional)
		return OPTIONAL_ONLY;
	return event->blames_template == CP_YES  ? TEMPLATE_AT_FAULT
	       : event->blames_template == CP_NO ? NOT_THE_TEMPLATE
						 : UNKNOWN_FAULT;
}

/* --- the summary
 * ----------------------------------------------------------------------------------- */

struct cp_trace_summary *cp_trace_summary_make(void)
{
	return calloc(1, sizeof(struct cp_trace_summary));
}

static void clear_owner(struct owner *owner)
{
	for (size_t i = 0; i < owner->n_failures; i++)
		cp_event_clear(&owner->failures[i].event);
	for (size_t i = 0; i < owner->n_addons; i++)
		free(owner->addons[i].path);
	free(owner->failures);
	free(owner->addons);
	cp_event_clear(&owner->event);
}

void cp_trace_summary_free(struct cp_trace_summary *summary)
{
	if (!summary)
		return;
	for (size_t i = 0; i < summary->n_owners; i++)
		clear_owner(&summary->owners[i]);
	free(summary->owners);
	free(summary);
}

void cp_trace_summary_late(struct cp_trace_summary *summary, uint64_t starts)
{
	summary->late = starts;
}

bool cp_trace_threshold_reached(const struct cp_trace_summary *summary, enum cp_outcome level)
{
	if (level < CP_OUTCOME_LOADS_WITH || level > CP_OUTCOME_FAILS)
		return false;
	return summary->failed || (summary->crashed && level <= CP_OUTCOME_CRASHES);
}

void cp_trace_summary_add(struct cp_trace_summary *summary, const struct cp_event *event)
{
	if (event->kind == CP_EVENT_LOST) {
		summary->lost += event->count;
		return;
	}
	bool fails = event->kind != CP_EVENT_ADDON_LOADED && !event->optional;
	summary->crashed |= fails && event->kind == CP_EVENT_CRASHED;
	summary->failed |= fails && event->kind != CP_EVENT_CRASHED;
	struct owner *owner = find_owner(summary, event);
	if (!owner) {
		summary->homeless++;
		return;
	}
	if (event->kind == CP_EVENT_ADDON_LOADED) {
		add_addon(summary, owner, event);
		return;
	}
	enum verdict verdict = verdict_of(event);
	if (verdict > owner->verdict)
		owner->verdict = verdict;
	add_failure(summary, owner, event);
}

/* --- printing
 * ------------------------------------------------------------------------------------------ */

static const char *title_of(const struct owner *owner)
{
	const struct cp_container *container = &owner->event.container;
	return container->service ? container->service
	       : container->name  ? container->name
	       : container->id    ? container->id
				  : program_of(&owner->event);
}

static void put_title(FILE *file, const struct cp_table_style *style, const struct owner *owner)
{
	const struct cp_container *container = &owner->event.container;
	bool contained = container->service || container->name || container->id;
	fprintf(file, "  %s", cp_table_bold(style));
	cp_trace_put_text(file, title_of(owner));
	fputs(cp_table_plain(style), file);
	if (container->service && container->project) {
		fputs(" (", file);
		cp_trace_put_text(file, container->project);
		fputc(')', file);
	} else if (!contained) {
		fputs(" (not in a container)", file);
	}
}

static void put_verdict(FILE *file, const struct cp_table_style *style, enum verdict verdict)
{
	static const struct {
		const char *words;
		enum cp_outcome colour;
	} words[] = {
		[FINE] = {"fine", CP_OUTCOME_LOADS},
		[OPTIONAL_ONLY] = {"fine: only what was optional failed", CP_OUTCOME_LOADS},
		[NOT_THE_TEMPLATE] = {"not the template: another one would not cure it",
			CP_OUTCOME_LOADS_WITH},
		[UNKNOWN_FAULT] = {"it is not known whether the template is at fault",
			CP_OUTCOME_CRASHES},
		[TEMPLATE_AT_FAULT] = {"the template is at fault", CP_OUTCOME_FAILS},
	};
	fprintf(file, "  %s%s%s\n", cp_table_colour(style, words[verdict].colour),
		words[verdict].words, cp_table_plain(style));
}

static int worst_failure_first(const void *a, const void *b)
{
	const struct failure *const *x = a, *const *y = b;
	enum verdict first = verdict_of(&(*x)->event), second = verdict_of(&(*y)->event);
	if (first != second)
		return first > second ? -1 : 1;
	return *x < *y ? -1 : *x > *y; /* as they came */
}

static void put_failures(FILE *file, const struct cp_table_style *style, const struct owner *owner)
{
	const struct failure *sorted[CP_TRACE_MAX_FAILURES];
	for (size_t i = 0; i < owner->n_failures; i++)
		sorted[i] = &owner->failures[i];
	qsort(sorted, owner->n_failures, sizeof(*sorted), worst_failure_first);
	for (size_t i = 0; i < owner->n_failures; i++) {
		fputs("    ", file);
		cp_trace_put_matter(file, style, &sorted[i]->event);
		if (sorted[i]->count > 1)
			fprintf(file, " ×%llu", (unsigned long long)sorted[i]->count);
		fputs("  ", file);
		cp_trace_put_fault(file, style, &sorted[i]->event);
		fputc('\n', file);
	}
	if (owner->more_failures)
		fprintf(file, "    and %llu more\n", (unsigned long long)owner->more_failures);
}

static void put_addons(FILE *file, const struct cp_table_style *style, const struct owner *owner)
{
	size_t told = style->verbose ? owner->n_addons : ADDONS_TOLD;
	uint64_t all = owner->n_addons + owner->more_addons;
	if (!all)
		return;
	fprintf(file, "    %llu addon%s loaded\n", (unsigned long long)all, all == 1 ? "" : "s");
	for (size_t i = 0; i < owner->n_addons && i < told; i++) {
		fputs("      ", file);
		cp_trace_put_text(file, owner->addons[i].path);
		fputc('\n', file);
	}
	if (told > owner->n_addons)
		told = owner->n_addons;
	if (all > told)
		fprintf(file, "      and %llu more%s\n", (unsigned long long)(all - told),
			told < owner->n_addons ? " (-v lists them)" : "");
}

static int worst_owner_first(const void *a, const void *b)
{
	const struct owner *const *x = a, *const *y = b;
	if ((*x)->verdict != (*y)->verdict)
		return (*x)->verdict > (*y)->verdict ? -1 : 1;
	int order = strcmp(title_of(*x), title_of(*y));
	return order ? order : *x < *y ? -1 : *x > *y;
}

/* What makes the report less than whole. */
static void put_gaps(
	FILE *file, const struct cp_table_style *style, const struct cp_trace_summary *summary)
{
	if (summary->homeless)
		fprintf(file, "  and %llu event%s of further processes and containers\n",
			(unsigned long long)summary->homeless, summary->homeless == 1 ? "" : "s");
	if (summary->late)
		fprintf(file,
			"  %llu program%s started before %s loader was watched: a failure's text "
			"may be missing\n",
			(unsigned long long)summary->late, summary->late == 1 ? " was" : "s were",
			summary->late == 1 ? "its" : "their");
	if (summary->lost)
		fprintf(file, "  %s%llu event%s lost%s: this is not all that happened\n",
			cp_table_colour(style, CP_OUTCOME_FAILS), (unsigned long long)summary->lost,
			summary->lost == 1 ? " was" : "s were", cp_table_plain(style));
}

void cp_trace_summary_print(
	FILE *file, const struct cp_table_style *style, const struct cp_trace_summary *summary)
{
	const struct owner *sorted[CP_TRACE_MAX_OWNERS];
	for (size_t i = 0; i < summary->n_owners; i++)
		sorted[i] = &summary->owners[i];
	qsort(sorted, summary->n_owners, sizeof(*sorted), worst_owner_first);
	if (!summary->n_owners)
		fputs("  nothing failed, and no addon was loaded\n", file);
	for (size_t i = 0; i < summary->n_owners; i++) {
		put_title(file, style, sorted[i]);
		put_verdict(file, style, sorted[i]->verdict);
		put_failures(file, style, sorted[i]);
		put_addons(file, style, sorted[i]);
	}
	put_gaps(file, style, summary);
}
