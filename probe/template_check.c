/* SPDX-License-Identifier: MIT
 *
 * The checks of a template. Each asks the release's own lists (syslibs.h) or the loader's
 * simulation; none guesses: a package of a release that is not known, or of a kind that the lists
 * leave out, is no finding.
 */
#include "template_check.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "syslibs.h"
#include "table_rows.h"

static int no_memory(struct cp_error **err)
{
	return cp_error_set(err, ENOMEM, "out of memory");
}

const char *cp_finding_name(enum cp_finding_kind kind)
{
	static const char *const names[] = {
		[CP_FINDING_MISSING_PACKAGE] = "missing_package",
		[CP_FINDING_WRONG_TOOL] = "wrong_tool",
		[CP_FINDING_PYTHON] = "python",
		[CP_FINDING_BASE_TOO_OLD] = "base_too_old",
		[CP_FINDING_NODE_VERSION] = "node_version",
	};
	return names[kind];
}

static void clear_finding(struct cp_finding *finding)
{
	free(finding->subject);
	free(finding->suggestion);
	free(finding->service);
	free(finding->text);
}

void cp_findings_clear(struct cp_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		clear_finding(&findings->items[i]);
	for (size_t i = 0; i < findings->n_unknown; i++)
		free(findings->unknown[i]);
	free(findings->unknown);
	free(findings->items);
	*findings = (struct cp_findings){0};
}

static int compare_findings(const void *a, const void *b)
{
	const struct cp_finding *left = a, *right = b;
	if (left->line != right->line)
		return left->line < right->line ? -1 : 1;
	return (left->order > right->order) - (left->order < right->order);
}

void cp_findings_sort(struct cp_findings *findings)
{
	if (findings->count)
		qsort(findings->items, findings->count, sizeof(*findings->items), compare_findings);
}

static int add(struct cp_findings *findings, struct cp_error **err, enum cp_finding_kind kind,
	unsigned line, const char *subject, const char *suggestion, const char *format, ...)
	__attribute__((format(printf, 7, 8)));

static int add(struct cp_findings *findings, struct cp_error **err, enum cp_finding_kind kind,
	unsigned line, const char *subject, const char *suggestion, const char *format, ...)
{
	struct cp_finding finding = {.kind = kind, .line = line, .order = findings->count};
	va_list args;
	va_start(args, format);
	if (vasprintf(&finding.text, format, args) < 0)
		finding.text = NULL;
	va_end(args);
	finding.subject = strdup(subject);
	finding.suggestion = suggestion ? strdup(suggestion) : NULL;
	if (!finding.text || !finding.subject || (suggestion && !finding.suggestion) ||
		cp_grow(&findings->items, &findings->capacity, findings->count + 1,
			sizeof(finding)) < 0) {
		clear_finding(&finding);
		return no_memory(err);
	}
	findings->items[findings->count++] = finding;
	return 0;
}

/* The last finding is about a package of that service. */
static int blame_service(struct cp_findings *findings, const char *name, struct cp_error **err)
{
	struct cp_finding *finding = &findings->items[findings->count - 1];
	finding->service = strdup(name);
	return finding->service ? 0 : no_memory(err);
}

static int note_unknown(struct cp_findings *findings, const char *name, struct cp_error **err)
{
	for (size_t i = 0; i < findings->n_unknown; i++)
		if (strcmp(findings->unknown[i], name) == 0)
			return 0;
	char *copy = strdup(name);
	if (!copy || cp_grow(&findings->unknown, &findings->unknown_capacity,
			     findings->n_unknown + 1, sizeof(*findings->unknown)) < 0) {
		free(copy);
		return no_memory(err);
	}
	findings->unknown[findings->n_unknown++] = copy;
	return 0;
}

/* --- releases ------------------------------------------------------------------------------ */

char *cp_template_release(const struct cp_base *base)
{
	static const struct {
		const char *version, *name;
	} debians[] = {
		{"11", "debian-bullseye"}, {"12", "debian-bookworm"}, {"13", "debian-trixie"}};
	const char *version = base->os_version;
	char *release;
	if (!base->os_id || !version)
		return NULL;
	for (size_t i = 0; strcmp(base->os_id, "debian") == 0 && i < 3; i++)
		if (strcmp(version, debians[i].version) == 0)
			return strdup(debians[i].name);
	if (strcmp(base->os_id, "alpine") != 0)
		return NULL;
	size_t major = strspn(version, "0123456789");
	size_t minor = version[major] == '.' ? strspn(version + major + 1, "0123456789") : 0;
	if (!minor || asprintf(&release, "alpine-%.*s", (int)(major + 1 + minor), version) < 0)
		return NULL;
	return release;
}

/* The release of the base looked at last: the packages of a stage come one after the other. */
struct releases {
	const char *base; /* borrowed; NULL: none yet */
	char *release;    /* NULL: not known */
};

