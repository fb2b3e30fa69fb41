/* SPDX-License-Identifier: MIT
 *
 * The last resort: a package that says nothing of its loader, but has something in build/Release
 * (node-gyp, cmake-js), build/Debug or lib/binding, or could be built.
 */
#include "scheme.h"
#include "schemes.h"

static const char *const directories[] = {"build/Release", "build/Debug", "lib/binding", "bin"};

#define COUNT (sizeof(directories) / sizeof(directories[0]))

static bool has_addon(const struct cp_variant_context *context, const char *relative)
{
	struct cp_pick probe = {.state = CP_PICK_NONE};
	bool found = cp_offer_first(context, &probe, relative, NULL) > 0;
	cp_pick_clear(&probe);
	return found;
}

static bool applies(const struct cp_variant_context *context)
{
	for (size_t i = 0; i < COUNT; i++)
		if (has_addon(context, directories[i]))
			return true;
	return cp_package_has(context, "binding.gyp");
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	pick_->compiled_at_install = cp_builds_at_install(context);
	for (size_t i = 0; i < COUNT; i++) {
		int taken = cp_offer_named(context, pick_, directories[i], err);
		if (taken)
			return taken < 0 ? -1 : 0;
	}
	return 0;
}

const struct cp_scheme cp_scheme_build_release = {"build/Release", applies, pick};
