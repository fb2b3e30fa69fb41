/* SPDX-License-Identifier: MIT */
#include "store_internal.h"

#include <ctype.h>
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"

#define MAX_LINKS 8 /* of one name to another; old archives have one */

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct cp_blob *)a)->name, ((const struct cp_blob *)b)->name);
}

static void clear_blob(struct cp_blob *blob)
{
	if (blob->mapped)
		munmap((void *)blob->data, blob->mapped);
	free(blob->owned);
	free(blob->link);
	cp_index_free(blob->index);
}

static void free_blob(void *node)
{
	struct cp_blob *blob = node;
	clear_blob(blob);
	free(blob->name);
	free(blob);
}

struct cp_store *cp_store_new(const char *label, struct cp_error **err)
{
	struct cp_store *store = calloc(1, sizeof(*store));
	if (store)
		store->label = strdup(label);
	if (!store || !store->label) {
		free(store);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	store->directory = -1;
	return store;
}

void cp_store_free(struct cp_store *store)
{
	if (!store)
		return;
	tdestroy(store->blobs, free_blob);
	if (store->mapping)
		munmap(store->mapping, store->mapping_size);
	if (store->directory >= 0)
		close(store->directory);
	free(store->damage);
	free(store->label);
	free(store);
}

void cp_store_cleanup(struct cp_store **store)
{
	cp_store_free(*store);
}

const char *cp_store_label(const struct cp_store *store)
{
	return store->label;
}

const char *cp_store_damage(const struct cp_store *store)
{
	return store->damage;
}

void cp_store_note_damage(struct cp_store *store, struct cp_error *error)
{
	if (!store->damage)
		store->damage = strdup(error && error->message ? error->message : "is damaged");
	cp_error_free(error);
}

static const char *plain_name(const char *name)
{
	while (name[0] == '.' && name[1] == '/')
		name += 2;
	return name;
}

/* Whether a name stays inside of the store. */
static bool inside(const char *name)
{
	if (name[0] == '/' || name[0] == '\0')
		return false;
	for (const char *part = name; part; part = strchr(part, '/')) {
		part += *part == '/';
		if (strncmp(part, "..", 2) == 0 && (part[2] == '/' || part[2] == '\0'))
			return false;
	}
	return true;
}

static struct cp_blob *look_up(struct cp_store *store, const char *name)
{
	struct cp_blob key = {.name = (char *)name};
	struct cp_blob **found = tfind(&key, &store->blobs, compare_names);
	return found ? *found : NULL;
}

struct cp_blob *cp_store_put(struct cp_store *store, const char *name, struct cp_error **err)
{
	name = plain_name(name);
	if (!inside(name)) {
		cp_error_set(err, EINVAL, "refusing the name \"%.200s\"", name);
		return NULL;
	}
	struct cp_blob *blob = look_up(store, name);
	if (blob) {
		char *kept = blob->name;
		clear_blob(blob);
		*blob = (struct cp_blob){.name = kept};
		return blob;
	}
	if (store->count >= CP_STORE_MAX_BLOBS) {
		cp_error_set(err, EFBIG, "more than %u members", CP_STORE_MAX_BLOBS);
		return NULL;
	}
	blob = calloc(1, sizeof(*blob));
	if (blob && !(blob->name = strdup(name)))
		free(cp_take(blob));
	if (!blob || !tsearch(blob, &store->blobs, compare_names)) {
		if (blob)
			free_blob(blob);
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	store->count++;
	return blob;
}

struct cp_blob *cp_store_find(struct cp_store *store, const char *name, struct cp_error **err)
{
	const char *wanted = name;
	for (int links = 0; links <= MAX_LINKS; links++) {
		wanted = plain_name(wanted);
		if (!inside(wanted)) {
			cp_error_set(err, EINVAL, "%s: refusing the name \"%.200s\"", store->label,
				wanted);
			return NULL;
		}
		struct cp_blob *blob = look_up(store, wanted);
		if (!blob && store->directory >= 0)
			return cp_store_open_file(store, wanted, err);
		if (!blob) {
			cp_error_set(err, ENOENT, "%s: %s is missing", store->label, wanted);
			return NULL;
		}
		if (!blob->link)
			return blob;
		wanted = blob->link;
	}
	cp_error_set(err, ELOOP, "%s: %s is a link to itself", store->label, name);
	return NULL;
}

static int check_digest(const struct cp_blob *blob, const char *digest, struct cp_error **err)
{
	char found[CP_DIGEST_SIZE];
	if (cp_digest_memory(blob->data, blob->size, found, err) < 0)
		return -1;
	if (strcmp(found, digest) != 0)
		return cp_error_set(err, EIO, "digest does not match: it is %s", found);
	return 0;
}

json_t *cp_store_json(
	struct cp_store *store, const char *name, const char *digest, struct cp_error **err)
{
	struct cp_blob *blob = cp_store_find(store, name, err);
	if (!blob)
		return NULL;
	json_t *json = NULL;
	json_error_t why;
	if (blob->size > CP_STORE_MAX_DOCUMENT)
		cp_error_set(err, EFBIG, "larger than 4 MiB");
	else if (!blob->data && blob->size)
		cp_error_set(err, EINVAL, "not a JSON document");
	else if (!digest || check_digest(blob, digest, err) == 0) {
		const char *text = blob->data ? (const char *)blob->data : "";
		json = json_loadb(text, blob->size, 0, &why);
		if (!json)
			cp_error_set(err, EINVAL, "not JSON: line %d: %s", why.line, why.text);
	}
	if (!json)
		cp_error_wrap(err, "%s: %s", store->label, name);
	return json;
}

/* --- digests ------------------------------------------------------------------ */

static bool sha256_hex(const char *text, size_t length)
{
	if (length != 64)
		return false;
	for (size_t i = 0; i < length; i++)
		if (!isdigit((unsigned char)text[i]) && (text[i] < 'a' || text[i] > 'f'))
			return false;
	return true;
}

bool cp_digest_path(const char *digest, char path[CP_DIGEST_SIZE + 8])
{
	if (strncmp(digest, "sha256:", 7) != 0 || !sha256_hex(digest + 7, strlen(digest + 7)))
		return false;
	stpcpy(stpcpy(path, "blobs/sha256/"), digest + 7);
	return true;
}

bool cp_digest_of_name(const char *name, char digest[CP_DIGEST_SIZE])
{
	size_t length = strlen(name);
	if (strncmp(name, "blobs/sha256/", 13) == 0) {
		name += 13;
		length -= 13;
	} else if (length == 69 && strcmp(name + 64, ".json") == 0) {
		length = 64;
	} else {
		return false;
	}
	if (!sha256_hex(name, length))
		return false;
	memcpy(stpcpy(digest, "sha256:"), name, length);
	digest[7 + length] = '\0';
	return true;
}
