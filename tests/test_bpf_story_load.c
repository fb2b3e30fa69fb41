/* SPDX-License-Identifier: MIT
 *
 * Stories of loading: what dlopen did, and what is told of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/story_stage.h"

#define ABSENT "cannot open shared object file"
#define NO_FILE ": No such file or directory"
#define MUSL_ABSENT(name, by) "Error loading shared library " name NO_FILE " (needed by " by ")"

static struct stage stage;

/* A dlopen of glibc's that fails with this exception. */
static void fail_glibc(const char *name, int error, const char *object, const char *text)
{
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, name);
	stage_look(&stage, name, 3);
	stage_exception(&stage, error, object, text);
	stage_return(&stage, 0);
}

/* One of musl's, whose caller asks for the text. */
static void fail_musl(const char *name, const char *text)
{
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, name);
	stage_look(&stage, name, 3);
	stage_return(&stage, 0);
	stage_dlerror(&stage, text);
}

/* --- texts ------------------------------------------------------------------------------- */

static void a_text_is_put_together_of_its_three_parts(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so.1"});
	fail_glibc("/app/x.node", ENOENT, "libabsent.so.1", ABSENT);
	assert_told(&stage, "dlopen_failed missing_library libabsent.so.1 /app/x.node true loader "
			    "'libabsent.so.1: " ABSENT NO_FILE "'\n");
	fail_glibc("/app/y.node", 0, "/app/y.node", "undefined symbol: nothere");
	assert_told(&stage, "dlopen_failed missing_symbol /app/y.node - true loader "
			    "'/app/y.node: undefined symbol: nothere'\n");
	fail_glibc("/app/z.node", 0, "", "invalid mode for dlopen()");
	assert_told(&stage, "dlopen_failed - /app/z.node - - loader 'invalid mode for dlopen()'\n");
	fail_glibc("/app/v.node", ENOENT, "", "");
	assert_told(
		&stage, "dlopen_failed - /app/v.node - - loader ': No such file or directory'\n");
}

static void an_event_says_who_and_when(void **state)
{
	(void)state;
	stage.exe = "/usr/bin/node";
	stage.comm = "a name that is too long";
	fail_glibc("/app/x.node", ENOENT, "libabsent.so.1", ABSENT);
	const struct cp_event *event = &stage.events[0];
	assert_int_equal(stage.n_events, 1);
	assert_int_equal(stage.cgroups[0], 7);
	assert_int_equal(event->pid, 100);
	assert_int_equal(event->libc, CP_EVENT_LIBC_GLIBC);
	assert_string_equal(event->exe, "/usr/bin/node");
	assert_string_equal(event->comm, "a name that is ");
	assert_true(event->time == stage.now + 1000000000000000000ULL);
	assert_null(event->container.id);
}

struct cause {
	const char *cause, *answer;
	int error;
	const char *object, *text;
};

static void every_cause_of_glibc(void **state)
{
	static const struct cause causes[] = {
		{"missing_library", "true", ENOENT, "libx.so", ABSENT},
		{"wrong_libc", "true", ENOENT, "libc.musl-x86_64.so.1", ABSENT},
		{"missing_loader", "true", ENOENT, "ld-linux-aarch64.so.1", ABSENT},
		{"missing_symbol", "true", 0, "/app/a.node", "undefined symbol: f"},
		{"node_abi", "false", 0, "/app/b.node",
			"undefined symbol: _ZN2v811HandleScopeC1EPNS_7IsolateE"},
		{"static_tls", "true", 0, "/app/c.node",
			"cannot allocate memory in static TLS block"},
		{"executable_stack", "true", EINVAL, "libx.so",
			"cannot enable executable stack as shared object requires"},
		{"wrong_architecture", "false", 0, "/app/d.node", "wrong ELF class: ELFCLASS32"},
		{"not_elf", "false", 0, "/app/e.node", "invalid ELF header"},
		{"permission", "false", EACCES, "/app/f.node", ABSENT},
		{"missing_file", "false", ENOENT, "/app/g.node", ABSENT},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(causes) / sizeof(*causes); i++) {
		char wanted[256];
		stage.pid++;
		fail_glibc("/app/main.node", causes[i].error, causes[i].object, causes[i].text);
		char *told = stage_told(&stage);
		snprintf(wanted, sizeof(wanted), "dlopen_failed %s %s - %s loader ",
			causes[i].cause, causes[i].object, causes[i].answer);
		if (strncmp(told, wanted, strlen(wanted)) != 0)
			assert_string_equal(told, wanted);
		free(told);
	}
	stage.pid++;
	fail_glibc("/app/main.node", 0, "/lib/libv.so",
		"version `V_2' not found (required by /app/main.node)");
	assert_told(&stage, "dlopen_failed symbol_version /lib/libv.so /app/main.node true loader "
			    "'/lib/libv.so: version `V_2' not found (required by "
			    "/app/main.node)'\n");
}

