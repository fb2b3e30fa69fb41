/* SPDX-License-Identifier: MIT
 *
 * What a load with musl is expected to give. The object is put at MAIN and loaded; each
 * function ends the test where it is not as said.
 */
#ifndef MUSL_EXPECT_H
#define MUSL_EXPECT_H

#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"
#include "support/load_tree.h"

#define LOADER LOAD_TREE_MUSL_LOADER
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

/* *state is a root with nothing but musl in it. */
static inline int musl_setup(void **state)
{
	struct load_tree *tree = malloc(sizeof(*tree));
	if (!tree)
		return -1;
	*tree = load_tree_musl();
	*state = tree;
	return 0;
}

static inline int musl_teardown(void **state)
{
	load_tree_free(*state);
	free(*state);
	return 0;
}

static inline void load(struct load_tree *tree, const char *path, enum cp_load_mode mode)
{
	if (load_tree_simulate(tree, path, mode))
		fail_msg("%s: %s", path, tree->error->message);
}

static inline void expect(const struct load_tree *tree, enum cp_outcome outcome,
	enum cp_cause cause, const char *message)
{
	const struct cp_load *load = &tree->load;
	if (load->outcome != outcome || load->cause != cause)
		fail_msg("%s, %s (%s)", cp_outcome_name(load->outcome),
			load->cause ? cp_cause_name(load->cause) : "no cause",
			load->message ? load->message : "no message");
	if (!message)
		assert_null(load->message);
	else if (!load->message || strcmp(load->message, message) != 0)
		fail_msg("\"%s\" instead of \"%s\"", load->message ? load->message : "", message);
}

static inline void expect_load(struct load_tree *tree, const struct elf_spec *spec,
	enum cp_load_mode mode, enum cp_outcome outcome, enum cp_cause cause, const char *message)
{
	load_tree_object(tree, MAIN, spec);
	load(tree, MAIN, mode);
	expect(tree, outcome, cause, message);
}

static inline void loads(struct load_tree *tree, const struct elf_spec *spec)
{
	expect_load(tree, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_LOADS, CP_CAUSE_NONE, NULL);
}

static inline void crashes(struct load_tree *tree, const struct elf_spec *spec, enum cp_cause cause)
{
	expect_load(tree, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_CRASHES, cause, NULL);
}

static inline void fails(struct load_tree *tree, const struct elf_spec *spec, enum cp_cause cause,
	const char *message)
{
	expect_load(tree, spec, CP_LOAD_DLOPEN_LAZY, CP_OUTCOME_FAILS, cause, message);
}

static inline void lacks(struct load_tree *tree, const struct elf_spec *spec, const char *symbol)
{
	char message[256];
	snprintf(message, sizeof(message), "Error relocating " MAIN ": %s: symbol not found",
		symbol);
	fails(tree, spec, CP_CAUSE_MISSING_SYMBOL, message);
}

static inline void lacks_library(struct load_tree *tree, const struct elf_spec *spec,
	const char *library, const char *reason, enum cp_cause cause)
{
	char message[256];
	snprintf(message, sizeof(message),
		"Error loading shared library %s: %s (needed by " MAIN ")", library, reason);
	fails(tree, spec, cause, message);
}

#endif
