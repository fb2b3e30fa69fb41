/* SPDX-License-Identifier: MIT
 *
 * compatprobe trace: containers watched as they start.
 *
 *   options ─▶ tracer (bpf/tracer.h) ─▶ events ─┬─▶ outputs, as they happen
 *                 ▲                              └─▶ summary ─▶ exit status
 *   command ──────┘ runs meanwhile, and for a while after it
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "capabilities.h"
#include "child.h"
#include "command.h"
#include "containers.h"
#include "feature_probe.h"
#include "memory.h"
#include "monotonic.h"
#include "options.h"
#include "trace_output.h"
#include "trace_summary.h"
#include "tracer.h"

static const char help[] =
	"usage: compatprobe trace [OPTION…] [-- COMMAND [ARGUMENT…]]\n"
	"\n"
	"Watches containers while they start, and tells each failed dlopen and exec with the\n"
	"loader's own words, each crash of a process that had loaded an addon, and each missing\n"
	"JavaScript module: whose it is, and whether the base image is to blame. Needs root on "
	"the\n"
	"host of the containers, and a kernel since 5.10 with BTF.\n"
	"\n"
	"It ends with COMMAND and the containers' first seconds after it, after --duration, or "
	"with\n"
	"Ctrl-C; then it prints a summary per service.\n"
	"\n"
	"options\n"
	"      --duration SECONDS   without a command: how long to watch; with one: how long to "
	"go\n"
	"                           on after it has ended (default: 5 where containers run by "
	"then)\n"
	"  -p, --project NAME       only the containers of this compose project\n"
	"      --all                also processes that are in no container\n"
	"      --check              tell what this machine can trace, and end\n"
	"  -o, --output FORMAT[=FILE]\n"
	"                           table (the default) or json, an event per line; repeatable.\n"
	"                           Files are written while the trace goes on\n"
	"      --fail-on LEVEL      exit with 2 if anything was at least that bad: fails (a load, "
	"a\n"
	"                           start or a module; not what a program only tried), crashes,\n"
	"                           loads_with\n"
	"      --allow-loss         events that the kernel had to drop are told, but no error\n"
	"      --buffer MIB         of the kernel's events, a power of two (default: 16)\n"
	"  -v, --verbose            with each event its process, and where the text comes from\n"
	"  -q, --quiet              no summary where events go to standard output as JSON, and no\n"
	"                           word but errors on standard error\n"
	"\n"
	"exit status\n"
	"  0   nothing of the level of --fail-on happened, and COMMAND ended with 0\n"
	"  1   it could not watch, lost events, or could not write\n"
	"  2   the level of --fail-on was reached\n"
	"  64  the command line is wrong\n"
	"  else that of COMMAND\n"
	"\n"
	"examples\n"
	"  compatprobe trace -- docker-compose up -d\n"
	"  compatprobe trace --duration 60 --project shop -o json=events.jsonl\n"
	"  compatprobe trace --fail-on fails -- podman run --rm workflow:latest node -e 0\n"
	"  compatprobe recommend -f docker-compose.yml --trace events.jsonl\n"
	"\n"
	"JSON is one object per line (schema compatprobe.event/1).\n";

#define ENGINES_WAIT 3000 /* milliseconds, for --check */
#define PRIORITY (-10)    /* a container that ends at once is gone before a slow look at it */
#define SETTLE 5.0        /* seconds after a command that left containers running */

struct run {
	const struct cp_options *options;
	struct cp_tracer *tracer;
	struct cp_trace_outputs outputs;
	struct cp_trace_summary *summary;
	struct cp_child child;
	bool has_command;
};

static void clear_run(struct run *run)
{
	cp_child_clear(&run->child);
	cp_tracer_close(run->tracer);
	cp_trace_summary_free(run->summary);
}
#define cleanup_run __attribute__((cleanup(clear_run)))

/* How often somebody asked it to end. */
static volatile sig_atomic_t asked_to_end;

static void on_signal(int signal)
{
	(void)signal;
	asked_to_end++;
}

static void catch_signals(void)
{
	struct sigaction action = {.sa_handler = on_signal};
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
}

static double now(void)
{
	return (double)cp_monotonic() / 1e9;
}

