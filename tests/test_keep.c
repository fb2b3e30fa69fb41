/* SPDX-License-Identifier: MIT
 *
 * What is kept of a file, by name and by first bytes.
 */
#include <elf.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "keep.h"
#include "support/elf_builder.h"

static uint32_t add_file(struct cp_index *index, const char *path, uint64_t size)
{
	uint32_t node;
	assert_int_equal(cp_index_add(index, path, CP_NODE_FILE, &node, NULL), 0);
	cp_index_node_mutable(index, node)->size = size;
	return node;
}

static enum cp_keep decide(const char *path, uint64_t size)
{
	return cp_keep_decide(path, size, "plain", 5);
}

static void texts_are_told_by_name(void **state)
{
	(void)state;
	static const char *const kept[] = {"package.json", "/app/node_modules/x/package.json",
		"./etc/os-release", "usr/lib/os-release", "/etc/ld-musl-x86_64.path",
		"etc/ld.so.conf", "etc/ld.so.conf.d/libc.conf", "etc/debian_version",
		"etc/alpine-release", "usr/local/include/node/node_version.h",
		"lib/apk/db/installed", "/usr/lib/apk/db/installed", "usr/bin/ldd",
		"node_modules/.modules.yaml", "node_modules/zeromq/build/manifest.json"};
	static const char *const passed[] = {"my-package-lock.json", "my-package.json",
		"package.json/x", "etc/ld-musl-x86_64.conf", "ld-musl-.pat",
		"etc/ld.so.conf.d/x.bak", "other.d/x.conf", "db/installed", "xlib/apk/db/installed",
		"bin/ldd", "ldd", "manifest.json", "xbuild/manifest.json", "", "/"};
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (decide(kept[i], 100) != CP_KEEP_TEXT)
			fail_msg("%s is not kept", kept[i]);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		if (decide(passed[i], 100) != CP_KEEP_NOTHING)
			fail_msg("%s is kept", passed[i]);
}

static void lock_files_are_kept_outside_of_packages(void **state)
{
	(void)state;
	static const char *const kept[] = {"package-lock.json", "/app/npm-shrinkwrap.json",
		"app/yarn.lock", "my_node_modules/pnpm-lock.yaml",
		"app/node_modules/.package-lock.json", "node_modules/.pnpm/lock.yaml"};
	static const char *const passed[] = {"node_modules/a/yarn.lock", ".package-lock.json",
		"app/node_modules/a/package-lock.json", ".pnpm/lock.yaml", "lock.yaml"};
	for (size_t i = 0; i < sizeof(kept) / sizeof(*kept); i++)
		if (decide(kept[i], 16 << 20) != CP_KEEP_TEXT ||
			decide(kept[i], (16 << 20) + 1) != CP_KEEP_NOTHING)
			fail_msg("%s is not kept as it should be", kept[i]);
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		if (decide(passed[i], 100) != CP_KEEP_NOTHING)
			fail_msg("%s is kept", passed[i]);
}

static void scripts_become_what_they_load(void **state)
{
	(void)state;
	static const char *const passed[] = {"node_modules/a/x.js", "/usr/lib/x.js",
		"usr/local/lib/x.js", "./opt/yarn-v1.22/bin/yarn.js", "app/x.ts", "app/.json"};
	static const char script[] = "const x = require('x');\n";
	for (size_t i = 0; i < sizeof(passed) / sizeof(*passed); i++)
		if (decide(passed[i], 100) != CP_KEEP_NOTHING)
			fail_msg("%s is kept", passed[i]);
	assert_int_equal(decide("usr/src/app/x.cjs", 256 << 10), CP_KEEP_SCRIPT);
	assert_int_equal(decide("app/x.mjs", (256 << 10) + 1), CP_KEEP_NOTHING);
	assert_int_equal(decide("/app/x.js", 1), CP_KEEP_SCRIPT);
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint32_t node = add_file(index, "a.js", 1);
	cp_keep_store(index, node, "a.js", CP_KEEP_SCRIPT, script, strlen(script), true, NULL);
	assert_string_equal(cp_index_text(index, node)->data, "require x\n");
	node = add_file(index, "b.js", 1);
	cp_keep_store(index, node, "b.js", CP_KEEP_SCRIPT, "1;", 2, false, NULL);
	assert_null(cp_index_text(index, node));
}

/* Beyond what is kept, and beyond what jansson follows. */
static void gyp_files_become_what_they_run(void **state)
{
	(void)state;
	static const char gyp[] = "{'a': '<!(python x.py)', 'b': 'prose'}";
	assert_int_equal(decide("app/node_modules/gl/angle/src/angle.gyp", 100), CP_KEEP_GYP);
	assert_int_equal(decide("/app/binding.gyp", 256 << 10), CP_KEEP_GYP);
	assert_int_equal(decide("/app/x/common.gypi", (256 << 10) + 1), CP_KEEP_NOTHING);
	assert_int_equal(
		decide("usr/local/lib/node_modules/npm/x/addon.gypi", 100), CP_KEEP_NOTHING);
	struct cp_index *index = cp_index_new();
	uint32_t node = add_file(index, "/app/binding.gyp", sizeof(gyp) - 1);
	assert_int_equal(cp_keep_store(index, node, "/app/binding.gyp", CP_KEEP_GYP, gyp,
				 sizeof(gyp) - 1, true, NULL),
		0);
	assert_string_equal(cp_index_text(index, node)->data, "run python\n");
	cp_index_free(index);
}

