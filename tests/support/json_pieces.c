/* SPDX-License-Identifier: MIT */
#include "json_pieces.h"

bool read_in_pieces(struct cp_json_objects *objects, const char *text, size_t size, size_t piece)
{
	bool good = true;
	for (size_t at = 0; good && at < size; at += piece)
		good = cp_json_objects_read(
			objects, text + at, size - at < piece ? size - at : piece);
	return good;
}
