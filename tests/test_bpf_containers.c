/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "containers.h"
#include "fake_engine.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C "cccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc"

#define SHOP                                                                                       \
	"{\"com.docker.compose.project\":\"shop\",\"com.docker.compose.service\":\"web\","         \
	"\"other\":\"x\"}"
#define LIST_A                                                                                     \
	"[{\"Id\":\"" A "\",\"Names\":[\"/db/web\",\"/web\"],\"Image\":\"app:1\",\"Labels\":" SHOP \
	"}]\n"
#define INSPECT(id)                                                                                \
	"{\"Id\":\"" id "\",\"Name\":\"/asked\",\"Image\":\"sha256:12\",\"Config\":{\"Image\":"    \
	"\"app:2\",\"Labels\":" SHOP "}}\n"
#define EVENT(action, id, name)                                                                    \
	"{\"Type\":\"container\",\"Action\":\"" action "\",\"Actor\":{\"ID\":\"" id                \
	"\",\"Attributes\":{\"name\":\"" name "\",\"image\":\"app:3\","                            \
	"\"com.docker.compose.project\":\"late\",\"com.docker.compose.service\":\"one\"}}}\n"

#define SECOND ((uint64_t)1000000000)

static uint64_t now(void)
{
	struct timespec time;
	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * SECOND + (uint64_t)time.tv_nsec;
}

static const char *const nowhere[] = {NULL}; /* no stores */

static struct cp_containers *open_with(const char *engine)
{
	struct cp_error *err = NULL;
	const struct cp_containers_options options = {
		.engines = &engine, .n_engines = engine ? 1 : 0, .stores = nowhere};
	struct cp_containers *containers = cp_containers_open(&options, &err);
	assert_non_null(containers);
	return containers;
}

/* An engine that hangs must not hold up the end: it takes a millisecond on an idle machine, and
 * seconds where a time limit of a request is waited for. */
static void close_soon(struct cp_containers *containers)
{
	uint64_t start = now();
	cp_containers_close(containers);
	assert_true(now() - start < SECOND);
}

/* Asks until the answer is final. Returns it, and how long that took in *taken. */
static enum cp_attribution find(struct cp_containers *containers, uint64_t cgroup,
	struct cp_container *container, uint64_t *taken)
{
	uint64_t start = now();
	for (;;) {
		enum cp_attribution found =
			cp_containers_find(containers, cgroup, now(), container);
		*taken = now() - start;
		if (found != CP_PENDING || *taken > 5 * SECOND)
			return found;
		assert_non_null(container->id);
		cp_container_clear(container);
		usleep(1000);
	}
}

static void assert_text(const char *is, const char *wanted)
{
	if (wanted)
		assert_string_equal(is ? is : "(none)", wanted);
	else
		assert_null(is);
}

static void assert_found(struct cp_containers *containers, uint64_t cgroup,
	const struct cp_container *wanted, uint64_t at_most)
{
	struct cp_container container;
	uint64_t taken;
	assert_int_equal(find(containers, cgroup, &container, &taken), CP_ATTRIBUTED);
	assert_text(container.id, wanted->id);
	assert_text(container.name, wanted->name);
	assert_text(container.image, wanted->image);
	assert_text(container.runtime, wanted->runtime);
	assert_text(container.project, wanted->project);
	assert_text(container.service, wanted->service);
	assert_true(taken <= at_most);
	cp_container_clear(&container);
}

static void add_usual_pages(struct fake_engine *engine)
{
	fake_engine_add(
		engine, "/info", "{\"ServerVersion\":\"1\",\"DockerRootDir\":\"/nowhere\"}");
	fake_engine_add(engine, "/containers/json?all=1", LIST_A);
	fake_engine_add(engine, "/images/json", "[]\n");
	fake_engine_add(engine, "/containers/" B "/json", INSPECT(B));
}

static const struct cp_container listed = {A, "web", "app:1", "docker", "shop", "web"};
static const struct cp_container asked = {B, "asked", "app:2", "docker", "shop", "web"};
static const struct cp_container only_id = {.id = C, .runtime = "docker"};

