/* SPDX-License-Identifier: MIT
 *
 * pkg-prebuilds 1.1 (bindings.js): build/Debug/NAME.node, build/Release/NAME.node, then
 * prebuilds/NAME-linux-ARCH[-musl]/node-napi-vN.node; musl is where /etc/alpine-release exists.
 * NAME and the list of Node-API versions are in the package's JavaScript, so that here the
 * directory tells the name, and the lowest version that the running Node knows is taken.
 */
#include "scheme.h"
#include "schemes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "pkg-prebuilds") &&
	       (cp_package_has(context, "prebuilds") || cp_package_has(context, "build/Release"));
}

/* N of node-napi-vN.node, or 0. */
static unsigned long version_of(const char *name)
{
	static const char prefix[] = "node-napi-v";
	char *end;
	if (strncmp(name, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	unsigned long version = strtoul(name + sizeof(prefix) - 1, &end, 10);
	return strcmp(end, ".node") == 0 ? version : 0;
}

static int offer_in(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *directory, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	char path[CP_INDEX_MAX_PATH + 1];
	int known = context->platform->node_api;
	unsigned long lowest = 0;
	if (!cp_path_write(path, "%s/prebuilds/%s", context->directory, directory))
		return 0;
	if (cp_list_files(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		unsigned long version = version_of(listing.names[i]);
		bool serves = version && (known < 0 || version <= (unsigned long)known);
		if (serves && (!lowest || version < lowest))
			lowest = version;
	}
	return lowest ? cp_offer_relative(context, pick, err, "prebuilds/%s/node-napi-v%lu.node",
				directory, lowest)
		      : 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char suffix[64], path[CP_INDEX_MAX_PATH + 1];
	cp_cleanup_listing struct cp_listing listing = {0};
	int taken = cp_offer_named(context, pick_, "build/Debug", err);
	if (!taken)
		taken = cp_offer_named(context, pick_, "build/Release", err);
	if (taken || !cp_path_write(path, "%s/prebuilds", context->directory))
		return taken < 0 ? -1 : 0;
	snprintf(suffix, sizeof(suffix), "-linux-%s%s", context->platform->arch,
		context->platform->alpine_release ? "-musl" : "");
	if (cp_list_directories(context, path, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count && !taken; i++)
		if (cp_ends_with(listing.names[i], suffix))
			taken = offer_in(context, pick_, listing.names[i], err);
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_pkg_prebuilds = {"pkg-prebuilds", applies, pick};
