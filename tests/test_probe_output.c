/* SPDX-License-Identifier: MIT
 *
 * The table and the JSON of scans that are filled in by hand: each rule of what is folded, said
 * and escaped, on the smallest scan that shows it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <elf.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "output_json.h"
#include "output_table.h"
#include "table_rows.h"
#include "threshold.h"

enum { SELF, ALPINE, BULLSEYE, N_TARGETS };

/* A service on Debian bookworm: one addon that musl refuses, one that dies on musl, one package
 * that loads everywhere, one that holds builds for other platforms only, a program of the service
 * and one of the base. */
struct fixture {
	struct cp_scan scan;
	struct cp_image image;
	struct cp_layer layer;
	struct cp_base base; /* only that it is there counts */
	struct cp_scan_target targets[N_TARGETS];
	struct cp_facts glibc_facts;
	struct cp_symbol fcntl64;
	struct cp_package packages[4];
	struct cp_object objects[6];
	struct cp_load loads[6][N_TARGETS];
	struct cp_problem problems[8];
	struct cp_package_result results[4];
	struct cp_verdict verdicts[4][N_TARGETS];
};

enum { BRIDGE, SQLITE, BCRYPT, DARWIN, TOOL, BUSYBOX };

static char glibc_pool[] = "\0"
			   "2.34\0"
			   "fcntl64\0"
			   "GLIBC_2.28";
enum { AT_2_34 = 1, AT_FCNTL64 = 6, AT_GLIBC_2_28 = 14 };

static void give_target(struct fixture *f, size_t at, const char *name, enum cp_libc libc,
	const char *version, const char *detail)
{
	f->targets[at] = (struct cp_scan_target){.name = (char *)name,
		.detail = (char *)detail,
		.base = at == SELF ? NULL : &f->base,
		.target = {.name = name, .libc = libc, .libc_version = version}};
}

static void give_object(struct fixture *f, size_t at, const char *path, enum cp_object_kind kind,
	const struct cp_package *package, const struct cp_facts *facts)
{
	f->objects[at] = (struct cp_object){.path = (char *)path,
		.package = package,
		.kind = kind,
		.facts = facts,
		.size = 1000 * (at + 1),
		.content = facts ? CP_CONTENT_ELF : CP_CONTENT_MACHO,
		.loads = f->loads[at]};
}

static void give_package(struct fixture *f, size_t at, const char *name, const char *version)
{
	f->packages[at] = (struct cp_package){
		.name = (char *)name, .version = (char *)version, .path = (char *)"/app/p"};
	f->results[at] = (struct cp_package_result){
		.package = &f->packages[at], .verdicts = f->verdicts[at]};
}

/* Makes `object` end on `target` with `problem` (NULL: `outcome` alone). */
static void give_load(struct fixture *f, size_t object, size_t target, enum cp_outcome outcome,
	struct cp_problem *problem)
{
	f->loads[object][target] = (struct cp_load){.outcome = outcome,
		.cause = problem ? problem->cause : CP_CAUSE_NONE,
		.message = problem ? problem->message : NULL,
		.problems = problem,
		.n_problems = problem ? 1 : 0};
}

/* Verdicts follow the object of the same number, as the scanner's roll-up would have it. */
static void roll_up(struct fixture *f)
{
	for (size_t p = 0; p < f->scan.n_results; p++) {
		for (size_t t = 0; t < f->scan.n_targets; t++) {
			const struct cp_load *load = &f->loads[p][t];
			f->verdicts[p][t] = (struct cp_verdict){.outcome = load->outcome,
				.cause = load->cause,
				.object = &f->objects[p],
				.message = load->message,
				.how = "installed"};
		}
	}
}