static void an_engine_that_behaves(void **state)
{
	(void)state;
	struct fake_engine engine = {0};
	fake_engine_start(&engine, "e.sock");
	add_usual_pages(&engine);
	struct cp_containers *containers = open_with("unix://e.sock");
	assert_true(cp_containers_wait(containers, 5000));
	const char *const *problems;
	size_t n_problems;
	assert_int_equal(cp_containers_engines(containers, &problems, &n_problems), 1);
	assert_int_equal(n_problems, 0);
	cp_containers_see(containers, 1, "/docker/" A);
	cp_containers_see(containers, 2, "/docker/" B "/init.scope");
	cp_containers_see(containers, 3, "/docker/" C);
	cp_containers_see(containers, 4, "/user.slice");
	cp_containers_see(containers, 5, "/kubepods/pod1/" A);
	assert_found(containers, 1, &listed, 0 + SECOND / 100);
	assert_found(containers, 5, &listed, 0 + SECOND / 100);
	assert_found(containers, 2, &asked, SECOND);
	assert_found(containers, 3, &only_id, SECOND); /* the engine says that it has no such */
	struct cp_container none;
	assert_int_equal(cp_containers_find(containers, 4, now(), &none), CP_NO_CONTAINER);
	assert_null(none.id);
	assert_int_equal(cp_containers_find(containers, 99, now(), &none), CP_NO_CONTAINER);
	close_soon(containers);
	fake_engine_stop(&engine);
}

/* A container that no question finds any more: it ended within a moment. */
static void known_by_its_events_alone(void **state)
{
	(void)state;
	static const size_t pieces[] = {0, 1, 7, 61};
	static const struct cp_container late = {C, "late", "app:3", "docker", "late", "one"};
	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		struct fake_engine engine = {.piece = pieces[i]};
		fake_engine_start(&engine, "e.sock");
		add_usual_pages(&engine);
		struct cp_containers *containers = open_with("unix://e.sock");
		assert_true(cp_containers_wait(containers, 5000));
		cp_containers_see(containers, 3, "/docker/" C);
		fake_engine_event(&engine, EVENT("exec_create: sh", C, "wrong"));
		fake_engine_event(&engine, EVENT("create", C, "late"));
		fake_engine_event(&engine, EVENT("start", C, "late"));
		fake_engine_event(&engine, EVENT("die", C, "late"));
		fake_engine_event(&engine, EVENT("destroy", C, "late"));
		assert_found(containers, 3, &late, SECOND);
		fake_engine_event(&engine, EVENT("rename", C, "renamed"));
		struct cp_container container = {0};
		for (int tries = 0; tries < 1000; tries++) {
			cp_containers_find(containers, 3, now(), &container);
			if (strcmp(container.name, "renamed") == 0)
				break;
			cp_container_clear(&container);
			usleep(1000);
		}
		assert_text(container.name, "renamed");
		cp_container_clear(&container);
		close_soon(containers);
		fake_engine_stop(&engine);
	}
}

/* Whatever it does, the event is told in time, and the end is prompt. */
static void engines_that_misbehave(void **state)
{
	(void)state;
	for (enum behaviour behaviour = HANGS; behaviour <= NO_HTTP; behaviour++) {
		struct fake_engine engine = {.behaviour = behaviour};
		fake_engine_start(&engine, "e.sock");
		add_usual_pages(&engine);
		struct cp_containers *containers = open_with("unix://e.sock");
		cp_containers_see(containers, 3, "/docker/" C);
		assert_found(containers, 3, &only_id, (CP_LABELS_WAIT + 500) * (SECOND / 1000));
		close_soon(containers);
		fake_engine_stop(&engine);
	}
}

static void inspections_that_misbehave(void **state)
{
	(void)state;
	for (enum behaviour behaviour = HANGS; behaviour <= NO_HTTP; behaviour++) {
		if (behaviour == DEAF)
			continue;
		struct fake_engine engine = {.of_inspections = behaviour};
		fake_engine_start(&engine, "e.sock");
		add_usual_pages(&engine);
		struct cp_containers *containers = open_with("unix://e.sock");
		assert_true(cp_containers_wait(containers, 5000));
		cp_containers_see(containers, 1, "/docker/" A);
		cp_containers_see(containers, 3, "/docker/" C);
		assert_found(containers, 3, &only_id, (CP_LABELS_WAIT + 500) * (SECOND / 1000));
		assert_found(containers, 1, &listed, SECOND / 100);
		assert_int_equal(cp_containers_engines(containers, NULL, NULL), 1);
		close_soon(containers);
		fake_engine_stop(&engine);
	}
}

