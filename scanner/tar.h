/* SPDX-License-Identifier: MIT
 *
 * A tar archive over a cp_stream, read by libarchive: ustar, pax and GNU (sparse files
 * and long names too), no filters. Names are bytes, whatever locale the process runs
 * under: no character set conversion may lose one.
 *
 * An archive that ends without its end-of-archive mark is an error, because a file cut
 * between two members looks just like that.
 */
#ifndef CP_TAR_H
#define CP_TAR_H

#include <archive.h>
#include <archive_entry.h>

#include "stream.h"

struct cp_tar;

/* Borrows `stream`. NULL without memory. A reader is used by one thread. */
struct cp_tar *cp_tar_open(struct cp_stream *stream, struct cp_error **err);
void cp_tar_close(struct cp_tar *tar);
void cp_tar_cleanup(struct cp_tar **tar);
#define cp_cleanup_tar __attribute__((cleanup(cp_tar_cleanup)))

/* The next member: 1 with *entry (valid until the next call), 0 at the end, -1 where
 * the archive is damaged or its stream failed. */
int cp_tar_next(struct cp_tar *tar, struct archive_entry **entry, struct cp_error **err);

/* The member's name, its link's target (hard, else symbolic); bytes, or NULL. */
const char *cp_tar_name(struct archive_entry *entry);
const char *cp_tar_hardlink(struct archive_entry *entry);
const char *cp_tar_symlink(struct archive_entry *entry);

/* The next block of the member's contents, *offset bytes into it (what lies between
 * blocks is zeros): 1, 0 at the end, -1 on error. The block is valid until the next call. */
int cp_tar_data(struct cp_tar *tar, const void **block, size_t *size, uint64_t *offset,
	struct cp_error **err);

/* Whether the archive, not only a member of it, can be read no further. */
bool cp_tar_failed(const struct cp_tar *tar);

/* Whether a block of the contents is memory that stays until the stream is closed. */
bool cp_tar_stable(const struct cp_tar *tar, const void *block, size_t size);

#endif
