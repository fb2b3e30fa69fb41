/* SPDX-License-Identifier: MIT
 *
 * What both formats share: layers by name, and the config.
 */
#include "image_source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "image_choice.h"
#include "memory.h"

void cp_plan_clear(struct cp_plan *plan)
{
	for (size_t i = 0; plan->sources && i < plan->image->n_layers; i++) {
		free(plan->sources[i].name);
		free(plan->sources[i].problem);
	}
	free(plan->sources);
	plan->sources = NULL;
}

int cp_plan_allocate(struct cp_plan *plan, size_t count, struct cp_error **err)
{
	if (count > CP_MAX_LAYERS)
		return cp_error_set(err, EFBIG, "%s: more than %u layers",
			cp_store_label(plan->store), CP_MAX_LAYERS);
	plan->sources = calloc(count + 1, sizeof(*plan->sources));
	plan->image->layers = calloc(count + 1, sizeof(*plan->image->layers));
	if (!plan->sources || !plan->image->layers)
		return cp_error_set(err, ENOMEM, "out of memory");
	plan->image->n_layers = count;
	return 0;
}

int cp_plan_set_layer(struct cp_plan *plan, size_t at, const char *name, const char *digest,
	struct cp_error **err)
{
	struct cp_layer_source *source = &plan->sources[at];
	struct cp_layer *layer = &plan->image->layers[at];
	cp_cleanup_error struct cp_error *why = NULL;
	source->name = strdup(name);
	layer->digest = digest ? strdup(digest) : NULL;
	source->blob = cp_store_find(plan->store, name, &why);
	if (source->blob)
		layer->size = source->blob->claimed;
	else if (why && why->message)
		source->problem = strdup(why->message);
	layer->encoding = "unknown";
	if (!source->name || (digest && !layer->digest) || (!source->blob && !source->problem))
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

static int copy_string(char **to, const char *from, struct cp_error **err)
{
	if (!from)
		return 0;
	free(*to);
	*to = strdup(from);
	return *to ? 0 : cp_error_set(err, ENOMEM, "out of memory");
}

/* The last assignment of a variable counts, as for the engine. */
static int copy_variable(
	char **to, const json_t *environment, const char *name, struct cp_error **err)
{
	size_t length = strlen(name);
	size_t at;
	const json_t *item;
	json_array_foreach(environment, at, item)
	{
		const char *text = json_string_value(item);
		if (text && strncmp(text, name, length) == 0 && text[length] == '=' &&
			copy_string(to, text + length + 1, err) < 0)
			return -1;
	}
	return 0;
}

static int copy_diff_ids(struct cp_plan *plan, const json_t *config, struct cp_error **err)
{
	const json_t *ids = json_object_get(json_object_get(config, "rootfs"), "diff_ids");
	size_t count = json_array_size(ids);
	if (!json_is_array(ids))
		return 0;
	if (count != plan->image->n_layers) {
		cp_index_add_error(plan->image->root, CP_PARTIAL, cp_store_label(plan->store),
			"the manifest has %zu layers, the config %zu", plan->image->n_layers,
			count);
		return 0;
	}
	for (size_t i = 0; i < count; i++)
		if (copy_string(&plan->image->layers[i].diff_id,
			    json_string_value(json_array_get(ids, i)), err) < 0)
			return -1;
	return 0;
}

static bool is_node(const char *word)
{
	const char *slash = strrchr(word, '/');
	return strcmp(slash ? slash + 1 : word, "node") == 0;
}

/* The script in "node [OPTION…] SCRIPT" among the words of ENTRYPOINT and CMD, which the engine
 * joins; NULL where node is not what is run. Options with a value of their own word are not known
 * here, so the word behind one may be taken for the script; it is then no file, and proves nothing.
 */
static const char *find_script(const json_t *entrypoint, const json_t *command, bool *seen_node)
{
	const json_t *lists[] = {entrypoint, command};
	for (size_t i = 0; i < 2; i++) {
		size_t at;
		const json_t *item;
		json_array_foreach(lists[i], at, item)
		{
			const char *word = json_string_value(item);
			if (word && *seen_node && *word != '-')
				return word;
			*seen_node |= word && is_node(word);
		}
	}
	return NULL;
}

static int copy_entry(char **to, const json_t *run, struct cp_error **err)
{
	bool seen_node = false;
	const char *script = find_script(
		json_object_get(run, "Entrypoint"), json_object_get(run, "Cmd"), &seen_node);
	const char *directory = json_string_value(json_object_get(run, "WorkingDir"));
	if (!script)
		return 0;
	if (*script == '/')
		return copy_string(to, script, err);
	free(*to);
	*to = NULL;
	if (asprintf(to, "%s/%s", directory ? directory : "", script) < 0)
		return cp_error_set(err, ENOMEM, "out of memory");
	return 0;
}

int cp_plan_config(struct cp_plan *plan, const json_t *config, struct cp_error **err)
{
	struct cp_image *image = plan->image;
	struct cp_image_platform platform = cp_image_platform_of(config);
	const json_t *run = json_object_get(config, "config");
	const json_t *environment = json_object_get(run, "Env");
	if (copy_string(&image->os, platform.os, err) < 0 ||
		copy_string(&image->architecture, platform.architecture, err) < 0 ||
		copy_string(&image->variant, platform.variant, err) < 0 ||
		copy_variable(&image->node_version, environment, "NODE_VERSION", err) < 0 ||
		copy_variable(&image->library_path, environment, "LD_LIBRARY_PATH", err) < 0 ||
		copy_entry(&image->entry, run, err) < 0)
		return -1;
	return copy_diff_ids(plan, config, err);
}
