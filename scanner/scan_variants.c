/* SPDX-License-Identifier: MIT
 *
 * What the packages' own loaders would pick on each target.
 *
 * The roll-up of scan_packages.c knows only which objects are there. Here each package
 * that chooses among builds is asked for its choice (variant.h), and its verdict
 * becomes that of the object chosen; where its loader finds nothing, that of what a
 * fresh install on the target would bring (obtain.h).
 *
 * Packages that are asked: those that own objects, and those that bring platform
 * packages by optionalDependencies (sharp owns no object; @img/sharp-linux-x64 does).
 * A platform package that its parent would not choose on a target, and that would
 * not load there, is `unused` there and not a failure: both variants in a tree are
 * normal.
 */
#include "scan_parts.h"

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "obtain.h"
#include "schemes/platform_words.h"
#include "variant.h"

#define MAX_ORPHANS 200 /* each walks its lock files */

struct known_lockfile {
	uint32_t node;                /* in the image's index */
	struct cp_lockfile *lockfile; /* NULL: could not be read */
};

/* One package that is asked, over all targets. */
struct asked {
	struct cp_package_result *result;
	json_t *manifest;
	struct cp_lockfile *lockfiles[4];
	size_t n_lockfiles;
};

struct step {
	struct cp_scan *scan;
	struct known_lockfile *known;
	size_t n_known, known_size;
	size_t results_size;
	struct cp_platform *platforms; /* one per target */
	json_t **chosen; /* optionalDependencies of the packages that were asked as parents */
	size_t n_chosen, chosen_size;
};

static const struct {
	const char *name;
	enum cp_lockfile_kind kind;
} lockfile_names[] = {
	{"package-lock.json", CP_LOCK_NPM},
	{"npm-shrinkwrap.json", CP_LOCK_NPM},
	{"pnpm-lock.yaml", CP_LOCK_PNPM},
	{"yarn.lock", CP_LOCK_YARN},
	{"node_modules/.package-lock.json", CP_LOCK_NPM},
};

static inline void decref_cleanup(json_t **value)
{
	json_decref(*value);
}
#define cleanup_json __attribute__((cleanup(decref_cleanup)))

static inline void obtain_cleanup(struct cp_obtain *obtain)
{
	cp_obtain_clear(obtain);
}

static inline void pick_cleanup(struct cp_pick *pick)
{
	cp_pick_clear(pick);
}

/* --- lock files -------------------------------------------------------------------- */

/* Read once each; one that is damaged costs a warning row, and is then as if it were not there. */
static struct cp_lockfile *read_lockfile(
	struct step *step, uint32_t node, const char *path, enum cp_lockfile_kind kind)
{
	for (size_t i = 0; i < step->n_known; i++)
		if (step->known[i].node == node)
			return step->known[i].lockfile;
	struct cp_index *index = step->scan->image->root;
	const struct cp_text *text = cp_index_text(index, node);
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_lockfile *lockfile = NULL;
	if (!text || cp_grow(&step->known, &step->known_size, step->n_known + 1,
			     sizeof(*step->known)) < 0)
		return NULL;
	/* A row tells its path by itself. */
	if (cp_lockfile_read(kind, text->data, text->size, "lock file", &lockfile, &err) < 0)
		cp_index_add_error(index, CP_SPOILS_OBJECT, path, "%s; it counts for nothing",
			err ? err->message : "out of memory");
	step->known[step->n_known++] = (struct known_lockfile){node, lockfile};
	return lockfile;
}

/* The lock files of the directories that enclose the package, nearest first. */
static void find_lockfiles(struct step *step, struct asked *asked)
{
	const struct cp_index *index = step->scan->image->root;
	char directory[CP_INDEX_MAX_PATH + 1], path[CP_INDEX_MAX_PATH + 64];
	snprintf(directory, sizeof(directory), "%s", asked->result->package->path);
	while (*directory && asked->n_lockfiles == 0) {
		*strrchr(directory, '/') = '\0';
		for (size_t i = 0; i < sizeof(lockfile_names) / sizeof(lockfile_names[0]); i++) {
			snprintf(path, sizeof(path), "%s/%s", directory, lockfile_names[i].name);
			uint32_t node = cp_index_find(index, path);
			struct cp_lockfile *lockfile =
				node == CP_NO_NODE
					? NULL
					: read_lockfile(step, node, path, lockfile_names[i].kind);
			if (lockfile && asked->n_lockfiles < 4)
				asked->lockfiles[asked->n_lockfiles++] = lockfile;
		}
	}
}

/* --- verdicts ---------------------------------------------------------------------- */

static int compare_object_path(const void *path, const void *object)
{
	return strcmp(path, ((const struct cp_object *)object)->path);
}

