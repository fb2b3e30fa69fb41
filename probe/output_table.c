/* SPDX-License-Identifier: MIT */
#include "output_table.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "memory.h"
#include "platform_fields.h"
#include "table_rows.h"
#include "text.h"

#define LABEL_MOST 44 /* columns on a terminal; a longer label has a line of its own */
#define LABEL_MOST_IN_FILE 96
#define TARGETS_MOST 36
#define CONTRADICTIONS_TOLD 5
#define REASON_LEAST 32 /* narrower than this, the reason gets a line of its own */

/* --- style ------------------------------------------------------------------------- */

void cp_table_style_for(struct cp_table_style *style, FILE *file, bool verbose)
{
	const char *no_colour = getenv("NO_COLOR"), *term = getenv("TERM");
	struct winsize size;
	*style = (struct cp_table_style){.verbose = verbose};
	if (!isatty(fileno(file)))
		return;
	style->colour = !(no_colour && *no_colour) && term && strcmp(term, "dumb") != 0;
	if (ioctl(fileno(file), TIOCGWINSZ, &size) == 0)
		style->width = size.ws_col;
}

const char *cp_table_colour(const struct cp_table_style *style, enum cp_outcome outcome)
{
	static const char *const colours[] = {
		[CP_OUTCOME_LOADS] = "\033[32m",      /* green */
		[CP_OUTCOME_LOADS_WITH] = "\033[33m", /* yellow */
		[CP_OUTCOME_CRASHES] = "\033[35m",    /* magenta */
		[CP_OUTCOME_FAILS] = "\033[31m",      /* red */
	};
	if (!style->colour || (size_t)outcome >= sizeof(colours) / sizeof(colours[0]))
		return "";
	return colours[outcome];
}

const char *cp_table_bold(const struct cp_table_style *style)
{
	return style->colour ? "\033[1m" : "";
}

const char *cp_table_plain(const struct cp_table_style *style)
{
	return style->colour ? "\033[0m" : "";
}

/* --- columns ------------------------------------------------------------------------ */

static void pad(FILE *file, size_t from, size_t to)
{
	while (from++ < to)
		fputc(' ', file);
}

/* Writes `text` from column `indent` on, broken at blanks to lines of `width` columns. */
static void put_wrapped(FILE *file, const char *text, size_t indent, unsigned width)
{
	size_t column = indent;
	while (*text) {
		size_t length = strcspn(text, " ");
		cp_cleanup_free char *word = strndup(text, length);
		size_t columns = word ? cp_text_width(word) : length;
		if (width && column > indent && column + 1 + columns > width) {
			fputc('\n', file);
			pad(file, 0, indent);
			column = indent;
		} else if (column > indent) {
			fputc(' ', file);
			column++;
		}
		fwrite(text, 1, length, file);
		column += columns;
		text += length;
		text += strspn(text, " ");
	}
	fputc('\n', file);
}

/* The names of those targets on which the row holds, or with `others` of those where it does not.
 */
