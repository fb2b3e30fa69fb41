/* SPDX-License-Identifier: MIT
 *
 * What a fresh install on the target would bring, told from metadata alone.
 *
 * 1. Obtainable. The platform packages that the loader asked for (pick->wanted; where it told none,
 *    those optionalDependencies that are called after the target), the best first:
 *      - in a lock file: its version is what `npm ci` and its like bring;
 *      - else in the package's optionalDependencies: what an install without a lock brings. napi-rs
 *        and sharp pin these exactly; else the range stands for the version.
 *    A package counts where its os, cpu and libc allow the target. Who says so, best first: its own
 *    package.json, where it is installed; the lock file; its name. The name is needed for libc
 *    since npm 10 leaves `libc` out of its lock files and Yarn 1 has none of the three: "-musl" and
 *    "linuxmusl" are for musl, "-gnu" and "-glibc" for glibc (platform_words.h).
 *    Besides, a package that fetches its addon when it is installed is obtainable where its own
 *    `binary` section (node-pre-gyp) keeps builds apart by {libc}.
 * 2. Buildable. There is a binding.gyp or CMakeLists.txt, and an install script that builds from
 *    it; or a binding.gyp and no script, which npm builds by itself (npm's docs, "scripts", on
 *    `gypfile` and node-gyp). A prebuild-install that would find a prebuilt file is of this kind
 *    too: what is published where cannot be told from metadata, that it falls back on a build can.
 * 3. None.
 */
#include "obtain.h"

#include <errno.h>
#include <string.h>

#include "memory.h"
#include "platform_fields.h"
#include "schemes/platform_words.h"
#include "schemes/scheme.h"

const char *cp_how_name(enum cp_how how)
{
	static const char *const names[] = {[CP_HOW_INSTALLED] = "installed",
		[CP_HOW_OBTAINABLE] = "obtainable",
		[CP_HOW_BUILDABLE] = "buildable",
		[CP_HOW_NONE] = "none"};
	return names[how];
}

void cp_obtain_clear(struct cp_obtain *obtain)
{
	free(obtain->package);
	free(obtain->version);
	*obtain = (struct cp_obtain){.how = CP_HOW_NONE};
}

/* `package` and `version` may be NULL. */
static int answer(struct cp_obtain *obtain, enum cp_how how, const char *package,
	const char *version, const char *source, struct cp_error **err)
{
	obtain->how = how;
	obtain->source = source;
	obtain->package = package ? strdup(package) : NULL;
	obtain->version = version ? strdup(version) : NULL;
	if ((package && !obtain->package) || (version && !obtain->version)) {
		cp_obtain_clear(obtain);
		return cp_error_set(err, ENOMEM, "out of memory");
	}
	return 0;
}

/* --- does it fit the target? ------------------------------------------------------ */

static const char *libc_word(const struct cp_variant_context *context)
{
	return context->platform->libc == CP_LIBC_MUSL ? "musl" : "glibc";
}

/* What the name says of one field. */
static enum cp_fit fit_name(
	const struct cp_platform_words *words, size_t field, const struct cp_platform *platform)
{
	switch (field) {
	case 0:
		return words->other ? CP_FITS_NOT : CP_FIT_NOT_TOLD;
	case 1:
		return words->arch && strcmp(words->arch, platform->arch) != 0 ? CP_FITS_NOT
									       : CP_FIT_NOT_TOLD;
	default:
		return words->libc != CP_LIBC_NONE && words->libc != platform->libc
			       ? CP_FITS_NOT
			       : CP_FIT_NOT_TOLD;
	}
}

