/* SPDX-License-Identifier: MIT
 *
 * oci, oci-archive: an OCI image layout (image-layout.md, image-index.md, manifest.md).
 *
 *   index.json ─▶ manifest | index ─▶ manifest | … each named by its digest
 *
 * The tree of indexes is walked whole and makes a flat list of candidates. What a
 * document is, is told by its members ("manifests" or "layers"), not by media types.
 * Blobs that the layout does not hold (an engine saves only the platforms it has) and
 * attestations are no candidates.
 */
#include "image_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_choice.h"
#include "memory.h"

#define MAX_DEPTH 8         /* of indexes in indexes */
#define MAX_DOCUMENTS 2000u /* read in all: an index may name another many times */

struct catalogue {
	struct cp_plan *plan;
	struct cp_candidate *candidates;
	size_t count;
	size_t capacity;
	json_t **documents; /* everything that candidates borrow from */
	size_t n_documents;
	size_t documents_capacity;
	size_t missing; /* manifests that are named and not there */
};

/* What is known of a manifest from the descriptors on the way to it. */
struct path_to {
	size_t number;
	const json_t *name;
	const char *digest;
	struct cp_image_platform platform;
	int depth;
};

static void clear_catalogue(struct catalogue *catalogue)
{
	for (size_t i = 0; i < catalogue->n_documents; i++)
		json_decref(catalogue->documents[i]);
	free(catalogue->documents);
	free(catalogue->candidates);
}

/* Reads a document that lives as long as the catalogue. */
static const json_t *read_document(
	struct catalogue *catalogue, const char *name, const char *digest, struct cp_error **err)
{
	const char *label = cp_store_label(catalogue->plan->store);
	if (catalogue->n_documents >= MAX_DOCUMENTS) {
		cp_error_set(err, EFBIG, "%s: more than %u manifests", label, MAX_DOCUMENTS);
		return NULL;
	}
	if (cp_grow(&catalogue->documents, &catalogue->documents_capacity,
		    catalogue->n_documents + 1, sizeof(json_t *)) < 0) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	json_t *json = cp_store_json(catalogue->plan->store, name, digest, err);
	if (json)
		catalogue->documents[catalogue->n_documents++] = json;
	return json;
}

/* Reads the document that a descriptor names. NULL on error. */
static const json_t *read_described(
	struct catalogue *catalogue, const char *digest, struct cp_error **err)
{
	char path[CP_DIGEST_SIZE + 8];
	if (!digest || !cp_digest_path(digest, path)) {
		cp_error_set(err, EINVAL, "%s: \"%.100s\" is not a SHA-256 digest",
			cp_store_label(catalogue->plan->store), digest ? digest : "");
		return NULL;
	}
	return read_document(catalogue, path, digest, err);
}

static bool is_attestation(const json_t *descriptor)
{
	struct cp_image_platform platform =
		cp_image_platform_of(json_object_get(descriptor, "platform"));
	const json_t *annotations = json_object_get(descriptor, "annotations");
	return json_object_get(annotations, "vnd.docker.reference.type") ||
	       (platform.os && strcmp(platform.os, "unknown") == 0);
}

static const json_t *name_of(const json_t *descriptor)
{
	const json_t *annotations = json_object_get(descriptor, "annotations");
	const json_t *name = json_object_get(annotations, "io.containerd.image.name");
	return json_is_string(name)
		       ? name
		       : json_object_get(annotations, "org.opencontainers.image.ref.name");
}