static char *names_of(const struct cp_scan *scan, const struct cp_row *row, bool others)
{
	char *text = NULL;
	size_t size, count = 0;
	FILE *out = open_memstream(&text, &size);
	if (!out)
		return NULL;
	for (size_t t = 0; t < scan->n_targets; t++) {
		if (row->targets[t] == others)
			continue;
		fputs(count++ ? ", " : others ? "all but " : "", out);
		cp_text_put(out, scan->targets[t].name);
	}
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

/* A row's targets, in few words. Owned. */
static char *targets_text(const struct cp_scan *scan, const struct cp_row *row)
{
	size_t count = 0;
	for (size_t t = 0; t < scan->n_targets; t++)
		count += row->targets[t];
	if (count == scan->n_targets && count > 2)
		return strdup("every target");
	return names_of(scan, row, count > 2 && count + 1 == scan->n_targets);
}

struct columns {
	size_t outcome, label, targets; /* widths */
	size_t reason;                  /* where it begins */
};

static void widen(size_t *width, size_t want, size_t most)
{
	if (want > most)
		want = most;
	if (want > *width)
		*width = want;
}

static struct columns measure(
	const struct cp_rows *rows, char *const *targets, const struct cp_table_style *style)
{
	struct columns columns = {.label = 7, .targets = 6};
	for (size_t i = 0; i < rows->count; i++) {
		widen(&columns.outcome, strlen(cp_outcome_name(rows->rows[i].outcome)), 16);
		widen(&columns.label, cp_text_width(rows->rows[i].label),
			style->width ? LABEL_MOST : LABEL_MOST_IN_FILE);
		widen(&columns.targets, cp_text_width(targets[i]), TARGETS_MOST);
	}
	columns.reason = 2 + columns.outcome + 2 + columns.label + 2 + columns.targets + 2;
	if (style->width && columns.reason + REASON_LEAST > style->width)
		columns.reason = 0;
	return columns;
}

static void put_row(FILE *file, const struct cp_row *row, const char *targets,
	const struct columns *columns, const struct cp_table_style *style)
{
	const char *outcome = cp_outcome_name(row->outcome);
	char copies[32] = "";
	if (row->copies > 1)
		snprintf(copies, sizeof(copies), " (%zu copies)", row->copies);
	cp_cleanup_free char *reason = NULL;
	if (asprintf(&reason, "%s%s", row->reason, copies) < 0)
		reason = NULL;
	fprintf(file, "  %s%s%s", cp_table_colour(style, row->outcome), outcome,
		cp_table_plain(style));
	pad(file, strlen(outcome), columns->outcome + 2);
	fputs(row->label, file);
	size_t label = cp_text_width(row->label);
	if (style->width && label > columns->label) {
		fputc('\n', file);
		pad(file, 0, 2 + columns->outcome + 2);
		label = 0;
	}
	pad(file, label, columns->label);
	fprintf(file, "  %s", targets);
	size_t indent = columns->reason;
	if (indent) {
		pad(file, cp_text_width(targets), columns->targets);
		fputs("  ", file);
	} else {
		indent = 6;
		fputs("\n      ", file);
	}
	put_wrapped(file, reason ? reason : row->reason, indent, style->width);
}

static int put_rows(FILE *file, const struct cp_scan *scan, const struct cp_rows *rows,
	const struct cp_table_style *style)
{
	if (rows->count == 0)
		return 0;
	cp_cleanup_free char **targets = calloc(rows->count, sizeof(*targets));
	if (!targets)
		return -1;
	int result = 0;
	for (size_t i = 0; i < rows->count; i++) {
		targets[i] = targets_text(scan, &rows->rows[i]);
		if (!targets[i])
			result = -1;
	}
	if (result == 0) {
		struct columns columns = measure(rows, targets, style);
		for (size_t i = 0; i < rows->count; i++)
			put_row(file, &rows->rows[i], targets[i], &columns, style);
	}
	for (size_t i = 0; i < rows->count; i++)
		free(targets[i]);
	return result;
}

/* --- head and foot ------------------------------------------------------------------ */

static void put_head(FILE *file, const struct cp_scan *scan, const struct cp_table_style *style)
{
	const struct cp_image *image = scan->image;
	const char *machine = cp_machine_docker_name(scan->machine, ELFCLASS64, ELFDATA2LSB);
	const char *libc = cp_libc_name(scan->libc);
	fputs(cp_table_bold(style), file);
	cp_text_put(file, image->ref ? image->ref : "image");
	fprintf(file, "%s  ", cp_table_plain(style));
	cp_text_put(file, image->os ? image->os : "linux");
	fputc('/', file);
	cp_text_put(file, image->architecture ? image->architecture : machine ? machine : "?");
	if (scan->os_id) {
		fputs(" · ", file);
		cp_text_put(file, scan->os_id);
		fputs(scan->os_version ? " " : "", file);
		cp_text_put(file, scan->os_version ? scan->os_version : "");
	}
	fprintf(file, " · %s%s", libc ? libc : "no libc of its own", scan->libc_version ? " " : "");
	cp_text_put(file, scan->libc_version ? scan->libc_version : "");
	fputs(scan->node_version ? " · Node " : " · no Node of its own", file);
	cp_text_put(file, scan->node_version ? scan->node_version : "");
	if (image->n_layers)
		fprintf(file, " · %zu layer%s", image->n_layers, image->n_layers == 1 ? "" : "s");
	fputs("\n\n", file);
}

static void put_counts(FILE *file, const struct cp_rows *rows, size_t n_targets)
{
	size_t loading = rows->load_everywhere, foreign = rows->foreign_packages;
	size_t base = rows->base_objects_failing;
	const char *where = n_targets == 1 ? "" : " on every target";
	if (loading)
		fprintf(file, "  %zu package%s%s\n", loading, loading == 1 ? " loads" : "s load",
			where);
	if (foreign)
		fprintf(file, "  %zu package%s only builds for other platforms\n", foreign,
			foreign == 1 ? " has" : "s have");
	if (base)
		fprintf(file,
			"  %zu of the base's own libraries %s not load by %s; plug-ins of its "
			"programs seldom do (-v lists them)\n",
			base, base == 1 ? "does" : "do", base == 1 ? "itself" : "themselves");
	if (rows->count || loading || foreign || base)
		fputc('\n', file);
}

/* "3 packages fail, 1 program crashes" */
static size_t put_tally(
	FILE *file, const struct cp_tally *tally, const struct cp_table_style *style)
{
	static const struct {
		enum cp_outcome outcome;
		const char *one, *many;
	} words[] = {
		{CP_OUTCOME_FAILS, "fails", "fail"},
		{CP_OUTCOME_CRASHES, "crashes", "crash"},
		{CP_OUTCOME_LOADS_WITH, "needs packages of the distribution",
			"need packages of the distribution"},
	};
	size_t parts = 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t counts[] = {
			tally->packages[words[i].outcome], tally->objects[words[i].outcome]};
		for (size_t kind = 0; kind < 2; kind++) {
			if (!counts[kind])
				continue;
			fprintf(file, "%s%s%zu %s%s %s%s", parts++ ? ", " : "",
				cp_table_colour(style, words[i].outcome), counts[kind],
				kind ? "other object" : "package", counts[kind] == 1 ? "" : "s",
				counts[kind] == 1 ? words[i].one : words[i].many,
				cp_table_plain(style));
		}
	}
	return parts;
}