/* Whether the package `name`, locked as `locked` (NULL: not), may be installed on the target. */
static bool fits(
	const struct cp_variant_context *context, const char *name, const struct cp_locked *locked)
{
	static const char *const fields[] = {"os", "cpu", "libc"};
	const char *const machine[] = {"linux", context->platform->arch, libc_word(context)};
	char *const *const declared[] = {locked ? locked->os : NULL, locked ? locked->cpu : NULL,
		locked ? locked->libc : NULL};
	struct cp_platform_words words = cp_platform_words(name);
	struct cp_found found;
	json_t *manifest = cp_find_package(context, name, &found)
				   ? cp_package_manifest(context, &found)
				   : NULL;
	enum cp_fit fit = CP_FITS;
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields) && fit != CP_FITS_NOT; i++) {
		fit = cp_fit_field(manifest, fields[i], machine[i]);
		if (fit == CP_FIT_NOT_TOLD)
			fit = cp_fit_words(declared[i], machine[i]);
		if (fit == CP_FIT_NOT_TOLD)
			fit = fit_name(&words, i, context->platform);
	}
	json_decref(manifest);
	return fit != CP_FITS_NOT;
}

/* --- obtainable --------------------------------------------------------------------- */

/* The range by which the manifest asks for a platform package; NULL: it does not. */
static const char *range_of(const struct cp_variant_context *context, const char *name)
{
	const json_t *optional = json_object_get(context->manifest, "optionalDependencies");
	const char *range = json_string_value(json_object_get(optional, name));
	return range ? range
		     : json_string_value(json_object_get(
			       json_object_get(context->manifest, "dependencies"), name));
}

/* One candidate; obtain->how stays NONE where it is nothing. */
static int judge_candidate(const struct cp_variant_context *context, const char *name,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err)
{
	const char *range = range_of(context, name);
	for (size_t i = 0; i < n_lockfiles; i++) {
		const struct cp_locked *locked =
			range ? cp_lockfile_find(lockfiles[i], name, range) : NULL;
		if (!locked)
			locked = cp_lockfile_find(lockfiles[i], name, NULL);
		if (locked && fits(context, name, locked))
			return answer(obtain, CP_HOW_OBTAINABLE, name, locked->version,
				cp_lockfile_source(lockfiles[i]), err);
		if (locked)
			return 0;
	}
	if (range && fits(context, name, NULL))
		return answer(obtain, CP_HOW_OBTAINABLE, name, range, "optionalDependencies", err);
	return 0;
}

/* Whether the name says the target's platform, in all that it takes to be sure. */
static bool is_called_after(const char *name, const struct cp_platform *platform)
{
	struct cp_platform_words words = cp_platform_words(name);
	return words.linux_ && !words.other && words.arch &&
	       strcmp(words.arch, platform->arch) == 0 && words.libc == platform->libc;
}

static int judge_packages(const struct cp_variant_context *context, const struct cp_pick *pick,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err)
{
	int result = 0;
	for (size_t i = 0; i < pick->n_wanted && !result && obtain->how == CP_HOW_NONE; i++)
		result = judge_candidate(
			context, pick->wanted[i], lockfiles, n_lockfiles, obtain, err);
	const char *name;
	json_t *range;
	json_t *optional = json_object_get(context->manifest, "optionalDependencies");
	if (pick->n_wanted)
		return result;
	json_object_foreach(optional, name, range)
	{
		if (result || obtain->how != CP_HOW_NONE)
			break;
		if (is_called_after(name, context->platform))
			result =
				judge_candidate(context, name, lockfiles, n_lockfiles, obtain, err);
	}
	return result;
}

/* --- the package's own scripts --------------------------------------------------------- */

static const char *script(const struct cp_variant_context *context, const char *name)
{
	return json_string_value(
		json_object_get(json_object_get(context->manifest, "scripts"), name));
}

/* Whether an install script runs one of the tools; NULL-terminated. */
static bool runs_one_of(const struct cp_variant_context *context, const char *const *tools)
{
	static const char *const scripts[] = {"preinstall", "install", "postinstall"};
	for (size_t i = 0; i < sizeof(scripts) / sizeof(*scripts); i++) {
		const char *text = script(context, scripts[i]);
		for (const char *const *tool = tools; text && *tool; tool++)
			if (strstr(text, *tool))
				return true;
	}
	return false;
}

