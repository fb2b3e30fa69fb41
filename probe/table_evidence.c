/* SPDX-License-Identifier: MIT
 *
 * The evidence behind the table: every object of the service, and for each target on which it
 * does not just load what the loader said, how it got there, which paths it tried in which order
 * and with what result, and what else would have gone wrong.
 */
#include "output_table.h"

#include <stdlib.h>
#include <string.h>

#include "table_rows.h"
#include "text.h"

static const char *kind_name(const struct cp_object *object)
{
	static const char *const names[] = {[CP_OBJECT_ADDON] = "addon",
		[CP_OBJECT_LIBRARY] = "library",
		[CP_OBJECT_EXECUTABLE] = "executable"};
	return names[object->kind];
}

static void put_platform(FILE *file, const struct cp_facts *facts)
{
	const char *machine =
		cp_machine_node_name(facts->machine, facts->elf_class, facts->encoding);
	const char *libc = cp_libc_name(facts->libc);
	const char *os = cp_os_name(facts->os);
	fprintf(file, " · %s %s", os ? os : "unknown system",
		machine ? machine : "unknown processor");
	if (libc)
		fprintf(file, " %s", libc);
}

static void put_needs(FILE *file, const struct cp_facts *facts)
{
	for (size_t i = 0; i < facts->n_needed; i++) {
		fputs(i ? ", " : "\n    needs ", file);
		cp_text_put(file, cp_facts_string(facts, facts->needed[i]));
	}
	if (facts->interpreter) {
		fputs("\n    started by ", file);
		cp_text_put(file, cp_facts_string(facts, facts->interpreter));
	}
	if (facts->glibc_min) {
		fputs("\n    wants glibc ", file);
		cp_text_put(file, cp_facts_string(facts, facts->glibc_min));
		fputs(" or newer", file);
	}
	if (facts->glibcxx_min) {
		fputs(facts->glibc_min ? ", GLIBCXX_" : "\n    wants GLIBCXX_", file);
		cp_text_put(file, cp_facts_string(facts, facts->glibcxx_min));
	}
}

static void put_object_head(
	FILE *file, const struct cp_object *object, const struct cp_table_style *style)
{
	char bytes[CP_TEXT_BYTES_SIZE];
	cp_text_bytes(bytes, object->size);
	fprintf(file, "  %s", cp_table_bold(style));
	cp_text_put(file, object->path);
	fprintf(file, "%s\n    %s", cp_table_plain(style), kind_name(object));
	if (object->facts)
		put_platform(file, object->facts);
	else if (object->content == CP_CONTENT_MACHO)
		fputs(" · darwin (Mach-O)", file);
	else if (object->content == CP_CONTENT_PE)
		fputs(" · win32 (PE)", file);
	fprintf(file, " · %s", bytes);
	if (object->package) {
		char *label = cp_package_label(object->package);
		fprintf(file, " · of %s", label ? label : "?");
		free(label);
	}
	if (object->system)
		fputs(" · of the base", file);
	if (object->facts)
		put_needs(file, object->facts);
	fputc('\n', file);
}

static void put_chain(FILE *file, const struct cp_load *load)
{
	if (load->n_chain < 2)
		return;
	fputs("      by way of    ", file);
	for (size_t i = 0; i < load->n_chain; i++) {
		fputs(i ? " → " : "", file);
		cp_text_put(file, load->chain[i]);
	}
	fputc('\n', file);
}

/* Functions that are missing only at their first call can be dozens, so they share a line. */
static void put_missing_calls(FILE *file, const struct cp_load *load)
{
	size_t count = 0;
	for (size_t i = 1; i < load->n_problems; i++) {
		const struct cp_problem *problem = &load->problems[i];
		if (!problem->at_call)
			continue;
		fputs(count++ ? ", " : "      calls also   ", file);
		cp_text_put(file, problem->subject ? problem->subject : "?");
	}
	if (count)
		fputs(", missing too\n", file);
}

static void put_problems(FILE *file, const struct cp_load *load)
{
	for (size_t i = 1; i < load->n_problems; i++) {
		const struct cp_problem *problem = &load->problems[i];
		const char *cause = cp_cause_name(problem->cause);
		if (problem->at_call)
			continue;
		fputs("      also         ", file);
		if (problem->message) {
			cp_text_put(file, problem->message);
		} else {
			fprintf(file, "%s ", cause ? cause : "");
			cp_text_put(file, problem->subject ? problem->subject : "");
		}
		fputc('\n', file);
	}
	put_missing_calls(file, load);
	if (load->problems_dropped)
		fprintf(file, "      and %zu more problem%s\n", load->problems_dropped,
			load->problems_dropped == 1 ? "" : "s");
}

