/* SPDX-License-Identifier: MIT */
#include "error.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *format_text(const char *format, va_list args)
{
	char *text = NULL;
	if (vasprintf(&text, format, args) < 0)
		return NULL;
	return text;
}

int cp_error_set(struct cp_error **err, int code, const char *format, ...)
{
	if (!err)
		return -1;
	va_list args;
	va_start(args, format);
	char *text = format_text(format, args);
	va_end(args);
	cp_error_free(*err);
	*err = calloc(1, sizeof(**err));
	if (!*err) {
		free(text);
		return -1;
	}
	(*err)->code = code;
	(*err)->message = text;
	return -1;
}

int cp_error_wrap(struct cp_error **err, const char *format, ...)
{
	if (!err || !*err)
		return -1;
	va_list args;
	va_start(args, format);
	char *context = format_text(format, args);
	va_end(args);
	char *joined = NULL;
	if (asprintf(&joined, "%s: %s", context ? context : "?",
		    (*err)->message ? (*err)->message : "out of memory") >= 0) {
		free((*err)->message);
		(*err)->message = joined;
	}
	free(context);
	return -1;
}

void cp_error_free(struct cp_error *err)
{
	if (!err)
		return;
	free(err->message);
	free(err);
}

void cp_error_cleanup(struct cp_error **err)
{
	cp_error_free(*err);
}