static void give_problems(struct fixture *f)
{
	f->problems[0] = (struct cp_problem){.cause = CP_CAUSE_MISSING_LOADER,
		.object = (char *)"/app/bridge.node",
		.subject = (char *)"ld-linux-x86-64.so.2",
		.message =
			(char *)"Error loading shared library ld-linux-x86-64.so.2: No such file "
				"or directory (needed by /app/bridge.node)"};
	f->problems[1] = (struct cp_problem){.cause = CP_CAUSE_MISSING_SYMBOL,
		.at_call = true,
		.object = (char *)"/app/sqlite.node",
		.subject = (char *)"fcntl64"};
	f->problems[2] = (struct cp_problem){.cause = CP_CAUSE_SYMBOL_VERSION,
		.object = (char *)"/app/sqlite.node",
		.subject = (char *)"GLIBC_2.34",
		.message = (char *)"/lib/libc.so.6: version `GLIBC_2.34' not found (required by "
				   "/app/sqlite.node)"};
	f->problems[3] = (struct cp_problem){.cause = CP_CAUSE_MISSING_INTERPRETER,
		.object = (char *)"/app/tool",
		.subject = (char *)"/lib64/ld-linux-x86-64.so.2"};
	f->problems[4] = (struct cp_problem){.cause = CP_CAUSE_MISSING_LIBRARY,
		.object = (char *)"/bin/busybox",
		.subject = (char *)"libgone.so.1"};
}

static void give_objects(struct fixture *f)
{
	static const char *const names[] = {
		"@temporalio/core-bridge", "better-sqlite3", "bcrypt", "fsevents"};
	for (size_t i = 0; i < 4; i++)
		give_package(f, i, names[i], "1.0.0");
	give_object(
		f, BRIDGE, "/app/bridge.node", CP_OBJECT_ADDON, &f->packages[0], &f->glibc_facts);
	give_object(
		f, SQLITE, "/app/sqlite.node", CP_OBJECT_ADDON, &f->packages[1], &f->glibc_facts);
	give_object(
		f, BCRYPT, "/app/bcrypt.node", CP_OBJECT_ADDON, &f->packages[2], &f->glibc_facts);
	give_object(f, DARWIN, "/app/fsevents.node", CP_OBJECT_ADDON, &f->packages[3], NULL);
	give_object(f, TOOL, "/app/tool", CP_OBJECT_EXECUTABLE, NULL, &f->glibc_facts);
	give_object(f, BUSYBOX, "/bin/busybox", CP_OBJECT_EXECUTABLE, NULL, &f->glibc_facts);
	f->objects[BUSYBOX].system = true;
	for (size_t t = 0; t < N_TARGETS; t++) {
		f->loads[DARWIN][t].outcome = CP_OUTCOME_FOREIGN;
		f->loads[BUSYBOX][t].outcome = t == SELF ? CP_OUTCOME_LOADS : CP_OUTCOME_UNKNOWN;
	}
	give_load(f, BRIDGE, ALPINE, CP_OUTCOME_FAILS, &f->problems[0]);
	give_load(f, SQLITE, ALPINE, CP_OUTCOME_CRASHES, &f->problems[1]);
	give_load(f, SQLITE, BULLSEYE, CP_OUTCOME_FAILS, &f->problems[2]);
	give_load(f, TOOL, ALPINE, CP_OUTCOME_FAILS, &f->problems[3]);
}

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));
	assert_non_null(f);
	*state = f;
	f->glibc_facts = (struct cp_facts){.pool = glibc_pool,
		.pool_size = sizeof(glibc_pool),
		.elf_class = ELFCLASS64,
		.encoding = ELFDATA2LSB,
		.machine = EM_X86_64,
		.libc = CP_LIBC_GLIBC,
		.node_api = -1,
		.undefined = &f->fcntl64,
		.n_undefined = 1,
		.glibc_min = AT_2_34};
	f->fcntl64 = (struct cp_symbol){.name = AT_FCNTL64, .version = AT_GLIBC_2_28};
	f->layer = (struct cp_layer){.digest = (char *)"sha256:aa", .size = 12, .encoding = "gzip"};
	f->image = (struct cp_image){.ref = (char *)"workflow:latest",
		.os = (char *)"linux",
		.architecture = (char *)"amd64",
		.layers = &f->layer,
		.n_layers = 1,
		.root = cp_index_new()};
	f->base.name = (char *)"a-base";
	give_target(f, SELF, "self", CP_LIBC_GLIBC, "2.36", "the image itself, glibc 2.36");
	give_target(f, ALPINE, "alpine", CP_LIBC_MUSL, "1.2.5", "alpine-3.20, musl 1.2.5");
	give_target(f, BULLSEYE, "debian-bullseye", CP_LIBC_GLIBC, "2.31", NULL);
	give_problems(f);
	f->scan = (struct cp_scan){.image = &f->image,
		.os_id = (char *)"debian",
		.os_version = (char *)"12",
		.libc = CP_LIBC_GLIBC,
		.libc_version = (char *)"2.36",
		.machine = EM_X86_64,
		.node_version = (char *)"20.20.2",
		.targets = f->targets,
		.n_targets = N_TARGETS,
		.objects = f->objects,
		.n_objects = 6,
		.results = f->results,
		.n_results = 4,
		.prunable_bytes = 113400000,
		.prunable_files = 4};
	give_objects(f);
	roll_up(f);
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;
	cp_index_free(f->image.root);
	free(f);
	return 0;
}

