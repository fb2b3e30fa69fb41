/* SPDX-License-Identifier: MIT
 *
 * Text for people and for JSON.
 *
 * Names and messages come out of images, so they are hostile: a file name may hold
 * escape sequences, line feeds or the marks that turn the reading direction round.
 * Nothing of that reaches a terminal or a log; it is shown as \xNN or \u{NNNN}.
 */
#ifndef CP_TEXT_H
#define CP_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* A copy in which control characters, direction marks and bytes that are not UTF-8 are
 * written out as escapes; the backslash itself stays. NULL without memory. Owned. */
char *cp_text_printable(const char *text);

/* Writes the same to `file` without a copy. */
void cp_text_put(FILE *file, const char *text);

/* A copy in which bytes that are not UTF-8 became U+FFFD: what JSON can carry. Owned. */
char *cp_text_to_utf8(const char *text);

/* Columns that `text` takes on a terminal: its characters, each counted as one. */
size_t cp_text_width(const char *text);

/* "512 bytes", "1.5 kB", "113.4 MB": powers of 1000, as the shell's tools with --si. */
#define CP_TEXT_BYTES_SIZE 32
void cp_text_bytes(char buffer[CP_TEXT_BYTES_SIZE], uint64_t bytes);

/* What follows the last slash. */
const char *cp_text_base_name(const char *path);

#endif
