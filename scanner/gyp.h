/* SPDX-License-Identifier: MIT
 *
 * GYP files (binding.gyp and what it names): which commands a build for Linux runs.
 *
 * A GYP file is a literal of Python's: dictionaries, lists, strings, numbers, # comments. It runs
 * commands while it is read, in "<!(python x.py)" and "<!@(…)", and while it builds, in an
 * "action": ["python", …]. What stands under a condition that Linux does not meet does not count;
 * what a condition asks of anything but the system may hold, and counts. Source: GYP's
 * "Input Format Reference" and its user documentation.
 */
#ifndef CP_GYP_H
#define CP_GYP_H

#include <stddef.h>

/* Returns a malloc'ed text with a line for each, in the order of the source:
 *
 *     run python              a command whose first word is python or python2
 *     file angle/x.gyp        a GYP file that it depends on or includes, as it names it
 *
 * Empty where there are none; what stands behind a mistake is not read. NULL only without memory.
 * Linear. */
char *cp_gyp_reduce(const char *source, size_t size);

#endif
