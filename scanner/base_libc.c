/* SPDX-License-Identifier: MIT
 *
 * Which libc a root has, and its version.
 *
 * glibc: libc.so.6 in one of its loader's directories. Its version is the highest
 * GLIBC_2.x that it or its companions define: a release that adds a symbol adds that
 * name to the library of the symbol (2.31 to libpthread.so.0 alone), and every release
 * of the last decade added some.
 *
 * musl: ld-musl-ARCH.so.1 in /lib. Its version is, in this order:
 *   1. the package "musl" in apk's database
 *   2. what the release in /etc/os-release shipped, for ID=alpine
 *   3. told from its exports: statx since 1.2.5, no open64 since 1.2.4, qsort_r since
 *      1.2.3, _Fork since 1.2.2 (musl's release notes; compared with Debian's builds of
 *      1.2.2, 1.2.3 and 1.2.5). It is then the lowest version that fits.
 *
 * A root may have both, since Debian has a package called musl. Its libc is then
 * that of the programs that run there: the interpreter of node, else of /bin/sh,
 * else what os-release says.
 */
#include "base.h"

#include <elf.h>
#include <errno.h>
#include <string.h>

#include "base_private.h"
#include "memory.h"
#include "os_release.h"

static const struct cp_machine_paths machine_paths[] = {
	{EM_X86_64, "x86_64-linux-gnu", "x86_64"},
	{EM_AARCH64, "aarch64-linux-gnu", "aarch64"},
	{EM_386, "i386-linux-gnu", "i386"},
	{EM_ARM, "arm-linux-gnueabihf", "armhf"},
	{EM_RISCV, "riscv64-linux-gnu", "riscv64"},
	{EM_PPC64, "powerpc64le-linux-gnu", "powerpc64le"},
	{EM_S390, "s390x-linux-gnu", "s390x"},
	{EM_NONE, NULL, NULL},
};

const struct cp_machine_paths *cp_machine_paths(uint16_t machine)
{
	const struct cp_machine_paths *paths = machine_paths;
	while (paths->triplet && paths->machine != machine)
		paths++;
	return paths->triplet ? paths : NULL;
}

static const struct cp_facts *facts_at(const struct cp_root *root, const char *path)
{
	struct cp_found found;
	if (cp_root_resolve(root, path, true, &found) < 0)
		return NULL;
	return cp_index_facts(found.index, found.node);
}

char *cp_root_text(const struct cp_root *root, const char *path)
{
	struct cp_found found;
	if (cp_root_resolve(root, path, true, &found) < 0)
		return NULL;
	const struct cp_text *text = cp_index_text(found.index, found.node);
	return text ? strndup(text->data, text->size) : NULL;
}

/* --- glibc -------------------------------------------------------------------- */

static const char *highest_glibc(const struct cp_facts *libc)
{
	static const char prefix[] = "GLIBC_2.";
	const char *highest = NULL;
	for (size_t i = 0; i < libc->n_verdef; i++) {
		const char *version = libc->pool + libc->verdef[i].version;
		if (strncmp(version, prefix, strlen(prefix)) != 0)
			continue;
		version += strlen("GLIBC_");
		if (!highest || cp_version_compare(version, highest) > 0)
			highest = version;
	}
	return highest;
}

/* Raises *version to what the library at DIRECTORY/NAME defines. Returns its facts, or NULL. */
static const struct cp_facts *raise_glibc(
	const struct cp_root *root, const char *directory, const char *name, const char **version)
{
	char path[128];
	snprintf(path, sizeof(path), "%s/%s", directory, name);
	const struct cp_facts *facts = facts_at(root, path);
	const char *defined = facts ? highest_glibc(facts) : NULL;
	if (defined && (!*version || cp_version_compare(defined, *version) > 0))
		*version = defined;
	return defined ? facts : NULL;
}

/* The glibc in `directory`, and its version; NULL where there is none. */
static const struct cp_facts *glibc_in(
	const struct cp_root *root, const char *directory, const char **version)
{
	static const char *const companions[] = {
		"libm.so.6", "libpthread.so.0", "librt.so.1", "libresolv.so.2", "libdl.so.2", NULL};
	const struct cp_facts *libc = raise_glibc(root, directory, "libc.so.6", version);
	for (const char *const *name = companions; libc && *name; name++)
		raise_glibc(root, directory, *name, version);
	return libc;
}

