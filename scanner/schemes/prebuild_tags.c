/* SPDX-License-Identifier: MIT */
#include "prebuild_tags.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define UV_MAJOR "1" /* of every Node since 4 */

/* A word of a name, not NUL-terminated; NULL text: the tag is not there. */
struct tag {
	const char *text;
	size_t length;
};

struct tags {
	struct tag runtime, abi, uv, armv, libc;
	bool napi;
	unsigned specificity;
};

const char *cp_armv(const char *arch)
{
	if (!strcmp(arch, "arm64"))
		return "8";
	return !strcmp(arch, "arm") ? "7" : NULL;
}

static bool is(struct tag tag, const char *text)
{
	return tag.text && strlen(text) == tag.length && !memcmp(tag.text, text, tag.length);
}

/* Whether the word begins with `prefix`; *rest is then what follows. */
static bool cut(struct tag word, const char *prefix, struct tag *rest)
{
	size_t length = strlen(prefix);
	if (word.length < length || memcmp(word.text, prefix, length) != 0)
		return false;
	*rest = (struct tag){word.text + length, word.length - length};
	return true;
}

static void read_word(struct tag word, struct tags *tags)
{
	if (is(word, "node") || is(word, "electron") || is(word, "node-webkit"))
		tags->runtime = word;
	else if (is(word, "napi"))
		tags->napi = true;
	else if (is(word, "glibc") || is(word, "musl"))
		tags->libc = word;
	else if (!cut(word, "abi", &tags->abi) && !cut(word, "uv", &tags->uv) &&
		 !cut(word, "armv", &tags->armv))
		return;
	tags->specificity++;
}

/* False where the name does not end in ".node". */
static bool read_tags(const char *name, struct tags *tags)
{
	*tags = (struct tags){.specificity = 0};
	if (!cp_ends_with(name, ".node"))
		return false;
	const char *end = name + strlen(name) - strlen(".node");
	while (name <= end) {
		size_t length = strcspn(name, ".");
		if (name + length > end)
			length = (size_t)(end - name);
		read_word((struct tag){name, length}, tags);
		name += length + 1;
	}
	return true;
}

/* An empty tag ("abi" alone) is as good as none, as in JavaScript. */
static bool speaks(struct tag tag)
{
	return tag.text && tag.length > 0;
}

static bool fits(const struct tags *tags, const struct cp_platform *platform, const char *libc,
	enum cp_tag_rule rule)
{
	char abi[16];
	const char *armv = cp_armv(platform->arch);
	bool asks = rule == CP_TAGS_ASK_FOR_RUNTIME;
	snprintf(abi, sizeof(abi), "%d", platform->node_module_version);
	if ((asks || speaks(tags->runtime)) && !is(tags->runtime, "node"))
		return false;
	bool abi_known = platform->node_module_version >= 0;
	if ((asks || speaks(tags->abi)) && abi_known && !is(tags->abi, abi) && !tags->napi)
		return false;
	if (speaks(tags->uv) && !is(tags->uv, UV_MAJOR))
		return false;
	if (speaks(tags->armv) && !is(tags->armv, armv ? armv : ""))
		return false;
	return !speaks(tags->libc) || is(tags->libc, libc);
}

static bool same(struct tag a, struct tag b)
{
	return a.length == b.length && !a.text == !b.text &&
	       (!a.text || !memcmp(a.text, b.text, a.length));
}

static bool better(const struct tags *a, const struct tags *b)
{
	if (!same(a->runtime, b->runtime))
		return is(a->runtime, "node");
	if (!same(a->abi, b->abi))
		return speaks(a->abi);
	return a->specificity > b->specificity;
}

int cp_offer_tagged(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *path, const char *libc, enum cp_tag_rule rule, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	const char *best = NULL;
	struct tags best_tags = {.specificity = 0};
	if (cp_list_files(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		struct tags tags;
		if (!read_tags(listing.names[i], &tags) ||
			!fits(&tags, context->platform, libc, rule))
			continue;
		if (!best || better(&tags, &best_tags)) {
			best = listing.names[i];
			best_tags = tags;
		}
	}
	char file[CP_INDEX_MAX_PATH + 1];
	if (!best || !cp_path_write(file, "%s/%s", path, best))
		return 0;
	return cp_offer(context, pick, file, err);
}

/* How many architectures "linux-x64+arm64" has, if it is for `arch`; else 0. */
static size_t architectures(const char *tuple, const char *arch)
{
	static const char platform[] = "linux-";
	size_t count = 0, length;
	bool found = false;
	if (strncmp(tuple, platform, sizeof(platform) - 1) != 0)
		return 0;
	for (tuple += sizeof(platform) - 1;; tuple += length + 1) {
		length = strcspn(tuple, "+");
		if (length == 0 || memchr(tuple, '-', length))
			return 0;
		count++;
		found |= strlen(arch) == length && !memcmp(tuple, arch, length);
		if (!tuple[length])
			return found ? count : 0;
	}
}

int cp_offer_prebuild(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *libc, enum cp_tag_rule rule, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1], prebuilds[CP_INDEX_MAX_PATH + 1];
	cp_cleanup_listing struct cp_listing listing = {0};
	const char *best = NULL;
	size_t fewest = 0;
	if (!cp_path_write(prebuilds, "%s/prebuilds", context->directory))
		return 0;
	if (cp_list_directories(context, prebuilds, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		size_t count = architectures(listing.names[i], context->platform->arch);
		if (count && (!best || count < fewest)) {
			best = listing.names[i];
			fewest = count;
		}
	}
	if (!best || !cp_path_write(path, "%s/%s", prebuilds, best))
		return 0;
	return cp_offer_tagged(context, pick, path, libc, rule, err);
}
