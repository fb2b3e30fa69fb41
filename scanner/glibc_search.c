/* SPDX-License-Identifier: MIT
 *
 * From a name to a file, as _dl_map_object of glibc's elf/dl-load.c goes about it:
 *
 *   a name with a slash                 that path, tokens expanded
 *   else  DT_RPATH of the requester, of its requester and on up, then the program's;
 *         all of it only where the requester has no DT_RUNPATH
 *         LD_LIBRARY_PATH
 *         DT_RUNPATH of the requester alone
 *         ld.so.cache
 *         the compiled-in directories  (not with DF_1_NODEFLIB)
 *
 * An object that has both tags loses its DT_RPATH. Every directory is tried with the
 * hardware subdirectories first. A path is never made canonical: what is found keeps
 * the name it was found by, and that name is its $ORIGIN.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "glibc.h"
#include "memory.h"

/* A search in progress. */
struct search {
	struct cp_glibc *loader;
	const char *name;
	size_t requester;
	struct cp_glibc_file *file;
	char *path;       /* tried last */
	bool other_class; /* a candidate was of another class */
	bool other_machine;
};

static const struct cp_loaded *object_at(const struct cp_glibc *loader, size_t number)
{
	return number == CP_NO_OBJECT ? NULL : &loader->closure.objects[number];
}

static int no_memory(const struct cp_glibc *loader)
{
	return cp_error_set(loader->err, ENOMEM, "no memory to search a library");
}

/* --- dynamic string tokens -------------------------------------------------- */

/* Length of the token `name` at `text` (just behind the '$'), braces included; 0: it is another. */
static size_t token_length(const char *text, const char *name)
{
	size_t length = strlen(name);
	bool braces = text[0] == '{';
	const char *start = text + braces;
	if (strncmp(start, name, length) != 0)
		return 0;
	char after = start[length];
	if (braces)
		return after == '}' ? length + 2 : 0;
	bool goes_on = (after >= 'A' && after <= 'Z') || (after >= 'a' && after <= 'z') ||
		       (after >= '0' && after <= '9') || after == '_';
	return goes_on ? 0 : length;
}

/* The directory of an object: for the program as the kernel knows it (no links), else of the
 * path it was found by. `size` bytes at `buffer`; false: it has none. */
static bool origin_of(const struct cp_glibc *loader, size_t number, char *buffer, size_t size)
{
	const struct cp_loaded *object = object_at(loader, number);
	if (!object)
		return false;
	bool program = number == loader->program && object->canonical;
	const char *path = program ? object->canonical : object->path;
	const char *slash = strrchr(path, '/');
	int length = slash ? (int)(slash - path) : 0;
	int written = snprintf(buffer, size, "%s%.*s", path[0] == '/' ? "" : "/", length, path);
	if (written == 0)
		written = snprintf(buffer, size, "/");
	return written > 0 && (size_t)written < size;
}

char *cp_glibc_expand(const struct cp_glibc *loader, size_t object, const char *text)
{
	char origin[CP_INDEX_MAX_PATH + 2];
	char *result = NULL;
	size_t size;
	if (!strchr(text, '$'))
		return strdup(text);
	FILE *out = open_memstream(&result, &size);
	bool known = out != NULL;
	while (known && *text) {
		size_t length;
		if (*text != '$') {
			fputc(*text++, out);
		} else if ((length = token_length(text + 1, "ORIGIN"))) {
			known = origin_of(loader, object, origin, sizeof(origin));
			fputs(known ? origin : "", out);
			text += length + 1;
		} else if ((length = token_length(text + 1, "PLATFORM"))) {
			fputs(loader->config.platform, out);
			text += length + 1;
		} else if ((length = token_length(text + 1, "LIB"))) {
			fputs(loader->config.lib, out);
			text += length + 1;
		} else {
			fputc(*text++, out);
		}
	}
	bool written = out && fclose(out) == 0;
	if (written && known)
		return result;
	free(result);
	return written ? strdup("") : NULL;
}

/* --- one path, one directory, one list --------------------------------------- */

static const char *result_name(const struct cp_glibc_file *file)
{
	switch (file->opened) {
	case CP_OPENED:
		return "found";
	case CP_OPEN_OTHER_CLASS:
		return "wrong class";
	case CP_OPEN_OTHER_MACHINE:
		return "wrong machine";
	case CP_OPEN_BROKEN:
		return file->reason;
	default:
		return "not found";
	}
}

