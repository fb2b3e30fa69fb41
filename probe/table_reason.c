/* SPDX-License-Identifier: MIT
 *
 * Causes in words.
 *
 * The loader's message is exact and says little to most people; here the same fact is said as
 * one would to a colleague. Everything comes from the first problem of the load, which is the
 * one that the loader would trip over.
 */
#include <stdarg.h>
#include <string.h>

#include "memory.h"
#include "table_rows.h"
#include "text.h"

#define SYMBOL_MOST 48

/* What a sentence is about. */
struct matter {
	const struct cp_object *object;
	const struct cp_scan_target *target;
	const struct cp_load *load;
	const struct cp_problem *problem;
	const char *subject; /* never NULL */
	const char *libc;    /* the target's, never NULL */
	const char *version; /* of it, never NULL */
};

static bool begins(const char *text, const char *with)
{
	return strncmp(text, with, strlen(with)) == 0;
}

/* "glibc" or "musl" where the object is built for the other one of the target, else NULL. */
static const char *other_libc(const struct matter *about)
{
	const char *built_for = NULL;
	if (about->object->facts)
		built_for = cp_libc_name(about->object->facts->libc);
	return built_for && strcmp(built_for, about->libc) != 0 ? built_for : NULL;
}

/* The libc that a library belongs to, which no other has: a loader as a library, or what one libc
 * splits off itself. NULL for all others. */
static const char *libc_of_library(const char *name)
{
	static const char *const of_glibc[] = {"ld-linux", "libresolv.so.", "libanl.so.",
		"libmvec.so.", "libnsl.so.", "libcrypt.so."};
	static const char *const of_musl[] = {"libc.musl-", "ld-musl-"};
	for (size_t i = 0; i < sizeof(of_glibc) / sizeof(of_glibc[0]); i++)
		if (begins(name, of_glibc[i]))
			return "glibc";
	for (size_t i = 0; i < sizeof(of_musl) / sizeof(of_musl[0]); i++)
		if (begins(name, of_musl[i]))
			return "musl";
	return NULL;
}

static void say_library(FILE *out, const struct matter *about)
{
	const char *of = libc_of_library(about->subject);
	if (of && strcmp(of, about->libc) != 0)
		fprintf(out, "is built for %s: %s finds no %s", of, about->libc, about->subject);
	else
		fprintf(out, "needs %s, which is not there", about->subject);
}

static void say_wrong_libc(FILE *out, const struct matter *about)
{
	const char *of = libc_of_library(about->subject);
	if (!of)
		of = other_libc(about);
	fprintf(out, "is built for %s: %s finds no %s", of ? of : "another libc", about->libc,
		about->subject);
}

/* Either the other libc's loader is needed as a library, or the target has none at all. */
static void say_loader(FILE *out, const struct matter *about)
{
	if (about->problem->subject)
		say_library(out, about);
	else
		fputs("needs a dynamic loader, and there is none", out);
}

/* How many further symbols are missing in the same way. */
static size_t further_symbols(const struct matter *about)
{
	size_t count = 0;
	for (size_t i = 1; i < about->load->n_problems; i++) {
		const struct cp_problem *other = &about->load->problems[i];
		count += other->cause == CP_CAUSE_MISSING_SYMBOL &&
			 other->at_call == about->problem->at_call;
	}
	return count + about->load->problems_dropped;
}

/* Whether the object asks a libc for the symbol: glibc's names come with versions of their own. */
static bool wanted_of_glibc(const struct matter *about)
{
	const struct cp_facts *facts = about->object->facts;
	for (size_t i = 0; facts && i < facts->n_undefined; i++) {
		const struct cp_symbol *symbol = &facts->undefined[i];
		if (strcmp(cp_facts_string(facts, symbol->name), about->subject) == 0)
			return begins(cp_facts_string(facts, symbol->version), "GLIBC_");
	}
	return false;
}

/* C++ names can be hundreds of characters long; -v has them in full. */
static void put_symbol(FILE *out, const char *name)
{
	bool cut = strlen(name) > SYMBOL_MOST;
	fprintf(out, "%.*s%s", cut ? SYMBOL_MOST - 1 : SYMBOL_MOST, name, cut ? "…" : "");
}

static void say_symbol(FILE *out, const struct matter *about)
{
	bool nodes_own = cp_node_symbol(about->subject);
	size_t more = further_symbols(about);
	fprintf(out, "%s ", about->problem->at_call ? "calls" : "needs");
	put_symbol(out, about->subject);
	if (more)
		fprintf(out, " and %zu more %s%s", more,
			about->problem->at_call ? "function" : "symbol", more == 1 ? "" : "s");
	if (nodes_own)
		fprintf(out, ", which Node does not have there");
	else if (other_libc(about) && wanted_of_glibc(about))
		fprintf(out, ", which %s lacks", about->libc);
	else
		fprintf(out, ", which no library there has");
	if (about->problem->at_call)
		fputs(": dies at the first call", out);
}

/* The loader names the first version that is missing; the highest is what a base must have. */
static const char *highest_version(const struct matter *about)
{
	const char *highest = about->subject;
	size_t prefix = strcspn(highest, "_");
	for (size_t i = 1; i < about->load->n_problems; i++) {
		const struct cp_problem *other = &about->load->problems[i];
		if (other->cause != CP_CAUSE_SYMBOL_VERSION || !other->subject ||
			strncmp(other->subject, highest, prefix + 1) != 0 || !highest[prefix])
			continue;
		if (cp_version_compare(other->subject + prefix + 1, highest + prefix + 1) > 0)
			highest = other->subject;
	}
	return highest;
}

