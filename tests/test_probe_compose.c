/* SPDX-License-Identifier: MIT
 *
 * Compose files: YAML, variables, merging, extends, names, commands; a rule each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "compose_parts.h"
#include "memory.h"

/* --- a project on disk -------------------------------------------------------------------- */

static char directory[64];

static int set_up(void **state)
{
	(void)state;
	unsetenv("COMPOSE_PROJECT_NAME");
	unsetenv("TAG");
	strcpy(directory, "/tmp/compose.XXXXXX");
	return mkdtemp(directory) && chdir(directory) == 0 && mkdir("My_App.1", 0755) == 0 &&
			       chdir("My_App.1") == 0
		       ? 0
		       : -1;
}

static int remove_one(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status, (void)type, (void)walk;
	return remove(path);
}

static int tear_down(void **state)
{
	(void)state;
	return chdir("/") < 0 || nftw(directory, remove_one, 8, FTW_DEPTH | FTW_PHYS) < 0;
}

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static struct cp_compose *load_as(const char *project, const char *first, const char *second)
{
	const char *files[] = {first, second};
	struct cp_compose_options options = {
		.files = files, .n_files = second ? 2 : 1, .project = project};
	struct cp_compose *compose = NULL;
	struct cp_error *err = NULL;
	if (cp_compose_load(&options, &compose, &err) < 0)
		fail_msg("%s", err ? err->message : "?");
	return compose;
}

static struct cp_compose *load_text(const char *text)
{
	put("docker-compose.yml", text);
	return load_as(NULL, "docker-compose.yml", NULL);
}

static const struct cp_compose_service *find(const struct cp_compose *compose, const char *name)
{
	for (size_t i = 0; i < compose->n_services; i++)
		if (strcmp(compose->services[i].name, name) == 0)
			return &compose->services[i];
	fail_msg("no service %s", name);
	return NULL;
}

static void expect_error(const char *text, const char *part)
{
	static const char *const files[] = {"docker-compose.yml"};
	struct cp_compose_options options = {.files = files, .n_files = 1};
	struct cp_compose *compose = NULL;
	struct cp_error *err = NULL;
	put(files[0], text);
	assert_int_equal(cp_compose_load(&options, &compose, &err), -1);
	assert_null(compose);
	assert_non_null(err);
	if (!strstr(err->message, part))
		fail_msg("\"%s\" has no \"%s\"", err->message, part);
	cp_error_free(err);
}

static void same(const char *got, const char *want)
{
	if (!got || !want)
		assert_ptr_equal(got, want);
	else
		assert_string_equal(got, want);
}

/* --- YAML --------------------------------------------------------------------------------- */

static void broken_yaml_is_told_with_line_and_column(void **state)
{
	(void)state;
	expect_error("services:\n  web: {image: x\n", "docker-compose.yml:3:1: ");
	expect_error("services:\n  web:\n    image: a\n   build: b\n", "docker-compose.yml:4:4: ");
	expect_error("services: [web]\n", "docker-compose.yml:1:11: services is not a mapping");
	expect_error("services:\n  web: 5\n", "docker-compose.yml:2:8: the service web");
	expect_error("services: {a: {}}\n---\nservices: {b: {}}\n", "more than one YAML document");
	expect_error("- a\n", "docker-compose.yml:1:1: not a mapping");
	expect_error("services:\n  ? [a]\n  : {}\n", "a key must be text");
	expect_error("", "has no services");
	expect_error("version: '3'\nservices:\n", "has no services");
	expect_error("version: '1'\nweb:\n  image: a\n", "format 1");
}

