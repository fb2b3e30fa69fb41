/* SPDX-License-Identifier: MIT
 *
 * Base files: the shipped ones, the form, and how a strict reader answers to hostile
 * ones. (Names of targets: test_base_names.c; making: test_base_make.c.)
 */
#include <elf.h>
#include <stdarg.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include "base.h"
#include "base_text.h"
#include "embedded.h"
#include "memory.h"

#define MAX_FILE (300 * 1000) /* bytes that a file in the repository may have */

static struct cp_base *read_shipped(const char *name)
{
	struct cp_base *base;
	struct cp_error *err = NULL;
	int major;
	if (cp_base_find(name, &base, &major, &err) < 0)
		fail_msg("%s", err->message);
	return base;
}

static char *write_text(const struct cp_base *base, size_t *size)
{
	char *text = NULL;
	FILE *file = open_memstream(&text, size);
	assert_int_equal(cp_base_write(base, file, NULL), 0);
	fclose(file);
	return text;
}

static const struct cp_facts *library(const struct cp_base *base, const char *path)
{
	struct cp_found found;
	const struct cp_root root = {.layers = {{.index = base->index}}, .count = 1};
	if (cp_root_resolve(&root, path, true, &found) < 0)
		return NULL;
	return cp_index_facts(found.index, found.node);
}

static const struct cp_symbol *exported(const struct cp_facts *facts, const char *name)
{
	size_t cursor = 0;
	return cp_facts_export_next(facts, name, cp_symbol_hash(name), &cursor);
}

static const char *highest(const struct cp_facts *facts, const char *prefix)
{
	const char *found = "0";
	for (size_t i = 0; i < facts->n_verdef; i++) {
		const char *version = facts->pool + facts->verdef[i].version;
		if (strncmp(version, prefix, strlen(prefix)) == 0 &&
			cp_version_compare(version + strlen(prefix), found) > 0)
			found = version + strlen(prefix);
	}
	return found;
}

/* --- shipped bases ------------------------------------------------------------- */

static void test_every_base_reads_and_writes_the_same(void **state)
{
	(void)state;
	size_t count = 0;
	for (const struct cp_embedded *at = cp_embedded_bases; at->name; at++, count++) {
		size_t size;
		cp_cleanup_base struct cp_base *base = read_shipped(at->name);
		cp_cleanup_free char *text = write_text(base, &size);
		assert_string_equal(base->name, at->name);
		assert_string_equal(cp_base_names()[count], at->name);
		assert_string_equal(base->architecture, "amd64");
		assert_true(at->end - at->text < MAX_FILE);
		/* The packed bytes may differ under another libzstd; the head hashes their text. */
		size_t head = (size_t)(strstr(text, "\n-----BEGIN") - text);
		assert_memory_equal(text, at->text, head);
		if (size == (size_t)(at->end - at->text))
			assert_memory_equal(text, at->text, size);
		cp_cleanup_base struct cp_base *again = NULL;
		assert_int_equal(cp_base_read(text, size, "again", &again, NULL), 0);
	}
	assert_int_equal(count, 8);
	assert_null(cp_base_names()[count]);
}

/* libc.so.6 of glibc 2.31 defines no GLIBC_2.31; libpthread.so.0 does. */
static void check_debian(
	const char *name, const char *glibc, const char *library_of_version, const char *glibcxx)
{
	cp_cleanup_base struct cp_base *base = read_shipped(name);
	const struct cp_facts *libc = library(base, "/lib/x86_64-linux-gnu/libc.so.6");
	const struct cp_facts *cxx = library(base, "/usr/lib/x86_64-linux-gnu/libstdc++.so.6");
	assert_int_equal(base->libc, CP_LIBC_GLIBC);
	assert_string_equal(base->libc_version, glibc);
	assert_string_equal(base->os_id, "debian");
	assert_non_null(libc);
	assert_non_null(cxx);
	const struct cp_facts *newest = library(base, library_of_version);
	assert_non_null(newest);
	assert_string_equal(highest(newest, "GLIBC_"), glibc);
	assert_string_equal(highest(cxx, "GLIBCXX_"), glibcxx);
	assert_non_null(library(base, "/lib64/ld-linux-x86-64.so.2"));
	assert_non_null(library(base, "/lib/x86_64-linux-gnu/libgcc_s.so.1"));
	assert_non_null(library(base, "/lib/x86_64-linux-gnu/libm.so.6"));
	assert_non_null(exported(libc, "gnu_get_libc_version"));
	assert_int_equal(exported(libc, "memcpy")->type, STT_GNU_IFUNC);
	assert_false(libc->symbols_known);
	/* Plug-ins, and what the minimal Debian does not have. */
	assert_null(library(base, "/usr/lib/x86_64-linux-gnu/gconv/UTF-16.so"));
	assert_null(library(base, "/usr/lib/x86_64-linux-gnu/libatomic.so.1"));
}

