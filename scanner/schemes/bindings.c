/* SPDX-License-Identifier: MIT
 *
 * bindings 1.5 (bindings.js): the directories where node-gyp and its forerunners put what they
 * built, in that order. It asks nothing about the libc: what was installed is loaded. The file's
 * name is in the package's JavaScript; cp_offer_named guesses it.
 */
#include "scheme.h"
#include "schemes.h"

#include <stdio.h>

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "bindings") && cp_builds_at_install(context);
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char binding[64];
	snprintf(binding, sizeof(binding), "lib/binding/node-v%d-linux-%s",
		context->platform->node_module_version, context->platform->arch);
	const char *directories[] = {"build", "build/Debug", "build/Release", "out/Debug", "Debug",
		"out/Release", "Release", "build/default", "addon-build/release/install-root",
		"addon-build/debug/install-root", "addon-build/default/install-root", binding};
	pick_->compiled_at_install = true;
	for (size_t i = 0; i < sizeof(directories) / sizeof(directories[0]); i++) {
		int taken = cp_offer_named(context, pick_, directories[i], err);
		if (taken)
			return taken < 0 ? -1 : 0;
	}
	return 0;
}

const struct cp_scheme cp_scheme_bindings = {"bindings", applies, pick};
