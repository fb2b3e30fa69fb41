/* SPDX-License-Identifier: MIT
 *
 * Any documents as an image: manifest.json or index.json, and what they name.
 *
 * The input is documents with zero bytes between them. Since nobody guesses a digest,
 * "$N" stands for the digest of document N and "%N" for its name, where N comes later.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "image_source.h"

#define MAX_DOCUMENTS 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct documents {
	struct {
		const uint8_t *data;
		size_t size;
		char digest[CP_DIGEST_SIZE];
	} all[MAX_DOCUMENTS];
	size_t count;
};

static void split(const uint8_t *data, size_t size, struct documents *documents)
{
	while (documents->count < MAX_DOCUMENTS && size) {
		const uint8_t *zero = memchr(data, 0, size);
		size_t length = zero ? (size_t)(zero - data) : size;
		documents->all[documents->count].data = data;
		documents->all[documents->count++].size = length;
		size_t passed = length + (zero != NULL);
		data += passed;
		size -= passed;
	}
}

/* What stands for `at` in document `self`: a digest or a name, or NULL. */
static const char *stands_for(const struct documents *documents, size_t self, const uint8_t *at,
	const uint8_t *end, char name[CP_DIGEST_SIZE + 8])
{
	if ((*at != '$' && *at != '%') || at + 1 == end || !isdigit(at[1]))
		return NULL;
	size_t other = (size_t)(at[1] - '0');
	if (other <= self || other >= documents->count)
		return NULL;
	if (*at == '$')
		return documents->all[other].digest;
	return cp_digest_path(documents->all[other].digest, name) ? name : NULL;
}

static void put(struct cp_store *store, const char *name, const char *text, size_t size)
{
	struct cp_blob *blob = cp_store_put(store, name, NULL);
	if (!blob || !(blob->owned = malloc(size + !size)))
		abort();
	memcpy(blob->owned, text, size);
	blob->data = blob->owned;
	blob->size = size;
	blob->claimed = size;
}

/* Writes document `self` out and files it under its digest. */
static void file(struct cp_store *store, struct documents *documents, size_t self)
{
	const uint8_t *at = documents->all[self].data;
	const uint8_t *end = at + documents->all[self].size;
	char name[CP_DIGEST_SIZE + 8];
	char *text = malloc(documents->all[self].size * sizeof(name) + 1);
	size_t size = 0;
	if (!text)
		abort();
	while (at < end) {
		const char *other = stands_for(documents, self, at, end, name);
		size_t length = other ? strlen(other) : 1;
		memcpy(text + size, other ? (const void *)other : at, length);
		size += length;
		at += other ? 2 : 1;
	}
	char *digest = documents->all[self].digest;
	if (cp_digest_memory(text, size, digest, NULL) < 0 || !cp_digest_path(digest, name))
		abort();
	put(store, name, text, size);
	if (self == 0) {
		put(store, "manifest.json", text, size);
		put(store, "index.json", text, size);
	}
	free(text);
}

typedef int (*plan_function)(
	struct cp_plan *plan, const char *selector, const char *platform, struct cp_error **err);

static void read_as(struct cp_store *store, plan_function read_plan)
{
	const struct cp_image_options options = {.verify = true};
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_image struct cp_image *image = calloc(1, sizeof(*image));
	struct cp_progress *progress = cp_progress_new(&options);
	if (!image || !progress || !(image->root = cp_index_new()))
		abort();
	struct cp_plan plan = {.store = store, .image = image};
	if (read_plan(&plan, NULL, NULL, &err) < 0) {
		if (!err || !err->message)
			abort();
	} else if (cp_plan_run(&plan, &options, progress, NULL, &err) < 0) {
		abort();
	}
	cp_plan_clear(&plan);
	cp_progress_free(progress);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct documents documents = {.count = 0};
	cp_cleanup_store struct cp_store *store = cp_store_new("fuzz", NULL);
	if (!store)
		abort();
	split(data, size, &documents);
	for (size_t i = documents.count; i-- > 0;)
		file(store, &documents, i);
	read_as(store, cp_docker_archive_plan);
	read_as(store, cp_oci_plan);
	return 0;
}
