/* SPDX-License-Identifier: MIT
 *
 * node-gyp-build (node-gyp-build.js of 4.8, index.js of 3.9): prebuilds/ beside the package.
 *
 *     build/Release, build/Debug                    whatever was compiled comes first
 *     4.x: prebuilds/linux-x64/NAME.TAG.TAG.node      (prebuild_tags.h)
 *     3.x: prebuilds/linux{glibc,musl}-x64/node-ABI.node, node-napi.node, then linux-x64/
 *
 * musl is where /etc/alpine-release exists. The environment (LIBC, PREBUILDS_ONLY,
 * NAME_PREBUILD) and prebuilds beside the node program are left aside.
 */
#include "prebuild_tags.h"
#include "schemes.h"

#include <stdlib.h>
#include <string.h>

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "node-gyp-build") &&
	       (cp_package_has(context, "prebuilds") || cp_package_has(context, "build/Release") ||
		       cp_package_has(context, "build/Debug") ||
		       cp_package_has(context, "binding.gyp"));
}

/* Whether the package resolves node-gyp-build to a release before 4. */
static bool is_old(const struct cp_variant_context *context)
{
	struct cp_found found;
	if (!cp_find_package(context, "node-gyp-build", &found))
		return false;
	json_t *manifest = cp_package_manifest(context, &found);
	const char *version = json_string_value(json_object_get(manifest, "version"));
	bool old = version && strtoul(version, NULL, 10) < 4;
	json_decref(manifest);
	return old;
}

/* The directory `name` of prebuilds/, by 3.x's rules. */
static int pick_from_old_directory(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *name, struct cp_error **err)
{
	int taken = cp_offer_relative(context, pick, err, "prebuilds/%s/node-%d.node", name,
		context->platform->node_module_version);
	if (taken)
		return taken;
	return cp_offer_relative(context, pick, err, "prebuilds/%s/node-napi.node", name);
}

/* From the most specific directory to the least; -vN follows on ARM. */
static int pick_old(
	const struct cp_variant_context *context, struct cp_pick *pick, struct cp_error **err)
{
	const char *arch = context->platform->arch, *armv = cp_armv(arch);
	const char *libcs[] = {cp_libc_by_release(context), ""};
	for (int versioned = armv != NULL; versioned >= 0; versioned--)
		for (size_t i = 0; i < 2; i++) {
			char name[64];
			int length = snprintf(name, sizeof(name), "linux%s-%s%s%s", libcs[i], arch,
				versioned ? "-v" : "", versioned ? armv : "");
			if (length < 0 || length >= (int)sizeof(name))
				continue;
			int taken = pick_from_old_directory(context, pick, name, err);
			if (taken)
				return taken;
		}
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	int taken = cp_offer_first(context, pick_, "build/Release", err);
	if (!taken)
		taken = cp_offer_first(context, pick_, "build/Debug", err);
	pick_->compiled_at_install = taken > 0 || !cp_package_has(context, "prebuilds");
	if (!taken && is_old(context))
		taken = pick_old(context, pick_, err);
	else if (!taken)
		taken = cp_offer_prebuild(
			context, pick_, cp_libc_by_release(context), CP_TAGS_MAY_LACK, err);
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_node_gyp_build = {"node-gyp-build", applies, pick};
