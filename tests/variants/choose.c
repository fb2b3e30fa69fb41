/* SPDX-License-Identifier: MIT
 *
 * choose LIBC ARCH NODE_MAJOR ABI NODE_API MACHINE TREE PACKAGE_DIRECTORY…
 *
 * MACHINE is a directory with the files of the machine, TREE one with a node_modules. Prints what
 * the library takes for the choice of each package's loader on such a machine, as
 * observe.js prints what the loader did:
 *
 *     PACKAGE<tab>open PATH          in the order in which they are tried
 *     PACKAGE<tab>wants NAME         where there is none: the platform package that is missing
 *     PACKAGE<tab>scheme NAME
 *     PACKAGE<tab>build PATH OS ARCH LIBC    all that lies on disk
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer.h"
#include "variant.h"

static void print_pick(const char *package, const struct cp_pick *pick)
{
	printf("%s\tscheme %s\n", package, pick->scheme ? pick->scheme : "none");
	if (pick->path)
		printf("%s\topen %s\n", package, pick->path);
	for (size_t i = 0; i < pick->n_next; i++)
		printf("%s\topen %s\n", package, pick->next[i]);
	for (size_t i = 0; i < pick->n_wanted; i++)
		printf("%s\twants %s\n", package, pick->wanted[i]);
}

static int print_builds(
	const char *package, const struct cp_variant_context *context, struct cp_error **err)
{
	struct cp_builds builds;
	if (cp_variant_builds(context, &builds, err) < 0)
		return -1;
	for (size_t i = 0; i < builds.count; i++) {
		const struct cp_build *build = &builds.items[i];
		const char *libc = cp_libc_name(build->libc);
		printf("%s\tbuild %s %s %s %s\n", package, build->path, build->os ? build->os : "?",
			build->arch ? build->arch : "?", libc ? libc : "?");
	}
	cp_builds_clear(&builds);
	return 0;
}

static int choose(const struct cp_root *root, const struct cp_platform *platform,
	const char *directory, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1];
	struct cp_found found, file;
	if (cp_root_resolve(root, directory, true, &found) != 0)
		return cp_error_set(err, 0, "%s: not there", directory);
	snprintf(path, sizeof(path), "%s/package.json", directory);
	const struct cp_text *text = cp_root_resolve(root, path, true, &file)
					     ? NULL
					     : cp_index_text(file.index, file.node);
	json_t *manifest = text ? json_loadb(text->data, text->size, 0, NULL) : NULL;
	if (!manifest)
		return cp_error_set(err, 0, "%s: no package.json", directory);
	struct cp_variant_context context = {
		.root = root, .platform = platform, .directory = found.path, .manifest = manifest};
	struct cp_pick pick;
	const char *modules = strstr(directory, "node_modules/");
	const char *package = modules ? modules + strlen("node_modules/") : directory;
	int result = cp_variant_pick(&context, &pick, err);
	if (result == 0) {
		print_pick(package, &pick);
		cp_pick_clear(&pick);
		result = print_builds(package, &context, err);
	}
	json_decref(manifest);
	return result;
}

int main(int count, char **arguments)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_index struct cp_index *machine = NULL, *tree = NULL;
	if (count < 9) {
		fputs("usage: choose LIBC ARCH NODE_MAJOR ABI NODE_API MACHINE TREE DIRECTORY…\n",
			stderr);
		return 2;
	}
	bool musl = !strcmp(arguments[1], "musl");
	struct cp_platform platform = {.libc = musl ? CP_LIBC_MUSL : CP_LIBC_GLIBC,
		.arch = arguments[2],
		.node_major = atoi(arguments[3]),
		.node_module_version = atoi(arguments[4]),
		.node_api = atoi(arguments[5])};
	int result = cp_directory_index(arguments[6], &machine, &err);
	if (result == 0)
		result = cp_directory_index(arguments[7], &tree, &err);
	if (result == 0)
		platform.alpine_release =
			cp_index_find(machine, "/etc/alpine-release") != CP_NO_NODE;
	struct cp_root root = {.layers = {{tree, false}, {machine, false}}, .count = 2};
	for (int i = 8; result == 0 && i < count; i++)
		result = choose(&root, &platform, arguments[i], &err);
	if (result < 0)
		fprintf(stderr, "choose: %s\n", err && err->message ? err->message : "failed");
	return result < 0;
}
