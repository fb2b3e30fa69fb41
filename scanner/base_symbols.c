/* SPDX-License-Identifier: MIT
 *
 * Exported names as lines:
 *
 *     malloc@@GLIBC_2.2.5       default version; a global function
 *     memcpy@GLIBC_2.2.5 I      an older version, which only a versioned reference finds; IFUNC
 *     environ Ow                no version; an object, weak
 *     internal@                 hidden, of a version without a name
 *
 * FLAGS are letters without an order of their own, written in this one:
 *   type        O object, T TLS, I IFUNC, N none, C common; a function has none
 *   binding     w weak, u unique; a global has none
 *   visibility  p protected; the default has none
 *   z           its value is 0 (musl passes it over)
 *   b           the base version of an object that has versions (VER_NDX_GLOBAL)
 *
 * The lines are unpacked into what becomes the pool of the facts, and cut up there:
 * a name is not copied on its own.
 */
#include "base_text.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "memory.h"

#define ESCAPED_IN_NAMES " @"

enum flag_field { FLAG_TYPE, FLAG_BIND, FLAG_VISIBILITY, FLAG_BIT };

static const struct {
	char letter;
	uint8_t field; /* enum flag_field */
	uint8_t value;
} flag_letters[] = {
	{'O', FLAG_TYPE, STT_OBJECT},
	{'T', FLAG_TYPE, STT_TLS},
	{'I', FLAG_TYPE, STT_GNU_IFUNC},
	{'N', FLAG_TYPE, STT_NOTYPE},
	{'C', FLAG_TYPE, STT_COMMON},
	{'w', FLAG_BIND, STB_WEAK},
	{'u', FLAG_BIND, STB_GNU_UNIQUE},
	{'p', FLAG_VISIBILITY, STV_PROTECTED},
	{'z', FLAG_BIT, CP_SYM_NO_VALUE},
	{'b', FLAG_BIT, CP_SYM_BASE_VERSION},
};
#define FLAG_LETTERS (sizeof(flag_letters) / sizeof(*flag_letters))

static bool has_flag(const struct cp_symbol *symbol, size_t at)
{
	uint8_t value = flag_letters[at].value;
	switch (flag_letters[at].field) {
	case FLAG_TYPE:
		return symbol->type == value;
	case FLAG_BIND:
		return symbol->bind == value;
	case FLAG_VISIBILITY:
		return symbol->visibility == value;
	default:
		return symbol->flags & value;
	}
}

static int set_flag(struct cp_symbol *symbol, char letter)
{
	for (size_t i = 0; i < FLAG_LETTERS; i++) {
		if (flag_letters[i].letter != letter)
			continue;
		if (flag_letters[i].field == FLAG_TYPE)
			symbol->type = flag_letters[i].value;
		else if (flag_letters[i].field == FLAG_BIND)
			symbol->bind = flag_letters[i].value;
		else if (flag_letters[i].field == FLAG_VISIBILITY)
			symbol->visibility = flag_letters[i].value;
		else
			symbol->flags |= flag_letters[i].value;
		return 0;
	}
	return -1;
}

/* --- writing --------------------------------------------------------------- */

/* By name, then version; the rest only keeps the order the same from run to run. */
static int compare_symbols(const void *a, const void *b, void *context)
{
	const struct cp_facts *facts = context;
	const struct cp_symbol *left = facts->exports + *(const uint32_t *)a;
	const struct cp_symbol *right = facts->exports + *(const uint32_t *)b;
	int order = strcmp(facts->pool + left->name, facts->pool + right->name);
	if (order == 0)
		order = strcmp(facts->pool + left->version, facts->pool + right->version);
	if (order == 0)
		order = left->flags - right->flags;
	if (order == 0)
		order = left->type - right->type;
	return order ? order : left->bind - right->bind;
}

static void write_symbol(FILE *file, const struct cp_facts *facts, const struct cp_symbol *symbol)
{
	const char *name = facts->pool + symbol->name;
	cp_text_escape(file, name, strlen(name), ESCAPED_IN_NAMES);
	if (symbol->version || (symbol->flags & CP_SYM_HIDDEN)) {
		const char *version = facts->pool + symbol->version;
		fputs(symbol->flags & CP_SYM_HIDDEN ? "@" : "@@", file);
		cp_text_escape(file, version, strlen(version), ESCAPED_IN_NAMES);
	}
	bool any = false;
	for (size_t i = 0; i < FLAG_LETTERS; i++) {
		if (!has_flag(symbol, i))
			continue;
		if (!any)
			putc(' ', file);
		any = true;
		putc(flag_letters[i].letter, file);
	}
	putc('\n', file);
}

int cp_symbols_write(
	FILE *file, const struct cp_facts *facts, bool (*keep)(const char *name), size_t *written)
{
	*written = 0;
	cp_cleanup_free uint32_t *order = calloc(facts->n_exports + 1, sizeof(*order));
	if (!order)
		return -1;
	size_t kept = 0;
	for (size_t i = 0; i < facts->n_exports; i++)
		if (!keep || keep(facts->pool + facts->exports[i].name))
			order[kept++] = (uint32_t)i;
	qsort_r(order, kept, sizeof(*order), compare_symbols, (void *)facts);
	for (size_t i = 0; i < kept; i++)
		write_symbol(file, facts, facts->exports + order[i]);
	*written = kept;
	return ferror(file) ? -1 : 0;
}

