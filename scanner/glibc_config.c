/* SPDX-License-Identifier: MIT
 *
 * Where glibc looks for libraries when no object says so.
 *
 * Compiled-in directories differ by distribution; the place of libc.so.6 tells which
 * scheme a root follows. /etc/ld.so.cache is a binary digest of what ldconfig found:
 * it is not read, but made again from the same sources, /etc/ld.so.conf with its
 * includes and the compiled-in directories. Only whether it exists matters, since
 * the directories of ld.so.conf are known to the loader by no other way. Where files
 * are laid over a base it is taken to exist: an image built that way has one.
 *
 * Which hardware subdirectories count depends on the processor, which is not known
 * here. Assumed is the level that every server of the last decade has (x86-64-v3),
 * without the vendor's platform names.
 *
 * Sources: elf/ldconfig.c (parse_conf), elf/dl-hwcaps.c, ld.so(8), Debian's and
 * Fedora's build rules for the directories.
 */
#include <elf.h>
#include <errno.h>
#include <fnmatch.h>
#include <string.h>

#include "glibc.h"
#include "memory.h"

#define NEWEST_MINOR 41

static const char *const no_hwcaps[] = {NULL};
/* From 2.33 on there are levels, up to 2.36 there was the older scheme as well. */
static const char *const old_hwcaps[] = {"tls/x86_64", "tls", "x86_64", NULL};
static const char *const both_hwcaps[] = {
	"glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2", "tls/x86_64", "tls", "x86_64", NULL};
static const char *const new_hwcaps[] = {"glibc-hwcaps/x86-64-v3", "glibc-hwcaps/x86-64-v2", NULL};

/* One scheme: libc.so.6 is in the first directory. */
static const struct layout {
	uint16_t machine; /* of a multiarch layout, which is Debian's; 0: any */
	const char *lib;
	const char *directories[5];
} layouts[] = {
	{EM_X86_64, "lib/x86_64-linux-gnu",
		{"/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu", "/lib", "/usr/lib"}},
	{EM_AARCH64, "lib/aarch64-linux-gnu",
		{"/lib/aarch64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/lib", "/usr/lib"}},
	{0, "lib64", {"/lib64", "/usr/lib64"}},
	{0, "lib", {"/lib", "/usr/lib"}},
};

static int add_dir(struct cp_glibc_dirs *dirs, const char *path, size_t length)
{
	while (length > 1 && path[length - 1] == '/')
		length--;
	for (size_t i = 0; i < dirs->count; i++)
		if (strncmp(dirs->paths[i], path, length) == 0 && !dirs->paths[i][length])
			return 0;
	if (dirs->count >= CP_GLIBC_MAX_DIRS)
		return 0;
	if (cp_grow(&dirs->paths, &dirs->size, dirs->count + 1, sizeof(*dirs->paths)))
		return -1;
	char *copy = strndup(path, length);
	if (!copy)
		return -1;
	dirs->paths[dirs->count++] = copy;
	return 0;
}

static void dirs_clear(struct cp_glibc_dirs *dirs)
{
	for (size_t i = 0; i < dirs->count; i++)
		free(dirs->paths[i]);
	free(dirs->paths);
	*dirs = (struct cp_glibc_dirs){0};
}

/* --- ld.so.conf ------------------------------------------------------------ */

struct conf {
	const struct cp_root *root;
	struct cp_glibc_dirs *dirs;
	size_t files; /* read so far */
};

static int read_conf(struct conf *conf, const char *path);

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in directory `path` of all layers that match `pattern`, sorted, into `names`. */
static int match_names(
	const struct conf *conf, const char *path, const char *pattern, struct cp_glibc_dirs *names)
{
	struct cp_found found;
	if (cp_root_resolve(conf->root, path, true, &found))
		return 0;
	for (size_t i = 0; i < conf->root->count; i++) {
		const struct cp_index *index = conf->root->layers[i].index;
		uint32_t dir = cp_index_find(index, found.path);
		if (dir == CP_NO_NODE || cp_index_node(index, dir)->kind != CP_NODE_DIRECTORY)
			continue;
		for (uint32_t id = cp_index_node(index, dir)->first_child; id != CP_NO_NODE;
			id = cp_index_node(index, id)->next_sibling) {
			const char *name = cp_index_name(index, id);
			if (fnmatch(pattern, name, FNM_PERIOD) == 0 &&
				add_dir(names, name, strlen(name)))
				return -1;
		}
	}
	if (names->count)
		qsort(names->paths, names->count, sizeof(*names->paths), by_text);
	return 0;
}

/* include PATTERN, relative to the directory of the file that has the line. Wildcards are
 * understood in the last component, where every distribution has them. */
static int include(struct conf *conf, const char *from, const char *pattern)
{
	cp_cleanup_free char *whole = NULL;
	const char *slash = strrchr(from, '/');
	int base = pattern[0] == '/' || !slash ? 0 : (int)(slash - from) + 1;
	if (asprintf(&whole, "%.*s%s", base, from, pattern) < 0)
		return -1;
	char *last = strrchr(whole, '/');
	if (!last)
		return 0;
	*last = '\0';
	struct cp_glibc_dirs names = {0};
	int result = match_names(conf, *whole ? whole : "/", last + 1, &names);
	for (size_t i = 0; !result && i < names.count; i++) {
		cp_cleanup_free char *path = NULL;
		result = asprintf(&path, "%s/%s", whole, names.paths[i]) < 0
				 ? -1
				 : read_conf(conf, path);
	}
	dirs_clear(&names);
	return result;
}

