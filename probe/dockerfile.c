/* SPDX-License-Identifier: MIT
 *
 * From a Dockerfile's stages to the answer: which image the last stage ends on, and which packages
 * are added on the way.
 *
 * A stage that is FROM an earlier one has that one's packages too. A stage that files are copied
 * from only builds: what it adds is not in the image.
 */
#include "dockerfile.h"

#include <errno.h>
#include <string.h>

#include "dockerfile_parts.h"
#include "file.h"

static int no_memory(const struct cp_docker_reader *reader)
{
	return cp_error_set(reader->err, ENOMEM, "out of memory");
}

static void free_stage(struct cp_docker_stage *stage)
{
	if (!stage)
		return;
	free(stage->name);
	free(stage->image);
	free(stage->platform);
	cp_docker_added_clear(&stage->added);
	free(stage);
}

static void free_reader(struct cp_docker_reader *reader)
{
	for (int i = 0; i < reader->count; i++)
		free_stage(reader->stages[i]);
	cp_docker_variables_clear(&reader->variables);
}

static int read_all(
	struct cp_docker_reader *reader, const char *text, size_t size, const char *path)
{
	struct cp_docker_lines lines;
	cp_cleanup_instruction struct cp_docker_instruction instruction = {0};
	int more;
	cp_docker_lines_open(&lines, text, size);
	reader->variables.escape = lines.escape;
	do {
		more = cp_docker_lines_next(&lines, &instruction, reader->err);
		if (more > 0 && cp_docker_read_instruction(reader, &instruction) < 0)
			more = -1;
	} while (more > 0);
	if (more < 0)
		return cp_error_wrap(reader->err, "%s:%u", path, instruction.line);
	if (!reader->count)
		return cp_error_set(reader->err, 0, "%s: there is no FROM", path);
	return 0;
}

/* --- the answer ---------------------------------------------------------------------------------
 */

struct list {
	struct cp_dockerfile_package **items;
	size_t *count;
	size_t capacity;
};

/* `base`: NULL for scratch. */
static int list_add(struct list *list, const struct cp_docker_package *package, const char *base)
{
	char *name = strdup(package->name);
	char *base_copy = base ? strdup(base) : NULL;
	if (!name || (base && !base_copy) ||
		cp_grow(list->items, &list->capacity, *list->count + 1, sizeof(**list->items)) <
			0) {
		free(name);
		free(base_copy);
		return -1;
	}
	(*list->items)[(*list->count)++] =
		(struct cp_dockerfile_package){name, base_copy, package->line};
	return 0;
}

/* Marks with 1 the stages that the last one is made of, with 2 those that only build for it. */
static void mark_stages(const struct cp_docker_reader *reader, char *use)
{
	for (int i = reader->count - 1; i >= 0; i = reader->parents[i])
		use[i] = 1;
	for (int i = reader->count - 1; i >= 0; i--) { /* both kinds point to earlier ones */
		if (!use[i])
			continue;
		if (use[i] == 2 && reader->parents[i] >= 0 && !use[reader->parents[i]])
			use[reader->parents[i]] = 2;
		for (int from = 0; from < i; from++)
			if (reader->stages[i]->copied[from] && !use[from])
				use[from] = 2;
	}
}

/* The stage whose FROM names the image that `stage` ends on. */
static const struct cp_docker_stage *root_of(const struct cp_docker_reader *reader, int stage)
{
	while (reader->parents[stage] >= 0)
		stage = reader->parents[stage];
	return reader->stages[stage];
}

static bool is_scratch(const struct cp_docker_stage *root)
{
	return strcmp(root->image, "scratch") == 0;
}

static int collect(const struct cp_docker_reader *reader, struct cp_dockerfile *file)
{
	char use[CP_DOCKERFILE_MAX_STAGES] = {0};
	struct list apt = {&file->apt, &file->n_apt, 0}, apk = {&file->apk, &file->n_apk, 0};
	struct list build_apt = {&file->build_apt, &file->n_build_apt, 0};
	struct list build_apk = {&file->build_apk, &file->n_build_apk, 0};
	mark_stages(reader, use);
	for (int i = 0; i < reader->count; i++) {
		const struct cp_docker_added *added = &reader->stages[i]->added;
		const struct cp_docker_stage *root = root_of(reader, i);
		file->makes_python |= use[i] && added->makes_python;
		for (size_t j = 0; use[i] && j < added->count; j++) {
			const struct cp_docker_package *package = &added->items[j];
			bool builds = use[i] == 2 || package->removed;
			struct list *list = package->apk ? (builds ? &build_apk : &apk)
							 : (builds ? &build_apt : &apt);
			if (list_add(list, package, is_scratch(root) ? NULL : root->image) < 0)
				return no_memory(reader);
		}
	}
	return 0;
}

static int answer(const struct cp_docker_reader *reader, struct cp_dockerfile *file)
{
	const struct cp_docker_stage *base = root_of(reader, reader->count - 1);
	bool scratch = is_scratch(base);
	file->base = scratch ? NULL : strdup(base->image);
	file->platform = base->platform ? strdup(base->platform) : NULL;
	file->base_line = base->line;
	if ((!scratch && !file->base) || (base->platform && !file->platform))
		return no_memory(reader);
	return collect(reader, file);
}

static void free_packages(struct cp_dockerfile_package *packages, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		free(packages[i].name);
		free(packages[i].base);
	}
	free(packages);
}

void cp_dockerfile_free(struct cp_dockerfile *file)
{
	if (!file)
		return;
	free_packages(file->apt, file->n_apt);
	free_packages(file->apk, file->n_apk);
	free_packages(file->build_apt, file->n_build_apt);
	free_packages(file->build_apk, file->n_build_apk);
	free(file->path);
	free(file->base);
	free(file->platform);
	free(file);
}

int cp_dockerfile_parse(const char *text, size_t size, const char *path,
	struct cp_dockerfile **dockerfile, struct cp_error **err)
{
	struct cp_docker_reader reader = {.err = err};
	reader.variables.parents = reader.parents;
	if (size > CP_DOCKERFILE_MAX_SIZE)
		return cp_error_set(err, E2BIG, "%s: a Dockerfile of more than %zu bytes", path,
			CP_DOCKERFILE_MAX_SIZE);
	if (size && memchr(text, '\0', size))
		return cp_error_set(err, EINVAL, "%s: no text: it has a NUL byte", path);
	struct cp_dockerfile *file = calloc(1, sizeof(*file));
	int result = file && (file->path = strdup(path)) ? 0 : no_memory(&reader);
	if (result == 0)
		result = read_all(&reader, text, size, path);
	if (result == 0)
		result = answer(&reader, file);
	free_reader(&reader);
	if (result < 0)
		cp_dockerfile_free(file);
	else
		*dockerfile = file;
	return result;
}

int cp_dockerfile_read(const char *path, struct cp_dockerfile **dockerfile, struct cp_error **err)
{
	cp_cleanup_free char *text = NULL;
	size_t size;
	if (cp_file_read(path, CP_DOCKERFILE_MAX_SIZE, &text, &size, err) < 0)
		return -1;
	return cp_dockerfile_parse(text, size, path, dockerfile, err);
}
