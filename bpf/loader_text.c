/* SPDX-License-Identifier: MIT
 *
 * musl says what it was doing first, then about which file; glibc names the file first and then
 * what is wrong with it. So musl's texts are told by their start, and glibc's by a table of
 * reasons, each with its cause:
 *
 *   Error loading shared library X: REASON (needed by F)
 *   Error relocating F: S: symbol not found
 *   [PROG: OCCASION: ]X: REASON[: strerror]
 *
 * Names are whatever someone called a file, and may hold anything, even ": ". So a text is taken
 * apart from the side of the words that are the loader's own.
 *
 * The causes are the scanner's for the same situation.
 */
#include "loader_text.h"

#include <string.h>

/* --- names --------------------------------------------------------------------------------- */

static bool begins_with_any(struct cp_span span, const char *const *starts)
{
	for (; *starts; starts++)
		if (cp_span_begins(span, *starts))
			return true;
	return false;
}

/* The outermost scope of a C++ name (Itanium ABI, 5.1: _Z [special] N [qualifiers] <length><name>);
 * empty where there is none. */
static struct cp_span scope_of(struct cp_span symbol)
{
	static const char *const specials[] = {
		"TV", "TT", "TI", "TS", "TW", "TH", "GV", "GR", NULL};
	struct cp_span rest = cp_span_slice(symbol, 2, symbol.size);
	size_t length = 0;
	if (begins_with_any(rest, specials))
		rest = cp_span_slice(rest, 2, rest.size);
	if (!cp_span_begins(rest, "N"))
		return (struct cp_span){0};
	size_t at = 1;
	while (at < rest.size && strchr("KVrRO", rest.at[at]) && rest.at[at])
		at++;
	for (; at < rest.size && rest.at[at] >= '0' && rest.at[at] <= '9' && length < 1000; at++)
		length = length * 10 + (size_t)(rest.at[at] - '0');
	return length <= rest.size - at ? cp_span_slice(rest, at, at + length)
					: (struct cp_span){0};
}

/* Symbols that no library but only a Node program has. */
static bool is_of_node(struct cp_span symbol)
{
	static const char *const prefixes[] = {"napi_", "node_", "uv_", NULL};
	static const char *const scopes[] = {
		"v8", "node", "cppgc", "v8_inspector", "v8_crdtp", NULL};
	if (!cp_span_begins(symbol, "_Z"))
		return begins_with_any(symbol, prefixes);
	struct cp_span scope = scope_of(symbol);
	for (const char *const *name = scopes; *name; name++)
		if (cp_span_is(scope, *name))
			return true;
	return false;
}

static enum cp_event_cause cause_of_symbol(struct cp_span symbol)
{
	return is_of_node(symbol) ? CP_BECAUSE_NODE_ABI : CP_BECAUSE_MISSING_SYMBOL;
}

/* A file of the system's, or one that came with the application? */
static bool is_of_system(struct cp_span path)
{
	static const char *const places[] = {
		"/lib/", "/lib64/", "/lib32/", "/usr/lib/", "/usr/lib64/", "/usr/local/lib/", NULL};
	return begins_with_any(path, places);
}

/* A name that the loader did not find. musl's names on glibc mean an object built for musl; what
 * was asked for by its path is a file that is missing, unless it would be the system's. */
static enum cp_event_cause cause_of_absence(struct cp_span object, enum cp_event_libc libc)
{
	static const char *const of_musl[] = {"ld-musl-", "libc.musl-", NULL};
	static const char *const loaders[] = {"ld-linux", "ld-musl-", NULL};
	struct cp_span name = cp_span_file_name(object);
	if (libc == CP_EVENT_LIBC_GLIBC &&
		(begins_with_any(name, of_musl) || cp_span_is(name, "libc.so")))
		return CP_BECAUSE_WRONG_LIBC;
	if (begins_with_any(name, loaders) || cp_span_is(name, "ld64.so.1") ||
		cp_span_is(name, "ld64.so.2"))
		return CP_BECAUSE_MISSING_LOADER;
	return name.at == object.at || is_of_system(object) ? CP_BECAUSE_MISSING_LIBRARY
							    : CP_BECAUSE_MISSING_FILE;
}