static int read_line(struct conf *conf, const char *from, char *line)
{
	static const char blank[] = " \t\r\f\v";
	line[strcspn(line, "#")] = '\0';
	line += strspn(line, blank);
	for (size_t end = strlen(line); end && strchr(blank, line[end - 1]);)
		line[--end] = '\0';
	if (strncmp(line, "include", 7) == 0 && line[7] && strchr(blank, line[7])) {
		char *rest = line + 7;
		for (char *word; (word = strsep(&rest, blank));)
			if (*word && include(conf, from, word))
				return -1;
		return 0;
	}
	line[strcspn(line, "=")] = '\0'; /* DIR=TYPE, of long ago */
	return line[0] == '/' ? add_dir(conf->dirs, line, strlen(line)) : 0;
}

static int read_conf(struct conf *conf, const char *path)
{
	struct cp_found found;
	if (conf->files >= CP_GLIBC_MAX_INCLUDES || cp_root_resolve(conf->root, path, true, &found))
		return 0;
	const struct cp_text *text = cp_index_text(found.index, found.node);
	if (!text)
		return 0;
	conf->files++;
	cp_cleanup_free char *copy = strndup(text->data, text->size);
	if (!copy)
		return -1;
	char *rest = copy;
	for (char *line; (line = strsep(&rest, "\n"));)
		if (read_line(conf, path, line))
			return -1;
	return 0;
}

/* --- the whole ------------------------------------------------------------- */

static bool is_file(const struct cp_root *root, const char *directory, const char *name)
{
	char path[256];
	struct cp_found found;
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return cp_root_resolve(root, path, true, &found) == 0 &&
	       cp_index_node(found.index, found.node)->kind == CP_NODE_FILE;
}

/* Distributions with all in one place have /lib64 as a link to it. */
static bool is_same(const struct cp_root *root, const char *directory, const char *other)
{
	struct cp_found found;
	if (cp_root_resolve(root, directory, true, &found))
		return false;
	uint32_t node = found.node;
	const struct cp_index *index = found.index;
	return cp_root_resolve(root, other, true, &found) == 0 && found.index == index &&
	       found.node == node;
}

static const struct layout *layout_of(const struct cp_target *target)
{
	const size_t last = sizeof(layouts) / sizeof(layouts[0]) - 1;
	const char *plain = layouts[last].directories[0];
	for (size_t i = 0; i < last; i++)
		if ((!layouts[i].machine || layouts[i].machine == target->machine) &&
			is_file(&target->root, layouts[i].directories[0], "libc.so.6") &&
			!is_same(&target->root, layouts[i].directories[0], plain))
			return &layouts[i];
	return &layouts[last];
}

/* The highest 2.MINOR that the libc.so.6 in `directory` defines; 0: none. */
static int defined_version(const struct cp_root *root, const char *directory)
{
	char path[256];
	struct cp_found found;
	int minor = 0;
	snprintf(path, sizeof(path), "%s/libc.so.6", directory);
	if (cp_root_resolve(root, path, true, &found))
		return 0;
	const struct cp_facts *facts = cp_index_facts(found.index, found.node);
	for (size_t i = 0; facts && i < facts->n_verdef; i++) {
		const char *version = cp_facts_string(facts, facts->verdef[i].version);
		if (strncmp(version, "GLIBC_2.", 8) == 0 && atoi(version + 8) > minor)
			minor = atoi(version + 8);
	}
	return minor;
}

/* 2.MINOR of the version text, else of what libc.so.6 defines, else the newest that is known. */
static int minor_version(const struct cp_target *target, const char *directory)
{
	int minor = 0;
	if (target->libc_version && strncmp(target->libc_version, "2.", 2) == 0)
		minor = atoi(target->libc_version + 2);
	if (!minor)
		minor = defined_version(&target->root, directory);
	return minor ? minor : NEWEST_MINOR;
}

static void choose_hwcaps(struct cp_glibc_config *config, uint16_t machine)
{
	config->hwcaps = config->hwcaps_cached = no_hwcaps;
	if (machine != EM_X86_64)
		return;
	if (config->minor >= 33)
		config->hwcaps_cached = new_hwcaps;
	config->hwcaps = config->minor < 33   ? old_hwcaps
			 : config->minor < 37 ? both_hwcaps
					      : new_hwcaps;
}

int cp_glibc_config_read(
	const struct cp_target *target, struct cp_glibc_config *config, struct cp_error **err)
{
	const struct layout *layout = layout_of(target);
	struct conf conf = {.root = &target->root, .dirs = &config->cached};
	struct cp_found found;
	config->lib = layout->lib;
	config->debian = layout->machine != 0;
	config->platform = target->machine == EM_AARCH64 ? "aarch64" : "x86_64";
	config->minor = minor_version(target, layout->directories[0]);
	choose_hwcaps(config, target->machine);
	bool cache = target->root.count > 1 ||
		     cp_root_resolve(&target->root, "/etc/ld.so.cache", true, &found) == 0;
	int result = cache ? read_conf(&conf, "/etc/ld.so.conf") : 0;
	for (const char *const *path = layout->directories; !result && *path; path++) {
		result = add_dir(&config->system, *path, strlen(*path));
		if (!result && cache)
			result = add_dir(&config->cached, *path, strlen(*path));
	}
	if (!result)
		return 0;
	cp_glibc_config_clear(config);
	return cp_error_set(err, ENOMEM, "no memory for the loader's configuration");
}

void cp_glibc_config_clear(struct cp_glibc_config *config)
{
	dirs_clear(&config->system);
	dirs_clear(&config->cached);
}
