/* SPDX-License-Identifier: MIT
 *
 * From a name that something needs to the file that musl takes for it.
 *
 * A name with a slash is a path. Any other is looked for in LD_LIBRARY_PATH, then in the
 * paths of the object that needs it and of those that brought that one in, up to the
 * program (DT_RPATH or DT_RUNPATH, which has the last word where there are both), then in
 * the system's: the lines of the path file, or the default directories. The first file
 * that opens is taken, whatever it is; an error other than "there is none" ends the
 * search.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "musl.h"

#define MAX_PATH_TEXT ((size_t)1 << 20) /* bytes of a search path that are believed */

bool cp_musl_is_itself(const struct cp_musl *musl, const char *name)
{
	static const char *const reserved[] = {
		"libc.", "libpthread.", "librt.", "libm.", "libdl.", "libutil.", "libxnet."};
	for (size_t i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
		if (strncmp(name, reserved[i], strlen(reserved[i])) == 0)
			return true;
	return strcmp(name, musl->loader_name) == 0;
}

void cp_musl_path_clear(struct cp_musl_path *path)
{
	free(path->entries);
	*path = (struct cp_musl_path){0};
}

/* Keeps of `size` bytes of a search path the entries that a search can use. Empty ones
 * are passed over, and so are those with which no path fits the loader's buffer. */
static int make_path(
	struct cp_musl_path *path, const char *text, size_t size, struct cp_error **err)
{
	if (size > MAX_PATH_TEXT)
		return cp_error_set(err, E2BIG, "a search path of %zu bytes", size);
	char *out = malloc(size + 2);
	if (!out)
		return cp_error_set(err, ENOMEM, "no memory for a search path");
	*path = (struct cp_musl_path){.entries = out, .made = true};
	for (size_t at = 0; at < size && text[at];) {
		size_t length = 0;
		while (at + length < size && text[at + length] && text[at + length] != ':' &&
			text[at + length] != '\n')
			length++;
		if (length > 0 && length < CP_MUSL_PATH_BUFFER) {
			memcpy(out, text + at, length);
			out[length] = '\0';
			out += length + 1;
		}
		at += length;
		at += at < size && text[at];
	}
	*out = '\0';
	return 0;
}

/* --- $ORIGIN ---------------------------------------------------------------- */

/* The length of "$ORIGIN" or "${ORIGIN}" at `text`, or 0. What follows is not looked at. */
static size_t origin_length(const char *text)
{
	static const char plain[] = "$ORIGIN", braces[] = "${ORIGIN}";
	if (strncmp(text, plain, sizeof(plain) - 1) == 0)
		return sizeof(plain) - 1;
	return strncmp(text, braces, sizeof(braces) - 1) == 0 ? sizeof(braces) - 1 : 0;
}

/* Whether the path can be used at all, and how often the origin stands in it: any other
 * dollar makes the loader drop the whole path. */
static bool count_origins(const char *text, size_t *count)
{
	*count = 0;
	for (const char *at = text; (at = strchr(at, '$')); at++, ++*count)
		if (!origin_length(at))
			return false;
	return true;
}

static int expand(struct cp_musl_path *path, const char *text, size_t count, const char *origin,
	size_t length, struct cp_error **err)
{
	size_t size = strlen(text);
	if (size > MAX_PATH_TEXT || count * length > MAX_PATH_TEXT)
		return cp_error_set(
			err, E2BIG, "a search path of more than %zu bytes", (size_t)MAX_PATH_TEXT);
	cp_cleanup_free char *expanded = malloc(size + count * length + 1);
	if (!expanded)
		return cp_error_set(err, ENOMEM, "no memory for a search path");
	char *out = expanded;
	while (*text) {
		size_t token = origin_length(text);
		if (token) {
			memcpy(out, origin, length);
			out += length;
			text += token;
		} else {
			*out++ = *text++;
		}
	}
	return make_path(path, expanded, (size_t)(out - expanded), err);
}

/* The program's origin is that of its file (/proc/self/exe), which must fit the loader's
 * buffer; a library's is that of the name it was found by. */
static const char *origin_of(
	const struct cp_musl *musl, size_t object, struct cp_found *found, bool *known)
{
	const char *path = musl->closure.objects[object].path;
	*known = true;
	if (object != CP_MUSL_PROGRAM)
		return path;
	if (cp_root_resolve(&musl->target->root, path, true, found) == 0)
		path = found->path;
	*known = strlen(path) < CP_MUSL_PATH_BUFFER;
	return path;
}

static int make_rpath(
	struct cp_musl *musl, size_t object, struct cp_musl_path *path, struct cp_error **err)
{
	path->made = true;
	const struct cp_facts *facts = musl->closure.objects[object].facts;
	cp_str where = !facts ? 0 : facts->runpath ? facts->runpath : facts->rpath;
	if (!where)
		return 0;
	const char *text = cp_facts_string(facts, where);
	size_t count;
	if (!count_origins(text, &count))
		return 0;
	struct cp_found found;
	bool known;
	const char *origin = origin_of(musl, object, &found, &known);
	if (count && !known)
		return 0;
	const char *slash = strrchr(origin, '/');
	if (!slash)
		return expand(path, text, count, ".", 1, err);
	return expand(path, text, count, origin, (size_t)(slash - origin), err);
}

/* --- the system's path ------------------------------------------------------- */

static const char *architecture(uint16_t machine, uint8_t elf_class, uint8_t encoding)
{
	const char *docker = cp_machine_docker_name(machine, elf_class, encoding);
	static const char *const names[][2] = {{"amd64", "x86_64"}, {"arm64", "aarch64"},
		{"386", "i386"}, {"ppc64le", "powerpc64le"}};
	for (size_t i = 0; docker && i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(docker, names[i][0]) == 0)
			return names[i][1];
	return docker ? docker : "unknown";
}

/* The path file lies beside the loader's directory: /lib/ld-musl-X.so.1 reads
 * /etc/ld-musl-X.path, and /opt/lib/ld-musl-X.so.1 reads /opt/etc/ld-musl-X.path. */
static void path_file_name(const struct cp_musl *musl, char *buffer, size_t size)
{
	const char *name = musl->loader_name, *last = strrchr(name, '/');
	size_t prefix = 0;
	if (*name == '/')
		for (prefix = (size_t)(last - name); prefix > 0 && name[--prefix] != '/';)
			;
	const struct cp_facts *facts = musl->loader_facts;
	snprintf(buffer, size, "%.*s/etc/ld-musl-%s.path", (int)prefix, name,
		architecture(musl->target->machine, facts->elf_class, facts->encoding));
}

static int make_system_path(struct cp_musl *musl, struct cp_error **err)
{
	static const char default_path[] = "/lib:/usr/local/lib:/usr/lib";
	char name[CP_INDEX_MAX_PATH + 1];
	path_file_name(musl, name, sizeof(name));
	struct cp_found found;
	int code = cp_root_resolve(&musl->target->root, name, true, &found);
	musl->system_origin = "default path";
	if (code == -ENOENT)
		return make_path(&musl->system, default_path, sizeof(default_path) - 1, err);
	musl->system_origin = "path file";
	const struct cp_text *text = code ? NULL : cp_index_text(found.index, found.node);
	return make_path(&musl->system, text ? text->data : "", text ? text->size : 0, err);
}

/* --- opening ----------------------------------------------------------------- */

static const char *open_result(int code)
{
	switch (code) {
	case 0:
		return "found";
	case ENOENT:
		return "not found";
	case ENOTDIR:
		return "not a directory";
	case ELOOP:
		return "link loop";
	case ENAMETOOLONG:
		return "name too long";
	default:
		return "cannot be opened";
	}
}

int cp_musl_open(struct cp_musl *musl, const char *name, size_t requester, const char *path,
	const char *origin, struct cp_musl_file *file, struct cp_error **err)
{
	struct cp_closure *closure = &musl->closure;
	const char *needed_by = requester == CP_NO_OBJECT || requester == CP_MUSL_PROGRAM
					? NULL
					: closure->objects[requester].path;
	if (strlen(path) > CP_INDEX_MAX_PATH) {
		file->code = ENAMETOOLONG;
	} else {
		strcpy(file->path, path);
		file->code = -cp_root_resolve(&musl->target->root, path, true, &file->found);
	}
	return cp_closure_consider(
		closure, name, needed_by, path, origin, open_result(file->code), err);
}

static bool ends_search(int code)
{
	return code != ENOENT && code != ENOTDIR && code != ENAMETOOLONG;
}

/* Tries each entry; 1 where the search is over, 0 where it goes on, -1 with an error. */
static int search_path(struct cp_musl *musl, const char *name, size_t requester,
	const struct cp_musl_path *path, const char *origin, struct cp_musl_file *file,
	struct cp_error **err)
{
	const char *entry = path->entries;
	for (; entry && *entry; entry += strlen(entry) + 1) {
		char buffer[CP_MUSL_PATH_BUFFER];
		int length = snprintf(buffer, sizeof(buffer), "%s/%s", entry, name);
		if (cp_musl_steps(musl, 1, err))
			return -1;
		if (length >= (int)sizeof(buffer))
			continue;
		if (cp_musl_open(musl, name, requester, buffer, origin, file, err))
			return -1;
		if (ends_search(file->code))
			return 1;
	}
	return 0;
}

/* Who brought the object in: what was asked for counts as needed by the program. */
static size_t next_requester(const struct cp_musl *musl, size_t object)
{
	if (object == CP_MUSL_PROGRAM)
		return CP_NO_OBJECT;
	size_t requester = musl->closure.objects[object].requester;
	return requester == CP_NO_OBJECT ? CP_MUSL_PROGRAM : requester;
}

static const char *rpath_origin(const struct cp_facts *facts)
{
	return facts && facts->runpath ? "RUNPATH" : "RPATH";
}

static int search_rpaths(struct cp_musl *musl, const char *name, size_t requester,
	struct cp_musl_file *file, struct cp_error **err)
{
	for (size_t at = requester; at != CP_NO_OBJECT; at = next_requester(musl, at)) {
		struct cp_musl_path *path = &musl->rpaths[at];
		if (cp_musl_steps(musl, 1, err) || (!path->made && make_rpath(musl, at, path, err)))
			return -1;
		int over = search_path(musl, name, requester, path,
			rpath_origin(musl->closure.objects[at].facts), file, err);
		if (over)
			return over;
	}
	return 0;
}

int cp_musl_search(struct cp_musl *musl, const char *name, size_t requester,
	struct cp_musl_file *file, struct cp_error **err)
{
	const char *environment = musl->target->library_path;
	file->code = CP_MUSL_NOTHING_TRIED;
	if (environment && !musl->environment.made &&
		make_path(&musl->environment, environment, strlen(environment), err))
		return -1;
	if (!musl->system.made && make_system_path(musl, err))
		return -1;
	int over = search_path(
		musl, name, requester, &musl->environment, "LD_LIBRARY_PATH", file, err);
	if (!over)
		over = search_rpaths(musl, name, requester, file, err);
	if (!over)
		over = search_path(
			musl, name, requester, &musl->system, musl->system_origin, file, err);
	return over < 0 ? -1 : 0;
}
