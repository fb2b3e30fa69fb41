/* SPDX-License-Identifier: MIT
 *
 * The facts of this machine's own objects, against what binutils and Node say of
 * them. Objects that are not installed are left out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <elf.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "facts.h"
#include "memory.h"
#include "support/facts_check.h"

#define LIBRARIES "/usr/lib/x86_64-linux-gnu/"

static struct cp_facts *read_path(const char *path)
{
	cp_cleanup_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	struct stat status;
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size == 0)
		return NULL;
	size_t size = (size_t)status.st_size;
	void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (data == MAP_FAILED)
		return NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_facts *facts;
	if (cp_facts_read(data, size, &facts, &err) < 0)
		fail_msg("%s: %s", path, err->message);
	munmap(data, size);
	const char *flaw = facts_flaw(facts, size);
	if (flaw)
		fail_msg("%s: %s", path, flaw);
	return facts;
}

static FILE *run(const char *command, const char *path)
{
	cp_cleanup_free char *line = NULL;
	if (asprintf(&line, "%s '%s' 2>/dev/null", command, path) < 0)
		return NULL;
	return popen(line, "r");
}

struct symbol_counts {
	size_t undefined, defined;
};

/* nm -P: "NAME TYPE VALUE SIZE"; U, and lower-case w and v, are undefined. */
static struct symbol_counts count_by_nm(const char *path)
{
	struct symbol_counts counts = {0};
	FILE *output = run("nm -D -P", path);
	assert_non_null(output);
	cp_cleanup_free char *line = NULL;
	size_t room = 0;
	while (getline(&line, &room, output) > 0) {
		char type;
		if (sscanf(line, "%*s %c", &type) != 1)
			continue;
		if (strchr("Uwv", type))
			counts.undefined++;
		else
			counts.defined++;
	}
	assert_int_equal(pclose(output), 0);
	return counts;
}

static struct symbol_counts count_facts(const struct cp_facts *facts)
{
	struct symbol_counts counts = {.defined = facts->n_exports};
	for (size_t i = 0; i < facts->n_undefined; i++)
		counts.undefined += !(facts->undefined[i].flags & CP_SYM_OWN);
	return counts;
}

static const char *const paths[] = {LIBRARIES "libc.so.6", LIBRARIES "libm.so.6",
	LIBRARIES "libstdc++.so.6", LIBRARIES "libgcc_s.so.1", LIBRARIES "ld-linux-x86-64.so.2",
	LIBRARIES "libelf.so.1", "/usr/bin/make", "/usr/bin/node"};

static void test_symbols_as_nm_lists_them(void **state)
{
	(void)state;
	size_t compared = 0;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cp_cleanup_facts struct cp_facts *facts = read_path(paths[i]);
		if (!facts)
			continue;
		struct symbol_counts read = count_facts(facts), nm = count_by_nm(paths[i]);
		if (read.undefined != nm.undefined || read.defined != nm.defined)
			fail_msg("%s: %zu undefined and %zu defined, nm has %zu and %zu", paths[i],
				read.undefined, read.defined, nm.undefined, nm.defined);
		compared++;
	}
	assert_true(compared >= 4);
}

/* readelf -d: "... (NEEDED) Shared library: [libm.so.6]" */
static void test_needed_as_readelf_lists_them(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		cp_cleanup_facts struct cp_facts *facts = read_path(paths[i]);
		if (!facts)
			continue;
		FILE *output = run("readelf -dW", paths[i]);
		assert_non_null(output);
		cp_cleanup_free char *line = NULL;
		size_t room = 0, count = 0;
		while (getline(&line, &room, output) > 0) {
			char name[256];
			if (!strstr(line, "(NEEDED)") ||
				sscanf(strchr(line, '['), "[%255[^]]", name) != 1)
				continue;
			assert_true(count < facts->n_needed);
			assert_string_equal(cp_facts_string(facts, facts->needed[count++]), name);
		}
		assert_int_equal(pclose(output), 0);
		assert_int_equal(count, facts->n_needed);
	}
}

static bool has_version(
	const struct cp_facts *facts, const char *name, const char *version, unsigned int flags)
{
	uint32_t hash = cp_symbol_hash(name);
	const struct cp_symbol *symbol;
	size_t cursor = 0;
	while ((symbol = cp_facts_export_next(facts, name, hash, &cursor)))
		if (!strcmp(cp_facts_string(facts, symbol->version), version))
			return (symbol->flags & CP_SYM_HIDDEN) == flags;
	return false;
}

/* memcpy has two versions on x86-64 since glibc 2.14, the newer one the default. */
static void test_libc(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = read_path(LIBRARIES "libc.so.6");
	if (!facts)
		skip();
	assert_string_equal(cp_facts_string(facts, facts->soname), "libc.so.6");
	assert_int_equal(facts->libc, CP_LIBC_GLIBC);
	assert_int_equal(facts->machine, EM_X86_64);
	assert_true(facts->verdef[0].base);
	assert_true(has_version(facts, "memcpy", "GLIBC_2.14", 0));
	assert_true(has_version(facts, "memcpy", "GLIBC_2.2.5", CP_SYM_HIDDEN));
	assert_false(has_version(facts, "memcpy", "GLIBC_2.15", 0));
	assert_true(facts->build_id != 0);
}

/* A release build of Node names its release. A distribution's need not, and may keep
 * all of Node in a library. */
static void test_node(void **state)
{
	(void)state;
	cp_cleanup_facts struct cp_facts *facts = read_path("/usr/bin/node");
	if (!facts || !has_version(facts, "napi_module_register", "", 0))
		skip();
	FILE *output = run("/usr/bin/node -p 'process.release.headersUrl ? "
			   "process.versions.node : \"\"' --",
		"x");
	assert_non_null(output);
	char version[64] = "";
	if (fgets(version, sizeof(version), output))
		version[strcspn(version, "\n")] = '\0';
	pclose(output);
	assert_string_equal(cp_facts_string(facts, facts->node_version), version);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_symbols_as_nm_lists_them),
		cmocka_unit_test(test_needed_as_readelf_lists_them),
		cmocka_unit_test(test_libc),
		cmocka_unit_test(test_node),
	};
	return cmocka_run_group_tests_name("facts_system", tests, NULL, NULL);
}
