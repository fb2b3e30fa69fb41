/* SPDX-License-Identifier: MIT
 *
 * What the command gives up before it reads anything that others made.
 *
 * Images are hostile input, and a parser may have a fault that nobody knows of yet. So
 * that it is worth little to whoever finds it, a run keeps only what it needs:
 *
 *   capabilities   those to read and write files, of all that root has
 *   Landlock       reading below its inputs, writing in the directories of its outputs
 *   seccomp        no programs, no tracing, no mounts, no namespaces, no kernel modules or
 *                  keys; no sockets but to the engine where an image is the engine's
 *
 * It holds for all that the process does from then on, and for threads started later.
 * A kernel without a part (Landlock: before 5.13, or not enabled) does without it.
 * COMPATPROBE_SANDBOX=off in the environment leaves it out, for debuggers and sanitizers.
 */
#ifndef CP_SANDBOX_H
#define CP_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>

enum cp_sandbox_part {
	CP_SANDBOX_FILES = 1 << 0, /* Landlock */
	CP_SANDBOX_CALLS = 1 << 1, /* seccomp */
};

enum cp_sandbox_network {
	CP_NETWORK_NONE,
	CP_NETWORK_UNIX, /* a local engine */
	CP_NETWORK_INET, /* an engine elsewhere */
};

struct cp_sandbox {
	const char *const *inputs; /* paths or references: what exists of them may be read */
	size_t n_inputs;
	const char *const *outputs; /* files that may be made or replaced */
	size_t n_outputs;
	enum cp_sandbox_network network;
};

/* Enters it. Returns the set of parts that are in force now. */
unsigned cp_sandbox_enter(const struct cp_sandbox *sandbox);

struct cp_options;

/* The same with the outputs that the options name. With -v a part that this kernel does not have
 * is told. */
void cp_sandbox_enter_with(struct cp_sandbox sandbox, const struct cp_options *options);
/* The same with the targets, and the arguments after the verb: references of images where `images`
 * says so, else paths. */
void cp_sandbox_enter_for(const struct cp_options *options, bool images);

/* Whether an image of that reference may have to be asked of an engine, and of which. */
enum cp_sandbox_network cp_sandbox_network_of(const char *reference);

#endif