static char *table_of(const struct fixture *f, struct cp_table_style style)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(cp_table_print(file, &f->scan, &style), 0);
	fclose(file);
	return text;
}

static void assert_contains(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("\"%s\" is not in:\n%s", part, text);
}

static void assert_lacks(const char *text, const char *part)
{
	if (strstr(text, part))
		fail_msg("\"%s\" is in:\n%s", part, text);
}

/* --- table ------------------------------------------------------------------------------- */

static void table_is_as_designed(void **state)
{
	cp_cleanup_free char *text = table_of(*state, (struct cp_table_style){0});
	assert_string_equal(text,
		"workflow:latest  linux/amd64 · debian 12 · glibc 2.36 · Node 20.20.2 · 1 layer\n"
		"\n"
		"  fails    @temporalio/core-bridge@1.0.0  alpine           is built for glibc: "
		"musl "
		"finds no ld-linux-x86-64.so.2\n"
		"  fails    better-sqlite3@1.0.0           debian-bullseye  needs GLIBC_2.34, "
		"newer "
		"than the target's glibc 2.31\n"
		"  fails    /app/tool                      alpine           is started by "
		"/lib64/ld-linux-x86-64.so.2, which is not there\n"
		"  crashes  better-sqlite3@1.0.0           alpine           calls fcntl64, which "
		"musl "
		"lacks: dies at the first call\n"
		"  1 package loads on every target\n"
		"  1 package has only builds for other platforms\n"
		"\n"
		"  self             everything loads  (the image itself, glibc 2.36)\n"
		"  alpine           1 package fails, 1 other object fails, 1 package crashes  "
		"(alpine-3.20, musl 1.2.5)\n"
		"  debian-bullseye  1 package fails\n"
		"\n"
		"  113.4 MB in 4 files are for other platforms\n");
}

static void one_reason_on_several_targets_is_one_row(void **state)
{
	struct fixture *f = *state;
	struct cp_problem gone = {
		.cause = CP_CAUSE_MISSING_LIBRARY, .subject = (char *)"libudev.so.1"};
	give_load(f, BCRYPT, ALPINE, CP_OUTCOME_FAILS, &gone);
	give_load(f, BCRYPT, BULLSEYE, CP_OUTCOME_FAILS, &gone);
	roll_up(f);
	cp_cleanup_free char *two = table_of(f, (struct cp_table_style){0});
	assert_contains(two, "alpine, debian-bullseye  needs libudev.so.1, which is not there\n");
	give_load(f, BCRYPT, SELF, CP_OUTCOME_FAILS, &gone);
	roll_up(f);
	cp_cleanup_free char *all = table_of(f, (struct cp_table_style){0});
	assert_contains(all, "every target");
}

