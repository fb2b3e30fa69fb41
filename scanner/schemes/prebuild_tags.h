/* SPDX-License-Identifier: MIT
 *
 * The tags in names of prebuilt files (prebuildify's README; parseTags, matchTags and compareTags
 * of node-gyp-build.js), shared by node-gyp-build 4 and node-gyp-build-optional-packages.
 *
 *     bcrypt.musl.node    dd_pprof.musl.node.abi115.node    argon2.armv8.glibc.node
 *
 * Words between the dots are tags where they are known: node, electron, node-webkit (runtime),
 * napi, abiN, uvN, armvN, glibc and musl. A file fits where no tag speaks against the platform;
 * of those that fit, a tagged runtime comes before none, then an ABI before none, then the one
 * with the most tags, then the first by name.
 */
#ifndef CP_PREBUILD_TAGS_H
#define CP_PREBUILD_TAGS_H

#include "scheme.h"

enum cp_tag_rule {
	CP_TAGS_MAY_LACK,        /* node-gyp-build: a tag that is not there fits */
	CP_TAGS_ASK_FOR_RUNTIME, /* …-optional-packages: runtime and abi (or napi) must be told */
};

/* node-gyp-build's armv of Node's official builds: "8", "7"; NULL where it is not ARM. */
const char *cp_armv(const char *arch);

/* Offers the best file of the absolute directory `path`. As cp_offer. */
int cp_offer_tagged(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *path, const char *libc, enum cp_tag_rule rule, struct cp_error **err);
/* Offers the best file of the package's prebuilds/linux-ARCH or prebuilds/linux-ARCH+ARCH…, of
 * which the one with the fewest architectures serves. */
int cp_offer_prebuild(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *libc, enum cp_tag_rule rule, struct cp_error **err);

#endif
