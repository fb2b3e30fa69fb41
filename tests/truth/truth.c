/* SPDX-License-Identifier: MIT
 *
 * truth [-v] [-m TEXT] [-o FILE] [-n PAIRS] ROOT...
 * truth -e MAJOR
 *
 * Puts every object of the roots to the real loader and to its simulation, prints a row per
 * disagreement (loader, object, field, what the real one said, what the simulation said) and the
 * agreement per loader. Exits 1 below 100 % of outcomes, 98 % of messages or PAIRS pairs.
 *
 * A root's directory is named after its loader: glibc-2.36, musl-1.2.5-cxx, musl-1.2.5@CASE.
 *   -e  print "FUNC NAME" for each export of Node MAJOR, for stubs.sh
 *   -m  only the objects whose path contains TEXT
 *   -o  every pair as a tab-separated line to FILE: loader, object, then outcome, cause and message
 *       of the real loader and of the simulation
 *   -v  name the constructors that died of a signal
 */
#include <elf.h>
#include <getopt.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "memory.h"
#include "truth.h"

#define MAX_LOADERS 32
#define WANTED_MESSAGES 98.0 /* per cent */

struct score {
	size_t agreed, asked;
};

struct tally {
	char loader[64];
	size_t pairs, unsteady, signals;
	struct score outcome, cause, message, now;
};

struct truth {
	struct tally tallies[MAX_LOADERS];
	size_t count;
	const char *match;
	bool verbose;
	FILE *pairs;
};

void judgement_clear(struct judgement *judgement)
{
	free(judgement->message);
	judgement->message = NULL;
}

void answer_clear(struct answer *answer)
{
	judgement_clear(&answer->lazy);
	judgement_clear(&answer->now);
}

static const char *shown(const char *text)
{
	return text ? text : "-";
}

static const char *told(enum cp_cause cause)
{
	return cause == CAUSE_UNTOLD ? "?" : shown(cp_cause_name(cause));
}

static bool judgement_equal(const struct judgement *a, const struct judgement *b)
{
	return a->outcome == b->outcome && a->cause == b->cause &&
	       strcmp(shown(a->message), shown(b->message)) == 0;
}

bool answer_equal(const struct answer *a, const struct answer *b)
{
	return judgement_equal(&a->lazy, &b->lazy) && judgement_equal(&a->now, &b->now);
}

static struct tally *tally_of(struct truth *truth, const char *loader)
{
	for (size_t i = 0; i < truth->count; i++)
		if (strcmp(truth->tallies[i].loader, loader) == 0)
			return &truth->tallies[i];
	if (truth->count == MAX_LOADERS)
		return NULL;
	struct tally *tally = &truth->tallies[truth->count++];
	snprintf(tally->loader, sizeof tally->loader, "%s", loader);
	return tally;
}

/* Ends a line of FIELDS tab-separated texts. Messages may quote memory that is no text. */
static void print_row(FILE *file, size_t count, const char *const fields[])
{
	for (size_t i = 0; i < count; i++) {
		for (const char *at = shown(fields[i]); *at; at++)
			if ((unsigned char)*at < ' ' || (unsigned char)*at > '~')
				fprintf(file, "\\x%02x", (unsigned char)*at);
			else
				putc(*at, file);
		putc(i + 1 < count ? '\t' : '\n', file);
	}
}

#define ROW(file, ...)                                                                             \
	print_row(file, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *),                    \
		(const char *[]){__VA_ARGS__})

/* Counts one field, and prints the row where the two differ. */
static void compare(struct score *score, const struct tally *tally, const char *path,
	const char *field, const char *real, const char *simulated)
{
	score->asked++;
	if (strcmp(shown(real), shown(simulated)) == 0)
		score->agreed++;
	else
		ROW(stdout, tally->loader, path, field, real, simulated);
}

static void compare_outcome(struct tally *tally, const char *path, const struct judgement *real,
	const struct judgement *simulated)
{
	compare(&tally->outcome, tally, path, "outcome", cp_outcome_name(real->outcome),
		cp_outcome_name(simulated->outcome));
	if (real->cause != CAUSE_UNTOLD && (real->cause || simulated->cause))
		compare(&tally->cause, tally, path, "cause", cp_cause_name(real->cause),
			cp_cause_name(simulated->cause));
}

