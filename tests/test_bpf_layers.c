/* SPDX-License-Identifier: MIT
 *
 * What is found on disk: directories of layers, podman's store, and both through cp_containers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "container_registry.h"
#include "containers.h"
#include "fake_engine.h"
#include "layers.h"
#include "podman_store.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"

static char top[] = "/tmp/test-layers-XXXXXX";

/* Makes the directory and those above it. */
static void make(const char *path)
{
	char part[512];
	for (const char *at = strchr(path, '/'); at; at = strchr(at + 1, '/')) {
		snprintf(part, sizeof(part), "%.*s", (int)(at - path), path);
		mkdir(part, 0700);
	}
	assert_true(mkdir(path, 0700) == 0 || access(path, F_OK) == 0);
}

static void write_file(const char *path, const char *text)
{
	char new_path[512];
	snprintf(new_path, sizeof(new_path), "%s.new", path);
	FILE *file = fopen(new_path, "w");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(rename(new_path, path), 0);
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Whether the directories are `wanted`: those below `top`, sorted, ';' after each. */
static void assert_directories(char **directories, size_t count, const char *wanted)
{
	char all[4096] = "";
	if (count)
		qsort(directories, count, sizeof(*directories), compare);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(all), skip = strlen(top) + 1;
		assert_true(strncmp(directories[i], top, strlen(top)) == 0);
		snprintf(all + used, sizeof(all) - used, "%s;", directories[i] + skip);
		free(directories[i]);
	}
	free(directories);
	assert_string_equal(all, wanted);
}

static void assert_new(struct cp_layers *layers, const char *wanted)
{
	char **directories;
	size_t count = cp_layers_take(layers, &directories);
	assert_directories(directories, count, wanted);
}

static void stores_of_each_kind(void **state)
{
	(void)state;
	atomic_bool stop = false;
	struct cp_layers *layers = cp_layers_new();
	make("s/overlay2/one/diff/lib");
	make("s/overlay2/app/diff/app");
	make("s/overlay2/l");
	assert_int_equal(symlink("../one/diff", "s/overlay2/l/SHORT"), 0);
	make("s/overlay/two/diff/usr");
	make("s/vfs/dir/three/lib64");
	make("s/io.containerd.snapshotter.v1.overlayfs/snapshots/4/fs/lib");
	make("s/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/5/fs/lib");
	make("s/overlay2/empty/diff");
	cp_layers_add_store(layers, "relative");
	cp_layers_add_store(layers, "/nowhere");
	char path[512];
	snprintf(path, sizeof(path), "%s/s", top);
	cp_layers_add_store(layers, path);
	cp_layers_add_store(layers, path);
	cp_layers_scan(layers, &stop);
	assert_new(layers,
		"s/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/5/fs;"
		"s/io.containerd.snapshotter.v1.overlayfs/snapshots/4/fs;"
		"s/overlay/two/diff;s/overlay2/one/diff;s/vfs/dir/three;");
	cp_layers_scan(layers, &stop);
	snprintf(path, sizeof(path), "%s/s/overlay2/l/SHORT", top);
	cp_layers_add(layers, path);
	snprintf(path, sizeof(path), "%s/s/overlay2/../overlay2/one/diff/", top);
	cp_layers_add(layers, path);
	cp_layers_add(layers, "/");
	cp_layers_add(layers, "");
	cp_layers_add(layers, "s/overlay2/one/diff");
	assert_new(layers, "");
	make("s/overlay2/empty/diff/lib"); /* it is being unpacked */
	make("s/overlay2/new/diff/lib");
	cp_layers_scan(layers, &stop);
	assert_new(layers, "s/overlay2/empty/diff;s/overlay2/new/diff;");
	cp_layers_free(layers);
}

static void tell(void *context, struct cp_container *container)
{
	char *all = context;
	size_t used = strlen(all);
	snprintf(all + used, 1024 - used, "%.2s %s %s %s;", container->id,
		container->name ? container->name : "-", container->image ? container->image : "-",
		container->runtime);
}

