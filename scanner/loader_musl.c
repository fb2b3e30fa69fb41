/* SPDX-License-Identifier: MIT
 *
 * What musl's loader loads, in which order, and what it refuses (see musl.h).
 *
 * A file is refused where it is shorter than an ELF header, is neither ET_DYN nor
 * ET_EXEC, or has no PT_DYNAMIC: "Exec format error". Magic, class and machine are not
 * looked at; a 32-bit object fails because its header, read as a 64-bit one, has no
 * program headers. A library that defines both __libc_start_main and stdin is taken for
 * a second libc, and the running one is used in its place.
 *
 * dlopen stops at its first error. The simulation goes on, so that all that is missing
 * is known at once; a program start prints all of it in reality, too.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "musl.h"

int cp_musl_steps(struct cp_musl *musl, size_t count, struct cp_error **err)
{
	musl->steps += count;
	if (musl->steps > CP_MUSL_MAX_STEPS)
		return cp_error_set(
			err, E2BIG, "loading it takes more than %u steps", CP_MUSL_MAX_STEPS);
	return 0;
}

const char *cp_musl_strerror(int code)
{
	switch (code) {
	case ENOENT:
		return "No such file or directory";
	case ENOTDIR:
		return "Not a directory";
	case EISDIR:
		return "Is a directory";
	case ELOOP:
		return "Symbolic link loop";
	case ENAMETOOLONG:
		return "Filename too long";
	case ENOEXEC:
		return "Exec format error";
	case EBUSY:
		return "Resource busy";
	case EINVAL:
		return "Invalid argument";
	default:
		return "No error information";
	}
}

/* --- mapping ----------------------------------------------------------------- */

static bool is_other_encoding(const struct cp_musl *musl, const struct cp_facts *facts)
{
	uint8_t own = musl->loader_facts->encoding;
	return facts->encoding != (own ? own : ELFDATA2LSB);
}

static bool is_older_than(const struct cp_musl *musl, const char *version)
{
	const char *own = musl->target->libc_version;
	return own && cp_version_compare(own, version) < 0;
}

/* The error with which an ELF file is refused, or 0. */
static int mapping_error(const struct cp_musl *musl, const struct cp_facts *facts)
{
	if (!facts->symbols_known && facts->defect == CP_DEFECT_NONE)
		return 0; /* a base's own library */
	const struct cp_facts *program = musl->target->program.facts;
	if (facts->elf_class != ELFCLASS64 || is_other_encoding(musl, facts) ||
		!facts->has_dynamic || facts->defect == CP_DEFECT_PHDRS_CUT ||
		(facts->type != ET_DYN && facts->type != ET_EXEC))
		return ENOEXEC;
	if (facts->empty_segment && is_older_than(musl, "1.2.3"))
		return EINVAL; /* of mmap(2), asked for nothing */
	/* Two programs for fixed addresses are for the same ones, as linkers place them. */
	if (facts->type == ET_EXEC && program && program->type == ET_EXEC)
		return EBUSY;
	return 0;
}

/* Fills file->facts, or file->code with the error of a file that is refused. */
static int map_file(const struct cp_musl *musl, struct cp_musl_file *file, struct cp_error **err)
{
	const struct cp_node *node = cp_index_node(file->found.index, file->found.node);
	if (node->kind == CP_NODE_FILE && node->content == CP_CONTENT_ELF_UNREADABLE)
		return cp_error_set(err, EINVAL, "%s cannot be read as an object", file->path);
	file->facts = node->kind == CP_NODE_FILE
			      ? cp_index_facts(file->found.index, file->found.node)
			      : NULL;
	if (node->kind == CP_NODE_DIRECTORY)
		file->code = EISDIR;
	else
		file->code = file->facts ? mapping_error(musl, file->facts) : ENOEXEC;
	return 0;
}

/* The object of that file: its node, or another hard link of it. */
static size_t loaded_file(const struct cp_musl *musl, const struct cp_musl_file *file)
{
	const struct cp_closure *closure = &musl->closure;
	size_t object = cp_closure_by_file(closure, &file->found);
	const struct cp_facts *facts = cp_index_facts(file->found.index, file->found.node);
	for (size_t i = 1; facts && object == CP_NO_OBJECT && i < closure->count; i++)
		if (closure->objects[i].facts == facts)
			object = i;
	return object;
}