static const struct cp_facts *find_glibc(const struct cp_root *root, const char **version)
{
	static const char *const directories[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib", NULL};
	char path[64];
	*version = NULL;
	for (const struct cp_machine_paths *m = machine_paths; m->triplet; m++) {
		for (unsigned usr = 0; usr < 2; usr++) {
			snprintf(path, sizeof(path), "%s/lib/%s", usr ? "/usr" : "", m->triplet);
			const struct cp_facts *libc = glibc_in(root, path, version);
			if (libc)
				return libc;
		}
	}
	for (const char *const *directory = directories; *directory; directory++) {
		const struct cp_facts *libc = glibc_in(root, *directory, version);
		if (libc)
			return libc;
	}
	return NULL;
}

/* --- musl --------------------------------------------------------------------- */

static const struct cp_facts *find_musl(const struct cp_root *root)
{
	char path[128];
	for (const struct cp_machine_paths *m = machine_paths; m->triplet; m++) {
		snprintf(path, sizeof(path), "/lib/ld-musl-%s.so.1", m->musl);
		const struct cp_facts *facts = facts_at(root, path);
		if (facts)
			return facts;
	}
	return NULL;
}

/* The version of the package musl in apk's database, without the package's revision ("-r0"). */
static char *apk_musl_version(const struct cp_root *root)
{
	cp_cleanup_free char *database = cp_root_text(root, "/lib/apk/db/installed");
	if (!database)
		database = cp_root_text(root, "/usr/lib/apk/db/installed");
	bool in_musl = false;
	char *rest = database, *line;
	while ((line = strsep(&rest, "\n"))) {
		if (strncmp(line, "P:", 2) == 0)
			in_musl = strcmp(line + 2, "musl") == 0;
		else if (in_musl && strncmp(line, "V:", 2) == 0)
			return strndup(line + 2, strcspn(line + 2, "-"));
		else if (!*line)
			in_musl = false;
	}
	return NULL;
}

static const char *alpine_musl_version(const char *release)
{
	static const struct {
		const char *release, *musl;
	} shipped[] = {{"3.16", "1.2.3"}, {"3.17", "1.2.3"}, {"3.18", "1.2.4"},
		{"3.19", "1.2.4_git20230717"}, {"3.20", "1.2.5"}, {"3.21", "1.2.5"},
		{"3.22", "1.2.5"}};
	for (size_t i = 0; i < sizeof(shipped) / sizeof(*shipped); i++) {
		size_t length = strlen(shipped[i].release);
		if (strncmp(release, shipped[i].release, length) == 0 &&
			(release[length] == '.' || !release[length]))
			return shipped[i].musl;
	}
	return NULL;
}

static bool exports(const struct cp_facts *facts, const char *name)
{
	size_t cursor = 0;
	return cp_facts_export_next(facts, name, cp_symbol_hash(name), &cursor) != NULL;
}

static const char *exported_musl_version(const struct cp_facts *musl)
{
	if (exports(musl, "statx"))
		return "1.2.5";
	if (exports(musl, "_Fork") && !exports(musl, "open64"))
		return "1.2.4";
	if (exports(musl, "qsort_r"))
		return "1.2.3";
	return exports(musl, "_Fork") ? "1.2.2" : NULL;
}

static char *musl_version(const struct cp_root *root, const struct cp_facts *musl)
{
	char *version = apk_musl_version(root);
	if (version)
		return version;
	cp_cleanup_free char *id = cp_os_release_value(root, "ID");
	cp_cleanup_free char *release = cp_os_release_value(root, "VERSION_ID");
	const char *known = NULL;
	if (id && release && strcmp(id, "alpine") == 0)
		known = alpine_musl_version(release);
	if (!known)
		known = exported_musl_version(musl);
	return known ? strdup(known) : NULL;
}

/* --- both --------------------------------------------------------------------- */

/* Whether the programs of a root that has both libcs run on musl. */
static bool runs_on_musl(const struct cp_root *root)
{
	static const char *const programs[] = {
		"/usr/local/bin/node", "/usr/bin/node", "/bin/sh", NULL};
	for (const char *const *program = programs; *program; program++) {
		const struct cp_facts *facts = facts_at(root, *program);
		if (facts && facts->interpreter)
			return strstr(facts->pool + facts->interpreter, "/ld-musl-") != NULL;
	}
	cp_cleanup_free char *id = cp_os_release_value(root, "ID");
	return id && strcmp(id, "alpine") == 0;
}

int cp_root_libc(const struct cp_index *index, enum cp_libc *libc, uint16_t *machine,
	char **version, struct cp_error **err)
{
	const struct cp_root root = {.layers = {{.index = index}}, .count = 1};
	const char *glibc_version;
	const struct cp_facts *glibc = find_glibc(&root, &glibc_version), *musl = find_musl(&root);
	*libc = CP_LIBC_NONE;
	*machine = EM_NONE;
	*version = NULL;
	if (!glibc && !musl)
		return 0;
	bool is_musl = musl && (!glibc || runs_on_musl(&root));
	*libc = is_musl ? CP_LIBC_MUSL : CP_LIBC_GLIBC;
	*machine = is_musl ? musl->machine : glibc->machine;
	*version = is_musl ? musl_version(&root, musl) : strdup(glibc_version);
	if (!is_musl && !*version)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}
