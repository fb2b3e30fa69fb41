/* SPDX-License-Identifier: MIT
 *
 * Each name of the path is looked at by itself, and the last one that is a container's counts:
 * below a container there may be more groups (systemd in it, podman's "/container"), and a
 * container in a container has both ids in its path.
 *
 *   /docker/ID                      bare: the name above says whose, or nobody does
 *   docker-ID.scope                 PREFIX-ID, with or without ".scope": the systemd driver
 *   kubepods-pod….slice:cri-containerd:ID    SLICE:PREFIX:ID, a systemd name given to cgroupfs
 *   lxc.payload.NAME                no id: the container's name stands for it
 *
 * A PREFIX that is not in the table is none: libpod-conmon-ID and crio-conmon-ID are the process
 * that watches the container, outside of it.
 */
#include "cgroup_path.h"

#include <string.h>

#define ID_SIZE ((size_t)64)

struct word {
	const char *at;
	size_t size;
};

struct row {
	const char *word, *runtime;
};

/* What stands before an id, and the '-' or ':'. */
static const struct row prefixes[] = {
	{"docker", "docker"},
	{"libpod", "podman"},
	{"libpod-payload", "podman"}, /* --cgroups=split */
	{"cri-containerd", "containerd"},
	{"nerdctl", "containerd"},
	{"crio", "crio"},
	{NULL, NULL},
};

/* The group above a bare id. */
static const struct row parents[] = {
	{"docker", "docker"},
	{"libpod_parent", "podman"},
	{"k8s.io", "containerd"}, /* the namespace that the kubelet's containers are in */
	{NULL, NULL},
};

static const char *runtime_of(const struct row *rows, struct word word)
{
	for (; rows->word; rows++)
		if (strlen(rows->word) == word.size && memcmp(rows->word, word.at, word.size) == 0)
			return rows->runtime;
	return NULL;
}

static bool take_prefix(struct word *word, const char *prefix)
{
	size_t size = strlen(prefix);
	if (word->size <= size || memcmp(word->at, prefix, size) != 0)
		return false;
	word->at += size;
	word->size -= size;
	return true;
}

static bool take_suffix(struct word *word, const char *suffix)
{
	size_t size = strlen(suffix);
	if (word->size <= size || memcmp(word->at + word->size - size, suffix, size) != 0)
		return false;
	word->size -= size;
	return true;
}

bool cp_is_container_id(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (!(text[i] >= '0' && text[i] <= '9') && !(text[i] >= 'a' && text[i] <= 'f'))
			return false;
	return size == ID_SIZE;
}

static bool read_id(struct word group, struct word above, struct cp_cgroup_name *name)
{
	take_suffix(&group, ".scope");
	if (group.size < ID_SIZE || !cp_is_container_id(group.at + group.size - ID_SIZE, ID_SIZE))
		return false;
	name->id = group.at + group.size - ID_SIZE;
	name->id_size = ID_SIZE;
	name->runtime = NULL;
	if (group.size == ID_SIZE) {
		name->runtime = runtime_of(parents, above);
		return true;
	}
	struct word prefix = {group.at, group.size - ID_SIZE - 1};
	char separator = prefix.at[prefix.size];
	if (separator != '-' && separator != ':')
		return false;
	const char *slice = separator == ':' ? memrchr(prefix.at, ':', prefix.size) : NULL;
	if (slice)
		prefix = (struct word){slice + 1, prefix.size - (size_t)(slice + 1 - prefix.at)};
	name->runtime = runtime_of(prefixes, prefix);
	return name->runtime != NULL;
}

/* Those that name their groups by the container's name. */
static bool read_name(struct word group, struct word above, struct cp_cgroup_name *name)
{
	static const struct row payloads[] = {{"lxc", "lxc"}, {"garden", "garden"}, {NULL, NULL}};
	const char *runtime = runtime_of(payloads, above);
	if (!runtime && take_prefix(&group, "lxc.payload."))
		runtime = "lxc";
	if (!runtime)
		return false;
	*name = (struct cp_cgroup_name){group.at, group.size, runtime};
	return true;
}

bool cp_cgroup_path_read(const char *path, struct cp_cgroup_name *name)
{
	struct word above = {"", 0};
	struct cp_cgroup_name found = {0};
	for (const char *at = path; *at;) {
		struct word group = {at, strcspn(at, "/")};
		struct cp_cgroup_name here;
		if (group.size && (read_id(group, above, &here) || read_name(group, above, &here)))
			found = here;
		if (group.size)
			above = group;
		at += group.size;
		at += *at == '/';
	}
	if (!found.id)
		return false;
	*name = found;
	return true;
}
