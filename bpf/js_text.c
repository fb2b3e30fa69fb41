/* SPDX-License-Identifier: MIT
 *
 * Line by line: each line is tried against a table of sentences. A sentence has fixed words before
 * and after the object's name:
 *
 *   Error: Cannot find module 'kafkajs'      words, object, "'"
 *   Require stack:
 *   - /app/index.js                          who asked: looked for in the lines that follow
 *       at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15)
 *
 * Whatever a logger puts before the words does not matter, unless it is the line of source code
 * that Node quotes above an error. Colours (ESC [ … m) may be around any part.
 */
#include "js_text.h"

#include <string.h>

#define SHORTEST 16        /* bytes of a line that can tell of a failure */
#define MAX_LINES_AFTER 32 /* who asked is said within so many lines, */
#define MAX_AFTER 8192     /* and so many bytes */

/* --- names of platforms ------------------------------------------------------------------------
 */

static bool is_any(struct cp_span word, const char *const *words)
{
	for (; *words; words++)
		if (cp_span_is(word, *words))
			return true;
	return false;
}

/* Takes the next word off: what is up to '-', '.', '/' or '@', which *end is set to. */
static struct cp_span next_word(struct cp_span *rest, char *end)
{
	size_t length = 0;
	while (length < rest->size && !memchr("-./@", rest->at[length], 4))
		length++;
	struct cp_span word = cp_span_slice(*rest, 0, length);
	*end = length < rest->size ? rest->at[length] : '\0';
	*rest = cp_span_slice(*rest, length + (length < rest->size), rest->size);
	return word;
}

/* After a word for Linux: is the rest all of a platform's words, up to the name's end, a path
 * within the package, or a file's ending? */
static bool is_platform_tail(struct cp_span rest, char end)
{
	static const char *const words[] = {"x64", "x86_64", "amd64", "64", "arm64", "aarch64",
		"arm", "armv6", "armv7", "armv7l", "armhf", "ia32", "x86", "i686", "ppc64",
		"ppc64le", "s390x", "riscv64", "loong64", "musl", "musleabi", "musleabihf", "gnu",
		"glibc", "gnueabi", "gnueabihf", NULL};
	static const char *const endings[] = {"node", "so", NULL};
	bool any = false;
	while (end == '-') {
		if (!is_any(next_word(&rest, &end), words))
			return false;
		any = true;
	}
	return any && (end == '\0' || end == '/' ||
			      (end == '.' && is_any(next_word(&rest, &end), endings)));
}

bool cp_module_is_of_platform(const char *name, size_t size)
{
	static const char *const systems[] = {"linux", "linuxmusl", "linuxglibc", NULL};
	struct cp_span rest = {name, size};
	char end;
	if (cp_span_begins(rest, "@esbuild/")) /* static programs: any libc will do */
		return false;
	while (rest.size)
		if (is_any(next_word(&rest, &end), systems) && is_platform_tail(rest, end))
			return true;
	return false;
}

/* --- who asked ----------------------------------------------------------------------------------
 */

/* Without the blanks and colours at its start. */
static struct cp_span trim_start(struct cp_span span)
{
	while (span.size && (*span.at == ' ' || *span.at == '\t' || *span.at == '\033')) {
		size_t length = 1;
		if (*span.at == '\033')
			while (length < span.size && span.at[length - 1] != 'm')
				length++;
		span = cp_span_slice(span, length, span.size);
	}
	return span;
}

/* Frames of Node's own, and of the packages that look for an addon on another's behalf. */
static bool is_go_between(struct cp_span file)
{
	static const char *const packages[] = {"/node_modules/bindings/",
		"/node_modules/node-gyp-build/", "/node_modules/node-gyp-build-optional-packages/",
		"/node_modules/require-addon/", "/node_modules/pkg-prebuilds/", NULL};
	for (const char *const *package = packages; *package; package++)
		if (cp_span_find(file, *package) != CP_NOT_FOUND)
			return true;
	return !cp_span_begins(file, "/");
}

