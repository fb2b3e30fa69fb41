/* SPDX-License-Identifier: MIT
 *
 * The override: a compose file to be given after the user's own.
 *
 *     docker-compose -f docker-compose.yml -f compose.compatprobe.yaml up --build
 *
 * It changes one thing, build.dockerfile of the services that move to another template; compose's
 * merging keeps all the rest of them. Its evidence stands in comments, and in `x-compatprobe` on
 * the top level, where docker-compose 1.29 takes such a key in every version of the format (inside
 * of a service it does so in some only). `version` is the user's, since older releases insist that
 * all files have the same; without one, a file counts as the format 1 unless it has services, so
 * one that changes nothing names a service all the same.
 *
 * The file is this program's: the first line says so, and any other file stays as it is.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file.h"
#include "memory.h"
#include "output.h"
#include "override_path.h"
#include "recommend.h"
#include "yaml_write.h"

#define MAX_OVERRIDE ((size_t)16 << 20)

static const char mark[] = "# compatprobe override";

/* What becomes of one service. */
struct change {
	char *dockerfile;     /* relative to its build context; NULL: it stays as it is */
	const char *obstacle; /* why it stays although another template is recommended */
};

/* --- which services change ---------------------------------------------------------------- */

static bool stays(const struct cp_recommendation *advice)
{
	return !advice->template ||
	       (advice->current_template &&
		       strcmp(advice->current_template, advice->template->name) == 0);
}

static const char *find_obstacle(const struct cp_recommendation *advice)
{
	if (!advice->service->builds)
		return "compose takes its image ready-made and builds nothing";
	if (advice->service->inline_dockerfile)
		return "its Dockerfile is written inside the compose file";
	if (!advice->template->dockerfile)
		return "no Dockerfile of the template is known; name it in compatprobe.yaml";
	return NULL;
}

static int decide(struct change *change, const struct cp_recommendation *advice,
	const struct cp_catalogue *catalogue, const struct cp_compose *compose,
	struct cp_error **err)
{
	*change = (struct change){0};
	if (stays(advice))
		return 0;
	change->obstacle = find_obstacle(advice);
	if (change->obstacle)
		return 0;
	switch (cp_override_path(advice->template->dockerfile, catalogue->path,
		advice->service->context, compose->directory, &change->dockerfile)) {
	case CP_OVERRIDE_PATH_FOUND:
		return 0;
	case CP_OVERRIDE_PATH_NO_CONTEXT:
		change->obstacle = "its build context is no directory of this machine";
		return 0;
	case CP_OVERRIDE_PATH_NO_DOCKERFILE:
		change->obstacle =
			"the template's Dockerfile is not there; name it in compatprobe.yaml";
		return 0;
	default:
		return cp_error_set(err, ENOMEM, "out of memory");
	}
}

/* --- comments ----------------------------------------------------------------------------- */

__attribute__((format(printf, 3, 4))) static int comment(
	FILE *file, int indent, const char *format, ...)
{
	va_list args;
	char *text = NULL;
	va_start(args, format);
	int status = vasprintf(&text, format, args);
	va_end(args);
	if (status < 0)
		return -1;
	status = cp_yaml_write_comment(file, indent, text);
	free(text);
	return status;
}

static int comment_reasons(
	FILE *file, const char *prefix, const char *name, const struct cp_reasons *reasons)
{
	for (size_t i = 0; i < reasons->count; i++)
		if (comment(file, 4, "%s%s%s%s", prefix, name, *name ? ": " : "",
			    reasons->lines[i]) < 0)
			return -1;
	return 0;
}

static int comment_service(FILE *file, const struct cp_recommendation *advice)
{
	const struct cp_compose_service *service = advice->service;
	const char *own = service->dockerfile ? service->dockerfile : "Dockerfile";
	const char *from = advice->current_template ? advice->current_template : own;
	if (comment(file, 4, "From %s to %s (%s).", from, advice->template->name,
		    cp_confidence_name(advice->confidence)) < 0 ||
		comment_reasons(file, "", "", &advice->why) < 0)
		return -1;
	for (size_t i = 0; i < advice->n_passed_over; i++)
		if (comment_reasons(file, "Not ", advice->passed_over[i].template->name,
			    &advice->passed_over[i].because) < 0)
			return -1;
	return service->target ? comment(file, 4, "The template needs a stage of the name %s.",
					 service->target)
			       : 0;
}

