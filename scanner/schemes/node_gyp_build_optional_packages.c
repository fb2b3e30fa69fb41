/* SPDX-License-Identifier: MIT
 *
 * node-gyp-build-optional-packages 5.2 (lmdb, msgpackr-extract): node-gyp-build's order and tags,
 * but musl is what detect-libc says, a file must tell its runtime and ABI, and behind the
 * package's own prebuilds comes a platform package that holds the builds for both libcs:
 *
 *     lmdb ─▶ @lmdb/lmdb-linux-x64/node.napi.musl.node
 *     @scope/name ─▶ @scope/name-linux-x64
 */
#include "prebuild_tags.h"
#include "schemes.h"

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "node-gyp-build-optional-packages") &&
	       (json_object_get(context->manifest, "optionalDependencies") ||
		       cp_package_has(context, "prebuilds") ||
		       cp_package_has(context, "build/Release") ||
		       cp_package_has(context, "build/Debug") ||
		       cp_package_has(context, "binding.gyp"));
}

static int offer_platform_package(
	const struct cp_variant_context *context, struct cp_pick *pick, struct cp_error **err)
{
	char package[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	const char *name = cp_manifest_string(context, "name");
	if (!name)
		return 0;
	bool scoped = *name == '@';
	if (!cp_path_write(package, "%s%s%s%s-linux-%s", scoped ? "" : "@", scoped ? "" : name,
		    scoped ? "" : "/", name, context->platform->arch))
		return 0;
	if (cp_manifest_depends(context, package) && cp_want(pick, package, err) < 0)
		return -1;
	if (!cp_find_package(context, package, &found))
		return 0;
	return cp_offer_tagged(
		context, pick, found.path, cp_libc_family(context), CP_TAGS_ASK_FOR_RUNTIME, err);
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	int taken = cp_offer_first(context, pick_, "build/Release", err);
	if (!taken)
		taken = cp_offer_first(context, pick_, "build/Debug", err);
	pick_->compiled_at_install = taken > 0;
	if (!taken)
		taken = cp_offer_prebuild(
			context, pick_, cp_libc_family(context), CP_TAGS_ASK_FOR_RUNTIME, err);
	if (!taken)
		taken = offer_platform_package(context, pick_, err);
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_node_gyp_build_optional_packages = {
	"node-gyp-build-optional-packages", applies, pick};