static void the_file_itself_tells_another_machine(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/arm.node", .machine = EM_AARCH64);
	fail_glibc("/app/arm.node", ENOENT, "/app/arm.node", ABSENT);
	assert_told(&stage, "dlopen_failed wrong_architecture /app/arm.node - false loader "
			    "'/app/arm.node: " ABSENT NO_FILE "'\n");
	stage_text(&stage, "/app/lfs.node", "version https://git-lfs.github.com/spec/v1\n");
	fail_musl("/app/lfs.node", "Error loading shared library /app/lfs.node: Exec format error");
	assert_told(&stage, "dlopen_failed not_elf /app/lfs.node - false loader 'Error loading "
			    "shared library /app/lfs.node: Exec format error'\n");
	STAGE_OBJECT(&stage, "/app/arm2.node", .machine = EM_AARCH64);
	fail_musl("/app/arm2.node",
		"Error relocating /app/arm2.node: unsupported relocation type 1026");
	assert_told(&stage, "dlopen_failed wrong_architecture /app/arm2.node - false loader 'Error "
			    "relocating /app/arm2.node: unsupported relocation type 1026'\n");
}

/* Without a root, what was opened is known from the records, and the rest is not guessed. */
static void a_file_that_cannot_be_looked_at(void **state)
{
	(void)state;
	int root = stage.root_fd;
	stage.root_fd = -1;
	fail_glibc("/app/arm.node", ENOENT, "/app/arm.node", ABSENT);
	assert_told(&stage, "dlopen_failed wrong_architecture /app/arm.node - false loader "
			    "'/app/arm.node: " ABSENT NO_FILE "'\n");
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/absent.node");
	stage_look(&stage, "/app/absent.node", -ENOENT);
	stage_exception(&stage, ENOENT, "/app/absent.node", ABSENT);
	stage_return(&stage, 0);
	assert_told(&stage, "dlopen_failed missing_file /app/absent.node - false loader "
			    "'/app/absent.node: " ABSENT NO_FILE "'\n");
	fail_musl("/app/arm2.node",
		"Error relocating /app/arm2.node: unsupported relocation type 1026");
	assert_told(&stage, "dlopen_failed - /app/arm2.node - - loader 'Error relocating "
			    "/app/arm2.node: unsupported relocation type 1026'\n");
	fail_musl("/app/x.node", MUSL_ABSENT("libabsent.so.1", "/app/x.node"));
	assert_told(&stage, "dlopen_failed missing_library libabsent.so.1 /app/x.node true loader "
			    "'" MUSL_ABSENT("libabsent.so.1", "/app/x.node") "'\n");
	stage.root_fd = root;
}

/* "No such file" may be the file's, or what it needs: only a look at it tells. */
static void a_systems_path_is_a_file_or_a_library(void **state)
{
	(void)state;
	fail_glibc("/usr/lib/node_modules/x.node", ENOENT, "/usr/lib/node_modules/x.node", ABSENT);
	assert_told(&stage, "dlopen_failed missing_file /usr/lib/node_modules/x.node - false "
			    "loader '/usr/lib/node_modules/x.node: " ABSENT NO_FILE "'\n");
	STAGE_OBJECT(&stage, "/usr/lib/node_modules/y.node", .needed = {"libabsent.so"});
	fail_glibc("/usr/lib/node_modules/y.node", ENOENT, "/usr/lib/node_modules/y.node", ABSENT);
	assert_told(&stage, "dlopen_failed missing_library /usr/lib/node_modules/y.node - true "
			    "loader '/usr/lib/node_modules/y.node: " ABSENT NO_FILE "'\n");
}