static void compare_message(struct tally *tally, const char *path, const struct judgement *real,
	const struct judgement *simulated)
{
	if (real->message || simulated->message)
		compare(&tally->message, tally, path, "message", real->message, simulated->message);
}

static const char *verdict(const struct judgement *judgement)
{
	return judgement->outcome == CP_OUTCOME_LOADS ? "loads" : judgement->message;
}

/* What a binding load says decides on `crashes`, so it is compared as well. */
static void compare_now(struct tally *tally, const char *path, const struct judgement *real,
	const struct judgement *simulated)
{
	compare(&tally->now, tally, path, "bound at once", verdict(real), verdict(simulated));
}

/* A loader that does not answer the same every time: all its answers. */
static void print_unsteady(
	const struct tally *tally, const char *path, const struct answer answers[ATTEMPTS])
{
	for (int i = 0; i < ATTEMPTS; i++)
		ROW(stdout, tally->loader, path, "unsteady",
			cp_outcome_name(answers[i].lazy.outcome), answers[i].lazy.message);
}

static void write_pair(FILE *file, const struct tally *tally, const char *path,
	const struct judgement *real, const struct judgement *simulated)
{
	if (file)
		ROW(file, tally->loader, path, cp_outcome_name(real->outcome), told(real->cause),
			real->message, cp_outcome_name(simulated->outcome),
			cp_cause_name(simulated->cause), simulated->message);
}

/* Whether the simulation gives this answer, as far as it is told. */
static bool fits(const struct judgement *real, const struct judgement *simulated)
{
	return real->outcome == simulated->outcome &&
	       strcmp(shown(real->message), shown(simulated->message)) == 0;
}

/* Of several answers the one that the simulation gave, if there is one. */
static const struct answer *fitting(
	const struct answer answers[ATTEMPTS], const struct answer *simulated)
{
	for (int i = 0; i < ATTEMPTS; i++)
		if (fits(&answers[i].lazy, &simulated->lazy))
			return &answers[i];
	return &answers[0];
}

static bool same_answers(const struct answer answers[ATTEMPTS])
{
	bool same = true;
	for (int i = 1; i < ATTEMPTS; i++)
		same = same && answer_equal(&answers[0], &answers[i]);
	return same;
}

static void compare_pair(struct truth *truth, struct tally *tally, const struct subject *subject,
	const struct answer answers[ATTEMPTS], const struct answer *simulated)
{
	const struct answer *real = fitting(answers, simulated);
	tally->pairs++;
	tally->signals += real->signal != 0;
	if (real->signal && truth->verbose)
		ROW(stdout, tally->loader, subject->path, "constructor died",
			strsignal(real->signal), NULL);
	write_pair(truth->pairs, tally, subject->path, &real->lazy, &simulated->lazy);
	compare_outcome(tally, subject->path, &real->lazy, &simulated->lazy);
	if (!same_answers(answers)) {
		tally->unsteady++;
		print_unsteady(tally, subject->path, answers);
		return; /* no text of these is the true one */
	}
	compare_message(tally, subject->path, &real->lazy, &simulated->lazy);
	if (!subject->exec)
		compare_now(tally, subject->path, &real->now, &simulated->now);
}

static int ask(struct truth *truth, struct tally *tally, const char *root, enum cp_libc libc,
	const struct stage *stage, const struct subject *subject)
{
	struct answer answers[ATTEMPTS] = {0}, simulated = {0};
	int result = 0;
	for (int i = 0; i < ATTEMPTS && result == 0; i++)
		result = observe(root, libc, subject, &answers[i]);
	if (result == 0) {
		simulate(stage, subject, &simulated);
		compare_pair(truth, tally, subject, answers, &simulated);
	}
	answer_clear(&simulated);
	for (int i = 0; i < ATTEMPTS; i++)
		answer_clear(&answers[i]);
	return result;
}

