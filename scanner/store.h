/* SPDX-License-Identifier: MIT
 *
 * A store: the named blobs of an image, wherever they lie.
 *
 *   mapped    an uncompressed archive: one pass over its headers makes a table of
 *             names; every blob is read in place
 *   directory an OCI layout: blobs are mapped when they are asked for
 *   streamed  a compressed archive, a pipe, an engine: bytes pass by once and in any
 *             order, so whatever looks like a layer is indexed at once, and small
 *             documents are kept by name; the manifest says later which belong
 *   memory    documents handed in (tests, fuzzing)
 *
 * Names are relative; absolute ones and those with ".." are nobody's.
 */
#ifndef CP_STORE_H
#define CP_STORE_H

#include <jansson.h>

#include "stream.h"

#define CP_STORE_MAX_DOCUMENT ((size_t)4 << 20) /* bytes of a manifest, index or config */
#define CP_STORE_MAX_BLOBS 100000u

struct cp_blob {
	char *name;
	const uint8_t *data; /* NULL for a layer that was indexed as it passed by */
	size_t size;         /* bytes as stored */
	uint64_t claimed;    /* bytes the archive says; more than `size` where it is cut */
	char *link;          /* the blob is another name of this one */
	uint8_t *owned;      /* == data, where it was copied */
	size_t mapped;       /* bytes mapped at data for this blob alone */

	struct cp_index *index;      /* of a streamed layer; taken by the image */
	bool taken;                  /* it has been */
	const char *encoding;        /* of a streamed layer */
	char digest[CP_DIGEST_SIZE]; /* of a streamed blob; "" where not known */
};

struct cp_store;

struct cp_store_options {
	struct cp_gate *gate;
	void (*progress)(void *context, uint64_t bytes); /* of streamed bytes; may be NULL */
	void *context;
};

/* An archive file ("-": standard input), mapped where it can be, else streamed. A cut
 * archive opens; `cp_store_damage` tells of it. NULL on error. */
struct cp_store *cp_store_open_archive(
	const char *path, const struct cp_store_options *options, struct cp_error **err);
/* Only where it is uncompressed and a regular file; NULL else. */
struct cp_store *cp_store_open_mapped(const char *path, struct cp_error **err);
/* A tar stream (taken over). `label` names it in messages. */
struct cp_store *cp_store_open_stream(struct cp_stream *stream, const char *label,
	const struct cp_store_options *options, struct cp_error **err);
struct cp_store *cp_store_open_directory(const char *path, struct cp_error **err);
/* An empty one, for cp_store_put. `label` is copied. */
struct cp_store *cp_store_new(const char *label, struct cp_error **err);

/* Files a blob under `name` (copied; a leading "./" is dropped), replacing an earlier
 * one. NULL without memory, for a refused name (*err says which) or above the cap. */
struct cp_blob *cp_store_put(struct cp_store *store, const char *name, struct cp_error **err);

/* The blob called `name`, links followed. NULL where there is none; then *err says so,
 * or why it cannot be had. */
struct cp_blob *cp_store_find(struct cp_store *store, const char *name, struct cp_error **err);

/* Reads a JSON document, checking its digest where one is given ("sha256:…"). NULL on
 * error. The caller owns the reference. */
json_t *cp_store_json(
	struct cp_store *store, const char *name, const char *digest, struct cp_error **err);

const char *cp_store_label(const struct cp_store *store);  /* file or engine, for messages */
const char *cp_store_damage(const struct cp_store *store); /* NULL: whole */

void cp_store_free(struct cp_store *store);
void cp_store_cleanup(struct cp_store **store);
#define cp_cleanup_store __attribute__((cleanup(cp_store_cleanup)))

/* "blobs/sha256/HEX" of a digest; false where it is not a digest that can be checked. */
bool cp_digest_path(const char *digest, char path[CP_DIGEST_SIZE + 8]);
/* "sha256:HEX" that a blob's name tells (blobs/sha256/HEX, HEX.json), else false. */
bool cp_digest_of_name(const char *name, char digest[CP_DIGEST_SIZE]);

#endif
