/* SPDX-License-Identifier: MIT
 *
 * What is wrong with a template, before anything is built from it.
 */
#ifndef CP_TEMPLATE_CHECK_H
#define CP_TEMPLATE_CHECK_H

#include "base.h"
#include "dockerfile.h"
#include "scan.h"

enum cp_finding_kind {
	CP_FINDING_MISSING_PACKAGE, /* the release has no package of that name */
	CP_FINDING_WRONG_TOOL,      /* apt on Alpine, apk on Debian */
	CP_FINDING_PYTHON,          /* python3 without the name python */
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
	char *text;       /* a sentence; owned, not yet safe to print */
};

struct cp_findings {
	struct cp_finding *items;
	size_t count, capacity;
};
void cp_findings_clear(struct cp_findings *findings);
/* By line, then as found. */
void cp_findings_sort(struct cp_findings *findings);

/* The release whose packages a base takes: "debian-bullseye", "alpine-3.20". Owned; NULL: another
 * system, or without memory. */
char *cp_template_release(const struct cp_base *base);

/* Packages that the releases of their stages lack, and python. What is not known is no finding. 0,
 * or -1. */
int cp_template_check(const struct cp_dockerfile *dockerfile, struct cp_findings *findings,
	struct cp_error **err);

/* What fails of a service on the template's base (target `target` of its scan) because of the age
 * of base or Node. */
int cp_template_check_service(const struct cp_dockerfile *dockerfile, const struct cp_scan *scan,
	size_t target, struct cp_findings *findings, struct cp_error **err);

#endif