/* Tries `path`, which becomes the search's. 1: the search is over, 0: it goes on, -1: error. */
static int try_path(struct search *search, char *path, const char *origin)
{
	struct cp_glibc *loader = search->loader;
	if (!path)
		return no_memory(loader);
	free(search->path);
	search->path = path;
	cp_glibc_open(loader, path, search->file);
	const struct cp_loaded *needer = object_at(loader, search->requester);
	if (search->file->opened == CP_OPEN_ERROR ||
		cp_closure_consider(&loader->closure, search->name, needer ? needer->path : NULL,
			path, origin, result_name(search->file), loader->err))
		return -1;
	search->other_class |= search->file->opened == CP_OPEN_OTHER_CLASS;
	search->other_machine |= search->file->opened == CP_OPEN_OTHER_MACHINE;
	return search->file->opened == CP_OPENED || search->file->opened == CP_OPEN_BROKEN;
}

static char *join(const char *directory, const char *below, const char *name)
{
	char *path = NULL;
	size_t length = strlen(directory);
	const char *slash = length && directory[length - 1] != '/' ? "/" : "";
	if (asprintf(&path, "%s%s%s%s%s", directory, slash, below, *below ? "/" : "", name) < 0)
		return NULL;
	return path;
}

static bool is_directory(const struct search *search, const char *path)
{
	struct cp_found found;
	return cp_root_resolve(&search->loader->target->root, path, true, &found) == 0 &&
	       cp_index_node(found.index, found.node)->kind == CP_NODE_DIRECTORY;
}

/* `directory` ends in no slash (but "/" does); "" is the current directory, which is the root's. */
static int try_directory(struct search *search, const char *directory, const char *origin)
{
	const char *const *below = search->loader->config.hwcaps;
	if (is_directory(search, *directory ? directory : "/"))
		for (; *below; below++) {
			int over = try_path(search, join(directory, *below, search->name), origin);
			if (over)
				return over;
		}
	return try_path(search, join(directory, "", search->name), origin);
}

/* A file that is there in some way, but cannot be opened, ends the list it was met in. */
static bool ends_list(const struct search *search)
{
	return search->file->opened == CP_OPEN_MISSING && search->file->code != ENOENT &&
	       search->file->code != ENOTDIR;
}

/* The elements of `list` between any of `separators`; tokens stand for `owner`'s. */
static int try_list(struct search *search, const char *list, const char *separators, size_t owner,
	const char *origin)
{
	cp_cleanup_free char *copy = strdup(list);
	if (!copy)
		return no_memory(search->loader);
	char *rest = *copy ? copy : NULL;
	for (char *element; (element = strsep(&rest, separators));) {
		cp_cleanup_free char *directory = cp_glibc_expand(search->loader, owner, element);
		if (!directory)
			return no_memory(search->loader);
		if (*element && !*directory)
			continue;
		for (size_t end = strlen(directory); end > 1 && directory[end - 1] == '/';)
			directory[--end] = '\0';
		int over = try_directory(search, directory, origin);
		if (over || ends_list(search))
			return over;
	}
	return 0;
}

/* --- the stations of a search ------------------------------------------------ */

static const char *tag_of(const struct search *search, size_t number, bool runpath)
{
	const struct cp_loaded *object = object_at(search->loader, number);
	const struct cp_facts *facts = object ? object->facts : NULL;
	if (!facts || (!runpath && facts->runpath))
		return NULL;
	return cp_facts_string_or_null(facts, runpath ? facts->runpath : facts->rpath);
}

static int search_rpaths(struct search *search)
{
	const struct cp_glibc *loader = search->loader;
	bool did_program = false;
	if (tag_of(search, search->requester, true))
		return 0;
	for (size_t at = search->requester; at != CP_NO_OBJECT;
		at = loader->closure.objects[at].requester) {
		const char *rpath = tag_of(search, at, false);
		int over = rpath ? try_list(search, rpath, ":", at, "RPATH") : 0;
		if (over)
			return over;
		did_program |= at == loader->program;
	}
	const char *rpath = did_program ? NULL : tag_of(search, loader->program, false);
	return rpath ? try_list(search, rpath, ":", loader->program, "RPATH") : 0;
}

