/* SPDX-License-Identifier: MIT
 *
 * YAML as a tree of text, sequences and mappings.
 *
 * libfyaml reads the bytes; what is kept of them is only what configuration needs: scalars as
 * text, where each value stands, aliases as shared nodes (so that a "billion laughs" costs what it
 * weighs in the file, not what it would expand to) and merge keys (<<) applied. Of equal keys the
 * last one counts, as PyYAML has it. An alias inside of what it names is an error.
 *
 * A pool owns all nodes and texts of one load, whatever file they come from; they live until it is
 * freed. Nodes are shared, so whoever changes one makes a new one instead.
 */
#ifndef CP_YAML_H
#define CP_YAML_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

#define CP_YAML_MAX_FILE ((size_t)4 << 20)  /* bytes */
#define CP_YAML_MAX_ITEMS ((size_t)500000)  /* of one pool, those that merge keys copy included */
#define CP_YAML_MAX_TEXT ((size_t)64 << 20) /* bytes of text of one pool */
#define CP_YAML_MAX_DEPTH 64
#define CP_YAML_MAX_ANCHORS 1000

enum cp_yaml_kind { CP_YAML_NULL, CP_YAML_TEXT, CP_YAML_SEQUENCE, CP_YAML_MAPPING };
enum cp_yaml_tag {
	CP_YAML_PLAIN,
	CP_YAML_RESET,
	CP_YAML_OVERRIDE
}; /* compose's !reset, !override */

struct cp_yaml_item {
	const char *key; /* NULL in a sequence */
	struct cp_yaml *value;
};

struct cp_yaml {
	enum cp_yaml_kind kind;
	enum cp_yaml_tag tag;
	unsigned line, column; /* 1-based */
	const char *text;
	struct cp_yaml_item *items; /* in file order */
	size_t count, size;
	unsigned height;        /* levels of collections below this one */
	bool seen;              /* for whoever walks shared nodes */
	struct cp_yaml *result; /* for whoever makes another tree of this one */
	struct cp_yaml *next;   /* of the pool */
};

struct cp_yaml_pool;
struct cp_yaml_pool *cp_yaml_pool_make(void); /* NULL without memory */
void cp_yaml_pool_free(struct cp_yaml_pool *pool);
void cp_yaml_pool_cleanup(struct cp_yaml_pool **pool);
#define cp_cleanup_yaml __attribute__((cleanup(cp_yaml_pool_cleanup)))

/* Parses one document. `name` stands in errors: "NAME:LINE:COLUMN: what is wrong". An empty
 * document is CP_YAML_NULL. 0 with *root (of the pool), or -1. */
int cp_yaml_parse(struct cp_yaml_pool *pool, const char *text, size_t size, const char *name,
	struct cp_yaml **root, struct cp_error **err);
int cp_yaml_read(
	struct cp_yaml_pool *pool, const char *path, struct cp_yaml **root, struct cp_error **err);

/* The value of a key, or NULL: not there, or `mapping` is NULL or no mapping. Linear. */
struct cp_yaml *cp_yaml_get(const struct cp_yaml *mapping, const char *key);
/* Its text; NULL: not there, or no text. */
const char *cp_yaml_text(const struct cp_yaml *mapping, const char *key);

/* Makers; NULL or -1 without memory or above the pool's bounds. `where` (may be NULL) lends its
 * place in the file. */
struct cp_yaml *cp_yaml_make(
	struct cp_yaml_pool *pool, enum cp_yaml_kind kind, const struct cp_yaml *where);
struct cp_yaml *cp_yaml_make_text(
	struct cp_yaml_pool *pool, const char *text, const struct cp_yaml *where);
const char *cp_yaml_copy(struct cp_yaml_pool *pool, const char *text, size_t size);
int cp_yaml_add(
	struct cp_yaml_pool *pool, struct cp_yaml *to, const char *key, struct cp_yaml *value);
/* Leaves one item per key: the last one's value in the first one's place. n log n. */
int cp_yaml_settle(struct cp_yaml *mapping);

/* Why a maker failed, for the caller's error. Always -1. */
int cp_yaml_pool_error(const struct cp_yaml_pool *pool, struct cp_error **err);

#endif