/* --- reading --------------------------------------------------------------- */

cp_str cp_facts_add_string(struct cp_facts *facts, const char *text, bool *failed)
{
	size_t size = strlen(text) + 1;
	if (size == 1)
		return 0;
	size_t old = facts->pool_size ? facts->pool_size : 1;
	char *pool = old + size > CP_MAX_STRINGS ? NULL : realloc(facts->pool, old + size);
	if (!pool) {
		*failed = true;
		return 0;
	}
	pool[0] = '\0';
	memcpy(pool + old, text, size);
	facts->pool = pool;
	facts->pool_size = old + size;
	return (cp_str)old;
}

/* Finds the end of the `count`th line from `at` on; NULL where there are fewer. */
static const char *skip_lines(const char *at, const char *end, size_t count)
{
	for (; count; count--) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		if (!newline)
			return NULL;
		at = newline + 1;
	}
	return at;
}

/* Walks to the end of the name at `line`: a space, '@', or the line's NUL. *hash becomes the
 * name's, on the way, since most of the time of reading a list would go into walking names twice.
 */
static char *name_end(char *line, uint32_t *hash, bool *escaped)
{
	uint32_t h = 5381; /* dl_new_hash, as in cp_symbol_hash */
	*escaped = false;
	for (; *line && *line != ' ' && *line != '@'; line++) {
		h = h * 33 + (unsigned char)*line;
		*escaped |= *line == '\\';
	}
	*hash = h;
	return line;
}

/* Cuts the version at `at` ("@V", "@@V") off and returns what follows it. NULL: malformed. */
static char *parse_version(char *at, const char *pool, struct cp_symbol *symbol)
{
	char *version = at + 1, *end;
	if (*version == '@')
		version++;
	else
		symbol->flags |= CP_SYM_HIDDEN;
	*at = '\0';
	end = version + strcspn(version, " ");
	char *rest = *end ? end + 1 : end;
	bool flags_follow = *end;
	*end = '\0';
	ssize_t length = cp_text_unescape(version, false);
	if (length < 0 || (length == 0 && !(symbol->flags & CP_SYM_HIDDEN)) ||
		(flags_follow && !*rest))
		return NULL;
	symbol->version = length ? (cp_str)(version - pool) : 0;
	return rest;
}

/* Cuts the line at `line`, NUL-terminated, into a symbol. Offsets count from `pool`. */
static int parse_symbol(char *line, const char *pool, struct cp_symbol *symbol)
{
	bool escaped;
	*symbol = (struct cp_symbol){.type = STT_FUNC, .bind = STB_GLOBAL};
	symbol->name = (cp_str)(line - pool);
	char *at = name_end(line, &symbol->hash, &escaped);
	if (*at == '@') {
		at = parse_version(at, pool, symbol);
	} else if (*at == ' ') {
		*at++ = '\0';
		at = *at ? at : NULL;
	}
	if (!at || !*line)
		return -1;
	for (; *at; at++)
		if (set_flag(symbol, *at) < 0)
			return -1;
	if (escaped) {
		if (cp_text_unescape(line, false) <= 0)
			return -1;
		symbol->hash = cp_symbol_hash(line);
	}
	return 0;
}

/* Moves the lines behind the pool, with every newline a NUL. Returns where they begin. */
static char *take_lines(struct cp_facts *facts, const char *lines, size_t size)
{
	size_t old = facts->pool_size ? facts->pool_size : 1;
	char *pool = old + size > CP_MAX_STRINGS ? NULL : realloc(facts->pool, old + size);
	if (!pool)
		return NULL;
	pool[0] = '\0';
	memcpy(pool + old, lines, size);
	facts->pool = pool;
	facts->pool_size = old + size;
	return pool + old;
}

int cp_symbols_read(struct cp_facts *facts, const char **at, const char *end, size_t count,
	struct cp_error **err)
{
	const char *stop = count <= CP_MAX_SYMBOLS ? skip_lines(*at, end, count) : NULL;
	if (!stop)
		return cp_error_set(err, EINVAL, "fewer than %zu names are left", count);
	if (memchr(*at, '\0', (size_t)(stop - *at)))
		return cp_error_set(err, EINVAL, "a name has a NUL byte");
	facts->exports = calloc(count + 1, sizeof(*facts->exports));
	char *line = take_lines(facts, *at, (size_t)(stop - *at));
	if (!facts->exports || !line)
		return cp_error_set(err, ENOMEM, "out of memory");
	const char *after = facts->pool + facts->pool_size;
	for (size_t i = 0; i < count; i++) {
		char *newline = memchr(line, '\n', (size_t)(after - line));
		*newline = '\0';
		if (parse_symbol(line, facts->pool, facts->exports + i) < 0)
			return cp_error_set(err, EINVAL, "malformed name %zu of %zu", i + 1, count);
		line = newline + 1;
	}
	facts->n_exports = count;
	*at = stop;
	if (cp_facts_index_exports(facts) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

int cp_facts_add_needed(struct cp_facts *facts, const char *name)
{
	bool failed = false;
	cp_str *moved = reallocarray(facts->needed, facts->n_needed + 1, sizeof(*moved));
	if (!moved)
		return -1;
	facts->needed = moved;
	facts->needed[facts->n_needed++] = cp_facts_add_string(facts, name, &failed);
	return failed ? -1 : 0;
}
