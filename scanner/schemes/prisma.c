/* SPDX-License-Identifier: MIT
 *
 * Prisma's engines (@prisma/get-platform, dist/chunk-*.js: parseDistro, getSSLVersion,
 * getBinaryTargetForCurrentPlatformInternal): libquery_engine-TARGET.so.node, in @prisma/engines
 * and in the generated client. TARGET is put together from os-release and from the libssl that is
 * found:
 *
 *     alpine          linux-musl-openssl-3.0.x (linux-musl with OpenSSL 1.1 or none)
 *     debian, ubuntu  debian-openssl-3.0.x     (-1.1.x where no libssl is found)
 *     fedora, rhel    rhel-openssl-…
 *     on arm64        linux-musl-arm64-openssl-…, linux-arm64-openssl-…
 */
#include "scheme.h"
#include "schemes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "os_release.h"

static bool applies(const struct cp_variant_context *context)
{
	cp_cleanup_listing struct cp_listing listing = {0};
	if (cp_list_files(context, context->directory, &listing, NULL) < 0)
		return false;
	for (size_t i = 0; i < listing.count; i++)
		if (!strncmp(listing.names[i], "libquery_engine-", strlen("libquery_engine-")))
			return true;
	return false;
}

/* --- the distribution ----------------------------------------------------------- */

static bool is_one_of(const char *word, const char *const *list)
{
	for (; *list; list++)
		if (!strcmp(word, *list))
			return true;
	return false;
}

static bool contains_one_of(const char *text, const char *const *list)
{
	for (; *list; list++)
		if (strstr(text, *list))
			return true;
	return false;
}

/* What Prisma makes of os-release's ID and ID_LIKE: "musl", "debian", "rhel"; NULL: it does not
 * know. */
static const char *distribution(const char *id, const char *like)
{
	static const char *const debians[] = {"debian", "ubuntu", NULL};
	static const char *const debian_likes[] = {"debian", "ubuntu", "arch", NULL};
	static const char *const rhels[] = {"rhel", "centos", "fedora", NULL};
	static const char *const rhel_likes[] = {"centos", "fedora", "rhel", "suse", NULL};
	if (!strcmp(id, "alpine"))
		return "musl";
	if (is_one_of(id, debians))
		return "debian";
	if (is_one_of(id, rhels))
		return "rhel";
	if (!strcmp(id, "arch") || contains_one_of(like, debian_likes))
		return "debian";
	return contains_one_of(like, rhel_likes) ? "rhel" : NULL;
}

static const char *target_distribution(const struct cp_variant_context *context)
{
	cp_cleanup_free char *id = cp_os_release_value(context->root, "ID");
	cp_cleanup_free char *like = cp_os_release_value(context->root, "ID_LIKE");
	if (!id)
		return context->platform->alpine_release ? "musl" : NULL;
	return distribution(id, like ? like : "");
}

/* --- OpenSSL ---------------------------------------------------------------------- */

/* The version that the first libssl.so.N[.M] of a directory tells: "1.1.x", "3.0.x"; NULL. */
static const char *libssl_in(const struct cp_variant_context *context, const char *directory)
{
	static const char prefix[] = "libssl.so.";
	cp_cleanup_listing struct cp_listing listing = {0};
	if (cp_list_files(context, directory, &listing, NULL) < 0)
		return NULL;
	for (size_t i = 0; i < listing.count; i++) {
		const char *version = listing.names[i] + sizeof(prefix) - 1;
		if (strncmp(listing.names[i], prefix, sizeof(prefix) - 1) || *version == '0')
			continue;
		if (*version == '3')
			return "3.0.x";
		if (!strncmp(version, "1.0", 3))
			return "1.0.x";
		return !strncmp(version, "1.1", 3) ? "1.1.x" : NULL;
	}
	return NULL;
}

static const char *find_libssl(const struct cp_variant_context *context)
{
	static const char *const anywhere[] = {"/lib64", "/usr/lib64", "/lib", "/usr/lib"};
	const char *machine = strcmp(context->platform->arch, "arm64") ? "x86_64" : "aarch64";
	static const char *const above[] = {"/usr/lib", "/lib"};
	char path[64];
	for (size_t i = 0; i < sizeof(above) / sizeof(above[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s-linux-gnu", above[i], machine);
		const char *version = libssl_in(context, path);
		if (version)
			return version;
	}
	for (size_t i = 0; i < sizeof(anywhere) / sizeof(anywhere[0]); i++) {
		const char *version = libssl_in(context, anywhere[i]);
		if (version)
			return version;
	}
	return NULL;
}

/* --- the target --------------------------------------------------------------------- */

static void write_target(const struct cp_variant_context *context, char *target, size_t size)
{
	static const char by_default[] = "1.1.x";
	const char *distro = target_distribution(context), *libssl = find_libssl(context);
	bool musl = distro && !strcmp(distro, "musl");
	if (!strcmp(context->platform->arch, "arm64"))
		snprintf(target, size, "linux-%sarm64-openssl-%s", musl ? "musl-" : "",
			libssl ? libssl : by_default);
	else if (musl && (!libssl || *libssl == '1'))
		snprintf(target, size, "linux-musl");
	else if (musl)
		snprintf(target, size, "linux-musl-openssl-%s", libssl);
	else
		snprintf(target, size, "%s-openssl-%s", distro ? distro : "debian",
			libssl ? libssl : by_default);
}

static int pick(
	const struct cp_variant_context *context, struct cp_pick *pick_, struct cp_error **err)
{
	char target[64];
	write_target(context, target, sizeof(target));
	pick_->compiled_at_install = true; /* fetched by postinstall and `prisma generate` */
	int taken = cp_offer_relative(context, pick_, err, "libquery_engine-%s.so.node", target);
	return taken < 0 ? -1 : 0;
}

const struct cp_scheme cp_scheme_prisma = {"prisma", applies, pick};
