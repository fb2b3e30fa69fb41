/* SPDX-License-Identifier: MIT
 *
 * glibc's dynamic loader, simulated: the order in which things happen and fail.
 *
 *   dlopen (elf/dl-open.c)                    program start (elf/rtld.c)
 *   1. map the object                         (the kernel has mapped the program)
 *   2. map what it needs, breadth first       the same
 *   3. check versions, in that order          the same, the program first; all are printed
 *   4. relocate, dependencies first           the same, libc before all others
 *
 * The first thing wrong ends it. The simulation goes on and notes what else would be
 * met if that were mended.
 *
 * A dlopen happens inside a program that runs: its libraries are loaded first, by the
 * same rules, and taken to go well, since what the program itself lacks is not the
 * object's problem. Symbols are looked up in the program and its libraries, then in the
 * object and its own.
 */
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <string.h>

#include "glibc.h"
#include "memory.h"

static int no_memory(const struct cp_glibc *loader)
{
	return cp_error_set(loader->err, ENOMEM, "no memory for a simulated load");
}

int cp_glibc_work(struct cp_glibc *loader, size_t amount)
{
	if (loader->work <= CP_GLIBC_MAX_WORK && amount <= CP_GLIBC_MAX_WORK - loader->work) {
		loader->work += amount;
		return 0;
	}
	return cp_error_set(loader->err, E2BIG, "binding its symbols and versions takes too long");
}

int cp_glibc_complain(struct cp_glibc *loader, const struct cp_complaint *complaint,
	const char *prefix, const char *format, ...)
{
	cp_cleanup_free char *text = NULL;
	va_list args;
	if (loader->quiet)
		return 0;
	va_start(args, format);
	int length = vasprintf(&text, format, args);
	va_end(args);
	if (length < 0) {
		text = NULL;
		return no_memory(loader);
	}
	if (loader->mode != CP_LOAD_EXEC)
		return cp_closure_problem(&loader->closure, complaint, loader->err, "%s", text);
	return cp_closure_problem(&loader->closure, complaint, loader->err, "%s: %s%s",
		loader->closure.objects[loader->program].path, prefix ? prefix : "", text);
}

/* --- mapping ------------------------------------------------------------------- */

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* Why is a library not there? musl's names on glibc mean that it was built for musl. */
static enum cp_cause cause_of_absence(
	const struct cp_glibc *loader, const char *name, size_t requester)
{
	const struct cp_facts *facts =
		requester == CP_NO_OBJECT ? NULL : loader->closure.objects[requester].facts;
	if (begins(name, "ld-musl-") || begins(name, "libc.musl-"))
		return CP_CAUSE_WRONG_LIBC;
	if (facts && facts->libc == CP_LIBC_MUSL && begins(name, "libc.so"))
		return CP_CAUSE_WRONG_LIBC;
	return begins(name, "ld-linux") ? CP_CAUSE_MISSING_LOADER : CP_CAUSE_MISSING_LIBRARY;
}

static const char *errno_text(int code)
{
	switch (code) {
	case ENOTDIR:
		return "Not a directory";
	case EISDIR:
		return "Is a directory";
	case ELOOP:
		return "Too many levels of symbolic links";
	case ENAMETOOLONG:
		return "File name too long";
	case EINVAL:
		return "Invalid argument";
	default:
		return "No such file or directory";
	}
}

/* What `requester` asked for could not be mapped. The object at fault is `path` where there is
 * such a file, else (NULL) the requester; `where` is how the loader puts it. */
static int report_unmapped(struct cp_glibc *loader, size_t requester, const char *path,
	enum cp_cause cause, const char *where, const char *reason, int code)
{
	struct cp_complaint complaint = {
		.cause = cause,
		.object = requester,
		.path = path || requester != CP_NO_OBJECT ? path : where,
		.subject = where,
	};
	return cp_glibc_complain(loader, &complaint,
		"error while loading shared libraries: ", "%s: %s%s%s", where, reason,
		code ? ": " : "", code ? errno_text(code) : "");
}