static void the_last_exception_counts(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/x.node");
	stage_exception(&stage, ENOENT, "libinner.so", ABSENT);
	stage_exception(&stage, ENOENT, "libinner.so", ABSENT);
	stage_exception(&stage, 0, "/app/x.node", "undefined symbol: f");
	stage_return(&stage, 0);
	assert_told(&stage, "dlopen_failed missing_symbol /app/x.node - true loader "
			    "'/app/x.node: undefined symbol: f'\n");
}

static void an_exception_that_was_caught_is_nothing(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "libx.so.1");
	stage_exception(&stage, ENOENT, "libinner.so", ABSENT);
	stage_return(&stage, 1);
	stage_exception(&stage, 0, "/usr/bin/node", "undefined symbol: maybe"); /* dlsym's */
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void text_bytes_may_be_any(void **state)
{
	static const char hostile[] = "/app/\n\033[31m%s%n\xff.node";
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, hostile);
	stage_exception(&stage, 0, hostile, "invalid ELF header");
	stage_return(&stage, 0);
	assert_int_equal(stage.n_events, 1);
	assert_string_equal(
		stage.events[0].message, "/app/\n\033[31m%s%n\xff.node: invalid ELF header");
	free(stage_told(&stage));
}

static void a_path_of_4095_bytes_stays_whole(void **state)
{
	char path[CP_RAW_TEXT];
	(void)state;
	memset(path, 'p', sizeof(path) - 1);
	memcpy(path, "/app/", 5);
	memcpy(path + sizeof(path) - 6, ".node", 6);
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, path);
	stage_return(&stage, 1);
	assert_int_equal(stage.n_events, 1);
	assert_int_equal(stage.events[0].kind, CP_EVENT_ADDON_LOADED);
	assert_string_equal(stage.events[0].object, path);
}

/* --- how often --------------------------------------------------------------------------- */

static void once_per_failure_and_process(void **state)
{
	static const char told[] = "dlopen_failed missing_library libabsent.so - true loader "
				   "'libabsent.so: " ABSENT NO_FILE "'\n";
	(void)state;
	for (int i = 0; i < 5; i++)
		fail_glibc("/app/x.node", ENOENT, "libabsent.so", ABSENT);
	stage.tid++;
	fail_glibc("/app/x.node", ENOENT, "libabsent.so", ABSENT);
	assert_told(&stage, told);
	stage.pid = stage.tid = 101;
	fail_glibc("/app/x.node", ENOENT, "libabsent.so", ABSENT);
	assert_told(&stage, told);
	stage_exec(&stage, "/usr/bin/node");
	fail_glibc("/app/x.node", ENOENT, "libabsent.so", ABSENT);
	assert_told(&stage, told);
}

static void what_has_a_bare_name_was_only_tried(void **state)
{
	(void)state;
	fail_glibc("libcuda.so.1", ENOENT, "libcuda.so.1", ABSENT);
	assert_told(&stage, "dlopen_failed missing_library libcuda.so.1 - false loader "
			    "'libcuda.so.1: " ABSENT NO_FILE "' optional\n");
}

/* --- who asked --------------------------------------------------------------------------- */

static void the_one_that_needs_it_is_found_in_what_was_opened(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libdep.so", "libc.so.6"});
	STAGE_OBJECT(&stage, "/app/lib/libdep.so", .needed = {"libabsent.so.1"});
	STAGE_OBJECT(&stage, "/lib/libc.so.6", .soname = "libc.so.6");
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/x.node");
	stage_look(&stage, "/app/x.node", 3);
	stage_look(&stage, "/usr/lib/libdep.so", -ENOENT);
	stage_look(&stage, "/app/lib/libdep.so", 4);
	stage_look(&stage, "/lib/libc.so.6", 5);
	stage_look(&stage, "/lib/libabsent.so.1", -ENOENT);
	stage_exception(&stage, ENOENT, "libabsent.so.1", ABSENT);
	stage_return(&stage, 0);
	assert_told(&stage, "dlopen_failed missing_library libabsent.so.1 /app/lib/libdep.so true "
			    "loader 'libabsent.so.1: " ABSENT NO_FILE "'\n");
}