static bool is_second_libc(const struct cp_facts *facts)
{
	return cp_musl_defines(facts, "__libc_start_main", cp_symbol_hash("__libc_start_main")) &&
	       cp_musl_defines(facts, "stdin", cp_symbol_hash("stdin"));
}

static int use_loader(struct cp_musl *musl, size_t requester, size_t *object, struct cp_error **err)
{
	if (musl->loader == CP_NO_OBJECT)
		musl->loader = cp_closure_add(&musl->closure, musl->loader_name,
			&musl->loader_found, musl->loader_facts, requester, err);
	*object = musl->loader;
	return *object == CP_NO_OBJECT ? -1 : 0;
}

/* Finds the file for a name: 1 where an object has that name already, else 0 with
 * file->code, or -1. */
static int find_file(struct cp_musl *musl, const char *name, size_t requester,
	struct cp_musl_file *file, size_t *object, struct cp_error **err)
{
	file->code = EINVAL;
	if (!*name)
		return 0;
	if (strchr(name, '/'))
		return cp_musl_open(musl, name, requester, name, "path", file, err);
	*object = cp_closure_by_name(&musl->closure, name);
	if (*object != CP_NO_OBJECT)
		return 1;
	file->searched = true;
	return cp_musl_search(musl, name, requester, file, err);
}

static int add_file(struct cp_musl *musl, const struct cp_musl_file *file, size_t requester,
	size_t *object, struct cp_error **err)
{
	*object = cp_closure_add(
		&musl->closure, file->path, &file->found, file->facts, requester, err);
	return *object == CP_NO_OBJECT ? -1 : 0;
}

/* What was found by a search is known by its file's name from then on. */
static int give_name(struct cp_musl *musl, size_t object, struct cp_error **err)
{
	const char *path = musl->closure.objects[object].path;
	const char *slash = strrchr(path, '/');
	return cp_closure_name(&musl->closure, object, slash ? slash + 1 : path, err);
}

/* Loads what `requester` needs under `name`. 0 with *object, or CP_NO_OBJECT there and
 * file->code telling why; -1 with an error. */
static int load_library(struct cp_musl *musl, const char *name, size_t requester,
	struct cp_musl_file *file, size_t *object, struct cp_error **err)
{
	*object = CP_NO_OBJECT;
	file->facts = NULL;
	file->searched = false;
	file->code = 0;
	if (cp_musl_is_itself(musl, name))
		return use_loader(musl, requester, object, err);
	int known = find_file(musl, name, requester, file, object, err);
	if (known || file->code)
		return known < 0 ? -1 : 0;
	*object = loaded_file(musl, file);
	if (*object == CP_NO_OBJECT) {
		if (map_file(musl, file, err))
			return -1;
		if (file->code)
			return 0;
		if (is_second_libc(file->facts))
			return use_loader(musl, requester, object, err);
		if (add_file(musl, file, requester, object, err))
			return -1;
	}
	return file->searched ? give_name(musl, *object, err) : 0;
}

/* --- what is missing ----------------------------------------------------------- */

static bool is_loader_name(const char *name)
{
	return strncmp(name, "ld-linux", 8) == 0 || strncmp(name, "ld-musl-", 8) == 0 ||
	       strcmp(name, "ld64.so.1") == 0 || strcmp(name, "ld64.so.2") == 0;
}

static enum cp_cause cause_of(const struct cp_musl *musl, const char *name,
	const struct cp_facts *requester, const struct cp_musl_file *file)
{
	if (requester && requester->symbols_known && requester->machine != musl->target->machine)
		return CP_CAUSE_WRONG_ARCHITECTURE;
	if (file->code == ENOEXEC || file->code == EISDIR || file->code == EBUSY) {
		const struct cp_facts *facts = file->facts;
		bool foreign = facts && facts->machine != musl->target->machine &&
			       facts->defect != CP_DEFECT_TOO_SHORT;
		return foreign ? CP_CAUSE_WRONG_ARCHITECTURE : CP_CAUSE_NOT_ELF;
	}
	if (file->code == EINVAL && file->facts)
		return CP_CAUSE_WRONG_LIBC; /* a newer one maps it */
	return is_loader_name(name) ? CP_CAUSE_MISSING_LOADER : CP_CAUSE_MISSING_LIBRARY;
}

