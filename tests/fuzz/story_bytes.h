/* SPDX-License-Identifier: MIT
 *
 * A sequence of raw records as bytes, for fuzz_story.c and what it starts from:
 *
 *   TYPE      1 byte: enum cp_raw_type, or STORY_TICK
 *   WHO       1 byte: two bits for the process, two for its thread
 *   FLAGS     1 byte: enum cp_raw_flags
 *   VALUE     1 byte, signed: descriptor, handle, errno; of EXIT a signal, or negative an exit
 *             status; of a tick, tenths of a second
 *   SIZE      2 bytes, little-endian: of the text that follows
 *
 * An exception's two texts have a NUL between them.
 */
#ifndef STORY_BYTES_H
#define STORY_BYTES_H

#include "raw.h"

#define STORY_TICK CP_RAW_TYPES
#define STORY_HEAD 6

#endif