static void look_at(struct cp_loader_text *out, struct cp_span file)
{
	out->look_at_file = file.at != NULL;
	out->file = file;
}

/* --- strerror(3) ----------------------------------------------------------------------------- */

/* Why a file could not be opened or mapped, in the words of both libcs. What is not in the list is
 * taken for absence, as by the loaders' own simulations. */
static bool cause_of_errno(struct cp_span words, enum cp_event_cause *cause)
{
	static const struct {
		const char *words;
		enum cp_event_cause cause;
	} known[] = {
		{"Permission denied", CP_BECAUSE_PERMISSION},
		{"Operation not permitted", CP_BECAUSE_PERMISSION},
		{"Exec format error", CP_BECAUSE_NOT_ELF},
		{"Is a directory", CP_BECAUSE_NOT_ELF},
		{"Too many open files", CP_BECAUSE_UNKNOWN},
		{"No file descriptors available", CP_BECAUSE_UNKNOWN},
		{"Cannot allocate memory", CP_BECAUSE_UNKNOWN},
		{"Out of memory", CP_BECAUSE_UNKNOWN},
		{"Input/output error", CP_BECAUSE_UNKNOWN},
		{"I/O error", CP_BECAUSE_UNKNOWN},
	};
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		if (cp_span_begins(words, known[i].words)) {
			*cause = known[i].cause;
			return true;
		}
	}
	return false;
}

/* --- musl ------------------------------------------------------------------------------------ */

/* musl never looks at the machine: an object of another machine's fails because of what it needs.
 */
static bool read_musl_library(struct cp_span rest, struct cp_loader_text *out)
{
	struct cp_span reason;
	if (cp_span_ends(rest, ")") &&
		cp_span_cut_last(rest, " (needed by ", &rest, &out->needed_by))
		out->needed_by.size--;
	if (!cp_span_cut_last(rest, ": ", &out->object, &reason) || !out->object.size)
		return false;
	if (!cause_of_errno(reason, &out->cause))
		out->cause = cp_span_begins(reason, "Invalid argument")
				     ? CP_BECAUSE_WRONG_LIBC /* a newer one maps it */
				     : cause_of_absence(out->object, out->libc);
	look_at(out, out->cause == CP_BECAUSE_NOT_ELF ? out->object : out->needed_by);
	return true;
}

/* musl looks symbols up before it looks at the kind of relocation, and never at the machine: an
 * object of another machine's fails in any of these ways. */
static bool read_musl_relocation(struct cp_span rest, struct cp_loader_text *out)
{
	static const char missing[] = ": symbol not found",
			  kind[] = ": unsupported relocation type ",
			  tls[] = ": initial-exec TLS resolves to dynamic definition in ";
	struct cp_span definer;
	if (cp_span_ends(rest, missing)) {
		rest.size -= strlen(missing);
		if (!cp_span_cut_last(rest, ": ", &out->object, &out->symbol))
			return false;
		out->cause = cause_of_symbol(out->symbol);
	} else if (cp_span_cut(rest, tls, &rest, &definer)) {
		if (!cp_span_cut_last(rest, ": ", &out->object, &out->symbol))
			out->object = rest; /* the symbol's name may be stale, or not there */
		out->cause = CP_BECAUSE_STATIC_TLS;
	} else if (cp_span_cut_last(rest, kind, &out->object, &rest)) {
		out->cause = CP_BECAUSE_WRONG_LIBC; /* unless it is another machine's */
	} else {
		return false;
	}
	look_at(out, out->object);
	return out->object.size > 0;
}

/* --- glibc ------------------------------------------------------------------------------------ */