static void test_debian(void **state)
{
	(void)state;
	static const char libc[] = "/lib/x86_64-linux-gnu/libc.so.6";
	static const char libpthread[] = "/lib/x86_64-linux-gnu/libpthread.so.0";
	check_debian("debian-bullseye", "2.31", libpthread, "3.4.28");
	check_debian("debian-bookworm", "2.36", libc, "3.4.30");
	check_debian("debian-trixie", "2.41", libc, "3.4.33");
}

static void check_alpine(const char *name, const char *version, bool lfs64, bool has_statx)
{
	cp_cleanup_base struct cp_base *base = read_shipped(name);
	const struct cp_facts *musl = library(base, "/lib/libc.musl-x86_64.so.1");
	const struct cp_facts *cxx = library(base, "/usr/lib/libstdc++.so.6");
	const struct cp_facts *gcc = library(base, "/usr/lib/libgcc_s.so.1");
	assert_int_equal(base->libc, CP_LIBC_MUSL);
	assert_string_equal(base->libc_version, version);
	assert_string_equal(base->os_id, "alpine");
	assert_false(base->gcompat);
	assert_non_null(musl);
	assert_non_null(cxx);
	assert_non_null(gcc);
	assert_ptr_equal(musl, library(base, "/lib/ld-musl-x86_64.so.1"));
	assert_int_equal(exported(musl, "open64") != NULL, lfs64);
	assert_int_equal(exported(musl, "statx") != NULL, has_statx);
	assert_null(exported(musl, "gnu_get_libc_version"));
	assert_non_null(exported(cxx, "_ZSt20__throw_length_errorPKc"));
	assert_non_null(exported(gcc, "_Unwind_Resume"));
	assert_non_null(library(base, "/lib/libz.so.1"));
	uint32_t release = cp_index_find(base->index, "/etc/alpine-release");
	assert_non_null(cp_index_text(base->index, release));
}

static void test_alpine(void **state)
{
	(void)state;
	check_alpine("alpine-3.16", "1.2.3", true, false);
	check_alpine("alpine-3.17", "1.2.3", true, false);
	check_alpine("alpine-3.18", "1.2.4", true, false);
	check_alpine("alpine-3.19", "1.2.4_git20230717", false, false);
	check_alpine("alpine-3.20", "1.2.5", false, true);
}

/* By the versions under which libstdc++ brought them: GLIBCXX_3.4.30 (gcc 12.1), .31 (13.1), .33
 * (14.1). std::condition_variable::wait got a new version in 12.1, and is in all of them. */
static void test_alpine_has_the_names_of_its_own_gcc(void **state)
{
	(void)state;
	static const char of_12[] = "_ZSt21__glibcxx_assert_failPKciS0_S0_";
	static const char of_13[] = "_ZNSt6chrono12current_zoneEv";
	static const char of_14[] = "_ZNKSt12__basic_fileIcE13native_handleEv";
	static const char of_all[] = "_ZNSt18condition_variable4waitERSt11unique_lockISt5mutexE";
	static const struct {
		const char *name;
		int gcc;
	} bases[] = {{"alpine-3.16", 11}, {"alpine-3.17", 12}, {"alpine-3.18", 12},
		{"alpine-3.19", 13}, {"alpine-3.20", 13}};
	for (size_t i = 0; i < sizeof(bases) / sizeof(*bases); i++) {
		cp_cleanup_base struct cp_base *base = read_shipped(bases[i].name);
		const struct cp_facts *cxx = library(base, "/usr/lib/libstdc++.so.6");
		assert_int_equal(exported(cxx, of_12) != NULL, bases[i].gcc >= 12);
		assert_int_equal(exported(cxx, of_13) != NULL, bases[i].gcc >= 13);
		assert_null(exported(cxx, of_14));
		assert_non_null(exported(cxx, of_all));
	}
}

