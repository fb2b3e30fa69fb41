/* SPDX-License-Identifier: MIT */
#include "capabilities.h"

#include <sys/syscall.h>
#include <unistd.h>

void cp_capabilities_keep(uint64_t kept)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct sets[_LINUX_CAPABILITY_U32S_3];
	if (syscall(SYS_capget, &header, sets) < 0)
		return;
	for (unsigned i = 0; i < _LINUX_CAPABILITY_U32S_3; i++) {
		sets[i].effective &= (uint32_t)(kept >> 32 * i);
		sets[i].permitted &= (uint32_t)(kept >> 32 * i);
		sets[i].inheritable = 0;
	}
	(void)syscall(SYS_capset, &header, sets); /* giving up needs no permission */
}
