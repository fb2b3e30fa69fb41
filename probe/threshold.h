/* SPDX-License-Identifier: MIT
 *
 * --fail-on: is anything of the service at least as bad as the level, on any target?
 */
#ifndef CP_THRESHOLD_H
#define CP_THRESHOLD_H

#include "scan.h"

/* Looks at the packages' verdicts and at the service's objects that no package owns. The base's
 * own objects do not count, nor does what is foreign or unused. `level` is CP_OUTCOME_LOADS_WITH,
 * _CRASHES or _FAILS; with any other nothing reaches it. */
bool cp_threshold_reached(const struct cp_scan *scan, enum cp_outcome level);

#endif
