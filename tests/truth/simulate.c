/* SPDX-License-Identifier: MIT
 *
 * The simulated half: the scanner's view of the same root directory, with the facts of the very
 * host that the real half runs.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "layer.h"
#include "memory.h"
#include "truth.h"

struct stage {
	struct cp_index *index;
	char *version;
	struct cp_target target;
};

/* What the scanner takes the root's libc for has to be what was unpacked there. */
static int check_libc(
	const struct cp_index *index, const char *root, enum cp_libc libc, const char *version)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_free char *found_version = NULL;
	enum cp_libc found;
	uint16_t machine;
	if (cp_root_libc(index, &found, &machine, &found_version, &err))
		return fprintf(stderr, "truth: %s: %s\n", root, err->message), -1;
	if (found == libc && (!found_version || strcmp(found_version, version) == 0))
		return 0;
	fprintf(stderr, "truth: %s is taken for %s %s\n", root, cp_libc_name(found),
		found_version ? found_version : "of an unknown version");
	return -1;
}

struct stage *stage_open(const char *root, enum cp_libc libc, const char *version)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct stage *stage = calloc(1, sizeof *stage);
	if (!stage || !(stage->version = strdup(version)) ||
		cp_directory_index(root, &stage->index, &err)) {
		fprintf(stderr, "truth: %s: %s\n", root, err ? err->message : "no memory");
		stage_close(stage);
		return NULL;
	}
	if (check_libc(stage->index, root, libc, version)) {
		stage_close(stage);
		return NULL;
	}
	uint32_t host = cp_index_find(stage->index, HOST_PATH);
	const struct cp_facts *facts =
		host == CP_NO_NODE ? NULL : cp_index_facts(stage->index, host);
	if (!facts) {
		fprintf(stderr, "truth: %s has no " HOST_PATH "\n", root);
		stage_close(stage);
		return NULL;
	}
	stage->target = (struct cp_target){
		.name = "self",
		.root = {.layers = {{.index = stage->index}}, .count = 1},
		.machine = facts->machine,
		.libc = libc,
		.libc_version = stage->version,
		.program = {.path = HOST_PATH, .facts = facts},
	};
	return stage;
}

void stage_close(struct stage *stage)
{
	if (!stage)
		return;
	cp_index_free(stage->index);
	free(stage->version);
	free(stage);
}

static void judge(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct judgement *judgement)
{
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_load load = {0};
	*judgement = (struct judgement){.outcome = CP_OUTCOME_UNKNOWN};
	if (cp_load_simulate(target, path, mode, &load, &err)) {
		fprintf(stderr, "truth: %s: %s\n", path, err ? err->message : "no reason given");
		return;
	}
	*judgement = (struct judgement){
		.outcome = load.outcome,
		.cause = load.cause,
		.message = cp_take(load.message),
	};
	cp_load_clear(&load);
}

void simulate(const struct stage *stage, const struct subject *subject, struct answer *answer)
{
	static const char search[] = "LD_LIBRARY_PATH=";
	struct cp_target target = stage->target;
	if (subject->environment && strncmp(subject->environment, search, strlen(search)) == 0)
		target.library_path = subject->environment + strlen(search);
	*answer = (struct answer){0};
	judge(&target, subject->path, subject->exec ? CP_LOAD_EXEC : CP_LOAD_DLOPEN_LAZY,
		&answer->lazy);
	if (!subject->exec)
		judge(&target, subject->path, CP_LOAD_DLOPEN_NOW, &answer->now);
}
