/* SPDX-License-Identifier: MIT
 *
 * JSON that comes in pieces, as from a socket.
 */
#ifndef JSON_PIECES_H
#define JSON_PIECES_H

#include "json_objects.h"

/* Reads the text in pieces of that many bytes, until one is refused; `objects` is the caller's to
 * clear. Returns whether all were read. */
bool read_in_pieces(struct cp_json_objects *objects, const char *text, size_t size, size_t piece);

#endif
