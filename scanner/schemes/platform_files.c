/* SPDX-License-Identifier: MIT
 *
 * A file per platform in prebuilds/ (better-sqlite3 13; lib/binding.js): build/Debug and
 * build/Release first, then prebuilds/linux-x64.node or prebuilds/linuxmusl-x64.node. musl is what
 * the running process has mapped.
 */
#include "scheme.h"
#include "schemes.h"

#include "platform_words.h"

static bool is_platform_file(const char *name)
{
	return cp_ends_with(name, ".node") && cp_platform_words(name).arch;
}

static bool applies(const struct cp_variant_context *context)
{
	char path[CP_INDEX_MAX_PATH + 1];
	cp_cleanup_listing struct cp_listing listing = {0};
	if (!cp_path_write(path, "%s/prebuilds", context->directory) ||
		cp_list_files(context, path, &listing, NULL) < 0)
		return false;
	for (size_t i = 0; i < listing.count; i++)
		if (is_platform_file(listing.names[i]))
			return true;
	return false;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	bool musl = context->platform->libc == CP_LIBC_MUSL;
	int taken = cp_offer_named(context, pick_, "build/Debug", err);
	if (!taken)
		taken = cp_offer_named(context, pick_, "build/Release", err);
	if (!taken)
		taken = cp_offer_relative(context, pick_, err, "prebuilds/linux%s-%s.node",
			musl ? "musl" : "", context->platform->arch);
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_platform_files = {"platform-files", applies, pick};