static void musl_says_who_needs_it(void **state)
{
	(void)state;
	fail_musl("/app/x.node", MUSL_ABSENT("ld-linux-x86-64.so.2", "/app/x.node"));
	assert_told(&stage, "dlopen_failed missing_loader ld-linux-x86-64.so.2 /app/x.node true "
			    "loader '" MUSL_ABSENT("ld-linux-x86-64.so.2", "/app/x.node") "'\n");
}

/* --- nesting ------------------------------------------------------------------------------ */

static void a_constructor_that_loads_tells_its_own(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/inner.node", .needed = {"libabsent.so"});
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/outer.node");
	stage_look(&stage, "/app/outer.node", 3);
	stage_dlopen(&stage, "/app/inner.node");
	stage_look(&stage, "/app/inner.node", 4);
	stage_exception(&stage, ENOENT, "libabsent.so", ABSENT);
	stage_return(&stage, 0);
	stage_dlopen(&stage, "/app/second.node");
	stage_return(&stage, 1);
	stage_return(&stage, 1);
	assert_told(&stage,
		"dlopen_failed missing_library libabsent.so /app/inner.node true loader "
		"'libabsent.so: " ABSENT NO_FILE "'\n"
		"addon_loaded - /app/second.node - false - -\n"
		"addon_loaded - /app/outer.node - false - -\n");
}

static void calls_whose_ends_were_lost_do_not_pile_up(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	for (int i = 0; i < 20; i++)
		stage_dlopen(&stage, "/app/never-ends.node");
	stage_dlopen(&stage, "/app/last.node");
	stage_return(&stage, 1);
	assert_told(&stage, "addon_loaded - /app/last.node - false - -\n");
}

static void threads_do_not_mix(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	stage.tid = 101;
	stage_dlopen(&stage, "/app/a.node");
	stage.tid = 102;
	stage_dlopen(&stage, "/app/b.node");
	stage.tid = 101;
	stage_exception(&stage, ENOENT, "libabsent.so", ABSENT);
	stage.tid = 102;
	stage_return(&stage, 1);
	stage.tid = 101;
	stage_return(&stage, 0);
	assert_told(&stage, "addon_loaded - /app/b.node - false - -\n"
			    "dlopen_failed missing_library libabsent.so - true loader "
			    "'libabsent.so: " ABSENT NO_FILE "'\n");
}

/* --- what loaded -------------------------------------------------------------------------- */

static void an_addon_that_loaded_is_told_once(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++) {
		stage_dlopen(&stage, "/app/x.node");
		stage_return(&stage, 1);
		stage_dlopen(&stage, "/app/libx.so");
		stage_return(&stage, 1);
	}
	assert_told(&stage, "addon_loaded - /app/x.node - false - -\n");
	stage.pid = 101;
	stage_dlopen(&stage, "/app/x.node");
	stage_return(&stage, 1);
	assert_told(&stage, "addon_loaded - /app/x.node - false - -\n");
}

/* --- musl's dlerror ----------------------------------------------------------------------- */

static void nobody_asked_musl_for_the_text(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so"});
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, "/app/x.node");
	stage_look(&stage, "/app/x.node", 3);
	stage_look(&stage, "/lib/libabsent.so", -ENOENT);
	stage_look(&stage, "/usr/lib/libabsent.so", -ENOENT);
	stage_return(&stage, 0);
	stage_wait(&stage, CP_STORY_ERROR_WAIT - STAGE_MILLISECOND);
	stage_wait(&stage, 2 * STAGE_MILLISECOND); /* now it is inferred */
	assert_told(&stage, "");
	stage_wait(&stage, CP_STORY_TEXT_WAIT);
	assert_told(
		&stage, "dlopen_failed missing_library libabsent.so /app/x.node true inferred -\n");
}

