/* SPDX-License-Identifier: MIT
 *
 * An index filled by hand, for tests of what asks one. Each function ends the test
 * where it fails.
 */
#ifndef TREE_BUILDER_H
#define TREE_BUILDER_H

#include "elf_builder.h"
#include "index.h"

/* A file that is no object and whose content nobody kept. */
void tree_file(struct cp_index *index, const char *path);
void tree_directory(struct cp_index *index, const char *path);
void tree_link(struct cp_index *index, const char *path, const char *target);
void tree_hard_link(struct cp_index *index, const char *path, const char *target);
/* A kept text. */
void tree_text(struct cp_index *index, const char *path, const char *text);
/* The object that `spec` describes, by its facts. */
void tree_object(struct cp_index *index, const char *path, const struct elf_spec *spec);
/* Its first `size` bytes. */
void tree_cut_object(
	struct cp_index *index, const char *path, const struct elf_spec *spec, size_t size);

#endif