/* "    at Object.<anonymous> (/app/index.js:1:1)", "    at file:///app/index.mjs:3:7". */
static struct cp_span file_of_frame(struct cp_span line)
{
	struct cp_span file = trim_start(line), rest;
	if (file.at == line.at || !cp_span_begins(file, "at "))
		return (struct cp_span){0};
	file = cp_span_slice(file, strlen("at "), file.size);
	if (cp_span_ends(file, " {")) /* the error's properties follow */
		file.size -= 2;
	if (cp_span_ends(file, ")") && cp_span_cut_last(file, "(", &rest, &file))
		file.size--;
	if (cp_span_begins(file, "async "))
		file = cp_span_slice(file, strlen("async "), file.size);
	if (cp_span_begins(file, "file://"))
		file = cp_span_slice(file, strlen("file://"), file.size);
	for (int i = 0; i < 2; i++)
		if (!cp_span_cut_last(file, ":", &file, &rest))
			return (struct cp_span){0};
	bool plain = cp_span_find(file, "\033") == CP_NOT_FOUND; /* else colours are in the path */
	return plain && !is_go_between(file) ? file : (struct cp_span){0};
}

/* A path within one line, where a logger may have written the line's end as "\n". */
static struct cp_span up_to_break(struct cp_span span)
{
	static const char *const breaks[] = {"\n", "\r", "\\n", "\033", NULL};
	struct cp_span rest;
	for (const char *const *end = breaks; *end; end++)
		cp_span_cut(span, *end, &span, &rest);
	return span;
}

/* Looks through the lines after a failure's. */
static struct cp_span who_asked(struct cp_span after)
{
	static const char stack[] = "Require stack:";
	struct cp_span line, before, path;
	if (after.size > MAX_AFTER)
		after.size = MAX_AFTER;
	for (int i = 0; i < MAX_LINES_AFTER && cp_span_line(&after, &line); i++) {
		if (cp_span_begins(trim_start(line), stack) && cp_span_line(&after, &line) &&
			cp_span_cut(line, "- ", &before, &path))
			return path;
		path = file_of_frame(line);
		if (path.at)
			return path;
	}
	return (struct cp_span){0};
}

/* The same, after words in the line itself: "imported from X", or all lines in one. */
static struct cp_span who_asked_within(struct cp_span rest)
{
	static const char *const words[] = {" imported from ", "Require stack:\\n- ", NULL};
	struct cp_span before, path;
	for (const char *const *word = words; *word; word++) {
		if (!cp_span_cut(rest, *word, &before, &path))
			continue;
		path = up_to_break(path);
		if (cp_span_begins(path, "'") && cp_span_ends(path, "'") && path.size > 1)
			path = cp_span_slice(path, 1, path.size - 1);
		if (cp_span_begins(path, "file://"))
			path = cp_span_slice(path, strlen("file://"), path.size);
		return path;
	}
	return (struct cp_span){0};
}

/* --- sentences
 * -------------------------------------------------------------------------------------- */

/* Whose fault is it? */
enum fault {
	OF_NAME,   /* the libc's where the name is one for a platform, else not the template's */
	OF_LIBC,   /* node_modules was installed for another libc */
	OF_MUSL,   /* the same where the sentence has "libc=musl", else unknown */
	NOBODYS,   /* unknown */
	NOT_OF_IT, /* not the template's */
};

