/* SPDX-License-Identifier: MIT
 *
 * What is wrong with a template, before anything is built from it.
 */
#ifndef CP_TEMPLATE_CHECK_H
#define CP_TEMPLATE_CHECK_H

#include "base.h"
#include "dockerfile.h"
#include "python_callers.h"
#include "scan.h"

enum cp_finding_kind {
	CP_FINDING_MISSING_PACKAGE, /* the release has no package of that name */
	CP_FINDING_WRONG_TOOL,      /* apt on Alpine, apk on Debian */
	CP_FINDING_PYTHON,          /* python3 without the name python, which a build calls */
	CP_FINDING_BASE_TOO_OLD,    /* for a service: libc, libstdc++ */
	CP_FINDING_NODE_VERSION,    /* for a service: Node's ABI or Node-API */
};
const char *cp_finding_name(enum cp_finding_kind kind); /* "missing_package", … */

struct cp_finding {
	enum cp_finding_kind kind;
	unsigned line;    /* of the Dockerfile, 1-based */
	size_t order;     /* in which it was found */
	char *subject;    /* package; owned */
	char *suggestion; /* what to write instead, or NULL; owned */
	char *service;    /* whose package it is about, or NULL; owned */
	bool conditional; /* wrong only if a service asks for it, and no service was looked at */
	char *text;       /* a sentence; owned, not yet safe to print */
};

struct cp_findings {
	struct cp_finding *items;
	size_t count, capacity;
	char **unknown; /* names of packages that no list here can tell, each once; owned */
	size_t n_unknown, unknown_capacity;
};
void cp_findings_clear(struct cp_findings *findings);
/* By line, then as found. */
void cp_findings_sort(struct cp_findings *findings);

/* The release whose packages a base takes: "debian-bullseye", "alpine-3.20". Owned; NULL: another
 * system, or without memory. */
char *cp_template_release(const struct cp_base *base);

/* The newest release of the base's distribution, a target's name; static. NULL: not known. */
const char *cp_template_newest(const struct cp_base *base);

/* Packages that the releases of their stages lack. What is not known is no finding. 0, or -1. */
int cp_template_check(const struct cp_dockerfile *dockerfile, struct cp_findings *findings,
	struct cp_error **err);

/* A service that is built from the template, or is to be. */
struct cp_template_service {
	const char *name; /* as findings call it */
	const struct cp_scan *scan;
	size_t target; /* of the scan: the template's base */
	size_t newest; /* and the newest release of its distribution */
};

/* What fails of the service on the template's base because of the age of base or Node: a version of
 * a symbol that the base lacks, or a symbol, where the newest release has what it takes. 0, or -1.
 */
int cp_template_check_age(const struct cp_dockerfile *dockerfile,
	const struct cp_template_service *service, struct cp_findings *findings,
	struct cp_error **err);

/* A python that exists only as python3: which of the service's packages call it when they are
 * built. NULL: no service is known, and the finding is a conditional one. 0, or -1. */
int cp_template_check_python(const struct cp_dockerfile *dockerfile,
	const struct cp_template_service *service, struct cp_findings *findings,
	struct cp_error **err);

#endif
