/* SPDX-License-Identifier: MIT
 *
 * Recommendation on scans filled by hand: which template, and what is held against which.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "recommend.h"

#define ALPINE 0
#define DEBIAN 1

static struct cp_template templates[] = {
	{.name = "alpine", .dockerfile = "docker/alpine.Dockerfile", .base = "node:20-alpine"},
	{.name = "debian",
		.dockerfile = "docker/debian.Dockerfile",
		.base = "node:20-bullseye-slim"},
};
static const struct cp_catalogue catalogue = {.templates = templates, .n_templates = 2};
static struct cp_package bridge = {
	.name = "@temporalio/core-bridge", .version = "1.24.0", .path = "/app/node_modules/b"};

/* One service whose only addon has an outcome per template. */
struct scene {
	struct cp_image image;
	struct cp_scan scan;
	struct cp_scan_target targets[2];
	struct cp_facts facts;
	struct cp_load loads[2];
	struct cp_problem problems[2];
	struct cp_object object;
	struct cp_verdict verdicts[2];
	struct cp_package_result result;
	struct cp_compose_service service;
	const struct cp_observed *observed;
	struct cp_recommendation out;
};

static void begin(struct scene *scene)
{
	memset(scene, 0, sizeof(*scene));
	scene->image.ref = "docker-archive:workflow.tar";
	for (size_t i = 0; i < 2; i++) {
		scene->targets[i].name = templates[i].base;
		scene->targets[i].target.libc = i == ALPINE ? CP_LIBC_MUSL : CP_LIBC_GLIBC;
	}
	scene->facts.libc = CP_LIBC_GLIBC;
	scene->object = (struct cp_object){.path = "/app/node_modules/b/index.node",
		.package = &bridge,
		.facts = &scene->facts,
		.loads = scene->loads};
	scene->result = (struct cp_package_result){&bridge, scene->verdicts};
	scene->scan = (struct cp_scan){.image = &scene->image,
		.node_version = "20.20.2",
		.targets = scene->targets,
		.n_targets = 2,
		.objects = &scene->object,
		.n_objects = 1,
		.results = &scene->result,
		.n_results = 1};
	scene->service = (struct cp_compose_service){
		.name = "workflow", .dockerfile = "docker/alpine.Dockerfile"};
	for (size_t i = 0; i < 2; i++)
		scene->verdicts[i] = (struct cp_verdict){
			.outcome = CP_OUTCOME_LOADS, .object = &scene->object, .how = "installed"};
}

static void spoil(struct scene *scene, size_t target, enum cp_outcome outcome, enum cp_cause cause,
	char *subject)
{
	scene->problems[target] = (struct cp_problem){
		.cause = cause, .object = scene->object.path, .subject = subject};
	scene->loads[target] = (struct cp_load){.outcome = outcome,
		.cause = cause,
		.problems = &scene->problems[target],
		.n_problems = 1};
	scene->verdicts[target].outcome = outcome;
	scene->verdicts[target].cause = cause;
}

static void recommend(struct scene *scene)
{
	assert_int_equal(cp_recommend_service(&scene->service, &catalogue, &scene->scan, NULL, 0,
				 NULL, scene->observed, &scene->out, NULL),
		0);
}

static void the_first_template_wins_where_all_loads(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.n_passed_over, 0);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	assert_string_equal(scene.out.current_template, "alpine");
	cp_recommendation_clear(&scene.out);
}

static void a_failure_passes_the_template_over(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	spoil(&scene, ALPINE, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LOADER, "ld-linux-x86-64.so.2");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[DEBIAN]);
	assert_int_equal(scene.out.n_passed_over, 1);
	assert_ptr_equal(scene.out.passed_over[0].template, &templates[ALPINE]);
	assert_non_null(strstr(scene.out.passed_over[0].because.lines[0], "core-bridge@1.24.0"));
	assert_non_null(strstr(scene.out.passed_over[0].because.lines[0], "ld-linux-x86-64.so.2"));
	cp_recommendation_clear(&scene.out);
}

