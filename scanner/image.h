/* SPDX-License-Identifier: MIT
 *
 * An image: a reference goes in, one merged index comes out.
 *
 *   ref ─▶ source (one file per transport) ─▶ layers ─▶ index each (in parallel)
 *                                                └─▶ cp_index_apply, bottom up ─▶ root
 *
 * Nothing is unpacked: uncompressed archives are memory-mapped and read in place;
 * compressed layers stream through ISA-L or libzstd, and only files that begin with
 * an object's magic, and the few texts that rules need, are held, one at a time.
 * What a layer is (plain, gzip, zstd) is told by its first bytes, never by its
 * media type.
 *
 * Transports are those of containers-transports(5).
 */
#ifndef CP_IMAGE_H
#define CP_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "error.h"
#include "index.h"

enum cp_transport {
	CP_TRANSPORT_DOCKER_ARCHIVE, /* docker-archive:PATH[:REF|@N] */
	CP_TRANSPORT_OCI,            /* oci:DIRECTORY[:REF|@N] */
	CP_TRANSPORT_OCI_ARCHIVE,    /* oci-archive:PATH[:REF|@N] */
	CP_TRANSPORT_DAEMON, /* docker-daemon:REF, over DOCKER_HOST or /var/run/docker.sock */
	CP_TRANSPORT_ROOTFS, /* rootfs:DIRECTORY, and `scan dir` */
};

struct cp_image_ref {
	enum cp_transport transport;
	char *path;     /* file, directory or image name */
	char *selector; /* what follows ':' or '@' (with the '@'), or NULL */
};

/* Reads a reference as the user typed it. A bare word is told by looking: a
 * directory with oci-layout is oci:, another directory rootfs:, a tar with
 * oci-layout and no manifest.json oci-archive:, another archive docker-archive:,
 * a name that is no file docker-daemon:. An archive may also be a pipe or "-" (standard
 * input), or compressed as a whole: it is then read as it comes. Where PATH itself holds
 * colons, the longest PATH that exists counts. `*ref` is owned (cp_image_ref_clear).
 * 0, or -1 with an error that lists the transports. */
int cp_image_ref_parse(const char *text, struct cp_image_ref *ref, struct cp_error **err);
void cp_image_ref_clear(struct cp_image_ref *ref);

struct cp_layer {
	char *digest;         /* "sha256:…" of the bytes as stored; NULL where not known */
	char *diff_id;        /* "sha256:…" of the tar, from the config; NULL where not known */
	uint64_t size;        /* bytes as stored */
	const char *encoding; /* "tar", "gzip", "zstd", "directory" */
};

struct cp_image {
	char *ref;          /* TRANSPORT:PATH[:SELECTOR] */
	char *name;         /* repository and tag the archive knows it by, or NULL */
	char *os;           /* "linux"; NULL: not known */
	char *architecture; /* Docker's name, "amd64" */
	char *variant;
	char *node_version; /* NODE_VERSION of the config's Env, or NULL */
	char *library_path; /* LD_LIBRARY_PATH of the config's Env, or NULL */
	char *entry; /* what the config's command has node run, absolute; or NULL: not told */
	struct cp_layer *layers;
	size_t n_layers;
	struct cp_index *root; /* merged; errors[] inside */
	void *backing;         /* mappings that borrowed texts point into; freed with the image */
};

struct cp_image_options {
	const char *platform; /* "linux/amd64"; NULL: the machine's own, where it is offered */
	bool verify; /* also hash mapped (uncompressed) layers; compressed ones always are */
	/* Called from any worker, serialized: bytes of stored layers read so far and in all (0: not
	 * known). May be NULL. */
	void (*progress)(void *context, uint64_t done, uint64_t total);
	void *progress_context;
};

/* Reads the image into *image (owned; cp_image_free). Returns 0 also where the
 * root has errors[] rows of severity CP_PARTIAL (a cut layer, a digest that does
 * not match): the caller decides; -1 where there is no image to speak of
 * (missing file, manifest that is not JSON, ambiguous selection: the error lists
 * the choices). Errors name the file and the member. */
int cp_image_open(const struct cp_image_ref *ref, const struct cp_image_options *options,
	struct cp_image **image, struct cp_error **err);

void cp_image_free(struct cp_image *image);
void cp_image_cleanup(struct cp_image **image);
#define cp_cleanup_image __attribute__((cleanup(cp_image_cleanup)))

#endif
