/* SPDX-License-Identifier: MIT
 *
 * The clock that nobody sets, and that of the kernel's records (bpf_ktime_get_ns).
 */
#ifndef CP_MONOTONIC_H
#define CP_MONOTONIC_H

#include <stdint.h>
#include <time.h>

static inline uint64_t cp_clock_read(clockid_t clock)
{
	struct timespec time;
	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * 1000000000U + (uint64_t)time.tv_nsec;
}

/* CLOCK_MONOTONIC, nanoseconds. */
static inline uint64_t cp_monotonic(void)
{
	return cp_clock_read(CLOCK_MONOTONIC);
}

#endif
