/* SPDX-License-Identifier: MIT */
#include "json_objects.h"

#include <string.h>

#include "memory.h"

#define MAX_TEXT 4096 /* bytes of a name, a label, a path */

/* Follows one character within an object. */
static void follow(struct cp_json_objects *self, char c)
{
	if (self->escaped)
		self->escaped = false;
	else if (self->in_string && c == '\\')
		self->escaped = true;
	else if (c == '"')
		self->in_string = !self->in_string;
	else if (!self->in_string && (c == '{' || c == '['))
		self->depth++;
	else if (!self->in_string && (c == '}' || c == ']'))
		self->depth--;
}

static bool keep(struct cp_json_objects *self, const char *data, size_t size)
{
	if (size > CP_MAX_JSON_OBJECT - self->size ||
		cp_grow(&self->text, &self->capacity, self->size + size, 1) < 0)
		return false;
	memcpy(self->text + self->size, data, size);
	self->size += size;
	return true;
}

static bool finish(struct cp_json_objects *self)
{
	json_t *object = json_loadb(self->text, self->size, 0, NULL);
	bool go_on = json_is_object(object) && self->take(self->context, object);
	json_decref(object);
	self->size = 0;
	return go_on;
}

bool cp_json_objects_read(struct cp_json_objects *self, const char *data, size_t size)
{
	size_t from = 0; /* of this piece, where what is not kept yet begins */
	for (size_t i = 0; i < size; i++) {
		if (!self->depth && data[i] != '{') {
			if (!strchr(" \t\r\n[],", data[i]) || !data[i])
				return false;
			continue;
		}
		if (!self->depth)
			from = i;
		follow(self, data[i]);
		if (self->depth > CP_MAX_JSON_DEPTH)
			return false;
		if (!self->depth && (!keep(self, data + from, i + 1 - from) || !finish(self)))
			return false;
	}
	return !self->depth || keep(self, data + from, size - from);
}

void cp_json_objects_clear(struct cp_json_objects *self)
{
	free(self->text);
	self->text = NULL;
	self->size = self->capacity = 0;
}

const char *cp_json_member(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));
	return text && *text && strlen(text) <= MAX_TEXT ? text : NULL;
}