/* Reports why the search for `name` ended without a file to map. */
static int report_unopened(struct cp_glibc *loader, const char *name, size_t requester,
	const struct cp_glibc_file *file, const char *path)
{
	static const char not_opened[] = "cannot open shared object file";
	enum cp_cause absence = cause_of_absence(loader, name, requester);
	switch (file->opened) {
	case CP_OPEN_BROKEN: /* of libc.so: glibc's is a linker script */
		return report_unmapped(loader, requester, path,
			absence == CP_CAUSE_WRONG_LIBC ? absence : file->cause, path, file->reason,
			file->code);
	case CP_OPEN_OTHER_CLASS:
		return report_unmapped(loader, requester, NULL, CP_CAUSE_WRONG_ARCHITECTURE, name,
			"wrong ELF class: ELFCLASS32", 0);
	case CP_OPEN_OTHER_MACHINE:
		return report_unmapped(loader, requester, NULL, CP_CAUSE_WRONG_ARCHITECTURE, name,
			not_opened, ENOENT);
	default:
		return report_unmapped(
			loader, requester, NULL, absence, name, not_opened, file->code);
	}
}

/* Adds the object under all names that it answers to. */
static int add_object(struct cp_glibc *loader, const char *name, const char *path,
	const struct cp_glibc_file *file, size_t requester, size_t *number)
{
	struct cp_closure *closure = &loader->closure;
	const struct cp_facts *facts = file->facts;
	*number = cp_closure_add(closure, path, &file->found, facts, requester, loader->err);
	if (*number == CP_NO_OBJECT || cp_closure_name(closure, *number, name, loader->err) ||
		cp_closure_name(closure, *number, path, loader->err))
		return -1;
	return cp_closure_name(
		closure, *number, cp_facts_string(facts, facts->soname), loader->err);
}

/* A file that ends before its segments do is mapped all the same: the loader is killed by SIGBUS
 * as soon as it touches what is not there. */
static int report_cut(struct cp_glibc *loader, size_t object)
{
	struct cp_complaint complaint = {.cause = CP_CAUSE_NOT_ELF, .object = object};
	const struct cp_facts *facts = loader->closure.objects[object].facts;
	if (loader->quiet || facts->defect != CP_DEFECT_TRUNCATED)
		return 0;
	return cp_closure_problem(&loader->closure, &complaint, loader->err, NULL);
}

/* _dl_map_object: *number is the object that `name` means; CP_NO_OBJECT where it cannot be
 * mapped, which is reported. 0 or -1. */
static int map_object(struct cp_glibc *loader, const char *name, size_t requester, size_t *number)
{
	struct cp_closure *closure = &loader->closure;
	cp_cleanup_free char *path = NULL;
	struct cp_glibc_file file;
	*number = cp_closure_by_name(closure, name);
	if (*number != CP_NO_OBJECT)
		return 0;
	if (cp_glibc_search(loader, name, requester, &file, &path))
		return -1;
	if (file.opened != CP_OPENED)
		return report_unopened(loader, name, requester, &file, path);
	*number = cp_closure_by_file(closure, &file.found);
	if (*number != CP_NO_OBJECT)
		return cp_closure_name(closure, *number, name, loader->err);
	enum cp_cause cause;
	int code;
	const char *reason = cp_glibc_refuses(loader, file.facts, &cause, &code);
	if (reason)
		return report_unmapped(loader, requester, path, cause, name, reason, code);
	if (add_object(loader, name, path, &file, requester, number))
		return -1;
	return report_cut(loader, *number);
}

static int map_need(
	struct cp_glibc *loader, size_t object, size_t at, struct cp_glibc_sequence *list)
{
	const struct cp_facts *facts = loader->closure.objects[object].facts;
	size_t provider;
	cp_cleanup_free char *name =
		cp_glibc_expand(loader, object, cp_facts_string(facts, facts->needed[at]));
	if (!name)
		return no_memory(loader);
	if (!*name)
		return report_unmapped(loader, object, NULL, CP_CAUSE_MISSING_LIBRARY,
			cp_facts_string(facts, facts->needed[at]),
			"empty dynamic string token substitution", 0);
	if (map_object(loader, name, object, &provider) ||
		cp_closure_need(&loader->closure, object, at, provider, loader->err))
		return -1;
	return provider == CP_NO_OBJECT ? 0 : cp_glibc_sequence_add(loader, list, provider);
}

