/* SPDX-License-Identifier: MIT
 *
 * docker-archive: what `docker save` writes. manifest.json is an array, an image each:
 *
 *   [{"Config": "blobs/sha256/… or ID.json", "RepoTags": ["app:1"], "Layers": ["…", …]}]
 *
 * Where a blob's name tells its digest, the digest is checked. Source: the Docker image
 * specification v1.2, "Combined Image JSON + Filesystem Changeset Format".
 */
#include "image_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_choice.h"
#include "memory.h"

struct manifest {
	json_t *json;     /* the array */
	json_t **configs; /* one per image; NULL where it could not be read */
	struct cp_candidate *candidates;
	size_t count;
};

static void clear_manifest(struct manifest *manifest)
{
	for (size_t i = 0; manifest->configs && i < manifest->count; i++)
		json_decref(manifest->configs[i]);
	free(manifest->configs);
	free(manifest->candidates);
	json_decref(manifest->json);
}

static json_t *read_config(struct cp_plan *plan, const json_t *entry, struct cp_error **err)
{
	const char *name = json_string_value(json_object_get(entry, "Config"));
	char digest[CP_DIGEST_SIZE];
	if (!name) {
		cp_error_set(err, EINVAL, "%s: manifest.json: an image without Config",
			cp_store_label(plan->store));
		return NULL;
	}
	return cp_store_json(
		plan->store, name, cp_digest_of_name(name, digest) ? digest : NULL, err);
}

static int read_manifest(struct cp_plan *plan, struct manifest *manifest, struct cp_error **err)
{
	manifest->json = cp_store_json(plan->store, "manifest.json", NULL, err);
	if (!manifest->json)
		return -1;
	size_t count = json_array_size(manifest->json);
	if (!json_is_array(manifest->json) || count > CP_MAX_IMAGES)
		return cp_error_set(err, EINVAL, "%s: manifest.json: not a list of images",
			cp_store_label(plan->store));
	manifest->configs = calloc(count + 1, sizeof(json_t *));
	manifest->candidates = calloc(count + 1, sizeof(*manifest->candidates));
	if (!manifest->configs || !manifest->candidates)
		return cp_error_set(err, ENOMEM, "out of memory");
	manifest->count = count;
	for (size_t i = 0; i < count; i++) {
		const json_t *entry = json_array_get(manifest->json, i);
		manifest->configs[i] = read_config(plan, entry, count == 1 ? err : NULL);
		if (count == 1 && !manifest->configs[i])
			return -1;
		manifest->candidates[i] = (struct cp_candidate){
			.number = i,
			.position = i,
			.name = json_object_get(entry, "RepoTags"),
			.platform = cp_image_platform_of(manifest->configs[i]),
			.identity = json_string_value(json_object_get(entry, "Config")),
			.entry = entry,
		};
	}
	return 0;
}

static int plan_layers(struct cp_plan *plan, const json_t *entry, struct cp_error **err)
{
	const json_t *layers = json_object_get(entry, "Layers");
	size_t at;
	const json_t *layer;
	if (!json_is_array(layers))
		return cp_error_set(err, EINVAL, "%s: manifest.json: an image without Layers",
			cp_store_label(plan->store));
	if (cp_plan_allocate(plan, json_array_size(layers), err) < 0)
		return -1;
	json_array_foreach(layers, at, layer)
	{
		const char *name = json_string_value(layer);
		char digest[CP_DIGEST_SIZE];
		if (!name)
			return cp_error_set(err, EINVAL,
				"%s: manifest.json: a layer's name is not a string",
				cp_store_label(plan->store));
		bool known = cp_digest_of_name(name, digest);
		if (cp_plan_set_layer(plan, at, name, known ? digest : NULL, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_chosen(
	struct cp_plan *plan, const struct cp_candidate *chosen, struct cp_error **err)
{
	/* Again, for the error where it could not be read; documents are small. */
	json_t *config = read_config(plan, chosen->entry, err);
	if (!config)
		return -1;
	const char *name = json_string_value(json_array_get(chosen->name, 0));
	int result = plan_layers(plan, chosen->entry, err);
	if (result == 0)
		result = cp_plan_config(plan, config, err);
	json_decref(config);
	if (result == 0 && name && !(plan->image->name = strdup(name)))
		result = cp_error_set(err, ENOMEM, "out of memory");
	return result;
}

int cp_docker_archive_plan(
	struct cp_plan *plan, const char *selector, const char *platform, struct cp_error **err)
{
	struct manifest manifest = {0};
	int result = read_manifest(plan, &manifest, err);
	if (result == 0) {
		const struct cp_candidate *chosen = cp_candidate_choose(
			manifest.candidates, manifest.count, selector, platform, err);
		if (chosen)
			result = plan_chosen(plan, chosen, err);
		else
			result = cp_error_wrap(err, "%s", cp_store_label(plan->store));
	}
	clear_manifest(&manifest);
	return result;
}
