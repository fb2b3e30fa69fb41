/* SPDX-License-Identifier: MIT */
#include "table_rows.h"

#include <string.h>

#include "memory.h"
#include "text.h"

/* How far back a row is looked for that says the same: copies of a package stand together, and a
 * hostile tree must not make this quadratic. */
#define FOLD_WINDOW 64

char *cp_package_label(const struct cp_package *package)
{
	cp_cleanup_free char *text = NULL;
	const char *version = package->version;
	if (asprintf(&text, "%s%s%s", package->name, version ? "@" : "", version ? version : "") <
		0) {
		text = NULL;
		return NULL;
	}
	return cp_text_printable(text);
}

/* --- making ------------------------------------------------------------------------ */

struct maker {
	const struct cp_scan *scan;
	struct cp_rows *rows;
	size_t thing; /* number of the package or object at hand */
};

static struct cp_row *find_same(
	struct cp_rows *rows, enum cp_outcome outcome, const char *label, const char *reason)
{
	for (size_t i = rows->count, seen = 0; i > 0 && seen < FOLD_WINDOW; i--, seen++) {
		struct cp_row *row = &rows->rows[i - 1];
		if (strcmp(row->label, label) != 0)
			return NULL;
		if (row->outcome == outcome && strcmp(row->reason, reason) == 0)
			return row;
	}
	return NULL;
}

/* Takes over `label` and `reason`. */
static struct cp_row *append(
	struct maker *maker, enum cp_outcome outcome, char *label, char *reason, bool system)
{
	struct cp_rows *rows = maker->rows;
	bool *targets = calloc(maker->scan->n_targets, sizeof(*targets));
	if (!targets ||
		cp_grow(&rows->rows, &rows->size, rows->count + 1, sizeof(*rows->rows)) < 0) {
		free(targets);
		free(label);
		free(reason);
		return NULL;
	}
	rows->rows[rows->count] = (struct cp_row){.outcome = outcome,
		.label = label,
		.reason = reason,
		.targets = targets,
		.system = system};
	return &rows->rows[rows->count++];
}

/* Notes what happens to the thing at hand on one target. Takes over `reason`. */
static int note(struct maker *maker, enum cp_outcome outcome, const char *label, char *reason,
	size_t target, bool system)
{
	cp_cleanup_free char *owned = reason;
	if (!owned)
		return -1;
	struct cp_row *row = find_same(maker->rows, outcome, label, owned);
	if (!row) {
		char *copy = strdup(label);
		if (!copy)
			return -1;
		row = append(maker, outcome, copy, cp_take(owned), system);
	}
	if (!row)
		return -1;
	row->copies += row->counted != maker->thing; /* once, on however many targets */
	row->counted = maker->thing;
	row->targets[target] = true;
	return 0;
}

static char *reason_of(const struct maker *maker, const struct cp_object *object, size_t target)
{
	if (!object)
		return strdup("has no build for it");
	return cp_reason(object, &maker->scan->targets[target], &object->loads[target]);
}

/* Whether something has to be done before the package loads there. */
static bool is_conditional(const struct cp_verdict *verdict)
{
	return verdict->outcome == CP_OUTCOME_LOADS && verdict->how &&
	       (strcmp(verdict->how, "obtainable") == 0 || strcmp(verdict->how, "buildable") == 0);
}

/* What has to be done. */
static char *condition(const struct cp_verdict *verdict)
{
	if (strcmp(verdict->how, "buildable") == 0)
		return strdup("once npm builds it there: the package brings its sources");
	if (!verdict->brings)
		return strdup("once npm installs it there: a build for it is published");
	cp_cleanup_free char *text = NULL;
	if (asprintf(&text, "once npm installs it there: %s is published", verdict->brings) < 0)
		return NULL;
	return cp_text_printable(text);
}