/* libcairo can be added, libjpeg.so.62 cannot: that is what stops it. */
static void the_reason_is_what_no_package_cures(void **state)
{
	struct fixture *f = *state;
	struct cp_problem problems[] = {
		{.cause = CP_CAUSE_MISSING_LIBRARY, .subject = (char *)"libcairo.so.2"},
		{.cause = CP_CAUSE_MISSING_LIBRARY,
			.object = (char *)"/app/libown.so",
			.subject = (char *)"libjpeg.so.62"}};
	give_load(f, BCRYPT, ALPINE, CP_OUTCOME_FAILS, &problems[0]);
	f->loads[BCRYPT][ALPINE].n_problems = 2;
	f->loads[BCRYPT][ALPINE].decisive = 1;
	roll_up(f);
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "its libown.so needs libjpeg.so.62, which is not there");
	assert_lacks(text, "libcairo");
}

static void all_targets_but_one_are_named_by_it(void **state)
{
	struct fixture *f = *state;
	struct cp_problem gone = {
		.cause = CP_CAUSE_MISSING_LIBRARY, .subject = (char *)"libudev.so.1"};
	struct cp_scan_target targets[N_TARGETS + 1];
	struct cp_load loads[N_TARGETS + 1] = {{0}};
	for (size_t t = 0; t < N_TARGETS; t++)
		targets[t] = f->targets[t];
	targets[N_TARGETS] = f->targets[ALPINE];
	targets[N_TARGETS].name = (char *)"another";
	for (size_t t = 0; t <= N_TARGETS; t++)
		if (t != BULLSEYE)
			loads[t] = (struct cp_load){.outcome = CP_OUTCOME_FAILS,
				.cause = gone.cause,
				.problems = &gone,
				.n_problems = 1};
	f->objects[TOOL].loads = loads;
	f->scan.targets = targets;
	f->scan.n_targets = N_TARGETS + 1;
	f->scan.objects = &f->objects[TOOL];
	f->scan.n_objects = 1;
	f->scan.n_results = 0;
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "/app/tool  all but debian-bullseye  needs libudev.so.1");
}

static void only_glibcs_own_symbols_are_musls_to_lack(void **state)
{
	struct fixture *f = *state;
	cp_cleanup_free char *of_glibc = table_of(f, (struct cp_table_style){0});
	assert_contains(of_glibc, "calls fcntl64, which musl lacks");
	f->fcntl64.version = 0;
	cp_cleanup_free char *of_anyone = table_of(f, (struct cp_table_style){0});
	assert_contains(of_anyone, "calls fcntl64, which no library there has");
}

static void copies_of_a_package_share_a_row(void **state)
{
	struct fixture *f = *state;
	f->packages[SQLITE].name = f->packages[BRIDGE].name;
	f->problems[1] = f->problems[0];
	give_load(f, SQLITE, ALPINE, CP_OUTCOME_FAILS, &f->problems[1]);
	give_load(f, SQLITE, BULLSEYE, CP_OUTCOME_LOADS, NULL);
	roll_up(f);
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "ld-linux-x86-64.so.2 (2 copies)\n");
	assert_contains(text, "2 packages fail");
}

static void highest_version_is_named(void **state)
{
	struct fixture *f = *state;
	struct cp_problem several[] = {f->problems[2], f->problems[2], f->problems[2]};
	several[1].subject = (char *)"GLIBC_2.4"; /* a number, not a decimal fraction */
	several[2].subject = (char *)"GLIBCXX_3.4.99";
	f->loads[SQLITE][BULLSEYE].problems = several;
	f->loads[SQLITE][BULLSEYE].n_problems = 3;
	cp_cleanup_free char *same = table_of(f, (struct cp_table_style){0});
	assert_contains(same, "needs GLIBC_2.34,");
	several[1].subject = (char *)"GLIBC_2.38";
	cp_cleanup_free char *higher = table_of(f, (struct cp_table_style){0});
	assert_contains(higher, "needs GLIBC_2.38,");
}

