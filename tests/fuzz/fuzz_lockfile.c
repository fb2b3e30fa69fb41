/* SPDX-License-Identifier: MIT
 *
 * Any bytes as a lock file. The first byte selects the kind.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lockfile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_lockfile struct cp_lockfile *lockfile = NULL;
	if (size == 0)
		return 0;
	enum cp_lockfile_kind kind = (enum cp_lockfile_kind)(data[0] % (CP_LOCK_YARN + 1));
	int result =
		cp_lockfile_read(kind, (const char *)data + 1, size - 1, "lock", &lockfile, &err);
	if ((result == 0) != (lockfile != NULL) || (result == 0) != (err == NULL))
		abort();
	if (err && !strstr(err->message, "line "))
		abort();
	if (lockfile && cp_lockfile_find(lockfile, "", "no version"))
		abort();
	return 0;
}
