/* SPDX-License-Identifier: MIT
 *
 * From verdicts to a template for every service: the first template in the catalogue's order on
 * which nothing fails or crashes, with the evidence for it and against each one passed over. What
 * another template would not cure is kept apart.
 */
#ifndef CP_RECOMMEND_H
#define CP_RECOMMEND_H

#include "catalogue.h"
#include "compose.h"
#include "modules.h"
#include "recommend_observed.h"
#include "scan.h"

/* Observed: what a trace saw of the service decided, or confirms that it runs on the template. */
enum cp_confidence { CP_CONFIDENCE_NONE, CP_CONFIDENCE_SIMULATED, CP_CONFIDENCE_OBSERVED };
const char *cp_confidence_name(enum cp_confidence confidence);

/* Against one template, or for it: sentences ready to print, worst first. */
struct cp_reasons {
	char **lines;
	size_t count, size;
};

struct cp_passed_over {
	const struct cp_template *template;
	struct cp_reasons because;
};

struct cp_recommendation {
	const struct cp_compose_service *service;
	char *image;            /* the image that was read; NULL: none */
	char *current_template; /* name, where the service's dockerfile is one of the catalogue */
	const struct cp_template *template; /* NULL: none can be recommended */
	enum cp_confidence confidence;
	bool has_node, has_native; /* of the image */
	struct cp_reasons why;
	struct cp_passed_over *passed_over;
	size_t n_passed_over;
	struct cp_reasons
		not_the_template; /* missing modules, Node ABI, Node-API version, no image … */
	char **add_packages;
	size_t n_add_packages; /* of the distribution, for the template chosen */
	uint64_t prunable_bytes;
};

/* All services; `services` is in the compose file's order. */
struct cp_advice {
	struct cp_recommendation *services;
	size_t n_services; /* in the compose file's order */
	uint64_t prunable_bytes, prunable_files;
};

/* Judges one service by its scan, whose targets are the templates' bases by name, and by what was
 * observed of it where it runs now (NULL: nothing). `scan` NULL: the service has no image that
 * could be read, `problem` says why. Reasons that were observed begin with "observed"; all others
 * are simulated. 0 with *recommendation filled, or -1. */
int cp_recommend_service(const struct cp_compose_service *service,
	const struct cp_catalogue *catalogue, const struct cp_scan *scan,
	const struct cp_missing_module *missing, size_t n_missing, const char *problem,
	const struct cp_observed *observed, struct cp_recommendation *recommendation,
	struct cp_error **err);
void cp_recommendation_clear(struct cp_recommendation *recommendation);

/* Writes the override that compose takes unedited: the Dockerfile of each service that changes, the
 * reason as a comment, x-compatprobe with the evidence's summary. Whole or not at all; the same
 * advice gives the same bytes. Refuses to overwrite a file that it did not write. 0 or -1. */
int cp_override_write(const struct cp_advice *advice, const struct cp_catalogue *catalogue,
	const struct cp_compose *compose, const char *path, struct cp_error **err);

#endif
