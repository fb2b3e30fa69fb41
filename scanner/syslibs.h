/* SPDX-License-Identifier: MIT
 *
 * System libraries: which distribution package brings a soname.
 *
 * Tables are built in (scanner/syslibs/ *.tsv and *.names). Debian's are made from the release's
 * own Contents and Packages lists (`make syslibs`); Alpine's is smaller: the libraries that real
 * addons need, each row with its source.
 */
#ifndef CP_SYSLIBS_H
#define CP_SYSLIBS_H

#include <stdbool.h>
#include <stddef.h>

/* The package that brings `soname` on a release ("debian-bullseye", "alpine-3.20"), static text; or
 * NULL: not known there. Constant or logarithmic time. */
const char *cp_syslib_package(const char *release, const char *soname);
/* Whether `release` has a binary package of that name (for templates' apt-get lines). Returns 1, 0,
 * or -1 where the release's list is not shipped or does not cover such names. */
int cp_syslib_package_exists(const char *release, const char *package);
/* A package of the release that is the same thing under another version ("libglew2.2" →
 * "libglew2.1"); NULL where there is none. */
const char *cp_syslib_similar_package(const char *release, const char *package);
/* What a package gives besides: the sonames that `package` brings, into sonames[0..max); returns
 * how many there are. */
size_t cp_syslib_sonames(
	const char *release, const char *package, const char **sonames, size_t max);

#endif