static void a_crash_counts_as_a_failure(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	spoil(&scene, ALPINE, CP_OUTCOME_CRASHES, CP_CAUSE_MISSING_SYMBOL, "fcntl64");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[DEBIAN]);
	cp_recommendation_clear(&scene.out);
}

static void the_node_version_is_not_the_templates_fault(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (size_t i = 0; i < 2; i++)
		spoil(&scene, i, CP_OUTCOME_CRASHES, CP_CAUSE_NODE_API_VERSION, "Node-API 10");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.n_passed_over, 0);
	assert_int_equal(scene.out.not_the_template.count, 1);
	cp_recommendation_clear(&scene.out);
}

static void nothing_is_recommended_where_all_fail(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	for (size_t i = 0; i < 2; i++)
		spoil(&scene, i, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LIBRARY, "libnowhere.so.1");
	recommend(&scene);
	assert_null(scene.out.template);
	assert_int_equal(scene.out.n_passed_over, 2);
	cp_recommendation_clear(&scene.out);
}

static void packages_to_add_are_those_the_template_lacks(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	char *cairo[] = {"cairo", "pango"}, *has[] = {"pango"};
	spoil(&scene, ALPINE, CP_OUTCOME_LOADS_WITH, CP_CAUSE_MISSING_LIBRARY, "libcairo.so.2");
	scene.loads[ALPINE].add_packages = cairo;
	scene.loads[ALPINE].n_add_packages = 2;
	templates[ALPINE].packages = has;
	templates[ALPINE].n_packages = 1;
	recommend(&scene);
	templates[ALPINE].packages = NULL;
	templates[ALPINE].n_packages = 0;
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.n_add_packages, 1);
	assert_string_equal(scene.out.add_packages[0], "cairo");
	cp_recommendation_clear(&scene.out);
}

static void missing_modules_are_told_apart(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct cp_missing_module missing = {.name = "kafkajs",
		.imported_by = "/app/index.js",
		.message = "Cannot find module 'kafkajs'"};
	assert_int_equal(cp_recommend_service(&scene.service, &catalogue, &scene.scan, &missing, 1,
				 NULL, NULL, &scene.out, NULL),
		0);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_non_null(strstr(scene.out.not_the_template.lines[0], "'kafkajs'"));
	cp_recommendation_clear(&scene.out);
}

static void a_service_without_an_image_is_answered(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	assert_int_equal(cp_recommend_service(&scene.service, &catalogue, NULL, NULL, 0,
				 "no such image", NULL, &scene.out, NULL),
		0);
	assert_null(scene.out.template);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_NONE);
	assert_string_equal(scene.out.not_the_template.lines[0], "no such image");
	cp_recommendation_clear(&scene.out);
}

static void a_service_without_node_or_native_code_is_answered(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	scene.scan.node_version = NULL;
	recommend(&scene);
	assert_null(scene.out.template);
	assert_false(scene.out.has_node);
	assert_int_equal(scene.out.why.count, 1);
	cp_recommendation_clear(&scene.out);
	begin(&scene);
	scene.scan.n_objects = scene.scan.n_results = 0;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_false(scene.out.has_native);
	cp_recommendation_clear(&scene.out);
}

/* --- with what was observed ------------------------------------------------------------- */

static char path[] = "/app/node_modules/b/index.node";

static struct cp_observed_failure saw(char *text, enum cp_answer blames, enum cp_event_libc libc)
{
	return (struct cp_observed_failure){
		.text = text, .needed_by = path, .blames_template = blames, .libc = libc};
}

static void an_observed_failure_passes_the_template_over(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene);
	struct cp_observed_failure failure =
		saw("dlopen failed: no loader", CP_YES, CP_EVENT_LIBC_MUSL);
	struct cp_observed observed = {.failures = &failure, .n_failures = 1};
	scene.observed = &observed;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[DEBIAN]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_OBSERVED);
	assert_int_equal(scene.out.n_passed_over, 1);
	assert_string_equal(
		scene.out.passed_over[0].because.lines[0], "observed: dlopen failed: no loader");
	cp_recommendation_clear(&scene.out);
	/* together with the simulation, each in its own words */
	begin(&scene);
	scene.observed = &observed;
	spoil(&scene, ALPINE, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LOADER, "ld-linux-x86-64.so.2");
	recommend(&scene);
	assert_int_equal(scene.out.passed_over[0].because.count, 2);
	assert_null(strstr(scene.out.passed_over[0].because.lines[1], "observed"));
	cp_recommendation_clear(&scene.out);
}

