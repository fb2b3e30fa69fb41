/* SPDX-License-Identifier: MIT
 *
 * The override: what it changes, what it says, whose files it leaves alone.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "memory.h"
#include "override_path.h"
#include "recommend.h"
#include "yaml.h"
#include "yaml_write.h"

#define PATH "compose.compatprobe.yaml"

static char directory[64];

static void put(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static int set_up(void **state)
{
	(void)state;
	strcpy(directory, "/tmp/override.XXXXXX");
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	mkdir("web", 0755);
	mkdir("templates", 0755);
	put("docker-compose.yml", "version: '3.8'\n"
				  "services: {web: {build: {context: web, target: run}}, db: "
				  "{image: pg}, api: {build: .}}\n");
	put("templates/alpine", "FROM node:20-alpine\n");
	put("templates/debian $1", "FROM node:20-bookworm-slim\n");
	return 0;
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

/* --- an advice by hand -------------------------------------------------------------------- */

static struct cp_template templates[] = {
	{.name = "alpine", .dockerfile = "templates/alpine"},
	{.name = "debian", .dockerfile = "templates/debian $1"},
	{.name = "assumed"},
	{.name = "gone", .dockerfile = "templates/gone"},
};
static struct cp_catalogue catalogue = {
	.path = "compatprobe.yaml", .templates = templates, .n_templates = 4};

static char *why[] = {"it loads\n evil: true", "a \"quoted\" \\ reason with $HOME and \xff"};
static char *because[] = {"__strftime_l: symbol not found"};
static struct cp_passed_over passed[] = {
	{.template = &templates[0], .because = {.lines = because, .count = 1}}};

struct project {
	struct cp_compose *compose;
	struct cp_recommendation services[3];
	struct cp_advice advice;
};

/* web moves to `template`; db is ready-made; api stays on alpine. */
static void open_project(struct project *project, const struct cp_template *template)
{
	static const char *const files[] = {"docker-compose.yml"};
	struct cp_compose_options options = {.files = files, .n_files = 1, .project = "p"};
	*project = (struct project){0};
	assert_int_equal(cp_compose_load(&options, &project->compose, NULL), 0);
	for (size_t i = 0; i < 3; i++)
		project->services[i].service = &project->compose->services[i];
	project->services[0].current_template = "alpine";
	project->services[0].template = template;
	project->services[0].confidence = CP_CONFIDENCE_SIMULATED;
	project->services[0].why = (struct cp_reasons){.lines = why, .count = 2};
	project->services[0].passed_over = passed;
	project->services[0].n_passed_over = 1;
	project->services[1].template = template;
	project->services[2].template = &templates[0];
	project->services[2].current_template = "alpine";
	project->advice = (struct cp_advice){
		.services = project->services, .n_services = 3, .prunable_bytes = 12};
}

static int write_override(struct project *project, const char *path, struct cp_error **err)
{
	return cp_override_write(&project->advice, &catalogue, project->compose, path, err);
}

static void expect_refusal(struct project *project, const char *path, const char *part)
{
	cp_cleanup_error struct cp_error *err = NULL;
	assert_int_equal(write_override(project, path, &err), -1);
	assert_non_null(strstr(err->message, part));
}

static char *content(const char *path)
{
	char *text = NULL;
	size_t size;
	assert_int_equal(cp_file_read(path, 1 << 20, &text, &size, NULL), 0);
	return text;
}

/* --- tests -------------------------------------------------------------------------------- */

