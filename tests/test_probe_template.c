/* SPDX-License-Identifier: MIT
 *
 * Template checks: what each finds, and what it leaves alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "template_check.h"

static struct cp_dockerfile *parse(const char *text)
{
	struct cp_dockerfile *file = NULL;
	if (cp_dockerfile_parse(text, strlen(text), "D", &file, NULL) < 0)
		fail_msg("not read: %s", text);
	return file;
}

/* `want`: "LINE KIND SUBJECT SUGGESTION;" for each finding, where no service is known. */
static void check(const char *text, const char *want)
{
	char got[1024] = "";
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse(text);
	assert_int_equal(cp_template_check(file, &findings, NULL), 0);
	assert_int_equal(cp_template_check_python(file, NULL, &findings, NULL), 0);
	cp_findings_sort(&findings);
	for (size_t i = 0; i < findings.count; i++) {
		const struct cp_finding *finding = &findings.items[i];
		sprintf(got + strlen(got), "%u %s %s %s;", finding->line,
			cp_finding_name(finding->kind), finding->subject,
			finding->suggestion ? finding->suggestion : "-");
	}
	if (strcmp(got, want) != 0)
		fail_msg("%s: \"%s\", not \"%s\"", text, got, want);
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
}

static void test_packages_that_do_not_exist(void **state)
{
	(void)state;
	check("FROM node:20-bullseye-slim\nRUN apt-get install -y libgl1 \\\n libglew2.2",
		"3 missing_package libglew2.2 libglew2.1;");
	check("FROM node:20-bookworm\nRUN apt-get install -y libglew2.2 libssl1.1",
		"2 missing_package libssl1.1 libssl3;");
	check("FROM node:20-bullseye\nRUN apt-get install -y no-such-package",
		"2 missing_package no-such-package -;");
	check("FROM node:20-bullseye\nRUN apt-get install -y python",
		"2 missing_package python python-is-python3;");
}

static void test_the_sentence(void **state)
{
	(void)state;
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse("FROM node:20-bullseye\nRUN apt install libglew2.2");
	assert_int_equal(cp_template_check(file, &findings, NULL), 0);
	assert_int_equal(findings.count, 1);
	assert_string_equal(
		findings.items[0].text, "libglew2.2 does not exist in bullseye; it has libglew2.1");
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
}

/* Each stage takes its packages from the release of its own base. */
static void test_stages_on_other_releases(void **state)
{
	(void)state;
	check("FROM node:20-bookworm AS b\nRUN apt install libglew2.2\n"
	      "FROM node:20-bullseye\nRUN apt install libglew2.1\nCOPY --from=b / /",
		"");
	check("FROM node:20-bullseye AS b\nRUN apt install libglew2.2\n"
	      "FROM node:20-bookworm\nCOPY --from=b / /",
		"2 missing_package libglew2.2 libglew2.1;");
	check("FROM our/own AS b\nRUN apt install libglew9\n"
	      "FROM node:20-bookworm\nCOPY --from=b / /",
		"");
}

static void test_what_is_not_known_is_no_finding(void **state)
{
	(void)state;
	check("FROM node:20-bookworm\nRUN apt install python3-nobody-knows fonts-nothing", "");
	check("FROM node:20-alpine\nRUN apk add nobody-knows", "");
	check("FROM node:20-bookworm\nARG P\nRUN apt install $P ./x.deb", "");
}

static void test_the_other_distributions_tool(void **state)
{
	(void)state;
	check("FROM node:20-alpine\nRUN apt-get install -y curl", "2 wrong_tool curl -;");
	check("FROM node:20-bookworm\nRUN apk add curl", "2 wrong_tool curl -;");
}

static void test_python(void **state)
{
	(void)state;
	check("FROM node:20-bullseye\nRUN apt install python3",
		"2 python python3 python-is-python3;");
	check("FROM node:20-bullseye AS b\nRUN apt install make python3\n"
	      "FROM node:20-bullseye\nCOPY --from=b / /",
		"2 python python3 python-is-python3;");
	check("FROM node:20-bullseye\nRUN apt install python3 python-is-python3", "");
	check("FROM node:20-bullseye\nRUN apt install python3 && ln -s python3 /usr/bin/python",
		"");
	check("FROM node:20-bullseye\nRUN apt install make", "");
	check("FROM node:20-alpine\nRUN apk add python3", ""); /* brings "python" too */
	check("FROM node:20-alpine3.16\nRUN apk add python3", "2 python python3 pythonispython3;");
	check("FROM node:20-alpine3.16\nRUN apk add python3 pythonispython3", "");
}