/* podman with events_logger = "none", and such: asking for what is seen is enough. */
static void engines_that_tell_no_events(void **state)
{
	(void)state;
	static const enum behaviour rows[] = {HANGS, GARBAGE, CLOSES, CUTS, REFUSES, NO_HTTP};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_engine engine = {.of_events = rows[i]};
		fake_engine_start(&engine, "e.sock");
		add_usual_pages(&engine);
		struct cp_containers *containers = open_with("unix://e.sock");
		assert_true(cp_containers_wait(containers, 5000));
		cp_containers_see(containers, 1, "/docker/" A);
		cp_containers_see(containers, 2, "/docker/" B);
		assert_found(containers, 1, &listed, SECOND / 100);
		assert_found(containers, 2, &asked, SECOND);
		assert_int_equal(cp_containers_engines(containers, NULL, NULL), 1);
		close_soon(containers);
		fake_engine_stop(&engine);
	}
}

static void assert_problem(struct cp_containers *containers, const char *text)
{
	const char *const *problems;
	size_t n_problems = 0;
	uint64_t start = now();
	while (n_problems == 0 && now() - start < 8 * SECOND) {
		cp_containers_engines(containers, &problems, &n_problems);
		usleep(1000);
	}
	assert_int_equal(n_problems, 1);
	if (!strstr(problems[0], text))
		fail_msg("\"%s\" does not tell of \"%s\"", problems[0], text);
}

static void problems_in_words(void **state)
{
	(void)state;
	static const struct {
		enum behaviour behaviour;
		const char *text;
	} rows[] = {{REFUSES, "you may not"}, {GARBAGE, "not the JSON of an engine"},
		{HANGS, "imed out"}, {NO_HTTP, "the engine at unix://e.sock does not"}};
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fake_engine engine = {.behaviour = rows[i].behaviour};
		fake_engine_start(&engine, "e.sock");
		struct cp_containers *containers = open_with("unix://e.sock");
		assert_problem(containers, rows[i].text);
		close_soon(containers);
		fake_engine_stop(&engine);
	}
	struct cp_containers *containers = open_with("unix:///nowhere/e.sock");
	assert_problem(containers, "No such file or directory");
	close_soon(containers);
	containers = open_with("ssh://host");
	assert_problem(containers, "only unix:// and tcp://");
	close_soon(containers);
}

static void without_engines(void **state)
{
	(void)state;
	const char *const names[] = {NULL, "unix:///nowhere/e.sock"};
	for (size_t i = 0; i < 2; i++) {
		struct cp_containers *containers = open_with(names[i]);
		assert_true(cp_containers_wait(containers, 5000));
		cp_containers_see(containers, 3, "/docker/" C);
		assert_found(containers, 3, &only_id, SECOND / 10);
		cp_containers_see(containers, 6, "/lxc.payload.web");
		assert_found(containers, 6, &(struct cp_container){.id = "web", .runtime = "lxc"},
			SECOND / 100);
		assert_int_equal(cp_containers_engines(containers, NULL, NULL), 0);
		close_soon(containers);
	}
}

static void wait_for_engines(struct cp_containers *containers, size_t count)
{
	uint64_t start = now();
	while (cp_containers_engines(containers, NULL, NULL) != count) {
		assert_true(now() - start < 8 * SECOND);
		usleep(1000);
	}
}

static void an_engine_that_comes_and_goes(void **state)
{
	(void)state;
	struct fake_engine engine = {0};
	struct cp_containers *containers = open_with("unix://e.sock");
	assert_true(cp_containers_wait(containers, 5000));
	assert_problem(containers, "No such file");
	fake_engine_start(&engine, "e.sock");
	add_usual_pages(&engine);
	wait_for_engines(containers, 1);
	cp_containers_see(containers, 2, "/docker/" B);
	assert_found(containers, 2, &asked, SECOND);
	fake_engine_stop(&engine);
	wait_for_engines(containers, 0);
	cp_containers_see(containers, 3, "/docker/" C);
	assert_found(containers, 3, &only_id, SECOND / 10);
	fake_engine_start(&engine, "e.sock");
	wait_for_engines(containers, 1);
	close_soon(containers);
	fake_engine_stop(&engine);
}

