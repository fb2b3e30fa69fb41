/* SPDX-License-Identifier: MIT
 *
 * Platform packages: the builds of one addon as packages of their own, all of them
 * optionalDependencies of the package that loads them, of which npm installs those that fit.
 */
#ifndef CP_PLATFORM_PACKAGE_H
#define CP_PLATFORM_PACKAGE_H

#include "scheme.h"

/* Whether the manifest has such a family: two names at least that differ in their platform alone,
 * one of them for Linux. Where there are several (sharp, and the libvips that it needs), the one
 * with the shortest name is what the loader asks for. */
bool cp_has_platform_packages(const struct cp_variant_context *context);
/* Notes as wanted the members that a loader asks for on this machine with `libc` ("musl",
 * "glibc"), and offers the objects in those that are installed. As cp_offer. */
int cp_offer_platform_packages(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *libc, struct cp_error **err);
/* Whether `name` is a platform package's, of whatever platform. */
bool cp_tells_platform(const char *name);
/* Finds the program that a package without an addon brings: the first ELF file of bin/, else of
 * the package's directory, that is no library. 1 with *program, 0, or -1. */
int cp_find_program(const struct cp_variant_context *context, const char *package,
	struct cp_found *program, struct cp_error **err);

#endif
