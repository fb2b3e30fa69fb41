/* SPDX-License-Identifier: MIT
 *
 * Layers to indexes to one root. A compressed stream cannot be read in parallel, so the
 * unit of parallelism is the layer: workers take the largest first, so that no long one
 * is left to be waited for alone. Digesting a layer's stored bytes is a part of its own,
 * which whoever has no layer left to index does meanwhile. The layers are merged bottom
 * up, each as soon as it and all below it are there.
 */
#include "image_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "workers.h"

/* Bytes of layers that were or are being read and not yet digested. More might have left the
 * page cache when their turn comes. */
#define MAX_UNDIGESTED ((uint64_t)256 << 20)

enum part { PART_INDEX, PART_DIGEST, PARTS };

struct job {
	struct cp_index *index;
	char digest[CP_DIGEST_SIZE]; /* of the stored bytes; "" where nobody asks for it */
	int left;                    /* parts that are not done */
};

struct run {
	struct cp_plan *plan;
	struct cp_progress *progress;
	struct cp_gate *gate;
	bool verify;
	pthread_mutex_t mutex;
	size_t next[PARTS];     /* in `order`: the layer to take */
	size_t *order;          /* layers, the largest first */
	uint64_t undigested;    /* bytes */
	struct job *jobs;       /* one per layer */
	size_t merged;          /* layers */
	bool merging;           /* somebody is */
	struct cp_error *error; /* the first that stops the run */
};

/* --- one layer --------------------------------------------------------------------- */

/* An empty index with a CP_PARTIAL row, for a layer that cannot be read at all. */
static int unreadable(const char *label, const char *message, struct cp_index **index)
{
	if (!*index && !(*index = cp_index_new()))
		return -1;
	return cp_index_add_error(*index, CP_PARTIAL, label, "%s", message);
}

/* A layer that was indexed while its archive passed by. */
static int take_streamed(struct run *run, struct cp_blob *blob, struct cp_layer *layer,
	const char *label, struct cp_index **index)
{
	pthread_mutex_lock(&run->mutex);
	bool again = blob->taken;
	bool empty = blob->index && cp_index_count(blob->index) <= 1 &&
		     cp_index_error_count(blob->index) == 0;
	if (!empty && blob->index) {
		*index = cp_take(blob->index);
		blob->taken = true;
	}
	pthread_mutex_unlock(&run->mutex);
	if (!*index && !(*index = cp_index_new()))
		return -1;
	if (blob->encoding)
		layer->encoding = blob->encoding;
	if (again)
		return unreadable(label, "layer occurs twice in a stream that passes once", index);
	if (!blob->encoding)
		return unreadable(label, "is not a layer", index);
	return 0;
}

/* A plain layer in memory, read in place. */
static int index_plain(struct run *run, const struct cp_blob *blob, const char *label,
	struct cp_index **index, struct cp_error **err)
{
	cp_cleanup_stream struct cp_stream *stream = cp_stream_memory(blob->data, blob->size);
	if (!stream || cp_layer_index(stream, label, run->gate, index, err) < 0)
		return -1;
	cp_progress_add(run->progress, blob->size);
	return 0;
}

/* A compressed layer in memory, inflated slice by slice. */
static int index_compressed(struct run *run, const struct cp_blob *blob, struct cp_layer *layer,
	const char *label, struct cp_index **index, struct cp_error **err)
{
	struct cp_stream *memory = cp_stream_memory(blob->data, blob->size);
	if (!memory)
		return -1;
	struct cp_stream *meter =
		cp_stream_meter(memory, false, cp_progress_add, run->progress, err);
	if (!meter)
		return -1;
	cp_cleanup_error struct cp_error *why = NULL;
	cp_cleanup_stream struct cp_stream *plain =
		cp_stream_decompress(meter, &layer->encoding, &why);
	if (!plain)
		return unreadable(label, why ? why->message : "cannot be read", index);
	return cp_layer_index(plain, label, run->gate, index, err);
}

/* What messages call the layer. Owned; NULL without memory. */
static char *layer_label(const struct run *run, size_t at)
{
	char *label = NULL;
	if (asprintf(&label, "%s: %s", cp_store_label(run->plan->store),
		    run->plan->sources[at].name) < 0)
		return NULL;
	return label;
}

static int index_layer(struct run *run, size_t at, struct cp_error **err)
{
	const struct cp_layer_source *source = &run->plan->sources[at];
	struct cp_layer *layer = &run->plan->image->layers[at];
	struct cp_index **index = &run->jobs[at].index;
	struct cp_blob *blob = source->blob;
	cp_cleanup_free char *label = layer_label(run, at);
	if (!label)
		return -1;
	if (!blob)
		return unreadable(label, source->problem, index);
	if (!blob->data && !blob->claimed)
		return unreadable(label, "is empty", index);
	if (!blob->data)
		return take_streamed(run, blob, layer, label, index);
	enum cp_encoding encoding = cp_encoding_sniff(blob->data, blob->size);
	layer->encoding = cp_encoding_name(encoding);
	if (encoding == CP_ENCODING_PLAIN)
		return index_plain(run, blob, label, index, err);
	return index_compressed(run, blob, layer, label, index, err);
}

/* The digest of the stored bytes: of a layer that passed by it is known already. Reading a plain
 * layer whole only for this is what --verify asks for. */
static int digest_layer(struct run *run, size_t at, struct cp_error **err)
{
	const struct cp_layer *layer = &run->plan->image->layers[at];
	const struct cp_blob *blob = run->plan->sources[at].blob;
	char *digest = run->jobs[at].digest;
	if (!blob || (!layer->digest && !layer->diff_id))
		return 0;
	if (!blob->data) {
		strcpy(digest, blob->digest);
		return 0;
	}
	bool plain = cp_encoding_sniff(blob->data, blob->size) == CP_ENCODING_PLAIN;
	if (plain ? !run->verify : !layer->digest)
		return 0;
	return cp_digest_memory(blob->data, blob->size, digest, err);
}

