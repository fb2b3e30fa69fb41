/* SPDX-License-Identifier: MIT */
#include "os_release.h"

#include <string.h>

static const struct cp_text *find_text(const struct cp_root *root)
{
	/* The order of os-release(5). */
	static const char *const paths[] = {"/etc/os-release", "/usr/lib/os-release"};
	struct cp_found found;
	for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		if (cp_root_resolve(root, paths[i], true, &found) == 0) {
			const struct cp_text *text = cp_index_text(found.index, found.node);
			if (text)
				return text;
		}
	}
	return NULL;
}

static char *unquote(const char *value, size_t length)
{
	if (length >= 2 && (value[0] == '"' || value[0] == '\'') && value[length - 1] == value[0])
		return strndup(value + 1, length - 2);
	return strndup(value, length);
}

char *cp_os_release_value(const struct cp_root *root, const char *key)
{
	const struct cp_text *text = find_text(root);
	if (!text)
		return NULL;
	size_t key_length = strlen(key);
	const char *line = text->data, *end = text->data + text->size;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t length = (size_t)((stop ? stop : end) - line);
		if (length > key_length && !memcmp(line, key, key_length) &&
			line[key_length] == '=')
			return unquote(line + key_length + 1, length - key_length - 1);
		if (!stop)
			break;
		line = stop + 1;
	}
	return NULL;
}