/* What elf/dl-load.c, dl-open.c and dl-reloc.c put after the object's name. */
static const struct reason {
	const char *text;
	enum cp_event_cause cause;
} reasons[] = {
	{"cannot allocate memory in static TLS block", CP_BECAUSE_STATIC_TLS},
	{"cannot enable executable stack as shared object requires", CP_BECAUSE_EXECUTABLE_STACK},
	{"wrong ELF class: ", CP_BECAUSE_WRONG_ARCHITECTURE},
	{"ELF file data encoding not ", CP_BECAUSE_WRONG_ARCHITECTURE},
	{"ELF file OS ABI invalid", CP_BECAUSE_WRONG_ARCHITECTURE},
	{"unexpected reloc type 0x", CP_BECAUSE_WRONG_ARCHITECTURE},
	{"unexpected PLT reloc type 0x", CP_BECAUSE_WRONG_ARCHITECTURE},
	{"ELF file ABI version invalid", CP_BECAUSE_WRONG_LIBC},
	{"file too short", CP_BECAUSE_NOT_ELF},
	{"invalid ELF header", CP_BECAUSE_NOT_ELF},
	{"ELF file version ", CP_BECAUSE_NOT_ELF},
	{"ELF file's phentsize not the expected size", CP_BECAUSE_NOT_ELF},
	{"only ET_DYN and ET_EXEC can be loaded", CP_BECAUSE_NOT_ELF},
	{"cannot read file data", CP_BECAUSE_NOT_ELF},
	{"ELF load command a", CP_BECAUSE_NOT_ELF}, /* alignment, address/offset */
	{"object file has no loadable segments", CP_BECAUSE_NOT_ELF},
	{"object file has no dynamic section", CP_BECAUSE_NOT_ELF},
	{"cannot dynamically load executable", CP_BECAUSE_NOT_ELF},
	{"cannot dynamically load position-independent executable", CP_BECAUSE_NOT_ELF},
	{"shared object cannot be dlopen()ed", CP_BECAUSE_NOT_ELF},
	{"empty dynamic string token substitution", CP_BECAUSE_MISSING_LIBRARY},
	{"no version information available (required by ", CP_BECAUSE_SYMBOL_VERSION},
	{"failed to map segment from shared object", CP_BECAUSE_UNKNOWN}, /* see its errno */
	{"cannot change memory protections", CP_BECAUSE_UNKNOWN},
	{"cannot create shared object descriptor", CP_BECAUSE_UNKNOWN},
	{"cannot allocate ", CP_BECAUSE_UNKNOWN},
};

/* The object's name and what follows a reason that may also stand alone, without an object. */
static bool split_reason(
	struct cp_span rest, const char *reason, struct cp_span *object, struct cp_span *after)
{
	if (cp_span_begins(rest, reason)) {
		*after = cp_span_slice(rest, strlen(reason), rest.size);
		return true;
	}
	size_t at = cp_span_find(rest, reason);
	if (at == CP_NOT_FOUND || at < 3 || memcmp(rest.at + at - 2, ": ", 2) != 0)
		return false;
	*object = cp_span_slice(rest, 0, at - 2);
	*after = cp_span_slice(rest, at + strlen(reason), rest.size);
	return true;
}

/* "X: cannot open shared object file: No such file or directory": glibc passes over files of
 * another machine, so that one that was asked for by its path may well be there. */
static bool read_unopened(struct cp_span rest, struct cp_loader_text *out)
{
	static const char reason[] = ": cannot open shared object file";
	struct cp_span words;
	if (!cp_span_cut_last(rest, reason, &out->object, &words) || !out->object.size)
		return false;
	if (cp_span_begins(words, ": "))
		words = cp_span_slice(words, 2, words.size);
	if (!cause_of_errno(words, &out->cause))
		out->cause = cause_of_absence(out->object, out->libc);
	if (cp_span_find(out->object, "/") != CP_NOT_FOUND && out->cause != CP_BECAUSE_PERMISSION &&
		out->cause != CP_BECAUSE_UNKNOWN)
		look_at(out, out->object);
	return true;
}

