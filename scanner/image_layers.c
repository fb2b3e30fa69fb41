/* SPDX-License-Identifier: MIT
 *
 * Layers to indexes to one root. A compressed stream cannot be read in parallel, so the
 * unit of parallelism is the layer: workers take the largest first, so that no long one
 * is left to be waited for alone, and the caller merges each, bottom up, as soon as it and
 * all below it are there.
 */
#include "image_source.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "memory.h"

#define MAX_THREADS 8u

struct job {
	struct cp_index *index;
	struct cp_error *error;
	bool done;
};

struct run {
	struct cp_plan *plan;
	struct cp_progress *progress;
	struct cp_gate *gate;
	bool verify;
	pthread_mutex_t mutex;
	pthread_cond_t finished;
	size_t next;      /* in `order`: the job to take */
	size_t *order;    /* layers, the largest first */
	struct job *jobs; /* one per layer */
};

/* --- one layer --------------------------------------------------------------------- */

/* An empty index with a CP_PARTIAL row, for a layer that cannot be read at all. */
static int unreadable(const char *label, const char *message, struct cp_index **index)
{
	if (!*index && !(*index = cp_index_new()))
		return -1;
	return cp_index_add_error(*index, CP_PARTIAL, label, "%s", message);
}

static int compare_digest(
	const char *label, const char *found, const char *expected, struct cp_index *index)
{
	if (!expected || strcmp(found, expected) == 0)
		return 0;
	return cp_index_add_error(index, CP_PARTIAL, label,
		"digest does not match: it is %s, not %s", found, expected);
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
	if (!blob->digest[0])
		return 0;
	if (compare_digest(label, blob->digest, layer->digest, *index) < 0)
		return -1;
	if (strcmp(blob->encoding, "tar") == 0)
		return compare_digest(label, blob->digest, layer->diff_id, *index);
	return 0;
}

/* A plain layer in memory, read in place. */
static int index_plain(struct run *run, const struct cp_blob *blob, const struct cp_layer *layer,
	const char *label, struct cp_index **index, struct cp_error **err)
{
	cp_cleanup_stream struct cp_stream *stream = cp_stream_memory(blob->data, blob->size);
	if (!stream || cp_layer_index(stream, label, run->gate, index, err) < 0)
		return -1;
	if (run->verify) {
		char digest[CP_DIGEST_SIZE];
		if (cp_digest_memory(blob->data, blob->size, digest, err) < 0 ||
			compare_digest(label, digest, layer->digest, *index) < 0 ||
			compare_digest(label, digest, layer->diff_id, *index) < 0)
			return -1;
	}
	cp_progress_add(run->progress, blob->size);
	return 0;
}

/* A compressed layer in memory: hashed and inflated slice by slice. */
static int index_compressed(struct run *run, const struct cp_blob *blob, struct cp_layer *layer,
	const char *label, struct cp_index **index, struct cp_error **err)
{
	struct cp_stream *memory = cp_stream_memory(blob->data, blob->size);
	if (!memory)
		return -1;
	struct cp_stream *meter =
		cp_stream_meter(memory, true, cp_progress_add, run->progress, err);
	if (!meter)
		return -1;
	cp_cleanup_error struct cp_error *why = NULL;
	cp_cleanup_stream struct cp_stream *plain =
		cp_stream_decompress(meter, &layer->encoding, &why);
	if (!plain)
		return unreadable(label, why ? why->message : "cannot be read", index);
	char digest[CP_DIGEST_SIZE];
	if (cp_layer_index(plain, label, run->gate, index, err) < 0 ||
		cp_stream_meter_digest(meter, digest, err) < 0)
		return -1;
	return compare_digest(label, digest, layer->digest, *index);
}

static int index_layer(struct run *run, size_t at, struct cp_index **index, struct cp_error **err)
{
	const struct cp_layer_source *source = &run->plan->sources[at];
	struct cp_layer *layer = &run->plan->image->layers[at];
	struct cp_blob *blob = source->blob;
	cp_cleanup_free char *label = NULL;
	if (asprintf(&label, "%s: %s", cp_store_label(run->plan->store), source->name) < 0)
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
		return index_plain(run, blob, layer, label, index, err);
	return index_compressed(run, blob, layer, label, index, err);
}

/* --- all of them ------------------------------------------------------------------ */

static bool take_job(struct run *run, size_t *at)
{
	pthread_mutex_lock(&run->mutex);
	bool some = run->next < run->plan->image->n_layers;
	if (some)
		*at = run->order[run->next++];
	pthread_mutex_unlock(&run->mutex);
	return some;
}

static void *work(void *context)
{
	struct run *run = context;
	size_t at;
	while (take_job(run, &at)) {
		struct job *job = &run->jobs[at];
		struct cp_index *index = NULL;
		struct cp_error *error = NULL;
		if (index_layer(run, at, &index, &error) < 0 && !error)
			cp_error_set(&error, ENOMEM, "out of memory");
		pthread_mutex_lock(&run->mutex);
		job->index = index;
		job->error = error;
		job->done = true;
		pthread_cond_broadcast(&run->finished);
		pthread_mutex_unlock(&run->mutex);
	}
	return NULL;
}

static void wait_for(struct run *run, const struct job *job)
{
	pthread_mutex_lock(&run->mutex);
	while (!job->done)
		pthread_cond_wait(&run->finished, &run->mutex);
	pthread_mutex_unlock(&run->mutex);
}

/* Merges layers as they come. All are waited for, whatever fails. */
static int merge(struct run *run, struct cp_error **err)
{
	int result = 0;
	for (size_t i = 0; i < run->plan->image->n_layers; i++) {
		struct job *job = &run->jobs[i];
		wait_for(run, job);
		if (result == 0 && job->error) {
			result = cp_error_set(err, job->error->code, "%s", job->error->message);
		} else if (result == 0) {
			result = cp_index_apply(run->plan->image->root, cp_take(job->index), err);
		}
		cp_index_free(job->index);
		cp_error_free(job->error);
	}
	return result;
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

static size_t thread_count(const struct cp_image_options *options, size_t layers)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads =
		options->threads ? options->threads : (size_t)(processors > 0 ? processors : 1);
	if (threads > MAX_THREADS)
		threads = MAX_THREADS;
	return threads < layers ? threads : layers;
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
		.finished = PTHREAD_COND_INITIALIZER,
		.order = order,
		.jobs = jobs,
	};
	expect_bytes(&run);
	pthread_t threads[MAX_THREADS];
	size_t wanted = thread_count(options, layers);
	size_t started = 0;
	while (started < wanted && pthread_create(&threads[started], NULL, work, &run) == 0)
		started++;
	if (!started)
		work(&run);
	int result = merge(&run, err);
	for (size_t i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
	pthread_cond_destroy(&run.finished);
	pthread_mutex_destroy(&run.mutex);
	return result;
}
