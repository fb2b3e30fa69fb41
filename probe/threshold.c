/* SPDX-License-Identifier: MIT */
#include "threshold.h"

static bool reaches(enum cp_outcome outcome, enum cp_outcome level)
{
	return outcome >= level && outcome <= CP_OUTCOME_FAILS;
}

bool cp_threshold_reached(const struct cp_scan *scan, enum cp_outcome level)
{
	if (level < CP_OUTCOME_LOADS_WITH || level > CP_OUTCOME_FAILS)
		return false;
	for (size_t i = 0; i < scan->n_results; i++)
		for (size_t t = 0; t < scan->n_targets; t++)
			if (reaches(scan->results[i].verdicts[t].outcome, level))
				return true;
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if (object->system || object->package)
			continue;
		for (size_t t = 0; t < scan->n_targets; t++)
			if (reaches(object->loads[t].outcome, level))
				return true;
	}
	return false;
}
