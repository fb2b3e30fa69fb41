/* SPDX-License-Identifier: MIT
 *
 * What an object's package says that it is, against what it is.
 *
 * The libc is told in three places. The path below the package speaks of this very object, so it
 * is believed to be the one meant; else the package.json's `libc` and the package's name both
 * speak, and one that is wrong is wrong whatever the other says. os and cpu count where the
 * package.json names just one: a list is of a package with builds for several.
 */
#include "scan_parts.h"

#include <string.h>

#include "platform_fields.h"
#include "schemes/platform_words.h"

/* The one libc that the package.json lets the package be installed on. */
static enum cp_libc libc_of_manifest(const json_t *platform)
{
	enum cp_fit glibc = cp_fit_field(platform, "libc", "glibc");
	enum cp_fit musl = cp_fit_field(platform, "libc", "musl");
	if (glibc == musl)
		return CP_LIBC_NONE;
	return musl == CP_FITS ? CP_LIBC_MUSL : CP_LIBC_GLIBC;
}

/* A static program runs under either name. */
static bool contradicts(const struct cp_facts *facts, enum cp_libc said)
{
	return facts && (facts->libc == CP_LIBC_GLIBC || facts->libc == CP_LIBC_MUSL) &&
	       said != CP_LIBC_NONE && facts->libc != said;
}

static void declare_libc(struct cp_object *object)
{
	const struct cp_package *package = object->package;
	object->declared = cp_platform_words(object->path + strlen(package->path)).libc;
	if (object->declared == CP_LIBC_NONE) {
		enum cp_libc manifest = libc_of_manifest(package->platform);
		enum cp_libc name = cp_platform_words(package->name).libc;
		object->declared_in_manifest =
			manifest != CP_LIBC_NONE &&
			(name == CP_LIBC_NONE || contradicts(object->facts, manifest) ||
				!contradicts(object->facts, name));
		object->declared = object->declared_in_manifest ? manifest : name;
	}
	if (contradicts(object->facts, object->declared))
		object->contradicted |= CP_SAYS_OTHER_LIBC;
}

const char *cp_object_os(const struct cp_object *object)
{
	if (object->content == CP_CONTENT_MACHO)
		return "darwin";
	if (object->content == CP_CONTENT_PE)
		return "win32";
	return object->facts && object->facts->os != CP_OS_OTHER ? cp_os_name(object->facts->os)
								 : NULL;
}

const char *cp_object_cpu(const struct cp_object *object)
{
	const struct cp_facts *facts = object->facts;
	return facts ? cp_machine_node_name(facts->machine, facts->elf_class, facts->encoding)
		     : NULL;
}

static bool says_other(const json_t *platform, const char *field, const char *real)
{
	const char *said = cp_only_word(platform, field);
	return said && real && strcmp(said, real) != 0;
}

void cp_scan_declare(struct cp_object *object)
{
	object->declared = CP_LIBC_NONE;
	if (!object->package)
		return;
	declare_libc(object);
	if (says_other(object->package->platform, "os", cp_object_os(object)))
		object->contradicted |= CP_SAYS_OTHER_OS;
	if (says_other(object->package->platform, "cpu", cp_object_cpu(object)))
		object->contradicted |= CP_SAYS_OTHER_CPU;
}