static void on_event(void *context, const struct cp_event *event)
{
	struct run *run = context;
	cp_trace_summary_add(run->summary, event);
	cp_trace_outputs_event(&run->outputs, event);
}

/* --- watching -------------------------------------------------------------------------- */

static size_t running(struct run *run)
{
	struct cp_tracer_report report;
	cp_tracer_report(run->tracer, &report);
	return report.running;
}

/* When the watch is over; negative: nobody knows yet. */
static double end_of_watch(struct run *run, double begun)
{
	double duration = run->options->duration;
	if (!run->has_command)
		return duration > 0 ? begun + duration : -1;
	if (!cp_child_has_ended(&run->child))
		return -1;
	if (duration >= 0)
		return now() + duration;
	return now() + (running(run) ? SETTLE : 0);
}

/* A first request lets the command end by itself (the terminal asked it, too); a second does not.
 */
static bool is_ended_by_signal(struct run *run)
{
	return asked_to_end > 1 || (asked_to_end == 1 && cp_child_has_ended(&run->child));
}

static int watch(struct run *run, struct cp_error **err)
{
	double begun = now();
	double end = -1;
	while (!is_ended_by_signal(run)) {
		if (end < 0)
			end = end_of_watch(run, begun);
		if (end >= 0 && now() >= end)
			break;
		if (cp_tracer_turn(run->tracer, 100, err) < 0)
			return -1;
	}
	return cp_tracer_finish(run->tracer, err);
}

static void tell_begin(struct run *run)
{
	struct cp_tracer_report report;
	if (run->options->quiet)
		return;
	cp_tracer_report(run->tracer, &report);
	fprintf(stderr, "compatprobe: watching %s (%zu C librar%s probed, %zu engine%s)\n",
		run->options->all ? "all processes" : "containers", report.libcs,
		report.libcs == 1 ? "y" : "ies", report.engines, report.engines == 1 ? "" : "s");
	if (report.libcs_failed)
		cp_warn("%zu C librar%s could not be probed, so that loaders' texts will be "
			"missing: %s",
			report.libcs_failed, report.libcs_failed == 1 ? "y" : "ies",
			report.libcs_why ? report.libcs_why : "out of memory");
	fflush(stderr);
}

/* --- the end --------------------------------------------------------------------------- */

/* Returns whether events were lost. A container that floods its standard error with what reads like
 * failures is cut short (trace.bpf.c), which no buffer cures. */
static bool tell_losses(const struct run *run, const struct cp_tracer_report *report)
{
	unsigned long long texts = report->lost[CP_RAW_STDERR];
	unsigned long long others = 0;
	for (unsigned type = 0; type < CP_RAW_TYPES; type++)
		others += type == CP_RAW_STDERR ? 0 : report->lost[type];
	if (!texts && !others)
		return false;
	if (run->options->allow_loss)
		cp_warn("%llu events of the kernel's were lost (--allow-loss)", texts + others);
	else if (others)
		cp_fail("%llu events of the kernel's were lost, so that failures may be missing "
			"here: a larger --buffer helps, or --project",
			texts + others);
	else
		cp_fail("%llu texts on standard error were passed over, since some container "
			"writes "
			"too many that read like failures; --project leaves others' out, "
			"--allow-loss "
			"takes it as it is",
			texts);
	return !run->options->allow_loss;
}

static int finish(struct run *run)
{
	struct cp_tracer_report report;
	const struct cp_options *options = run->options;
	cp_tracer_report(run->tracer, &report);
	cp_trace_summary_late(run->summary, report.late_starts);
	cp_trace_outputs_summary(
		&run->outputs, run->summary, options->quiet ? NULL : stderr, options->verbose);
	bool lost = tell_losses(run, &report);
	int status = cp_trace_outputs_close(&run->outputs);
	if (status || lost)
		return CP_EXIT_ERROR;
	if (cp_trace_threshold_reached(run->summary, options->fail_on)) {
		if (!options->quiet)
			fprintf(stderr, "compatprobe: --fail-on %s was reached\n",
				cp_outcome_name(options->fail_on));
		return CP_EXIT_THRESHOLD;
	}
	return run->has_command ? cp_child_exit_status(&run->child) : CP_EXIT_FINE;
}

