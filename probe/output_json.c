/* SPDX-License-Identifier: MIT */
#include "output_json.h"

#include <elf.h>

#include "memory.h"
#include "text.h"

/* --- values ------------------------------------------------------------------------- */

json_t *cp_json_text(const char *text)
{
	if (!text)
		return json_null();
	cp_cleanup_free char *utf8 = cp_text_to_utf8(text);
	return utf8 ? json_string_nocheck(utf8) : NULL;
}

int cp_json_put(json_t *object, const char *key, json_t *value)
{
	/* Keys come from target names, too: those are what the user typed. */
	cp_cleanup_free char *utf8 = cp_text_to_utf8(key);
	if (utf8 && value)
		return json_object_set_new_nocheck(object, utf8, value);
	json_decref(value);
	return -1;
}

int cp_json_append(json_t *array, json_t *value)
{
	return value ? json_array_append_new(array, value) : -1;
}

int cp_json_dump(FILE *file, json_t *value)
{
	if (!value)
		return -1;
	int result = json_dumpf(value, file, JSON_COMPACT | JSON_ENCODE_ANY);
	json_decref(value);
	/* jansson also says -1 for a failed write, which is told when the output is closed. */
	return result < 0 && !ferror(file) ? -1 : 0;
}

static json_t *number(uint64_t value)
{
	return json_integer(value > INT64_MAX ? INT64_MAX : (json_int_t)value);
}

static json_t *fact(const struct cp_facts *facts, cp_str at)
{
	return cp_json_text(facts ? cp_facts_string_or_null(facts, at) : NULL);
}

/* --- image and targets -------------------------------------------------------------- */

static json_t *layer_value(const struct cp_layer *layer)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "digest", cp_json_text(layer->digest)) ||
		cp_json_put(value, "diff_id", cp_json_text(layer->diff_id)) ||
		cp_json_put(value, "size", number(layer->size)) ||
		cp_json_put(value, "encoding", cp_json_text(layer->encoding)))
		return NULL;
	return cp_take(value);
}

static json_t *layers_value(const struct cp_image *image)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < image->n_layers; i++)
		if (cp_json_append(value, layer_value(&image->layers[i])))
			return NULL;
	return cp_take(value);
}

static json_t *platform_value(const struct cp_scan *scan)
{
	const struct cp_image *image = scan->image;
	const char *os = image->os ? image->os : "linux";
	const char *arch = image->architecture;
	if (!arch)
		arch = cp_machine_docker_name(scan->machine, ELFCLASS64, ELFDATA2LSB);
	if (!arch)
		return json_null();
	cp_cleanup_free char *text = NULL;
	if (asprintf(&text, "%s/%s%s%s", os, arch, image->variant ? "/" : "",
		    image->variant ? image->variant : "") < 0) {
		text = NULL;
		return NULL;
	}
	return cp_json_text(text);
}

static json_t *image_value(const struct cp_scan *scan)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "ref", cp_json_text(scan->image->ref)) ||
		cp_json_put(value, "name", cp_json_text(scan->image->name)) ||
		cp_json_put(value, "platform", platform_value(scan)) ||
		cp_json_put(value, "os_id", cp_json_text(scan->os_id)) ||
		cp_json_put(value, "os_version", cp_json_text(scan->os_version)) ||
		cp_json_put(value, "libc", cp_json_text(cp_libc_name(scan->libc))) ||
		cp_json_put(value, "libc_version", cp_json_text(scan->libc_version)) ||
		cp_json_put(value, "node_version", cp_json_text(scan->node_version)) ||
		cp_json_put(value, "layers", layers_value(scan->image)))
		return NULL;
	return cp_take(value);
}

/* The image's own version is known in full; of a target only the major version is. */
static json_t *target_node(const struct cp_scan *scan, const struct cp_scan_target *target)
{
	char major[16];
	if (!target->base)
		return cp_json_text(scan->node_version);
	if (!target->node_major)
		return json_null();
	snprintf(major, sizeof(major), "%d", target->node_major);
	return cp_json_text(major);
}

static json_t *targets_value(const struct cp_scan *scan)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t t = 0; value && t < scan->n_targets; t++) {
		const struct cp_scan_target *target = &scan->targets[t];
		cp_cleanup_json json_t *one = json_object();
		const char *base = target->base ? target->base->name : NULL;
		const char *libc = cp_libc_name(target->target.libc);
		if (!one || cp_json_put(one, "name", cp_json_text(target->name)) ||
			cp_json_put(one, "base", cp_json_text(base)) ||
			cp_json_put(one, "libc", cp_json_text(libc)) ||
			cp_json_put(
				one, "libc_version", cp_json_text(target->target.libc_version)) ||
			cp_json_put(one, "node_version", target_node(scan, target)) ||
			cp_json_append(value, cp_take(one)))
			return NULL;
	}
	return cp_take(value);
}

/* --- packages ----------------------------------------------------------------------- */

