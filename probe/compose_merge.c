/* SPDX-License-Identifier: MIT
 *
 * Compose's rules of merging, for several files and for extends alike ("Merge and override" of the
 * Compose Specification, compose/config/config.py of docker-compose 1.29): what is one value is
 * replaced, what is a mapping is merged key by key, and lists of the kinds below are joined.
 * `command`, `entrypoint` and whatever else is no such list are replaced as a whole. `extends`
 * itself is taken from the last file that has it, and is gone once it is resolved.
 */
#include <string.h>

#include "compose_parts.h"

enum rule {
	REPLACE,
	MAP,  /* mappings, or lists of NAME=VALUE or NAME: key by key */
	JOIN, /* lists, or one text for a list of one: each item once */
	BUILD
};

struct row {
	const char *key;
	enum rule rule;
};

static const struct row service_rows[] = {{"build", BUILD}, {"cap_add", JOIN}, {"cap_drop", JOIN},
	{"configs", JOIN}, {"depends_on", MAP}, {"device_cgroup_rules", JOIN}, {"devices", JOIN},
	{"dns", JOIN}, {"dns_opt", JOIN}, {"dns_search", JOIN}, {"env_file", JOIN},
	{"environment", MAP}, {"expose", JOIN}, {"external_links", JOIN}, {"extra_hosts", MAP},
	{"group_add", JOIN}, {"healthcheck", MAP}, {"labels", MAP}, {"links", JOIN},
	{"logging", MAP}, {"networks", MAP}, {"ports", JOIN}, {"profiles", JOIN}, {"secrets", JOIN},
	{"security_opt", JOIN}, {"storage_opt", MAP}, {"sysctls", MAP}, {"tmpfs", JOIN},
	{"ulimits", MAP}, {"volumes", JOIN}, {"volumes_from", JOIN}};

static const struct row build_rows[] = {{"additional_contexts", MAP}, {"args", MAP},
	{"cache_from", JOIN}, {"cache_to", JOIN}, {"extra_hosts", MAP}, {"labels", MAP},
	{"secrets", JOIN}, {"ssh", JOIN}, {"tags", JOIN}};

struct rules {
	const struct row *rows;
	size_t count;
};

static const struct rules service_rules = {
	service_rows, sizeof(service_rows) / sizeof(service_rows[0])};
static const struct rules build_rules = {build_rows, sizeof(build_rows) / sizeof(build_rows[0])};

static enum rule find_rule(const struct rules *rules, const char *key)
{
	for (size_t i = 0; i < rules->count; i++)
		if (strcmp(rules->rows[i].key, key) == 0)
			return rules->rows[i].rule;
	return REPLACE;
}

static int copy_items(struct cp_yaml_pool *pool, struct cp_yaml *to, const struct cp_yaml *from)
{
	for (size_t i = 0; i < from->count; i++)
		if (cp_yaml_add(pool, to, from->items[i].key, from->items[i].value) < 0)
			return -1;
	return 0;
}

/* --- mappings key by key ----------------------------------------------------------------- */

static int add_pair(struct cp_yaml_pool *pool, struct cp_yaml *to, const struct cp_yaml *item)
{
	if (item->kind != CP_YAML_TEXT)
		return 0;
	size_t length = strcspn(item->text, "=");
	const char *key = cp_yaml_copy(pool, item->text, length);
	const char *rest = item->text + length;
	struct cp_yaml *value = *rest ? cp_yaml_make_text(pool, rest + 1, item)
				      : cp_yaml_make(pool, CP_YAML_NULL, item);
	return key && value ? cp_yaml_add(pool, to, key, value) : -1;
}

static int add_pairs(struct cp_yaml_pool *pool, struct cp_yaml *to, const struct cp_yaml *from)
{
	if (from->kind == CP_YAML_MAPPING)
		return copy_items(pool, to, from);
	for (size_t i = 0; i < from->count; i++)
		if (add_pair(pool, to, from->items[i].value) < 0)
			return -1;
	return 0;
}

static struct cp_yaml *merge_map(
	struct cp_yaml_pool *pool, const struct cp_yaml *base, const struct cp_yaml *over)
{
	struct cp_yaml *merged = cp_yaml_make(pool, CP_YAML_MAPPING, over);
	if (!merged || add_pairs(pool, merged, base) < 0 || add_pairs(pool, merged, over) < 0 ||
		cp_yaml_settle(merged) < 0)
		return NULL;
	return merged;
}

/* --- lists ------------------------------------------------------------------------------- */

/* Texts as keys, so that settling leaves each once; what is no text stays as it is. */
static int add_members(struct cp_yaml_pool *pool, struct cp_yaml *texts, struct cp_yaml *others,
	struct cp_yaml *from)
{
	if (from->kind == CP_YAML_TEXT)
		return cp_yaml_add(pool, texts, from->text, from);
	for (size_t i = 0; i < from->count; i++) {
		struct cp_yaml *item = from->items[i].value;
		int status = item->kind == CP_YAML_TEXT ? cp_yaml_add(pool, texts, item->text, item)
							: cp_yaml_add(pool, others, NULL, item);
		if (status < 0)
			return -1;
	}
	return 0;
}