static bool same_search(const struct cp_considered *a, const struct cp_considered *b)
{
	const char *left = a->needed_by ? a->needed_by : "",
		   *right = b->needed_by ? b->needed_by : "";
	return strcmp(a->name, b->name) == 0 && strcmp(left, right) == 0;
}

static void put_search(FILE *file, const struct cp_considered *tries, size_t count)
{
	fputs("      looked for   ", file);
	cp_text_put(file, tries->name);
	if (tries->needed_by) {
		fputs(", needed by ", file);
		cp_text_put(file, tries->needed_by);
	}
	fputc('\n', file);
	for (size_t i = 0; i < count; i++) {
		fputs("        ", file);
		cp_text_put(file, tries[i].path);
		fprintf(file, "  [%s] %s\n", tries[i].origin, tries[i].result);
	}
}

/* The paths that were tried for each name, in order. A name that was found at the first try has
 * nothing to tell. */
static void put_considered(FILE *file, const struct cp_load *load)
{
	const struct cp_considered *tries = load->considered;
	for (size_t at = 0, count; at < load->n_considered; at += count) {
		count = 1;
		while (at + count < load->n_considered &&
			same_search(&tries[at], &tries[at + count]))
			count++;
		if (count > 1 || strcmp(tries[at].result, "found") != 0)
			put_search(file, &tries[at], count);
	}
}

static void put_load(FILE *file, const struct cp_object *object,
	const struct cp_scan_target *target, const struct cp_load *load,
	const struct cp_table_style *style)
{
	const char *outcome = cp_outcome_name(load->outcome);
	const char *cause = cp_cause_name(load->cause);
	fputs("    ", file);
	cp_text_put(file, target->name);
	fprintf(file, ": %s%s%s", cp_table_colour(style, load->outcome),
		outcome ? outcome : "not judged", cp_table_plain(style));
	if (!cp_outcome_is_trouble(load->outcome)) {
		fputc('\n', file);
		return;
	}
	char *reason = cp_reason(object, target, load);
	fprintf(file, " (%s): %s\n", cause ? cause : "cause not known", reason ? reason : "");
	free(reason);
	fputs("      loader says  ", file);
	cp_text_put(file, load->message ? load->message : "nothing: it dies without a text");
	fputc('\n', file);
	put_chain(file, load);
	put_considered(file, load);
	put_problems(file, load);
}

/* Whether it is the same on every target, and nothing to explain. */
static bool all_well(const struct cp_scan *scan, const struct cp_object *object)
{
	for (size_t t = 0; t < scan->n_targets; t++)
		if (object->loads[t].outcome != object->loads[0].outcome ||
			cp_outcome_is_trouble(object->loads[t].outcome))
			return false;
	return scan->n_targets > 1 && cp_outcome_name(object->loads[0].outcome);
}

static void put_loads(FILE *file, const struct cp_scan *scan, const struct cp_object *object,
	const struct cp_table_style *style)
{
	if (all_well(scan, object)) {
		enum cp_outcome outcome = object->loads[0].outcome;
		fprintf(file, "    every target: %s%s%s\n", cp_table_colour(style, outcome),
			cp_outcome_name(outcome), cp_table_plain(style));
		return;
	}
	for (size_t t = 0; t < scan->n_targets; t++)
		if (!object->system || !scan->targets[t].base)
			put_load(file, object, &scan->targets[t], &object->loads[t], style);
}

/* Of the base's own objects only the programs that the image itself cannot start are of interest;
 * for its libraries the table's row says enough. */
static bool is_shown(const struct cp_scan *scan, const struct cp_object *object)
{
	if (!object->system)
		return true;
	if (object->kind != CP_OBJECT_EXECUTABLE)
		return false;
	for (size_t t = 0; t < scan->n_targets; t++)
		if (!scan->targets[t].base && object->loads[t].outcome == CP_OUTCOME_FAILS)
			return true;
	return false;
}

void cp_table_evidence(FILE *file, const struct cp_scan *scan, const struct cp_table_style *style)
{
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if (!is_shown(scan, object))
			continue;
		put_object_head(file, object, style);
		put_loads(file, scan, object, style);
		fputc('\n', file);
	}
}
