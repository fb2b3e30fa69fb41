/* SPDX-License-Identifier: MIT */
#include "scan_parts.h"

#include <stdlib.h>

#include "service.h"

static int run_steps(
	struct cp_scan *scan, const struct cp_scan_options *options, struct cp_error **err)
{
	cp_service_mark(scan->image->root);
	scan->packages = cp_packages_new(scan->image->root);
	if (!scan->packages)
		return cp_error_set(err, 0, "out of memory");
	if (cp_scan_environment(scan, err) < 0)
		return -1;
	if (cp_scan_targets(scan, options, err) < 0)
		return -1;
	if (cp_scan_objects(scan, err) < 0)
		return -1;
	if (cp_scan_judge(scan, err) < 0)
		return -1;
	if (cp_scan_packages(scan, err) < 0)
		return -1;
	return cp_scan_variants(scan, err);
}

int cp_scan_run(struct cp_image *image, const struct cp_scan_options *options,
	struct cp_scan **scan, struct cp_error **err)
{
	struct cp_scan *made = calloc(1, sizeof(*made));
	if (!made) {
		cp_image_free(image);
		return cp_error_set(err, 0, "out of memory");
	}
	made->image = image;
	if (run_steps(made, options, err) < 0) {
		cp_error_wrap(err, "cannot scan %s", image->ref ? image->ref : "the image");
		cp_scan_free(made);
		return -1;
	}
	*scan = made;
	return 0;
}

void cp_scan_free(struct cp_scan *scan)
{
	if (!scan)
		return;
	for (size_t i = 0; i < scan->n_objects; i++)
		cp_object_clear(&scan->objects[i], scan->n_targets);
	for (size_t i = 0; i < scan->n_targets; i++)
		cp_scan_target_clear(&scan->targets[i]);
	for (size_t i = 0; i < scan->n_results; i++)
		cp_package_result_clear(&scan->results[i], scan->n_targets);
	free(scan->objects);
	free(scan->targets);
	cp_base_set_free(scan->own_bases);
	free(scan->results);
	free(scan->os_id);
	free(scan->os_version);
	free(scan->libc_version);
	free(scan->node_version);
	free(scan->node_path);
	cp_packages_free(scan->packages);
	cp_image_free(scan->image);
	free(scan);
}
