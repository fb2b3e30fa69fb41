/* SPDX-License-Identifier: MIT
 *
 * Catalogues: where they are found, what they say, and what is told of a wrong one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "catalogue.h"
#include "memory.h"

/* A directory of its own for each test, where the search upwards and in $HOME finds nothing. */
static int enter(void **state)
{
	char *directory = strdup("/tmp/compatprobe-catalogue-XXXXXX");
	*state = directory;
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	setenv("HOME", directory, 1);
	unsetenv("XDG_CONFIG_HOME");
	return 0;
}

static int leave(void **state)
{
	char command[256];
	snprintf(command, sizeof(command), "rm -rf %s", (char *)*state);
	int status = chdir("/") < 0 ? -1 : system(command);
	free(*state);
	return status;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static struct cp_catalogue *load(const char *start, const char *path)
{
	struct cp_catalogue *catalogue = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	if (cp_catalogue_load(start, path, &catalogue, &err) < 0)
		fail_msg("%s", err->message);
	return catalogue;
}

static void check_error(const char *text, const char *part)
{
	struct cp_catalogue *catalogue = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	put("compatprobe.yaml", text);
	assert_int_equal(cp_catalogue_load(".", NULL, &catalogue, &err), -1);
	assert_null(catalogue);
	if (!strstr(err->message, part))
		fail_msg("\"%s\" lacks \"%s\"", err->message, part);
}

static void test_templates_in_order(void **state)
{
	(void)state;
	put("A", "FROM node:20-alpine\nRUN apk add cairo pango\n");
	put("D", "FROM node:20-bullseye-slim\nRUN apt-get install -y libgl1\n");
	put("compatprobe.yaml", "templates:\n"
				"  - name: small\n    dockerfile: A\n"
				"  - name: large\n    dockerfile: D\n    base: node:22-bookworm\n");
	struct cp_catalogue *catalogue = load(".", NULL);
	assert_int_equal(catalogue->n_templates, 2);
	const struct cp_template *small = &catalogue->templates[0], *large = small + 1;
	assert_string_equal(small->name, "small");
	assert_string_equal(small->dockerfile, "A");
	assert_string_equal(small->base, "node:20-alpine");
	assert_non_null(small->parsed);
	assert_int_equal(small->n_packages, 2);
	assert_string_equal(small->packages[1], "pango");
	assert_string_equal(large->base, "node:22-bookworm"); /* the catalogue's word counts */
	assert_int_equal(large->n_packages, 1);
	cp_catalogue_free(catalogue);
}

static void test_where_it_is_found(void **state)
{
	const char *text = "templates: [{name: x, dockerfile: ../D}]\n";
	char *home = *state, path[256];
	mkdir("deep", 0755);
	mkdir("deep/er", 0755);
	put("D", "FROM alpine:3.20\n");
	put("deep/compatprobe.yaml", text);
	struct cp_catalogue *catalogue = load("deep/er", NULL);
	snprintf(path, sizeof(path), "%s/deep/compatprobe.yaml", home);
	assert_string_equal(catalogue->path, path);
	cp_catalogue_free(catalogue);

	catalogue = load("/", "deep/compatprobe.yaml"); /* given by name */
	assert_string_equal(catalogue->templates[0].base, "alpine:3.20");
	cp_catalogue_free(catalogue);

	unlink("deep/compatprobe.yaml");
	mkdir("config", 0755);
	mkdir("config/compatprobe", 0755);
	put("config/D", "FROM debian:12\n");
	put("config/compatprobe/compatprobe.yaml", text);
	snprintf(path, sizeof(path), "%s/config", home);
	setenv("XDG_CONFIG_HOME", path, 1);
	catalogue = load("deep/er", NULL);
	assert_string_equal(catalogue->templates[0].base, "debian:12");
	cp_catalogue_free(catalogue);
}

static void test_what_is_assumed_without_one(void **state)
{
	(void)state;
	struct cp_catalogue *catalogue = load(".", NULL);
	assert_null(catalogue->path);
	assert_int_equal(catalogue->n_templates, 2);
	assert_string_equal(catalogue->templates[0].base, "node:20-alpine");
	assert_null(catalogue->templates[0].parsed);
	assert_string_equal(catalogue->templates[1].name, "debian-ml");
	assert_string_equal(catalogue->templates[1].base, "node:20-bullseye-slim");
	cp_catalogue_free(catalogue);
}

static void test_mistakes(void **state)
{
	(void)state;
	put("D", "FROM node:20-alpine\n");
	put("S", "FROM scratch\n");
	put("U", "FROM our/node:20\n");
	put("B", "FORM x\n");
	check_error("", "\"templates:\" with a list");
	check_error("templates: []\n", "compatprobe.yaml:1:");
	check_error("templates: x\n", "\"templates:\" with a list");
	check_error("templates: [\n", "compatprobe.yaml:");
	check_error("template: []\n", "unknown key \"template\"");
	check_error("templates:\n  - x\n", ":2:5: a template is a mapping");
	check_error("templates:\n  - name: x\n", "needs a name and a dockerfile");
	check_error("templates:\n  - {name: x, dockerfile: D, bse: y}\n", "unknown key \"bse\"");
	check_error("templates:\n  - {name: [], dockerfile: D}\n", "a text was expected");
	check_error("templates:\n  - {name: x, dockerfile: gone}\n", "gone");
	check_error("templates:\n  - {name: x, dockerfile: B}\n", "B:1: no instruction");
	check_error("templates:\n  - {name: x, dockerfile: S}\n", "FROM scratch");
	check_error(
		"templates:\n  - {name: x, dockerfile: D}\n  - {name: x, dockerfile: D}\n", ":3:");
	check_error("templates:\n  - {name: x, dockerfile: U}\n",
		"compatprobe base create docker-daemon:our/node:20");
}

static void test_a_base_of_ones_own(void **state)
{
	(void)state;
	struct cp_base *base = NULL;
	int node_major;
	assert_int_equal(cp_base_find("alpine-3.18", &base, &node_major, NULL), 0);
	mkdir("bases", 0755);
	FILE *file = fopen("bases/our.base", "w");
	assert_non_null(file);
	assert_int_equal(cp_base_write(base, file, NULL), 0);
	fclose(file);
	cp_base_free(base);
	put("U", "FROM our/node:20\n");
	put("compatprobe.yaml", "templates: [{name: x, dockerfile: U, base: bases/our.base}]\n");
	struct cp_catalogue *catalogue = load("bases", NULL);
	assert_non_null(strstr(catalogue->templates[0].base, "/bases/our.base"));
	cp_catalogue_free(catalogue);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, enter, leave)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_templates_in_order),
		TEST(test_where_it_is_found),
		TEST(test_what_is_assumed_without_one),
		TEST(test_mistakes),
		TEST(test_a_base_of_ones_own),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
