/* SPDX-License-Identifier: MIT */
#include "recommend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "syslibs.h"
#include "table_rows.h"

/* --- reasons ----------------------------------------------------------------------- */

static int take_line(struct cp_reasons *reasons, char *line, struct cp_error **err)
{
	if (!line || cp_grow(&reasons->lines, &reasons->size, reasons->count + 1,
			     sizeof(*reasons->lines)) < 0) {
		free(line);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	for (size_t i = 0; i < reasons->count; i++) {
		if (strcmp(reasons->lines[i], line) == 0) { /* copies of a package say it once */
			free(line);
			return 0;
		}
	}
	reasons->lines[reasons->count++] = line;
	return 0;
}

__attribute__((format(printf, 3, 4))) static int add_line(
	struct cp_reasons *reasons, struct cp_error **err, const char *format, ...)
{
	char *line = NULL;
	va_list args;
	va_start(args, format);
	if (vasprintf(&line, format, args) < 0)
		line = NULL;
	va_end(args);
	return take_line(reasons, line, err);
}

static void clear_reasons(struct cp_reasons *reasons)
{
	for (size_t i = 0; i < reasons->count; i++)
		free(reasons->lines[i]);
	free(reasons->lines);
	*reasons = (struct cp_reasons){0};
}

const char *cp_confidence_name(enum cp_confidence confidence)
{
	static const char *const names[] = {"none", "simulated", "observed"};
	return names[confidence];
}

void cp_recommendation_clear(struct cp_recommendation *recommendation)
{
	for (size_t i = 0; i < recommendation->n_passed_over; i++)
		clear_reasons(&recommendation->passed_over[i].because);
	for (size_t i = 0; i < recommendation->n_add_packages; i++)
		free(recommendation->add_packages[i]);
	clear_reasons(&recommendation->why);
	clear_reasons(&recommendation->not_the_template);
	free(recommendation->passed_over);
	free(recommendation->add_packages);
	free(recommendation->image);
	free(recommendation->current_template);
	*recommendation = (struct cp_recommendation){0};
}

/* --- one service ------------------------------------------------------------------- */

/* What is being judged. */
struct matter {
	const struct cp_catalogue *catalogue;
	const struct cp_scan *scan;
	struct cp_recommendation *out;
	const struct cp_observed *observed; /* NULL: nothing */
	const struct cp_template *current; /* that it was observed on; NULL: not in the catalogue */
	size_t n_outweighed;               /* simulated failures that were seen to load */
};

/* Templates on one base share a target. */
static size_t target_of(const struct matter *about, size_t template)
{
	const char *base = about->catalogue->templates[template].base;
	size_t at = 0;
	while (at + 1 < about->scan->n_targets && strcmp(about->scan->targets[at].name, base) != 0)
		at++;
	return at;
}

static bool stops(enum cp_outcome outcome)
{
	return outcome == CP_OUTCOME_FAILS || outcome == CP_OUTCOME_CRASHES;
}

/* Another base would not cure these: they are Node's version, not the libc. */
static bool blames_template(enum cp_cause cause)
{
	return cause != CP_CAUSE_NODE_ABI && cause != CP_CAUSE_NODE_API_VERSION;
}

static char *sentence(const struct matter *about, const char *label, const struct cp_object *object,
	size_t target)
{
	cp_cleanup_free char *reason = NULL;
	char *line = NULL;
	if (object)
		reason = cp_reason(object, &about->scan->targets[target], &object->loads[target]);
	if (asprintf(&line, "%s %s", label,
		    reason ? reason : "has no build for it, and none can be had") < 0)
		return NULL;
	return line;
}

/* Files a failure where it belongs: against the template, or beside it. */
static int file_failure(const struct matter *about, size_t target, const char *label,
	enum cp_cause cause, const struct cp_object *object, struct cp_reasons *against,
	struct cp_error **err)
{
	struct cp_reasons *where = blames_template(cause) ? against : &about->out->not_the_template;
	return take_line(where, sentence(about, label, object, target), err);
}

/* Where the simulation says that an object fails on the template that the service runs on, and it
 * was seen to load there, the observation wins. A load says nothing of a crash at a later call. */
static bool is_outweighed(const struct matter *about, const struct cp_template *template,
	size_t target, enum cp_outcome outcome, const struct cp_object *object)
{
	return outcome == CP_OUTCOME_FAILS && object && template == about->current &&
	       cp_observed_loaded(
		       about->observed, object->path, about->scan->targets[target].target.libc);
}

static int say_outweighed(struct matter *about, const char *label, const struct cp_object *object,
	size_t target, struct cp_error **err)
{
	cp_cleanup_free char *simulated = sentence(about, label, object, target);
	about->n_outweighed++;
	return add_line(&about->out->why, err, "observed: %s loaded on %s; simulated: %s",
		object->path, about->current->name, simulated ? simulated : label);
}

static int judge_packages(struct matter *about, const struct cp_template *template, size_t target,
	struct cp_reasons *against, struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_results; i++) {
		const struct cp_package_result *result = &about->scan->results[i];
		const struct cp_verdict *verdict = &result->verdicts[target];
		if (!stops(verdict->outcome))
			continue;
		cp_cleanup_free char *label = cp_package_label(result->package);
		if (!label)
			return cp_error_set(err, ENOMEM, "out of memory");
		int filed =
			is_outweighed(about, template, target, verdict->outcome, verdict->object)
				? say_outweighed(about, label, verdict->object, target, err)
				: file_failure(about, target, label, verdict->cause,
					  verdict->object, against, err);
		if (filed < 0)
			return -1;
	}
	return 0;
}