/* A service with two packages, one of which calls python when it is built. */
static void check_python(const char *dockerfile, const char *script, const char *want)
{
	char got[512] = "", manifest[128];
	uint32_t node;
	struct cp_index *index = cp_index_new();
	struct cp_image image = {.root = index};
	struct cp_scan scan = {.image = &image};
	struct cp_template_service service = {.name = "finance", .scan = &scan};
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse(dockerfile);
	snprintf(manifest, sizeof(manifest),
		"{\"name\":\"gl\",\"version\":\"8.1.6\",\"scripts\":{\"install\":\"%s\"}}", script);
	cp_index_add(index, "/app/node_modules/gl/package.json", CP_NODE_FILE, &node, NULL);
	cp_index_set_text(index, node, manifest, strlen(manifest), true, NULL);
	cp_index_add(index, "/app/node_modules/node-gyp/package.json", CP_NODE_FILE, &node, NULL);
	cp_index_set_text(index, node, "{\"version\":\"3.8.0\"}", 19, true, NULL);
	scan.packages = cp_packages_new(index);
	assert_int_equal(cp_template_check_python(file, &service, &findings, NULL), 0);
	for (size_t i = 0; i < findings.count; i++) {
		const struct cp_finding *finding = &findings.items[i];
		assert_int_equal(finding->kind, CP_FINDING_PYTHON);
		assert_string_equal(finding->service, "finance");
		assert_false(finding->conditional);
		sprintf(got + strlen(got), "%u %s;", finding->line, finding->text);
	}
	assert_string_equal(got, want);
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
	cp_packages_free(scan.packages);
	cp_index_free(index);
}

static void test_python_of_a_service(void **state)
{
	(void)state;
	const char *three = "FROM node:20-bullseye\nRUN apt install python3";
	check_python(three, "node x.js", "");
	check_python(three, "python x.py",
		"2 gl@8.1.6 of finance calls \"python\" when it is built (its install script), and "
		"there is only python3; python-is-python3 or a link makes it;");
	check_python("FROM node:20-bullseye\nRUN apt install python3 python-is-python3",
		"python x.py", "");
	check_python("FROM node:20-bullseye\nRUN apt install make", "python x.py", "");
	/* A link to python3 is no Python 2. */
	check_python("FROM node:20-bullseye\nRUN apt install python3 python-is-python3",
		"node-gyp rebuild",
		"2 gl@8.1.6 of finance is built by node-gyp@3.8.0, which knows Python 2 alone; "
		"there is only python3;");
	check_python(
		"FROM node:20-bullseye\nRUN apt install python3 python2", "node-gyp rebuild", "");
}

static void test_without_a_service_it_is_conditional(void **state)
{
	(void)state;
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse("FROM node:20-bullseye\nRUN apt install python3");
	assert_int_equal(cp_template_check_python(file, NULL, &findings, NULL), 0);
	assert_int_equal(findings.count, 1);
	assert_true(findings.items[0].conditional);
	assert_null(findings.items[0].service);
	assert_non_null(strstr(findings.items[0].text, "if a package's build calls"));
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
}

static void check_unknown(const char *text, const char *want)
{
	char got[256] = "";
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse(text);
	assert_int_equal(cp_template_check(file, &findings, NULL), 0);
	assert_int_equal(findings.count, 0);
	for (size_t i = 0; i < findings.n_unknown; i++)
		sprintf(got + strlen(got), "%s ", findings.unknown[i]);
	assert_string_equal(got, want);
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
}

static void test_names_that_no_list_has_are_told(void **state)
{
	(void)state;
	check_unknown("FROM node:20-alpine\nRUN apk add tini cairo tini nobody", "tini nobody ");
	check_unknown(
		"FROM node:20-bookworm\nRUN apt install curl fonts-nothing", "fonts-nothing ");
	check_unknown("FROM our/own AS b\nRUN apt install x\nFROM node:20-bookworm\n"
		      "COPY --from=b / /",
		"x ");
}

/* One package of a service, whose addon has one problem on the base, and one or none on the newest
 * release. */