static void dependency_at_fault_is_named(void **state)
{
	struct fixture *f = *state;
	char *chain[] = {(char *)"/app/sqlite.node", (char *)"/app/libdep.so"};
	f->loads[SQLITE][BULLSEYE].chain = chain;
	f->loads[SQLITE][BULLSEYE].n_chain = 2;
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "its libdep.so needs GLIBC_2.34");
}

static void missing_library_at_the_end_of_the_chain_is_not_at_fault(void **state)
{
	struct fixture *f = *state;
	struct cp_problem musl = {
		.cause = CP_CAUSE_WRONG_LIBC, .subject = (char *)"libc.musl-x86_64.so.1"};
	char *chain[] = {(char *)"/app/sqlite.node", (char *)"libc.musl-x86_64.so.1"};
	give_load(f, SQLITE, BULLSEYE, CP_OUTCOME_FAILS, &musl);
	f->loads[SQLITE][BULLSEYE].chain = chain;
	f->loads[SQLITE][BULLSEYE].n_chain = 2;
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "  is built for musl: glibc finds no libc.musl-x86_64.so.1\n");
}

static void every_cause_has_words(void **state)
{
	struct fixture *f = *state;
	for (int cause = CP_CAUSE_MISSING_LOADER; cause <= CP_CAUSE_MISSING_INTERPRETER; cause++) {
		struct cp_problem problem = {
			.cause = (enum cp_cause)cause, .subject = (char *)"subject"};
		give_load(f, SQLITE, ALPINE, CP_OUTCOME_FAILS, &problem);
		cp_cleanup_free char *reason = cp_reason(
			&f->objects[SQLITE], &f->targets[ALPINE], &f->loads[SQLITE][ALPINE]);
		assert_non_null(reason);
		assert_string_not_equal(reason, "does not load");
		assert_true(strlen(reason) > 10);
	}
}

static void base_objects_show_only_where_they_fail_on_self(void **state)
{
	struct fixture *f = *state;
	cp_cleanup_free char *well = table_of(f, (struct cp_table_style){0});
	assert_lacks(well, "busybox");
	give_load(f, BUSYBOX, SELF, CP_OUTCOME_FAILS, &f->problems[4]);
	cp_cleanup_free char *program = table_of(f, (struct cp_table_style){0});
	assert_contains(program, "/bin/busybox");
	f->objects[BUSYBOX].kind = CP_OBJECT_LIBRARY;
	cp_cleanup_free char *library = table_of(f, (struct cp_table_style){0});
	assert_lacks(library, "busybox");
	assert_contains(library, "1 of the base's own libraries does not load by itself");
	cp_cleanup_free char *verbose = table_of(f, (struct cp_table_style){.verbose = true});
	assert_contains(verbose, "/bin/busybox");
}

static void names_of_images_cannot_steer_a_terminal(void **state)
{
	struct fixture *f = *state;
	f->image.ref = (char *)"evil\033]0;title\a";
	f->packages[BRIDGE].name = (char *)"red\033[31m\nname";
	f->problems[2].subject = (char *)"GLIBC_\xff\xc2\x9b\xe2\x80\xae";
	f->problems[2].message = (char *)"message\r\b";
	f->objects[TOOL].path = (char *)"/app/\x7f";
	f->scan.os_id = (char *)"os\x1b";
	f->targets[ALPINE].name = (char *)"al\tpine";
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){.verbose = true});
	for (const char *c = text; *c; c++)
		assert_true(*c == '\n' || ((unsigned char)*c >= 0x20 && *c != 0x7f));
	assert_contains(text, "red\\x1b[31m\\x0aname@1.0.0");
	assert_contains(text, "GLIBC_\\xff\\u{9b}\\u{202e}");
	assert_lacks(text, "\xe2\x80\xae");
}

