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

static int judge_packages(const struct matter *about, size_t target, struct cp_reasons *against,
	struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_results; i++) {
		const struct cp_package_result *result = &about->scan->results[i];
		const struct cp_verdict *verdict = &result->verdicts[target];
		if (!stops(verdict->outcome))
			continue;
		cp_cleanup_free char *label = cp_package_label(result->package);
		if (!label)
			return cp_error_set(err, ENOMEM, "out of memory");
		if (file_failure(about, target, label, verdict->cause, verdict->object, against,
			    err) < 0)
			return -1;
	}
	return 0;
}

/* Native code of the service that no package owns: its own addons, programs copied in. */
static int judge_objects(const struct matter *about, size_t target, struct cp_reasons *against,
	struct cp_error **err)
{
	for (size_t i = 0; i < about->scan->n_objects; i++) {
		const struct cp_object *object = &about->scan->objects[i];
		const struct cp_load *load = &object->loads[target];
		if (object->system || object->package || !stops(load->outcome))
			continue;
		if (file_failure(about, target, object->path, load->cause, object, against, err) <
			0)
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
	if (!out->has_native)
		return add_line(&out->why, err,
			"has no native code: any base serves, and %s comes first", template->name);
	if (add_line(&out->why, err, "everything native loads on %s", template->base) < 0 ||
		say_installs(about, target, err) < 0 ||
		collect_packages(about, template, target, err) < 0)
		return -1;
	for (size_t i = 0; i < out->n_add_packages; i++)
		if (add_line(&out->why, err, "%s has to add the package %s", template->name,
			    out->add_packages[i]) < 0)
			return -1;
	return 0;
}

/* The first template on which nothing fails or crashes. */
static int choose(const struct matter *about, struct cp_error **err)
{
	struct cp_recommendation *out = about->out;
	size_t count = about->catalogue->n_templates;
	out->passed_over = calloc(count ? count : 1, sizeof(*out->passed_over));
	if (!out->passed_over)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; i < count; i++) {
		struct cp_reasons against = {0};
		size_t target = target_of(about, i);
		if (judge_packages(about, target, &against, err) < 0 ||
			judge_objects(about, target, &against, err) < 0) {
			clear_reasons(&against);
			return -1;
		}
		if (against.count == 0) {
			out->template = &about->catalogue->templates[i];
			return say_why(about, out->template, target, err);
		}
		out->passed_over[out->n_passed_over++] =
			(struct cp_passed_over){&about->catalogue->templates[i], against};
	}
	return add_line(&out->why, err, "no template of the catalogue serves");
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');
	return slash ? slash + 1 : path;
}

/* The template that the service is built from now: by its Dockerfile's name, since contexts differ.
 */
static int find_current(
	struct cp_recommendation *out, const struct cp_catalogue *catalogue, struct cp_error **err)
{
	const char *dockerfile = out->service->dockerfile;
	for (size_t i = 0; dockerfile && i < catalogue->n_templates; i++) {
		const struct cp_template *template = &catalogue->templates[i];
		if (!template->dockerfile ||
			strcmp(base_name(template->dockerfile), base_name(dockerfile)) != 0)
			continue;
		out->current_template = strdup(template->name);
		return out->current_template ? 0 : cp_error_set(err, ENOMEM, "out of memory");
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
	struct cp_recommendation *recommendation, struct cp_error **err)
{
	struct matter about = {catalogue, scan, recommendation};
	*recommendation = (struct cp_recommendation){.service = service};
	if (find_current(recommendation, catalogue, err) < 0)
		return -1;
	if (!scan)
		return add_line(&recommendation->not_the_template, err, "%s",
			problem ? problem : "no image could be read");
	recommendation->image = strdup(scan->image->ref);
	if (!recommendation->image)
		return cp_error_set(err, ENOMEM, "out of memory");
	recommendation->has_node = scan->node != NULL || scan->node_version != NULL;
	recommendation->has_native = service_has_native(scan);
	recommendation->prunable_bytes = scan->prunable_bytes;
	if (note_missing(recommendation, missing, n_missing, err) < 0)
		return -1;
	if (!recommendation->has_node)
		return add_line(&recommendation->why, err,
			"has no Node: the templates are not meant for it");
	recommendation->confidence = CP_CONFIDENCE_SIMULATED;
	return choose(&about, err);
}
