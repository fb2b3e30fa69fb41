/* SPDX-License-Identifier: MIT
 *
 * Errors that read as a sentence.
 *
 * A fallible function takes a `struct cp_error **` last and returns 0 (or a
 * pointer) on success, a negative number (or NULL) on failure. The deepest
 * caller that knows what went wrong makes the error; each caller above adds
 * what it was doing, so that the text grows towards the front:
 *
 *     cannot read image app.tar: layer 3: truncated gzip stream
 *
 * `err` may be NULL where the caller only wants to know that it failed.
 * The caller owns the error and frees it (or uses cp_cleanup_error).
 */
#ifndef CP_ERROR_H
#define CP_ERROR_H

struct cp_error {
	int code;      /* an errno value, or 0 where none applies */
	char *message; /* UTF-8, no newline at the end; owned */
};

/* Makes *err (replacing nothing: *err must be NULL). Always returns -1, so that
 * a function can end with `return cp_error_set(err, EINVAL, "...");`. */
int cp_error_set(struct cp_error **err, int code, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Puts "FORMAT: " before the message of *err. Does nothing where err or *err is
 * NULL. Always returns -1. */
int cp_error_wrap(struct cp_error **err, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

void cp_error_free(struct cp_error *err);

void cp_error_cleanup(struct cp_error **err);
#define cp_cleanup_error __attribute__((cleanup(cp_error_cleanup)))

#endif