static void names_in_podmans_store(void **state)
{
	(void)state;
	char root[512], all[1024] = "";
	snprintf(root, sizeof(root), "%s/p", top);
	const char *const roots[] = {"/nowhere", root};
	struct cp_podman_stores *stores = cp_podman_stores_open(roots, 2);
	assert_false(cp_podman_stores_changed(stores));
	make("p/overlay-containers/" A "/userdata");
	make("p/overlay-images");
	assert_true(cp_podman_stores_changed(stores)); /* it is there now */
	write_file("p/overlay-containers/containers.json",
		"[{\"id\":\"" A "\",\"names\":[\"web\"],\"metadata\":"
		"\"{\\\"image-name\\\":\\\"localhost/app:1\\\"}\"},"
		"{\"id\":\"../x\",\"names\":[\"evil\"]},{\"names\":7},"
		"{\"id\":\"" A "\",\"names\":{},\"metadata\":\"{{{\"}]");
	write_file("p/overlay-containers/volatile-containers.json", "garbage");
	assert_true(cp_podman_stores_changed(stores));
	assert_false(cp_podman_stores_changed(stores));
	cp_podman_stores_read(stores, tell, all);
	assert_string_equal(all, "aa web localhost/app:1 podman;aa - - podman;");
	all[0] = '\0';
	cp_podman_stores_read(stores, tell, all); /* nothing changed */
	assert_string_equal(all, "");
	write_file("p/overlay-images/other.json", "[]");
	assert_false(cp_podman_stores_changed(stores));
	write_file("p/overlay-images/images.json", "[]");
	assert_true(cp_podman_stores_changed(stores));
	cp_podman_stores_close(stores);
}

static void podmans_roots(void **state)
{
	(void)state;
	char *roots[CP_PODMAN_ROOTS];
	write_file("storage.conf", "[storage]\ndriver = \"overlay\"\n graphroot = \"/a b/c\"\n");
	setenv("CONTAINERS_STORAGE_CONF", "storage.conf", 1);
	setenv("XDG_DATA_HOME", "/home/me/data", 1);
	assert_int_equal(cp_podman_usual_roots(roots), 2);
	assert_string_equal(roots[0], "/a b/c");
	assert_string_equal(roots[1], "/home/me/data/containers/storage");
	free(roots[0]);
	free(roots[1]);
	unsetenv("XDG_DATA_HOME");
	setenv("CONTAINERS_STORAGE_CONF", "none.conf", 1);
	setenv("HOME", "/home/me", 1);
	assert_int_equal(cp_podman_usual_roots(roots), 2);
	assert_string_equal(roots[0], "/var/lib/containers/storage");
	assert_string_equal(roots[1], "/home/me/.local/share/containers/storage");
	free(roots[0]);
	free(roots[1]);
	unsetenv("CONTAINERS_STORAGE_CONF");
}

/* Waits until there are new layers. */
static void assert_layers(struct cp_containers *containers, const char *wanted)
{
	char **directories;
	size_t count;
	for (int tries = 0; !(count = cp_containers_take_layers(containers, &directories));
		tries++) {
		assert_true(tries < 5000);
		usleep(1000);
	}
	assert_directories(directories, count, wanted);
}

/* Text with the directory of the test where '@' is; never freed before the end of a test. */
static char *with_top(const char *text)
{
	char *result = calloc(1, 2048);
	assert_non_null(result);
	for (char *to = result; *text; text++) {
		if (*text != '@')
			*to++ = *text;
		else
			to = stpcpy(to, top);
	}
	return result;
}

static void layers_that_engines_tell(void **state)
{
	(void)state;
	static const char *const nowhere[] = {NULL};
	static const char *const socket = "unix://e.sock";
	const struct cp_containers_options options = {
		.engines = &socket, .n_engines = 1, .stores = nowhere};
	struct fake_engine engine = {0};
	char *info = with_top("{\"DockerRootDir\":\"@/d\"}");
	char *image = with_top("{\"GraphDriver\":{\"Data\":{\"UpperDir\":\"@/x/image/diff\"}}}");
	char *inspect = with_top("{\"Id\":\"" A "\",\"GraphDriver\":{\"Data\":{\"LowerDir\":"
				 "\"@/x/lower/diff:@/x/image/diff:@/x/app/diff\","
				 "\"UpperDir\":\"@/x/upper/diff\"}}}");
	make("d/overlay2/first/diff/lib");
	make("x/image/diff/lib");
	make("x/lower/diff/lib");
	make("x/app/diff/app");
	make("x/upper/diff");
	fake_engine_start(&engine, "e.sock");
	fake_engine_add(&engine, "/info", info);
	fake_engine_add(&engine, "/images/json", "[]");
	fake_engine_add(&engine, "/containers/json?all=1", "[]");
	fake_engine_add(&engine, "/images/app:1/json", image);
	fake_engine_add(&engine, "/images/bare/json", "{\"GraphDriver\":null}");
	fake_engine_add(&engine, "/containers/" A "/json", inspect);
	struct cp_containers *containers = cp_containers_open(&options, NULL);
	assert_non_null(containers);
	assert_true(cp_containers_wait(containers, 5000));
	assert_layers(containers, "d/overlay2/first/diff;");
	fake_engine_event(&engine, "{\"Type\":\"image\",\"Action\":\"pull\",\"Actor\":{\"ID\":\"\","
				   "\"Attributes\":{\"name\":\"app:1\"}}}\n");
	assert_layers(containers, "x/image/diff;");
	fake_engine_event(&engine, "{\"Type\":\"container\",\"Action\":\"create\",\"Actor\":{"
				   "\"ID\":\"" A "\"}}\n");
	assert_layers(containers, "x/lower/diff;");
	/* Docker 29 does not say where an image is. */
	make("d/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs/usr");
	fake_engine_event(&engine, "{\"Type\":\"image\",\"Action\":\"load\",\"Actor\":{"
				   "\"ID\":\"bare\"}}\n");
	assert_layers(containers,
		"d/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/7/fs;");
	cp_containers_close(containers);
	fake_engine_stop(&engine);
	free(info);
	free(image);
	free(inspect);
}