static void hostile_manifests_are_passed_over(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	const size_t levels = 10000;
	char *text = malloc(levels * 5);
	for (size_t i = 0; i < levels; i++)
		memcpy(text + i * 5, "{\"a\":", 5);
	assert_int_equal(decide("package.json", 50 << 20), CP_KEEP_NOTHING);
	uint32_t node = add_file(index, "package.json", levels * 5);
	assert_int_equal(cp_keep_store(index, node, "package.json", CP_KEEP_TEXT, text, levels * 5,
				 false, NULL),
		0);
	assert_null(cp_index_text(index, node));
	assert_int_equal(cp_index_error_count(index), 0);
	free(text);
}

static void texts_have_a_largest_size(void **state)
{
	(void)state;
	assert_int_equal(decide("package.json", 1 << 20), CP_KEEP_TEXT);
	assert_int_equal(decide("package.json", (1 << 20) + 1), CP_KEEP_NOTHING);
	assert_int_equal(decide("os-release", UINT64_MAX), CP_KEEP_NOTHING);
	assert_int_equal(decide("lib/apk/db/installed", 2 << 20), CP_KEEP_TEXT);
}

static void objects_are_told_by_magic(void **state)
{
	(void)state;
	assert_int_equal(cp_keep_decide("x", 64, ELFMAG "\2\1\1", 7), CP_KEEP_OBJECT);
	assert_int_equal(cp_keep_decide("package.json", 64, ELFMAG, 4), CP_KEEP_OBJECT);
	assert_int_equal(cp_keep_decide("x", 3, ELFMAG, 3), CP_KEEP_NOTHING);
	assert_int_equal(cp_keep_decide("x.node", 0, NULL, 0), CP_KEEP_NOTHING);
}

static enum cp_content content_of(const void *head, size_t size, uint64_t file_size)
{
	struct cp_index *index = cp_index_new();
	uint32_t node = add_file(index, "x.node", file_size);
	assert_int_equal(cp_keep_decide("x.node", file_size, head, size), CP_KEEP_NOTHING);
	assert_int_equal(
		cp_keep_store(index, node, "x.node", CP_KEEP_NOTHING, head, size, false, NULL), 0);
	enum cp_content content = cp_index_node(index, node)->content;
	cp_index_free(index);
	return content;
}

static void foreign_objects_are_marked(void **state)
{
	(void)state;
	assert_int_equal(content_of("\xcf\xfa\xed\xfe....", 8, 100), CP_CONTENT_MACHO);
	assert_int_equal(content_of("\xfe\xed\xfa\xce....", 8, 100), CP_CONTENT_MACHO);
	assert_int_equal(content_of("\xca\xfe\xba\xbe\0\0\0\2", 8, 100), CP_CONTENT_MACHO);
	assert_int_equal(content_of("\xca\xfe\xba\xbf\0\0\0\2", 8, 100), CP_CONTENT_MACHO);
	/* a Java class of version 52, and a fat file without architectures */
	assert_int_equal(content_of("\xca\xfe\xba\xbe\0\0\0\x34", 8, 100), CP_CONTENT_OTHER);
	assert_int_equal(content_of("\xca\xfe\xba\xbe\0\0\0\0", 8, 100), CP_CONTENT_OTHER);
	assert_int_equal(content_of("\xca\xfe\xba\xbe", 4, 4), CP_CONTENT_OTHER);

	char pe[64] = "MZ";
	pe[60] = (char)0x80;
	assert_int_equal(content_of(pe, 64, 1000), CP_CONTENT_PE);
	assert_int_equal(content_of(pe, 64, 0x83), CP_CONTENT_OTHER);
	assert_int_equal(content_of(pe, 63, 63), CP_CONTENT_OTHER);
	memset(pe + 2, 'x', 62);
	assert_int_equal(content_of(pe, 64, 1000), CP_CONTENT_OTHER);

	static const char pointer[] = "version https://git-lfs.github.com/spec/v1\noid sha256:0";
	assert_int_equal(content_of(pointer, sizeof(pointer) - 1, 130), CP_CONTENT_LFS_POINTER);
	assert_int_equal(content_of(pointer, 20, 20), CP_CONTENT_OTHER);
	assert_int_equal(content_of("", 0, 0), CP_CONTENT_OTHER);
}

static uint32_t store_object(
	struct cp_index *index, const char *path, const void *data, size_t size)
{
	uint32_t node = add_file(index, path, size);
	assert_int_equal(
		cp_keep_store(index, node, path, CP_KEEP_OBJECT, data, size, false, NULL), 0);
	return node;
}