/* --- the form ------------------------------------------------------------------- */

static struct cp_base *new_base(void)
{
	struct cp_base *base = calloc(1, sizeof(*base));
	base->name = strdup("tiny");
	base->source = strdup("a test, with a \\ and a \n");
	base->architecture = strdup("amd64");
	base->libc = CP_LIBC_MUSL;
	base->index = cp_index_new();
	return base;
}

static struct cp_facts *new_facts(void)
{
	bool failed = false;
	struct cp_facts *facts = calloc(1, sizeof(*facts));
	facts->elf_class = ELFCLASS64;
	facts->type = ET_DYN;
	facts->machine = EM_X86_64;
	facts->size = 77;
	facts->has_dynamic = true;
	facts->tls_size = 8;
	facts->stack = CP_STACK_EXECUTABLE;
	facts->os = CP_OS_ANDROID;
	facts->node_api = -1;
	facts->soname = cp_facts_add_string(facts, "lib with space.so", &failed);
	facts->n_needed = facts->n_verneed = 1;
	facts->needed = calloc(1, sizeof(*facts->needed));
	facts->needed[0] = cp_facts_add_string(facts, "libc.so", &failed);
	facts->verneed = calloc(1, sizeof(*facts->verneed));
	facts->verneed[0].file = cp_facts_add_string(facts, "libc.so", &failed);
	facts->verneed[0].version = cp_facts_add_string(facts, "V_1", &failed);
	facts->verneed[0].weak = true;
	facts->n_verdef = 2;
	facts->verdef = calloc(2, sizeof(*facts->verdef));
	facts->verdef[0].version = facts->soname;
	facts->verdef[0].base = true;
	facts->verdef[1].version = cp_facts_add_string(facts, "V_2", &failed);
	facts->verdef[1].weak = true;
	assert_false(failed);
	return facts;
}

static void add_symbols(struct cp_facts *facts, const struct cp_symbol *symbols,
	const char *const (*names)[2], size_t count)
{
	bool failed = false;
	facts->exports = calloc(count, sizeof(*facts->exports));
	facts->n_exports = count;
	for (size_t i = 0; i < count; i++) {
		facts->exports[i] = symbols[i];
		facts->exports[i].hash = cp_symbol_hash(names[i][0]);
		facts->exports[i].name = cp_facts_add_string(facts, names[i][0], &failed);
		facts->exports[i].version = cp_facts_add_string(facts, names[i][1], &failed);
	}
	assert_int_equal(cp_facts_index_exports(facts), 0);
	assert_false(failed);
}

static const struct cp_symbol odd_symbols[] = {
	{.type = STT_FUNC, .bind = STB_GLOBAL},
	{.type = STT_OBJECT, .bind = STB_WEAK, .flags = CP_SYM_HIDDEN},
	{.type = STT_TLS, .bind = STB_GNU_UNIQUE, .visibility = STV_PROTECTED},
	{.type = STT_NOTYPE, .bind = STB_GLOBAL, .flags = CP_SYM_NO_VALUE},
	{.type = STT_GNU_IFUNC, .bind = STB_GLOBAL, .flags = CP_SYM_BASE_VERSION},
	{.type = STT_FUNC, .bind = STB_GLOBAL, .flags = CP_SYM_HIDDEN},
};
static const char *const odd_names[][2] = {{"a name @ \\ \n \x01\xff", "V 2@"}, {"b", "V_2"},
	{"c", ""}, {"d", ""}, {"e", ""}, {"f", ""}};
#define ODD (sizeof(odd_symbols) / sizeof(*odd_symbols))