/* podman without a service: its store alone tells of new images, and of names. */
static void podman_without_a_service(void **state)
{
	(void)state;
	char root[512];
	snprintf(root, sizeof(root), "%s/q", top);
	const char *const roots[] = {root}, *const none[] = {NULL};
	const struct cp_containers_options options = {
		.engines = none, .stores = roots, .n_stores = 1};
	struct cp_containers *containers = cp_containers_open(&options, NULL);
	assert_non_null(containers);
	assert_true(cp_containers_wait(containers, 5000));
	make("q/overlay/one/diff/lib"); /* podman's first use */
	make("q/overlay-containers");
	make("q/overlay-images");
	assert_layers(containers, "q/overlay/one/diff;");
	make("q/overlay/two/diff/lib");
	write_file("q/overlay-images/images.json", "[]");
	assert_layers(containers, "q/overlay/two/diff;");
	write_file("q/overlay-containers/containers.json",
		"[{\"id\":\"" A "\",\"names\":[\"web\"],\"metadata\":"
		"\"{\\\"image-name\\\":\\\"app:1\\\"}\"}]");
	cp_containers_see(containers, 1, "/libpod_parent/libpod-" A);
	struct cp_container container;
	while (cp_containers_find(containers, 1, 0, &container) == CP_PENDING)
		cp_container_clear(&container);
	assert_string_equal(container.name, "web");
	assert_string_equal(container.image, "app:1");
	assert_string_equal(container.runtime, "podman");
	assert_null(container.project);
	cp_container_clear(&container);
	cp_containers_close(containers);
}

static void the_least_asked_for_is_forgotten_of_too_many(void **state)
{
	(void)state;
	struct cp_registry registry;
	char id[80];
	assert_int_equal(cp_registry_init(&registry), 0);
	for (size_t i = 0; i < CP_MAX_CONTAINERS + 10; i++) {
		int size = snprintf(id, sizeof(id), "%064zx", i);
		struct cp_record *record = cp_registry_id(&registry, id, (size_t)size, true);
		assert_non_null(record);
		assert_int_equal(cp_registry_set_cgroup(&registry, i, record), 0);
		assert_non_null(cp_registry_cgroup(&registry, 0)); /* a service that runs on */
	}
	assert_int_equal(registry.ids.count, CP_MAX_CONTAINERS);
	assert_null(cp_registry_cgroup(&registry, 1));
	assert_null(cp_registry_cgroup(&registry, 10));
	assert_string_equal(cp_registry_cgroup(&registry, 11)->is.id + 60, "000b");
	/* One with ever more groups: all others go, then its own. */
	struct cp_record *record = cp_registry_cgroup(&registry, 11);
	for (size_t i = 0; i < CP_MAX_CGROUPS + 10; i++)
		assert_int_equal(cp_registry_set_cgroup(&registry, 1000000 + i, record), 0);
	assert_int_equal(registry.ids.count, 1);
	assert_int_equal(registry.cgroups.count, CP_MAX_CGROUPS);
	assert_ptr_equal(cp_registry_cgroup(&registry, 1000000 + CP_MAX_CGROUPS + 9), record);
	/* A number that is used again. */
	assert_int_equal(cp_registry_set_cgroup(&registry, 1000000 + CP_MAX_CGROUPS, NULL), 0);
	assert_null(cp_registry_cgroup(&registry, 1000000 + CP_MAX_CGROUPS));
	cp_registry_clear(&registry);
}

static int enter(void **state)
{
	(void)state;
	return mkdtemp(top) && chdir(top) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	char command[128];
	(void)state;
	snprintf(command, sizeof(command), "rm -r %s", top);
	return chdir("/") == 0 ? system(command) : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stores_of_each_kind),
		cmocka_unit_test(names_in_podmans_store),
		cmocka_unit_test(podmans_roots),
		cmocka_unit_test(layers_that_engines_tell),
		cmocka_unit_test(podman_without_a_service),
		cmocka_unit_test(the_least_asked_for_is_forgotten_of_too_many),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