static const char *release_of(struct releases *last, const char *base_name)
{
	int node_major;
	cp_cleanup_base struct cp_base *base = NULL;
	if (!base_name)
		return NULL;
	if (last->base && strcmp(last->base, base_name) == 0)
		return last->release;
	free(last->release);
	last->base = base_name;
	last->release = cp_base_find(base_name, &base, &node_major, NULL) == 0
				? cp_template_release(base)
				: NULL;
	return last->release;
}

/* --- packages ------------------------------------------------------------------------------- */

/* "bullseye" of "debian-bullseye", but "Alpine 3.20" of "alpine-3.20". */
static void release_words(const char *release, char words[static 64])
{
	const char *dash = strchr(release, '-');
	bool is_alpine = strncmp(release, "alpine-", 7) == 0;
	snprintf(words, 64, "%s%s", is_alpine ? "Alpine " : "", dash + 1);
}

static int check_package(const struct cp_dockerfile_package *package, const char *release,
	bool is_apt, struct cp_findings *findings, struct cp_error **err)
{
	char words[64];
	const char *name = package->name;
	release_words(release, words);
	if (is_apt != (strncmp(release, "debian-", 7) == 0))
		return add(findings, err, CP_FINDING_WRONG_TOOL, package->line, name, NULL,
			"%s is added by %s, which %s does not have", name,
			is_apt ? "apt-get" : "apk", words);
	int exists = cp_syslib_package_exists(release, name);
	if (exists != 0)
		return exists < 0 ? note_unknown(findings, name, err) : 0;
	const char *similar = cp_syslib_similar_package(release, name);
	if (strcmp(name, "python") == 0) /* a name that went with Python 2 */
		similar = "python-is-python3";
	return add(findings, err, CP_FINDING_MISSING_PACKAGE, package->line, name, similar,
		"%s does not exist in %s%s%s", name, words, similar ? "; it has " : "",
		similar ? similar : "");
}

static int check_packages(const struct cp_dockerfile_package *packages, size_t count, bool is_apt,
	struct cp_findings *findings, struct cp_error **err)
{
	struct releases last = {0};
	int result = 0;
	for (size_t i = 0; result == 0 && i < count; i++) {
		const char *release = release_of(&last, packages[i].base);
		result = release ? check_package(&packages[i], release, is_apt, findings, err)
				 : note_unknown(findings, packages[i].name, err);
	}
	free(last.release);
	return result;
}

int cp_template_check(
	const struct cp_dockerfile *dockerfile, struct cp_findings *findings, struct cp_error **err)
{
	if (check_packages(dockerfile->apt, dockerfile->n_apt, true, findings, err) < 0 ||
		check_packages(
			dockerfile->build_apt, dockerfile->n_build_apt, true, findings, err) < 0 ||
		check_packages(dockerfile->apk, dockerfile->n_apk, false, findings, err) < 0)
		return -1;
	return check_packages(dockerfile->build_apk, dockerfile->n_build_apk, false, findings, err);
}

/* --- python ----------------------------------------------------------------------------------- */

/* The distributions' ways to the two commands. Alpine's python3 brings "python" too, but in 3.16
 * that was a package of its own (main/python3/APKBUILD). */
static const char *const brings_python3[] = {
	"python3", "python3-minimal", "python3-dev", "python3-pip", "python3-venv", NULL};
static const char *const brings_python[] = {
	"python-is-python3", "pythonispython3", "python", "python-minimal", "python2", NULL};
static const char *const brings_python2[] = {"python2", "python2-minimal", "python2.7",
	"python2.7-minimal", "python", "python-minimal", NULL};

static bool is_called(const struct cp_dockerfile_package *package, const char *const *names)
{
	for (size_t i = 0; names[i]; i++)
		if (strcmp(package->name, names[i]) == 0)
			return true;
	return false;
}

/* The first package so called that a stage adds, of Debian's or of the Alpine where it matters. */
static const struct cp_dockerfile_package *find(
	const struct cp_dockerfile *dockerfile, const char *const *names, struct releases *last)
{
	const struct {
		const struct cp_dockerfile_package *items;
		size_t count;
		bool apk;
	} lists[] = {{dockerfile->apt, dockerfile->n_apt, false},
		{dockerfile->build_apt, dockerfile->n_build_apt, false},
		{dockerfile->apk, dockerfile->n_apk, true},
		{dockerfile->build_apk, dockerfile->n_build_apk, true}};
	for (size_t list = 0; list < sizeof(lists) / sizeof(lists[0]); list++) {
		for (size_t i = 0; i < lists[list].count; i++) {
			const struct cp_dockerfile_package *package = &lists[list].items[i];
			if (!is_called(package, names))
				continue;
			const char *release =
				lists[list].apk ? release_of(last, package->base) : "";
			if (!lists[list].apk || (release && strcmp(release, "alpine-3.16") == 0))
				return package;
		}
	}
	return NULL;
}

/* What the template makes of the two names. */
struct pythons {
	const struct cp_dockerfile_package *three; /* NULL: it adds none */
	bool plain, two;
	const char *suggestion;     /* package that brings "python"; static */
	const char *suggestion_two; /* package that brings Python 2; static, or NULL */
};