/* Native code of the service that no package owns: its own addons, programs copied in. */
static int judge_objects(struct matter *about, const struct cp_template *template, size_t target,
	struct cp_reasons *against, struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_objects; i++) {
		const struct cp_object *object = &about->scan->objects[i];
		const struct cp_load *load = &object->loads[target];
		if (object->system || object->package || !stops(load->outcome))
			continue;
		int filed = is_outweighed(about, template, target, load->outcome, object)
				    ? say_outweighed(about, object->path, object, target, err)
				    : file_failure(about, target, object->path, load->cause, object,
					      against, err);
		if (filed < 0)
			return -1;
	}
	return 0;
}

static bool service_has_native(const struct cp_scan *scan)
{
	for (size_t i = 0; i < scan->n_objects; i++)
		if (!scan->objects[i].system)
			return true;
	return false;
}

/* --- the packages of the distribution that a template lacks ------------------------- */

static bool template_adds(const struct cp_template *template, const char *package)
{
	for (size_t i = 0; i < template->n_packages; i++)
		if (strcmp(template->packages[i], package) == 0)
			return true;
	return false;
}

static int add_package(struct cp_recommendation *out, const char *package, struct cp_error **err)
{
	for (size_t i = 0; i < out->n_add_packages; i++)
		if (strcmp(out->add_packages[i], package) == 0)
			return 0;
	char **grown = reallocarray(
		out->add_packages, out->n_add_packages + 1, sizeof(*out->add_packages));
	if (!grown)
		return cp_error_set(err, ENOMEM, "out of memory");
	out->add_packages = grown;
	out->add_packages[out->n_add_packages] = strdup(package);
	if (!out->add_packages[out->n_add_packages])
		return cp_error_set(err, ENOMEM, "out of memory");
	out->n_add_packages++;
	return 0;
}

static int collect_packages(const struct matter *about, const struct cp_template *template,
	size_t target, struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_objects; i++) {
		const struct cp_object *object = &about->scan->objects[i];
		const struct cp_load *load = &object->loads[target];
		if (object->system || load->outcome != CP_OUTCOME_LOADS_WITH)
			continue;
		for (size_t k = 0; k < load->n_add_packages; k++)
			if (!template_adds(template, load->add_packages[k]) &&
				add_package(about->out, load->add_packages[k], err) < 0)
				return -1;
	}
	return 0;
}

/* --- why --------------------------------------------------------------------------- */

static int say_installs(const struct matter *about, size_t target, struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_results; i++) {
		const struct cp_package_result *result = &about->scan->results[i];
		const struct cp_verdict *verdict = &result->verdicts[target];
		if (!verdict->brings || !verdict->how)
			continue;
		cp_cleanup_free char *label = cp_package_label(result->package);
		const char *deed = strcmp(verdict->how, "buildable") == 0 ? "builds" : "brings";
		if (!label || add_line(&about->out->why, err, "%s: a fresh install there %s %s",
				      label, deed, verdict->brings) < 0)
			return -1;
	}
	return 0;
}

