/* SPDX-License-Identifier: MIT
 *
 * node-pre-gyp 1 and 2 (lib/util/versioning.js, evaluate): the file is binary.module_path with its
 * {words} filled in, then binary.module_name.node. It was fetched or built when the package was
 * installed; only some packages put {libc} in the path, so that most have one file for whatever
 * machine that was.
 */
#include "scheme.h"
#include "schemes.h"

#include <stdio.h>
#include <string.h>

static const char *binary(const struct cp_variant_context *context, const char *key)
{
	return json_string_value(
		json_object_get(json_object_get(context->manifest, "binary"), key));
}

static bool applies(const struct cp_variant_context *context)
{
	return (cp_manifest_depends(context, "@mapbox/node-pre-gyp") ||
		       cp_manifest_depends(context, "node-pre-gyp")) &&
	       binary(context, "module_path") && binary(context, "module_name");
}

#define MAX_VERSIONS 64u /* of binary.napi_versions that are looked at */

/* get_best_napi_build_version: the highest of binary.napi_versions that Node has; 0: none. */
static int napi_build_version(const struct cp_variant_context *context)
{
	const json_t *list =
		json_object_get(json_object_get(context->manifest, "binary"), "napi_versions");
	int best = 0, known = context->platform->node_api;
	for (size_t i = 0; i < json_array_size(list) && i < MAX_VERSIONS; i++) {
		json_int_t version = json_integer_value(json_array_get(list, i));
		if (version > best && version < 1000 && (known < 0 || version <= known))
			best = (int)version;
	}
	return best;
}

/* What {word} stands for; false where it is none of the words. */
static bool write_word(const struct cp_variant_context *context, const char *word, size_t length,
	char *buffer, size_t size)
{
	const struct cp_platform *platform = context->platform;
	int napi = napi_build_version(context), abi = platform->node_module_version;
	char label[32], node_abi[32], version[16] = "";
	snprintf(node_abi, sizeof(node_abi), "node-v%d", abi);
	if (napi)
		snprintf(version, sizeof(version), "%d", napi);
	snprintf(label, sizeof(label), napi ? "napi-v%d" : "node-v%d", napi ? napi : abi);
	const struct {
		const char *word, *value;
	} values[] = {{"name", cp_manifest_string(context, "name")},
		{"version", cp_manifest_string(context, "version")},
		{"module_name", binary(context, "module_name")}, {"configuration", "Release"},
		{"runtime", "node"}, {"platform", "linux"}, {"target_platform", "linux"},
		{"arch", platform->arch}, {"target_arch", platform->arch},
		{"libc", cp_libc_family(context)}, {"node_abi", node_abi},
		{"node_abi_napi", "napi"}, {"napi_build_version", version},
		{"node_napi_label", label}, {"toolset", ""}, {"target", ""}};
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (strlen(values[i].word) == length && !memcmp(values[i].word, word, length))
			return snprintf(buffer, size, "%s",
				       values[i].value ? values[i].value : "") >= 0;
	return false;
}

/* Fills the words of `template` in; false where the path is too long. */
static bool fill_in(const struct cp_variant_context *context, const char *template,
	char path[CP_INDEX_MAX_PATH + 1])
{
	size_t length = 0;
	while (*template) {
		char value[CP_INDEX_MAX_NAME + 1] = {*template, '\0'};
		size_t used = 1, word = *template == '{' ? strcspn(template, "}") : 0;
		if (word && template[word] &&
			write_word(context, template + 1, word - 1, value, sizeof(value)))
			used = word + 1;
		size_t add = strlen(value);
		if (length + add > CP_INDEX_MAX_PATH)
			return false;
		memcpy(path + length, value, add);
		length += add;
		template += used;
	}
	path[length] = '\0';
	return true;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	pick_->compiled_at_install = true;
	if (!fill_in(context, binary(context, "module_path"), path))
		return 0;
	int taken = cp_offer_relative(
		context, pick_, err, "%s/%s.node", path, binary(context, "module_name"));
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_node_pre_gyp = {"node-pre-gyp", applies, pick};
