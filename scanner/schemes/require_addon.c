/* SPDX-License-Identifier: MIT
 *
 * require-addon 1.1 over bare-addon-resolve (sodium-native 5): prebuilds/HOST/NAME@VERSION.node,
 * then prebuilds/HOST/NAME.node, in the package and in every directory above it. HOST is
 * linux-x64, or linux-x64-musl where /etc/alpine-release exists; NAME is the package's without its
 * @, and with __ for a slash.
 */
#include "scheme.h"
#include "schemes.h"

#include <stdio.h>
#include <string.h>

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "require-addon") &&
	       cp_package_has(context, "prebuilds");
}

/* False where it is too long to be a file's name. */
static bool write_name(const char *package, char name[CP_INDEX_MAX_NAME + 1])
{
	size_t length = 0;
	for (package += *package == '@'; *package; package++) {
		if (length + 2 > CP_INDEX_MAX_NAME)
			return false;
		name[length++] = *package == '/' ? '_' : *package;
		if (*package == '/')
			name[length++] = '_';
	}
	name[length] = '\0';
	return true;
}

/* Offers the two names in the prebuilds/ of directory[0..length). */
static int offer_in(const struct cp_variant_context *context, struct cp_pick *pick, size_t length,
	const char *name, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	const char *version = cp_manifest_string(context, "version");
	const char *musl = context->platform->alpine_release ? "-musl" : "";
	for (int versioned = version != NULL; versioned >= 0; versioned--) {
		if (!cp_path_write(path, "%.*s/prebuilds/linux-%s%s/%s%s%s.node", (int)length,
			    context->directory, context->platform->arch, musl, name,
			    versioned ? "@" : "", versioned ? version : ""))
			continue;
		int taken = cp_offer(context, pick, path, err);
		if (taken)
			return taken;
	}
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char name[CP_INDEX_MAX_NAME + 1];
	const char *package = cp_manifest_string(context, "name");
	if (!package || !write_name(package, name))
		return 0;
	size_t length = strlen(context->directory);
	for (;;) {
		int taken = offer_in(context, pick_, length, name, err);
		if (taken || length == 0)
			return taken < 0 ? -1 : 0;
		while (length > 0 && context->directory[--length] != '/')
			;
	}
}

const struct cp_scheme cp_scheme_require_addon = {"require-addon", applies, pick};