static void the_override_says_what_changes(void **state)
{
	(void)state;
	struct project project;
	open_project(&project, &templates[1]);
	assert_int_equal(write_override(&project, PATH, NULL), 0);
	cp_cleanup_free char *text = content(PATH);
	struct cp_yaml_pool *pool = cp_yaml_pool_make();
	struct cp_yaml *root;
	assert_int_equal(cp_yaml_parse(pool, text, strlen(text), PATH, &root, NULL), 0);
	assert_string_equal(cp_yaml_text(root, "version"), "3.8");
	const struct cp_yaml *services = cp_yaml_get(root, "services");
	assert_int_equal(services->count, 1);
	const struct cp_yaml *build = cp_yaml_get(cp_yaml_get(services, "web"), "build");
	assert_int_equal(build->count, 1);
	assert_string_equal(cp_yaml_text(build, "dockerfile"), "../templates/debian $$1");
	const struct cp_yaml *evidence =
		cp_yaml_get(cp_yaml_get(root, "x-compatprobe"), "services");
	assert_int_equal(evidence->count, 3);
	const struct cp_yaml *web = cp_yaml_get(evidence, "web");
	assert_string_equal(cp_yaml_text(web, "template"), "debian");
	assert_string_equal(cp_yaml_text(web, "confidence"), "simulated");
	assert_string_equal(cp_yaml_get(web, "why")->items[0].value->text, why[0]);
	assert_string_equal(cp_yaml_get(web, "why")->items[1].value->text,
		"a \"quoted\" \\ reason with $$HOME and \xef\xbf\xbd");
	assert_string_equal(
		cp_yaml_get(cp_yaml_get(web, "passed_over"), "alpine")->items[0].value->text,
		because[0]);
	assert_non_null(strstr(cp_yaml_text(cp_yaml_get(evidence, "db"), "not_changed"), "image"));
	assert_null(cp_yaml_text(cp_yaml_get(evidence, "api"), "not_changed"));
	assert_non_null(strstr(text, "    # it loads\\x0a evil: true\n"));
	assert_non_null(strstr(text, "    # The template needs a stage of the name run.\n"));
	assert_non_null(strstr(text, "  # db: debian is recommended, but compose takes its image"));
	assert_non_null(strstr(text, "    # Not alpine: __strftime_l: symbol not found\n"));
	cp_yaml_pool_free(pool);
	cp_compose_free(project.compose);
	remove(PATH);
}

static void the_same_advice_leaves_the_file_alone(void **state)
{
	(void)state;
	struct project project;
	struct stat first, second, third;
	open_project(&project, &templates[1]);
	assert_int_equal(write_override(&project, PATH, NULL), 0);
	assert_int_equal(stat(PATH, &first), 0);
	assert_int_equal(write_override(&project, PATH, NULL), 0);
	assert_int_equal(stat(PATH, &second), 0);
	assert_int_equal(first.st_ino, second.st_ino);
	assert_int_equal(first.st_mtim.tv_nsec, second.st_mtim.tv_nsec);
	project.services[0].template = &templates[0]; /* another advice replaces it */
	assert_int_equal(write_override(&project, PATH, NULL), 0);
	assert_int_equal(stat(PATH, &third), 0);
	assert_int_not_equal(first.st_ino, third.st_ino);
	cp_cleanup_free char *text = content(PATH);
	assert_non_null(strstr(text, "\n  web: {}\n"));
	cp_compose_free(project.compose);
	remove(PATH);
}

static void files_of_others_are_left_alone(void **state)
{
	(void)state;
	struct project project;
	open_project(&project, &templates[1]);
	cp_cleanup_free char *before = content("docker-compose.yml");
	expect_refusal(&project, "docker-compose.yml", "own files");
	assert_int_equal(symlink("docker-compose.yml", "alias.yml"), 0);
	expect_refusal(&project, "alias.yml", "own files");
	assert_int_equal(link("docker-compose.yml", "hard.yml"), 0);
	expect_refusal(&project, "hard.yml", "own files");
	cp_cleanup_free char *after = content("docker-compose.yml");
	assert_string_equal(before, after);
	put("other.yml", "services: {}\n");
	expect_refusal(&project, "other.yml", "did not write it");
	put("empty.yml", "");
	expect_refusal(&project, "empty.yml", "did not write it");
	expect_refusal(&project, "web", "not a file");
	expect_refusal(&project, "none/x.yml", "none/x.yml");
	cp_cleanup_free char *other = content("other.yml");
	assert_string_equal(other, "services: {}\n");
	cp_compose_free(project.compose);
}

static void what_cannot_change_is_told(void **state)
{
	static const struct {
		size_t template;
		const char *part;
	} cases[] = {{2, "no Dockerfile of the template is known"}, {3, "Dockerfile is not there"}};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct project project;
		open_project(&project, &templates[cases[i].template]);
		assert_int_equal(write_override(&project, PATH, NULL), 0);
		cp_cleanup_free char *text = content(PATH);
		assert_non_null(strstr(text, cases[i].part));
		assert_null(strstr(text, "dockerfile:"));
		cp_compose_free(project.compose);
	}
	remove(PATH);
}