/* Whether node-pre-gyp would fetch another file for another libc. */
static bool fetches_by_libc(const struct cp_variant_context *context)
{
	static const char *const tools[] = {"node-pre-gyp", NULL};
	static const char *const fields[] = {"module_path", "package_name", "remote_path"};
	const json_t *binary = json_object_get(context->manifest, "binary");
	for (size_t i = 0; i < sizeof(fields) / sizeof(*fields); i++) {
		const char *template = json_string_value(json_object_get(binary, fields[i]));
		if (template && strstr(template, "{libc}"))
			return runs_one_of(context, tools);
	}
	return false;
}

static bool is_buildable(const struct cp_variant_context *context)
{
	static const char *const tools[] = {"node-gyp", "node-pre-gyp", "prebuild-install",
		"cmake-js", "cmake-ts", "pkg-prebuilds", "prebuildify", "napi build", NULL};
	bool gyp = cp_package_has(context, "binding.gyp");
	if (!gyp && !cp_package_has(context, "CMakeLists.txt"))
		return false;
	if (runs_one_of(context, tools))
		return true;
	const json_t *gypfile = json_object_get(context->manifest, "gypfile");
	return gyp && !json_is_false(gypfile) && !script(context, "install") &&
	       !script(context, "preinstall");
}

/* --- siblings ---------------------------------------------------------------------------- */

/* What is not said by the lock file must be said by the name. */
static bool is_for_target(const struct cp_variant_context *context, const struct cp_locked *locked)
{
	return (locked->libc || is_called_after(locked->name, context->platform)) &&
	       fits(context, locked->name, locked);
}

static const struct cp_locked *find_sibling(const struct cp_variant_context *context,
	const char *name, const struct cp_lockfile *lockfile)
{
	const char *version = cp_manifest_string(context, "version");
	const struct cp_locked *best = NULL;
	for (size_t i = 0; i < cp_lockfile_count(lockfile); i++) {
		const struct cp_locked *locked = cp_lockfile_at(lockfile, i);
		if (strcmp(locked->name, name) == 0 || !cp_same_but_platform(locked->name, name) ||
			!is_for_target(context, locked))
			continue;
		if (!best || (version && strcmp(locked->version, version) == 0))
			best = locked;
	}
	return best;
}

int cp_obtain_sibling(const struct cp_variant_context *context, const char *name,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err)
{
	struct cp_platform_words words = cp_platform_words(name);
	*obtain = (struct cp_obtain){.how = CP_HOW_NONE};
	if (!words.linux_ || words.other || !words.arch ||
		cp_fit_field(context->manifest, "libc", libc_word(context)) == CP_FITS)
		return 0;
	for (size_t i = 0; i < n_lockfiles; i++) {
		const struct cp_locked *locked = find_sibling(context, name, lockfiles[i]);
		if (locked)
			return answer(obtain, CP_HOW_OBTAINABLE, locked->name, locked->version,
				cp_lockfile_source(lockfiles[i]), err);
	}
	return 0;
}

int cp_obtain_judge(const struct cp_variant_context *context, const struct cp_pick *pick,
	struct cp_lockfile *const *lockfiles, size_t n_lockfiles, struct cp_obtain *obtain,
	struct cp_error **err)
{
	*obtain = (struct cp_obtain){.how = CP_HOW_NONE};
	const char *version = cp_manifest_string(context, "version");
	if (judge_packages(context, pick, lockfiles, n_lockfiles, obtain, err) < 0)
		return -1;
	if (obtain->how != CP_HOW_NONE)
		return 0;
	if (fetches_by_libc(context))
		return answer(obtain, CP_HOW_OBTAINABLE, cp_manifest_string(context, "name"),
			version, "binary", err);
	if (is_buildable(context))
		return answer(obtain, CP_HOW_BUILDABLE, NULL, version,
			cp_package_has(context, "binding.gyp") ? "binding.gyp" : "CMakeLists.txt",
			err);
	return 0;
}