/* _dl_map_object_deps: `list` becomes the object and all it needs, breadth first. */
static int map_closure(struct cp_glibc *loader, size_t object, struct cp_glibc_sequence *list)
{
	if (cp_glibc_sequence_add(loader, list, object))
		return -1;
	for (size_t i = 0; i < list->count; i++) {
		const struct cp_loaded *needer = &loader->closure.objects[list->items[i]];
		size_t count = needer->facts ? needer->facts->n_needed : 0;
		for (size_t at = 0; at < count; at++)
			if (map_need(loader, list->items[i], at, list))
				return -1;
	}
	return 0;
}

/* --- versions -------------------------------------------------------------------- */

static int report_version(
	struct cp_glibc *loader, size_t object, size_t provider, const char *version)
{
	const struct cp_loaded *objects = loader->closure.objects;
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_SYMBOL_VERSION, .object = object, .subject = version};
	return cp_glibc_complain(loader, &complaint, NULL,
		"%s: version `%s' not found (required by %s)", objects[provider].path, version,
		objects[object].path);
}

/* A version is wanted of a file that nobody brought in (its DT_NEEDED was edited away): the
 * loader asserts that this cannot be, and ends the process. */
static int report_unneeded(struct cp_glibc *loader, size_t object, const char *file)
{
	struct cp_complaint complaint = {
		.cause = CP_CAUSE_MISSING_LIBRARY, .object = object, .subject = file};
	if (loader->quiet)
		return 0;
	return cp_closure_problem(&loader->closure, &complaint, loader->err,
		"Inconsistency detected by ld.so: dl-version.c: %d: _dl_check_map_versions: "
		"Assertion `needed != NULL' failed!",
		loader->config.minor < 35 ? 205 : 204);
}

static bool is_needed(const struct cp_facts *facts, const char *name)
{
	for (size_t i = 0; i < facts->n_needed; i++)
		if (strcmp(cp_facts_string(facts, facts->needed[i]), name) == 0)
			return true;
	return false;
}

/* Need `at` of a version. */
static int check_version(struct cp_glibc *loader, size_t object, size_t at)
{
	const struct cp_facts *facts = loader->closure.objects[object].facts;
	const struct cp_verneed *verneed = &facts->verneed[at];
	const char *file = cp_facts_string(facts, verneed->file);
	const char *version = cp_facts_string(facts, verneed->version);
	size_t provider = cp_closure_by_name(&loader->closure, file);
	if (provider == CP_NO_OBJECT) {
		if (cp_glibc_work(loader, facts->n_needed))
			return -1;
		bool told = at && facts->verneed[at - 1].file == verneed->file;
		return told || is_needed(facts, file) ? 0 : report_unneeded(loader, object, file);
	}
	const struct cp_facts *other = loader->closure.objects[provider].facts;
	if (!other || verneed->weak || !other->n_verdef)
		return 0;
	if (cp_glibc_work(loader, other->n_verdef))
		return -1;
	return cp_glibc_has_version(other, version)
		       ? 0
		       : report_version(loader, object, provider, version);
}

/* _dl_check_map_versions. */
static int check_versions(struct cp_glibc *loader, size_t object)
{
	const struct cp_facts *facts = loader->closure.objects[object].facts;
	for (size_t i = 0; facts && i < facts->n_verneed; i++)
		if (check_version(loader, object, i))
			return -1;
	return 0;
}

/* --- the whole ------------------------------------------------------------------------ */

/* The loader itself is always there, under its soname and the program's PT_INTERP. */
static int add_loader(struct cp_glibc *loader, const struct cp_facts *program)
{
	bool arm = loader->target->machine == EM_AARCH64;
	const char *path = arm ? "/lib/ld-linux-aarch64.so.1" : "/lib64/ld-linux-x86-64.so.2";
	if (program && program->interpreter)
		path = cp_facts_string(program, program->interpreter);
	struct cp_glibc_file file;
	size_t number;
	cp_glibc_open(loader, path, &file);
	if (file.opened != CP_OPENED)
		return file.opened == CP_OPEN_ERROR ? -1 : 0;
	return add_object(loader, path, path, &file, CP_NO_OBJECT, &number);
}