static void objects_become_facts_or_a_row(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	struct elf_spec spec = {.needed = {"libc.so.6"}};
	struct elf_image image = elf_build(&spec);
	uint32_t node = store_object(index, "lib/x.so", image.bytes, image.size);
	assert_int_equal(cp_index_node(index, node)->content, CP_CONTENT_ELF);
	assert_int_equal(cp_index_facts(index, node)->n_needed, 1);
	assert_int_equal(cp_index_error_count(index), 0);

	/* A string table outside of the file: no facts, but a row. */
	assert_true(elf_patch_dynamic(&image, DT_STRTAB, 1 << 30));
	node = store_object(index, "lib/bad.so", image.bytes, image.size);
	assert_int_equal(cp_index_node(index, node)->content, CP_CONTENT_ELF_UNREADABLE);
	assert_null(cp_index_facts(index, node));
	assert_int_equal(cp_index_error_count(index), 1);
	assert_string_equal(cp_index_error_at(index, 0)->path, "/lib/bad.so");
	assert_int_equal(cp_index_error_at(index, 0)->severity, CP_SPOILS_OBJECT);
	assert_true(strlen(cp_index_error_at(index, 0)->message) > 0);
	elf_image_free(&image);
}

/* A loader refuses them by their header, which is thus all that is read. */
static void of_what_no_loader_maps_the_header_is_kept(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	uint8_t header[200] = ELFMAG "\2\1\1";
	header[EI_DATA] = ELFDATA2LSB;
	header[16] = ET_REL;
	header[18] = EM_X86_64;
	header[20] = EV_CURRENT;
	uint32_t node = store_object(index, "x.o", header, sizeof(header));
	assert_int_equal(cp_index_facts(index, node)->type, ET_REL);
	assert_int_equal(cp_index_facts(index, node)->machine, EM_X86_64);
	assert_int_equal(cp_index_facts(index, node)->size, sizeof(Elf64_Ehdr));
	header[EI_DATA] = ELFDATA2MSB;
	header[16] = 0;
	header[17] = ET_CORE;
	node = store_object(index, "core", header, sizeof(header));
	assert_int_equal(cp_index_facts(index, node)->type, ET_CORE);
	assert_int_equal(cp_index_error_count(index), 0);
	/* Cut inside its header it is still an object, with that as its defect. */
	node = store_object(index, "short", header, 6);
	assert_int_equal(cp_index_facts(index, node)->defect, CP_DEFECT_TOO_SHORT);
}

static void texts_are_copied_reduced_or_borrowed(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	static const char json[] = "{\"name\": \"x\", \"readme\": \"long\"}";
	const size_t size = sizeof(json) - 1;
	uint32_t node = add_file(index, "a/package.json", size);
	cp_keep_store(index, node, "a/package.json", CP_KEEP_TEXT, json, size, false, NULL);
	assert_string_equal(cp_index_text(index, node)->data, "{\"name\":\"x\"}");
	node = add_file(index, "b/package.json", size);
	cp_keep_store(index, node, "b/package.json", CP_KEEP_TEXT, json, size, true, NULL);
	assert_ptr_equal(cp_index_text(index, node)->data, json);
	node = add_file(index, "c/package.json", 1);
	cp_keep_store(index, node, "c/package.json", CP_KEEP_TEXT, "{", 1, false, NULL);
	assert_null(cp_index_text(index, node));
	node = add_file(index, "etc/os-release", 5);
	cp_keep_store(index, node, "etc/os-release", CP_KEEP_TEXT, "ID=x\n", 5, false, NULL);
	assert_string_equal(cp_index_text(index, node)->data, "ID=x\n");
	assert_int_equal(cp_index_error_count(index), 0);
}

static void texts_have_a_limit_together(void **state)
{
	(void)state;
	cp_cleanup_index struct cp_index *index = cp_index_new();
	const size_t size = 16 << 20;
	char *text = calloc(1, size);
	uint32_t node = 0;
	for (uint64_t i = 0; i <= CP_INDEX_MAX_TEXT / size; i++) {
		assert_int_equal(cp_index_error_count(index), 0);
		char path[] = "?/lib/apk/db/installed";
		path[0] = (char)('A' + i);
		node = add_file(index, path, size);
		assert_int_equal(
			cp_keep_store(index, node, path, CP_KEEP_TEXT, text, size, false, NULL), 0);
	}
	assert_null(cp_index_text(index, node));
	assert_int_equal(cp_index_error_count(index), 1);
	assert_int_equal(cp_index_error_at(index, 0)->severity, CP_PARTIAL);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_are_told_by_name),
		cmocka_unit_test(lock_files_are_kept_outside_of_packages),
		cmocka_unit_test(scripts_become_what_they_load),
		cmocka_unit_test(gyp_files_become_what_they_run),
		cmocka_unit_test(hostile_manifests_are_passed_over),
		cmocka_unit_test(texts_have_a_largest_size),
		cmocka_unit_test(objects_are_told_by_magic),
		cmocka_unit_test(foreign_objects_are_marked),
		cmocka_unit_test(objects_become_facts_or_a_row),
		cmocka_unit_test(of_what_no_loader_maps_the_header_is_kept),
		cmocka_unit_test(texts_are_copied_reduced_or_borrowed),
		cmocka_unit_test(texts_have_a_limit_together),
	};
	return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
