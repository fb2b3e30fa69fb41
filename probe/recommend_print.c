/* SPDX-License-Identifier: MIT */
#include "recommend_print.h"

#include <string.h>

#include "output_json.h"
#include "memory.h"
#include "text.h"

#define REASONS_TOLD 3 /* of a kind; -v tells all */

/* --- table -------------------------------------------------------------------------- */

static const char *chosen_name(const struct cp_recommendation *one)
{
	if (one->template)
		return one->template->name;
	return one->confidence == CP_CONFIDENCE_NONE ? "-" : "none";
}

static bool changes(const struct cp_recommendation *one)
{
	return one->template && one->current_template &&
	       strcmp(one->template->name, one->current_template) != 0;
}

static void put_reasons(FILE *file, const char *before, const struct cp_reasons *reasons,
	const struct cp_table_style *style)
{
	size_t most = style->verbose ? reasons->count : REASONS_TOLD;
	for (size_t i = 0; i < reasons->count && i < most; i++) {
		fprintf(file, "      %s", before);
		cp_text_put(file, reasons->lines[i]);
		fputc('\n', file);
	}
	if (reasons->count > most)
		fprintf(file, "      %sand %zu more (-v tells all)\n", before,
			reasons->count - most);
}

/* What was seen is always told, however well it went. */
static void put_observed(FILE *file, const struct cp_reasons *why)
{
	for (size_t i = 0; i < why->count; i++) {
		if (strncmp(why->lines[i], "observed", strlen("observed")) != 0)
			continue;
		fputs("      ", file);
		cp_text_put(file, why->lines[i]);
		fputc('\n', file);
	}
}

static void put_service(FILE *file, const struct cp_recommendation *one, int width,
	const struct cp_table_style *style)
{
	fprintf(file, "  %s%-*s%s  %-12s  %-9s", cp_table_bold(style), width, one->service->name,
		cp_table_plain(style), chosen_name(one), cp_confidence_name(one->confidence));
	if (changes(one))
		fprintf(file, "  %schange: it is built from %s now%s",
			cp_table_colour(style, CP_OUTCOME_LOADS_WITH), one->current_template,
			cp_table_plain(style));
	fputc('\n', file);
	for (size_t i = 0; i < one->n_passed_over; i++) {
		char before[128];
		snprintf(before, sizeof(before), "not %s: ", one->passed_over[i].template->name);
		put_reasons(file, before, &one->passed_over[i].because, style);
	}
	struct cp_reasons beside = one->not_the_template;
	if (!one->image && beside.count) { /* nothing was judged: the first says why */
		struct cp_reasons first = {beside.lines++, 1, 0};
		beside.count--;
		put_reasons(file, "no answer: ", &first, style);
	}
	put_reasons(file, "not the template's fault: ", &beside, style);
	if (style->verbose || one->n_add_packages || !one->has_node)
		put_reasons(file, "", &one->why, style);
	else
		put_observed(file, &one->why);
}

static int widest(const struct cp_advice *advice)
{
	size_t width = 7;
	for (size_t i = 0; i < advice->n_services; i++)
		if (strlen(advice->services[i].service->name) > width)
			width = strlen(advice->services[i].service->name);
	return (int)(width > 40 ? 40 : width);
}

static size_t count_template(const struct cp_advice *advice, const struct cp_template *template)
{
	size_t count = 0;
	for (size_t i = 0; i < advice->n_services; i++)
		count += advice->services[i].template == template;
	return count;
}

/* "12 alpine, 2 debian-ml", in the order in which templates first appear. */
static void put_totals(FILE *file, const struct cp_advice *advice)
{
	const char *comma = "";
	fputs("\n  ", file);
	for (size_t i = 0; i < advice->n_services; i++) {
		const struct cp_template *template = advice->services[i].template;
		bool told = false;
		for (size_t k = 0; k < i && !told; k++)
			told = advice->services[k].template == template;
		if (told)
			continue;
		fprintf(file, "%s%zu %s", comma, count_template(advice, template),
			template ? template->name : "without a recommendation");
		comma = ", ";
	}
	fputc('\n', file);
}

