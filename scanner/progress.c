/* SPDX-License-Identifier: MIT */
#include <pthread.h>
#include <stdlib.h>

#include "image_source.h"

struct cp_progress {
	pthread_mutex_t mutex;
	void (*tell)(void *context, uint64_t done, uint64_t total);
	void *context;
	uint64_t done;
	uint64_t total;
};

struct cp_progress *cp_progress_new(const struct cp_image_options *options)
{
	struct cp_progress *progress = calloc(1, sizeof(*progress));
	if (!progress)
		return NULL;
	pthread_mutex_init(&progress->mutex, NULL);
	progress->tell = options->progress;
	progress->context = options->progress_context;
	return progress;
}

void cp_progress_free(struct cp_progress *progress)
{
	if (!progress)
		return;
	pthread_mutex_destroy(&progress->mutex);
	free(progress);
}

void cp_progress_expect(struct cp_progress *progress, uint64_t bytes)
{
	pthread_mutex_lock(&progress->mutex);
	progress->total += bytes;
	pthread_mutex_unlock(&progress->mutex);
}

void cp_progress_add(void *context, uint64_t bytes)
{
	struct cp_progress *progress = context;
	pthread_mutex_lock(&progress->mutex);
	progress->done += bytes;
	if (progress->tell)
		progress->tell(progress->context, progress->done, progress->total);
	pthread_mutex_unlock(&progress->mutex);
}