static void a_failure_elsewhere_is_told_but_does_not_count(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene); /* on another libc: the service has moved since */
	struct cp_observed_failure failure =
		saw("dlopen failed: no loader", CP_YES, CP_EVENT_LIBC_GLIBC);
	struct cp_observed observed = {.failures = &failure, .n_failures = 1};
	scene.observed = &observed;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	assert_string_equal(scene.out.why.lines[0],
		"observed, but on another libc than alpine has: dlopen failed: no loader");
	cp_recommendation_clear(&scene.out);
	begin(&scene); /* on no template */
	scene.service.dockerfile = "other.Dockerfile";
	scene.observed = &observed;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_string_equal(scene.out.why.lines[0],
		"observed, but not on a template of the catalogue: dlopen failed: no loader");
	cp_recommendation_clear(&scene.out);
	begin(&scene); /* on a later template: the first serves all the same */
	scene.service.dockerfile = "docker/debian.Dockerfile";
	scene.observed = &observed;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	assert_string_equal(scene.out.why.lines[scene.out.why.count - 1],
		"observed on debian: dlopen failed: no loader");
	cp_recommendation_clear(&scene.out);
}

static void an_observed_load_outweighs_the_simulation(void **state)
{
	(void)state;
	struct scene scene;
	struct cp_observed_addon addon = {path, CP_EVENT_LIBC_MUSL};
	struct cp_observed observed = {.addons = &addon, .n_addons = 1};
	begin(&scene);
	scene.observed = &observed;
	spoil(&scene, ALPINE, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LOADER, "ld-linux-x86-64.so.2");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_OBSERVED);
	assert_non_null(strstr(scene.out.why.lines[0],
		"observed: /app/node_modules/b/index.node loaded on alpine; simulated: "
		"@temporalio/core-bridge@1.24.0 "));
	assert_string_equal(scene.out.why.lines[1], "everything else loads on node:20-alpine");
	assert_string_equal(scene.out.why.lines[2], "observed: 1 addon loaded on alpine");
	cp_recommendation_clear(&scene.out);
	/* but a load says nothing of a crash later */
	begin(&scene);
	scene.observed = &observed;
	spoil(&scene, ALPINE, CP_OUTCOME_CRASHES, CP_CAUSE_MISSING_SYMBOL, "fcntl64");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[DEBIAN]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	cp_recommendation_clear(&scene.out);
	/* nor does one of several loads, where another failed */
	struct cp_observed_failure failure = saw("dlopen failed", CP_UNKNOWN, CP_EVENT_LIBC_MUSL);
	observed.failures = &failure;
	observed.n_failures = 1;
	begin(&scene);
	scene.observed = &observed;
	spoil(&scene, ALPINE, CP_OUTCOME_FAILS, CP_CAUSE_MISSING_LOADER, "ld-linux-x86-64.so.2");
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[DEBIAN]);
	cp_recommendation_clear(&scene.out);
}

static void an_observed_load_confirms(void **state)
{
	(void)state;
	struct scene scene;
	struct cp_observed_addon addon = {path, CP_EVENT_LIBC_MUSL};
	struct cp_observed observed = {.addons = &addon, .n_addons = 1};
	begin(&scene);
	scene.observed = &observed;
	recommend(&scene);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_OBSERVED);
	assert_string_equal(scene.out.why.lines[0], "everything native loads on node:20-alpine");
	assert_string_equal(scene.out.why.lines[1], "observed: 1 addon loaded on alpine");
	cp_recommendation_clear(&scene.out);
	addon.libc = CP_EVENT_LIBC_GLIBC; /* elsewhere */
	begin(&scene);
	scene.observed = &observed;
	recommend(&scene);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	cp_recommendation_clear(&scene.out);
}

