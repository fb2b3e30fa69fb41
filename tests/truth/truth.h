/* SPDX-License-Identifier: MIT
 *
 * The truth: the same question put to a real dynamic loader and to its simulation.
 *
 *   root directory ─┬─ cases.c ── what to load there
 *                   ├─ observe.c ─ the real loader, in a chroot      ─┐
 *                   └─ simulate.c ─ the scanner's, on the same files ─┴─ truth.c: compared, counted
 *
 * A pair is one object and one root. The two answers have one shape, a `judgement`.
 */
#ifndef CP_TRUTH_H
#define CP_TRUTH_H

#include <stdbool.h>
#include <stddef.h>

#include "load.h"

#define HOST_PATH "/usr/local/bin/node" /* in every root; see host.c */
#define ATTEMPTS 3                      /* a loader that answers differently is shown as such */

/* What is loaded, and how. */
struct subject {
	char *path;        /* absolute in the root */
	bool exec;         /* started as a program instead of dlopened */
	char *environment; /* one "NAME=VALUE", or NULL */
};

struct judgement {
	enum cp_outcome outcome; /* loads, crashes or fails */
	enum cp_cause cause;
	char *message; /* owned; NULL: the loader says nothing */
};

/* One question's two answers: loaded lazily as Node does (or started as a program), and with every
 * symbol bound at once (of an addon only). */
struct answer {
	struct judgement lazy, now;
	int signal; /* that ended the process after the load went through, in a constructor; or 0 */
};

void judgement_clear(struct judgement *judgement);
void answer_clear(struct answer *answer);
bool answer_equal(const struct answer *a, const struct answer *b);

/* Lists the subjects under /case and /pkg of the root directory `root`, sorted by path; `match`
 * (may be NULL) keeps the paths that contain it. 0, or -1 after saying why on stderr. */
int subjects_list(const char *root, const char *match, struct subject **subjects, size_t *count);
void subjects_free(struct subject *subjects, size_t count);

/* Asks the real loader of `root` once. 0, or -1 where it could not be asked. */
int observe(
	const char *root, enum cp_libc libc, const struct subject *subject, struct answer *answer);

/* What a text may leave open; the cause is then not compared. */
#define CAUSE_UNTOLD ((enum cp_cause) - 1)

/* The cause that a loader's own text stands for. `path` is the object asked for, in `root`. */
enum cp_cause classify(const char *text, enum cp_libc libc, const char *path, const char *root);

/* The simulation's side of a root. */
struct stage;
struct stage *stage_open(const char *root, enum cp_libc libc, const char *version);
void stage_close(struct stage *stage);
void simulate(const struct stage *stage, const struct subject *subject, struct answer *answer);

#endif
