/* SPDX-License-Identifier: MIT
 *
 * Loaders that napi-rs generates (@swc/core, snappy, usb 3, @node-rs/…): ./NAME.linux-x64-musl.node
 * beside the loader, then the platform package; what fails to load is passed over, and last comes
 * a build in WebAssembly where one is installed. musl is where /usr/bin/ldd contains the word; else
 * what the process report says. Rollup's loader was written by hand to the same order, and asks the
 * report alone.
 */
#include "platform_package.h"
#include "schemes.h"

#include <stdio.h>
#include <string.h>

static bool applies(const struct cp_variant_context *context)
{
	return json_is_object(json_object_get(context->manifest, "napi")) &&
	       !cp_manifest_depends(context, "detect-libc") && cp_in_node_modules(context);
}

static int offer_beside(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *libc, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	char suffix[64];
	const char *arch = context->platform->arch, *abi = strcmp(arch, "arm") ? "" : "eabihf";
	snprintf(suffix, sizeof(suffix), ".linux-%s-%s%s.node", arch,
		strcmp(libc, "musl") ? "gnu" : "musl", abi);
	if (cp_list_files(context, context->directory, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++)
		if (cp_ends_with(listing.names[i], suffix))
			return cp_offer_relative(context, pick, err, "%s", listing.names[i]);
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	const char *name = cp_manifest_string(context, "name");
	bool rollup = name && !strcmp(name, "rollup");
	const char *libc = rollup ? cp_libc_family(context) : cp_libc_by_ldd(context);
	if (offer_beside(context, pick_, libc, err) < 0)
		return -1;
	return cp_offer_platform_packages(context, pick_, libc, err) < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_napi_rs = {"napi-rs", applies, pick};
