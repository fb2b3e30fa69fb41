/* SPDX-License-Identifier: MIT
 *
 * Any objects, given to both loaders in every mode: a result that holds together, or an
 * error and nothing else.
 *
 * The input is a row of files, each behind its length in two bytes (little end first).
 * The first is the object asked for; the others are what it needs, in that order.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/load_tree.h"

#define FOLDER "/app/"
#define MAIN FOLDER "main.so"
#define MAX_FILES 16

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Puts the file into the tree, where that is possible: as facts, or as no object. */
static const struct cp_facts *put(
	struct load_tree *tree, const char *path, const uint8_t *data, size_t size)
{
	struct cp_facts *facts = NULL;
	uint32_t node;
	if (cp_index_add(tree->index, path, CP_NODE_FILE, &node, NULL))
		return NULL;
	if (cp_facts_read(data, size, &facts, NULL))
		return NULL;
	if (cp_index_set_facts(tree->index, node, facts, NULL))
		return NULL;
	return facts;
}

static void put_all(struct load_tree *tree, const uint8_t *data, size_t size)
{
	const struct cp_facts *first = NULL;
	for (size_t i = 0; i < MAX_FILES && size >= 2; i++) {
		size_t length = data[0] | (size_t)data[1] << 8;
		length = length < size - 2 ? length : size - 2;
		char path[CP_INDEX_MAX_PATH] = MAIN;
		if (first && i <= first->n_needed)
			snprintf(path, sizeof(path), FOLDER "%s",
				cp_facts_string(first, first->needed[i - 1]));
		if (i == 0)
			first = put(tree, path, data + 2, length);
		else if (first && i <= first->n_needed && strcmp(path, MAIN) != 0)
			put(tree, path, data + 2, length);
		data += 2 + length;
		size -= 2 + length;
	}
}

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

static void check_result(const struct cp_load *load)
{
	const struct cp_problem *first = load->problems;
	require(load->n_problems <= CP_LOAD_MAX_PROBLEMS, "the problems are bounded");
	require((load->outcome == CP_OUTCOME_LOADS) == (load->n_problems == 0),
		"it loads where nothing is wrong");
	if (!first)
		return;
	require(load->outcome == (first->at_call ? CP_OUTCOME_CRASHES : CP_OUTCOME_FAILS),
		"the first problem decides");
	require(load->cause == first->cause && load->cause != CP_CAUSE_NONE, "it has a cause");
	require(!load->message == !first->message &&
			(!load->message || strcmp(load->message, first->message) == 0),
		"the message is the first problem's");
	require(load->n_chain > 0, "there is a way to it");
}

static void simulate(struct load_tree *tree)
{
	for (enum cp_load_mode mode = CP_LOAD_DLOPEN_LAZY; mode <= CP_LOAD_EXEC; mode++) {
		if (load_tree_simulate(tree, MAIN, mode) == 0) {
			check_result(&tree->load);
			continue;
		}
		require(tree->error != NULL, "an error says why");
		require(!tree->load.problems && !tree->load.chain, "an error comes alone");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct load_tree trees[] = {load_tree_glibc("2.36"), load_tree_musl()};
	for (size_t i = 0; i < sizeof(trees) / sizeof(trees[0]); i++) {
		trees[i].target.library_path = FOLDER;
		trees[i].target.keep_considered = true;
		put_all(&trees[i], data, size);
		simulate(&trees[i]);
		load_tree_free(&trees[i]);
	}
	return 0;
}
