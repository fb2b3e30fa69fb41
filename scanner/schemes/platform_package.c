/* SPDX-License-Identifier: MIT
 *
 * Which of a family a loader asks for (the loaders of napi-rs, @neon-rs/load, rollup, sharp,
 * lightningcss, @parcel/watcher, koffi, esbuild): system and architecture as Node names them, and
 *
 *     musl    the member that says musl; where none does for this architecture, the one that
 *             says no libc (esbuild: static; koffi, lmdb: both in one package)
 *     glibc   the member that says gnu or glibc; else the one that says no libc
 *
 * What it loads from the package is package.json's main where that is an addon; a main in
 * JavaScript requires the addon in it, where there are two the one for the libc first (koffi);
 * and a package without an addon brings a program.
 */
#include "platform_package.h"

#include <string.h>

#include "memory.h"
#include "platform_words.h"

/* --- the family --------------------------------------------------------------- */

static const json_t *optional(const struct cp_variant_context *context)
{
	return json_object_get(context->manifest, "optionalDependencies");
}

bool cp_tells_platform(const char *name)
{
	struct cp_platform_words said = cp_platform_words(name);
	return said.linux_ || said.other;
}

/* Any member of the family with the shortest name; NULL: there is none. */
static const char *family_of(const struct cp_variant_context *context)
{
	const char *name, *best = NULL;
	json_t *version;
	json_object_foreach((json_t *)optional(context), name, version)
	{
		if (cp_platform_words(name).linux_ &&
			(!best || cp_length_but_platform(name) < cp_length_but_platform(best)))
			best = name;
	}
	return best;
}

bool cp_has_platform_packages(const struct cp_variant_context *context)
{
	const char *family = family_of(context), *name;
	json_t *version;
	size_t members = 0;
	if (!family || !cp_in_node_modules(context))
		return false;
	json_object_foreach((json_t *)optional(context), name, version)
	{
		members += cp_tells_platform(name) && cp_same_but_platform(name, family);
	}
	return members >= 2;
}

static bool for_this_machine(
	const struct cp_variant_context *context, const char *name, const char *family)
{
	struct cp_platform_words said = cp_platform_words(name);
	return said.linux_ && !said.other &&
	       (!said.arch || !strcmp(said.arch, context->platform->arch)) &&
	       cp_same_but_platform(name, family);
}

/* The libc that a member has to say: `libc` where any says it, else none. */
static enum cp_libc libc_to_say(
	const struct cp_variant_context *context, const char *family, enum cp_libc libc)
{
	const char *name;
	json_t *version;
	json_object_foreach((json_t *)optional(context), name, version)
	{
		if (for_this_machine(context, name, family) && cp_platform_words(name).libc == libc)
			return libc;
	}
	return CP_LIBC_NONE;
}

/* --- what is in a member ------------------------------------------------------------ */

/* Offers the addons below the package: those that say the libc, those that say none, the rest. */
static int offer_addons(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *package, enum cp_libc libc, struct cp_error **err)
{
	cp_cleanup_addons struct cp_addons addons = {.count = 0};
	int taken = 0;
	if (cp_find_addons(context, package, &addons, err) < 0)
		return -1;
	for (int round = 0; round < 3; round++)
		for (size_t i = 0; i < addons.count; i++) {
			enum cp_libc said =
				cp_platform_words(addons.paths[i] + strlen(package)).libc;
			int turn = said == libc ? 0 : said == CP_LIBC_NONE ? 1 : 2;
			int result =
				turn == round ? cp_offer(context, pick, addons.paths[i], err) : 0;
			if (result < 0)
				return -1;
			taken |= result;
		}
	return taken;
}

/* The same for one directory. */
static int find_program_in(const struct cp_variant_context *context, const char *directory,
	struct cp_found *program, struct cp_error **err)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	char path[CP_INDEX_MAX_PATH + 1];
	if (cp_list_files(context, directory, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++)
		if (!strstr(listing.names[i], ".so") &&
			cp_path_write(path, "%s/%s", directory, listing.names[i]) &&
			cp_root_resolve(context->root, path, true, program) == 0 &&
			cp_index_node(program->index, program->node)->content == CP_CONTENT_ELF)
			return 1;
	return 0;
}

int cp_find_program(const struct cp_variant_context *context, const char *package,
	struct cp_found *program, struct cp_error **err)
{
	char bin[CP_INDEX_MAX_PATH + 1];
	int found = cp_path_write(bin, "%s/bin", package)
			    ? find_program_in(context, bin, program, err)
			    : 0;
	return found ? found : find_program_in(context, package, program, err);
}

static int offer_program(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *package, struct cp_error **err)
{
	struct cp_found program;
	int found = cp_find_program(context, package, &program, err);
	return found > 0 ? cp_offer(context, pick, program.path, err) : found;
}

static int offer_main(const struct cp_variant_context *context, struct cp_pick *pick,
	const struct cp_found *package, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	json_t *manifest = cp_package_manifest(context, package);
	const char *main_ = json_string_value(json_object_get(manifest, "main"));
	bool addon = main_ && cp_ends_with(main_, ".node") &&
		     cp_path_write(path, "%s/%s", package->path, main_);
	json_decref(manifest);
	return addon ? cp_offer(context, pick, path, err) : 0;
}

static int offer_member(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *name, enum cp_libc libc, struct cp_error **err)
{
	struct cp_found found;
	if (!cp_find_package(context, name, &found))
		return 0;
	int taken = offer_main(context, pick, &found, err);
	if (!taken)
		taken = offer_addons(context, pick, found.path, libc, err);
	if (!taken)
		taken = offer_program(context, pick, found.path, err);
	return taken;
}

int cp_offer_platform_packages(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *libc_name, struct cp_error **err)
{
	const char *family = family_of(context), *name;
	json_t *version;
	int taken = 0;
	if (!family)
		return 0;
	enum cp_libc libc = strcmp(libc_name, "musl") ? CP_LIBC_GLIBC : CP_LIBC_MUSL;
	enum cp_libc say = libc_to_say(context, family, libc);
	json_object_foreach((json_t *)optional(context), name, version)
	{
		if (pick->n_wanted == CP_PICK_MAX_NEXT)
			break;
		if (!for_this_machine(context, name, family) || cp_platform_words(name).libc != say)
			continue;
		int result = offer_member(context, pick, name, libc, err);
		if (result < 0 || cp_want(pick, name, err) < 0)
			return -1;
		taken |= result;
	}
	return taken;
}
