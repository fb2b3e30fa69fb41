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
	struct cp_span object;    /* the module, or the addon's file, or the library it lacks */
	struct cp_span needed_by; /* "Require stack:" 's first, "imported from", or whose stack it
				     is: the first frame that is neither Node's nor a loader's */
	struct cp_span message;   /* the one line to show (of a NODE_MODULE_VERSION mismatch, which
				     is a sentence over several lines, all of them) */
	enum cp_answer blames_template;
};

/* Finds the first such failure in `text`, which may be several writes put together. Returns true
 * where there is one, and sets *used to how much of the text was looked through (so that a caller
 * finds the next one after it; all of it where there is none). Forms: facts measured on Node 20 to
 * 26 (CommonJS, ESM, TypeScript runners quote them) and the loaders of sharp, napi-rs,
 * node-gyp-build, @parcel/watcher … whose words mean that node_modules was installed for another
 * libc.
 *
 * A failure takes up to some thirty lines, which say who asked: a caller that has only the first
 * write yet does well to wait for the rest. One failure may be told in several ways (an error, its
 * cause, a logger's repetition); each is found.
 *
 * A loader's text that Node merely passes on (ERR_DLOPEN_FAILED) is a DLOPEN_FAILED with what
 * cp_loader_text_read says of it. A program that musl itself could not start says the same without
 * Node: ask cp_loader_text_find first where that may be. */
bool cp_js_text_find(const char *text, size_t size, struct cp_js_text *out, size_t *used);

/* Whether a missing module's name is that of a package or file built for a platform
 * ("@img/sharp-linuxmusl-x64", "@swc/core-linux-x64-gnu/swc.node", "./snappy.linux-x64-gnu.node"):
 * then the libc is to blame. */
bool cp_module_is_of_platform(const char *name, size_t size);

#endif
