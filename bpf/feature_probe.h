/* SPDX-License-Identifier: MIT
 *
 * What of tracing works on this machine, each thing found out by trying it, and what to do about
 * what does not.
 */
#ifndef CP_FEATURE_PROBE_H
#define CP_FEATURE_PROBE_H

#include <stdbool.h>
#include <stddef.h>

enum cp_feature_state {
	CP_FEATURE_WORKS,
	CP_FEATURE_MISSING, /* and a trace needs it */
	CP_FEATURE_UNUSED,  /* missing, but a trace does without */
};

struct cp_feature {
	const char *name; /* "ring buffer" */
	enum cp_feature_state state;
	char detail[160];   /* what was found; may be empty */
	const char *remedy; /* what to do; NULL: nothing, or it works */
};

#define CP_FEATURES_MAX 16

/* Fills features[CP_FEATURES_MAX] and returns how many there are. Takes half a second at most, and
 * leaves nothing behind. */
size_t cp_features_find(struct cp_feature *features);

#endif