/* --- all of them ------------------------------------------------------------------ */

static int compare_digest(struct run *run, size_t at, const char *expected, struct cp_error **err)
{
	const struct job *job = &run->jobs[at];
	if (!expected || !job->digest[0] || strcmp(job->digest, expected) == 0)
		return 0;
	cp_cleanup_free char *label = layer_label(run, at);
	if (label && cp_index_add_error(job->index, CP_PARTIAL, label,
			     "digest does not match: it is %s, not %s", job->digest, expected) == 0)
		return 0;
	return cp_error_set(err, ENOMEM, "out of memory");
}

/* The next layer that needs this part; false where there is none. */
static bool take(struct run *run, enum part part, size_t *at)
{
	if (run->next[part] == run->plan->image->n_layers)
		return false;
	*at = run->order[run->next[part]++];
	const struct cp_blob *blob = run->plan->sources[*at].blob;
	uint64_t size = blob ? blob->size : 0;
	run->undigested += part == PART_INDEX ? size : -size;
	return true;
}

static bool take_part(struct run *run, size_t *at, enum part *part)
{
	pthread_mutex_lock(&run->mutex);
	*part = run->undigested > MAX_UNDIGESTED ? PART_DIGEST : PART_INDEX;
	bool some = take(run, *part, at);
	if (!some) {
		*part = PART_DIGEST;
		some = take(run, *part, at);
	}
	pthread_mutex_unlock(&run->mutex);
	return some;
}

static int merge_layer(struct run *run, size_t at, struct cp_error **err)
{
	struct cp_layer *layer = &run->plan->image->layers[at];
	struct job *job = &run->jobs[at];
	bool plain = strcmp(layer->encoding, "tar") == 0;
	if (compare_digest(run, at, layer->digest, err) < 0 ||
		(plain && compare_digest(run, at, layer->diff_id, err) < 0))
		return -1;
	return cp_index_apply(run->plan->image->root, cp_take(job->index), err);
}

/* Merges the layers whose turn has come, unless somebody is at it. Called with the mutex. */
static void merge(struct run *run)
{
	while (!run->merging && !run->error && run->merged < run->plan->image->n_layers &&
		run->jobs[run->merged].left == 0) {
		struct cp_error *error = NULL;
		run->merging = true;
		pthread_mutex_unlock(&run->mutex);
		int result = merge_layer(run, run->merged, &error);
		pthread_mutex_lock(&run->mutex);
		run->merging = false;
		run->merged++;
		if (result < 0)
			run->error = error;
	}
}

static void work(void *context)
{
	struct run *run = context;
	enum part part;
	size_t at;
	while (take_part(run, &at, &part)) {
		struct cp_error *error = NULL;
		if (part == PART_DIGEST)
			cp_gate_rest(run->gate);
		int result = part == PART_INDEX ? index_layer(run, at, &error)
						: digest_layer(run, at, &error);
		if (result < 0 && !error)
			cp_error_set(&error, ENOMEM, "out of memory");
		pthread_mutex_lock(&run->mutex);
		run->jobs[at].left--;
		if (result < 0 && !run->error)
			run->error = cp_take(error);
		merge(run);
		pthread_mutex_unlock(&run->mutex);
		cp_error_free(error);
	}
}

static int larger_first(const void *a, const void *b, void *context)
{
	const struct cp_plan *plan = context;
	size_t left = *(const size_t *)a, right = *(const size_t *)b;
	const struct cp_blob *one = plan->sources[left].blob, *other = plan->sources[right].blob;
	uint64_t size = one ? one->size : 0, other_size = other ? other->size : 0;
	if (size != other_size)
		return size < other_size ? 1 : -1;
	return left < right ? -1 : 1; /* equals in their order, so that runs are alike */
}

static size_t *order_layers(struct cp_plan *plan)
{
	size_t layers = plan->image->n_layers;
	size_t *order = calloc(layers + 1, sizeof(*order));
	for (size_t i = 0; order && i < layers; i++)
		order[i] = i;
	if (order)
		qsort_r(order, layers, sizeof(*order), larger_first, plan);
	return order;
}

static void expect_bytes(struct run *run)
{
	for (size_t i = 0; i < run->plan->image->n_layers; i++) {
		const struct cp_blob *blob = run->plan->sources[i].blob;
		if (blob && blob->data)
			cp_progress_expect(run->progress, blob->size);
	}
}

int cp_plan_run(struct cp_plan *plan, const struct cp_image_options *options,
	struct cp_progress *progress, struct cp_gate *gate, struct cp_error **err)
{
	size_t layers = plan->image->n_layers;
	cp_cleanup_free struct job *jobs = calloc(layers + 1, sizeof(*jobs));
	cp_cleanup_free size_t *order = order_layers(plan);
	if (!jobs || !order)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct run run = {
		.plan = plan,
		.progress = progress,
		.gate = gate,
		.verify = options->verify,
		.mutex = PTHREAD_MUTEX_INITIALIZER,
		.order = order,
		.jobs = jobs,
	};
	for (size_t i = 0; i < layers; i++)
		jobs[i].left = PARTS;
	expect_bytes(&run);
	cp_workers_run(work, &run, PARTS * layers);
	pthread_mutex_destroy(&run.mutex);
	for (size_t i = 0; i < layers; i++)
		cp_index_free(jobs[i].index);
	if (!run.error)
		return 0;
	cp_error_set(err, run.error->code, "%s", run.error->message);
	cp_error_free(run.error);
	return -1;
}