void cp_advice_table(FILE *file, const struct cp_advice *advice, const struct cp_table_style *style)
{
	int width = widest(advice);
	fprintf(file, "  %-*s  %-12s  %s\n", width, "SERVICE", "TEMPLATE", "CONFIDENCE");
	for (size_t i = 0; i < advice->n_services; i++)
		put_service(file, &advice->services[i], width, style);
	put_totals(file, advice);
	if (advice->prunable_bytes) {
		char bytes[CP_TEXT_BYTES_SIZE];
		cp_text_bytes(bytes, advice->prunable_bytes);
		fprintf(file, "  %s in %llu files are for other platforms\n", bytes,
			(unsigned long long)advice->prunable_files);
	}
}

/* --- JSON --------------------------------------------------------------------------- */

static json_t *lines_value(const struct cp_reasons *reasons)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < reasons->count; i++)
		if (cp_json_append(value, cp_json_text(reasons->lines[i])))
			return NULL;
	return cp_take(value);
}

static json_t *passed_over_value(const struct cp_recommendation *one)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < one->n_passed_over; i++) {
		cp_cleanup_json json_t *item = json_object();
		if (!item ||
			cp_json_put(item, "template",
				cp_json_text(one->passed_over[i].template->name)) ||
			cp_json_put(item, "because", lines_value(&one->passed_over[i].because)) ||
			cp_json_append(value, cp_take(item)))
			return NULL;
	}
	return cp_take(value);
}

static json_t *packages_value(const struct cp_recommendation *one)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < one->n_add_packages; i++)
		if (cp_json_append(value, cp_json_text(one->add_packages[i])))
			return NULL;
	return cp_take(value);
}

static json_t *service_value(const struct cp_recommendation *one)
{
	cp_cleanup_json json_t *value = json_object();
	const char *template = one->template ? one->template->name : NULL;
	if (!value || cp_json_put(value, "name", cp_json_text(one->service->name)) ||
		cp_json_put(value, "image", cp_json_text(one->image)) ||
		cp_json_put(value, "current_template", cp_json_text(one->current_template)) ||
		cp_json_put(value, "template", cp_json_text(template)) ||
		cp_json_put(
			value, "confidence", cp_json_text(cp_confidence_name(one->confidence))) ||
		cp_json_put(value, "why", lines_value(&one->why)) ||
		cp_json_put(value, "passed_over", passed_over_value(one)) ||
		cp_json_put(value, "not_the_template", lines_value(&one->not_the_template)) ||
		cp_json_put(value, "add_packages", packages_value(one)) ||
		cp_json_put(value, "prunable_bytes", json_integer((json_int_t)one->prunable_bytes)))
		return NULL;
	return cp_take(value);
}

int cp_advice_json(FILE *file, const struct cp_advice *advice, const char *override)
{
	cp_cleanup_json json_t *value = json_object(), *services = json_array();
	cp_cleanup_json json_t *prunable = json_object();
	for (size_t i = 0; services && i < advice->n_services; i++)
		if (cp_json_append(services, service_value(&advice->services[i])))
			return -1;
	if (!prunable ||
		cp_json_put(prunable, "bytes", json_integer((json_int_t)advice->prunable_bytes)) ||
		cp_json_put(prunable, "files", json_integer((json_int_t)advice->prunable_files)))
		return -1;
	if (!value || cp_json_put(value, "schema", json_string("compatprobe.recommend/1")) ||
		cp_json_put(value, "services", cp_take(services)) ||
		cp_json_put(value, "prunable", cp_take(prunable)) ||
		cp_json_put(value, "override", cp_json_text(override)))
		return -1;
	int result = cp_json_dump(file, value);
	fputc('\n', file);
	return result;
}