static int add_candidate(struct catalogue *catalogue, const json_t *manifest,
	const struct path_to *path, struct cp_error **err)
{
	if (catalogue->count >= CP_MAX_IMAGES)
		return cp_error_set(err, EFBIG, "%s: more than %u images",
			cp_store_label(catalogue->plan->store), CP_MAX_IMAGES);
	if (cp_grow(&catalogue->candidates, &catalogue->capacity, catalogue->count + 1,
		    sizeof(*catalogue->candidates)) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_image_platform platform = path->platform;
	const json_t *config = json_object_get(manifest, "config");
	const char *digest = json_string_value(json_object_get(config, "digest"));
	if (!platform.architecture) /* a broken config is told when its image is chosen */
		platform = cp_image_platform_of(read_described(catalogue, digest, NULL));
	catalogue->candidates[catalogue->count] = (struct cp_candidate){
		.number = path->number,
		.position = catalogue->count,
		.name = path->name,
		.platform = platform,
		.identity = path->digest,
		.entry = manifest,
	};
	catalogue->count++;
	return 0;
}

static int visit_index(struct catalogue *catalogue, const json_t *index, struct path_to path,
	struct cp_error **err);

static int visit(struct catalogue *catalogue, const json_t *descriptor, struct path_to path,
	struct cp_error **err)
{
	cp_cleanup_error struct cp_error *why = NULL;
	path.digest = json_string_value(json_object_get(descriptor, "digest"));
	path.platform = cp_image_platform_of(json_object_get(descriptor, "platform"));
	const json_t *document = read_described(catalogue, path.digest, &why);
	if (!document && why && why->code == ENOENT) {
		catalogue->missing++;
		return 0;
	}
	if (!document)
		return cp_error_set(
			err, why ? why->code : EIO, "%s", why ? why->message : "cannot be read");
	if (json_is_array(json_object_get(document, "manifests")))
		return visit_index(catalogue, document, path, err);
	if (json_is_array(json_object_get(document, "layers")))
		return add_candidate(catalogue, document, &path, err);
	return cp_error_set(err, EINVAL, "%s: %s is neither an index nor a manifest",
		cp_store_label(catalogue->plan->store), path.digest);
}

static int visit_index(struct catalogue *catalogue, const json_t *index, struct path_to path,
	struct cp_error **err)
{
	const char *label = cp_store_label(catalogue->plan->store);
	const json_t *manifests = json_object_get(index, "manifests");
	bool top = path.depth == 0;
	if (!json_is_array(manifests))
		return cp_error_set(err, EINVAL, "%s: index.json has no manifests", label);
	if (++path.depth > MAX_DEPTH)
		return cp_error_set(err, ELOOP, "%s: indexes are nested too deeply", label);
	size_t at;
	const json_t *descriptor;
	json_array_foreach(manifests, at, descriptor)
	{
		if (is_attestation(descriptor))
			continue;
		if (top) {
			path.number = at;
			path.name = name_of(descriptor);
		}
		if (visit(catalogue, descriptor, path, err) < 0)
			return -1;
	}
	return 0;
}

/* A layer that is kept elsewhere: foreign layers carry the addresses instead. */
static int explain_foreign(
	struct cp_plan *plan, size_t at, const json_t *descriptor, struct cp_error **err)
{
	const json_t *urls = json_object_get(descriptor, "urls");
	if (plan->sources[at].blob || json_array_size(urls) == 0)
		return 0;
	free(plan->sources[at].problem);
	plan->sources[at].problem = strdup("is kept outside of the image (a foreign layer)");
	return plan->sources[at].problem ? 0 : cp_error_set(err, ENOMEM, "out of memory");
}

static int plan_layers(struct cp_plan *plan, const json_t *manifest, struct cp_error **err)
{
	const json_t *layers = json_object_get(manifest, "layers");
	size_t at;
	const json_t *descriptor;
	if (cp_plan_allocate(plan, json_array_size(layers), err) < 0)
		return -1;
	json_array_foreach(layers, at, descriptor)
	{
		const char *digest = json_string_value(json_object_get(descriptor, "digest"));
		char path[CP_DIGEST_SIZE + 8];
		if (!digest || !cp_digest_path(digest, path))
			return cp_error_set(err, EINVAL,
				"%s: layer %zu: \"%.100s\" is not a SHA-256 digest",
				cp_store_label(plan->store), at, digest ? digest : "");
		if (cp_plan_set_layer(plan, at, path, digest, err) < 0 ||
			explain_foreign(plan, at, descriptor, err) < 0)
			return -1;
	}
	return 0;
}

static int plan_chosen(
	struct catalogue *catalogue, const struct cp_candidate *chosen, struct cp_error **err)
{
	struct cp_plan *plan = catalogue->plan;
	const json_t *descriptor = json_object_get(chosen->entry, "config");
	const char *digest = json_string_value(json_object_get(descriptor, "digest"));
	const json_t *config = read_described(catalogue, digest, err);
	if (!config || plan_layers(plan, chosen->entry, err) < 0 ||
		cp_plan_config(plan, config, err) < 0)
		return -1;
	const char *name = json_string_value(chosen->name);
	if (name && !(plan->image->name = strdup(name)))
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

static int choose(struct catalogue *catalogue, const char *selector, const char *platform,
	struct cp_error **err)
{
	const char *label = cp_store_label(catalogue->plan->store);
	const struct cp_candidate *chosen = cp_candidate_choose(
		catalogue->candidates, catalogue->count, selector, platform, err);
	if (chosen)
		return plan_chosen(catalogue, chosen, err);
	if (catalogue->missing)
		cp_error_wrap(err, "%s: %zu manifests are not in it", label, catalogue->missing);
	else
		cp_error_wrap(err, "%s", label);
	return -1;
}

int cp_oci_plan(
	struct cp_plan *plan, const char *selector, const char *platform, struct cp_error **err)
{
	struct catalogue catalogue = {.plan = plan};
	const json_t *index = read_document(&catalogue, "index.json", NULL, err);
	int result = index ? visit_index(&catalogue, index, (struct path_to){0}, err) : -1;
	if (result == 0)
		result = choose(&catalogue, selector, platform, err);
	clear_catalogue(&catalogue);
	return result;
}