/* "…/musl-1.2.5-cxx@CASE" → musl, "1.2.5", and the loader's name without the case. */
static int parse_root(const char *root, enum cp_libc *libc, char version[32], char loader[64])
{
	const char *name = strrchr(root, '/') ? strrchr(root, '/') + 1 : root;
	char kind[16];
	if (sscanf(name, "%15[a-z]-%31[0-9.]", kind, version) != 2)
		return -1;
	snprintf(loader, 64, "%.*s", (int)strcspn(name, "@"), name);
	*libc = strcmp(kind, "musl") == 0 ? CP_LIBC_MUSL : CP_LIBC_GLIBC;
	return 0;
}

static int ask_root(struct truth *truth, const char *root)
{
	enum cp_libc libc;
	char version[32], loader[64];
	struct tally *tally;
	if (parse_root(root, &libc, version, loader) || !(tally = tally_of(truth, loader)))
		return fprintf(stderr, "truth: %s is not named after a loader\n", root), -1;
	struct subject *subjects = NULL;
	size_t count = 0;
	if (subjects_list(root, truth->match, &subjects, &count))
		return -1;
	struct stage *stage = stage_open(root, libc, version);
	int result = stage ? 0 : -1;
	for (size_t i = 0; i < count && result == 0; i++)
		result = ask(truth, tally, root, libc, stage, &subjects[i]);
	stage_close(stage);
	subjects_free(subjects, count);
	return result;
}

static double percent(struct score score)
{
	return score.asked ? 100.0 * (double)score.agreed / (double)score.asked : 100.0;
}

static void add_score(struct score *sum, struct score score)
{
	sum->agreed += score.agreed;
	sum->asked += score.asked;
}

static void print_tally(const struct tally *tally)
{
	printf("%-16s %6zu %9.1f%% %9.1f%% %9.1f%% %9.1f%% %9zu %8zu\n", tally->loader,
		tally->pairs, percent(tally->outcome), percent(tally->cause),
		percent(tally->message), percent(tally->now), tally->unsteady, tally->signals);
}

/* Prints the agreement per loader; returns the sum over all. */
static struct tally print_summary(const struct truth *truth)
{
	struct tally sum = {.loader = "all"};
	printf("\n%-16s %6s %10s %10s %10s %10s %9s %8s\n", "loader", "pairs", "outcome", "cause",
		"message", "at once", "unsteady", "signals");
	for (size_t i = 0; i < truth->count; i++) {
		const struct tally *tally = &truth->tallies[i];
		print_tally(tally);
		sum.pairs += tally->pairs;
		sum.unsteady += tally->unsteady;
		sum.signals += tally->signals;
		add_score(&sum.outcome, tally->outcome);
		add_score(&sum.cause, tally->cause);
		add_score(&sum.message, tally->message);
		add_score(&sum.now, tally->now);
	}
	print_tally(&sum);
	return sum;
}

static int print_exports(int major)
{
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_facts struct cp_facts *node = NULL;
	if (cp_node_program(major, CP_LIBC_GLIBC, EM_X86_64, &node, &err)) {
		fprintf(stderr, "truth: %s\n", err->message);
		return 1;
	}
	for (size_t i = 0; i < node->n_exports; i++)
		printf("FUNC %s\n", cp_facts_string(node, node->exports[i].name));
	return 0;
}

int main(int argc, char **argv)
{
	struct truth truth = {0};
	size_t wanted = 1;
	for (int option; (option = getopt(argc, argv, "e:m:n:o:v")) >= 0;) {
		if (option == 'e')
			return print_exports(atoi(optarg));
		if (option == 'm')
			truth.match = optarg;
		else if (option == 'n')
			wanted = strtoul(optarg, NULL, 10);
		else if (option == 'v')
			truth.verbose = true;
		else if (option != 'o' || !(truth.pairs = fopen(optarg, "we")))
			return 64;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	for (int i = optind; i < argc; i++)
		if (ask_root(&truth, argv[i]))
			return 1;
	if (truth.pairs)
		fclose(truth.pairs);
	struct tally sum = print_summary(&truth);
	if (sum.pairs < wanted)
		printf("%zu pairs; %zu are wanted\n", sum.pairs, wanted);
	return sum.pairs < wanted || sum.outcome.agreed < sum.outcome.asked ||
	       percent(sum.message) < WANTED_MESSAGES || percent(sum.now) < WANTED_MESSAGES;
}