static json_t *verdict_value(const struct cp_verdict *verdict)
{
	const char *object = verdict->object ? verdict->object->path : NULL;
	cp_cleanup_json json_t *value = json_object();
	if (!value ||
		cp_json_put(value, "outcome", cp_json_text(cp_outcome_name(verdict->outcome))) ||
		cp_json_put(value, "cause", cp_json_text(cp_cause_name(verdict->cause))) ||
		cp_json_put(value, "object", cp_json_text(object)) ||
		cp_json_put(value, "message", cp_json_text(verdict->message)) ||
		cp_json_put(value, "how", cp_json_text(verdict->how)) ||
		cp_json_put(value, "scheme", cp_json_text(verdict->scheme)) ||
		cp_json_put(value, "brings", cp_json_text(verdict->brings)))
		return NULL;
	return cp_take(value);
}

static json_t *package_value(const struct cp_scan *scan, size_t at)
{
	const struct cp_package_result *result = &scan->results[at];
	cp_cleanup_json json_t *value = json_object();
	cp_cleanup_json json_t *verdicts = json_object();
	for (size_t t = 0; verdicts && t < scan->n_targets; t++)
		if (cp_json_put(
			    verdicts, scan->targets[t].name, verdict_value(&result->verdicts[t])))
			return NULL;
	if (!value || cp_json_put(value, "name", cp_json_text(result->package->name)) ||
		cp_json_put(value, "version", cp_json_text(result->package->version)) ||
		cp_json_put(value, "path", cp_json_text(result->package->path)) ||
		cp_json_put(value, "verdicts", cp_take(verdicts)))
		return NULL;
	return cp_take(value);
}

/* --- objects ------------------------------------------------------------------------ */

static json_t *strings_value(char *const *strings, size_t count)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < count; i++)
		if (cp_json_append(value, cp_json_text(strings[i])))
			return NULL;
	return cp_take(value);
}

static json_t *problems_value(const struct cp_load *load)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < load->n_problems; i++) {
		const struct cp_problem *problem = &load->problems[i];
		cp_cleanup_json json_t *one = json_object();
		if (!one ||
			cp_json_put(one, "cause", cp_json_text(cp_cause_name(problem->cause))) ||
			cp_json_put(one, "at_call", json_boolean(problem->at_call)) ||
			cp_json_put(one, "object", cp_json_text(problem->object)) ||
			cp_json_put(one, "subject", cp_json_text(problem->subject)) ||
			cp_json_put(one, "message", cp_json_text(problem->message)) ||
			cp_json_append(value, cp_take(one)))
			return NULL;
	}
	return cp_take(value);
}

static json_t *considered_value(const struct cp_load *load)
{
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < load->n_considered; i++) {
		const struct cp_considered *try = &load->considered[i];
		cp_cleanup_json json_t *one = json_object();
		if (!one || cp_json_put(one, "name", cp_json_text(try->name)) ||
			cp_json_put(one, "needed_by", cp_json_text(try->needed_by)) ||
			cp_json_put(one, "path", cp_json_text(try->path)) ||
			cp_json_put(one, "origin", cp_json_text(try->origin)) ||
			cp_json_put(one, "result", cp_json_text(try->result)) ||
			cp_json_append(value, cp_take(one)))
			return NULL;
	}
	return cp_take(value);
}

static json_t *load_value(const struct cp_load *load)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "outcome", cp_json_text(cp_outcome_name(load->outcome))) ||
		cp_json_put(value, "cause", cp_json_text(cp_cause_name(load->cause))) ||
		cp_json_put(value, "message", cp_json_text(load->message)) ||
		cp_json_put(value, "chain", strings_value(load->chain, load->n_chain)) ||
		cp_json_put(value, "add_packages",
			strings_value(load->add_packages, load->n_add_packages)) ||
		cp_json_put(value, "problems", problems_value(load)) ||
		cp_json_put(value, "problems_dropped", number(load->problems_dropped)))
		return NULL;
	if (load->n_considered && cp_json_put(value, "considered", considered_value(load)))
		return NULL;
	return cp_take(value);
}

static json_t *outcomes_value(const struct cp_scan *scan, const struct cp_object *object)
{
	cp_cleanup_json json_t *value = json_object();
	for (size_t t = 0; value && t < scan->n_targets; t++) {
		if (object->system && scan->targets[t].base)
			continue; /* stays behind with its base */
		if (cp_json_put(value, scan->targets[t].name, load_value(&object->loads[t])))
			return NULL;
	}
	return cp_take(value);
}

static json_t *object_platform(const struct cp_object *object)
{
	const struct cp_facts *facts = object->facts;
	const char *os = object->content == CP_CONTENT_MACHO ? "darwin"
			 : object->content == CP_CONTENT_PE  ? "win32"
							     : NULL;
	const char *arch = NULL, *libc = NULL;
	if (facts) {
		os = cp_os_name(facts->os);
		arch = cp_machine_node_name(facts->machine, facts->elf_class, facts->encoding);
		libc = cp_libc_name(facts->libc);
	}
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "os", cp_json_text(os)) ||
		cp_json_put(value, "arch", cp_json_text(arch)) ||
		cp_json_put(value, "libc", cp_json_text(libc)))
		return NULL;
	return cp_take(value);
}

