/* SPDX-License-Identifier: MIT */
#include "image.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image_source.h"
#include "memory.h"

static char *write_ref(const struct cp_image_ref *ref)
{
	static const char *const transports[] = {
		[CP_TRANSPORT_DOCKER_ARCHIVE] = "docker-archive",
		[CP_TRANSPORT_OCI] = "oci",
		[CP_TRANSPORT_OCI_ARCHIVE] = "oci-archive",
		[CP_TRANSPORT_DAEMON] = "docker-daemon",
		[CP_TRANSPORT_ROOTFS] = "rootfs",
	};
	const char *selector = ref->selector ? ref->selector : "";
	char *text = NULL;
	if (asprintf(&text, "%s:%s%s%s", transports[ref->transport], ref->path,
		    selector[0] && selector[0] != '@' ? ":" : "", selector) < 0)
		return NULL;
	return text;
}

static struct cp_store *open_archive(
	const char *path, const struct cp_store_options *options, struct cp_error **err)
{
	struct stat status;
	if (strcmp(path, "-") != 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode)) {
		cp_error_set(err, EISDIR, "%s is a directory, not an archive", path);
		return NULL;
	}
	return cp_store_open_archive(path, options, err);
}

static struct cp_store *open_store(const struct cp_image_ref *ref,
	const struct cp_store_options *options, struct cp_error **err)
{
	switch (ref->transport) {
	case CP_TRANSPORT_DOCKER_ARCHIVE:
	case CP_TRANSPORT_OCI_ARCHIVE:
		return open_archive(ref->path, options, err);
	case CP_TRANSPORT_OCI:
		return cp_store_open_directory(ref->path, err);
	case CP_TRANSPORT_DAEMON:
		return cp_daemon_open(ref->path, options, err);
	case CP_TRANSPORT_ROOTFS:
		break;
	}
	cp_error_set(err, EINVAL, "not an archive");
	return NULL;
}

/* Some archives are OCI layouts only, whatever they were announced as. */
static bool is_layout(struct cp_store *store, enum cp_transport transport)
{
	if (transport == CP_TRANSPORT_OCI || transport == CP_TRANSPORT_OCI_ARCHIVE)
		return true;
	return !cp_store_find(store, "manifest.json", NULL) &&
	       cp_store_find(store, "index.json", NULL);
}

static int make_plan(struct cp_plan *plan, const struct cp_image_ref *ref, const char *platform,
	struct cp_error **err)
{
	const char *damage = cp_store_damage(plan->store);
	/* An engine sends the image that it was asked for, under whatever name. */
	const char *selector = ref->transport == CP_TRANSPORT_DAEMON ? NULL : ref->selector;
	int result = is_layout(plan->store, ref->transport)
			     ? cp_oci_plan(plan, selector, platform, err)
			     : cp_docker_archive_plan(plan, selector, platform, err);
	if (result < 0 && damage && err && *err)
		return cp_error_set(err, (*err)->code, "%s; the archive is damaged: %s",
			(*err)->message, damage);
	if (result == 0 && damage)
		return cp_index_add_error(
			plan->image->root, CP_PARTIAL, cp_store_label(plan->store), "%s", damage);
	return result;
}

static int read_layers(struct cp_image *image, const struct cp_image_ref *ref,
	const struct cp_image_options *options, struct cp_progress *progress, struct cp_gate *gate,
	struct cp_error **err)
{
	struct cp_store_options store_options = {
		.gate = gate, .progress = cp_progress_add, .context = progress};
	struct cp_store *store = open_store(ref, &store_options, err);
	if (!store)
		return -1;
	image->backing = store;
	image->root = cp_index_new();
	if (!image->root)
		return cp_error_set(err, ENOMEM, "out of memory");
	struct cp_plan plan = {.store = store, .image = image};
	int result = make_plan(&plan, ref, options->platform, err);
	if (result == 0)
		result = cp_plan_run(&plan, options, progress, gate, err);
	cp_plan_clear(&plan);
	return result;
}

static int read_directory(struct cp_image *image, const char *path, struct cp_error **err)
{
	if (cp_directory_index(path, &image->root, err) < 0)
		return -1;
	image->layers = calloc(1, sizeof(*image->layers));
	if (!image->layers)
		return cp_error_set(err, ENOMEM, "out of memory");
	image->n_layers = 1;
	image->layers[0].encoding = "directory";
	return 0;
}

static int read_image(struct cp_image *image, const struct cp_image_ref *ref,
	const struct cp_image_options *options, struct cp_error **err)
{
	if (ref->transport == CP_TRANSPORT_ROOTFS)
		return read_directory(image, ref->path, err);
	struct cp_progress *progress = cp_progress_new(options);
	struct cp_gate *gate = cp_gate_new();
	int result = progress && gate ? read_layers(image, ref, options, progress, gate, err)
				      : cp_error_set(err, ENOMEM, "out of memory");
	cp_gate_free(gate);
	cp_progress_free(progress);
	return result;
}

int cp_image_open(const struct cp_image_ref *ref, const struct cp_image_options *options,
	struct cp_image **image, struct cp_error **err)
{
	static const struct cp_image_options defaults;
	*image = calloc(1, sizeof(**image));
	if (*image && ((*image)->ref = write_ref(ref)) &&
		read_image(*image, ref, options ? options : &defaults, err) == 0)
		return 0;
	if (!*image || !(*image)->ref)
		cp_error_set(err, ENOMEM, "out of memory");
	else
		cp_error_wrap(err, "cannot read image %s", (*image)->ref);
	cp_image_free(*image);
	*image = NULL;
	return -1;
}

void cp_image_free(struct cp_image *image)
{
	if (!image)
		return;
	for (size_t i = 0; i < image->n_layers; i++) {
		free(image->layers[i].digest);
		free(image->layers[i].diff_id);
	}
	free(image->layers);
	free(image->ref);
	free(image->name);
	free(image->os);
	free(image->architecture);
	free(image->variant);
	free(image->node_version);
	free(image->library_path);
	free(image->entry);
	cp_index_free(image->root);
	cp_store_free(image->backing); /* after the root, whose texts point into it */
	free(image);
}

void cp_image_cleanup(struct cp_image **image)
{
	cp_image_free(*image);
}
