/* SPDX-License-Identifier: MIT
 *
 * Loaders that require a platform package by a name they put together, and know what was built
 * here besides:
 *
 *     sharp              src/build/Release/sharp-linuxmusl-x64-0.35.5.node, then the package
 *     lightningcss       the package, then ./lightningcss.linux-x64-musl.node
 *     @parcel/watcher    the package, then build/Release/watcher.node, build/Debug/watcher.node
 *     libsql, esbuild, … the package
 *
 * musl is what detect-libc or process.report says; both mean the running program's.
 */
#include "platform_package.h"
#include "schemes.h"

#include <stdio.h>

/* Offers the *.node of a directory of the package whose name ends so. */
static int offer_ending(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *relative, const char *suffix, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	char path[CP_INDEX_MAX_PATH + 1];
	if (!cp_path_write(path, "%s/%s", context->directory, relative))
		return 0;
	if (cp_list_files(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++)
		if (cp_ends_with(listing.names[i], suffix))
			return cp_offer_relative(
				context, pick, err, "%s/%s", relative, listing.names[i]);
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char suffix[256];
	const char *libc = cp_libc_family(context), *arch = context->platform->arch;
	const char *version = cp_manifest_string(context, "version");
	bool musl = context->platform->libc == CP_LIBC_MUSL;
	snprintf(suffix, sizeof(suffix), "-linux%s-%s-%s.node", musl ? "musl" : "", arch,
		version ? version : "");
	if (offer_ending(context, pick_, "src/build/Release", suffix, err) < 0)
		return -1;
	bool compiled = pick_->path != NULL;
	if (cp_offer_platform_packages(context, pick_, libc, err) < 0)
		return -1;
	snprintf(suffix, sizeof(suffix), ".linux-%s-%s.node", arch, musl ? "musl" : "gnu");
	if (offer_ending(context, pick_, ".", suffix, err) < 0)
		return -1;
	if (!pick_->path) { /* these are for want of a package, not for one that fails */
		int taken = cp_offer_named(context, pick_, "build/Release", err);
		if (taken < 0 || (!taken && cp_offer_named(context, pick_, "build/Debug", err) < 0))
			return -1;
		compiled = pick_->path != NULL;
	}
	pick_->compiled_at_install = compiled;
	return 0;
}

const struct cp_scheme cp_scheme_platform_packages = {
	"platform-packages", cp_has_platform_packages, pick};