static void paths_lead_from_the_context(void **state)
{
	static const struct {
		const char *context, *path; /* NULL: no such context */
	} cases[] = {{NULL, "templates/alpine"}, {".", "templates/alpine"},
		{"web", "../templates/alpine"}, {"./web/", "../templates/alpine"},
		{"templates", "alpine"}, {"web/none", NULL}, {"templates/alpine", NULL},
		{"https://example.org/x.git#main", NULL}};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		cp_cleanup_free char *path = NULL;
		enum cp_override_path found = cp_override_path(
			"templates/alpine", "./compatprobe.yaml", cases[i].context, ".", &path);
		assert_int_equal(found,
			cases[i].path ? CP_OVERRIDE_PATH_FOUND : CP_OVERRIDE_PATH_NO_CONTEXT);
		if (path)
			assert_string_equal(path, cases[i].path);
	}
	cp_cleanup_free char *from_root = NULL, *wanted = NULL;
	assert_int_equal(cp_override_path("templates/alpine", NULL, "/", ".", &from_root),
		CP_OVERRIDE_PATH_FOUND);
	assert_true(asprintf(&wanted, "%s/templates/alpine", directory + 1) > 0);
	assert_string_equal(from_root, wanted);
}

static void text_survives_being_written(void **state)
{
	static const char *const texts[] = {"", "plain", "a: b # c", "\"\\\t\n\r\x1b[31m\x7f",
		"\xc2\x85\xe2\x80\xa8\xe2\x80\xae\xef\xbb\xbf \xc3\xbc \xf0\x9f\x90\xa7", "- x",
		"~"};
	static const char *const keys[] = {"web", "no", "1", "a b", "null", "x.y-z_1", "<<", ""};
	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]) + 8; i++) {
		bool is_key = i >= sizeof(texts) / sizeof(texts[0]);
		const char *want = is_key ? keys[i - sizeof(texts) / sizeof(texts[0])] : texts[i];
		cp_cleanup_free char *text = NULL;
		size_t size;
		FILE *file = open_memstream(&text, &size);
		fputs(is_key ? "" : "k: ", file);
		assert_int_equal(
			is_key ? cp_yaml_write_key(file, want) : cp_yaml_write_text(file, want), 0);
		fputs(is_key ? ": v\n" : "\n", file);
		fclose(file);
		struct cp_yaml_pool *pool = cp_yaml_pool_make();
		struct cp_yaml *root;
		assert_int_equal(cp_yaml_parse(pool, text, size, "x", &root, NULL), 0);
		assert_string_equal(is_key ? root->items[0].key : cp_yaml_text(root, "k"), want);
		cp_yaml_pool_free(pool);
	}
}

static void comments_stay_comments(void **state)
{
	(void)state;
	cp_cleanup_free char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	for (int i = 0; i < 40; i++)
		assert_int_equal(cp_yaml_write_comment(file, 2,
					 i ? "word word word word word word "
					     "word word word word word word "
					     "word word word word word word "
					     "word word word\nx: y"
					   : ""),
			0);
	fclose(file);
	struct cp_yaml_pool *pool = cp_yaml_pool_make();
	struct cp_yaml *root;
	assert_int_equal(cp_yaml_parse(pool, text, size, "x", &root, NULL), 0);
	assert_int_equal(root->kind, CP_YAML_NULL);
	for (const char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
		assert_true(strlen(line) <= 104);
	cp_yaml_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_override_says_what_changes),
		cmocka_unit_test(the_same_advice_leaves_the_file_alone),
		cmocka_unit_test(files_of_others_are_left_alone),
		cmocka_unit_test(what_cannot_change_is_told),
		cmocka_unit_test(paths_lead_from_the_context),
		cmocka_unit_test(text_survives_being_written),
		cmocka_unit_test(comments_stay_comments),
	};
	return cmocka_run_group_tests_name("override", tests, set_up, tear_down);
}