/* A base with one entry of each kind. */
static struct cp_base *tiny_base(void)
{
	uint32_t node;
	struct cp_base *base = new_base();
	struct cp_facts *facts = new_facts();
	add_symbols(facts, odd_symbols, odd_names, ODD);
	assert_int_equal(cp_index_add(base->index, "/lib/x.so", CP_NODE_FILE, &node, NULL), 0);
	assert_int_equal(cp_index_set_facts(base->index, node, facts, NULL), 0);
	assert_int_equal(cp_index_add(base->index, "/lib/y", CP_NODE_SYMLINK, &node, NULL), 0);
	assert_int_equal(cp_index_set_link(base->index, node, "x y", NULL), 0);
	assert_int_equal(cp_index_add(base->index, "/etc/t", CP_NODE_FILE, &node, NULL), 0);
	assert_int_equal(cp_index_set_text(base->index, node, "a\n\0b", 4, true, NULL), 0);
	assert_int_equal(cp_index_add(base->index, "/bin/p", CP_NODE_FILE, &node, NULL), 0);
	cp_index_node_mutable(base->index, node)->size = 5;
	cp_index_node_mutable(base->index, node)->flags |= CP_NODE_EXECUTABLE;
	return base;
}

static void test_what_is_written_is_read(void **state)
{
	(void)state;
	size_t size, size_again;
	cp_cleanup_base struct cp_base *base = tiny_base(), *read = NULL;
	cp_cleanup_free char *text = write_text(base, &size);
	assert_int_equal(cp_base_read(text, size, "tiny", &read, NULL), 0);
	cp_cleanup_free char *again = write_text(read, &size_again);
	assert_int_equal(size, size_again);
	assert_memory_equal(text, again, size);

	assert_string_equal(read->source, base->source);
	assert_null(read->os_id);
	assert_null(read->libc_version);
	const struct cp_facts *facts = library(read, "/lib/x.so");
	assert_int_equal(facts->tls_size, 8);
	assert_int_equal(facts->stack, CP_STACK_EXECUTABLE);
	assert_int_equal(facts->os, CP_OS_ANDROID);
	assert_string_equal(facts->pool + facts->soname, "lib with space.so");
	assert_true(facts->verneed[0].weak && facts->verdef[0].base && facts->verdef[1].weak);
	for (size_t i = 0; i < ODD; i++) {
		const struct cp_symbol *symbol = exported(facts, odd_names[i][0]);
		assert_non_null(symbol);
		assert_string_equal(facts->pool + symbol->version, odd_names[i][1]);
		assert_int_equal(symbol->type, odd_symbols[i].type);
		assert_int_equal(symbol->bind, odd_symbols[i].bind);
		assert_int_equal(symbol->visibility, odd_symbols[i].visibility);
		assert_int_equal(symbol->flags, odd_symbols[i].flags);
	}
	const struct cp_text *kept =
		cp_index_text(read->index, cp_index_find(read->index, "/etc/t"));
	assert_int_equal(kept->size, 4);
	assert_memory_equal(kept->data, "a\n\0b", 4);
	uint32_t program = cp_index_find(read->index, "/bin/p");
	assert_int_equal(cp_index_node(read->index, program)->size, 5);
	assert_true(cp_index_node(read->index, program)->flags & CP_NODE_EXECUTABLE);
}

/* --- hostile files ---------------------------------------------------------------- */

/* `text` with the first `from` in it replaced by `to`; owned. */
static char *replaced(const char *text, const char *from, const char *to)
{
	const char *at = strstr(text, from);
	assert_non_null(at);
	char *copy = NULL;
	assert_true(asprintf(&copy, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from)) > 0);
	return copy;
}