/* ldconfig takes files called lib*.so* and ld-*.so*, and files a real one under its soname only. */
static bool is_cached(const struct search *search, const char *path)
{
	struct cp_found found;
	const char *name = search->name;
	if ((strncmp(name, "lib", 3) != 0 && strncmp(name, "ld-", 3) != 0) ||
		!strstr(name, ".so") ||
		cp_root_resolve(&search->loader->target->root, path, false, &found))
		return false;
	if (cp_index_node(found.index, found.node)->kind == CP_NODE_SYMLINK)
		return true;
	const struct cp_facts *facts = cp_index_facts(found.index, found.node);
	if (!facts || facts->machine != search->loader->target->machine ||
		facts->elf_class != ELFCLASS64)
		return false;
	return !facts->soname || strcmp(cp_facts_string(facts, facts->soname), name) == 0;
}

static int try_cached(struct search *search, const char *directory, const char *below)
{
	const char *origin = "ld.so.cache";
	char *path = join(directory, below, search->name);
	if (path && !is_cached(search, path)) {
		free(path);
		return 0;
	}
	return try_path(search, path, origin);
}

static bool is_system(const struct cp_glibc *loader, const char *directory)
{
	for (size_t i = 0; i < loader->config.system.count; i++)
		if (strcmp(loader->config.system.paths[i], directory) == 0)
			return true;
	return false;
}

static int search_cache(struct search *search, bool no_default)
{
	const struct cp_glibc_config *config = &search->loader->config;
	static const char *const plain[] = {"", NULL};
	const char *const *lists[] = {config->hwcaps_cached, plain};
	for (size_t list = 0; list < 2; list++)
		for (const char *const *below = lists[list]; *below; below++)
			for (size_t i = 0; i < config->cached.count; i++) {
				const char *directory = config->cached.paths[i];
				if (no_default && is_system(search->loader, directory))
					continue;
				int over = try_cached(search, directory, *below);
				if (over)
					return over;
			}
	return 0;
}

static int search_defaults(struct search *search)
{
	const struct cp_glibc_dirs *system = &search->loader->config.system;
	for (size_t i = 0; i < system->count; i++) {
		int over = try_directory(search, system->paths[i], "default path");
		if (over || ends_list(search))
			return over;
	}
	return 0;
}

static int search_all(struct search *search)
{
	const struct cp_glibc *loader = search->loader;
	size_t first = search->requester == CP_NO_OBJECT ? loader->program : search->requester;
	const struct cp_loaded *object = object_at(loader, first);
	bool no_default = object && object->facts && object->facts->flags_1 & DF_1_NODEFLIB;
	const char *environment = loader->target->library_path;
	int over = search_rpaths(search);
	if (!over && environment && *environment)
		over = try_list(search, environment, ":;", loader->program, "LD_LIBRARY_PATH");
	const char *runpath = tag_of(search, search->requester, true);
	if (!over && runpath)
		over = try_list(search, runpath, ":", search->requester, "RUNPATH");
	if (!over)
		over = search_cache(search, no_default);
	if (!over && !no_default)
		over = search_defaults(search);
	return over;
}

int cp_glibc_search(struct cp_glibc *loader, const char *name, size_t requester,
	struct cp_glibc_file *file, char **path)
{
	bool plain = !strchr(name, '/');
	struct search search = {
		.loader = loader, .name = name, .requester = requester, .file = file};
	if (plain && requester == CP_NO_OBJECT)
		search.requester = loader->program; /* the dlopen is its own */
	int over;
	*file = (struct cp_glibc_file){.opened = CP_OPEN_MISSING}; /* errno: 0 until one is tried */
	if (!plain) {
		char *expanded = requester == CP_NO_OBJECT
					 ? strdup(name)
					 : cp_glibc_expand(loader, requester, name);
		over = try_path(&search, expanded, "path");
	} else {
		over = search_all(&search);
		/* What was passed over on the way decides how the failure is put. */
		if (over == 0 && search.other_class)
			file->opened = CP_OPEN_OTHER_CLASS;
		else if (over == 0 && search.other_machine)
			file->opened = CP_OPEN_OTHER_MACHINE;
	}
	*path = search.path;
	if (over >= 0)
		return 0;
	free(search.path);
	*path = NULL;
	return -1;
}