static void colour_only_where_asked_for(void **state)
{
	cp_cleanup_free char *plain = table_of(*state, (struct cp_table_style){.verbose = true});
	assert_lacks(plain, "\033");
	cp_cleanup_free char *colour = table_of(*state, (struct cp_table_style){.colour = true});
	assert_contains(colour, "\033[31mfails\033[0m");
	assert_contains(colour, "\033[35mcrashes\033[0m");
}

static void rows_fit_a_terminal(void **state)
{
	for (unsigned width = 60; width <= 140; width += 10) {
		cp_cleanup_free char *text =
			table_of(*state, (struct cp_table_style){.width = width});
		char *rest = strstr(text, "\n\n"), *line;
		assert_non_null(rest);
		rest[2 + strcspn(rest + 2, "1")] = 0; /* the rows, up to the first count */
		for (rest += 2; (line = strsep(&rest, "\n"));)
			assert_true(strlen(line) <= width);
	}
}

static void style_of_a_file_is_plain(void **state)
{
	(void)state;
	struct cp_table_style style = {.colour = true, .width = 80};
	FILE *file = tmpfile();
	assert_non_null(file);
	cp_table_style_for(&style, file, true);
	fclose(file);
	assert_false(style.colour);
	assert_true(style.verbose);
	assert_int_equal(style.width, 0);
}

static void evidence_tells_everything(void **state)
{
	struct fixture *f = *state;
	struct cp_considered tries[] = {
		{(char *)"libq.so", (char *)"/app/sqlite.node", (char *)"/lib/libq.so",
			"default path", "not found"},
		{(char *)"libq.so", (char *)"/app/sqlite.node", (char *)"/usr/lib/libq.so",
			"default path", "wrong class"},
		{(char *)"libc.so.6", NULL, (char *)"/lib/libc.so.6", "default path", "found"},
	};
	struct cp_problem problems[] = {f->problems[2], f->problems[1], f->problems[4]};
	struct cp_load *load = &f->loads[SQLITE][BULLSEYE];
	problems[2].message = (char *)"what else is wrong";
	load->considered = tries;
	load->n_considered = 3;
	load->problems = problems;
	load->n_problems = 3;
	load->problems_dropped = 7;
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){.verbose = true});
	assert_contains(text, "loader says  /lib/libc.so.6: version `GLIBC_2.34' not found");
	assert_contains(text, "looked for   libq.so, needed by /app/sqlite.node\n"
			      "        /lib/libq.so  [default path] not found\n"
			      "        /usr/lib/libq.so  [default path] wrong class\n");
	assert_lacks(text, "looked for   libc.so.6"); /* found at once */
	assert_contains(text, "also         what else is wrong\n");
	assert_contains(text, "calls also   fcntl64, missing too\n");
	assert_contains(text, "and 7 more problems\n");
	assert_contains(text, "wants glibc 2.34 or newer");
	assert_contains(text, "every target: foreign");
}

static void what_must_be_installed_there_is_said(void **state)
{
	struct fixture *f = *state;
	f->verdicts[BCRYPT][ALPINE].how = "obtainable";
	f->verdicts[BCRYPT][BULLSEYE].how = "buildable";
	f->verdicts[BRIDGE][ALPINE] =
		(struct cp_verdict){.outcome = CP_OUTCOME_FAILS, .how = "none"};
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "  loads    bcrypt@1.0.0                   alpine           once npm "
			      "installs it there: a build for it is published\n");
	assert_contains(text, "once npm builds it there: the package brings its sources\n");
	assert_contains(text, "1 package crashes, 1 package once installed there  (alpine-3.20");
	assert_contains(text, "has no build for it\n"); /* a verdict without an object */
	assert_lacks(text, "on every target");
}