static struct cp_yaml *merge_lists(
	struct cp_yaml_pool *pool, struct cp_yaml *base, struct cp_yaml *over)
{
	struct cp_yaml *texts = cp_yaml_make(pool, CP_YAML_MAPPING, over);
	struct cp_yaml *others = cp_yaml_make(pool, CP_YAML_SEQUENCE, over);
	struct cp_yaml *joined = cp_yaml_make(pool, CP_YAML_SEQUENCE, over);
	if (!texts || !others || !joined || add_members(pool, texts, others, base) < 0 ||
		add_members(pool, texts, others, over) < 0 || cp_yaml_settle(texts) < 0)
		return NULL;
	for (size_t i = 0; i < texts->count; i++)
		if (cp_yaml_add(pool, joined, NULL, texts->items[i].value) < 0)
			return NULL;
	return copy_items(pool, joined, others) < 0 ? NULL : joined;
}

/* --- a service --------------------------------------------------------------------------- */

static struct cp_yaml *merge_by(struct cp_yaml_pool *pool, const struct rules *rules,
	const struct cp_yaml *base, const struct cp_yaml *over);

/* `build: PATH` is short for its context. */
static const struct cp_yaml *build_as_mapping(struct cp_yaml_pool *pool, struct cp_yaml *build)
{
	if (build->kind != CP_YAML_TEXT)
		return build;
	struct cp_yaml *mapping = cp_yaml_make(pool, CP_YAML_MAPPING, build);
	return mapping && cp_yaml_add(pool, mapping, "context", build) == 0 ? mapping : NULL;
}

static struct cp_yaml *merge_build(
	struct cp_yaml_pool *pool, struct cp_yaml *base, struct cp_yaml *over)
{
	const struct cp_yaml *below = build_as_mapping(pool, base);
	const struct cp_yaml *above = build_as_mapping(pool, over);
	return below && above ? merge_by(pool, &build_rules, below, above) : NULL;
}

static bool is_collection(const struct cp_yaml *node)
{
	return node->kind == CP_YAML_MAPPING || node->kind == CP_YAML_SEQUENCE;
}

static struct cp_yaml *merge_value(
	struct cp_yaml_pool *pool, enum rule rule, struct cp_yaml *base, struct cp_yaml *over)
{
	if (base->kind == CP_YAML_NULL || over->tag == CP_YAML_OVERRIDE)
		return over;
	if (over->kind == CP_YAML_NULL) /* nothing said is nothing replaced */
		return base;
	if (rule == BUILD)
		return merge_build(pool, base, over);
	if (rule == JOIN)
		return merge_lists(pool, base, over);
	if (rule == MAP && is_collection(base) && is_collection(over))
		return merge_map(pool, base, over);
	return over;
}

/* Both mappings' items in one, then of each pair of equal keys the merged value. */
static struct cp_yaml *merge_by(struct cp_yaml_pool *pool, const struct rules *rules,
	const struct cp_yaml *base, const struct cp_yaml *over)
{
	struct cp_yaml *merged = cp_yaml_make(pool, CP_YAML_MAPPING, over);
	if (!merged || copy_items(pool, merged, base) < 0 || copy_items(pool, merged, over) < 0 ||
		cp_yaml_settle(merged) < 0)
		return NULL;
	size_t kept = 0;
	for (size_t i = 0; i < merged->count; i++) {
		struct cp_yaml_item item = merged->items[i];
		/* Settled in place: the keys of `base` come first and in its order. */
		struct cp_yaml *below = i < base->count ? base->items[i].value : NULL;
		if (item.value->tag == CP_YAML_RESET)
			continue;
		if (below && below != item.value)
			item.value =
				merge_value(pool, find_rule(rules, item.key), below, item.value);
		if (!item.value)
			return NULL;
		merged->items[kept++] = item;
	}
	merged->count = kept;
	return merged;
}

struct cp_yaml *cp_merge_service(
	struct cp_yaml_pool *pool, const struct cp_yaml *base, const struct cp_yaml *over)
{
	return merge_by(pool, &service_rules, base, over);
}

struct cp_yaml *cp_merge_services(
	struct cp_yaml_pool *pool, const struct cp_yaml *base, const struct cp_yaml *over)
{
	struct cp_yaml *merged = cp_yaml_make(pool, CP_YAML_MAPPING, over);
	if (!merged || copy_items(pool, merged, base) < 0 || copy_items(pool, merged, over) < 0 ||
		cp_yaml_settle(merged) < 0)
		return NULL;
	for (size_t i = 0; i < base->count; i++) {
		struct cp_yaml *below = base->items[i].value, **above = &merged->items[i].value;
		if (*above == below || below->kind != CP_YAML_MAPPING)
			continue;
		*above = (*above)->kind == CP_YAML_MAPPING ? cp_merge_service(pool, below, *above)
							   : below;
		if (!*above)
			return NULL;
	}
	return merged;
}