static int say_why(const struct matter *about, const struct cp_template *template, size_t target,
	struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	if (!out->has_native && out->n_passed_over)
		return add_line(
			&out->why, err, "has no native code that could fail on %s", template->base);
	if (!out->has_native)
		return add_line(&out->why, err,
			"has no native code: any base serves, and %s comes first", template->name);
	const char *whole = about->n_outweighed ? "everything else" : "everything native";
	if (add_line(&out->why, err, "%s loads on %s", whole, template->base) < 0 ||
		say_installs(about, target, err) < 0 ||
		collect_packages(about, template, target, err) < 0)
		return -1;
	for (size_t i = 0; i < out->n_add_packages; i++)
		if (add_line(&out->why, err, "%s has to add the package %s", template->name,
			    out->add_packages[i]) < 0)
			return -1;
	return 0;
}

/* --- what was observed --------------------------------------------------------------- */

/* A library that the simulation knows a package of the distribution for, on target `target`. */
static bool is_to_be_added(
	const struct matter *about, size_t target, const struct cp_observed_failure *failure)
{
	if (failure->cause != CP_BECAUSE_MISSING_LIBRARY || !failure->object)
		return false;
	for (size_t i = 0; i < about->scan->n_objects; i++) {
		const struct cp_object *object = &about->scan->objects[i];
		const struct cp_load *load = &object->loads[target];
		if (object->system || load->outcome != CP_OUTCOME_LOADS_WITH)
			continue;
		for (size_t k = 0; k < load->n_problems; k++)
			if (load->problems[k].subject &&
				strcmp(load->problems[k].subject, failure->object) == 0)
				return true;
	}
	return false;
}

/* Files what was seen on the current template to be its fault. */
static int file_blame(const struct matter *about, const struct cp_observed_failure *failure,
	struct cp_reasons *against, struct cp_error **err)
{
	struct cp_reasons *why = &about->out->why;
	const char *name = about->current->name;
	if (!about->scan)
		return add_line(against, err, "observed: %s", failure->text);
	size_t target = target_of(about, (size_t)(about->current - about->catalogue->templates));
	if (!cp_observed_fits(failure->libc, about->scan->targets[target].target.libc))
		return add_line(why, err, "observed, but on another libc than %s has: %s", name,
			failure->text);
	if (is_to_be_added(about, target, failure))
		return add_line(why, err, "observed, and %s is to add a package for it: %s", name,
			failure->text);
	return add_line(against, err, "observed: %s", failure->text);
}

/* Files what a trace saw: against the template that the service runs on, or beside it. */
static int file_observed(const struct matter *about, const struct cp_observed_failure *failure,
	struct cp_reasons *against, struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	if (failure->blames_template == CP_NO)
		return add_line(&out->not_the_template, err, "observed: %s", failure->text);
	if (failure->blames_template == CP_UNKNOWN)
		return add_line(&out->why, err, "observed, and it is not known whose fault: %s",
			failure->text);
	if (!about->current)
		return add_line(&out->why, err,
			"observed, but not on a template of the catalogue: %s", failure->text);
	return file_blame(about, failure, against, err);
}

static int weigh_observed(
	const struct matter *about, struct cp_reasons *against, struct cp_error **err)
{
	const struct cp_observed *observed = about->observed;
	for (size_t i = 0; observed && i < observed->n_failures; i++)
		if (file_observed(about, &observed->failures[i], against, err) < 0)
			return -1;
	return observed && observed->more ? add_line(&about->out->why, err,
						    "observed: %llu more failures than are listed",
						    (unsigned long long)observed->more)
					  : 0;
}

static enum cp_libc current_libc(const struct matter *about)
{
	if (!about->current || !about->scan)
		return CP_LIBC_NONE;
	size_t template = (size_t)(about->current - about->catalogue->templates);
	return about->scan->targets[target_of(about, template)].target.libc;
}

/* The service was seen to run on the template that is recommended. */
static int say_confirmed(struct matter *about, struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	size_t count = cp_observed_count(about->observed, current_libc(about));
	if (out->template != about->current || !count)
		return 0;
	out->confidence = CP_CONFIDENCE_OBSERVED;
	return add_line(&out->why, err, "observed: %zu addon%s loaded on %s", count,
		count == 1 ? "" : "s", out->template->name);
}

static int move_lines(struct cp_reasons *to, struct cp_reasons *from, struct cp_error **err)
{
	for (size_t i = 0; i < from->count; i++)
		if (add_line(to, err, "%s", from->lines[i]) < 0)
			return -1;
	clear_reasons(from);
	return 0;
}