static void the_text_comes_before_the_wait_is_over(void **state)
{
	(void)state;
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, "/app/x.node");
	stage_return(&stage, 0);
	stage_wait(&stage, CP_STORY_ERROR_WAIT - STAGE_MILLISECOND);
	stage_dlerror(&stage, "Error relocating /app/x.node: f: symbol not found");
	assert_told(&stage, "dlopen_failed missing_symbol /app/x.node - true loader 'Error "
			    "relocating /app/x.node: f: symbol not found'\n");
	stage_dlerror(&stage, "Error relocating /app/y.node: g: symbol not found");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

static void a_text_of_dlsym_is_not_dlopens(void **state)
{
	(void)state;
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, "/app/x.node");
	stage_look(&stage, "/app/x.node", 3);
	stage_look(&stage, "/lib/libabsent.so", -ENOENT);
	stage_return(&stage, 0);
	stage_dlerror(&stage, "Symbol not found: napi_register_module_v1");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "dlopen_failed missing_library libabsent.so - true inferred -\n");
}

static void a_second_failure_ends_the_wait_for_the_first(void **state)
{
	(void)state;
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, "/app/a.node");
	stage_look(&stage, "/app/a.node", -ENOENT);
	stage_return(&stage, 0);
	fail_musl("/app/b.node", MUSL_ABSENT("libabsent.so", "/app/b.node"));
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage,
		"dlopen_failed missing_library libabsent.so /app/b.node true loader '" MUSL_ABSENT(
			"libabsent.so", "/app/b.node") "'\n"
						       "dlopen_failed missing_file /app/a.node - "
						       "false inferred -\n");
}

static void glibc_without_an_exception_is_inferred(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .machine = EM_AARCH64);
	stage.flags = CP_RAW_GLIBC;
	stage_dlopen(&stage, "/app/x.node");
	stage_look(&stage, "/app/x.node", 3);
	stage_return(&stage, 0);
	stage_dlopen(&stage, "/app/musl.node");
	stage_look(&stage, "/app/musl.node", 3);
	stage_look(&stage, "/lib/libc.musl-x86_64.so.1", -ENOENT);
	stage_return(&stage, 0);
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "dlopen_failed wrong_architecture /app/x.node - false inferred -\n"
			    "dlopen_failed wrong_libc libc.musl-x86_64.so.1 - true inferred -\n");
}

static void no_inferred_failure_is_dropped(void **state)
{
	(void)state;
	stage.flags = CP_RAW_GLIBC;
	for (int i = 0; i < 40; i++) {
		char name[64];
		snprintf(name, sizeof(name), "/app/%d.node", i);
		stage_dlopen(&stage, name);
		stage_look(&stage, name, -ENOENT);
		stage_return(&stage, 0);
	}
	stage_wait(&stage, UINT64_MAX);
	assert_int_equal(stage.n_events, 40);
}

/* --- look-ups without a dlopen ------------------------------------------------------------ */

static void look_ungated(const char *path, int result)
{
	stage.flags = CP_RAW_UNGATED;
	stage_look(&stage, path, result);
}

static void let_it_be_told(void)
{
	stage_wait(&stage, CP_STORY_LOOKUP_WAIT + STAGE_MILLISECOND);
	stage_wait(&stage, CP_STORY_TEXT_WAIT + STAGE_MILLISECOND);
}

static void ungated_dependency_is_missing(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so"});
	look_ungated("/app/x.node", 3);
	look_ungated("/usr/lib/libabsent.so", -ENOENT);
	look_ungated("/lib/libabsent.so", -ENOENT);
	let_it_be_told();
	assert_told(
		&stage, "dlopen_failed missing_library libabsent.so /app/x.node true inferred -\n");
}

static void ungated_addon_is_absent(void **state)
{
	(void)state;
	look_ungated("/app/x.node", -ENOENT);
	let_it_be_told();
	assert_told(&stage, "dlopen_failed missing_file /app/x.node - false inferred -\n");
}

