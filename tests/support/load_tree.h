/* SPDX-License-Identifier: MIT
 *
 * A root for a simulated load, put together in memory.
 *
 *     struct load_tree tree = load_tree_glibc("2.36");
 *     TREE_OBJECT(&tree, "/app/main.so", .needed = {"libdep.so"});
 *     load_tree_simulate(&tree, "/app/main.so", CP_LOAD_DLOPEN_LAZY);
 *     assert_string_equal(tree.load.message, ...);
 *     load_tree_free(&tree);
 *
 * Every function ends the program without memory; paths are absolute.
 */
#ifndef LOAD_TREE_H
#define LOAD_TREE_H

#include "load.h"
#include "elf_builder.h"

struct load_tree {
	struct cp_index *index;
	struct cp_target target; /* may be changed before a load */
	struct cp_load load;     /* of the last simulation */
	struct cp_error *error;  /* of the last simulation, where it could not be judged */
};

/* A root for x86-64 in Debian's layout with a loader, a libc.so.6 (versions GLIBC_2.2.5 and
 * GLIBC_2.34, functions puts and fresh) and the program /usr/bin/node, which exports napi_create.
 */
struct load_tree load_tree_glibc(const char *version);
/* A root for x86-64 with nothing but musl 1.2.5's loader (functions malloc, open, readdir_r,
 * posix_fallocate and __xstat), for a program that is not known; paths considered are kept. */
struct load_tree load_tree_musl(void);
#define LOAD_TREE_MUSL_LOADER "/lib/ld-musl-x86_64.so.1"
void load_tree_free(struct load_tree *tree);

void load_tree_object(struct load_tree *tree, const char *path, const struct elf_spec *spec);
/* Its first `size` bytes. */
void load_tree_cut_object(
	struct load_tree *tree, const char *path, const struct elf_spec *spec, size_t size);
#define TREE_OBJECT(tree, path, ...) load_tree_object(tree, path, &(struct elf_spec){__VA_ARGS__})
/* The facts of the object at `path`, to be changed before a load. */
struct cp_facts *load_tree_facts(struct load_tree *tree, const char *path);
void load_tree_link(struct load_tree *tree, const char *path, const char *target);
void load_tree_hard_link(struct load_tree *tree, const char *path, const char *target);
void load_tree_directory(struct load_tree *tree, const char *path);
void load_tree_text(struct load_tree *tree, const char *path, const char *text);
void load_tree_file(
	struct load_tree *tree, const char *path, enum cp_content content, uint64_t size);

/* Simulates the load into tree->load; returns what cp_load_simulate does. */
int load_tree_simulate(struct load_tree *tree, const char *path, enum cp_load_mode mode);

#endif