static int add_verdict(
	struct maker *maker, const char *label, const struct cp_verdict *verdict, size_t target)
{
	struct cp_tally *tally = &maker->rows->tallies[target];
	bool conditional = is_conditional(verdict);
	tally->packages[verdict->outcome]++;
	tally->to_install += conditional;
	if (conditional)
		return note(maker, verdict->outcome, label, condition(verdict), target, false);
	if (!cp_outcome_is_trouble(verdict->outcome))
		return 0;
	return note(maker, verdict->outcome, label, reason_of(maker, verdict->object, target),
		target, false);
}

static int add_package(struct maker *maker, const struct cp_package_result *result)
{
	cp_cleanup_free char *label = cp_package_label(result->package);
	if (!label)
		return -1;
	size_t loading = 0, foreign = 0, n_targets = maker->scan->n_targets;
	maker->thing++;
	for (size_t t = 0; t < n_targets; t++) {
		const struct cp_verdict *verdict = &result->verdicts[t];
		loading += verdict->outcome == CP_OUTCOME_LOADS && !is_conditional(verdict);
		foreign += verdict->outcome == CP_OUTCOME_FOREIGN;
		if (add_verdict(maker, label, verdict, t) < 0)
			return -1;
	}
	maker->rows->load_everywhere += loading == n_targets;
	maker->rows->foreign_packages += foreign == n_targets;
	return 0;
}

/* An object in no package: the service's own, or the base's on self. */
static int add_object(struct maker *maker, const struct cp_object *object, bool all)
{
	cp_cleanup_free char *label = cp_text_printable(object->path);
	if (!label)
		return -1;
	maker->thing++;
	for (size_t t = 0; t < maker->scan->n_targets; t++) {
		enum cp_outcome outcome = object->loads[t].outcome;
		if (object->system && maker->scan->targets[t].base)
			continue;
		if (!object->system)
			maker->rows->tallies[t].objects[outcome]++;
		if (!cp_outcome_is_trouble(outcome) ||
			(object->system && outcome != CP_OUTCOME_FAILS))
			continue;
		if (object->system && object->kind != CP_OBJECT_EXECUTABLE && !all) {
			maker->rows->base_objects_failing++;
			continue;
		}
		if (note(maker, outcome, label, reason_of(maker, object, t), t, object->system) < 0)
			return -1;
	}
	return 0;
}

/* The target that a row names first. */
static size_t first_target(const struct cp_row *row)
{
	size_t at = 0;
	while (!row->targets[at])
		at++;
	return at;
}

static int compare_rows(const void *a, const void *b)
{
	const struct cp_row *left = a, *right = b;
	if (left->system != right->system)
		return left->system ? 1 : -1;
	if (left->outcome != right->outcome)
		return left->outcome > right->outcome ? -1 : 1;
	if ((*left->label == '/') != (*right->label == '/')) /* packages before loose objects */
		return *left->label == '/' ? 1 : -1;
	int order = strcmp(left->label, right->label);
	if (order)
		return order;
	size_t x = first_target(left), y = first_target(right);
	return x != y ? (x < y ? -1 : 1) : strcmp(left->reason, right->reason);
}

static int fill(struct maker *maker, bool all)
{
	const struct cp_scan *scan = maker->scan;
	for (size_t i = 0; i < scan->n_results; i++)
		if (add_package(maker, &scan->results[i]) < 0)
			return -1;
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if ((object->system || !object->package) && add_object(maker, object, all) < 0)
			return -1;
	}
	return 0;
}

int cp_rows_make(const struct cp_scan *scan, bool all, struct cp_rows *rows)
{
	*rows = (struct cp_rows){0};
	rows->tallies = calloc(scan->n_targets ? scan->n_targets : 1, sizeof(*rows->tallies));
	struct maker maker = {.scan = scan, .rows = rows};
	if (!rows->tallies || fill(&maker, all) < 0) {
		cp_rows_free(rows);
		return -1;
	}
	if (rows->count)
		qsort(rows->rows, rows->count, sizeof(*rows->rows), compare_rows);
	return 0;
}

void cp_rows_free(struct cp_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++) {
		free(rows->rows[i].label);
		free(rows->rows[i].reason);
		free(rows->rows[i].targets);
	}
	free(rows->rows);
	free(rows->tallies);
	*rows = (struct cp_rows){0};
}