static void test_errors_name_the_line(void **state)
{
	(void)state;
	static const struct {
		const char *from, *to, *error;
	} changes[] = {
		{"base/1", "base/2", "t:1: the format is not compatprobe-base/1"},
		{"name: ", "nome: ", "t:2: expected \"name: ...\""},
		{"libc: musl", "libc: glibd", "t:7: not a libc: glibd"},
		{"gcompat: no", "gcompat: maybe", "t:9: gcompat is yes or no"},
		{"source: a", "source: a\\q", "t:3: malformed escape in the value of source"},
		{"symbols-size: ", "symbols-size: 99999999999",
			"t:10: symbols-size must be a number up to 16777216"},
		{"symbols-sha256: ", "symbols-sha256: x",
			"t:11: symbols-sha256 must be 64 hexadecimal digits"},
		{"file /bin/p 5", "file /bin/p -5",
			"t:13: expected \"file PATH SIZE [executable]\""},
		{"file /bin/p 5", "file bin/p 5",
			"t:13: expected an absolute path without . or .."},
		{"file /bin/p 5", "file /bin/../p 5",
			"t:13: expected an absolute path without . or .."},
		{"file /bin/p 5", "file /zzz 5", "t:14: /etc/t must come before /zzz, and once"},
		{"file /bin/p 5 executable", "file /etc 5\nlink /etc/t/u /x",
			"t:14: /etc/t/u is below something that is no directory"},
		{"text /etc/t a", "text /etc/t", "t:14: expected \"text PATH CONTENT\""},
		{"link /lib/y", "device /lib/y", "t:30: expected link, text, file or library"},
		{" size 77", " size 0", "t:16: not a value of size: 0"},
		{" size 77", " class 2\n size 77", "t:17: size is not in its place"},
		{" class 2", " class 256", "t:17: not a value of class: 256"},
		{" class 2", " clazz 2", "t:17: not a property of a library"},
		{" os android", " os plan9", "t:20: not a value of os: plan9"},
		{" dynamic", " dynamic 1", "t:22: dynamic has no value"},
		{" wants libc.so V_1 weak", " wants libc.so V_1 week", "t:26: malformed wants"},
		{" exports 6", " exports 7", "t: names of library 1: fewer than 7 names are left"},
		{" exports 6", " exports 5", "more names than the libraries have"},
		{" exports 6", " exports 4294967296", "t:29: malformed exports"},
		{"-----BEGIN", "----BEGIN", "expected \"-----BEGIN SYMBOLS (zstd, base64)-----\""},
		{"-----END SYMBOLS-----\n", "-----END SYMBOLS-----\nx\n",
			"something follows the block"},
		{"-----END SYMBOLS-----\n", "-----END SYMBOLS-----", "the last line has no end"},
		{"KLUv", "KLU*", "not a line of base64"},
		{"KLUv", "KLUw", "cannot unpack the names"},
	};
	size_t size;
	cp_cleanup_base struct cp_base *base = tiny_base();
	cp_cleanup_free char *text = write_text(base, &size);
	for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
		struct cp_base *read;
		cp_cleanup_error struct cp_error *err = NULL;
		cp_cleanup_free char *changed = replaced(text, changes[i].from, changes[i].to);
		assert_int_equal(cp_base_read(changed, strlen(changed), "t", &read, &err), -1);
		assert_null(read);
		if (!strstr(err->message, changes[i].error))
			fail_msg("\"%s\" -> \"%s\": %s", changes[i].from, changes[i].to,
				err->message);
	}
}

static void test_a_wrong_hash_is_an_error(void **state)
{
	(void)state;
	size_t size;
	struct cp_base *read;
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_base struct cp_base *base = tiny_base();
	cp_cleanup_free char *text = write_text(base, &size);
	char *digit = strstr(text, "symbols-sha256: ") + strlen("symbols-sha256: ");
	*digit = *digit == '0' ? '1' : '0';
	assert_int_equal(cp_base_read(text, size, "t", &read, &err), -1);
	assert_non_null(strstr(err->message, "do not have the SHA-256"));
}

/* Every cut, and every byte changed: an error or a base, never a crash or a leak. */
static void test_damage(void **state)
{
	(void)state;
	size_t size;
	struct cp_base *read;
	cp_cleanup_base struct cp_base *base = tiny_base();
	cp_cleanup_free char *text = write_text(base, &size);
	for (size_t cut = 0; cut < size; cut++) {
		cp_cleanup_free char *copy = malloc(cut + 1); /* to the byte, for the sanitizer */
		memcpy(copy, text, cut);
		assert_int_equal(cp_base_read(copy, cut, "cut", &read, NULL), -1);
	}
	for (size_t at = 0; at < size; at++) {
		char kept = text[at];
		for (size_t i = 0; i < 4; i++) {
			text[at] = "\0\n \\"[i];
			if (cp_base_read(text, size, "changed", &read, NULL) == 0)
				cp_base_free(read);
		}
		text[at] = kept;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_base_reads_and_writes_the_same),
		cmocka_unit_test(test_debian),
		cmocka_unit_test(test_alpine),
		cmocka_unit_test(test_alpine_has_the_names_of_its_own_gcc),
		cmocka_unit_test(test_what_is_written_is_read),
		cmocka_unit_test(test_errors_name_the_line),
		cmocka_unit_test(test_a_wrong_hash_is_an_error),
		cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