static const struct sentence {
	const char *words; /* before the object */
	const char *end;   /* after it; NULL: there is no object in this sentence */
	const char *later; /* must follow in the line; NULL: nothing */
	enum fault fault;
	enum cp_event_cause cause;
} sentences[] = {
	/* Node */
	{"Cannot find module '", "'", NULL, OF_NAME, CP_BECAUSE_MODULE_NOT_FOUND},
	{"Cannot find package '", "'", NULL, OF_NAME, CP_BECAUSE_MODULE_NOT_FOUND},
	{"Module did not self-register: '", "'", NULL, NOT_OF_IT, CP_BECAUSE_NODE_ABI},
	{"Module did not self-register", NULL, NULL, NOT_OF_IT, CP_BECAUSE_NODE_ABI},
	/* sharp */
	{"Could not load the \"", "\"", " module using the ", OF_LIBC, CP_BECAUSE_MODULE_NOT_FOUND},
	/* rollup, napi-rs, swc */
	{"Cannot find module ", ". npm has a bug", NULL, OF_LIBC, CP_BECAUSE_MODULE_NOT_FOUND},
	{"Cannot find native binding. npm has a bug", NULL, NULL, OF_LIBC,
		CP_BECAUSE_MODULE_NOT_FOUND},
	{"Failed to load native binding", NULL, NULL, OF_LIBC, CP_BECAUSE_MODULE_NOT_FOUND},
	/* @parcel/watcher */
	{"No prebuild or local build of ", " found. Tried ", NULL, OF_LIBC,
		CP_BECAUSE_MODULE_NOT_FOUND},
	/* node-gyp-build, bindings, require-addon */
	{"No native build was found for platform=linux", NULL, NULL, OF_MUSL,
		CP_BECAUSE_MODULE_NOT_FOUND},
	{"Could not locate the bindings file. Tried:", NULL, NULL, NOBODYS,
		CP_BECAUSE_MODULE_NOT_FOUND},
	{"Cannot find addon '", "'", " imported from ", NOBODYS, CP_BECAUSE_MODULE_NOT_FOUND},
	/* Prisma, new and old */
	{"could not locate the Query Engine for runtime \"", "\"", NULL, OF_LIBC,
		CP_BECAUSE_MODULE_NOT_FOUND},
	{"Query engine library for current platform \"", "\"", " could not be found", OF_LIBC,
		CP_BECAUSE_MODULE_NOT_FOUND},
	/* @tensorflow/tfjs-node */
	{"native addon module (tfjs_binding.node) can not be found at path: ", ". ", NULL, NOBODYS,
		CP_BECAUSE_MODULE_NOT_FOUND},
	/* NestJS, which says it in its own words and ends the process */
	{"The \"", "\"", "package is missing. Please, make sure to install", NOT_OF_IT,
		CP_BECAUSE_MODULE_NOT_FOUND},
	{"The \"", "\"", "packages are missing. Please, make sure to install", NOT_OF_IT,
		CP_BECAUSE_MODULE_NOT_FOUND},
};

/* A piece of source code that has the words: `throw new Error('Cannot find …`. */
static bool is_code(struct cp_span before, struct cp_span object)
{
	if (cp_span_ends(before, "('") || cp_span_ends(before, "(\"") || cp_span_ends(before, "(`"))
		return true;
	return object.at && (!object.size || memchr(object.at, '"', object.size) ||
				    memchr(object.at, '`', object.size) ||
				    cp_span_find(object, "${") != CP_NOT_FOUND);
}

/* The rest of the line from `start`, without what a logger or Node's inspection put around it. */
static struct cp_span message_of(struct cp_span line, size_t start)
{
	struct cp_span message = up_to_break(cp_span_slice(line, start, line.size)), rest;
	if (cp_span_begins(trim_start(line), "{")) /* JSON: the string ends here */
		cp_span_cut(message, "\"", &message, &rest);
	while (message.size && strchr("]}{,\"' \t", message.at[message.size - 1]) &&
		message.at[message.size - 1]) {
		/* but the quote after a name stays */
		if (message.at[message.size - 1] == '\'' &&
			memchr(message.at, '\'', message.size - 1))
			break;
		message.size--;
	}
	return message;
}

static enum cp_answer answer_of(enum fault fault, struct cp_span object, struct cp_span rest)
{
	switch (fault) {
	case OF_NAME:
		return cp_module_is_of_platform(object.at, object.size) ? CP_YES : CP_NO;
	case OF_LIBC:
		return CP_YES;
	case OF_MUSL:
		return cp_span_find(rest, " libc=musl") != CP_NOT_FOUND ? CP_YES : CP_UNKNOWN;
	case NOT_OF_IT:
		return CP_NO;
	case NOBODYS:
		break;
	}
	return CP_UNKNOWN;
}