/* --- the document ------------------------------------------------------------------------- */

static int write_service(
	FILE *file, const struct cp_recommendation *advice, const struct change *change)
{
	fputs("  ", file);
	if (cp_yaml_write_key(file, advice->service->name) < 0)
		return -1;
	fputs(":\n", file);
	if (comment_service(file, advice) < 0)
		return -1;
	fputs("    build:\n", file);
	return cp_yaml_write_pair(file, 6, "dockerfile", change->dockerfile);
}

static int write_nothing_changes(FILE *file, const struct cp_compose *compose)
{
	if (!compose->n_services)
		return 0;
	fputs("  # Nothing changes; a service is named because compose wants one.\n  ", file);
	if (cp_yaml_write_key(file, compose->services[0].name) < 0)
		return -1;
	fputs(": {}\n", file);
	return 0;
}

static int write_services(FILE *file, const struct cp_advice *advice, const struct change *changes,
	const struct cp_compose *compose)
{
	size_t changing = 0;
	fputs("services:\n", file);
	for (size_t i = 0; i < advice->n_services; i++) {
		if (!changes[i].dockerfile)
			continue;
		changing++;
		if (write_service(file, &advice->services[i], &changes[i]) < 0)
			return -1;
	}
	if (!changing && write_nothing_changes(file, compose) < 0)
		return -1;
	for (size_t i = 0; i < advice->n_services; i++)
		if (changes[i].obstacle &&
			comment(file, 2, "%s: %s is recommended, but %s.",
				advice->services[i].service->name,
				advice->services[i].template->name, changes[i].obstacle) < 0)
			return -1;
	return 0;
}

static int write_passed_over(FILE *file, const struct cp_recommendation *advice)
{
	if (advice->n_passed_over)
		fputs("      passed_over:\n", file);
	for (size_t i = 0; i < advice->n_passed_over; i++) {
		const struct cp_passed_over *over = &advice->passed_over[i];
		if (over->because.count == 0) {
			fputs("        ", file);
			if (cp_yaml_write_key(file, over->template->name) < 0)
				return -1;
			fputs(": []\n", file);
		}
		if (cp_yaml_write_list(file, 8, over->template->name, over->because.lines,
			    over->because.count) < 0)
			return -1;
	}
	return 0;
}

static int write_evidence(
	FILE *file, const struct cp_recommendation *advice, const struct change *change)
{
	fputs("    ", file);
	if (cp_yaml_write_key(file, advice->service->name) < 0)
		return -1;
	fputs(":\n", file);
	if (cp_yaml_write_pair(
		    file, 6, "template", advice->template ? advice->template->name : NULL) < 0 ||
		cp_yaml_write_pair(file, 6, "current_template", advice->current_template) < 0 ||
		cp_yaml_write_pair(file, 6, "confidence", cp_confidence_name(advice->confidence)) <
			0 ||
		cp_yaml_write_pair(file, 6, "image", advice->image) < 0 ||
		cp_yaml_write_pair(file, 6, "not_changed", change->obstacle) < 0 ||
		cp_yaml_write_list(file, 6, "why", advice->why.lines, advice->why.count) < 0 ||
		write_passed_over(file, advice) < 0)
		return -1;
	if (cp_yaml_write_list(file, 6, "not_the_template", advice->not_the_template.lines,
		    advice->not_the_template.count) < 0)
		return -1;
	return cp_yaml_write_list(
		file, 6, "add_packages", advice->add_packages, advice->n_add_packages);
}