static bool has_anything(const struct cp_tally *tally)
{
	return tally->packages[CP_OUTCOME_LOADS] || tally->objects[CP_OUTCOME_LOADS];
}

static void put_verdict(
	FILE *file, const struct cp_tally *tally, const struct cp_table_style *style)
{
	const char *fine = has_anything(tally) ? "everything loads" : "nothing native to load";
	if (put_tally(file, tally, style) == 0)
		fprintf(file, "%s%s%s", cp_table_colour(style, CP_OUTCOME_LOADS), fine,
			cp_table_plain(style));
	if (tally->to_install)
		fprintf(file, ", %zu package%s once installed there", tally->to_install,
			tally->to_install == 1 ? "" : "s");
}

/* What the target stands for, less what its name says already. */
static void put_detail(FILE *file, const struct cp_scan_target *target)
{
	const char *detail = target->detail;
	size_t length = strlen(target->name);
	if (!detail)
		return;
	if (strncmp(detail, target->name, length) == 0 && strncmp(detail + length, ", ", 2) == 0)
		detail += length + 2;
	fputs("  (", file);
	cp_text_put(file, detail);
	fputc(')', file);
}

static void put_verdicts(FILE *file, const struct cp_scan *scan, const struct cp_rows *rows,
	const struct cp_table_style *style)
{
	size_t widest = 0;
	for (size_t t = 0; t < scan->n_targets; t++)
		widen(&widest, cp_text_width(scan->targets[t].name), TARGETS_MOST);
	for (size_t t = 0; t < scan->n_targets; t++) {
		const struct cp_scan_target *target = &scan->targets[t];
		fprintf(file, "  %s", cp_table_bold(style));
		cp_text_put(file, target->name);
		fputs(cp_table_plain(style), file);
		pad(file, cp_text_width(target->name), widest + 2);
		put_verdict(file, &rows->tallies[t], style);
		put_detail(file, target);
		fputc('\n', file);
	}
}