/* What a package's loader tries last, where no build of the platform's was there. */
static bool is_fallback(struct cp_span object)
{
	return cp_span_find(object, "wasm32") != CP_NOT_FOUND ||
	       cp_span_find(object, ".wasi.") != CP_NOT_FOUND;
}

static bool read_sentence(
	const struct sentence *sentence, struct cp_span line, struct cp_js_text *out)
{
	struct cp_span before, rest, object = {0};
	if (!cp_span_cut(line, sentence->words, &before, &rest))
		return false;
	if (sentence->end && !cp_span_cut(rest, sentence->end, &object, &rest))
		return false;
	if (sentence->later && cp_span_find(rest, sentence->later) == CP_NOT_FOUND)
		return false;
	if (is_code(before, object) || (object.at && is_fallback(object)))
		return false;
	*out = (struct cp_js_text){
		.kind = sentence->cause == CP_BECAUSE_NODE_ABI ? CP_EVENT_DLOPEN_FAILED
							       : CP_EVENT_MODULE_NOT_FOUND,
		.cause = sentence->cause,
		.object = object,
		.needed_by = who_asked_within(rest),
		.message = message_of(line, before.size),
		.blames_template = answer_of(sentence->fault, object, rest),
	};
	return true;
}

static bool find_sentence(struct cp_span line, struct cp_span after, struct cp_js_text *out)
{
	for (size_t i = 0; i < sizeof(sentences) / sizeof(*sentences); i++) {
		if (!read_sentence(&sentences[i], line, out))
			continue;
		if (!out->needed_by.at)
			out->needed_by = who_asked(after);
		if (sentences[i].fault == OF_MUSL) { /* "    loaded from: /app/node_modules/x" */
			struct cp_span next, before;
			if (cp_span_line(&after, &next))
				cp_span_cut(next, "loaded from: ", &before, &out->object);
		}
		return true;
	}
	return false;
}

/* --- NODE_MODULE_VERSION
 * -------------------------------------------------------------------------- */

/* "The module 'X'\nwas compiled against a different Node.js version using\nNODE_MODULE_VERSION 137.
 * This version of Node.js requires\nNODE_MODULE_VERSION 115. Please …": `text` starts with the line
 * at hand. *end is set to what follows the second number. */
static bool find_abi(
	struct cp_span line, struct cp_span text, struct cp_js_text *out, const char **end)
{
	static const char words[] = "The module '", number[] = "NODE_MODULE_VERSION ";
	struct cp_span before, rest, object;
	if (!cp_span_cut(line, words, &before, &rest) || !cp_span_cut(rest, "'", &object, &rest))
		return false;
	size_t start = (size_t)(rest.at - text.at);
	rest = cp_span_slice(text, start, text.size - start > 512 ? start + 512 : text.size);
	if (!cp_span_cut(
		    rest, "was compiled against a different Node.js version", &before, &rest) ||
		before.size > 4 || !cp_span_cut(rest, number, &before, &rest) ||
		!cp_span_cut(rest, number, &before, &rest))
		return false;
	size_t digits = 0;
	while (digits < rest.size && rest.at[digits] >= '0' && rest.at[digits] <= '9')
		digits++;
	*end = rest.at + digits;
	const char *message = object.at - strlen(words);
	*out = (struct cp_js_text){
		.kind = CP_EVENT_DLOPEN_FAILED,
		.cause = CP_BECAUSE_NODE_ABI,
		.object = object,
		.message = {message, (size_t)(*end - message)},
		.blames_template = CP_NO,
	};
	out->needed_by = who_asked((struct cp_span){*end, text.size - (size_t)(*end - text.at)});
	return true;
}

/* --- the loaders' texts
 * ------------------------------------------------------------------------------ */

