/* SPDX-License-Identifier: MIT
 *
 * The rule is the table below: what lies at or below one of its paths is of the
 * path's zone, until a deeper path of the table says otherwise. In a zone of the
 * base a node_modules begins the service again (someone ran `npm install -g`, or
 * copied it there), but for the zones that are closed: there the base brought it.
 *
 * Sources: the Filesystem Hierarchy Standard; the Dockerfiles of the official node
 * images; Debian's nodejs policy (/usr/share/nodejs); NodeSource's packages, which
 * install to /usr; the Docker docs of AWS Lambda (/var/task).
 */
#include "service.h"

#include <string.h>

enum zone {
	UNSET, /* as the parent */
	SERVICE,
	BASE,
	BASE_CLOSED,
};

static const struct {
	const char *path;
	enum zone zone;
} zones[] = {
	{"/bin", BASE},
	{"/boot", BASE},
	{"/dev", BASE},
	{"/etc", BASE},
	{"/lib", BASE},
	{"/lib32", BASE},
	{"/lib64", BASE},
	{"/libx32", BASE},
	{"/proc", BASE},
	{"/run", BASE},
	{"/sbin", BASE},
	{"/sys", BASE},
	{"/usr", BASE},
	{"/var", BASE},

	/* where people copy a service to, or build what it needs */
	{"/usr/app", SERVICE},
	{"/usr/local", SERVICE},
	{"/usr/src", SERVICE},
	{"/var/app", SERVICE},
	{"/var/task", SERVICE},
	{"/var/www", SERVICE},

	/* Node as the official images install it */
	{"/usr/local/bin/corepack", BASE},
	{"/usr/local/bin/docker-entrypoint.sh", BASE},
	{"/usr/local/bin/node", BASE},
	{"/usr/local/bin/nodejs", BASE},
	{"/usr/local/bin/npm", BASE},
	{"/usr/local/bin/npx", BASE},
	{"/usr/local/bin/yarn", BASE},
	{"/usr/local/bin/yarnpkg", BASE},
	{"/usr/local/include/node", BASE},
	{"/usr/local/lib/node_modules/corepack", BASE_CLOSED},
	{"/usr/local/lib/node_modules/npm", BASE_CLOSED},
	{"/usr/local/share/doc/node", BASE},
	{"/usr/local/share/man/man1/node.1", BASE},

	/* Node as distributions and NodeSource install it */
	{"/usr/lib/node_modules/corepack", BASE_CLOSED},
	{"/usr/lib/node_modules/npm", BASE_CLOSED},
	{"/usr/lib/nodejs", BASE_CLOSED},
	{"/usr/share/node_modules", BASE_CLOSED},
	{"/usr/share/nodejs", BASE_CLOSED},
};

/* The zone of each path of the table, noted in its node. */
static void mark_table(struct cp_index *root)
{
	for (uint32_t id = 0; id < cp_index_count(root); id++)
		cp_index_node_mutable(root, id)->scratch = UNSET;
	cp_index_node_mutable(root, 0)->scratch = SERVICE;
	for (size_t i = 0; i < sizeof(zones) / sizeof(*zones); i++) {
		uint32_t id = cp_index_find(root, zones[i].path);
		if (id != CP_NO_NODE)
			cp_index_node_mutable(root, id)->scratch = (uint8_t)zones[i].zone;
	}
}

/* The official images unpack Yarn to /opt/yarn-vVERSION. */
static void mark_yarn(struct cp_index *root)
{
	uint32_t opt = cp_index_find(root, "/opt");
	uint32_t id = opt == CP_NO_NODE ? CP_NO_NODE : cp_index_node(root, opt)->first_child;
	for (; id != CP_NO_NODE; id = cp_index_node(root, id)->next_sibling)
		if (strncmp(cp_index_name(root, id), "yarn-v", strlen("yarn-v")) == 0)
			cp_index_node_mutable(root, id)->scratch = BASE_CLOSED;
}

static enum zone inherit(const struct cp_index *root, uint32_t id)
{
	enum zone above = cp_index_node(root, cp_index_node(root, id)->parent)->scratch;
	if (above == BASE && cp_index_node(root, id)->kind == CP_NODE_DIRECTORY &&
		strcmp(cp_index_name(root, id), "node_modules") == 0)
		return SERVICE;
	return above;
}

static bool is_node_program(const struct cp_index *root, uint32_t id)
{
	const struct cp_facts *facts = cp_index_facts(root, id);
	return facts && facts->node_version;
}

void cp_service_mark(struct cp_index *root)
{
	mark_table(root);
	mark_yarn(root);
	for (uint32_t id = 1; id < cp_index_count(root); id++) {
		struct cp_node *node = cp_index_node_mutable(root, id);
		if (node->scratch == UNSET)
			node->scratch = (uint8_t)inherit(root, id);
		if (node->scratch != SERVICE || is_node_program(root, id))
			node->flags |= CP_NODE_SYSTEM;
		else
			node->flags &= (uint8_t)~CP_NODE_SYSTEM;
	}
}
