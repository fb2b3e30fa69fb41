/* SPDX-License-Identifier: MIT
 *
 * JSON objects out of a stream that comes in pieces: one after the other (an engine's events), or
 * in one array (its lists). Each is parsed when its last brace came, so that neither a long list
 * nor a stream without an end takes more memory than its largest object.
 */
#ifndef CP_JSON_OBJECTS_H
#define CP_JSON_OBJECTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#define CP_MAX_JSON_OBJECT ((size_t)1 << 20) /* bytes of text; parsed, some 20 times as much */
#define CP_MAX_JSON_DEPTH 64

struct cp_json_objects {
	/* Is given each object; it is freed afterwards. Returns false to stop. */
	bool (*take)(void *context, const json_t *object);
	void *context;
	char *text; /* the object so far */
	size_t size, capacity;
	unsigned depth;
	bool in_string, escaped;
};

/* Reads the next piece. Returns false where it is not such JSON, an object is too large, memory is
 * short, or `take` said to stop: then nothing more may be read. */
bool cp_json_objects_read(struct cp_json_objects *objects, const char *data, size_t size);
void cp_json_objects_clear(struct cp_json_objects *objects);

/* The string there, where it is one that is neither empty nor long; else NULL. */
const char *cp_json_member(const json_t *object, const char *key);

#endif