static int missing_need(struct cp_musl *musl, const char *name, size_t requester,
	const struct cp_musl_file *file, struct cp_error **err)
{
	const struct cp_loaded *needer = &musl->closure.objects[requester];
	struct cp_complaint complaint = {
		.cause = cause_of(musl, name, needer->facts, file),
		.object = requester,
		.subject = name,
	};
	return cp_closure_problem(&musl->closure, &complaint, err,
		"Error loading shared library %s: %s (needed by %s)", name,
		cp_musl_strerror(file->code), needer->path);
}

static int missing_itself(struct cp_musl *musl, const char *path, const struct cp_musl_file *file,
	struct cp_error **err)
{
	struct cp_complaint complaint = {
		.cause = cause_of(musl, path, NULL, file),
		.object = CP_NO_OBJECT,
		.path = path,
		.subject = path,
	};
	return cp_closure_problem(&musl->closure, &complaint, err,
		"Error loading shared library %s: %s", path, cp_musl_strerror(file->code));
}

/* A file that ends before its segments do is mapped, and the first touch of what is
 * not there ends the process. */
static int cut_off(struct cp_musl *musl, size_t object, struct cp_error **err)
{
	struct cp_complaint complaint = {.cause = CP_CAUSE_NOT_ELF, .object = object};
	return cp_closure_problem(&musl->closure, &complaint, err, NULL);
}

/* --- order ----------------------------------------------------------------------- */

static int load_needs(struct cp_musl *musl, size_t object, bool tell, struct cp_error **err)
{
	const struct cp_facts *facts = musl->closure.objects[object].facts;
	bool cut = facts &&
		   (facts->defect == CP_DEFECT_TRUNCATED || facts->defect == CP_DEFECT_NO_LOAD);
	if (cut && tell && cut_off(musl, object, err))
		return -1;
	for (size_t i = 0; facts && i < facts->n_needed; i++) {
		struct cp_musl_file file;
		const char *name = cp_facts_string(facts, facts->needed[i]);
		size_t provider;
		if (load_library(musl, name, object, &file, &provider, err))
			return -1;
		if (provider == CP_NO_OBJECT && tell &&
			missing_need(musl, name, object, &file, err))
			return -1;
		if (cp_closure_need(&musl->closure, object, i, provider, err))
			return -1;
	}
	return 0;
}

/* Breadth first: the list grows behind the one that is looked at. */
static int load_all_needs(struct cp_musl *musl, size_t from, bool tell, struct cp_error **err)
{
	for (size_t i = from; i < musl->closure.count; i++)
		if (load_needs(musl, i, tell, err))
			return -1;
	return 0;
}

static int relocate_from(struct cp_musl *musl, size_t from, struct cp_error **err)
{
	for (size_t i = from; i < musl->closure.count; i++)
		if (i != musl->loader && cp_musl_relocate(musl, i, err))
			return -1;
	return 0;
}

static int add_program(
	struct cp_musl *musl, const char *path, const struct cp_facts *facts, struct cp_error **err)
{
	size_t object =
		cp_closure_add(&musl->closure, path ? path : "", NULL, facts, CP_NO_OBJECT, err);
	return object == CP_NO_OBJECT ? -1 : 0;
}

/* gcompat's loader for glibc's programs is a small program of its own, which starts
 * musl's with libgcompat preloaded. */
static int load_gcompat(struct cp_musl *musl, const char *interpreter, struct cp_error **err)
{
	struct cp_found found;
	if (cp_root_resolve(&musl->target->root, interpreter, true, &found))
		return 0;
	const struct cp_facts *facts = cp_index_facts(found.index, found.node);
	if (facts == musl->loader_facts)
		return 0;
	struct cp_musl_file file;
	size_t object;
	return load_library(musl, "/lib/libgcompat.so.0", CP_MUSL_PROGRAM, &file, &object, err);
}

