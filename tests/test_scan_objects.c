/* SPDX-License-Identifier: MIT
 *
 * What an object's name and its package.json say against what the object is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>
#include <jansson.h>
#include <stdio.h>

#include "scan_parts.h"

#define PLACE "/app/node_modules/x"

/* What a package called `name` with that package.json says of an object at `path` in it. */
static struct cp_object declare(
	const char *name, const char *manifest, const char *path, const struct cp_facts *facts)
{
	static char whole[256];
	json_t *platform = json_loads(manifest, 0, NULL);
	struct cp_package package = {
		.name = (char *)name, .path = (char *)PLACE, .platform = platform};
	struct cp_object object = {
		.path = whole, .package = &package, .facts = facts, .content = CP_CONTENT_ELF};
	assert_non_null(platform);
	snprintf(whole, sizeof(whole), "%s/%s", PLACE, path);
	cp_scan_declare(&object);
	json_decref(platform);
	object.package = NULL;
	return object;
}

static unsigned contradicted(
	const char *name, const char *manifest, const char *path, enum cp_libc real)
{
	struct cp_facts facts = {.libc = real,
		.os = CP_OS_LINUX,
		.machine = EM_X86_64,
		.elf_class = ELFCLASS64,
		.encoding = ELFDATA2LSB};
	return declare(name, manifest, path, &facts).contradicted;
}

static void a_name_that_says_the_other_libc_lies(void **state)
{
	(void)state;
	unsigned libc = CP_SAYS_OTHER_LIBC;
	assert_int_equal(contradicted("x", "{}", "linux-x64/x.musl.node", CP_LIBC_GLIBC), libc);
	assert_int_equal(contradicted("x", "{}", "linux-x64/x.glibc.node", CP_LIBC_MUSL), libc);
	assert_int_equal(contradicted("x-linux-x64-musl", "{}", "x.node", CP_LIBC_GLIBC), libc);
}

static void a_name_that_says_nothing_or_the_truth_does_not(void **state)
{
	(void)state;
	assert_int_equal(contradicted("x", "{}", "x.node", CP_LIBC_GLIBC), 0);
	assert_int_equal(contradicted("x", "{}", "x.musl.node", CP_LIBC_MUSL), 0);
	/* A static program runs under either name. */
	assert_int_equal(contradicted("x", "{}", "x.musl.node", CP_LIBC_NONE), 0);
	assert_int_equal(declare("x", "{}", "x.musl.node", NULL).contradicted, 0);
	/* The path speaks of the object, the package's name of the package. */
	assert_int_equal(contradicted("x-musl", "{}", "glibc/x.node", CP_LIBC_GLIBC), 0);
}

static void a_package_json_that_says_the_other_libc_lies(void **state)
{
	(void)state;
	unsigned libc = CP_SAYS_OTHER_LIBC;
	assert_int_equal(contradicted("x", "{\"libc\":[\"musl\"]}", "x.node", CP_LIBC_GLIBC), libc);
	assert_int_equal(contradicted("x", "{\"libc\":[\"glibc\"]}", "x.node", CP_LIBC_MUSL), libc);
	assert_int_equal(contradicted("x", "{\"libc\":\"musl\"}", "x.node", CP_LIBC_GLIBC), libc);
	assert_int_equal(contradicted("x", "{\"libc\":[\"!musl\"]}", "x.node", CP_LIBC_MUSL), libc);
	struct cp_facts facts = {.libc = CP_LIBC_GLIBC};
	struct cp_object object = declare("x", "{\"libc\":[\"musl\"]}", "x.node", &facts);
	assert_int_equal(object.declared, CP_LIBC_MUSL);
	assert_true(object.declared_in_manifest);
}

