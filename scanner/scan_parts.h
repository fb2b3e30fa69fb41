/* SPDX-License-Identifier: MIT
 *
 * The steps of a scan, in the order in which scan.c takes them. Private to the
 * scanner; each returns 0, or -1 with *err set.
 */
#ifndef CP_SCAN_PARTS_H
#define CP_SCAN_PARTS_H

#include "scan.h"

/* scan_environment.c: what the image itself is: distribution, libc, machine, node. */
int cp_scan_environment(struct cp_scan *scan, struct cp_error **err);

/* scan_targets.c: the named bases (or the default ones) as targets over the image. */
int cp_scan_targets(
	struct cp_scan *scan, const struct cp_scan_options *options, struct cp_error **err);
void cp_scan_target_clear(struct cp_scan_target *target);

/* scan_objects.c: lists the image's objects, by path, and counts what is prunable. */
int cp_scan_objects(struct cp_scan *scan, struct cp_error **err);
void cp_object_clear(struct cp_object *object, size_t n_targets);

/* scan_declared.c: fills what an object's package says of it, from path, package, facts and
 * content.
 */
void cp_scan_declare(struct cp_object *object);

/* scan_judge.c: fills loads[] of every object, on all processors. */
int cp_scan_judge(struct cp_scan *scan, struct cp_error **err);

/* scan_syslibs.c: turns `fails` into `loads_with` where the distribution's packages are all that is
 * missing. */
int cp_scan_judge_packages(const struct cp_scan *scan, const struct cp_scan_target *target,
	const struct cp_object *object, struct cp_load *load, struct cp_error **err);

/* scan_packages.c: rolls the objects' outcomes up to one verdict per package. */
int cp_scan_packages(struct cp_scan *scan, struct cp_error **err);
void cp_package_result_clear(struct cp_package_result *result, size_t n_targets);

/* scan_variants.c: puts what the packages' own loaders would pick in the place of that, and what a
 * fresh install on the target would bring. */
int cp_scan_variants(struct cp_scan *scan, struct cp_error **err);

#endif
