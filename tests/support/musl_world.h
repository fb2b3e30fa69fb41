/* SPDX-License-Identifier: MIT
 *
 * A root with nothing but musl in it, and what a load there is expected to give. The
 * object is put at MAIN and loaded; each function ends the test where it is not as said.
 */
#ifndef MUSL_WORLD_H
#define MUSL_WORLD_H

#include <stdint.h>

#include "load.h"
#include "memory.h"
#include "tree_builder.h"

#define LOADER "/lib/ld-musl-x86_64.so.1"
#define MAIN "/app/main.so"

#define RELOC(symbol_, type_)                                                                      \
	{                                                                                          \
		.symbol = symbol_, .type = type_                                                   \
	}
#define CALL(symbol_)                                                                              \
	{                                                                                          \
		.symbol = symbol_, .type = R_X86_64_JUMP_SLOT, .plt = true                         \
	}
/* One call of a function: what most objects here do. */
#define CALLS(symbol) .symbols = {{.name = symbol}}, .relocs = {CALL(symbol)}
/* A function in a table, which no loader leaves for later. */
#define HOLDS(symbol) .symbols = {{.name = symbol}}, .relocs = {RELOC(symbol, R_X86_64_64)}

#define NOT_THERE "No such file or directory"

struct world {
	struct cp_index *index;
	struct cp_target target;
	struct cp_load load;
};

int musl_world_setup(void **state);
int musl_world_teardown(void **state);
void world_load(struct world *world, const char *path, enum cp_load_mode mode);
void world_expect(const struct world *world, enum cp_outcome outcome, enum cp_cause cause,
	const char *message);
void world_expect_load(struct world *world, const struct elf_spec *spec, enum cp_load_mode mode,
	enum cp_outcome outcome, enum cp_cause cause, const char *message);
void loads(struct world *world, const struct elf_spec *spec);
void crashes(struct world *world, const struct elf_spec *spec, enum cp_cause cause);
void fails(
	struct world *world, const struct elf_spec *spec, enum cp_cause cause, const char *message);
void lacks(struct world *world, const struct elf_spec *spec, const char *symbol);
void lacks_library(struct world *world, const struct elf_spec *spec, const char *library,
	const char *reason, enum cp_cause cause);

#endif
