/* SPDX-License-Identifier: MIT
 *
 * How objects are rolled up to packages: variants by path, best of a group, worst
 * of the groups.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "scan_parts.h"

#define MAX_OBJECTS 16

/* A scan of one target, filled by hand. */
struct scene {
	struct cp_scan scan;
	struct cp_scan_target target;
	struct cp_object objects[MAX_OBJECTS];
	struct cp_load loads[MAX_OBJECTS];
	struct cp_facts facts[MAX_OBJECTS];
};

static struct cp_package bcrypt = {
	.name = "bcrypt", .version = "6.0.0", .path = "/app/node_modules/bcrypt"};
static struct cp_package zeromq = {
	.name = "zeromq", .version = "6.8.0", .path = "/app/node_modules/zeromq"};

static void begin(struct scene *scene, enum cp_libc libc)
{
	memset(scene, 0, sizeof(*scene));
	scene->target.target.libc = libc;
	scene->scan.targets = &scene->target;
	scene->scan.n_targets = 1;
	scene->scan.objects = scene->objects;
}

static void put(struct scene *scene, struct cp_package *package, char *path, enum cp_libc libc,
	enum cp_outcome outcome)
{
	size_t at = scene->scan.n_objects++;
	scene->facts[at].libc = libc;
	scene->loads[at].outcome = outcome;
	scene->objects[at] = (struct cp_object){.path = path,
		.package = package,
		.facts = &scene->facts[at],
		.loads = &scene->loads[at]};
}

static const struct cp_verdict *judge(struct scene *scene, size_t results)
{
	assert_int_equal(cp_scan_packages(&scene->scan, NULL), 0);
	assert_int_equal(scene->scan.n_results, results);
	return &scene->scan.results[0].verdicts[0];
}

static void end(struct scene *scene)
{
	for (size_t i = 0; i < scene->scan.n_results; i++)
		free(scene->scan.results[i].verdicts);
	free(scene->scan.results);
}

static void variants_of_one_addon_give_the_best(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene, CP_LIBC_MUSL);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.glibc.node",
		CP_LIBC_GLIBC, CP_OUTCOME_FAILS);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.musl.node",
		CP_LIBC_MUSL, CP_OUTCOME_LOADS);
	const struct cp_verdict *verdict = judge(&scene, 1);
	assert_int_equal(verdict->outcome, CP_OUTCOME_LOADS);
	assert_string_equal(verdict->how, "installed");
	end(&scene);
}

static void among_equals_the_build_for_the_targets_libc_stands(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene, CP_LIBC_MUSL);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.glibc.node",
		CP_LIBC_GLIBC, CP_OUTCOME_LOADS);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.musl.node",
		CP_LIBC_MUSL, CP_OUTCOME_LOADS);
	assert_ptr_equal(judge(&scene, 1)->object, &scene.objects[1]);
	end(&scene);
}

static void two_addons_give_the_worse(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene, CP_LIBC_GLIBC);
	put(&scene, &zeromq,
		"/app/node_modules/zeromq/build/linux/x64/node/glibc-115-Release/addon.node",
		CP_LIBC_GLIBC, CP_OUTCOME_LOADS);
	put(&scene, &zeromq, "/app/node_modules/zeromq/build/linux/x64/node/108/addon.node",
		CP_LIBC_MUSL, CP_OUTCOME_FAILS);
	put(&scene, &zeromq, "/app/node_modules/zeromq/build/Release/curve.node", CP_LIBC_GLIBC,
		CP_OUTCOME_CRASHES);
	const struct cp_verdict *verdict = judge(&scene, 1);
	assert_int_equal(verdict->outcome, CP_OUTCOME_CRASHES);
	assert_ptr_equal(verdict->object, &scene.objects[2]);
	end(&scene);
}

static void foreign_builds_do_not_count(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene, CP_LIBC_MUSL);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/darwin-x64/bcrypt.node",
		CP_LIBC_NONE, CP_OUTCOME_FOREIGN);
	put(&scene, &bcrypt, "/app/node_modules/bcrypt/prebuilds/linux-x64/bcrypt.glibc.node",
		CP_LIBC_GLIBC, CP_OUTCOME_FAILS);
	put(&scene, &zeromq, "/app/node_modules/zeromq/prebuilds/win32-x64/zeromq.node",
		CP_LIBC_NONE, CP_OUTCOME_FOREIGN);
	assert_int_equal(judge(&scene, 2)->outcome, CP_OUTCOME_FAILS);
	assert_int_equal(scene.scan.results[1].verdicts[0].outcome, CP_OUTCOME_FOREIGN);
	assert_string_equal(scene.scan.results[1].verdicts[0].how, "none");
	end(&scene);
}

static void objects_without_a_package_make_no_row(void **state)
{
	(void)state;
	struct scene scene;
	begin(&scene, CP_LIBC_MUSL);
	put(&scene, NULL, "/usr/local/lib/libx.so", CP_LIBC_GLIBC, CP_OUTCOME_FAILS);
	assert_int_equal(cp_scan_packages(&scene.scan, NULL), 0);
	assert_int_equal(scene.scan.n_results, 0);
	end(&scene);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(variants_of_one_addon_give_the_best),
		cmocka_unit_test(among_equals_the_build_for_the_targets_libc_stands),
		cmocka_unit_test(two_addons_give_the_worse),
		cmocka_unit_test(foreign_builds_do_not_count),
		cmocka_unit_test(objects_without_a_package_make_no_row),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
