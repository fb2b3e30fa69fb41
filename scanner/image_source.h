/* SPDX-License-Identifier: MIT
 *
 * From a store's documents to an image without contents: which layers, in which order,
 * and what the config says. One function per format; the layers' bytes come later
 * (image_layers.c).
 */
#ifndef CP_IMAGE_SOURCE_H
#define CP_IMAGE_SOURCE_H

#include "image.h"
#include "store.h"

#define CP_MAX_LAYERS 4096u
#define CP_MAX_IMAGES 1000u /* of one archive, platforms counted singly */

/* Where a layer's bytes are. */
struct cp_layer_source {
	struct cp_blob *blob; /* borrowed from the store; NULL: `problem` says why */
	char *name;           /* in the store */
	char *problem;
};

struct cp_plan {
	struct cp_store *store; /* borrowed */
	struct cp_image *image; /* borrowed; its `layers` are filled, its root takes rows */
	struct cp_layer_source *sources; /* as many as image->n_layers */
};

void cp_plan_clear(struct cp_plan *plan);

/* Makes room for `count` layers in plan and image. 0 or -1. */
int cp_plan_allocate(struct cp_plan *plan, size_t count, struct cp_error **err);
/* Names layer `at`: looks its blob up in the store; a missing one becomes its problem.
 * `digest` ("sha256:…" of the stored bytes) may be NULL. 0, or -1 without memory. */
int cp_plan_set_layer(struct cp_plan *plan, size_t at, const char *name, const char *digest,
	struct cp_error **err);

/* Reads a config (OCI image spec, config.md) into the plan's image: platform,
 * NODE_VERSION, LD_LIBRARY_PATH, diff_ids. 0, or -1 without memory. */
int cp_plan_config(struct cp_plan *plan, const json_t *config, struct cp_error **err);

/* manifest.json (docker save). */
int cp_docker_archive_plan(
	struct cp_plan *plan, const char *selector, const char *platform, struct cp_error **err);
/* index.json (OCI image layout). */
int cp_oci_plan(
	struct cp_plan *plan, const char *selector, const char *platform, struct cp_error **err);

/* Bytes read, summed over workers and told to the caller one at a time. */
struct cp_progress;
struct cp_progress *cp_progress_new(const struct cp_image_options *options);
void cp_progress_free(struct cp_progress *progress);
void cp_progress_expect(struct cp_progress *progress, uint64_t bytes); /* adds to the total */
void cp_progress_add(void *progress, uint64_t bytes);                  /* from any thread */

/* Indexes the plan's layers, several at a time, and merges them into the image's root.
 * 0, or -1 without memory. */
int cp_plan_run(struct cp_plan *plan, const struct cp_image_options *options,
	struct cp_progress *progress, struct cp_gate *gate, struct cp_error **err);

/* Asks the local engine for `name` and streams it into a store. */
struct cp_store *cp_daemon_open(
	const char *name, const struct cp_store_options *options, struct cp_error **err);

#endif
