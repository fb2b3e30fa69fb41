/* SPDX-License-Identifier: MIT
 *
 * The schemes, one a file. A new one is a file, a line here, and its place in variant.c.
 */
#ifndef CP_SCHEMES_H
#define CP_SCHEMES_H

#include "variant.h"

extern const struct cp_scheme cp_scheme_fixed_paths;
extern const struct cp_scheme cp_scheme_prisma;
extern const struct cp_scheme cp_scheme_cmake_ts;
extern const struct cp_scheme cp_scheme_node_gyp_build_optional_packages;
extern const struct cp_scheme cp_scheme_node_gyp_build;
extern const struct cp_scheme cp_scheme_require_addon;
extern const struct cp_scheme cp_scheme_pkg_prebuilds;
extern const struct cp_scheme cp_scheme_node_pre_gyp;
extern const struct cp_scheme cp_scheme_napi_rs;
extern const struct cp_scheme cp_scheme_platform_packages;
extern const struct cp_scheme cp_scheme_platform_files;
extern const struct cp_scheme cp_scheme_bindings;
extern const struct cp_scheme cp_scheme_build_release;

#endif