static void ungated_addon_is_of_another_machine(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .machine = EM_AARCH64);
	look_ungated("/app/x.node", 3);
	let_it_be_told();
	assert_told(&stage, "dlopen_failed wrong_architecture /app/x.node - false inferred -\n");
}

static void ungated_addon_is_mapped(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libfound.so"});
	stage.mapped = "/app/x.node";
	look_ungated("/app/x.node", 3);
	look_ungated("/lib/libfound.so", -ENOENT);
	look_ungated("/usr/lib/libfound.so", 4);
	let_it_be_told();
	assert_told(&stage, "addon_loaded - /app/x.node - false - -\n");
}

static void ungated_addon_is_just_read(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libfound.so"});
	look_ungated("/app/x.node", 3); /* by cp(1), say */
	let_it_be_told();
	assert_told(&stage, "");
	STAGE_OBJECT(&stage, "/app/arm.node", .machine = EM_AARCH64);
	for (int i = 0; i < 2; i++) {
		look_ungated("/app/arm.node", 3);
		stage.flags = CP_RAW_UNGATED | CP_RAW_WRITABLE;
		stage_look(&stage, "/copy/arm.node", 4);
	}
	let_it_be_told();
	assert_told(&stage, "");
	stage.flags = CP_RAW_UNGATED | CP_RAW_WRITABLE;
	stage_look(&stage, "/app/y.node", -ENOENT);
	look_ungated("/lib/libabsent.so", -ENOENT);
	let_it_be_told();
	assert_told(&stage, "");
}

static void the_next_addon_ends_the_look_ups_of_the_last(void **state)
{
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so"});
	STAGE_OBJECT(&stage, "/app/y.node", .needed = {"libc.so.6"});
	stage.mapped = "/app/y.node";
	look_ungated("/app/x.node", 3);
	look_ungated("/lib/libabsent.so", -ENOENT);
	look_ungated("/app/y.node", 3);
	let_it_be_told();
	assert_told(&stage,
		"addon_loaded - /app/y.node - false - -\n"
		"dlopen_failed missing_library libabsent.so /app/x.node true inferred -\n");
}

static void words_on_standard_error_replace_a_conclusion(void **state)
{
	static const char told[] = "dlopen_failed missing_library libabsent.so - true stderr "
				   "'libabsent.so: " ABSENT NO_FILE "'\n";
	(void)state;
	STAGE_OBJECT(&stage, "/app/x.node", .needed = {"libabsent.so"});
	look_ungated("/app/x.node", 3);
	look_ungated("/lib/libabsent.so", -ENOENT);
	stage_wait(&stage, CP_STORY_LOOKUP_WAIT + STAGE_MILLISECOND);
	assert_told(&stage, "");
	stage.flags = 0;
	stage_write(&stage, "Error: libabsent.so: " ABSENT NO_FILE "\n"
			    "  code: 'ERR_DLOPEN_FAILED'\n");
	assert_told(&stage, told);
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
	/* And the other way round: the words come first. */
	stage.pid = stage.tid = 101;
	stage.cgroup = 8;
	look_ungated("/app/x.node", 3);
	look_ungated("/lib/libabsent.so", -ENOENT);
	stage.flags = 0;
	stage_write(&stage, "Error: libabsent.so: " ABSENT NO_FILE "\n"
			    "  code: 'ERR_DLOPEN_FAILED'\n");
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, told);
}

static void a_new_program_is_not_who_failed(void **state)
{
	(void)state;
	stage_exec(&stage, "/usr/bin/node");
	stage.flags = CP_RAW_MUSL;
	stage_dlopen(&stage, "/app/x.node");
	stage_look(&stage, "/lib/libabsent.so", -ENOENT);
	stage_return(&stage, 0);
	stage.comm = "sh";
	stage.cgroup = 8;
	stage.flags = 0;
	stage_exec(&stage, "/bin/sh");
	assert_int_equal(stage.n_events, 1);
	assert_string_equal(stage.events[0].comm, "node");
	assert_string_equal(stage.events[0].exe, "/usr/bin/node");
	assert_int_equal(stage.events[0].libc, CP_EVENT_LIBC_MUSL);
	assert_int_equal(stage.cgroups[0], 7);
	stage_write(&stage, "Error: Cannot find module 'a'\n");
	assert_int_equal(stage.n_events, 2);
	assert_string_equal(stage.events[1].comm, "sh");
	assert_string_equal(stage.events[1].exe, "/bin/sh");
	assert_int_equal(stage.events[1].libc, CP_EVENT_LIBC_UNKNOWN);
	assert_int_equal(stage.cgroups[1], 8);
}

