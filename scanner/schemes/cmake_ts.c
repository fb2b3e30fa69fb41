/* SPDX-License-Identifier: MIT
 *
 * cmake-ts 1.0 (zeromq; build/loader.js): build/manifest.json maps a configuration, itself JSON in
 * a string, to a path below build/.
 *
 *     "{\"os\":\"linux\",\"arch\":\"x64\",\"abi\":115,\"libc\":\"glibc\",…}":
 *             "linux/x64/node/glibc-115-Release/addon.node"
 *
 * Those whose os, arch and libc are the machine's are tried from the highest ABI down until one
 * loads; the ABI is not compared with the running Node's. musl is where /etc/alpine-release exists.
 */
#include "scheme.h"
#include "schemes.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

static const char manifest_path[] = "build/manifest.json";

struct build {
	const char *path; /* in the manifest */
	json_int_t abi;
	size_t place; /* in the manifest: sorting is stable */
};

static bool applies(const struct cp_variant_context *context)
{
	return cp_manifest_depends(context, "cmake-ts") && cp_package_has(context, manifest_path);
}

static json_t *read_manifest(const struct cp_variant_context *context)
{
	char path[CP_INDEX_MAX_PATH + 1];
	struct cp_found found;
	if (!cp_path_write(path, "%s/%s", context->directory, manifest_path) ||
		cp_root_resolve(context->root, path, true, &found) != 0)
		return NULL;
	const struct cp_text *text = cp_index_text(found.index, found.node);
	return text ? json_loadb(text->data, text->size, 0, NULL) : NULL;
}

static bool says(const json_t *object, const char *key, const char *value)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && !strcmp(text, value);
}

static bool fits(
	const struct cp_variant_context *context, const char *configuration, json_int_t *abi)
{
	json_t *object = json_loads(configuration, 0, NULL);
	bool result = says(object, "os", "linux") &&
		      says(object, "arch", context->platform->arch) &&
		      says(object, "libc", cp_libc_by_release(context));
	*abi = json_integer_value(json_object_get(object, "abi"));
	json_decref(object);
	return result;
}

static int compare_builds(const void *a, const void *b)
{
	const struct build *left = a, *right = b;
	if (left->abi != right->abi)
		return left->abi > right->abi ? -1 : 1;
	return (left->place > right->place) - (left->place < right->place);
}

static int offer_builds(const struct cp_variant_context *context, struct cp_pick *pick,
	json_t *manifest, struct cp_error **err)
{
	size_t count = 0;
	cp_cleanup_free struct build *builds =
		calloc(json_object_size(manifest) + 1, sizeof(*builds));
	if (!builds)
		return cp_error_set(err, 0, "out of memory");
	const char *key;
	json_t *value;
	json_object_foreach(manifest, key, value)
	{
		builds[count].path = json_string_value(value);
		builds[count].place = count;
		if (builds[count].path && fits(context, key, &builds[count].abi))
			count++;
	}
	if (count)
		qsort(builds, count, sizeof(*builds), compare_builds);
	for (size_t i = 0; i < count; i++)
		if (cp_offer_relative(context, pick, err, "build/%s", builds[i].path) < 0)
			return -1;
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	json_t *manifest = read_manifest(context);
	int result = offer_builds(context, pick_, manifest, err);
	json_decref(manifest);
	return result;
}

const struct cp_scheme cp_scheme_cmake_ts = {"cmake-ts", applies, pick};