static struct pythons look_for_pythons(const struct cp_dockerfile *dockerfile)
{
	struct releases last = {0};
	struct pythons found = {.three = find(dockerfile, brings_python3, &last),
		.plain = dockerfile->makes_python || find(dockerfile, brings_python, &last),
		.two = find(dockerfile, brings_python2, &last) != NULL};
	const char *release = found.three ? release_of(&last, found.three->base) : NULL;
	bool is_alpine = release && strncmp(release, "alpine-", 7) == 0;
	found.suggestion = is_alpine ? "pythonispython3" : "python-is-python3";
	if (release && cp_syslib_package_exists(release, "python2") == 1)
		found.suggestion_two = "python2";
	free(last.release);
	return found;
}

static int add_python(const struct pythons *pythons, const struct cp_template_service *service,
	const struct cp_python_caller *caller, struct cp_findings *findings, struct cp_error **err)
{
	const char *three = pythons->three->name;
	cp_cleanup_free char *label = cp_package_label(caller->package);
	int result;
	if (!label)
		return no_memory(err);
	if (caller->python2)
		result = add(findings, err, CP_FINDING_PYTHON, pythons->three->line, label,
			pythons->suggestion_two,
			"%s of %s is built by %s, which knows Python 2 alone; there is only %s",
			label, service->name, caller->where, three);
	else
		result = add(findings, err, CP_FINDING_PYTHON, pythons->three->line, label,
			pythons->suggestion,
			"%s of %s calls \"python\" when it is built (%s), and there is only %s; "
			"%s or a link makes it",
			label, service->name, caller->where, three, pythons->suggestion);
	return result < 0 ? -1 : blame_service(findings, service->name, err);
}

static int check_callers(const struct pythons *pythons, const struct cp_template_service *service,
	struct cp_findings *findings, struct cp_error **err)
{
	struct cp_python_caller *callers;
	size_t count;
	if (cp_python_callers(service->scan, &callers, &count, err) < 0)
		return -1;
	int result = 0;
	for (size_t i = 0; i < count && result == 0; i++)
		if (callers[i].python2 ? !pythons->two : !pythons->plain)
			result = add_python(pythons, service, &callers[i], findings, err);
	cp_python_callers_free(callers, count);
	return result;
}

int cp_template_check_python(const struct cp_dockerfile *dockerfile,
	const struct cp_template_service *service, struct cp_findings *findings,
	struct cp_error **err)
{
	struct pythons pythons = look_for_pythons(dockerfile);
	if (!pythons.three)
		return 0;
	if (service)
		return check_callers(&pythons, service, findings, err);
	if (pythons.plain)
		return 0;
	if (add(findings, err, CP_FINDING_PYTHON, pythons.three->line, pythons.three->name,
		    pythons.suggestion,
		    "python exists only as python3: if a package's build calls \"python\", as gl's "
		    "does, it fails; %s or a link makes it",
		    pythons.suggestion) < 0)
		return -1;
	findings->items[findings->count - 1].conditional = true;
	return 0;
}

/* --- services -----------------------------------------------------------------------------------
 */

const char *cp_template_newest(const struct cp_base *base)
{
	if (!base->os_id)
		return NULL;
	return strcmp(base->os_id, "alpine") == 0   ? "alpine"
	       : strcmp(base->os_id, "debian") == 0 ? "debian-trixie"
						    : NULL;
}

static bool stops(const struct cp_verdict *verdict)
{
	return verdict->outcome == CP_OUTCOME_FAILS || verdict->outcome == CP_OUTCOME_CRASHES;
}

static bool is_of_age(const struct cp_verdict *here, const struct cp_verdict *newest)
{
	return here->cause == CP_CAUSE_SYMBOL_VERSION ||
	       (here->cause == CP_CAUSE_MISSING_SYMBOL && !stops(newest));
}

int cp_template_check_age(const struct cp_dockerfile *dockerfile,
	const struct cp_template_service *service, struct cp_findings *findings,
	struct cp_error **err)
{
	const struct cp_scan *scan = service->scan;
	size_t target = service->target;
	for (size_t i = 0; i < scan->n_results; i++) {
		const struct cp_verdict *verdict = &scan->results[i].verdicts[target];
		bool is_old = is_of_age(verdict, &scan->results[i].verdicts[service->newest]);
		bool is_node = verdict->cause == CP_CAUSE_NODE_ABI ||
			       verdict->cause == CP_CAUSE_NODE_API_VERSION;
		if (!stops(verdict) || !(is_old || is_node) || !verdict->object)
			continue;
		cp_cleanup_free char *label = cp_package_label(scan->results[i].package);
		cp_cleanup_free char *reason = cp_reason(
			verdict->object, &scan->targets[target], &verdict->object->loads[target]);
		if (!label || !reason)
			return no_memory(err);
		if (add(findings, err, is_old ? CP_FINDING_BASE_TOO_OLD : CP_FINDING_NODE_VERSION,
			    dockerfile->base_line, label, NULL, "%s is too old for %s: %s %s",
			    dockerfile->base, service->name, label, reason) < 0 ||
			blame_service(findings, service->name, err) < 0)
			return -1;
	}
	return 0;
}