/* The first template on which nothing fails or crashes. `observed` is what was seen to fail on the
 * current one, and emptied where that one is looked at. */
static int choose(struct matter *about, struct cp_reasons *observed, struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	size_t count = about->catalogue->n_templates;
	for (size_t i = 0; i < count; i++) {
		const struct cp_template *template = &about->catalogue->templates[i];
		struct cp_passed_over *over = &out->passed_over[out->n_passed_over];
		size_t target = target_of(about, i);
		if (template == about->current) {
			if (observed->count)
				out->confidence = CP_CONFIDENCE_OBSERVED;
			if (move_lines(&over->because, observed, err) < 0)
				return -1;
		}
		out->n_passed_over++; /* unless there is nothing against it */
		if (judge_packages(about, template, target, &over->because, err) < 0 ||
			judge_objects(about, template, target, &over->because, err) < 0)
			return -1;
		over->template = template;
		if (over->because.count)
			continue;
		out->n_passed_over--;
		out->template = template;
		return say_why(about, template, target, err) < 0 ? -1 : say_confirmed(about, err);
	}
	return add_line(&out->why, err, "no template of the catalogue serves");
}

/* Judges with a scan, or (without one) files what was observed only. */
static int weigh(struct matter *about, struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	struct cp_reasons observed = {0};
	size_t count = about->catalogue->n_templates;
	out->passed_over = calloc(count ? count : 1, sizeof(*out->passed_over));
	int result = out->passed_over ? 0 : cp_error_set(err, ENOMEM, "out of memory");
	if (result == 0)
		result = weigh_observed(about, &observed, err);
	if (result == 0 && out->confidence != CP_CONFIDENCE_NONE)
		result = choose(about, &observed, err);
	/* The current template was not looked at: an earlier one serves, or nothing was judged. */
	for (size_t i = 0; result == 0 && i < observed.count; i++)
		result = add_line(&out->why, err, "observed on %s%s", about->current->name,
			observed.lines[i] + strlen("observed"));
	clear_reasons(&observed);
	return result;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The template that the service is built from now: by its Dockerfile's name, since contexts differ.
 */
static int find_current(struct matter *about, struct cp_error **err)
{
	const char *dockerfile = about->out->service->dockerfile;
	for (size_t i = 0; dockerfile && i < about->catalogue->n_templates; i++) {
		const struct cp_template *template = &about->catalogue->templates[i];
		if (!template->dockerfile ||
			strcmp(base_name(template->dockerfile), base_name(dockerfile)) != 0)
			continue;
		about->current = template;
		about->out->current_template = strdup(template->name);
		return about->out->current_template ? 0
						    : cp_error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

static int note_missing(struct cp_recommendation *out, const struct cp_missing_module *missing,
	size_t count, struct cp_error **err)
{
	for (size_t i = 0; i < count; i++)
		if (add_line(&out->not_the_template, err, "%s (required by %s)", missing[i].message,
			    missing[i].imported_by) < 0)
			return -1;
	return 0;
}

int cp_recommend_service(const struct cp_compose_service *service,
	const struct cp_catalogue *catalogue, const struct cp_scan *scan,
	const struct cp_missing_module *missing, size_t n_missing, const char *problem,
	const struct cp_observed *observed, struct cp_recommendation *recommendation,
	struct cp_error **err)
{
	struct matter about = {catalogue, scan, recommendation, .observed = observed};
	*recommendation = (struct cp_recommendation){.service = service};
	if (find_current(&about, err) < 0)
		return -1;
	if (!scan)
		return add_line(&recommendation->not_the_template, err, "%s",
			       problem ? problem : "no image could be read") < 0
			       ? -1
			       : weigh(&about, err);
	recommendation->image = strdup(scan->image->ref);
	if (!recommendation->image)
		return cp_error_set(err, ENOMEM, "out of memory");
	recommendation->has_node = scan->node != NULL || scan->node_version != NULL;
	recommendation->has_native = service_has_native(scan);
	recommendation->prunable_bytes = scan->prunable_bytes;
	if (note_missing(recommendation, missing, n_missing, err) < 0)
		return -1;
	if (recommendation->has_node)
		recommendation->confidence = CP_CONFIDENCE_SIMULATED;
	else if (add_line(&recommendation->why, err,
			 "has no Node: the templates are not meant for it") < 0)
		return -1;
	return weigh(&about, err);
}
