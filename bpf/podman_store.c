/* SPDX-License-Identifier: MIT */
#include "podman_store.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cgroup_path.h"
#include "json_objects.h"
#include "memory.h"

#define MAX_ROOTS ((size_t)16)
#define MAX_FILE ((off_t)64 << 20) /* bytes */

static const char *const names_files[] = {
	"overlay-containers/containers.json",
	"overlay-containers/volatile-containers.json",
	"vfs-containers/containers.json",
	"vfs-containers/volatile-containers.json",
};
#define N_FILES (sizeof(names_files) / sizeof(names_files[0]))

static const char *const watched[] = {
	"overlay-containers", "overlay-images", "vfs-containers", "vfs-images"};
#define N_WATCHED (sizeof(watched) / sizeof(watched[0]))

struct root {
	char *path;
	struct stat read[N_FILES];
	bool watched[N_WATCHED];
};

struct cp_podman_stores {
	struct root roots[MAX_ROOTS];
	size_t n_roots;
	int changes; /* inotify */
};

/* --- where ------------------------------------------------------------------------- */

/* graphroot = "/PATH", of containers-storage.conf(5). */
static char *configured_root(const char *file)
{
	cp_cleanup_fclose FILE *conf = fopen(file, "re");
	char line[PATH_MAX + 64], path[PATH_MAX];
	while (conf && fgets(line, sizeof(line), conf))
		if (sscanf(line, " graphroot = \"%4095[^\"]\"", path) == 1 && path[0] == '/')
			return strdup(path);
	return NULL;
}

size_t cp_podman_usual_roots(char *roots[CP_PODMAN_ROOTS])
{
	const char *conf = getenv("CONTAINERS_STORAGE_CONF");
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	size_t count = 0;
	roots[0] = configured_root(conf && *conf ? conf : "/etc/containers/storage.conf");
	if (!roots[0])
		roots[0] = strdup("/var/lib/containers/storage");
	count += roots[0] != NULL;
	if (data && *data)
		count += asprintf(&roots[count], "%s/containers/storage", data) > 0;
	else if (home && *home)
		count += asprintf(&roots[count], "%s/.local/share/containers/storage", home) > 0;
	return count;
}

/* --- when it changes ---------------------------------------------------------------- */

/* Watches what is there and was not. Returns true where there is any. */
static bool watch_more(struct cp_podman_stores *self)
{
	bool more = false;
	for (size_t i = 0; self->changes >= 0 && i < self->n_roots; i++)
		for (size_t k = 0; k < N_WATCHED; k++) {
			char path[PATH_MAX];
			struct root *root = &self->roots[i];
			snprintf(path, sizeof(path), "%s/%s", root->path, watched[k]);
			if (root->watched[k] || inotify_add_watch(self->changes, path,
							IN_MOVED_TO | IN_CLOSE_WRITE | IN_ONLYDIR |
								IN_DELETE_SELF) < 0)
				continue;
			root->watched[k] = more = true;
		}
	return more;
}

struct cp_podman_stores *cp_podman_stores_open(const char *const *roots, size_t n_roots)
{
	struct cp_podman_stores *self = calloc(1, sizeof(*self));
	if (!self)
		return NULL;
	self->changes = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
	for (size_t i = 0; i < n_roots && self->n_roots < MAX_ROOTS; i++) {
		self->roots[self->n_roots].path = strdup(roots[i]);
		self->n_roots += self->roots[self->n_roots].path != NULL;
	}
	watch_more(self);
	return self;
}

void cp_podman_stores_close(struct cp_podman_stores *self)
{
	if (!self)
		return;
	for (size_t i = 0; i < self->n_roots; i++)
		free(self->roots[i].path);
	if (self->changes >= 0)
		close(self->changes);
	free(self);
}

int cp_podman_stores_fd(const struct cp_podman_stores *self)
{
	return self->changes;
}

/* Whether the name is that of a file that is replaced when something was made; there are lock
 * files and temporary ones beside it. */
static bool tells(const struct inotify_event *event)
{
	static const char *const files[] = {
		"containers.json", "volatile-containers.json", "images.json"};
	for (size_t i = 0; event->len && i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(event->name, files[i]) == 0)
			return true;
	return (event->mask & IN_Q_OVERFLOW) != 0;
}

bool cp_podman_stores_changed(struct cp_podman_stores *self)
{
	char buffer[8192] __attribute__((aligned(__alignof__(struct inotify_event))));
	bool changed = false, gone = false;
	ssize_t size;
	while (self->changes >= 0 && (size = read(self->changes, buffer, sizeof(buffer))) > 0)
		for (const char *at = buffer; at < buffer + size;) {
			const struct inotify_event *event = (const struct inotify_event *)at;
			changed |= tells(event);
			gone |= (event->mask & IN_IGNORED) != 0;
			at += sizeof(*event) + event->len;
		}
	/* A store that was removed may be made anew; watching the others again changes nothing. */
	for (size_t i = 0; gone && i < self->n_roots; i++)
		memset(self->roots[i].watched, 0, sizeof(self->roots[i].watched));
	return watch_more(self) || changed;
}

/* --- names ------------------------------------------------------------------------- */

struct reading {
	void (*tell)(void *context, struct cp_container *container);
	void *context;
};

static char *copy(const char *text)
{
	return text ? strdup(text) : NULL;
}

static bool take(void *context, const json_t *element)
{
	const struct reading *reading = context;
	const char *id = cp_json_member(element, "id");
	const json_t *name = json_array_get(json_object_get(element, "names"), 0);
	const char *metadata = cp_json_member(element, "metadata"); /* JSON within a string */
	if (!id || !cp_is_container_id(id, strlen(id)))
		return true;
	json_t *inner = metadata ? json_loads(metadata, 0, NULL) : NULL;
	struct cp_container container = {
		.id = strdup(id),
		.name = copy(json_string_value(name)),
		.image = copy(cp_json_member(inner, "image-name")),
		.runtime = strdup("podman"),
	};
	if (container.id)
		reading->tell(reading->context, &container);
	cp_container_clear(&container);
	json_decref(inner);
	return true;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static void read_file(struct root *root, size_t file, struct reading *reading)
{
	char path[PATH_MAX], block[16384];
	struct stat now;
	struct cp_json_objects objects = {.take = take, .context = reading};
	ssize_t size;
	snprintf(path, sizeof(path), "%s/%s", root->path, names_files[file]);
	if (stat(path, &now) < 0 || !S_ISREG(now.st_mode) || now.st_size > MAX_FILE ||
		is_same(&now, &root->read[file]))
		return;
	cp_cleanup_close int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	while (fd >= 0 && (size = read(fd, block, sizeof(block))) > 0)
		if (!cp_json_objects_read(&objects, block, (size_t)size))
			break;
	cp_json_objects_clear(&objects);
	root->read[file] = now;
}

void cp_podman_stores_read(struct cp_podman_stores *self,
	void (*tell)(void *context, struct cp_container *container), void *context)
{
	struct reading reading = {tell, context};
	for (size_t i = 0; i < self->n_roots; i++)
		for (size_t k = 0; k < N_FILES; k++)
			read_file(&self->roots[i], k, &reading);
}
