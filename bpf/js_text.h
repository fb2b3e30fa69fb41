/* SPDX-License-Identifier: MIT
 *
 * What Node writes to standard error when a module or an addon cannot be had.
 */
#ifndef CP_JS_TEXT_H
#define CP_JS_TEXT_H

#include "loader_text.h"

struct cp_js_text {
	enum cp_event_kind kind; /* MODULE_NOT_FOUND, or DLOPEN_FAILED */
	enum cp_event_cause cause;
	struct cp_span object;    /* the module, or the addon's file */
	struct cp_span needed_by; /* "Require stack:" 's first, or "imported from" */
	struct cp_span message;   /* the one line to show */
	enum cp_answer blames_template;
};

/* Finds the first such failure in `text`, which may be several writes put together. Returns true
 * where there is one, and sets *used to how much of the text was looked through (so that a caller
 * finds the next one after it). Forms: facts measured on Node 20 to 26 (CommonJS, ESM, TypeScript
 * runners quote them) and the loaders of sharp, napi-rs, node-gyp-build, @parcel/watcher … whose
 * words mean that node_modules was installed for another libc. */
bool cp_js_text_find(const char *text, size_t size, struct cp_js_text *out, size_t *used);

/* Whether a missing module's name is that of a package built for a platform
 * ("@img/sharp-linuxmusl-x64", "@swc/core-linux-x64-gnu"): then the libc is to blame. */
bool cp_module_is_of_platform(const char *name, size_t size);

#endif