static void anchors_and_merge_keys(void **state)
{
	(void)state;
	struct cp_compose *compose = load_text("x-a: &a {image: a, command: node a.js}\n"
					       "x-b: &b {image: b, profiles: [p]}\n"
					       "services:\n"
					       "  one: {<<: *a, image: own}\n"
					       "  two: {<<: [*a, *b]}\n"
					       "  three: *b\n"
					       "  four: {image: last, image: wins}\n");
	same(find(compose, "one")->image, "own");
	same(find(compose, "one")->entry, "a.js");
	same(find(compose, "two")->image, "a");
	assert_int_equal(find(compose, "two")->n_profiles, 1);
	same(find(compose, "three")->image, "b");
	same(find(compose, "four")->image, "wins");
	cp_compose_free(compose);
}

static void cycles_of_anchors_are_errors(void **state)
{
	(void)state;
	expect_error("services:\n  web: &w\n    <<: *w\n", "docker-compose.yml:3:9: the alias");
	expect_error("x: &x [[*x]]\nservices: {a: {}}\n", "a cycle");
	expect_error("services: {a: *none}\n", "names no anchor");
	expect_error("x: &x 5\nservices: {a: {<<: *x}}\n", "takes mappings only");
}

static void aliases_do_not_explode(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	fputs("x0: &x0 {a: lol}\n", file);
	for (int i = 1; i < 50; i++)
		fprintf(file, "x%d: &x%d {a: *x%d, b: *x%d}\n", i, i, i - 1, i - 1);
	fputs("services: {web: {image: a, labels: *x49}}\n", file);
	fclose(file);
	cp_compose_free(load_text(text));
	free(text);

	file = open_memstream(&text, &size);
	fputs("x0: &x0 [[[[[[[[[[a]]]]]]]]]]\n", file);
	for (int i = 1; i < 50; i++)
		fprintf(file, "x%d: &x%d [[[[[[[[[[*x%d]]]]]]]]]]\n", i, i, i - 1);
	fputs("services: {web: {image: a}}\n", file);
	fclose(file);
	expect_error(text, "nested too deeply");
	free(text);

	file = open_memstream(&text, &size);
	fputs("x: &x {", file);
	for (int i = 0; i < 1000; i++)
		fprintf(file, "k%d: , ", i);
	fputs("}\ny:\n", file);
	for (int i = 0; i < 1000; i++)
		fputs("- <<: *x\n", file);
	fputs("services: {web: {image: a}}\n", file);
	fclose(file);
	expect_error(text, "expands to more than");
	free(text);
}

/* --- variables ---------------------------------------------------------------------------- */

static void variables_are_filled_in(void **state)
{
	static const struct {
		const char *text, *result; /* NULL: an error */
	} cases[] = {
		{"a $SET b", "a value b"},
		{"${SET}.${SET}", "value.value"},
		{"$$SET $${SET}", "$SET ${SET}"},
		{"${UNSET}-$UNSET", "-"},
		{"${UNSET:-d}${UNSET-d}", "dd"},
		{"${EMPTY:-d}|${EMPTY-d}", "d|"},
		{"${SET:-d}${SET-d}", "valuevalue"},
		{"${SET:+r}${SET+r}${EMPTY:+r}${EMPTY+r}${UNSET+r}", "rrr"},
		{"${UNSET:-${EMPTY:-${SET}}}", "value"},
		{"${UNSET:-a:b-c?d}", "a:b-c?d"},
		{"${SET?}${SET:?needed}${EMPTY?}", "valuevalue"},
		{"${EMPTY:?needed}", NULL},
		{"${UNSET?needed $SET}", NULL},
		{"${", NULL},
		{"${SET", NULL},
		{"${}", NULL},
		{"${1}", NULL},
		{"${SET!x}", NULL},
		{"$ ", NULL},
		{"$1", NULL},
		{"$", NULL},
		{"", ""},
	};
	(void)state;
	struct cp_variables *variables = cp_variables_make();
	assert_int_equal(cp_variables_parse(variables, "SET=value\nEMPTY=\n", ".env", NULL), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_error struct cp_error *err = NULL;
		cp_cleanup_free char *result =
			cp_interpolate(cases[i].text, CP_DOLLAR_COMPOSE, variables, NULL, &err);
		same(result, cases[i].result);
		assert_int_equal(err != NULL, cases[i].result == NULL);
	}
	cp_variables_free(variables);
}

