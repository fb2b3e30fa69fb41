/* SPDX-License-Identifier: MIT */
#include "musl_world.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* musl as it is since 1.2.4, alone in its root. */
int musl_world_setup(void **state)
{
	static const struct elf_spec libc = {
		.soname = "libc.musl-x86_64.so.1",
		.symbols = {{.name = "__libc_start_main", .value = 1},
			{.name = "stdin", .value = 1, .type = STT_OBJECT},
			{.name = "malloc", .value = 1}, {.name = "open", .value = 1},
			{.name = "readdir_r", .value = 1}, {.name = "posix_fallocate", .value = 1},
			{.name = "__xstat", .value = 1}},
	};
	struct world *world = calloc(1, sizeof(*world));
	if (!world || !(world->index = cp_index_new()))
		return -1;
	tree_object(world->index, LOADER, &libc);
	world->target = (struct cp_target){.name = "test",
		.root = {.layers = {{.index = world->index}}, .count = 1},
		.machine = EM_X86_64,
		.libc = CP_LIBC_MUSL,
		.keep_considered = true};
	*state = world;
	return 0;
}

int musl_world_teardown(void **state)
{
	struct world *world = *state;
	cp_load_clear(&world->load);
	cp_index_free(world->index);
	free(world);
	return 0;
}

void world_load(struct world *world, const char *path, enum cp_load_mode mode)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_load_clear(&world->load);
	if (cp_load_simulate(&world->target, path, mode, &world->load, &err))
		fail_msg("%s: %s", path, err->message);
}

void world_expect(const struct world *world, enum cp_outcome outcome, enum cp_cause cause,
	const char *message)
{
	const struct cp_load *load = &world->load;
	if (load->outcome != outcome || load->cause != cause)
		fail_msg("%s, %s (%s)", cp_outcome_name(load->outcome),
			load->cause ? cp_cause_name(load->cause) : "no cause",
			load->message ? load->message : "no message");
	if (!message)
		assert_null(load->message);
	else if (!load->message || strcmp(load->message, message) != 0)
		fail_msg("\"%s\" instead of \"%s\"", load->message ? load->message : "", message);
}

void world_expect_load(struct world *world, const struct elf_spec *spec, enum cp_load_mode mode,
	enum cp_outcome outcome, enum cp_cause cause, const char *message)
{
	tree_object(world->index, MAIN, spec);
	world_load(world, MAIN, mode);
	world_expect(world, outcome, cause, message);
}

void loads(struct world *world, const struct elf_spec *spec)
{
	world_expect_load(world, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

void crashes(struct world *world, const struct elf_spec *spec, enum cp_cause cause)
{
	world_expect_load(world, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_CRASHES, cause, NULL);
}

void fails(
	struct world *world, const struct elf_spec *spec, enum cp_cause cause, const char *message)
{
	world_expect_load(world, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_FAILS, cause, message);
}

void lacks(struct world *world, const struct elf_spec *spec, const char *symbol)
{
	char message[256];
	snprintf(message, sizeof(message), "Error relocating " MAIN ": %s: symbol not found",
		symbol);
	fails(world, spec, CP_CAUSE_MISSING_SYMBOL, message);
}

void lacks_library(struct world *world, const struct elf_spec *spec, const char *library,
	const char *reason, enum cp_cause cause)
{
	char message[256];
	snprintf(message, sizeof(message),
		"Error loading shared library %s: %s (needed by " MAIN ")", library, reason);
	fails(world, spec, cause, message);
}
