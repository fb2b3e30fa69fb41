/* SPDX-License-Identifier: MIT
 *
 * Where results go: each -o FORMAT[=FILE] to a file of its own, at most one to stdout.
 *
 * A file appears under its name only when it is whole: it is written without a name (where the
 * file system cannot, under another one beside it) and then renamed, so that not even SIGKILL
 * leaves anything behind. What is no plain file (/dev/null, a pipe) is written to directly. Every
 * write's failure (a full disk, a closed pipe) is an error of the run.
 */
#ifndef CP_OUTPUT_H
#define CP_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "error.h"

#define CP_OUTPUT_MAX 8

enum cp_format { CP_FORMAT_TABLE, CP_FORMAT_JSON };

struct cp_output_request {
	enum cp_format format;
	const char *file; /* NULL: stdout */
};

struct cp_output {
	enum cp_format format;
	FILE *file;
	char *path;      /* the name that it gets; NULL: stdout */
	char *temporary; /* the name just before; NULL: written in place */
	bool named;      /* the file has that name now */
};

/* Opens a result's way out; files are made here, so that a directory which cannot be written is
 * told before the work and not after it. 0, or -1 with an error that names the file. */
int cp_output_open(
	struct cp_output *output, const struct cp_output_request *request, struct cp_error **err);

/* Writes out what is buffered and gives the file its name. Frees `output` whatever happens. 0 or
 * -1. */
int cp_output_commit(struct cp_output *output, struct cp_error **err);

/* Drops an unfinished file. */
void cp_output_abandon(struct cp_output *output);

/* Reads "FORMAT" or "FORMAT=FILE" (borrowed). 0, or -1 where the format is unknown or the file
 * has no name. */
int cp_output_request_parse(const char *text, struct cp_output_request *request);

#endif
