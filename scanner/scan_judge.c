/* SPDX-License-Identifier: MIT
 *
 * Judges every object on every target. Simulations only read the shared roots, so
 * the objects are dealt out to one worker per processor.
 *
 * To what the loader does, one thing is added that a loader does not see: an addon
 * that declares a newer Node-API version than the target's Node has. Node 20 then
 * dies in it with SIGSEGV and no text (measured on better-sqlite3 13 and argon2
 * 0.45, which declare 10).
 */
#include "scan_parts.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "workers.h"

/* NAPI_VERSION of "experimental": no number that a Node could lack. */
#define NODE_API_EXPERIMENTAL 2147483647

struct crew {
	struct cp_scan *scan;
	atomic_size_t next;
	pthread_mutex_t lock; /* over err */
	struct cp_error *err;
};

static int judge_node_api(const struct cp_object *object, const struct cp_scan_target *target,
	struct cp_load *load, struct cp_error **err)
{
	int declared = object->facts->node_api;
	int offered = target->node_major ? cp_node_api_version(target->node_major) : -1;
	if (offered < 0 || declared <= offered || declared == NODE_API_EXPERIMENTAL)
		return 0;
	if (load->outcome != CP_OUTCOME_LOADS)
		return 0;
	struct cp_problem problem = {.cause = CP_CAUSE_NODE_API_VERSION, .at_call = true};
	problem.object = strdup(object->path);
	if (asprintf(&problem.subject, "Node-API %d (Node %d has %d)", declared, target->node_major,
		    offered) < 0)
		problem.subject = NULL;
	if (!problem.object || !problem.subject ||
		cp_grow(&load->problems, &load->problems_size, load->n_problems + 1,
			sizeof(problem)) < 0) {
		free(problem.object);
		free(problem.subject);
		return cp_error_set(err, 0, "out of memory");
	}
	/* The load itself went through, so this comes before what dies at a later call. */
	memmove(load->problems + 1, load->problems, load->n_problems * sizeof(problem));
	load->problems[0] = problem;
	load->n_problems++;
	load->outcome = CP_OUTCOME_CRASHES;
	load->cause = CP_CAUSE_NODE_API_VERSION;
	return 0;
}

static enum cp_load_mode mode_of(const struct cp_object *object)
{
	return object->kind == CP_OBJECT_EXECUTABLE ? CP_LOAD_EXEC : CP_LOAD_DLOPEN_LAZY;
}

/* A library of the base that is no addon's is often a plug-in (perl's, PAM's): it takes
 * symbols from a program that is not node and not known here, so their absence from
 * node proves nothing. */
static bool proves_nothing(const struct cp_object *object, const struct cp_load *load)
{
	return object->system && object->kind == CP_OBJECT_LIBRARY &&
	       (load->cause == CP_CAUSE_MISSING_SYMBOL || load->cause == CP_CAUSE_NODE_ABI);
}

/* Prebuilds of packages for the Bare runtime, which lie beside those for Node and have
 * the same names but for the suffix. Node never loads them, and what they take from
 * their program (js_*) it does not have: a verdict would be about another program. */
static bool is_for_bare(const struct cp_object *object)
{
	const char *dot = strrchr(object->path, '.');
	return dot && strcmp(dot, ".bare") == 0;
}

static int judge(struct cp_scan *scan, struct cp_object *object, size_t at, struct cp_error **err)
{
	const struct cp_scan_target *target = &scan->targets[at];
	struct cp_load *load = &object->loads[at];
	if (object->system && target->base) {
		load->outcome = CP_OUTCOME_UNKNOWN; /* stays behind with its base */
		return 0;
	}
	if (cp_object_foreign(scan, object)) {
		load->outcome = CP_OUTCOME_FOREIGN;
		return 0;
	}
	if (is_for_bare(object)) {
		load->outcome = CP_OUTCOME_UNKNOWN;
		return 0;
	}
	if (cp_load_simulate(&target->target, object->path, mode_of(object), load, err) < 0)
		return cp_error_wrap(err, "judging %s on %s", object->path, target->name);
	if (proves_nothing(object, load)) {
		cp_load_clear(load);
		load->outcome = CP_OUTCOME_UNKNOWN;
	}
	if (cp_scan_judge_packages(scan, target, object, load, err) < 0)
		return -1;
	if (object->kind == CP_OBJECT_ADDON)
		return judge_node_api(object, target, load, err);
	return 0;
}

static void work(void *context)
{
	struct crew *crew = context;
	struct cp_scan *scan = crew->scan;
	for (;;) {
		size_t at = atomic_fetch_add(&crew->next, 1);
		if (at >= scan->n_objects)
			return;
		for (size_t t = 0; t < scan->n_targets; t++) {
			cp_cleanup_error struct cp_error *err = NULL;
			if (judge(scan, &scan->objects[at], t, &err) == 0)
				continue;
			pthread_mutex_lock(&crew->lock);
			if (!crew->err)
				crew->err = cp_take(err);
			pthread_mutex_unlock(&crew->lock);
			return;
		}
	}
}

int cp_scan_judge(struct cp_scan *scan, struct cp_error **err)
{
	struct crew crew = {.scan = scan, .lock = PTHREAD_MUTEX_INITIALIZER};
	cp_workers_run(work, &crew, scan->n_objects);
	if (!crew.err)
		return 0;
	if (err)
		*err = crew.err;
	else
		cp_error_free(crew.err);
	return -1;
}
