/* SPDX-License-Identifier: MIT
 *
 * The table: a scan for people.
 *
 *   head       what the image is
 *   rows       what does not just load, worst first (table_rows.h)
 *   evidence   with `verbose`: every object, as the loader sees it (table_evidence.c)
 *   verdicts   a line per target, and what could be pruned
 */
#ifndef CP_OUTPUT_TABLE_H
#define CP_OUTPUT_TABLE_H

#include <stdio.h>

#include "scan.h"

struct cp_table_style {
	bool colour;
	bool verbose;
	unsigned width; /* columns of the terminal; 0: lines are not broken */
};

/* The style for `file`: colour and width only where it is a terminal. Honours NO_COLOR and
 * TERM=dumb. */
void cp_table_style_for(struct cp_table_style *style, FILE *file, bool verbose);

/* Prints the scan. 0, or -1 without memory; a failed write shows in ferror(file). */
int cp_table_print(FILE *file, const struct cp_scan *scan, const struct cp_table_style *style);

/* The -v part; table_evidence.c. */
void cp_table_evidence(FILE *file, const struct cp_scan *scan, const struct cp_table_style *style);

/* Starts and ends of colours; empty strings where the style has none. */
const char *cp_table_colour(const struct cp_table_style *style, enum cp_outcome outcome);
const char *cp_table_bold(const struct cp_table_style *style);
const char *cp_table_plain(const struct cp_table_style *style);

#endif