static void a_package_json_that_allows_both_or_says_the_truth_does_not(void **state)
{
	(void)state;
	assert_int_equal(
		contradicted("x", "{\"libc\":[\"glibc\",\"musl\"]}", "x.node", CP_LIBC_MUSL), 0);
	assert_int_equal(contradicted("x", "{\"libc\":[\"musl\"]}", "x.node", CP_LIBC_MUSL), 0);
	assert_int_equal(contradicted("x", "{\"libc\":[\"any\"]}", "x.node", CP_LIBC_MUSL), 0);
	assert_int_equal(contradicted("x", "{\"libc\":[]}", "x.node", CP_LIBC_MUSL), 0);
	assert_int_equal(contradicted("x", "{\"libc\":7}", "x.node", CP_LIBC_MUSL), 0);
}

/* Of a package's name and its package.json either can be the wrong one. */
static void one_wrong_word_is_enough(void **state)
{
	(void)state;
	struct cp_facts facts = {.libc = CP_LIBC_GLIBC};
	struct cp_object object = declare("x-musl", "{\"libc\":[\"glibc\"]}", "x.node", &facts);
	assert_int_equal(object.contradicted, CP_SAYS_OTHER_LIBC);
	assert_false(object.declared_in_manifest);
	object = declare("x-gnu", "{\"libc\":[\"musl\"]}", "x.node", &facts);
	assert_int_equal(object.contradicted, CP_SAYS_OTHER_LIBC);
	assert_true(object.declared_in_manifest);
}

static void os_and_cpu_count_where_one_is_named(void **state)
{
	(void)state;
	unsigned os = CP_SAYS_OTHER_OS, cpu = CP_SAYS_OTHER_CPU;
	const char *both = "{\"os\":[\"darwin\"],\"cpu\":[\"arm64\"]}";
	assert_int_equal(contradicted("x", both, "x.node", CP_LIBC_GLIBC), os | cpu);
	assert_int_equal(
		contradicted("x", "{\"os\":[\"linux\"],\"cpu\":[\"x64\"]}", "x", CP_LIBC_GLIBC), 0);
	assert_int_equal(contradicted("x", "{\"cpu\":\"arm64\"}", "x", CP_LIBC_GLIBC), cpu);
	assert_int_equal(
		contradicted("x", "{\"os\":[\"darwin\",\"win32\"]}", "x", CP_LIBC_GLIBC), 0);
	assert_int_equal(contradicted("x", "{\"os\":[\"!linux\"]}", "x", CP_LIBC_GLIBC), 0);
	json_t *platform = json_loads("{\"os\":[\"linux\"]}", 0, NULL);
	struct cp_package package = {.name = "x", .path = PLACE, .platform = platform};
	struct cp_object object = {
		.path = PLACE "/x.node", .package = &package, .content = CP_CONTENT_MACHO};
	cp_scan_declare(&object);
	assert_int_equal(object.contradicted, os);
	json_decref(platform);
}

static void other_systems_and_processors_are_foreign(void **state)
{
	(void)state;
	struct cp_scan scan = {.machine = EM_X86_64};
	struct cp_facts facts = {.machine = EM_X86_64,
		.os = CP_OS_LINUX,
		.elf_class = ELFCLASS64,
		.encoding = ELFDATA2LSB};
	struct cp_object object = {.path = "/a.node", .facts = &facts};
	assert_false(cp_object_foreign(&scan, &object));
	facts.machine = EM_AARCH64;
	assert_true(cp_object_foreign(&scan, &object));
	facts.machine = EM_X86_64;
	facts.os = CP_OS_FREEBSD;
	assert_true(cp_object_foreign(&scan, &object));
	object.facts = NULL; /* Mach-O, PE */
	assert_true(cp_object_foreign(&scan, &object));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_that_says_the_other_libc_lies),
		cmocka_unit_test(a_name_that_says_nothing_or_the_truth_does_not),
		cmocka_unit_test(a_package_json_that_says_the_other_libc_lies),
		cmocka_unit_test(a_package_json_that_allows_both_or_says_the_truth_does_not),
		cmocka_unit_test(one_wrong_word_is_enough),
		cmocka_unit_test(os_and_cpu_count_where_one_is_named),
		cmocka_unit_test(other_systems_and_processors_are_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