/* The words of what the package.json says wrongly: "arm64 glibc"; with `real`, of what is. */
static void put_platform_words(FILE *file, const struct cp_object *object, bool real)
{
	const json_t *said = object->package->platform;
	if (object->contradicted & CP_SAYS_OTHER_OS) {
		fputc(' ', file);
		cp_text_put(file, real ? cp_object_os(object) : cp_only_word(said, "os"));
	}
	if (object->contradicted & CP_SAYS_OTHER_CPU) {
		fputc(' ', file);
		cp_text_put(file, real ? cp_object_cpu(object) : cp_only_word(said, "cpu"));
	}
	if ((object->contradicted & CP_SAYS_OTHER_LIBC) && object->declared_in_manifest)
		fprintf(file, " %s", cp_libc_name(real ? object->facts->libc : object->declared));
}

static void put_contradiction(FILE *file, const struct cp_object *object)
{
	bool libc_by_name =
		(object->contradicted & CP_SAYS_OTHER_LIBC) && !object->declared_in_manifest;
	cp_text_put(file, object->path);
	if (libc_by_name) {
		fprintf(file, " calls itself %s and is built for %s\n",
			cp_libc_name(object->declared), cp_libc_name(object->facts->libc));
		return;
	}
	fputs(" is for", file);
	put_platform_words(file, object, false);
	fputs(" by its package.json and is built for", file);
	put_platform_words(file, object, true);
	fputc('\n', file);
}

/* What is told of an object. Another platform's builds are not judged, so that which libc they say
 * is nobody's trap; where a package says that it has none of them, they are. */
static bool is_contradicted(const struct cp_scan *scan, const struct cp_object *object)
{
	return (object->contradicted & (CP_SAYS_OTHER_OS | CP_SAYS_OTHER_CPU)) ||
	       (object->contradicted && !cp_object_foreign(scan, object));
}

/* Objects that are said to be what they are not: a trap for whoever picks by name. */
static void put_contradictions(FILE *file, const struct cp_scan *scan, bool all)
{
	size_t told = 0, count = 0;
	for (size_t i = 0; i < scan->n_objects; i++) {
		const struct cp_object *object = &scan->objects[i];
		if (!is_contradicted(scan, object))
			continue;
		if (count++ >= CONTRADICTIONS_TOLD && !all)
			continue;
		fputs(told++ ? "  " : "\n  ", file);
		put_contradiction(file, object);
	}
	if (count > told)
		fprintf(file, "  and %zu more like it (-v lists them)\n", count - told);
}

static void put_prunable(FILE *file, const struct cp_scan *scan)
{
	char bytes[CP_TEXT_BYTES_SIZE];
	if (!scan->prunable_files)
		return;
	cp_text_bytes(bytes, scan->prunable_bytes);
	fprintf(file, "\n  %s in %llu file%s for other platforms\n", bytes,
		(unsigned long long)scan->prunable_files,
		scan->prunable_files == 1 ? " is" : "s are");
}

int cp_table_print(FILE *file, const struct cp_scan *scan, const struct cp_table_style *style)
{
	struct cp_rows rows;
	if (cp_rows_make(scan, style->verbose, &rows) < 0)
		return -1;
	put_head(file, scan, style);
	int result = put_rows(file, scan, &rows, style);
	put_counts(file, &rows, scan->n_targets);
	if (style->verbose)
		cp_table_evidence(file, scan, style);
	put_verdicts(file, scan, &rows, style);
	put_contradictions(file, scan, style->verbose);
	put_prunable(file, scan);
	cp_rows_free(&rows);
	return result;
}