/* The program and its libraries, which make the global scope. */
static int start_program(struct cp_glibc *loader, const char *path, const struct cp_facts *facts,
	struct cp_glibc_sequence *global)
{
	struct cp_found found;
	bool there = cp_root_resolve(&loader->target->root, path, true, &found) == 0;
	loader->program =
		cp_closure_add(&loader->closure, path, NULL, facts, CP_NO_OBJECT, loader->err);
	if (loader->program == CP_NO_OBJECT)
		return -1;
	/* Its $ORIGIN is known, but it is not found again by its file: glibc maps it anew. */
	if (there && !(loader->closure.objects[loader->program].canonical = strdup(found.path)))
		return no_memory(loader);
	if (add_loader(loader, facts) || map_closure(loader, loader->program, global))
		return -1;
	size_t libc;
	if (facts)
		return 0;
	if (map_object(loader, "libc.so.6", loader->program, &libc))
		return -1;
	return libc == CP_NO_OBJECT ? 0 : map_closure(loader, libc, global);
}

static int simulate_exec(struct cp_glibc *loader, const char *path)
{
	struct cp_glibc_file file;
	cp_cleanup_glibc_sequence struct cp_glibc_sequence global = {0};
	cp_cleanup_glibc_sequence struct cp_glibc_sequence order = {0};
	cp_glibc_open(loader, path, &file);
	if (file.opened != CP_OPENED)
		return file.opened == CP_OPEN_ERROR
			       ? -1
			       : cp_error_set(loader->err, EINVAL, "it cannot be executed");
	if (start_program(loader, path, file.facts, &global))
		return -1;
	for (size_t i = 0; i < loader->closure.count; i++)
		if (check_versions(loader, i))
			return -1;
	loader->scope = global.items;
	loader->n_scope = global.count;
	loader->first_new = loader->closure.count; /* static TLS was laid out for all of them */
	if (cp_glibc_order(loader, &global, &order))
		return -1;
	return cp_glibc_relocate(loader, order.items, order.count, 0);
}

static int simulate_dlopen(struct cp_glibc *loader, const char *path)
{
	const struct cp_program *program = &loader->target->program;
	cp_cleanup_glibc_sequence struct cp_glibc_sequence scope = {0};
	cp_cleanup_glibc_sequence struct cp_glibc_sequence list = {0};
	cp_cleanup_glibc_sequence struct cp_glibc_sequence order = {0};
	size_t object;
	loader->quiet = true;
	if (start_program(loader, program->path ? program->path : "<main program>", program->facts,
		    &scope))
		return -1;
	loader->quiet = false;
	loader->first_new = loader->closure.count;
	cp_glibc_tls_start(loader);
	if (map_object(loader, path, CP_NO_OBJECT, &object))
		return -1;
	if (object == CP_NO_OBJECT || object < loader->first_new)
		return 0;
	if (map_closure(loader, object, &list))
		return -1;
	for (size_t i = 0; i < list.count; i++)
		if ((list.items[i] >= loader->first_new && check_versions(loader, list.items[i])) ||
			cp_glibc_sequence_add(loader, &scope, list.items[i]))
			return -1;
	loader->scope = scope.items;
	loader->n_scope = scope.count;
	if (cp_glibc_order(loader, &list, &order))
		return -1;
	return cp_glibc_relocate(loader, order.items, order.count, loader->first_new);
}

int cp_loader_glibc(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err)
{
	struct cp_glibc loader = {
		.target = target, .mode = mode, .err = err, .program = CP_NO_OBJECT};
	cp_closure_init(&loader.closure, target, load);
	if (cp_glibc_config_read(target, &loader.config, err))
		return -1;
	int result = mode == CP_LOAD_EXEC ? simulate_exec(&loader, path)
					  : simulate_dlopen(&loader, path);
	if (!result)
		result = cp_closure_finish(&loader.closure, err);
	cp_closure_cleanup(&loader.closure);
	cp_glibc_config_clear(&loader.config);
	free(loader.tls.is_static);
	return result;
}
