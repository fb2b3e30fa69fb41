/* SPDX-License-Identifier: MIT
 *
 * Kinds of names that a Node program exports, told by their outermost scope.
 *
 * An official Node exports 40,000 to 90,000 names, since its linker is told to
 * export everything. What addons use of it is C (napi_*, uv_*, OpenSSL, zlib, …) and the
 * C++ of node, v8 and cppgc. Left out of the shipped lists are
 *   - the internals of V8 and the C++ libraries inside Node (omitted_scopes), Rust
 *     names (which carry a hash of the build), V8's debugger constants and
 *     functions' static variables: three quarters of all names
 *   - std:: and the copies of libc's and libstdc++'s variables. These are not
 *     "omitted" in the sense of cp_node_list_omits, since libstdc++ and libc have
 *     them: who misses one there misses it.
 *
 * Mangling: Itanium C++ ABI, 5.1 (_Z [special] N [qualifiers] <length><name>...).
 */
#include "base.h"

#include <string.h>

#include "node_symbols.h"

struct scope {
	const char *name; /* NULL: none, or not told */
	size_t length;
};

struct mangled {
	struct scope outer, inner;
	bool is_std;
	bool is_local; /* a function's static variable or its guard */
};

/* The specials before a name: vtables, type information, guards, …. Thunks have an offset. */
static const char *skip_special(const char *at, bool *is_local)
{
	static const char *const specials[] = {"TV", "TT", "TI", "TS", "TW", "TH", "GV", "GR"};
	for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++) {
		if (strncmp(at, specials[i], 2) == 0) {
			at += 2;
			break;
		}
	}
	if (at[0] == 'T' && (at[1] == 'h' || at[1] == 'v'))
		for (int offsets = at[1] == 'h' ? 1 : 2; offsets; offsets--)
			at += strcspn(at, "_") + (at[strcspn(at, "_")] == '_');
	while (*at == 'Z') {
		*is_local = true;
		at++;
	}
	return at;
}

static const char *read_scope(const char *at, struct scope *scope)
{
	size_t length = 0;
	for (; *at >= '0' && *at <= '9' && length < 10000; at++)
		length = length * 10 + (size_t)(*at - '0');
	if (length == 0 || strnlen(at, length) < length)
		return NULL;
	*scope = (struct scope){at, length};
	return at + length;
}

/* Splits a mangled name; false where `symbol` is none. */
static bool split(const char *symbol, struct mangled *mangled)
{
	*mangled = (struct mangled){0};
	if (strncmp(symbol, "_Z", 2) != 0)
		return false;
	const char *at = skip_special(symbol + 2, &mangled->is_local);
	bool nested = *at == 'N';
	if (nested)
		at += 1 + strspn(at + 1, "KVrRO");
	mangled->is_std = *at == 'S';
	if (nested && !mangled->is_std) {
		at = read_scope(at, &mangled->outer);
		if (at)
			read_scope(at, &mangled->inner);
	}
	return true;
}

static bool is_scope(const struct scope *scope, const char *name)
{
	return scope->name && strlen(name) == scope->length &&
	       memcmp(scope->name, name, scope->length) == 0;
}

/* Rust's names, old (17h and 16 hexadecimal digits) and new (_R). */
static bool is_rust(const char *symbol)
{
	if (strncmp(symbol, "_R", 2) == 0)
		return true;
	const char *hash = strstr(symbol, "17h");
	return hash && strspn(hash + 3, "0123456789abcdef") >= 16 && hash[19] == 'E';
}

static bool is_omitted_scope(const struct mangled *name)
{
	static const char *const omitted_scopes[] = {"v8_inspector", "v8_crdtp", "crdtp", "heap",
		"disasm", "unibrow", "simdutf", "simdjson", "absl", "ada", "ncrypto", NULL};
	static const char *const omitted_in_v8[] = {"internal", "base", "debug", "bigint", NULL};
	for (const char *const *scope = omitted_scopes; *scope; scope++)
		if (is_scope(&name->outer, *scope))
			return true;
	if (is_scope(&name->outer, "v8"))
		for (const char *const *scope = omitted_in_v8; *scope; scope++)
			if (is_scope(&name->inner, *scope))
				return true;
	/* ICU's namespace has its version in its name. */
	return name->outer.length > 4 && strncmp(name->outer.name, "icu_", 4) == 0;
}

bool cp_node_list_omits(const char *symbol)
{
	struct mangled name;
	if (!split(symbol, &name))
		return is_rust(symbol) || strncmp(symbol, "v8dbg_", 6) == 0;
	if (name.is_std)
		return false;
	return name.is_local || is_rust(symbol) || is_omitted_scope(&name);
}

bool cp_node_list_keeps(const char *symbol)
{
	struct mangled name;
	if (cp_node_list_omits(symbol))
		return false;
	if (!split(symbol, &name))
		return true;
	return !name.is_std && !is_scope(&name.outer, "__cxxabiv1") &&
	       !is_scope(&name.outer, "__gnu_cxx") && !is_scope(&name.outer, "__gnu_debug");
}

bool cp_node_symbol(const char *symbol)
{
	static const char *const prefixes[] = {"napi_", "node_", "uv_", NULL};
	static const char *const scopes[] = {
		"v8", "node", "cppgc", "v8_inspector", "v8_crdtp", NULL};
	struct mangled name;
	if (!split(symbol, &name)) {
		for (const char *const *prefix = prefixes; *prefix; prefix++)
			if (strncmp(symbol, *prefix, strlen(*prefix)) == 0)
				return true;
		return false;
	}
	for (const char *const *scope = scopes; *scope; scope++)
		if (is_scope(&name.outer, *scope))
			return true;
	return false;
}