static void nothing_native_is_said_so(void **state)
{
	struct fixture *f = *state;
	f->scan.n_results = f->scan.n_objects = 0;
	f->scan.prunable_files = 0;
	cp_cleanup_free char *text = table_of(f, (struct cp_table_style){0});
	assert_contains(text, "nothing native to load");
	assert_lacks(text, "platforms");
}

/* --- threshold ----------------------------------------------------------------------------- */

static void threshold_weighs_packages_and_loose_objects(void **state)
{
	struct fixture *f = *state;
	assert_true(cp_threshold_reached(&f->scan, CP_OUTCOME_FAILS));
	assert_false(cp_threshold_reached(&f->scan, CP_OUTCOME_UNKNOWN));
	f->scan.n_results = 0; /* /app/tool is in no package, and fails */
	assert_true(cp_threshold_reached(&f->scan, CP_OUTCOME_FAILS));
	give_load(f, TOOL, ALPINE, CP_OUTCOME_CRASHES, NULL);
	assert_false(cp_threshold_reached(&f->scan, CP_OUTCOME_FAILS));
	assert_true(cp_threshold_reached(&f->scan, CP_OUTCOME_CRASHES));
	assert_true(cp_threshold_reached(&f->scan, CP_OUTCOME_LOADS_WITH));
	give_load(f, TOOL, ALPINE, CP_OUTCOME_FOREIGN, NULL);
	assert_false(cp_threshold_reached(&f->scan, CP_OUTCOME_LOADS_WITH));
	give_load(f, BUSYBOX, SELF, CP_OUTCOME_FAILS, NULL); /* the base's own */
	assert_false(cp_threshold_reached(&f->scan, CP_OUTCOME_LOADS_WITH));
}

/* --- JSON ---------------------------------------------------------------------------------- */

static char *json_text_of(const struct fixture *f)
{
	char *text = NULL;
	size_t size;
	FILE *file = open_memstream(&text, &size);
	assert_non_null(file);
	assert_int_equal(cp_json_print(file, &f->scan), 0);
	fclose(file);
	return text;
}

static json_t *json_of(const struct fixture *f)
{
	cp_cleanup_free char *text = json_text_of(f);
	json_t *value = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(value);
	return value;
}

static void assert_keys(const json_t *object, const char *keys)
{
	char text[512] = "";
	const char *key;
	json_t *value;
	assert_true(json_is_object(object));
	json_object_foreach((json_t *)object, key, value)
	{
		strcat(text, *text ? " " : "");
		strcat(text, key);
	}
	assert_string_equal(text, keys);
}

static const json_t *row(const json_t *scan, const char *list, size_t at)
{
	const json_t *found = json_array_get(json_object_get(scan, list), at);
	assert_non_null(found);
	return found;
}

static void json_has_the_schema(void **state)
{
	struct fixture *f = *state;
	cp_index_add_error(f->image.root, CP_PARTIAL, "layer 1", "cut");
	cp_cleanup_json json_t *scan = json_of(f);
	assert_keys(scan, "schema image targets packages objects prunable errors");
	assert_string_equal(
		json_string_value(json_object_get(scan, "schema")), "compatprobe.scan/1");
	assert_keys(json_object_get(scan, "image"),
		"ref name platform os_id os_version libc libc_version node_version layers");
	assert_keys(row(scan, "targets", 0), "name base libc libc_version node_version");
	assert_keys(row(scan, "packages", 0), "name version path verdicts");
	const json_t *verdicts = json_object_get(row(scan, "packages", 0), "verdicts");
	assert_keys(verdicts, "self alpine debian-bullseye");
	assert_keys(json_object_get(verdicts, "alpine"),
		"outcome cause object message how scheme brings");
	assert_keys(row(scan, "objects", 0),
		"path package system kind platform declared_libc "
		"contradicted interpreter needed glibc_min glibcxx_min "
		"bind_now node_api size outcomes");
	const json_t *outcomes = json_object_get(row(scan, "objects", 0), "outcomes");
	assert_keys(outcomes, "self alpine debian-bullseye");
	assert_keys(json_object_get(outcomes, "alpine"),
		"outcome cause message chain add_packages problems problems_dropped");
	assert_keys(json_object_get(row(scan, "objects", 0), "platform"), "os arch libc");
	assert_keys(json_object_get(scan, "prunable"), "bytes files");
	assert_keys(row(scan, "errors", 0), "path message severity");
}