/* Words that only a loader has; others need ERR_DLOPEN_FAILED beside them. */
static bool is_plain(const struct cp_loader_text *text)
{
	static const char *const words[] = {
		"shared object", "undefined symbol: ", "(required by ", "TLS block", " ELF ", NULL};
	for (const char *const *word = words; *word; word++)
		if (cp_span_find(text->message, *word) != CP_NOT_FOUND)
			return true;
	return text->libc == CP_EVENT_LIBC_MUSL;
}

/* Node's error code comes after the stack; sharp puts it first. */
static bool is_dlopen(struct cp_span line, struct cp_span after)
{
	static const char code[] = "ERR_DLOPEN_FAILED";
	struct cp_span next;
	if (after.size > MAX_AFTER)
		after.size = MAX_AFTER;
	if (cp_span_find(line, code) != CP_NOT_FOUND)
		return true;
	for (int i = 0; i < MAX_LINES_AFTER && cp_span_line(&after, &next); i++)
		if (cp_span_find(next, code) != CP_NOT_FOUND)
			return true;
	return false;
}

static bool read_loader(
	struct cp_span line, size_t start, struct cp_span after, struct cp_loader_text *loader)
{
	/* What a program's own start or end says is no dlopen. */
	static const char *const others[] = {": error while loading shared libraries: ",
		": symbol lookup error: ", ": relocation error: ", "no version information",
		"cannot be preloaded", "Inconsistency detected by ld.so", NULL};
	struct cp_span rest = trim_start(cp_span_slice(line, start, line.size));
	struct cp_span text = message_of(line, line.size - rest.size);
	for (const char *const *other = others; *other; other++)
		if (cp_span_find(text, *other) != CP_NOT_FOUND)
			return false;
	return cp_loader_text_read(text.at, text.size, loader) &&
	       (is_plain(loader) || is_dlopen(line, after));
}

/* Where a loader's text may start: at musl's words, else after whatever was put before it. */
static bool find_loader(struct cp_span line, struct cp_span after, struct cp_js_text *out)
{
	static const char *const musl[] = {
		"Error loading shared library ", "Error relocating ", NULL};
	static const char *const before[] = {
		"ERR_DLOPEN_FAILED: ", "Error: ", "Details: ", "] ", NULL};
	struct cp_loader_text loader;
	bool found = false;
	for (const char *const *words = musl; *words && !found; words++) {
		size_t at = cp_span_find(line, *words);
		found = at != CP_NOT_FOUND &&
			!is_code(cp_span_slice(line, 0, at), (struct cp_span){0}) &&
			read_loader(line, at, after, &loader);
	}
	for (const char *const *words = before; *words && !found; words++) {
		size_t at = cp_span_find_last(line, *words);
		found = at != CP_NOT_FOUND &&
			read_loader(line, at + strlen(*words), after, &loader);
	}
	if (!found && !read_loader(line, 0, after, &loader))
		return false;
	*out = (struct cp_js_text){
		.kind = CP_EVENT_DLOPEN_FAILED,
		.cause = loader.cause,
		.object = loader.object,
		.needed_by = loader.needed_by,
		.message = loader.message,
		.blames_template = cp_cause_blames_template(loader.cause),
	};
	return true;
}

/* --- the whole
 * ---------------------------------------------------------------------------------------- */

bool cp_js_text_find(const char *text, size_t size, struct cp_js_text *out, size_t *used)
{
	struct cp_span rest = {text, size}, line;
	*used = size;
	while (cp_span_line(&rest, &line)) {
		struct cp_span from_here = {line.at, (size_t)(rest.at - line.at) + rest.size};
		const char *end = rest.at;
		if (line.size < SHORTEST)
			continue;
		if (!find_abi(line, from_here, out, &end) && !find_sentence(line, rest, out) &&
			!find_loader(line, rest, out))
			continue;
		*used = (size_t)(end - text);
		return true;
	}
	*out = (struct cp_js_text){0};
	return false;
}
