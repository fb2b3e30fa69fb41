/* SPDX-License-Identifier: MIT
 *
 * loads_with: what fails only for want of packages of the distribution.
 *
 * An object whose closure lacks libraries loads once each of them is there, if that is
 * all that is wrong with it. So the outcome changes only where every missing library
 * is in the target's release, and nothing else is wrong that these libraries could
 * not cure: a symbol that is missing beside a missing library may well be one
 * of its own, but not in an object that was built for another libc. The problem
 * that is not cured is the one to tell people of: the loader's first message would
 * send them to add a package in vain.
 */
#include "scan_parts.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
#include "syslibs.h"

/* The release whose packages a target has: its base's name, or for the image itself what its
 * os-release says. Into `buffer` where it has to be made; NULL: not known. */
static const char *release_of(
	const struct cp_scan *scan, const struct cp_scan_target *target, char *buffer, size_t size)
{
	static const struct {
		const char *version, *name;
	} debians[] = {
		{"11", "debian-bullseye"}, {"12", "debian-bookworm"}, {"13", "debian-trixie"}};
	const char *id = target->base ? target->base->os_id : scan->os_id;
	const char *version = target->base ? target->base->os_version : scan->os_version;
	if (!id || !version)
		return NULL;
	for (size_t i = 0; !strcmp(id, "debian") && i < sizeof(debians) / sizeof(debians[0]); i++)
		if (!strcmp(version, debians[i].version))
			return debians[i].name;
	const char *minor = strcmp(id, "alpine") == 0 ? strchr(version, '.') : NULL;
	if (!minor)
		return NULL;
	size_t digits = strspn(minor + 1, "0123456789");
	snprintf(buffer, size, "alpine-%.*s", (int)(minor + 1 + digits - version), version);
	return buffer;
}

/* Whether more libraries could cure the problem. */
static bool is_curable(const struct cp_object *object, const struct cp_scan_target *target,
	const struct cp_problem *problem)
{
	if (problem->cause == CP_CAUSE_MISSING_LIBRARY)
		return true;
	return problem->cause == CP_CAUSE_MISSING_SYMBOL &&
	       object->facts->libc == target->target.libc;
}

static int add_package(struct cp_load *load, const char *package)
{
	for (size_t i = 0; i < load->n_add_packages; i++)
		if (!strcmp(load->add_packages[i], package))
			return 0;
	char **grown = reallocarray(
		load->add_packages, load->n_add_packages + 1, sizeof(*load->add_packages));
	if (!grown)
		return -1;
	load->add_packages = grown;
	load->add_packages[load->n_add_packages] = strdup(package);
	return load->add_packages[load->n_add_packages++] ? 0 : -1;
}

static void drop_packages(struct cp_load *load)
{
	for (size_t i = 0; i < load->n_add_packages; i++)
		free(load->add_packages[i]);
	free(load->add_packages);
	load->add_packages = NULL;
	load->n_add_packages = 0;
}

int cp_scan_judge_packages(const struct cp_scan *scan, const struct cp_scan_target *target,
	const struct cp_object *object, struct cp_load *load, struct cp_error **err)
{
	char buffer[64];
	const char *release = release_of(scan, target, buffer, sizeof(buffer));
	if (load->outcome != CP_OUTCOME_FAILS || load->cause != CP_CAUSE_MISSING_LIBRARY ||
		!release || load->problems_dropped)
		return 0;
	for (size_t i = 0; i < load->n_problems; i++) {
		const struct cp_problem *problem = &load->problems[i];
		const char *package = problem->cause == CP_CAUSE_MISSING_LIBRARY && problem->subject
					      ? cp_syslib_package(release, problem->subject)
					      : NULL;
		if (!is_curable(object, target, problem) ||
			(problem->cause == CP_CAUSE_MISSING_LIBRARY && !package)) {
			load->decisive = i;
			drop_packages(load);
			return 0;
		}
		if (package && add_package(load, package) < 0) {
			drop_packages(load);
			return cp_error_set(err, ENOMEM, "out of memory");
		}
	}
	load->outcome = CP_OUTCOME_LOADS_WITH;
	return 0;
}
