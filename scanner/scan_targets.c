/* SPDX-License-Identifier: MIT
 *
 * Targets: the roots that the image's objects are judged on.
 *
 * "self" is the image's own root. Any other target is a base with the service's
 * files over it. The node that loads the addons there is, in this order: that of
 * the version in the target's name; the image's own, where the libc stays the same;
 * the shipped export list of the image's Node version (a node of another libc
 * exports the same names, but needs other libraries); where no version is known,
 * some Node whose own symbols are all taken as given, since nothing is known
 * against them.
 */
#include "scan_parts.h"

#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* One Alpine and the three Debians that official node images stand on. */
static const char *const default_bases[] = {
	"alpine", "debian-bullseye", "debian-bookworm", "debian-trixie"};

#define N_DEFAULT_BASES (sizeof(default_bases) / sizeof(default_bases[0]))

/* The Node whose libraries stand in where an image names none: any that is shipped does,
 * because its symbols are then not used against anyone. */
#define NODE_MAJOR_FOR_UNKNOWN 20
#define OFFICIAL_NODE_PATH "/usr/local/bin/node"

void cp_scan_target_clear(struct cp_scan_target *target)
{
	free(target->name);
	free(target->detail);
	cp_facts_free(target->program);
}

static int own_major(const struct cp_scan *scan)
{
	return scan->node_version ? atoi(scan->node_version) : 0;
}

static int give_listed_program(
	struct cp_scan *scan, struct cp_scan_target *target, int major, struct cp_error **err)
{
	bool known = major != 0;
	struct cp_error *unknown = NULL;
	if (!known || cp_node_program(major, target->target.libc, scan->machine, &target->program,
			      &unknown) < 0) {
		cp_error_free(unknown);
		known = false;
		if (cp_node_program(NODE_MAJOR_FOR_UNKNOWN, target->target.libc, scan->machine,
			    &target->program, err) < 0)
			return -1;
	}
	target->target.program = (struct cp_program){.path = OFFICIAL_NODE_PATH,
		.facts = target->program,
		.also_exports = known ? cp_node_list_omits : cp_node_symbol};
	return 0;
}

static int give_program(
	struct cp_scan *scan, struct cp_scan_target *target, int named_major, struct cp_error **err)
{
	bool same_libc = target->target.libc == scan->libc;
	target->node_major = named_major ? named_major : own_major(scan);
	if (!named_major && scan->node && same_libc) {
		target->target.program =
			(struct cp_program){.path = scan->node_path, .facts = scan->node};
		return 0;
	}
	return give_listed_program(scan, target, target->node_major, err);
}

/* An alias says by itself that it leaves the release open; an image's name does not. */
static char *describe(const struct cp_scan_target *target, const char *name)
{
	const char *libc = cp_libc_name(target->target.libc);
	char node[32] = "";
	char *text = NULL;
	if (target->node_major)
		snprintf(node, sizeof(node), ", Node %d", target->node_major);
	const char *note = target->base && strchr(name, ':') ? target->base->note : NULL;
	if (asprintf(&text, "%s, %s %s%s%s%s%s",
		    target->base ? target->base->name : "the image itself", libc ? libc : "no libc",
		    target->target.libc_version ? target->target.libc_version : "?", node,
		    target->base && target->base->gcompat ? ", with gcompat" : "", note ? "; " : "",
		    note ? note : "") < 0)
		return NULL;
	return text;
}

static int finish(struct cp_scan *scan, struct cp_scan_target *target, const char *name,
	int named_major, struct cp_error **err)
{
	if (give_program(scan, target, named_major, err) < 0)
		return -1;
	target->name = strdup(name);
	target->detail = describe(target, name);
	target->target.name = target->name;
	target->target.library_path = scan->image->library_path;
	return target->name && target->detail ? 0 : cp_error_set(err, 0, "out of memory");
}

static int make_self(struct cp_scan *scan, struct cp_scan_target *target, struct cp_error **err)
{
	target->target.root = (struct cp_root){.layers = {{scan->image->root, false}}, .count = 1};
	target->target.machine = scan->machine;
	target->target.libc = scan->libc;
	target->target.libc_version = scan->libc_version;
	return finish(scan, target, "self", 0, err);
}

static int check_machine(
	const struct cp_scan *scan, const struct cp_base *base, struct cp_error **err)
{
	const char *wanted = cp_machine_docker_name(scan->machine, ELFCLASS64, ELFDATA2LSB);
	if (!base->architecture || !wanted || !strcmp(base->architecture, wanted))
		return 0;
	return cp_error_set(err, 0,
		"base %s is for %s and the image for %s: make one with "
		"'compatprobe base create REF -o FILE' and give its file as the target",
		base->name, base->architecture, wanted);
}

static int make_based(struct cp_scan *scan, struct cp_scan_target *target, const char *name,
	int node_major, struct cp_error **err)
{
	if (check_machine(scan, target->base, err) < 0)
		return -1;
	target->target.root = (struct cp_root){
		.layers = {{scan->image->root, true}, {target->base->index, false}}, .count = 2};
	target->target.machine = scan->machine;
	target->target.libc = target->base->libc;
	target->target.libc_version = target->base->libc_version;
	return finish(scan, target, name, node_major, err);
}

/* --- which targets, and their bases ------------------------------------------------- */

struct wanted {
	const char **names;
	size_t count;
};

static void want(struct wanted *wanted, const char *name)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (!strcmp(wanted->names[i], name))
			return;
	wanted->names[wanted->count++] = name;
}

/* What was asked for, each once; else the image itself, where it has a loader to judge by, and the
 * default bases. */
static void list_names(
	struct wanted *wanted, const struct cp_scan *scan, const struct cp_scan_options *options)
{
	for (size_t i = 0; i < options->n_targets; i++)
		want(wanted, options->targets[i]);
	if (wanted->count)
		return;
	if (scan->libc != CP_LIBC_NONE)
		want(wanted, "self");
	for (size_t i = 0; i < N_DEFAULT_BASES; i++)
		want(wanted, default_bases[i]);
}

static int make_targets(struct cp_scan *scan, const struct cp_base_set *bases,
	const struct wanted *wanted, struct cp_error **err)
{
	for (size_t i = 0; i < wanted->count; i++) {
		struct cp_scan_target *target = &scan->targets[i];
		int node_major;
		target->base = cp_base_set_get(bases, wanted->names[i], &node_major);
		int result = target->base
				     ? make_based(scan, target, wanted->names[i], node_major, err)
				     : make_self(scan, target, err);
		if (result < 0)
			return -1;
	}
	return 0;
}

static struct cp_base_set *bases_of(struct cp_scan *scan, const struct cp_scan_options *options)
{
	if (options->bases)
		return options->bases;
	scan->own_bases = cp_base_set_new();
	return scan->own_bases;
}

int cp_scan_targets(
	struct cp_scan *scan, const struct cp_scan_options *options, struct cp_error **err)
{
	size_t most = options->n_targets ? options->n_targets : 1 + N_DEFAULT_BASES;
	cp_cleanup_free const char **names = calloc(most, sizeof(*names));
	struct cp_base_set *bases = bases_of(scan, options);
	scan->targets = calloc(most, sizeof(*scan->targets));
	if (!names || !bases || !scan->targets)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct wanted wanted = {names, 0};
	list_names(&wanted, scan, options);
	scan->n_targets = wanted.count;
	for (size_t i = 0; i < wanted.count; i++)
		scan->targets[i].target.keep_considered = options->keep_considered;
	if (cp_base_set_find(bases, names, wanted.count, err) < 0)
		return -1;
	return make_targets(scan, bases, &wanted, err);
}