static void json_values_are_the_scans(void **state)
{
	cp_cleanup_json json_t *scan = json_of(*state);
	const json_t *verdict = json_object_get(
		json_object_get(row(scan, "packages", BRIDGE), "verdicts"), "alpine");
	assert_string_equal(json_string_value(json_object_get(verdict, "outcome")), "fails");
	assert_string_equal(json_string_value(json_object_get(verdict, "cause")), "missing_loader");
	assert_string_equal(json_string_value(json_object_get(verdict, "message")),
		"Error loading shared library ld-linux-x86-64.so.2: No such file or directory "
		"(needed by /app/bridge.node)");
	const json_t *bridge = row(scan, "objects", BRIDGE);
	assert_string_equal(json_string_value(json_object_get(bridge, "glibc_min")), "2.34");
	assert_true(json_is_null(json_object_get(bridge, "node_api")));
	assert_true(json_is_null(json_object_get(bridge, "glibcxx_min")));
	const json_t *darwin = row(scan, "objects", DARWIN);
	assert_true(json_is_null(json_object_get(darwin, "needed")));
	assert_string_equal(
		json_string_value(json_object_get(json_object_get(darwin, "platform"), "os")),
		"darwin");
	assert_keys(json_object_get(row(scan, "objects", BUSYBOX), "outcomes"), "self");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(scan, "prunable"), "bytes")),
		113400000);
}

static void json_is_one_line_and_repeats(void **state)
{
	cp_cleanup_free char *first = json_text_of(*state);
	cp_cleanup_free char *second = json_text_of(*state);
	assert_string_equal(first, second);
	assert_ptr_equal(strchr(first, '\n'), first + strlen(first) - 1);
}

static void json_takes_any_bytes(void **state)
{
	struct fixture *f = *state;
	f->objects[TOOL].path = (char *)"/app/\xff\"\\\n\x01";
	cp_cleanup_json json_t *scan = json_of(f);
	assert_string_equal(json_string_value(json_object_get(row(scan, "objects", TOOL), "path")),
		"/app/\xef\xbf\xbd\"\\\n\x01");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		TEST(table_is_as_designed),
		TEST(one_reason_on_several_targets_is_one_row),
		TEST(the_reason_is_what_no_package_cures),
		TEST(all_targets_but_one_are_named_by_it),
		TEST(only_glibcs_own_symbols_are_musls_to_lack),
		TEST(copies_of_a_package_share_a_row),
		TEST(highest_version_is_named),
		TEST(dependency_at_fault_is_named),
		TEST(missing_library_at_the_end_of_the_chain_is_not_at_fault),
		TEST(every_cause_has_words),
		TEST(base_objects_show_only_where_they_fail_on_self),
		TEST(names_of_images_cannot_steer_a_terminal),
		TEST(colour_only_where_asked_for),
		TEST(rows_fit_a_terminal),
		TEST(style_of_a_file_is_plain),
		TEST(evidence_tells_everything),
		TEST(what_must_be_installed_there_is_said),
		TEST(nothing_native_is_said_so),
		TEST(threshold_weighs_packages_and_loose_objects),
		TEST(json_has_the_schema),
		TEST(json_values_are_the_scans),
		TEST(json_is_one_line_and_repeats),
		TEST(json_takes_any_bytes),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
