/* SPDX-License-Identifier: MIT
 *
 * A stream that hands bytes out in small pieces, as pipes and networks do, overwriting
 * what it gave before, so that a reader that looks back is caught.
 */
#ifndef PIECES_H
#define PIECES_H

#include "stream.h"

#define PIECES_MAX 64 /* bytes of a piece */

/* Over `data` (borrowed). Freed by its close. */
struct cp_stream *in_pieces(const void *data, size_t size, size_t piece);

#endif