static void say_version(FILE *out, const struct matter *about)
{
	const char *version = highest_version(about);
	fprintf(out, "needs %s", version);
	if (begins(version, "GLIBC_"))
		fprintf(out, ", newer than the target's glibc %s", about->version);
	else if (begins(version, "GLIBCXX_") || begins(version, "CXXABI_"))
		fputs(", newer than the target's libstdc++", out);
	else
		fputs(", which the target's library does not have", out);
}

static void say_architecture(FILE *out, const struct matter *about)
{
	const struct cp_facts *facts = about->object->facts;
	const char *machine = NULL;
	if (facts)
		machine = cp_machine_node_name(facts->machine, facts->elf_class, facts->encoding);
	fprintf(out, "is built for %s", machine ? machine : "another processor");
}

static void say_not_elf(FILE *out, const struct matter *about)
{
	fputs(about->object->content == CP_CONTENT_LFS_POINTER
			? "is a git-lfs pointer, not the object itself"
			: "is damaged: no loader takes it for an ELF object",
		out);
}

static void say_tls(FILE *out, const struct matter *about)
{
	if (about->target->target.libc == CP_LIBC_MUSL)
		fputs("uses thread-local storage that musl gives only at program start", out);
	else
		fputs("wants more static thread-local storage than is left", out);
}

static void say_problem(FILE *out, const struct matter *about)
{
	switch (about->problem->cause) {
	case CP_CAUSE_MISSING_LIBRARY:
		say_library(out, about);
		break;
	case CP_CAUSE_MISSING_SYMBOL:
		say_symbol(out, about);
		break;
	case CP_CAUSE_SYMBOL_VERSION:
		say_version(out, about);
		break;
	case CP_CAUSE_WRONG_LIBC:
		say_wrong_libc(out, about);
		break;
	case CP_CAUSE_STATIC_TLS:
		say_tls(out, about);
		break;
	case CP_CAUSE_EXECUTABLE_STACK:
		fprintf(out, "asks for an executable stack, which %s %s refuses", about->libc,
			about->version);
		break;
	case CP_CAUSE_WRONG_ARCHITECTURE:
		say_architecture(out, about);
		break;
	case CP_CAUSE_NOT_ELF:
		say_not_elf(out, about);
		break;
	case CP_CAUSE_NODE_ABI:
		fprintf(out, "is built for another Node version (%s)", about->subject);
		break;
	case CP_CAUSE_NODE_API_VERSION:
		fprintf(out, "wants %s: dies when it is loaded", about->subject);
		break;
	case CP_CAUSE_MISSING_INTERPRETER:
		fprintf(out, "is started by %s, which is not there", about->subject);
		break;
	case CP_CAUSE_MISSING_LOADER:
		say_loader(out, about);
		break;
	case CP_CAUSE_NONE:
		fputs("does not load", out);
		break;
	}
}

static void say_owner(FILE *out, const struct matter *about, const char *path)
{
	const char *name = path ? cp_text_base_name(path) : "";
	if (*name && strcmp(name, cp_text_base_name(about->object->path)) != 0)
		fprintf(out, "its %s ", name);
}

/* "its libvips.so.42 " where the problem is that of a library it brought along. The chain ends at
 * the object with the problem; where it ends at what could not be found, the needer has it. */
static void say_whose(FILE *out, const struct matter *about)
{
	const struct cp_load *load = about->load;
	size_t at = load->n_chain;
	if (load->decisive) { /* the chain is the first problem's */
		say_owner(out, about, about->problem->object);
		return;
	}
	if (at && strcmp(load->chain[at - 1], about->subject) == 0)
		at--;
	if (at < 2)
		return;
	say_owner(out, about, load->chain[at - 1]);
}

/* What the distribution has to bring, where that is all that is missing. */
static void say_packages(FILE *out, const struct cp_load *load)
{
	fputs("once the distribution's ", out);
	for (size_t i = 0; i < load->n_add_packages; i++)
		fprintf(out, "%s%s", i ? ", " : "", load->add_packages[i]);
	fputs(load->n_add_packages == 1 ? " is added" : " are added", out);
}

char *cp_reason(const struct cp_object *object, const struct cp_scan_target *target,
	const struct cp_load *load)
{
	static const struct cp_problem nothing_known = {.cause = CP_CAUSE_NONE};
	const char *libc = cp_libc_name(target->target.libc);
	struct matter about = {.object = object,
		.target = target,
		.load = load,
		.problem = load->n_problems ? &load->problems[load->decisive] : &nothing_known,
		.libc = libc ? libc : "the libc",
		.version = target->target.libc_version ? target->target.libc_version : ""};
	about.subject = about.problem->subject ? about.problem->subject : "?";
	cp_cleanup_free char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	say_whose(out, &about);
	if (load->outcome == CP_OUTCOME_LOADS_WITH && load->n_add_packages)
		say_packages(out, load);
	else
		say_problem(out, &about);
	return fclose(out) == 0 && text ? cp_text_printable(text) : NULL;
}
