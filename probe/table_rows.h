/* SPDX-License-Identifier: MIT
 *
 * The rows of the table: what a reader has to know of a scan, folded.
 *
 * One row is one outcome of one thing for one reason, on all the targets where that holds. What
 * loads everywhere makes no row and is only counted. Copies of a package at several places in
 * the tree share a row.
 */
#ifndef CP_TABLE_ROWS_H
#define CP_TABLE_ROWS_H

#include "scan.h"

struct cp_row {
	enum cp_outcome outcome;
	char *label;    /* "bcrypt@5.1.1", or a path; safe to print */
	char *reason;   /* in words; safe to print */
	bool *targets;  /* one per target of the scan */
	size_t copies;  /* of the package, with this outcome and reason */
	bool system;    /* of the base's own */
	size_t counted; /* the last copy, while rows are made */
};

/* What a target's verdict line counts. */
struct cp_tally {
	size_t packages[CP_OUTCOME_UNKNOWN + 1]; /* by outcome */
	size_t objects[CP_OUTCOME_UNKNOWN + 1];  /* of the service, in no package */
	size_t to_install; /* packages that load there once installed or built there */
};

struct cp_rows {
	struct cp_row *rows; /* worst outcome first, then packages, then by label and target */
	size_t count, size;
	struct cp_tally *tallies;    /* one per target */
	size_t load_everywhere;      /* packages */
	size_t foreign_packages;     /* packages with nothing but builds for other platforms */
	size_t base_objects_failing; /* libraries of the base that fail on self, not in rows */
};

/* With `all` the base's own libraries that fail on self get rows too, and not just its programs:
 * many of them are plug-ins of programs, which no one would load alone. Returns 0, or -1 without
 * memory. */
int cp_rows_make(const struct cp_scan *scan, bool all, struct cp_rows *rows);
void cp_rows_free(struct cp_rows *rows);

/* Outcomes that need a row: they keep something from just working. */
static inline bool cp_outcome_is_trouble(enum cp_outcome outcome)
{
	return outcome == CP_OUTCOME_LOADS_WITH || outcome == CP_OUTCOME_CRASHES ||
	       outcome == CP_OUTCOME_FAILS;
}

/* Why the object does on that target what it does, as a sentence without a subject: "needs
 * GLIBC_2.34, newer than glibc 2.31". Never NULL but without memory. Owned; safe to print. */
char *cp_reason(const struct cp_object *object, const struct cp_scan_target *target,
	const struct cp_load *load);

/* The package's name and version, or the object's path. Owned; safe to print. */
char *cp_package_label(const struct cp_package *package);

#endif
