/* SPDX-License-Identifier: MIT
 *
 * A scan: every object of an image judged on every target.
 *
 *   image root ─ service_mark ─┬─ self ────────────┐
 *                              └─ over each base ──┴─ cp_load_simulate per object
 *                                                     └─ rolled up per package
 */
#ifndef CP_SCAN_H
#define CP_SCAN_H

#include "base_set.h"
#include "image.h"
#include "load.h"
#include "npm.h"

enum cp_object_kind { CP_OBJECT_ADDON, CP_OBJECT_LIBRARY, CP_OBJECT_EXECUTABLE };

struct cp_scan;

/* What an object's name, its package's name or package.json says that the object is not. Names
 * prove nothing: zeromq's node/115 sits beside a musl build of the same name (measured). */
enum cp_contradiction {
	CP_SAYS_OTHER_LIBC = 1 << 0,
	CP_SAYS_OTHER_OS = 1 << 1,  /* package.json's `os` */
	CP_SAYS_OTHER_CPU = 1 << 2, /* package.json's `cpu` */
};

struct cp_object {
	char *path;                       /* absolute in the image */
	const struct cp_package *package; /* or NULL */
	enum cp_object_kind kind;
	const struct cp_facts *facts; /* NULL: Mach-O, PE */
	uint64_t size;                /* bytes */
	uint8_t content;              /* enum cp_content */
	bool system;                  /* the base's own: judged on self only */
	enum cp_libc declared;        /* what it is said to be for; CP_LIBC_NONE: nothing */
	bool declared_in_manifest;    /* by its package.json, not by a name */
	uint8_t contradicted;         /* enum cp_contradiction, a set */
	struct cp_load *loads;        /* one per target */
};

/* Built for another system or processor than the scan's. */
bool cp_object_foreign(const struct cp_scan *scan, const struct cp_object *object);
/* What it was built for, in Node's words; NULL: not known. */
const char *cp_object_os(const struct cp_object *object);
const char *cp_object_cpu(const struct cp_object *object);

struct cp_scan_target {
	char *name;                 /* as the user gave it, "self" for the image */
	char *detail;               /* what it stands for: "alpine-3.20, musl 1.2.5, Node 20" */
	const struct cp_base *base; /* borrowed; NULL for self */
	struct cp_facts *program;   /* owned Node list, or NULL where the image's own serves */
	int node_major;             /* of the Node that loads the addons there; 0: not known */
	struct cp_target target;
};

struct cp_verdict {
	enum cp_outcome outcome;
	enum cp_cause cause;
	const struct cp_object *object; /* the one that decides; NULL: none */
	const char *message;            /* borrowed from the object's load */
	const char *how;                /* "installed", "obtainable", "buildable", "none" */
	const char *scheme; /* how the package's own loader chooses, static; NULL: not told */
	char *brings;       /* "NAME@VERSION" that a fresh install there would bring, or NULL */
};

struct cp_package_result {
	const struct cp_package *package;
	struct cp_verdict *verdicts; /* one per target */
};

struct cp_scan {
	struct cp_image *image;        /* owned */
	struct cp_base_set *own_bases; /* NULL where the options name one */
	char *os_id, *os_version;
	enum cp_libc libc;
	uint16_t machine;
	char *libc_version;
	char *node_version; /* NULL: no node, or not known */
	char *node_path;
	const struct cp_facts *node; /* the image's own node program, or NULL */
	struct cp_packages *packages;
	struct cp_scan_target *targets;
	size_t n_targets;
	struct cp_object *objects;
	size_t n_objects; /* by path */
	struct cp_package_result *results;
	size_t n_results; /* by name, version, path */
	uint64_t prunable_bytes, prunable_files;
};

struct cp_scan_options {
	const char *const *targets; /* names; NULL: self and the default bases */
	size_t n_targets;
	struct cp_base_set *bases; /* where bases are kept, for other scans too (borrowed; outlives
				      the scan); NULL: they are read for this scan */
	bool keep_considered;      /* fill cp_load.considered (the -v evidence) */
};

/* Judges `image` (taken over, whatever happens). 0 with *scan (owned), or -1. */
int cp_scan_run(struct cp_image *image, const struct cp_scan_options *options,
	struct cp_scan **scan, struct cp_error **err);
void cp_scan_free(struct cp_scan *scan);

#endif
