/* SPDX-License-Identifier: MIT */
#include "open_image.h"

#include "progress.h"

int cp_open_image(const struct cp_options *options, const struct cp_image_ref *ref,
	struct cp_image **image, struct cp_error **err)
{
	struct cp_progress progress;
	cp_progress_start(&progress, ref->path, !options->quiet && !options->no_progress);
	struct cp_image_options wanted = {.platform = options->platform,
		.verify = options->verify,
		.progress = cp_progress_update,
		.progress_context = &progress};
	int result = cp_image_open(ref, &wanted, image, err);
	cp_progress_wipe(&progress);
	return result;
}