static bool read_reason(struct cp_span rest, struct cp_loader_text *out)
{
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++) {
		struct cp_span after;
		if (!split_reason(rest, reasons[i].text, &out->object, &after))
			continue;
		out->cause = reasons[i].cause;
		if (out->cause == CP_BECAUSE_UNKNOWN && cp_span_begins(after, ": "))
			cause_of_errno(cp_span_slice(after, 2, after.size), &out->cause);
		/* musl's libc by its link-time name, where glibc's is a linker script */
		if (out->cause == CP_BECAUSE_NOT_ELF &&
			cp_span_is(cp_span_file_name(out->object), "libc.so"))
			out->cause = CP_BECAUSE_WRONG_LIBC;
		if (cp_span_ends(after, ")") && out->cause == CP_BECAUSE_SYMBOL_VERSION) {
			out->needed_by = after;
			out->needed_by.size--;
		}
		return true;
	}
	return false;
}

/* "LIB: version `V' not found (required by F)"; at a program's start "PROG: " is before it. */
static bool read_version(struct cp_span rest, struct cp_loader_text *out)
{
	struct cp_span after, program;
	if (!cp_span_cut_last(rest, "' not found (required by ", &rest, &after) ||
		!cp_span_cut_last(rest, ": version `", &out->object, &out->symbol))
		return false;
	cp_span_cut_last(out->object, ": ", &program, &out->object);
	out->needed_by = after;
	if (cp_span_ends(after, ")"))
		out->needed_by.size--;
	out->cause = CP_BECAUSE_SYMBOL_VERSION;
	return true;
}

/* "F: undefined symbol: S[, version V]"; up to 2.29 a versioned one was "F: symbol S[,] version V
 * not defined in file X with link time reference". */
static bool read_symbol(struct cp_span rest, struct cp_loader_text *out)
{
	struct cp_span after;
	if (cp_span_cut(rest, ": undefined symbol: ", &out->object, &out->symbol)) {
		cp_span_cut(out->symbol, ", version ", &out->symbol, &after);
	} else if (cp_span_cut_last(rest, " not defined in file ", &rest, &after) &&
		   cp_span_cut_last(rest, " version ", &rest, &after) &&
		   cp_span_cut_last(rest, ": symbol ", &out->object, &out->symbol)) {
		if (cp_span_ends(out->symbol, ","))
			out->symbol.size--;
	} else {
		return false;
	}
	out->cause = cause_of_symbol(out->symbol);
	return out->object.size > 0;
}

/* The loader asserts that these cannot be, and ends the process. */
static bool read_assertion(struct cp_span line, struct cp_loader_text *out)
{
	if (cp_span_find(line, "_dl_check_map_versions: ") != CP_NOT_FOUND)
		out->cause = CP_BECAUSE_MISSING_LIBRARY;
	else if (cp_span_find(line, "check_match: ") != CP_NOT_FOUND)
		out->cause = CP_BECAUSE_SYMBOL_VERSION;
	return true;
}

/* Takes "PROG: OCCASION: " off. */
static bool cut_occasion(struct cp_span *rest, struct cp_span *program, bool *at_call)
{
	static const struct {
		const char *text;
		bool at_call;
	} occasions[] = {
		{": error while loading shared libraries: ", false},
		{": symbol lookup error: ", true},
		{": relocation error: ", true},
	};
	for (size_t i = 0; i < sizeof(occasions) / sizeof(*occasions); i++) {
		if (cp_span_cut(*rest, occasions[i].text, program, rest)) {
			*at_call = occasions[i].at_call;
			return true;
		}
	}
	return false;
}

static bool read_glibc(struct cp_span line, struct cp_loader_text *out)
{
	struct cp_span rest = line, program;
	out->libc = CP_EVENT_LIBC_GLIBC;
	if (cp_span_begins(line, "Inconsistency detected by ld.so: "))
		return read_assertion(line, out);
	cut_occasion(&rest, &program, &out->at_call);
	return read_version(rest, out) || read_symbol(rest, out) || read_unopened(rest, out) ||
	       read_reason(rest, out);
}

/* --- the whole ----------------------------------------------------------------------------------
 */

static const char loading[] = "Error loading shared library ", relocating[] = "Error relocating ";

