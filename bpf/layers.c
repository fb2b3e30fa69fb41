/* SPDX-License-Identifier: MIT */
#include "layers.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "memory.h"
#include "table.h"

#define MAX_DIRECTORIES ((size_t)200000)
#define MAX_STORES ((size_t)64)

#define SNAPSHOTS "io.containerd.snapshotter.v1.overlayfs/snapshots"

/* Where a store keeps layers: ROOT/ABOVE/NAME/BELOW. */
static const struct {
	const char *above, *below;
} places[] = {
	{"overlay2", "/diff"},                   /* Docker before 29 */
	{"overlay", "/diff"},                    /* podman */
	{"fuse-overlayfs", "/diff"},             /* Docker without root */
	{"vfs/dir", ""},                         /* both; each with all files of those below */
	{SNAPSHOTS, "/fs"},                      /* containerd */
	{"containerd/daemon/" SNAPSHOTS, "/fs"}, /* Docker 29's own containerd */
};

struct layer {
	struct cp_table_link link;
	struct timespec changed;
	char path[];
};

struct cp_layers {
	struct cp_table known;
	char **stores, **news;
	size_t n_stores, stores_capacity, n_news, news_capacity;
};

struct cp_layers *cp_layers_new(void)
{
	struct cp_layers *self = calloc(1, sizeof(*self));
	if (self && cp_table_init(&self->known) == 0)
		return self;
	free(self);
	return NULL;
}

static void free_all(char **strings, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(strings[i]);
	free(strings);
}

static void free_layer(struct cp_table_link *link)
{
	free(link);
}

void cp_layers_free(struct cp_layers *self)
{
	if (!self)
		return;
	cp_table_clear(&self->known, free_layer);
	free_all(self->stores, self->n_stores);
	free_all(self->news, self->n_news);
	free(self);
}

static void push(char ***strings, size_t *count, size_t *capacity, const char *text)
{
	char *copy = strdup(text);
	if (copy && cp_grow(strings, capacity, *count + 1, sizeof(**strings)) == 0)
		(*strings)[(*count)++] = copy;
	else
		free(copy);
}

static struct layer *known(const struct cp_layers *self, const char *path, uint64_t hash)
{
	for (struct cp_table_link *at = NULL; (at = cp_table_next(&self->known, hash, at));)
		if (strcmp(((struct layer *)at)->path, path) == 0)
			return (struct layer *)at;
	return NULL;
}

static struct layer *new_layer(struct cp_layers *self, const char *path, uint64_t hash)
{
	size_t size = strlen(path) + 1;
	struct layer *layer = NULL;
	if (self->known.count < MAX_DIRECTORIES)
		layer = calloc(1, sizeof(*layer) + size);
	if (!layer)
		return NULL;
	memcpy(layer->path, path, size);
	cp_table_add(&self->known, &layer->link, hash);
	return layer;
}

/* Distributions have their libc below one of these. */
static bool may_hold_libc(const char *path)
{
	static const char *const tops[] = {"lib", "lib64", "lib32", "usr", "nix"};
	cp_cleanup_close int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; fd >= 0 && i < sizeof(tops) / sizeof(tops[0]); i++)
		if (faccessat(fd, tops[i], F_OK, AT_SYMLINK_NOFOLLOW) == 0)
			return true;
	return false;
}

/* `path` is the real one. */
static void add(struct cp_layers *self, const char *path)
{
	struct stat now;
	if (lstat(path, &now) < 0 || !S_ISDIR(now.st_mode))
		return;
	uint64_t hash = cp_table_hash(&self->known, path, strlen(path));
	struct layer *layer = known(self, path, hash);
	if (layer && layer->changed.tv_sec == now.st_ctim.tv_sec &&
		layer->changed.tv_nsec == now.st_ctim.tv_nsec)
		return;
	if (!layer && !(layer = new_layer(self, path, hash)))
		return;
	layer->changed = now.st_ctim;
	if (may_hold_libc(path))
		push(&self->news, &self->n_news, &self->news_capacity, path);
}

void cp_layers_add(struct cp_layers *self, const char *directory)
{
	cp_cleanup_free char *real = *directory == '/' ? realpath(directory, NULL) : NULL;
	if (real && strcmp(real, "/") != 0)
		add(self, real);
}

void cp_layers_add_store(struct cp_layers *self, const char *root)
{
	bool is_new = *root == '/' && self->n_stores < MAX_STORES;
	for (size_t i = 0; is_new && i < self->n_stores; i++)
		is_new = strcmp(self->stores[i], root) != 0;
	if (is_new)
		push(&self->stores, &self->n_stores, &self->stores_capacity, root);
}

static void scan(struct cp_layers *self, const char *root, size_t place, const atomic_bool *stop)
{
	char path[PATH_MAX];
	snprintf(path, sizeof(path), "%s/%s", root, places[place].above);
	DIR *directory = opendir(path);
	for (const struct dirent *entry; directory && !*stop && (entry = readdir(directory));) {
		/* overlay2 keeps short links to its directories in "l". */
		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "l") == 0)
			continue;
		int size = snprintf(path, sizeof(path), "%s/%s/%s%s", root, places[place].above,
			entry->d_name, places[place].below);
		if (size > 0 && (size_t)size < sizeof(path))
			add(self, path);
	}
	if (directory)
		closedir(directory);
}

void cp_layers_scan(struct cp_layers *self, const atomic_bool *stop)
{
	for (size_t i = 0; i < self->n_stores; i++) {
		cp_cleanup_free char *real = realpath(self->stores[i], NULL);
		for (size_t k = 0; real && k < sizeof(places) / sizeof(places[0]); k++)
			scan(self, real, k, stop);
	}
}

size_t cp_layers_take(struct cp_layers *self, char ***directories)
{
	size_t count = self->n_news;
	*directories = cp_take(self->news);
	self->n_news = self->news_capacity = 0;
	return count;
}