static json_t *needed_value(const struct cp_facts *facts)
{
	if (!facts)
		return json_null();
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < facts->n_needed; i++)
		if (cp_json_append(value, fact(facts, facts->needed[i])))
			return NULL;
	return cp_take(value);
}

static int put_facts(json_t *value, const struct cp_facts *facts)
{
	if (cp_json_put(value, "interpreter", fact(facts, facts ? facts->interpreter : 0)) ||
		cp_json_put(value, "needed", needed_value(facts)) ||
		cp_json_put(value, "glibc_min", fact(facts, facts ? facts->glibc_min : 0)) ||
		cp_json_put(value, "glibcxx_min", fact(facts, facts ? facts->glibcxx_min : 0)) ||
		cp_json_put(value, "bind_now", facts ? json_boolean(facts->bind_now) : json_null()))
		return -1;
	bool declares = facts && facts->node_api >= 0;
	return cp_json_put(
		value, "node_api", declares ? json_integer(facts->node_api) : json_null());
}

static json_t *package_name(const struct cp_package *package)
{
	return cp_json_text(package ? package->name : NULL);
}

static json_t *contradictions_value(const struct cp_object *object)
{
	static const struct {
		uint8_t bit;
		const char *name;
	} all[] = {
		{CP_SAYS_OTHER_LIBC, "libc"}, {CP_SAYS_OTHER_OS, "os"}, {CP_SAYS_OTHER_CPU, "cpu"}};
	cp_cleanup_json json_t *value = json_array();
	for (size_t i = 0; value && i < sizeof(all) / sizeof(all[0]); i++)
		if ((object->contradicted & all[i].bit) &&
			cp_json_append(value, json_string(all[i].name)))
			return NULL;
	return cp_take(value);
}

static json_t *object_value(const struct cp_scan *scan, size_t at)
{
	const struct cp_object *object = &scan->objects[at];
	static const char *const kinds[] = {[CP_OBJECT_ADDON] = "addon",
		[CP_OBJECT_LIBRARY] = "library",
		[CP_OBJECT_EXECUTABLE] = "executable"};
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "path", cp_json_text(object->path)) ||
		cp_json_put(value, "package", package_name(object->package)) ||
		cp_json_put(value, "system", json_boolean(object->system)) ||
		cp_json_put(value, "kind", cp_json_text(kinds[object->kind])) ||
		cp_json_put(value, "platform", object_platform(object)) ||
		cp_json_put(value, "declared_libc", cp_json_text(cp_libc_name(object->declared))) ||
		cp_json_put(value, "contradicted", contradictions_value(object)) ||
		put_facts(value, object->facts) ||
		cp_json_put(value, "size", number(object->size)) ||
		cp_json_put(value, "outcomes", outcomes_value(scan, object)))
		return NULL;
	return cp_take(value);
}

/* --- errors and the whole ------------------------------------------------------------ */

static json_t *error_value(const struct cp_scan *scan, size_t at)
{
	const struct cp_index_error *error = cp_index_error_at(scan->image->root, at);
	const char *severity = error->severity == CP_PARTIAL ? "partial" : "object";
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "path", cp_json_text(error->path)) ||
		cp_json_put(value, "message", cp_json_text(error->message)) ||
		cp_json_put(value, "severity", cp_json_text(severity)))
		return NULL;
	return cp_take(value);
}

static json_t *prunable_value(const struct cp_scan *scan)
{
	cp_cleanup_json json_t *value = json_object();
	if (!value || cp_json_put(value, "bytes", number(scan->prunable_bytes)) ||
		cp_json_put(value, "files", number(scan->prunable_files)))
		return NULL;
	return cp_take(value);
}

typedef json_t *row_maker(const struct cp_scan *scan, size_t at);

static int put_list(
	FILE *file, const struct cp_scan *scan, const char *key, size_t count, row_maker *make)
{
	fprintf(file, ",\"%s\":[", key);
	for (size_t i = 0; i < count; i++) {
		if (i)
			fputc(',', file);
		if (cp_json_dump(file, make(scan, i)) < 0)
			return -1;
	}
	fputc(']', file);
	return 0;
}

int cp_json_print(FILE *file, const struct cp_scan *scan)
{
	fputs("{\"schema\":\"compatprobe.scan/1\",\"image\":", file);
	if (cp_json_dump(file, image_value(scan)) < 0)
		return -1;
	fputs(",\"targets\":", file);
	if (cp_json_dump(file, targets_value(scan)) < 0 ||
		put_list(file, scan, "packages", scan->n_results, package_value) < 0 ||
		put_list(file, scan, "objects", scan->n_objects, object_value) < 0)
		return -1;
	fputs(",\"prunable\":", file);
	if (cp_json_dump(file, prunable_value(scan)) < 0 ||
		put_list(file, scan, "errors", cp_index_error_count(scan->image->root),
			error_value) < 0)
		return -1;
	fputs("}\n", file);
	return 0;
}