static bool read_line(struct cp_span line, struct cp_loader_text *out)
{
	*out = (struct cp_loader_text){.libc = CP_EVENT_LIBC_MUSL, .message = line};
	if (cp_span_begins(line, loading))
		return read_musl_library(cp_span_slice(line, strlen(loading), line.size), out);
	if (cp_span_begins(line, relocating))
		return read_musl_relocation(
			cp_span_slice(line, strlen(relocating), line.size), out);
	return read_glibc(line, out);
}

/* A C string is what both loaders made: it ends at a NUL, if at nothing else. */
static struct cp_span first_line(const char *text, size_t size)
{
	struct cp_span rest = {text, strnlen(text, size)}, line = {text, 0};
	cp_span_line(&rest, &line);
	return line;
}

bool cp_loader_text_read(const char *text, size_t size, struct cp_loader_text *out)
{
	*out = (struct cp_loader_text){0};
	return size && read_line(first_line(text, size), out);
}

/* Is this a program's name, as glibc puts it first, and not the name of an error that quotes? */
static bool is_program(struct cp_span name)
{
	return name.size && cp_span_find(name, ": ") == CP_NOT_FOUND &&
	       !cp_span_ends(name, "Error") && !cp_span_ends(name, "Exception") &&
	       !cp_span_ends(name, "error");
}

/* Whether this line is glibc's own, and no warning. */
static bool is_glibcs_own(struct cp_span line)
{
	struct cp_span rest = line, program, after;
	bool at_call;
	if (cp_span_begins(line, "Inconsistency detected by ld.so: "))
		return true;
	if (cut_occasion(&rest, &program, &at_call))
		return is_program(program);
	return cp_span_cut(line, ": version `", &rest, &after) &&
	       cp_span_cut(rest, ": ", &program, &after) && is_program(program);
}

bool cp_loader_text_find(const char *text, size_t size, struct cp_loader_text *out)
{
	struct cp_span rest = {text, size}, line;
	while (cp_span_line(&rest, &line))
		if ((cp_span_begins(line, loading) || cp_span_begins(line, relocating) ||
			    is_glibcs_own(line)) &&
			read_line(line, out))
			return true;
	*out = (struct cp_loader_text){0};
	return false;
}

enum cp_answer cp_cause_blames_template(enum cp_event_cause cause)
{
	switch (cause) {
	case CP_BECAUSE_MISSING_LOADER:
	case CP_BECAUSE_MISSING_LIBRARY:
	case CP_BECAUSE_MISSING_SYMBOL:
	case CP_BECAUSE_SYMBOL_VERSION:
	case CP_BECAUSE_WRONG_LIBC:
	case CP_BECAUSE_STATIC_TLS:
	case CP_BECAUSE_EXECUTABLE_STACK:
		return CP_YES;
	case CP_BECAUSE_WRONG_ARCHITECTURE:
	case CP_BECAUSE_NOT_ELF:
	case CP_BECAUSE_NODE_ABI:
	case CP_BECAUSE_NODE_API_VERSION:
	case CP_BECAUSE_MISSING_FILE:
	case CP_BECAUSE_EXEC_FORMAT:
	case CP_BECAUSE_PERMISSION:
	case CP_BECAUSE_MODULE_NOT_FOUND:
		return CP_NO;
	case CP_BECAUSE_MISSING_INTERPRETER: /* depends on which: cp_interpreter_blames_template */
	case CP_BECAUSE_CRASHED:
	case CP_BECAUSE_UNKNOWN:
	case CP_BECAUSE_COUNT:
		break;
	}
	return CP_UNKNOWN;
}

enum cp_answer cp_interpreter_blames_template(const char *interpreter)
{
	/* Where bases keep their loaders, shells and languages. */
	static const char *const places[] = {"/lib/", "/lib64/", "/bin/", "/sbin/", "/usr/", NULL};
	struct cp_span path = {interpreter, interpreter ? strlen(interpreter) : 0};
	if (!path.size)
		return CP_UNKNOWN;
	for (size_t i = 0; i < path.size; i++)
		if ((unsigned char)path.at[i] < ' ')
			return CP_NO;
	return begins_with_any(path, places) ? CP_YES : CP_UNKNOWN;
}
