/* SPDX-License-Identifier: MIT
 *
 * The order of the schemes: those that one package has for itself, then those that a dependency
 * names, then those that platform packages show, and last what lies in build/Release.
 */
#include "variant.h"

#include <stdlib.h>

#include "schemes/schemes.h"

const struct cp_scheme *const cp_schemes[] = {&cp_scheme_fixed_paths, &cp_scheme_prisma,
	&cp_scheme_cmake_ts, &cp_scheme_node_gyp_build_optional_packages, &cp_scheme_node_gyp_build,
	&cp_scheme_require_addon, &cp_scheme_pkg_prebuilds, &cp_scheme_node_pre_gyp,
	&cp_scheme_napi_rs, &cp_scheme_platform_packages, &cp_scheme_platform_files,
	&cp_scheme_bindings, &cp_scheme_build_release, NULL};

int cp_variant_pick(
	const struct cp_variant_context *context, struct cp_pick *pick, struct cp_error **err)
{
	*pick = (struct cp_pick){.state = CP_PICK_NONE};
	for (const struct cp_scheme *const *scheme = cp_schemes; *scheme; scheme++) {
		if (!(*scheme)->applies(context))
			continue;
		pick->scheme = (*scheme)->name;
		if ((*scheme)->pick(context, pick, err) < 0) {
			cp_pick_clear(pick);
			return -1;
		}
		pick->state = pick->path ? CP_PICK_FOUND : CP_PICK_MISSING;
		return 0;
	}
	return 0;
}

static void free_list(char **list, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(list[i]);
	free(list);
}

void cp_pick_clear(struct cp_pick *pick)
{
	free(pick->path);
	free_list(pick->next, pick->n_next);
	free_list(pick->wanted, pick->n_wanted);
	*pick = (struct cp_pick){.state = CP_PICK_NONE};
}