static const struct cp_object *find_object(const struct cp_scan *scan, const char *path)
{
	if (!scan->n_objects)
		return NULL;
	return bsearch(
		path, scan->objects, scan->n_objects, sizeof(*scan->objects), compare_object_path);
}

static void take_object(struct cp_verdict *verdict, const struct cp_object *object, size_t target,
	const char *scheme)
{
	const struct cp_load *load = &object->loads[target];
	verdict->outcome = load->outcome;
	verdict->cause = load->cause;
	verdict->object = object;
	verdict->message = load->message;
	verdict->how = "installed";
	verdict->scheme = scheme;
}

static bool is_trouble(enum cp_outcome outcome)
{
	return outcome == CP_OUTCOME_FAILS || outcome == CP_OUTCOME_CRASHES ||
	       outcome == CP_OUTCOME_FOREIGN;
}

/* What a fresh install would bring stands in for what is there. */
static int take_obtainable(struct cp_verdict *verdict, const struct cp_package *package,
	const struct cp_obtain *obtain, struct cp_error **err)
{
	const char *name = obtain->package ? obtain->package : package->name;
	const char *version = obtain->version ? obtain->version : package->version;
	char *brings = NULL;
	if (asprintf(&brings, version ? "%s@%s" : "%s", name, version) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	free(verdict->brings);
	verdict->brings = brings;
	verdict->outcome = CP_OUTCOME_LOADS;
	verdict->cause = CP_CAUSE_NONE;
	verdict->object = NULL;
	verdict->message = NULL;
	verdict->how = cp_how_name(obtain->how);
	return 0;
}

static int judge_without(struct asked *asked, const struct cp_variant_context *context,
	const struct cp_pick *pick, struct cp_verdict *verdict, struct cp_error **err)
{
	__attribute__((cleanup(obtain_cleanup))) struct cp_obtain obtain = {0};
	if (cp_obtain_judge(context, pick, asked->lockfiles, asked->n_lockfiles, &obtain, err) < 0)
		return -1;
	verdict->scheme = pick->scheme;
	if (obtain.how == CP_HOW_OBTAINABLE || obtain.how == CP_HOW_BUILDABLE)
		return take_obtainable(verdict, asked->result->package, &obtain, err);
	/* The best that is there decides, and nothing better is to be had. */
	verdict->how = verdict->object ? "installed" : "none";
	if (!verdict->object && verdict->outcome != CP_OUTCOME_FOREIGN) {
		verdict->outcome = CP_OUTCOME_FAILS;
		verdict->cause = CP_CAUSE_MISSING_LIBRARY;
	}
	return 0;
}

/* What the loader ends up with: the first of its tries that can be loaded (one that crashes later
 * was loaded), else the first of all. NULL: none is an object here. */
static const struct cp_object *settle(
	const struct cp_scan *scan, const struct cp_pick *pick, size_t target)
{
	const struct cp_object *first = pick->path ? find_object(scan, pick->path) : NULL;
	const struct cp_object *object = first;
	for (size_t i = 0;; i++) {
		if (object && object->loads[target].outcome != CP_OUTCOME_FAILS &&
			object->loads[target].outcome != CP_OUTCOME_FOREIGN)
			return object;
		if (i == pick->n_next)
			return first;
		object = find_object(scan, pick->next[i]);
	}
}

static int ask(struct step *step, struct asked *asked, size_t target, struct cp_error **err)
{
	struct cp_scan *scan = step->scan;
	struct cp_verdict *verdict = &asked->result->verdicts[target];
	struct cp_variant_context context = {.root = &scan->targets[target].target.root,
		.platform = &step->platforms[target],
		.directory = asked->result->package->path,
		.manifest = asked->manifest};
	__attribute__((cleanup(pick_cleanup))) struct cp_pick pick = {0};
	if (cp_variant_pick(&context, &pick, err) < 0)
		return -1;
	if (pick.state == CP_PICK_NONE)
		return 0;
	const struct cp_object *object = settle(scan, &pick, target);
	if (pick.state == CP_PICK_FOUND && object) {
		take_object(verdict, object, target, pick.scheme);
		/* A build fixed at install for another libc is made anew by a fresh install. */
		if (!pick.compiled_at_install || !is_trouble(verdict->outcome))
			return 0;
	}
	return judge_without(asked, &context, &pick, verdict, err);
}

/* --- which packages ---------------------------------------------------------------- */

static struct cp_package_result *find_result(struct cp_scan *scan, const struct cp_package *package)
{
	for (size_t i = 0; i < scan->n_results; i++)
		if (scan->results[i].package == package)
			return &scan->results[i];
	return NULL;
}

static struct cp_package_result *add_result(
	struct step *step, const struct cp_package *package, struct cp_error **err)
{
	struct cp_scan *scan = step->scan;
	if (cp_grow(&scan->results, &step->results_size, scan->n_results + 1,
		    sizeof(*scan->results)) < 0) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	struct cp_verdict *verdicts =
		calloc(scan->n_targets ? scan->n_targets : 1, sizeof(*verdicts));
	if (!verdicts) {
		cp_error_set(err, ENOMEM, "out of memory");
		return NULL;
	}
	for (size_t t = 0; t < scan->n_targets; t++)
		verdicts[t] = (struct cp_verdict){.outcome = CP_OUTCOME_UNKNOWN, .how = "none"};
	struct cp_package_result *result = &scan->results[scan->n_results++];
	*result = (struct cp_package_result){package, verdicts};
	return result;
}

static json_t *manifest_of(const struct cp_index *index, const struct cp_package *package)
{
	char path[CP_INDEX_MAX_PATH + 32];
	snprintf(path, sizeof(path), "%s/package.json", package->path);
	return cp_package_json_at(index, cp_index_find(index, path));
}

static int ask_everywhere(struct step *step, struct asked *asked, struct cp_error **err)
{
	find_lockfiles(step, asked);
	for (size_t t = 0; t < step->scan->n_targets; t++)
		if (ask(step, asked, t, err) < 0)
			return cp_error_wrap(err, "%s", asked->result->package->path);
	return 0;
}

static int ask_owners(struct step *step, size_t count, struct cp_error **err)
{
	for (size_t i = 0; i < count; i++) {
		struct asked asked = {.result = &step->scan->results[i]};
		cleanup_json json_t *manifest =
			manifest_of(step->scan->image->root, asked.result->package);
		asked.manifest = manifest;
		if (manifest && ask_everywhere(step, &asked, err) < 0)
			return -1;
	}
	return 0;
}

/* Objects that a package chooses from, in packages of their own. */
static void mark_unused(struct step *step, const struct asked *parent)
{
	struct cp_scan *scan = step->scan;
	const json_t *optional = json_object_get(parent->manifest, "optionalDependencies");
	for (size_t i = 0; i < scan->n_results; i++) {
		struct cp_package_result *result = &scan->results[i];
		if (result == parent->result || !json_object_get(optional, result->package->name))
			continue;
		for (size_t t = 0; t < scan->n_targets; t++) {
			struct cp_verdict *verdict = &result->verdicts[t];
			const struct cp_verdict *chosen = &parent->result->verdicts[t];
			bool is_chosen =
				chosen->object && chosen->object->package == result->package;
			if (!is_chosen && chosen->outcome == CP_OUTCOME_LOADS &&
				is_trouble(verdict->outcome) &&
				verdict->outcome != CP_OUTCOME_FOREIGN)
				verdict->outcome = CP_OUTCOME_UNUSED;
		}
	}
}

/* Whether one of the optional dependencies is a package here that owns objects: only then does the
 * choice matter to anyone. */
static bool brings_objects(const struct cp_scan *scan, const json_t *manifest)
{
	const json_t *optional = json_object_get(manifest, "optionalDependencies");
	if (!json_is_object(optional))
		return false;
	for (size_t i = 0; i < scan->n_results; i++)
		if (json_object_get(optional, scan->results[i].package->name))
			return true;
	return false;
}

static bool any_known(const struct cp_scan *scan, const struct cp_package_result *result)
{
	for (size_t t = 0; t < scan->n_targets; t++)
		if (result->verdicts[t].outcome != CP_OUTCOME_UNKNOWN)
			return true;
	return false;
}

static int ask_parent(struct step *step, const struct cp_package *package, struct cp_error **err)
{
	struct cp_scan *scan = step->scan;
	cleanup_json json_t *manifest = manifest_of(scan->image->root, package);
	if (!manifest || !brings_objects(scan, manifest))
		return 0;
	if (cp_grow(&step->chosen, &step->chosen_size, step->n_chosen + 1, sizeof(*step->chosen)) <
		0)
		return cp_error_set(err, ENOMEM, "out of memory");
	step->chosen[step->n_chosen++] =
		json_incref(json_object_get(manifest, "optionalDependencies"));
	struct asked asked = {.result = find_result(scan, package), .manifest = manifest};
	bool added = !asked.result;
	if (added) {
		asked.result = add_result(step, package, err);
		if (!asked.result || ask_everywhere(step, &asked, err) < 0)
			return -1;
	}
	mark_unused(step, &asked);
	if (added && !any_known(scan, asked.result)) {
		scan->n_results--; /* it chooses in no way that is known */
		cp_package_result_clear(asked.result, scan->n_targets);
	}
	return 0;
}

/* The word is looked for before the text is parsed: few of the thousands of package.json have it.
 */
static int ask_parents(struct step *step, struct cp_error **err)
{
	static const char word[] = "\"optionalDependencies\"";
	struct cp_scan *scan = step->scan;
	const struct cp_index *index = scan->image->root;
	for (uint32_t node = 0; node < cp_index_count(index); node++) {
		const struct cp_text *text = cp_index_text(index, node);
		if (!text || strcmp(cp_index_name(index, node), "package.json") != 0 ||
			!memmem(text->data, text->size, word, sizeof(word) - 1))
			continue;
		const struct cp_package *package = cp_packages_owner(scan->packages, node);
		if (package && ask_parent(step, package, err) < 0)
			return -1;
	}
	return 0;
}

/* --- platform packages without a parent ----------------------------------------------------- */

static bool has_parent(const struct step *step, const char *name)
{
	for (size_t i = 0; i < step->n_chosen; i++)
		if (json_object_get(step->chosen[i], name))
			return true;
	return false;
}

static int ask_orphan(struct step *step, struct asked *asked, size_t target, struct cp_error **err)
{
	struct cp_scan *scan = step->scan;
	struct cp_verdict *verdict = &asked->result->verdicts[target];
	struct cp_variant_context context = {.root = &scan->targets[target].target.root,
		.platform = &step->platforms[target],
		.directory = asked->result->package->path,
		.manifest = asked->manifest};
	__attribute__((cleanup(obtain_cleanup))) struct cp_obtain obtain = {0};
	if (!is_trouble(verdict->outcome) || verdict->outcome == CP_OUTCOME_FOREIGN)
		return 0;
	if (cp_obtain_sibling(&context, asked->result->package->name, asked->lockfiles,
		    asked->n_lockfiles, &obtain, err) < 0)
		return -1;
	return obtain.how == CP_HOW_OBTAINABLE
		       ? take_obtainable(verdict, asked->result->package, &obtain, err)
		       : 0;
}

/* Where no package here chooses it, the lock file tells what the one that does would be given. */
static int ask_orphans(struct step *step, struct cp_error **err)
{
	struct cp_scan *scan = step->scan;
	size_t left = MAX_ORPHANS;
	for (size_t i = 0; i < scan->n_results && left; i++) {
		struct asked asked = {.result = &scan->results[i]};
		if (!cp_platform_words(asked.result->package->name).linux_ ||
			has_parent(step, asked.result->package->name))
			continue;
		cleanup_json json_t *manifest =
			manifest_of(scan->image->root, asked.result->package);
		asked.manifest = manifest;
		if (manifest)
			find_lockfiles(step, &asked);
		left -= asked.n_lockfiles > 0;
		for (size_t t = 0; asked.n_lockfiles && t < scan->n_targets; t++)
			if (ask_orphan(step, &asked, t, err) < 0)
				return -1;
	}
	return 0;
}

/* --- the step ---------------------------------------------------------------------- */

static void describe_platform(const struct cp_scan *scan, const struct cp_scan_target *target,
	struct cp_platform *platform)
{
	struct cp_found found;
	int major = target->node_major;
	*platform = (struct cp_platform){.libc = target->target.libc,
		.arch = cp_machine_node_name(
			scan->machine, 2 /* ELFCLASS64 */, 1 /* ELFDATA2LSB */),
		.node_major = major,
		.node_module_version = major ? cp_node_module_version(major) : -1,
		.node_api = major ? cp_node_api_version(major) : -1,
		.alpine_release = cp_root_resolve(&target->target.root, "/etc/alpine-release", true,
					  &found) == 0};
}

static int by_package(const void *a, const void *b)
{
	const struct cp_package *left = ((const struct cp_package_result *)a)->package;
	const struct cp_package *right = ((const struct cp_package_result *)b)->package;
	int order = strcmp(left->name, right->name);
	if (!order)
		order = strcmp(
			left->version ? left->version : "", right->version ? right->version : "");
	return order ? order : strcmp(left->path, right->path);
}

static void clear(struct step *step)
{
	for (size_t i = 0; i < step->n_known; i++)
		cp_lockfile_free(step->known[i].lockfile);
	for (size_t i = 0; i < step->n_chosen; i++)
		json_decref(step->chosen[i]);
	free(step->chosen);
	free(step->known);
	free(step->platforms);
}

int cp_scan_variants(struct cp_scan *scan, struct cp_error **err)
{
	struct step step = {.scan = scan};
	step.platforms = calloc(scan->n_targets ? scan->n_targets : 1, sizeof(*step.platforms));
	if (!step.platforms)
		return cp_error_set(err, ENOMEM, "out of memory");
	for (size_t t = 0; t < scan->n_targets; t++)
		describe_platform(scan, &scan->targets[t], &step.platforms[t]);
	int result = ask_owners(&step, scan->n_results, err);
	if (result == 0)
		result = ask_parents(&step, err);
	if (result == 0)
		result = ask_orphans(&step, err);
	clear(&step);
	if (result == 0 && scan->n_results)
		qsort(scan->results, scan->n_results, sizeof(*scan->results), by_package);
	return result;
}
