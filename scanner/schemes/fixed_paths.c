/* SPDX-License-Identifier: MIT
 *
 * Packages with a way of their own: one row each. Their loaders put a path together from what Node
 * says of the machine and ask for nothing else.
 */
#include "scheme.h"
#include "schemes.h"

#include <fnmatch.h>
#include <stdio.h>
#include <string.h>

#define MAX_PATHS 4

/* Paths below the package, in the loader's order; {arch} is process.arch, {machine} LLVM's name of
 * it, {libc} what detect-libc says, {ldd} what ldd does, {abi} NODE_MODULE_VERSION, {major} Node's,
 * {version} the package's; * is whatever is there. */
struct row {
	const char *package;
	const char *place; /* a file or directory of this layout: other releases have others */
	const char *paths[MAX_PATHS];
	bool tries_on; /* after one that fails to load */
};

static const struct row rows[] = {
	/* common.js, getPrebuiltPath: no word about musl */
	{"@temporalio/core-bridge", "releases", {"releases/{machine}-unknown-linux-gnu/index.node"},
		false},
	/* dist/binding.js */
	{"onnxruntime-node", "bin", {"bin/napi-v*/linux/{arch}/onnxruntime_binding.node"}, false},
	/* dist/native/binding.js; asks ldd --version */
	{"aws-crt", "dist/bin", {"dist/bin/linux-{arch}-{ldd}/aws-crt-nodejs.node"}, false},
	/* 2.x, index.js: the build for musl where the other fails */
	{"koffi", "build/koffi",
		{"build/koffi/linux_{arch}/koffi.node", "build/koffi/musl_{arch}/koffi.node"},
		true},
	/* lib/index.js */
	{"@sentry-internal/node-cpu-profiler", "lib", {"lib/*-linux-{arch}-{libc}-{abi}.node"},
		false},
	{"@sentry/profiling-node", "lib", {"lib/*-linux-{arch}-{libc}-{abi}.node"}, false},
	/* lib/impl: only its thick mode loads it */
	{"oracledb", "build/Release", {"build/Release/oracledb-*-linux-{arch}.node"}, false},
	/* index.js */
	{"deasync", "bin", {"bin/linux-{arch}-node-{major}/deasync.node", "build/deasync.node"},
		false},
};

static const struct row *row_of(const struct cp_variant_context *context)
{
	const char *name = cp_manifest_string(context, "name");
	for (size_t i = 0; name && i < sizeof(rows) / sizeof(rows[0]); i++)
		if (!strcmp(rows[i].package, name) && cp_package_has(context, rows[i].place))
			return &rows[i];
	return NULL;
}

static bool applies(const struct cp_variant_context *context)
{
	return row_of(context) != NULL;
}

static const char *machine_of(const char *arch)
{
	if (!strcmp(arch, "x64"))
		return "x86_64";
	return strcmp(arch, "arm64") ? arch : "aarch64";
}

/* Writes what the word at `*at` stands for, or its one character, and steps over it. */
static void write_word(const struct cp_variant_context *context, const char **at, FILE *file)
{
	const struct cp_platform *platform = context->platform;
	char abi[16], major[16];
	const char *version = cp_manifest_string(context, "version");
	snprintf(abi, sizeof(abi), "%d", platform->node_module_version);
	snprintf(major, sizeof(major), "%d", platform->node_major);
	const struct {
		const char *word, *value;
	} words[] = {{"{arch}", platform->arch}, {"{machine}", machine_of(platform->arch)},
		{"{libc}", cp_libc_family(context)}, {"{ldd}", cp_libc_by_ldd(context)},
		{"{abi}", abi}, {"{major}", major}, {"{version}", version ? version : ""}};
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t length = strlen(words[i].word);
		if (!strncmp(*at, words[i].word, length)) {
			fputs(words[i].value, file);
			*at += length;
			return;
		}
	}
	fputc(*(*at)++, file);
}

static bool fill_in(const struct cp_variant_context *context, const char *template,
	char pattern[CP_INDEX_MAX_PATH + 1])
{
	FILE *file = fmemopen(pattern, CP_INDEX_MAX_PATH + 1, "w");
	if (!file)
		return false;
	while (*template)
		write_word(context, &template, file);
	return fclose(file) == 0;
}

/* Offers the first file below the absolute directory `base` that fits the pattern. A pattern has
 * as many directories as its row. */
static int offer_pattern(const struct cp_variant_context *context, struct cp_pick *pick,
	const char *base, const char *pattern, struct cp_error **err)
{
	char path[CP_INDEX_MAX_PATH + 1], name[CP_INDEX_MAX_NAME + 1];
	size_t length = strcspn(pattern, "/");
	const char *rest = pattern[length] ? pattern + length + 1 : NULL;
	cp_cleanup_listing struct cp_listing listing = {0};
	if (length >= sizeof(name))
		return 0;
	memcpy(name, pattern, length);
	name[length] = '\0';
	if ((rest ? cp_list_directories : cp_list_files)(context, base, &listing, err) < 0)
		return -1;
	for (size_t i = 0; i < listing.count; i++) {
		if (fnmatch(name, listing.names[i], 0) != 0 ||
			!cp_path_write(path, "%s/%s", base, listing.names[i]))
			continue;
		int taken = rest ? offer_pattern(context, pick, path, rest, err)
				 : cp_offer(context, pick, path, err);
		if (taken)
			return taken;
	}
	return 0;
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char pattern[CP_INDEX_MAX_PATH + 1];
	const struct row *row = row_of(context);
	for (size_t i = 0; i < MAX_PATHS && row->paths[i]; i++) {
		if (!fill_in(context, row->paths[i], pattern))
			continue;
		int taken = offer_pattern(context, pick_, context->directory, pattern, err);
		if (taken < 0)
			return -1;
		if (taken && !row->tries_on)
			break;
	}
	return 0;
}

const struct cp_scheme cp_scheme_fixed_paths = {"fixed-paths", applies, pick};