/* JSON that is no engine's, but JSON. */
static void hostile_answers(void **state)
{
	(void)state;
	static const char *const texts[] = {"[]", "{}", "[{}]", "[{\"Id\":null}]",
		"[{\"Id\":1,\"Names\":{},\"Labels\":[]}]",
		"[{\"Id\":\"" A "\",\"Names\":\"x\",\"Image\":7,\"Labels\":\"y\"}]",
		"[{\"Id\":\"" A "\",\"Names\":[null,[],{},\"\",\"/\"],\"Labels\":[[]]}]",
		"{\"Id\":\"" B "\",\"Name\":[],\"Config\":[],\"GraphDriver\":[]}",
		"{\"Id\":\"" C "\",\"Config\":{\"Image\":{},\"Labels\":{\"com.docker.compose."
		"project\":[]}},\"GraphDriver\":{\"Data\":{\"LowerDir\":[],\"UpperDir\":5}}}",
		"{\"Type\":[],\"Action\":{}}", "{\"Type\":\"container\",\"Action\":\"create\"}",
		"{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":[]}",
		"{\"Type\":\"image\",\"Action\":\"pull\",\"Actor\":{\"ID\":\"../../x?y\"}}",
		"{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{\"ID\":\"/../x\"}}",
		"[[[[[[[[[[[[[[", "{\"a\":", "]", "}", "\"", "nul", "\xff\xfe", "{\"\\ud800\":1}"};
	static const char *const pages[] = {
		"/info", "/containers/json?all=1", "/images/json", "/containers/" C "/json"};
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fake_engine engine = {0};
		fake_engine_start(&engine, "e.sock");
		add_usual_pages(&engine);
		for (size_t k = i ? 1 : 0; k < sizeof(pages) / sizeof(pages[0]); k++)
			fake_engine_add(&engine, pages[k], texts[i]);
		fake_engine_event(&engine, texts[i]);
		struct cp_containers *containers = open_with("unix://e.sock");
		cp_containers_wait(containers, 1000);
		cp_containers_see(containers, 3, "/docker/" C);
		assert_found(containers, 3, &only_id, 3 * SECOND);
		close_soon(containers);
		fake_engine_stop(&engine);
	}
}

static void many_containers(void **state)
{
	(void)state;
	struct cp_containers *containers = open_with(NULL);
	char path[128];
	uint64_t start = now();
	for (uint64_t i = 0; i < 10000; i++) {
		snprintf(path, sizeof(path), "/docker/%064llx", (unsigned long long)i);
		cp_containers_see(containers, i, path);
		snprintf(path, sizeof(path), "/docker/%064llx/init.scope", (unsigned long long)i);
		cp_containers_see(containers, 10000 + i, path);
	}
	for (uint64_t i = 0; i < 20000; i++) {
		struct cp_container container;
		assert_int_not_equal(
			cp_containers_find(containers, i, now(), &container), CP_NO_CONTAINER);
		snprintf(path, sizeof(path), "%064llx", (unsigned long long)i % 10000);
		assert_text(container.id, path);
		cp_container_clear(&container);
	}
	assert_true(now() - start < 5 * SECOND);
	close_soon(containers);
}

static int enter(void **state)
{
	static char directory[] = "/tmp/test-containers-XXXXXX";
	*state = directory;
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	return chdir("/") == 0 ? rmdir(*state) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_engine_that_behaves),
		cmocka_unit_test(known_by_its_events_alone),
		cmocka_unit_test(engines_that_misbehave),
		cmocka_unit_test(inspections_that_misbehave),
		cmocka_unit_test(engines_that_tell_no_events),
		cmocka_unit_test(problems_in_words),
		cmocka_unit_test(without_engines),
		cmocka_unit_test(an_engine_that_comes_and_goes),
		cmocka_unit_test(hostile_answers),
		cmocka_unit_test(many_containers),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