static void what_another_template_would_not_cure_is_kept_apart(void **state)
{
	(void)state;
	struct scene scene;
	struct cp_observed_failure failures[] = {
		saw("module not found: Cannot find module 'kafkajs'", CP_NO, CP_EVENT_LIBC_UNKNOWN),
		saw("crashed: killed by SIGSEGV", CP_UNKNOWN, CP_EVENT_LIBC_MUSL)};
	struct cp_observed observed = {.failures = failures, .n_failures = 2};
	begin(&scene);
	scene.observed = &observed;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_SIMULATED);
	assert_string_equal(scene.out.not_the_template.lines[0],
		"observed: module not found: Cannot find module 'kafkajs'");
	assert_string_equal(scene.out.why.lines[0],
		"observed, and it is not known whose fault: crashed: killed by SIGSEGV");
	cp_recommendation_clear(&scene.out);
}

static void a_library_to_be_added_does_not_pass_the_template_over(void **state)
{
	(void)state;
	struct scene scene;
	char *cairo[] = {"cairo"};
	struct cp_observed_failure failure =
		saw("dlopen failed: libcairo.so.2", CP_YES, CP_EVENT_LIBC_MUSL);
	failure.object = "libcairo.so.2";
	failure.cause = CP_BECAUSE_MISSING_LIBRARY;
	struct cp_observed observed = {.failures = &failure, .n_failures = 1};
	begin(&scene);
	scene.observed = &observed;
	spoil(&scene, ALPINE, CP_OUTCOME_LOADS_WITH, CP_CAUSE_MISSING_LIBRARY, "libcairo.so.2");
	scene.loads[ALPINE].add_packages = cairo;
	scene.loads[ALPINE].n_add_packages = 1;
	recommend(&scene);
	assert_ptr_equal(scene.out.template, &templates[ALPINE]);
	assert_int_equal(scene.out.n_add_packages, 1);
	assert_string_equal(scene.out.why.lines[0],
		"observed, and alpine is to add a package for it: dlopen failed: libcairo.so.2");
	cp_recommendation_clear(&scene.out);
}

static void without_an_image_what_was_observed_is_told(void **state)
{
	(void)state;
	struct scene scene;
	struct cp_observed_failure failures[] = {saw("no loader", CP_YES, CP_EVENT_LIBC_MUSL),
		saw("no kafkajs", CP_NO, CP_EVENT_LIBC_UNKNOWN)};
	struct cp_observed observed = {.failures = failures, .n_failures = 2};
	begin(&scene);
	assert_int_equal(cp_recommend_service(&scene.service, &catalogue, NULL, NULL, 0,
				 "no such image", &observed, &scene.out, NULL),
		0);
	assert_null(scene.out.template);
	assert_int_equal(scene.out.confidence, CP_CONFIDENCE_NONE);
	assert_string_equal(scene.out.not_the_template.lines[0], "no such image");
	assert_string_equal(scene.out.not_the_template.lines[1], "observed: no kafkajs");
	assert_string_equal(scene.out.why.lines[0], "observed on alpine: no loader");
	cp_recommendation_clear(&scene.out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_template_wins_where_all_loads),
		cmocka_unit_test(a_failure_passes_the_template_over),
		cmocka_unit_test(a_crash_counts_as_a_failure),
		cmocka_unit_test(the_node_version_is_not_the_templates_fault),
		cmocka_unit_test(nothing_is_recommended_where_all_fail),
		cmocka_unit_test(packages_to_add_are_those_the_template_lacks),
		cmocka_unit_test(missing_modules_are_told_apart),
		cmocka_unit_test(a_service_without_an_image_is_answered),
		cmocka_unit_test(a_service_without_node_or_native_code_is_answered),
		cmocka_unit_test(an_observed_failure_passes_the_template_over),
		cmocka_unit_test(a_failure_elsewhere_is_told_but_does_not_count),
		cmocka_unit_test(an_observed_load_outweighs_the_simulation),
		cmocka_unit_test(an_observed_load_confirms),
		cmocka_unit_test(what_another_template_would_not_cure_is_kept_apart),
		cmocka_unit_test(a_library_to_be_added_does_not_pass_the_template_over),
		cmocka_unit_test(without_an_image_what_was_observed_is_told),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
