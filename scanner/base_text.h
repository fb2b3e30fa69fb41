/* SPDX-License-Identifier: MIT
 *
 * The text that base files and Node export lists are written in.
 *
 * Both are a head of lines that a person can review, and one block of names that
 * is too long for that: packed with zstd, armoured in base64, and described in the
 * head by its length and SHA-256. docs/base-format.md describes both files.
 */
#ifndef CP_BASE_TEXT_H
#define CP_BASE_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "facts.h"

#define CP_TEXT_MAX_LINE ((size_t)64 << 10)    /* bytes of one line of a head */
#define CP_TEXT_MAX_PACKED ((size_t)8 << 20)   /* bytes of base64 */
#define CP_TEXT_MAX_SYMBOLS ((size_t)16 << 20) /* bytes of unpacked names */

/* --- lines ---------------------------------------------------------------- */

/* A walk over the lines of a text (borrowed). `label` names the text in errors. */
struct cp_reader {
	const char *at, *end;
	const char *label;
	size_t line;     /* number of the line in `buffer`, from 1 */
	char *buffer;    /* the current line, NUL-terminated; owned */
	size_t capacity; /* bytes */
	struct cp_error **err;
};

void cp_reader_open(struct cp_reader *reader, const char *text, size_t size, const char *label,
	struct cp_error **err);
void cp_reader_close(struct cp_reader *reader);
#define cp_cleanup_reader __attribute__((cleanup(cp_reader_close)))

/* Steps to the next line: 0 with it in reader->buffer; -1 at the end of the text, for a line
 * without a newline, a NUL or one over the cap. */
int cp_reader_next(struct cp_reader *reader);
/* Steps to the next line, which must be "KEY: VALUE" ("KEY:" where VALUE is empty). The value,
 * unescaped, is the caller's; "" is an empty one. NULL on error. */
char *cp_reader_key(struct cp_reader *reader, const char *key);
/* The same for a decimal number up to `max`. */
int cp_reader_number(struct cp_reader *reader, const char *key, uint64_t max, uint64_t *value);
/* The error "LABEL:LINE: ...". Returns -1. */
int cp_reader_fail(struct cp_reader *reader, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* A decimal number, the whole of `text`, up to `max`. 0 or -1. */
int cp_text_number(const char *text, uint64_t max, uint64_t *value);

/* Writes `size` bytes in ASCII without control characters: a backslash escapes as in C (\n, \\),
 * other bytes and those of `also` as \xHH. */
void cp_text_escape(FILE *file, const char *text, size_t size, const char *also);
/* Undoes it in place; returns the new length, or -1 for a malformed escape. The result may hold
 * NULs only with `nul`. */
ssize_t cp_text_unescape(char *text, bool nul);

/* Cuts the word up to the next space off *at and unescapes it; *at becomes NULL behind the last.
 * NULL where there is none (then *at is NULL) or it is empty or malformed (*at stays there). */
char *cp_text_word(char **at);
/* Writes a space and `text` as one word. */
void cp_text_write_word(FILE *file, const char *text);

/* --- the block of names --------------------------------------------------- */

struct cp_block {
	char *text;  /* the unpacked lines, NUL-terminated; owned */
	size_t size; /* bytes */
};

/* Writes the lines "symbols-size:", "symbols-sha256:", an empty line, and the block.
 * `middle` (may be NULL) is written between the hash and the block. */
int cp_block_write(
	FILE *file, const char *text, size_t size, const char *middle, struct cp_error **err);

/* What the head says of the block. */
struct cp_block_head {
	uint64_t size;          /* bytes, unpacked */
	unsigned char hash[32]; /* SHA-256 of the unpacked text */
};
int cp_block_read_head(struct cp_reader *reader, struct cp_block_head *head);
/* Reads the block, whose first line must be the next one, to the end of the text. */
int cp_block_read(
	struct cp_reader *reader, const struct cp_block_head *head, struct cp_block *block);

/* --- names ---------------------------------------------------------------- */

/* Writes the exports of `facts` that `keep` (may be NULL: all) accepts, one line each, sorted:
 * NAME[@VERSION|@@VERSION][ FLAGS]. `*written` counts them. 0, or -1 without memory. */
int cp_symbols_write(
	FILE *file, const struct cp_facts *facts, bool (*keep)(const char *name), size_t *written);

/* Gives `facts` the exports of the next `count` lines at *at, and its look-up table. The names are
 * appended to the pool. *at steps behind them. 0, or -1 with an error. */
int cp_symbols_read(struct cp_facts *facts, const char **at, const char *end, size_t count,
	struct cp_error **err);

/* Appends a string to the pool of facts that are being made. 0 is both the empty string and "no
 * memory or over CP_MAX_STRINGS", told apart by *failed. */
cp_str cp_facts_add_string(struct cp_facts *facts, const char *text, bool *failed);
/* Adds an entry to needed[]. 0, or -1 without memory. */
int cp_facts_add_needed(struct cp_facts *facts, const char *name);

#endif
