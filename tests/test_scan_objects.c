/* SPDX-License-Identifier: MIT
 *
 * What an object's name says against what the object is.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <elf.h>

#include "scan.h"

static bool misnamed(enum cp_libc declared, enum cp_libc real)
{
	struct cp_facts facts = {.libc = real};
	struct cp_object object = {.path = "/a.node", .facts = &facts, .declared = declared};
	return cp_object_misnamed(&object);
}

static void a_name_that_says_the_other_libc_lies(void **state)
{
	(void)state;
	assert_true(misnamed(CP_LIBC_MUSL, CP_LIBC_GLIBC));
	assert_true(misnamed(CP_LIBC_GLIBC, CP_LIBC_MUSL));
}

static void a_name_that_says_nothing_or_the_truth_does_not(void **state)
{
	(void)state;
	assert_false(misnamed(CP_LIBC_NONE, CP_LIBC_GLIBC));
	assert_false(misnamed(CP_LIBC_MUSL, CP_LIBC_MUSL));
	/* A static program runs under either name. */
	assert_false(misnamed(CP_LIBC_MUSL, CP_LIBC_NONE));
	struct cp_object unread = {.path = "/a.node", .declared = CP_LIBC_MUSL};
	assert_false(cp_object_misnamed(&unread));
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
		cmocka_unit_test(other_systems_and_processors_are_foreign),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
