/* SPDX-License-Identifier: MIT
 *
 * What the image itself is. Everything is read off the files; the image's config
 * only fills in what they do not tell (the Node version of a stripped-down node).
 */
#include "scan_parts.h"

#include <elf.h>
#include <string.h>
#include <sys/utsname.h>

#include "os_release.h"

/* Where a shell would find node first: Docker's default PATH. */
static const char *const node_paths[] = {"/usr/local/sbin/node", "/usr/local/bin/node",
	"/usr/sbin/node", "/usr/bin/node", "/sbin/node", "/bin/node"};

static bool is_node_program(const struct cp_facts *facts)
{
	static const char marker[] = "napi_module_register";
	size_t cursor = 0;
	if (!facts || (!facts->interpreter && facts->type != ET_EXEC))
		return false;
	return cp_facts_export_next(facts, marker, cp_symbol_hash(marker), &cursor) != NULL;
}

static bool take_node(
	struct cp_scan *scan, const struct cp_index *index, uint32_t node, const char *path)
{
	const struct cp_facts *facts = cp_index_facts(index, node);
	if (!is_node_program(facts))
		return false;
	scan->node = facts;
	scan->node_path = strdup(path);
	return true;
}

/* The node of PATH, else the first node program anywhere (nvm, volta, /opt). */
static void find_node(struct cp_scan *scan, const struct cp_root *root)
{
	struct cp_found found;
	for (size_t i = 0; i < sizeof(node_paths) / sizeof(node_paths[0]); i++) {
		if (cp_root_resolve(root, node_paths[i], true, &found) == 0 &&
			take_node(scan, found.index, found.node, node_paths[i]))
			return;
	}
	const struct cp_index *index = scan->image->root;
	char path[CP_INDEX_MAX_PATH + 1];
	for (uint32_t i = 0; i < cp_index_count(index); i++) {
		const struct cp_node *node = cp_index_node(index, i);
		if (node->kind != CP_NODE_FILE || node->content != CP_CONTENT_ELF ||
			strcmp(cp_index_name(index, i), "node") != 0)
			continue;
		if (cp_index_path(index, i, path, sizeof(path)) && take_node(scan, index, i, path))
			return;
	}
}

static int name_node_version(struct cp_scan *scan, struct cp_error **err)
{
	const char *version = NULL;
	if (scan->node)
		version = cp_facts_string_or_null(scan->node, scan->node->node_version);
	if (!version && (scan->node || scan->image->node_version))
		version = scan->image->node_version;
	if (!version)
		return 0;
	scan->node_version = strdup(version);
	return scan->node_version ? 0 : cp_error_set(err, 0, "out of memory");
}

static uint16_t machine_of_name(const char *docker_name)
{
	if (docker_name && !strcmp(docker_name, "arm64"))
		return EM_AARCH64;
	if (docker_name && !strcmp(docker_name, "amd64"))
		return EM_X86_64;
	return EM_NONE;
}

/* A project's directory holds no loader to tell its machine by: then it is judged for
 * the machine it is scanned on. */
static uint16_t machine_here(void)
{
	struct utsname name;
	if (uname(&name) == 0 && !strcmp(name.machine, "aarch64"))
		return EM_AARCH64;
	return EM_X86_64;
}

int cp_scan_environment(struct cp_scan *scan, struct cp_error **err)
{
	struct cp_root root = {.layers = {{scan->image->root, false}}, .count = 1};
	scan->os_id = cp_os_release_value(&root, "ID");
	scan->os_version = cp_os_release_value(&root, "VERSION_ID");
	if (cp_root_libc(scan->image->root, &scan->libc, &scan->machine, &scan->libc_version, err) <
		0)
		return cp_error_wrap(err, "reading the image's libc");
	if (scan->libc == CP_LIBC_NONE)
		scan->machine = machine_of_name(scan->image->architecture);
	if (scan->machine == EM_NONE)
		scan->machine = machine_here();
	find_node(scan, &root);
	return name_node_version(scan, err);
}