/* A root is held open for each container, a few probes for each C library: as many as are allowed.
 */
static void allow_files(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		setrlimit(RLIMIT_NOFILE, &limit);
	}
}

static int trace(const struct cp_options *options)
{
	cleanup_run struct run run = {.options = options, .has_command = options->n_arguments > 0};
	cp_cleanup_error struct cp_error *err = NULL;
	struct cp_tracer_options wanted = {.all = options->all,
		.project = options->project,
		.ring_size = (size_t)options->buffer << 20,
		.context = &run,
		.tell = on_event};
	run.summary = cp_trace_summary_make();
	int status = run.summary ? cp_trace_outputs_open(&run.outputs, options)
				 : cp_fail("out of memory");
	if (status)
		return status;
	/* The command has all that it was given; this process and its threads only what they need.
	 */
	if (run.has_command && cp_child_prepare(&run.child, options->arguments, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	allow_files();
	cp_capabilities_keep(CP_CAPABILITIES_TRACE_BEGIN);
	run.tracer = cp_tracer_open(&wanted, &err);
	if (!run.tracer)
		return cp_fail("%s", err ? err->message : "out of memory");
	setpriority(PRIO_PROCESS, 0, PRIORITY);
	cp_capabilities_keep(CP_CAPABILITIES_TRACE);
	catch_signals();
	tell_begin(&run);
	if (run.has_command && cp_child_go(&run.child, options->arguments, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	if (watch(&run, &err) < 0)
		return cp_fail("%s", err ? err->message : "out of memory");
	return finish(&run);
}

/* --- --check --------------------------------------------------------------------------- */

/* Without an engine's answer events have the container's id, and neither its name nor its labels.
 */
static void check_engines(void)
{
	const char *const *problems = NULL;
	size_t n_problems = 0;
	struct cp_containers_options options = {0};
	struct cp_containers *containers = cp_containers_open(&options, NULL);
	if (!containers)
		return;
	cp_containers_wait(containers, ENGINES_WAIT);
	size_t engines = cp_containers_engines(containers, &problems, &n_problems);
	printf("  %-24s %-4s %zu answer%s\n", "container engines", engines ? "yes" : "no", engines,
		engines == 1 ? "s" : "");
	for (size_t i = 0; i < n_problems; i++)
		printf("  %-24s      %s\n", "", problems[i]);
	cp_containers_close(containers);
}

static int check(void)
{
	struct cp_feature features[CP_FEATURES_MAX];
	size_t count = cp_features_find(features);
	bool able = true;
	for (size_t i = 0; i < count; i++) {
		static const char *const words[] = {[CP_FEATURE_WORKS] = "yes",
			[CP_FEATURE_MISSING] = "NO",
			[CP_FEATURE_UNUSED] = "no"};
		const struct cp_feature *feature = &features[i];
		printf("  %-24s %-4s %s%s%s\n", feature->name, words[feature->state],
			feature->detail, feature->remedy && feature->detail[0] ? " · " : "",
			feature->remedy ? feature->remedy : "");
		able &= feature->state != CP_FEATURE_MISSING;
	}
	check_engines();
	puts(able ? "\n  this machine can trace" : "\n  this machine cannot trace");
	return fflush(stdout) == 0 && able ? CP_EXIT_FINE : CP_EXIT_ERROR;
}

static int run_trace(int argc, char **argv)
{
	struct cp_options options;
	int status = cp_options_parse(&options,
		CP_OPTION_OUTPUT | CP_OPTION_FAIL_ON | CP_OPTION_TRACE | CP_OPTION_PROGRESS |
			CP_OPTION_VERBOSE,
		&cp_command_trace, argc, argv);
	if (status)
		return status;
	if (options.help)
		return fputs(help, stdout) < 0 || fflush(stdout) ? CP_EXIT_ERROR : CP_EXIT_FINE;
	return options.check ? check() : trace(&options);
}

const struct cp_command cp_command_trace = {.name = "trace",
	.summary = "watch containers start, and tell what fails to load: trace -- COMMAND",
	.help = help,
	.run = run_trace};