static int start_program(struct cp_musl *musl, const char *path, struct cp_error **err)
{
	struct cp_found found;
	int code = cp_root_resolve(&musl->target->root, path, true, &found);
	const struct cp_facts *facts = code ? NULL : cp_index_facts(found.index, found.node);
	if (!facts)
		return cp_error_set(err, code ? -code : ENOEXEC, "%s is no program", path);
	if (add_program(musl, path, facts, err) ||
		load_gcompat(musl, cp_facts_string(facts, facts->interpreter), err) ||
		load_all_needs(musl, CP_MUSL_PROGRAM, true, err))
		return -1;
	/* The program comes last, since it may copy what the others have relocated. */
	return relocate_from(musl, CP_MUSL_PROGRAM + 1, err) ||
			       cp_musl_relocate(musl, CP_MUSL_PROGRAM, err)
		       ? -1
		       : 0;
}

static int open_object(struct cp_musl *musl, const char *path, struct cp_error **err)
{
	const struct cp_program *program = &musl->target->program;
	struct cp_musl_file file;
	size_t object;
	if (add_program(musl, program->path, program->facts, err) ||
		load_all_needs(musl, CP_MUSL_PROGRAM, false, err))
		return -1;
	if (!program->facts && use_loader(musl, CP_MUSL_PROGRAM, &object, err))
		return -1;
	musl->first = musl->closure.count;
	if (load_library(musl, path, CP_NO_OBJECT, &file, &object, err))
		return -1;
	if (object == CP_NO_OBJECT)
		return missing_itself(musl, path, &file, err);
	if (load_all_needs(musl, musl->first, true, err))
		return -1;
	return relocate_from(musl, musl->first, err);
}

/* --- the loader itself ------------------------------------------------------------- */

/* Whether `path` is musl: its loader is its libc. */
static bool find_loader_at(struct cp_musl *musl, const char *path)
{
	if (cp_root_resolve(&musl->target->root, path, true, &musl->loader_found))
		return false;
	musl->loader_facts = cp_index_facts(musl->loader_found.index, musl->loader_found.node);
	return musl->loader_facts && is_second_libc(musl->loader_facts);
}

/* The loader that runs is the program's PT_INTERP; where that is another's (gcompat's), or
 * the program is not known, musl's own place. */
static int find_loader(struct cp_musl *musl, const char *program, struct cp_error **err)
{
	static const char *const places[][2] = {
		{"amd64", "/lib/ld-musl-x86_64.so.1"}, {"arm64", "/lib/ld-musl-aarch64.so.1"}};
	const struct cp_facts *facts = musl->target->program.facts;
	struct cp_found found;
	if (program && cp_root_resolve(&musl->target->root, program, true, &found) == 0)
		facts = cp_index_facts(found.index, found.node);
	if (facts && facts->interpreter) {
		musl->loader_name = cp_facts_string(facts, facts->interpreter);
		if (find_loader_at(musl, musl->loader_name))
			return 0;
	}
	const char *docker = cp_machine_docker_name(musl->target->machine, ELFCLASS64, ELFDATA2LSB);
	for (size_t i = 0; docker && i < sizeof(places) / sizeof(places[0]); i++) {
		musl->loader_name = places[i][1];
		if (strcmp(docker, places[i][0]) == 0 && find_loader_at(musl, places[i][1]))
			return 0;
	}
	return cp_error_set(err, ENOENT, "the target has no loader of musl");
}

static void musl_free(struct cp_musl **musl)
{
	if (!*musl)
		return;
	for (size_t i = 0; i < CP_CLOSURE_MAX_OBJECTS; i++)
		cp_musl_path_clear(&(*musl)->rpaths[i]);
	cp_musl_path_clear(&(*musl)->environment);
	cp_musl_path_clear(&(*musl)->system);
	cp_closure_cleanup(&(*musl)->closure);
	free(*musl);
}

int cp_loader_musl(const struct cp_target *target, const char *path, enum cp_load_mode mode,
	struct cp_load *load, struct cp_error **err)
{
	__attribute__((cleanup(musl_free))) struct cp_musl *musl = calloc(1, sizeof(*musl));
	if (!musl)
		return cp_error_set(err, ENOMEM, "no memory for a simulated load");
	musl->target = target;
	musl->mode = mode;
	musl->loader = CP_NO_OBJECT;
	cp_closure_init(&musl->closure, target, load);
	bool exec = mode == CP_LOAD_EXEC;
	if (find_loader(musl, exec ? path : NULL, err))
		return -1;
	if (exec ? start_program(musl, path, err) : open_object(musl, path, err))
		return -1;
	return cp_closure_finish(&musl->closure, err);
}
