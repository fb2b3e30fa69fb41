/* SPDX-License-Identifier: MIT
 *
 * The builds of a package that are on disk. The object itself tells what it is for: an ELF file its
 * machine and the libc that it was linked with, the others by their format. Names are believed
 * where the object says nothing (no libc at all, a file that could not be read).
 */
#include "variant.h"

#include <string.h>

#include "memory.h"
#include "schemes/platform_package.h"
#include "schemes/platform_words.h"

void cp_builds_clear(struct cp_builds *builds)
{
	for (size_t i = 0; i < builds->count; i++) {
		free(builds->items[i].path);
		free(builds->items[i].package);
	}
	free(builds->items);
	*builds = (struct cp_builds){.count = 0};
}

/* What the names tell: `name` is the path below the package, or a platform package's name. */
static void read_name(struct cp_build *build, const char *name)
{
	struct cp_platform_words said = cp_platform_words(name);
	if (!build->os && said.linux_)
		build->os = "linux";
	if (!build->arch)
		build->arch = said.arch;
	if (build->libc == CP_LIBC_UNKNOWN && said.libc != CP_LIBC_NONE)
		build->libc = said.libc;
}

static void read_object(struct cp_build *build, const struct cp_found *found)
{
	const struct cp_facts *facts = cp_index_facts(found->index, found->node);
	switch (cp_index_node(found->index, found->node)->content) {
	case CP_CONTENT_MACHO:
		build->os = "darwin";
		break;
	case CP_CONTENT_PE:
		build->os = "win32";
		break;
	default:
		break;
	}
	if (!facts)
		return;
	build->os = cp_os_name(facts->os);
	build->arch = cp_machine_node_name(facts->machine, facts->elf_class, facts->encoding);
	build->libc = facts->libc;
}

/* Adds the file at `path`, whose names below its package begin at `prefix`; `package` is the
 * platform package that it is in, or NULL. */
static int add_build(const struct cp_variant_context *context, struct cp_builds *builds,
	const char *path, size_t prefix, const char *package, struct cp_error **err)
{
	struct cp_found found;
	if (builds->count == CP_BUILDS_MAX ||
		cp_root_resolve(context->root, path, true, &found) != 0 ||
		cp_index_node(found.index, found.node)->kind != CP_NODE_FILE)
		return 0;
	if (cp_grow(&builds->items, &builds->size, builds->count + 1, sizeof(*builds->items)) < 0)
		return cp_error_set(err, 0, "out of memory");
	struct cp_build *build = &builds->items[builds->count];
	*build = (struct cp_build){.libc = CP_LIBC_UNKNOWN, .path = strdup(found.path)};
	build->package = package ? strdup(package) : NULL;
	if (!build->path || (package && !build->package)) {
		free(build->path);
		free(build->package);
		return cp_error_set(err, 0, "out of memory");
	}
	builds->count++;
	read_object(build, &found);
	read_name(build, path + prefix);
	if (package)
		read_name(build, package);
	return 0;
}

/* Adds the addons in a directory; *any tells whether there are. */
static int add_addons(const struct cp_variant_context *context, struct cp_builds *builds,
	const char *directory, const char *package, bool *any, struct cp_error **err)
{
	cp_cleanup_addons struct cp_addons addons = {.count = 0};
	if (cp_find_addons(context, directory, &addons, err) < 0)
		return -1;
	for (size_t i = 0; i < addons.count; i++)
		if (add_build(context, builds, addons.paths[i], strlen(directory), package, err) <
			0)
			return -1;
	*any = addons.count > 0;
	return 0;
}

static int add_platform_package(const struct cp_variant_context *context, struct cp_builds *builds,
	const char *name, struct cp_error **err)
{
	struct cp_found directory, program;
	bool any;
	if (!cp_find_package(context, name, &directory))
		return 0;
	if (add_addons(context, builds, directory.path, name, &any, err) < 0)
		return -1;
	int found = any ? 0 : cp_find_program(context, directory.path, &program, err);
	if (found <= 0)
		return found;
	return add_build(context, builds, program.path, strlen(directory.path), name, err);
}

int cp_variant_builds(
	const struct cp_variant_context *context, struct cp_builds *builds, struct cp_error **err)
{
	const json_t *optional = json_object_get(context->manifest, "optionalDependencies");
	const char *name;
	json_t *version;
	bool any;
	*builds = (struct cp_builds){.count = 0};
	int result = add_addons(context, builds, context->directory, NULL, &any, err);
	json_object_foreach((json_t *)optional, name, version)
	{
		if (result < 0 || builds->count == CP_BUILDS_MAX)
			break;
		if (cp_in_node_modules(context) && cp_tells_platform(name))
			result = add_platform_package(context, builds, name, err);
	}
	if (result < 0)
		cp_builds_clear(builds);
	return result;
}