static void nesting_and_growth_are_bounded(void **state)
{
	(void)state;
	struct cp_variables *variables = cp_variables_make();
	char deep[400] = "", *wide = calloc(1, 8 << 20);
	cp_cleanup_error struct cp_error *err = NULL;
	for (int i = 0; i < 50; i++)
		strcat(deep, "${A:-");
	for (int i = 0; i < 50; i++)
		strcat(deep, "}");
	assert_null(cp_interpolate(deep, CP_DOLLAR_COMPOSE, variables, NULL, &err));
	assert_non_null(strstr(err->message, "nested too deeply"));
	memcpy(wide, "W=", 2);
	memset(wide + 2, 'w', 1 << 18);
	assert_int_equal(cp_variables_parse(variables, wide, ".env", NULL), 0);
	assert_null(cp_interpolate("$W$W$W$W$W", CP_DOLLAR_COMPOSE, variables, NULL, &err));
	assert_non_null(strstr(err->message, "grows beyond"));
	free(wide);
	cp_variables_free(variables);
}

static void dotenv_is_read(void **state)
{
	static const char text[] = "\xef\xbb\xbf# comment\n"
				   "PLAIN=a b # comment\n"
				   "export  EXPORTED = x#y\r\n"
				   "SINGLE='a ${PLAIN} \\n' # c\n"
				   "DOUBLE=\"line\\none\ntwo \\\"${PLAIN}\\\"\"\n"
				   "BARE=${PLAIN}/${NONE:-n}/p$w0rd\n"
				   "OPEN=$x${PLAIN}${PLAIN:-${A}\n"
				   "NOTHING=\n"
				   "\n"
				   "ALONE\n"
				   "PLAIN2: yaml\n"
				   "TWICE=1\nTWICE=2";
	static const char *const cases[][2] = {{"PLAIN", "a b"}, {"EXPORTED", "x#y"},
		{"SINGLE", "a ${PLAIN} \\n"}, {"DOUBLE", "line\none\ntwo \"a b\""},
		{"BARE", "a b/n/p$w0rd"}, {"OPEN", "$xa b${PLAIN:-${A}"}, {"NOTHING", ""},
		{"ALONE", NULL}, {"PLAIN2", "yaml"}, {"TWICE", "2"}};
	(void)state;
	struct cp_variables *variables = cp_variables_make();
	struct cp_error *err = NULL;
	assert_int_equal(cp_variables_parse(variables, text, ".env", &err), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		same(cp_variables_get(variables, cases[i][0]), cases[i][1]);
	assert_int_equal(cp_variables_parse(variables, "A=1\nB='x", ".env", &err), -1);
	same(err->message, ".env:2: a quote without its end");
	cp_error_free(cp_take(err));
	assert_int_equal(cp_variables_parse(variables, "A b\n", ".env", &err), -1);
	same(err->message, ".env:1: not NAME=VALUE");
	cp_error_free(err);
	cp_variables_free(variables);
}

static void the_environment_wins_over_dotenv(void **state)
{
	(void)state;
	put(".env", "TAG=file\nOTHER=o\n");
	static const char text[] = "services: {web: {image: 'a:${TAG}-$OTHER-$MISSING'}}\n";
	struct cp_compose *compose = load_text(text);
	same(compose->services[0].image, "a:file-o-");
	assert_int_equal(compose->n_warnings, 1);
	same(compose->warnings[0], "the variable MISSING is not set and counts as empty");
	cp_compose_free(compose);
	setenv("TAG", "process", 1);
	compose = load_text(text);
	same(compose->services[0].image, "a:process-o-");
	cp_compose_free(compose);
	unsetenv("TAG");
	expect_error("services:\n  web:\n    image: ${TAGS:?set it}\n",
		"docker-compose.yml:3:12: the variable TAGS is required: set it");
	remove(".env");
}

static void an_env_file_that_is_named_must_be_there(void **state)
{
	(void)state;
	static const char *const files[] = {"docker-compose.yml"};
	struct cp_compose_options options = {.files = files, .n_files = 1, .env_file = "none.env"};
	struct cp_compose *compose = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	put(files[0], "services: {web: {image: a}}\n");
	assert_int_equal(cp_compose_load(&options, &compose, &err), -1);
	assert_non_null(strstr(err->message, "none.env"));
}

/* --- merging ------------------------------------------------------------------------------ */

static void files_are_merged(void **state)
{
	(void)state;
	put("a.yml", "version: '3.8'\nservices:\n"
		     "  web: {build: ./web, command: node a.js, profiles: [p, q]}\n"
		     "  job: {image: job, build: {context: job, dockerfile: D, target: t}}\n");
	put("b.yml",
		"version: '3.8'\nservices:\n"
		"  web: {build: {dockerfile: other}, command: [node, b.js], profiles: [q, r]}\n"
		"  job: {image: job2, build: {target: !reset null}}\n"
		"  new: {image: n}\n");
	struct cp_compose *compose = load_as(NULL, "a.yml", "b.yml");
	assert_int_equal(compose->n_services, 3);
	const struct cp_compose_service *web = &compose->services[0], *job = &compose->services[1];
	same(web->name, "web");
	same(web->context, "./web");
	same(web->dockerfile, "other");
	same(web->entry, "b.js");
	assert_int_equal(web->n_profiles, 3);
	same(web->profiles[2], "r");
	same(job->image, "job2");
	same(job->context, "job");
	same(job->dockerfile, "D");
	same(job->target, NULL);
	same(compose->services[2].name, "new");
	same(compose->version, "3.8");
	assert_int_equal(compose->n_files, 2);
	cp_compose_free(compose);
}

static void mappings_and_lists_by_rule(void **state)
{
	static const char base[] = "{environment: [A=1, B=2], ports: ['1:1', {target: 9}], dns: x,"
				   " command: [a, b], labels: {l: 1}, expose: ['80']}";
	static const char over[] = "{environment: {B: 3, C: }, ports: ['2:2', '1:1'], dns: [y],"
				   " command: [c], labels: !override {m: 1}, expose: !reset }";
	(void)state;
	struct cp_yaml_pool *pool = cp_yaml_pool_make();
	struct cp_yaml *a, *b;
	assert_int_equal(cp_yaml_parse(pool, base, strlen(base), "a", &a, NULL), 0);
	assert_int_equal(cp_yaml_parse(pool, over, strlen(over), "b", &b, NULL), 0);
	const struct cp_yaml *merged = cp_merge_service(pool, a, b);
	const struct cp_yaml *environment = cp_yaml_get(merged, "environment");
	assert_int_equal(environment->count, 3);
	same(cp_yaml_text(environment, "A"), "1");
	same(cp_yaml_text(environment, "B"), "3");
	assert_int_equal(cp_yaml_get(merged, "ports")->count, 3);
	assert_int_equal(cp_yaml_get(merged, "dns")->count, 2);
	assert_int_equal(cp_yaml_get(merged, "command")->count, 1);
	assert_int_equal(cp_yaml_get(merged, "labels")->count, 1);
	assert_null(cp_yaml_get(merged, "expose"));
	assert_int_equal(cp_yaml_get(a, "environment")->count, 2); /* as it was */
	cp_yaml_pool_free(pool);
}

/* --- extends ------------------------------------------------------------------------------ */

static void services_extend_others(void **state)
{
	(void)state;
	mkdir("common", 0755);
	put("common/base.yml", "services:\n"
			       "  node: {extends: deeper, build: {context: ., target: run}}\n"
			       "  deeper: {command: node main.js, profiles: [x], build: ./sub}\n"
			       "  remote: {build: 'https://example.org/x.git'}\n");
	struct cp_compose *compose =
		load_text("services:\n"
			  "  web: {extends: {file: common/base.yml, service: node}, image: web}\n"
			  "  two: {extends: {service: web}, command: node two.js}\n"
			  "  sub: {extends: {file: ./common/base.yml, service: deeper}}\n"
			  "  far: {extends: {file: common/base.yml, service: remote}}\n");
	const struct cp_compose_service *web = find(compose, "web"), *two = find(compose, "two");
	same(web->image, "web");
	same(web->context, "common");
	same(web->target, "run");
	same(web->entry, "main.js");
	assert_int_equal(web->n_profiles, 1);
	same(two->image, "web");
	same(two->entry, "two.js");
	same(two->context, "common");
	same(find(compose, "sub")->context, "common/sub");
	same(find(compose, "far")->context, "https://example.org/x.git");
	assert_int_equal(compose->n_files, 2);
	cp_compose_free(compose);
}

static void cycles_of_extends_name_the_chain(void **state)
{
	(void)state;
	expect_error(
		"services:\n  a: {extends: b}\n  b: {extends: {service: c}}\n  c: {extends: a}\n",
		"a (docker-compose.yml) → b (docker-compose.yml) → c (docker-compose.yml) → "
		"a (docker-compose.yml)");
	expect_error("services: {a: {extends: a}}\n", "circle");
	put("other.yml", "services: {b: {extends: {file: docker-compose.yml, service: a}}}\n");
	expect_error("services: {a: {extends: {file: other.yml, service: b}}}\n",
		"a (docker-compose.yml) → b (other.yml) → a (docker-compose.yml)");
}

static void extends_of_what_is_not_there(void **state)
{
	(void)state;
	expect_error("services:\n  a: {extends: b}\n",
		"docker-compose.yml:2:16: extends names the service b, which");
	expect_error("services: {a: {extends: {file: gone.yml, service: b}}}\n", "gone.yml");
	expect_error("services: {a: {extends: {file: x}}}\n", "names no service");
}

static void a_long_chain_is_bounded(void **state)
{
	(void)state;
	char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	fputs("services:\n", file);
	for (int i = 0; i < 900; i++)
		fprintf(file, "  s%d: {extends: s%d}\n", i, i + 1);
	fputs("  s900: {image: a}\n", file);
	fclose(file);
	expect_error(text, "deep");
	free(text);
}

/* --- names, services, commands ------------------------------------------------------------ */

static void projects_get_their_names(void **state)
{
	static const char text[] = "services: {web: {build: .}}\n";
	(void)state;
	struct cp_compose *compose = load_text(text);
	same(compose->project, "my_app1");
	same(compose->services[0].image_v1, "my_app1_web");
	same(compose->services[0].image_v2, "my_app1-web");
	cp_compose_free(compose);
	compose = load_text("name: Named-${X:-x}\nservices: {web: {build: .}, db: {image: d}}\n");
	same(compose->project, "named-x");
	same(compose->services[0].image_v1, "my_app1_web"); /* v1 does not know name: */
	same(compose->services[0].image_v2, "named-x-web");
	same(compose->services[1].image_v1, NULL);
	cp_compose_free(compose);
	put(".env", "COMPOSE_PROJECT_NAME=from.env\n");
	compose = load_text("name: named\nservices: {web: {build: .}}\n");
	same(compose->project, "fromenv");
	cp_compose_free(compose);
	compose = load_as("-Given", "docker-compose.yml", NULL);
	same(compose->project, "given");
	same(compose->directory, ".");
	cp_compose_free(compose);
	remove(".env");
}

static void what_services_say_of_themselves(void **state)
{
	(void)state;
	struct cp_compose *compose = load_text("services:\n"
					       "  nothing:\n"
					       "  empty: {image: ''}\n"
					       "  short: {build: ./ctx}\n"
					       "  long: {build: {context: c, dockerfile: D}}\n"
					       "  inline: {build: {dockerfile_inline: FROM x}}\n"
					       "x-ignored: ${BROKEN\n");
	const struct cp_compose_service *service = find(compose, "nothing");
	assert_false(service->builds);
	same(service->image, NULL);
	same(service->image_v2, NULL);
	same(find(compose, "empty")->image, NULL);
	service = find(compose, "short");
	assert_true(service->builds);
	same(service->context, "./ctx");
	same(find(compose, "long")->dockerfile, "D");
	assert_true(find(compose, "inline")->inline_dockerfile);
	cp_compose_free(compose);
}

static void commands_tell_their_script(void **state)
{
	static const struct {
		const char *text, *entry;
	} cases[] = {
		{"{command: node dist/main.js}", "dist/main.js"},
		{"{command: [node, dist/main.js, --port, '1']}", "dist/main.js"},
		{"{command: [/usr/local/bin/node, -r, dotenv/config, --max-old-space-size=99, "
		 "a.js]}",
			"a.js"},
		{"{command: node --import ./i.mjs 'with space.js'}", "with space.js"},
		{"{entrypoint: [dumb-init, --, node], command: [b.js]}", "b.js"},
		{"{entrypoint: tini --, command: node c.js}", "c.js"},
		{"{command: 'sh -c \"npm run migrate && exec node d.js\"'}", "d.js"},
		{"{command: [sh, -c, 'sleep 1; NODE_ENV=x node e.js&']}", "e.js"},
		{"{command: npm start}", NULL},
		{"{command: node -e '1'}", NULL},
		{"{command: node}", NULL},
		{"{command: }", NULL},
		{"{command: [node, [x]]}", NULL},
		{"{}", NULL},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_free char *text = NULL;
		assert_true(asprintf(&text, "services:\n  a: %s\n", cases[i].text) > 0);
		struct cp_compose *compose = load_text(text);
		same(compose->services[0].entry, cases[i].entry);
		cp_compose_free(compose);
	}
}

/* --- include ------------------------------------------------------------------------------ */

/* Each in a directory of its own. */
static int enter(void **state)
{
	static unsigned number;
	char name[16];
	(void)state;
	snprintf(name, sizeof(name), "p%u", number++);
	return chdir(directory) < 0 || mkdir(name, 0755) < 0 || chdir(name) < 0;
}
#define INCLUDE_TEST(name) cmocka_unit_test_setup(name, enter)

static void directories(const char *const *names)
{
	for (; *names; names++)
		assert_int_equal(mkdir(*names, 0755), 0);
}

static void included_services_are_the_projects(void **state)
{
	(void)state;
	directories((const char *const[]){"common", "common/db", NULL});
	put("common/compose.yaml",
		"name: other\nservices:\n  db:\n    build: {context: ./db, dockerfile: D}\n"
		"  cache:\n    image: redis\n  here:\n    build: .\n  bare:\n    build: {target: "
		"x}\n");
	put("docker-compose.yml",
		"include:\n  - common/compose.yaml\nservices:\n  web:\n    image: web\n");
	struct cp_compose *compose = load_as("mine", "docker-compose.yml", NULL);
	assert_int_equal(compose->n_services, 5);
	assert_int_equal(compose->n_warnings, 0);
	assert_int_equal(compose->n_files, 2);
	same(compose->project, "mine");
	same(find(compose, "web")->image, "web");
	same(find(compose, "cache")->image, "redis");
	same(find(compose, "db")->context, "common/db");
	same(find(compose, "db")->dockerfile, "D");
	same(find(compose, "db")->image_v2, "mine-db");
	same(find(compose, "here")->context, "common");
	same(find(compose, "bare")->context, "common");
	cp_compose_free(compose);
}

/* The files of one entry are merged as those of several -f are. */
static void several_paths_are_one_project(void **state)
{
	(void)state;
	directories((const char *const[]){"common", "common/web", NULL});
	put("common/a.yml", "services:\n  web:\n    image: one\n    build: web\n");
	put("common/b.yml", "services:\n  web:\n    image: two\n");
	struct cp_compose *compose =
		load_text("include:\n  - path:\n      - common/a.yml\n      - ./common/b.yml\n");
	assert_int_equal(compose->n_services, 1);
	same(find(compose, "web")->image, "two");
	same(find(compose, "web")->context, "common/web");
	cp_compose_free(compose);
}

static void a_project_directory_may_be_told(void **state)
{
	(void)state;
	directories((const char *const[]){"a", "b", "b/c", NULL});
	put("a/compose.yaml", "include: [c/inner.yaml]\nservices:\n  web:\n    build: ./w\n    "
			      "image: ${TAG:-none}\n");
	put("b/c/inner.yaml", "services:\n  deep:\n    build: d\n");
	put("b/.env", "TAG=b\n");
	struct cp_compose *compose =
		load_text("include:\n  - path: a/compose.yaml\n    project_directory: b\n");
	same(find(compose, "web")->context, "b/w");
	same(find(compose, "web")->image, "b");
	same(find(compose, "deep")->context, "b/c/d"); /* its path is told from there, too */
	cp_compose_free(compose);
}

/* What the including project says goes before what the included one does. */
static void variables_of_the_including_project_override(void **state)
{
	(void)state;
	directories((const char *const[]){"common", NULL});
	put("common/compose.yaml", "services:\n  x:\n    image: ${A:-0}-${B:-0}-${C:-0}-${D:-0}\n");
	put("common/.env", "A=common\nB=common\n");
	put("one.env", "B=one\nC=one\n");
	put("two.env", "C=two\n");
	put(".env", "A=mine\nFILE=common/compose.yaml\n");
	struct cp_compose *compose = load_text("include: ['${FILE}']\n");
	same(find(compose, "x")->image, "mine-common-0-0");
	cp_compose_free(compose);
	compose = load_text(
		"include:\n  - path: common/compose.yaml\n    env_file: [one.env, two.env]\n");
	same(find(compose, "x")->image, "mine-one-two-0");
	cp_compose_free(compose);
	expect_error(
		"include:\n  - path: common/compose.yaml\n    env_file: none.env\n", "none.env");
}

static void extends_and_includes_work_together(void **state)
{
	(void)state;
	directories((const char *const[]){"a", "b", NULL});
	put("b/base.yml", "services:\n  base:\n    build: {context: ctx}\n    image: base\n");
	put("a/compose.yaml",
		"services:\n  web:\n    extends: {file: ../b/base.yml, service: base}\n");
	struct cp_compose *compose = load_text(
		"include: [a/compose.yaml]\nservices:\n  mine:\n    extends: {service: web}\n"
		"    image: own\n");
	same(find(compose, "web")->context, "a/../b/ctx");
	same(find(compose, "mine")->context, "a/../b/ctx");
	same(find(compose, "mine")->image, "own");
	cp_compose_free(compose);
}

/* Two files that include the same one; a later file may override what an earlier one includes. */
static void equal_services_are_one_and_others_conflict(void **state)
{
	(void)state;
	put("shared.yml", "services:\n  db:\n    image: pg\n    environment: {A: 1}\n");
	put("a.yml", "include: [shared.yml]\nservices:\n  a:\n    image: a\n");
	put("b.yml", "include: [shared.yml]\nservices:\n  b:\n    image: b\n");
	struct cp_compose *compose = load_text("include: [a.yml, b.yml]\n");
	assert_int_equal(compose->n_services, 3);
	cp_compose_free(compose);
	expect_error("include: [a.yml]\nservices:\n  db:\n    image: other\n",
		"docker-compose.yml: the service db is its own and an included one");
	put("docker-compose.yml", "include: [a.yml]\n");
	put("over.yml", "services:\n  db:\n    image: newer\n");
	compose = load_as(NULL, "docker-compose.yml", "over.yml");
	same(find(compose, "db")->image, "newer");
	cp_compose_free(compose);
}

static void broken_includes_are_errors(void **state)
{
	(void)state;
	put("a.yml", "include: [b.yml]\nservices:\n  a: {image: a}\n");
	put("b.yml", "include: [a.yml]\nservices:\n  b: {image: b}\n");
	expect_error("include: [a.yml]\n", "include goes in a circle: a.yml again");
	expect_error("include: [docker-compose.yml]\n", "include goes in a circle");
	expect_error("include: [gone.yml]\n", "docker-compose.yml:1:11: include: ");
	expect_error("include: a.yml\n", "include: not a list");
	expect_error("include: [{env_file: x}]\n", "include: names no path");
	expect_error("include: [[a.yml]]\n", "include goes in a circle");
	expect_error("include: [{path: [{a: b}]}]\n", "include: a path is no text");
	put("broken.yml", "services: [\n");
	expect_error("include: [broken.yml]\n", "broken.yml:");
	struct cp_compose *compose = load_text(
		"include: ['oci://example.org/x', 'git@host:x']\nservices:\n  a: {image: a}\n");
	assert_int_equal(compose->n_warnings, 2);
	assert_non_null(strstr(compose->warnings[0], "not followed"));
	cp_compose_free(compose);
}

/* Each level includes the next twice: what is read is bounded. */
static void includes_that_multiply_are_bounded(void **state)
{
	(void)state;
	char name[32], text[128];
	for (int i = 0; i < 30; i++) {
		snprintf(name, sizeof(name), "l%d.yml", i);
		snprintf(text, sizeof(text), "include: [l%d.yml, l%d.yml]\n", i + 1, i + 1);
		put(name, text);
	}
	put("l30.yml", "services: {a: {image: a}}\n");
	expect_error("include: [l0.yml]\n", "more than 500 files");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(broken_yaml_is_told_with_line_and_column),
		cmocka_unit_test(anchors_and_merge_keys),
		cmocka_unit_test(cycles_of_anchors_are_errors),
		cmocka_unit_test(aliases_do_not_explode),
		cmocka_unit_test(variables_are_filled_in),
		cmocka_unit_test(nesting_and_growth_are_bounded),
		cmocka_unit_test(dotenv_is_read),
		cmocka_unit_test(the_environment_wins_over_dotenv),
		cmocka_unit_test(an_env_file_that_is_named_must_be_there),
		cmocka_unit_test(files_are_merged),
		cmocka_unit_test(mappings_and_lists_by_rule),
		cmocka_unit_test(services_extend_others),
		cmocka_unit_test(cycles_of_extends_name_the_chain),
		cmocka_unit_test(extends_of_what_is_not_there),
		cmocka_unit_test(a_long_chain_is_bounded),
		cmocka_unit_test(projects_get_their_names),
		cmocka_unit_test(what_services_say_of_themselves),
		cmocka_unit_test(commands_tell_their_script),
		INCLUDE_TEST(included_services_are_the_projects),
		INCLUDE_TEST(several_paths_are_one_project),
		INCLUDE_TEST(a_project_directory_may_be_told),
		INCLUDE_TEST(variables_of_the_including_project_override),
		INCLUDE_TEST(extends_and_includes_work_together),
		INCLUDE_TEST(equal_services_are_one_and_others_conflict),
		INCLUDE_TEST(broken_includes_are_errors),
		INCLUDE_TEST(includes_that_multiply_are_bounded),
	};
	return cmocka_run_group_tests_name("compose", tests, set_up, tear_down);
}