static int write_document(FILE *file, const struct cp_advice *advice, const struct change *changes,
	const struct cp_compose *compose)
{
	fprintf(file, "%s: compatprobe recommend writes it anew; edit another file.\n", mark);
	fputs("# Give it to compose after your own: -f docker-compose.yml -f THIS FILE\n", file);
	if (cp_yaml_write_pair(file, 0, "version", compose->version) < 0 ||
		write_services(file, advice, changes, compose) < 0)
		return -1;
	fputs("x-compatprobe:\n  schema: \"compatprobe.override/1\"\n", file);
	fprintf(file, "  prunable_bytes: %" PRIu64 "\n", advice->prunable_bytes);
	fputs(advice->n_services ? "  services:\n" : "  services: {}\n", file);
	for (size_t i = 0; i < advice->n_services; i++)
		if (write_evidence(file, &advice->services[i], &changes[i]) < 0)
			return -1;
	return 0;
}

/* --- the file ----------------------------------------------------------------------------- */

/* Whether `path` is one of the project's own files, by whatever name. */
static bool is_own(const char *path, const struct cp_compose *compose)
{
	struct stat status, own;
	if (stat(path, &status) < 0)
		return false;
	for (size_t i = 0; i < compose->n_files; i++)
		if (stat(compose->files[i], &own) == 0 && own.st_dev == status.st_dev &&
			own.st_ino == status.st_ino)
			return true;
	return false;
}

/* 1: the file is as it should be; 0: it may be written; -1: it may not. */
static int look_at_old(const char *path, const struct cp_compose *compose, const char *text,
	size_t size, struct cp_error **err)
{
	cp_cleanup_free char *old = NULL;
	struct cp_error *why = NULL;
	size_t old_size = 0;
	if (is_own(path, compose))
		return cp_error_set(err, EEXIST,
			"%s is one of the project's own files: the override needs another name",
			path);
	if (cp_file_read(path, MAX_OVERRIDE, &old, &old_size, &why) < 0) {
		bool gone = why && why->code == ENOENT;
		if (!gone)
			cp_error_set(err, why ? why->code : ENOMEM, "%s",
				why && why->message ? why->message : "out of memory");
		cp_error_free(why);
		return gone ? 0 : -1;
	}
	if (strncmp(old, mark, strlen(mark)) != 0)
		return cp_error_set(
			err, EEXIST, "%s is there already, and compatprobe did not write it", path);
	return old_size == size && memcmp(old, text, size) == 0;
}

static int put_file(const char *path, const char *text, size_t size, struct cp_error **err)
{
	struct cp_output_request request = {.file = path};
	struct cp_output output;
	if (cp_output_open(&output, &request, err) < 0)
		return -1;
	fwrite(text, 1, size, output.file); /* cp_output_commit asks whether it went well */
	return cp_output_commit(&output, err);
}

static int write_changes(const struct cp_advice *advice, const struct change *changes,
	const struct cp_compose *compose, const char *path, struct cp_error **err)
{
	cp_cleanup_free char *text = NULL;
	size_t size = 0;
	FILE *file = open_memstream(&text, &size);
	int status = file ? write_document(file, advice, changes, compose) : -1;
	if (file && (fclose(file) != 0 || status < 0))
		status = -1;
	if (status < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	int old = look_at_old(path, compose, text, size, err);
	if (old)
		return old < 0 ? -1 : 0;
	return put_file(path, text, size, err);
}

int cp_override_write(const struct cp_advice *advice, const struct cp_catalogue *catalogue,
	const struct cp_compose *compose, const char *path, struct cp_error **err)
{
	struct change *changes = calloc(advice->n_services + 1, sizeof(*changes));
	int status = changes ? 0 : cp_error_set(err, ENOMEM, "out of memory");
	for (size_t i = 0; status == 0 && i < advice->n_services; i++)
		status = decide(&changes[i], &advice->services[i], catalogue, compose, err);
	if (status == 0)
		status = write_changes(advice, changes, compose, path, err);
	for (size_t i = 0; changes && i < advice->n_services; i++)
		free(changes[i].dockerfile);
	free(changes);
	return status;
}