static void check_service(
	enum cp_outcome outcome, enum cp_cause cause, enum cp_outcome newest, const char *want)
{
	struct cp_problem problem = {
		.cause = cause, .object = (char *)"/a/x.node", .subject = (char *)"GLIBC_2.34"};
	struct cp_load load = {
		.outcome = outcome, .cause = cause, .problems = &problem, .n_problems = 1};
	struct cp_object object = {.path = (char *)"/a/x.node", .loads = &load};
	struct cp_package package = {
		.name = (char *)"argon2", .version = (char *)"0.45.0", .path = (char *)"/a"};
	struct cp_verdict verdicts[] = {{.outcome = outcome, .cause = cause, .object = &object},
		{.outcome = newest, .cause = newest == CP_OUTCOME_LOADS ? CP_CAUSE_NONE : cause}};
	struct cp_package_result result = {.package = &package, .verdicts = verdicts};
	struct cp_scan_target targets[] = {
		{.name = (char *)"node:20-bullseye",
			.target = {.libc = CP_LIBC_GLIBC, .libc_version = "2.31"}},
		{.name = (char *)"debian-trixie", .target = {.libc = CP_LIBC_GLIBC}}};
	struct cp_image image = {.ref = (char *)"docker-archive:auth.tar"};
	struct cp_scan scan = {.image = &image,
		.targets = targets,
		.n_targets = 2,
		.results = &result,
		.n_results = 1};
	struct cp_template_service service = {"auth", &scan, 0, 1};
	struct cp_findings findings = {0};
	struct cp_dockerfile *file = parse("FROM node:20-bullseye\n");
	assert_int_equal(cp_template_check_age(file, &service, &findings, NULL), 0);
	assert_int_equal(findings.count, want ? 1 : 0);
	if (want) {
		assert_string_equal(cp_finding_name(findings.items[0].kind), want);
		assert_int_equal(findings.items[0].line, 1);
		assert_string_equal(findings.items[0].subject, "argon2@0.45.0");
		assert_string_equal(findings.items[0].service, "auth");
	}
	cp_findings_clear(&findings);
	cp_dockerfile_free(file);
}

static void test_services(void **state)
{
	(void)state;
	enum cp_outcome fails = CP_OUTCOME_FAILS, loads = CP_OUTCOME_LOADS;
	check_service(fails, CP_CAUSE_SYMBOL_VERSION, loads, "base_too_old");
	check_service(fails, CP_CAUSE_NODE_ABI, fails, "node_version");
	check_service(CP_OUTCOME_CRASHES, CP_CAUSE_NODE_API_VERSION, fails, "node_version");
	check_service(fails, CP_CAUSE_MISSING_LIBRARY, loads, NULL); /* not the age's fault */
	check_service(loads, CP_CAUSE_NONE, loads, NULL);
	/* A symbol that musl has since another release; one that it never had. */
	check_service(fails, CP_CAUSE_MISSING_SYMBOL, loads, "base_too_old");
	check_service(fails, CP_CAUSE_MISSING_SYMBOL, fails, NULL);
}

static void test_releases(void **state)
{
	(void)state;
	static const struct {
		const char *id, *version, *release;
	} cases[] = {
		{"debian", "11", "debian-bullseye"},
		{"debian", "13", "debian-trixie"},
		{"debian", "10", NULL},
		{"alpine", "3.20.3", "alpine-3.20"},
		{"alpine", "edge", NULL},
		{"alpine", "3", NULL},
		{"fedora", "40", NULL},
		{NULL, "12", NULL},
		{"debian", NULL, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct cp_base base = {
			.os_id = (char *)cases[i].id, .os_version = (char *)cases[i].version};
		char *release = cp_template_release(&base);
		if (!release != !cases[i].release ||
			(release && strcmp(release, cases[i].release) != 0))
			fail_msg("case %zu: %s", i, release ? release : "(none)");
		free(release);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages_that_do_not_exist),
		cmocka_unit_test(test_the_sentence),
		cmocka_unit_test(test_stages_on_other_releases),
		cmocka_unit_test(test_what_is_not_known_is_no_finding),
		cmocka_unit_test(test_the_other_distributions_tool),
		cmocka_unit_test(test_python),
		cmocka_unit_test(test_python_of_a_service),
		cmocka_unit_test(test_without_a_service_it_is_conditional),
		cmocka_unit_test(test_names_that_no_list_has_are_told),
		cmocka_unit_test(test_services),
		cmocka_unit_test(test_releases),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
