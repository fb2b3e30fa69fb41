/* SPDX-License-Identifier: MIT */
#include "workers.h"

#include <pthread.h>
#include <unistd.h>

struct task {
	void (*work)(void *context);
	void *context;
};

static void *enter(void *argument)
{
	const struct task *task = argument;
	task->work(task->context);
	return NULL;
}

void cp_workers_run(void (*work)(void *context), void *context, unsigned long items)
{
	struct task task = {work, context};
	pthread_t threads[CP_WORKERS_MAX];
	unsigned long started = 0;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	while (started + 1 < items && started + 1 < CP_WORKERS_MAX &&
		(long)started + 1 < processors &&
		pthread_create(&threads[started], NULL, enter, &task) == 0)
		started++;
	work(context);
	for (unsigned long i = 0; i < started; i++)
		pthread_join(threads[i], NULL);
}