static void a_program_may_end_or_be_replaced_while_it_is_waited(void **state)
{
	static const char told[] = "dlopen_failed missing_library libabsent.so - true inferred -\n";
	(void)state;
	for (int i = 0; i < 2; i++) {
		stage.pid++, stage.tid++;
		stage.flags = CP_RAW_MUSL;
		stage_dlopen(&stage, "/app/x.node");
		stage_look(&stage, "/lib/libabsent.so", -ENOENT);
		stage_return(&stage, 0);
		stage.flags = 0;
		if (i == 0)
			stage_exit(&stage, 0);
		else
			stage_exec(&stage, "/bin/sh");
		assert_told(&stage, told);
	}
}

static void what_is_missing_makes_no_sense_of_the_rest(void **state)
{
	(void)state;
	stage_return(&stage, 0);
	stage_return(&stage, 1);
	stage_exception(&stage, ENOENT, "libx.so", ABSENT);
	stage_dlerror(&stage, "Error loading shared library libx.so" NO_FILE);
	stage_look(&stage, "/lib/libx.so", -ENOENT);
	stage_record(&stage, CP_RAW_DLOPEN, 0, "", 0);
	stage_return(&stage, 1);
	stage_wait(&stage, UINT64_MAX);
	assert_told(&stage, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		STAGE_TEST(a_text_is_put_together_of_its_three_parts),
		STAGE_TEST(an_event_says_who_and_when),
		STAGE_TEST(every_cause_of_glibc),
		STAGE_TEST(the_file_itself_tells_another_machine),
		STAGE_TEST(a_file_that_cannot_be_looked_at),
		STAGE_TEST(a_systems_path_is_a_file_or_a_library),
		STAGE_TEST(the_last_exception_counts),
		STAGE_TEST(an_exception_that_was_caught_is_nothing),
		STAGE_TEST(text_bytes_may_be_any),
		STAGE_TEST(a_path_of_4095_bytes_stays_whole),
		STAGE_TEST(once_per_failure_and_process),
		STAGE_TEST(what_has_a_bare_name_was_only_tried),
		STAGE_TEST(the_one_that_needs_it_is_found_in_what_was_opened),
		STAGE_TEST(musl_says_who_needs_it),
		STAGE_TEST(a_constructor_that_loads_tells_its_own),
		STAGE_TEST(calls_whose_ends_were_lost_do_not_pile_up),
		STAGE_TEST(threads_do_not_mix),
		STAGE_TEST(an_addon_that_loaded_is_told_once),
		STAGE_TEST(nobody_asked_musl_for_the_text),
		STAGE_TEST(the_text_comes_before_the_wait_is_over),
		STAGE_TEST(a_text_of_dlsym_is_not_dlopens),
		STAGE_TEST(a_second_failure_ends_the_wait_for_the_first),
		STAGE_TEST(glibc_without_an_exception_is_inferred),
		STAGE_TEST(no_inferred_failure_is_dropped),
		STAGE_TEST(ungated_dependency_is_missing),
		STAGE_TEST(ungated_addon_is_absent),
		STAGE_TEST(ungated_addon_is_of_another_machine),
		STAGE_TEST(ungated_addon_is_mapped),
		STAGE_TEST(ungated_addon_is_just_read),
		STAGE_TEST(the_next_addon_ends_the_look_ups_of_the_last),
		STAGE_TEST(words_on_standard_error_replace_a_conclusion),
		STAGE_TEST(a_new_program_is_not_who_failed),
		STAGE_TEST(a_program_may_end_or_be_replaced_while_it_is_waited),
		STAGE_TEST(what_is_missing_makes_no_sense_of_the_rest),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
