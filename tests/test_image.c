/* SPDX-License-Identifier: MIT
 *
 * Each transport over images that are made here: layers, documents and digests in
 * memory, written as a layout, an archive, a compressed archive, or sent by a thread
 * that plays the engine.
 */
#include "archive_fixture.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "image.h"
#include "layer.h"
#include "support/elf_builder.h"

static char directory[] = "/tmp/compatprobe-image-XXXXXX";

static int enter(void **state)
{
	(void)state;
	unsetenv("DOCKER_HOST");
	unsetenv("XDG_RUNTIME_DIR");
	return mkdtemp(directory) && chdir(directory) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	(void)state;
	char command[100];
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static void write_file(const char *name, const void *data, size_t size)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	if (size)
		assert_int_equal(write(fd, data, size), size);
	close(fd);
}

/* --- blobs ------------------------------------------------------------------------- */

#define MAX_BLOBS 16

/* Named contents: an image before it is given a form. */
struct parts {
	struct {
		char name[120];
		struct fixture contents;
	} blobs[MAX_BLOBS];
	int count;
};

static void add_named(struct parts *parts, const char *name, const void *data, size_t size)
{
	assert_true(parts->count < MAX_BLOBS);
	snprintf(parts->blobs[parts->count].name, 120, "%s", name);
	fixture_append(&parts->blobs[parts->count++].contents, data, size);
}

static void add_text(struct parts *parts, const char *name, const char *text)
{
	add_named(parts, name, text, strlen(text));
}

/* Adds contents under their digest, which is written to `digest` ("sha256:…"). */
static void add_blob(
	struct parts *parts, const void *data, size_t size, char digest[CP_DIGEST_SIZE])
{
	char name[CP_DIGEST_SIZE + 20];
	assert_int_equal(cp_digest_memory(data, size, digest, NULL), 0);
	snprintf(name, sizeof(name), "blobs/sha256/%s", digest + 7);
	add_named(parts, name, data, size);
}

static void free_parts(struct parts *parts)
{
	for (int i = 0; i < parts->count; i++)
		fixture_free(&parts->blobs[i].contents);
	parts->count = 0;
}

static struct fixture archive_of(const struct parts *parts)
{
	struct fixture tar;
	tar_begin(&tar);
	for (int i = 0; i < parts->count; i++)
		tar_entry(&tar, parts->blobs[i].name, AE_IFREG, 0644, NULL,
			parts->blobs[i].contents.data, parts->blobs[i].contents.size);
	tar_end(&tar);
	return tar;
}

static void write_archive(const char *name, const struct parts *parts)
{
	struct fixture tar = archive_of(parts);
	write_file(name, tar.data, tar.size);
	fixture_free(&tar);
}

static void write_layout(const char *name, const struct parts *parts)
{
	char path[300];
	snprintf(path, sizeof(path), "mkdir -p %s/blobs/sha256", name);
	assert_int_equal(system(path), 0);
	for (int i = 0; i < parts->count; i++) {
		snprintf(path, sizeof(path), "%s/%s", name, parts->blobs[i].name);
		write_file(path, parts->blobs[i].contents.data, parts->blobs[i].contents.size);
	}
}

/* --- images ------------------------------------------------------------------------- */

enum form { PLAIN, GZIP, ZSTD };

struct layers {
	struct fixture tars[2];
	char diff_ids[2][CP_DIGEST_SIZE];
	char digests[2][CP_DIGEST_SIZE];
	char config[CP_DIGEST_SIZE];
	char manifest[CP_DIGEST_SIZE];
};

/* Two layers: the upper one removes, hides, links and replaces. */
static void make_tars(struct layers *layers)
{
	struct fixture *lower = &layers->tars[0];
	struct fixture *upper = &layers->tars[1];
	tar_begin(lower);
	tar_file(lower, "etc/os-release", "ID=debian\n");
	tar_file(lower, "usr/lib/libone.so", "first");
	tar_file(lower, "usr/lib/gone.so", "x");
	tar_file(lower, "opt/old/file", "x");
	tar_file(lower, "etc/replaced", "lower");
	tar_end(lower);
	tar_begin(upper);
	tar_file(upper, "usr/lib/.wh.gone.so", "");
	tar_file(upper, "opt/old/.wh..wh..opq", "");
	tar_file(upper, "opt/old/new", "x");
	tar_file(upper, "etc/replaced", "upper layer");
	tar_hardlink(upper, "usr/lib/libtwo.so", "usr/lib/libone.so");
	tar_symlink(upper, "lib", "usr/lib");
	tar_end(upper);
	for (int i = 0; i < 2; i++)
		cp_digest_memory(
			layers->tars[i].data, layers->tars[i].size, layers->diff_ids[i], NULL);
}

static void free_layers(struct layers *layers)
{
	fixture_free(&layers->tars[0]);
	fixture_free(&layers->tars[1]);
}

static void add_config(struct parts *parts, struct layers *layers, const char *architecture)
{
	char text[2000];
	snprintf(text, sizeof(text),
		"{\"os\":\"linux\",\"architecture\":\"%s\",\"config\":{\"Env\":["
		"\"PATH=/bin\",\"NODE_VERSION=20.1.0\",\"LD_LIBRARY_PATH=/opt/lib\"]},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\",\"%s\"]}}",
		architecture, layers->diff_ids[0], layers->diff_ids[1]);
	add_blob(parts, text, strlen(text), layers->config);
}

static void add_layers(struct parts *parts, struct layers *layers, enum form form)
{
	for (int i = 0; i < 2; i++) {
		const struct fixture *tar = &layers->tars[i];
		struct fixture packed = {0};
		if (form == GZIP)
			packed = gzip_of(tar->data, tar->size);
		else if (form == ZSTD)
			packed = zstd_of(tar->data, tar->size);
		else
			fixture_append(&packed, tar->data, tar->size);
		add_blob(parts, packed.data, packed.size, layers->digests[i]);
		fixture_free(&packed);
	}
}

static void add_manifest(struct parts *parts, struct layers *layers)
{
	char text[2000];
	snprintf(text, sizeof(text),
		"{\"schemaVersion\":2,\"config\":{\"digest\":\"%s\"},\"layers\":["
		"{\"mediaType\":\"a/lie\",\"digest\":\"%s\"},{\"digest\":\"%s\"}]}",
		layers->config, layers->digests[0], layers->digests[1]);
	add_blob(parts, text, strlen(text), layers->manifest);
}

static struct parts oci_parts(struct layers *layers, enum form form)
{
	struct parts parts = {.count = 0};
	char index[1000];
	make_tars(layers);
	add_layers(&parts, layers, form);
	add_config(&parts, layers, "amd64");
	add_manifest(&parts, layers);
	snprintf(index, sizeof(index),
		"{\"schemaVersion\":2,\"manifests\":[{\"digest\":\"%s\",\"annotations\":"
		"{\"org.opencontainers.image.ref.name\":\"v1\"}}]}",
		layers->manifest);
	add_text(&parts, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
	add_text(&parts, "index.json", index);
	return parts;
}

static void docker_entry(char *text, size_t size, const struct layers *layers, const char *tag)
{
	snprintf(text, size,
		"{\"Config\":\"blobs/sha256/%s\",\"RepoTags\":[\"%s\"],\"Layers\":["
		"\"blobs/sha256/%s\",\"blobs/sha256/%s\"]}",
		layers->config + 7, tag, layers->digests[0] + 7, layers->digests[1] + 7);
}

/* manifest.json comes last, as an engine may send it. */
static struct parts docker_parts(struct layers *layers, enum form form)
{
	struct parts parts = {.count = 0};
	char entry[1000];
	char manifest[1010];
	make_tars(layers);
	add_layers(&parts, layers, form);
	add_config(&parts, layers, "amd64");
	docker_entry(entry, sizeof(entry), layers, "app:1.0");
	snprintf(manifest, sizeof(manifest), "[%s]", entry);
	add_text(&parts, "manifest.json", manifest);
	return parts;
}

/* --- looking at them ------------------------------------------------------------------- */

static int open_with(const char *text, const struct cp_image_options *options,
	struct cp_image **image, struct cp_error **err)
{
	struct cp_image_ref ref;
	if (cp_image_ref_parse(text, &ref, err) < 0)
		return -1;
	int result = cp_image_open(&ref, options, image, err);
	cp_image_ref_clear(&ref);
	return result;
}

static struct cp_image *open_image(const char *text, const struct cp_image_options *options)
{
	struct cp_image *image = NULL;
	struct cp_error *err = NULL;
	if (open_with(text, options, &image, &err) < 0)
		fail_msg("%s", err->message);
	return image;
}

static void assert_no_image(
	const char *text, const struct cp_image_options *options, const char *message)
{
	struct cp_image *image = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	assert_int_equal(open_with(text, options, &image, &err), -1);
	assert_null(image);
	if (!strstr(err->message, message))
		fail_msg("\"%s\" does not say \"%s\"", err->message, message);
}

static void assert_row(const struct cp_image *image, const char *message)
{
	for (size_t i = 0; i < cp_index_error_count(image->root); i++) {
		const struct cp_index_error *row = cp_index_error_at(image->root, i);
		char text[1000];
		snprintf(text, sizeof(text), "%s: %s", row->path, row->message);
		if (strstr(text, message)) {
			assert_int_equal(row->severity, CP_PARTIAL);
			return;
		}
	}
	fail_msg("no row says \"%s\"", message);
}

static bool there(const struct cp_image *image, const char *path)
{
	uint32_t node = cp_index_find(image->root, path);
	return node != CP_NO_NODE && cp_index_node(image->root, node)->kind != CP_NODE_REMOVED;
}

static uint64_t size_of(const struct cp_image *image, const char *path)
{
	assert_true(there(image, path));
	return cp_index_node(image->root, cp_index_find(image->root, path))->size;
}

static void assert_merged(const struct cp_image *image)
{
	if (cp_index_error_count(image->root))
		fail_msg("%s: %s", cp_index_error_at(image->root, 0)->path,
			cp_index_error_at(image->root, 0)->message);
	assert_false(there(image, "/usr/lib/gone.so"));
	assert_false(there(image, "/opt/old/file"));
	assert_true(there(image, "/opt/old/new"));
	assert_int_equal(size_of(image, "/etc/replaced"), strlen("upper layer"));
	assert_int_equal(size_of(image, "/usr/lib/libtwo.so"), strlen("first"));
	const struct cp_text *text =
		cp_index_text(image->root, cp_index_find(image->root, "/etc/os-release"));
	assert_non_null(text);
	assert_memory_equal(text->data, "ID=debian\n", 10);
}

/* The image of make_tars, with all that its documents say. */
static void assert_whole(struct cp_image *image, const struct layers *layers, const char *encoding)
{
	assert_merged(image);
	assert_string_equal(image->os, "linux");
	assert_string_equal(image->architecture, "amd64");
	assert_string_equal(image->node_version, "20.1.0");
	assert_string_equal(image->library_path, "/opt/lib");
	assert_int_equal(image->n_layers, 2);
	for (int i = 0; i < 2; i++) {
		assert_string_equal(image->layers[i].encoding, encoding);
		assert_string_equal(image->layers[i].diff_id, layers->diff_ids[i]);
		assert_string_equal(image->layers[i].digest, layers->digests[i]);
	}
	cp_image_free(image);
}

static const char *const encodings[] = {"tar", "gzip", "zstd"};

/* --- whole images --------------------------------------------------------------------- */

static void docker_archives(void **state)
{
	(void)state;
	const struct cp_image_options verify = {.verify = true};
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = docker_parts(&layers, (enum form)form);
		write_archive("app.tar", &parts);
		assert_whole(open_image("app.tar", NULL), &layers, encodings[form]);
		assert_whole(open_image("docker-archive:app.tar:app:1.0", &verify), &layers,
			encodings[form]);
		free_parts(&parts);
		free_layers(&layers);
	}
}

static void archives_that_are_compressed_as_a_whole(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, PLAIN);
	struct fixture tar = archive_of(&parts);
	struct fixture packed = gzip_of(tar.data, tar.size);
	write_file("app.tar.gz", packed.data, packed.size);
	assert_whole(open_image("app.tar.gz", NULL), &layers, "tar");
	fixture_free(&packed);
	packed = zstd_of(tar.data, tar.size);
	write_file("app.tar.zst", packed.data, packed.size);
	assert_whole(open_image("docker-archive:app.tar.zst", NULL), &layers, "tar");
	fixture_free(&packed);
	fixture_free(&tar);
	free_parts(&parts);
	free_layers(&layers);
}

struct sender {
	const char *path;
	const struct fixture *data;
};

static void *send_over_pipe(void *context)
{
	struct sender *sender = context;
	int fd = open(sender->path, O_WRONLY);
	for (size_t at = 0; fd >= 0 && at < sender->data->size;) {
		size_t left = sender->data->size - at;
		ssize_t sent = write(fd, sender->data->data + at, left < 100 ? left : 100);
		if (sent <= 0)
			break;
		at += (size_t)sent;
	}
	close(fd);
	return NULL;
}

static void archives_from_a_pipe(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, GZIP);
	struct fixture tar = archive_of(&parts);
	struct sender sender = {"pipe", &tar};
	pthread_t thread;
	assert_int_equal(mkfifo("pipe", 0600), 0);
	assert_int_equal(pthread_create(&thread, NULL, send_over_pipe, &sender), 0);
	struct cp_image *image = open_image("docker-archive:pipe", NULL);
	pthread_join(thread, NULL);
	assert_whole(image, &layers, "gzip");
	fixture_free(&tar);
	free_parts(&parts);
	free_layers(&layers);
}

static void oci_layouts_and_archives(void **state)
{
	(void)state;
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = oci_parts(&layers, (enum form)form);
		write_layout("layout", &parts);
		write_archive("oci.tar", &parts);
		assert_whole(open_image("layout", NULL), &layers, encodings[form]);
		assert_whole(open_image("oci:layout:v1", NULL), &layers, encodings[form]);
		assert_whole(open_image("oci.tar@0", NULL), &layers, encodings[form]);
		/* Announced as the other kind, it is still what it is. */
		assert_whole(open_image("docker-archive:oci.tar", NULL), &layers, encodings[form]);
		assert_no_image("oci:layout:v2", NULL, "no image \"v2\"; there are:\n  @0 or :v1");
		free_parts(&parts);
		free_layers(&layers);
	}
}

static void directories(void **state)
{
	(void)state;
	assert_int_equal(
		system("mkdir -p root/usr/lib root/etc && printf ID=x >root/etc/os-release"
		       " && ln -s usr/lib root/lib && ln -s /etc/passwd root/out"
		       " && printf abc >root/usr/lib/a.so && ln root/usr/lib/a.so root/b.so"
		       " && chmod 755 root/b.so && mkfifo root/fifo"),
		0);
	struct cp_image *image = open_image("rootfs:root", NULL);
	assert_int_equal(cp_index_error_count(image->root), 0);
	assert_int_equal(size_of(image, "/usr/lib/a.so"), 3);
	assert_int_equal(size_of(image, "/b.so"), 3);
	uint32_t out = cp_index_find(image->root, "/out");
	assert_int_equal(cp_index_node(image->root, out)->kind, CP_NODE_SYMLINK);
	assert_string_equal(cp_index_link(image->root, out), "/etc/passwd");
	assert_int_equal(cp_index_node(image->root, cp_index_find(image->root, "/fifo"))->kind,
		CP_NODE_OTHER);
	assert_memory_equal(
		cp_index_text(image->root, cp_index_find(image->root, "/etc/os-release"))->data,
		"ID=x", 4);
	assert_string_equal(image->layers[0].encoding, "directory");
	cp_image_free(image);
	assert_no_image("rootfs:nowhere", NULL, "nowhere: No such file");
}

/* Large ones are mapped, small ones read: the facts are the same. */
static void objects_of_any_size_in_a_directory(void **state)
{
	(void)state;
	static const off_t sizes[] = {0, CP_GATE_SIZE, CP_GATE_SIZE + 1, CP_MAX_OBJECT_SIZE + 1};
	struct elf_image object = elf_build(&(struct elf_spec){.soname = "libx.so.1"});
	assert_int_equal(mkdir("objects", 0755), 0);
	for (int i = 0; i < 4; i++) {
		char path[] = "objects/0.so";
		path[strlen("objects/")] += (char)i;
		write_file(path, object.bytes, object.size);
		assert_int_equal(sizes[i] ? truncate(path, sizes[i]) : 0, 0);
	}
	elf_image_free(&object);
	struct cp_image *image = open_image("rootfs:objects", NULL);
	for (int i = 0; i < 3; i++) {
		char path[] = "/0.so";
		path[1] += (char)i;
		const struct cp_facts *facts =
			cp_index_facts(image->root, cp_index_find(image->root, path));
		assert_non_null(facts);
		assert_string_equal(cp_facts_string(facts, facts->soname), "libx.so.1");
	}
	assert_int_equal(cp_index_error_count(image->root), 1);
	assert_string_equal(cp_index_error_at(image->root, 0)->path, "/3.so");
	cp_image_free(image);
}

static bool mounted(const char *type, const char *where)
{
	return mkdir(where, 0755) == 0 && mount(type, where, type, 0, NULL) == 0;
}

/* In a child of its own mounts. 0: as it should be; 77: no mounting allowed here. */
static int read_a_tree_with_mounts(void)
{
	if (unshare(CLONE_NEWNS) < 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mkdir("live", 0755) < 0 || !mounted("proc", "live/proc") ||
		!mounted("tmpfs", "live/tmp"))
		return 77;
	write_file("live/tmp/kept", "abc", 3);
	struct cp_index *index;
	if (cp_directory_index("live", &index, NULL) < 0)
		return 1;
	bool inside = cp_index_find(index, "/proc/version") != CP_NO_NODE;
	bool fine = !inside && cp_index_find(index, "/proc") != CP_NO_NODE &&
		    cp_index_find(index, "/tmp/kept") != CP_NO_NODE;
	cp_index_free(index);
	return fine ? 0 : 2;
}

/* What shows the running kernel is not entered; another device that has files is. */
static void kernel_views_in_a_directory(void **state)
{
	(void)state;
	int status;
	pid_t child = fork();
	if (child == 0)
		_exit(read_a_tree_with_mounts());
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

/* An old archive: layers in directories, one a link to another's, the config by its name. */
static void old_docker_archives(void **state)
{
	(void)state;
	struct layers layers;
	char text[1000];
	struct parts parts = {.count = 0};
	struct fixture tar;
	make_tars(&layers);
	add_config(&parts, &layers, "amd64");
	tar_begin(&tar);
	snprintf(text, sizeof(text), "%s.json", layers.config + 7);
	tar_entry(&tar, text, AE_IFREG, 0644, NULL, parts.blobs[0].contents.data,
		parts.blobs[0].contents.size);
	tar_entry(&tar, "aaa/layer.tar", AE_IFREG, 0644, NULL, layers.tars[0].data,
		layers.tars[0].size);
	tar_entry(&tar, "./bbb/layer.tar", AE_IFREG, 0644, NULL, layers.tars[1].data,
		layers.tars[1].size);
	tar_symlink(&tar, "ccc/layer.tar", "../bbb/layer.tar");
	tar_hardlink(&tar, "ddd/layer.tar", "aaa/layer.tar");
	snprintf(text, sizeof(text),
		"[{\"Config\":\"%s.json\",\"RepoTags\":null,"
		"\"Layers\":[\"ddd/layer.tar\",\"ccc/layer.tar\"]}]",
		layers.config + 7);
	tar_file(&tar, "manifest.json", text);
	tar_end(&tar);
	write_file("old.tar", tar.data, tar.size);
	struct cp_image_options verify = {.verify = true};
	struct cp_image *image = open_image("old.tar", &verify);
	assert_merged(image);
	assert_null(image->layers[0].digest);
	cp_image_free(image);
	struct fixture packed = gzip_of(tar.data, tar.size);
	write_file("old.tar.gz", packed.data, packed.size);
	image = open_image("old.tar.gz", NULL);
	assert_merged(image);
	cp_image_free(image);
	fixture_free(&packed);
	fixture_free(&tar);
	free_parts(&parts);
	free_layers(&layers);
}

/* --- several images ---------------------------------------------------------------------- */

static void several_images_in_a_docker_archive(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, PLAIN);
	struct layers other = layers;
	char first[1000];
	char second[1000];
	char manifest[2010];
	add_config(&parts, &other, "arm64");
	docker_entry(first, sizeof(first), &layers, "app:1.0");
	docker_entry(second, sizeof(second), &other, "app:2.0");
	int length = snprintf(manifest, sizeof(manifest), "[%s,%s]", first, second);
	for (int i = 0; i < parts.count; i++)
		if (strcmp(parts.blobs[i].name, "manifest.json") == 0) {
			fixture_free(&parts.blobs[i].contents);
			fixture_append(&parts.blobs[i].contents, manifest, (size_t)length);
		}
	write_archive("two.tar", &parts);
	struct cp_image_options arm = {.platform = "linux/arm64"};
	struct cp_image_options mips = {.platform = "linux/mips"};
	const char *texts[] = {"two.tar:app:2.0", "two.tar@1", "two.tar:docker.io/library/app:2.0"};
	for (size_t i = 0; i < 3; i++) {
		struct cp_image *image = open_image(texts[i], NULL);
		assert_string_equal(image->architecture, "arm64");
		assert_string_equal(image->name, "app:2.0");
		cp_image_free(image);
	}
	struct cp_image *image = open_image("two.tar", &arm);
	assert_string_equal(image->name, "app:2.0");
	cp_image_free(image);
	assert_no_image("two.tar", &mips, "no image for linux/mips; there are:");
	assert_no_image("two.tar:app:3.0", NULL, "@1 or :app:2.0 (linux/arm64)");
	free_parts(&parts);
	free_layers(&layers);
}

static void nested_indexes_and_platforms(void **state)
{
	(void)state;
	struct layers layers;
	struct layers arm;
	struct parts parts = {.count = 0};
	char text[2000];
	char inner[CP_DIGEST_SIZE];
	make_tars(&layers);
	add_layers(&parts, &layers, GZIP);
	arm = layers;
	add_config(&parts, &layers, "riscv64");
	add_manifest(&parts, &layers);
	add_config(&parts, &arm, "arm64");
	add_manifest(&parts, &arm);
	snprintf(text, sizeof(text),
		"{\"manifests\":["
		"{\"digest\":\"%s\",\"platform\":{\"os\":\"linux\",\"architecture\":"
		"\"riscv64\"}},"
		"{\"digest\":\"%s\",\"platform\":{\"os\":\"linux\",\"architecture\":\"arm64\","
		"\"variant\":\"v8\"}},"
		"{\"digest\":\"sha256:%064d\",\"platform\":{\"os\":\"linux\","
		"\"architecture\":\"s390x\"}},"
		"{\"digest\":\"sha256:%064d\",\"platform\":{\"os\":\"unknown\","
		"\"architecture\":\"unknown\"}}]}",
		layers.manifest, arm.manifest, 1, 2);
	add_blob(&parts, text, strlen(text), inner);
	snprintf(text, sizeof(text),
		"{\"manifests\":[{\"digest\":\"%s\",\"annotations\":"
		"{\"org.opencontainers.image.ref.name\":\"latest\"}}]}",
		inner);
	add_text(&parts, "index.json", text);
	write_layout("nested", &parts);
	struct cp_image_options riscv = {.platform = "linux/riscv64"};
	struct cp_image_options arm64 = {.platform = "linux/arm64"};
	struct cp_image_options s390x = {.platform = "linux/s390x"};
	struct cp_image *image = open_image("oci:nested:latest", &riscv);
	assert_string_equal(image->architecture, "riscv64");
	assert_string_equal(image->name, "latest");
	assert_merged(image);
	cp_image_free(image);
	image = open_image("oci:nested", &arm64);
	assert_string_equal(image->architecture, "arm64");
	cp_image_free(image);
	assert_no_image("oci:nested", &s390x, "1 manifests are not in it");
	free_parts(&parts);
	free_layers(&layers);
}

static void endless_nesting_is_refused(void **state)
{
	(void)state;
	struct parts parts = {.count = 0};
	char digest[CP_DIGEST_SIZE] = "";
	char text[200] = "{\"manifests\":[]}";
	for (int depth = 0; depth < 12; depth++) {
		add_blob(&parts, text, strlen(text), digest);
		snprintf(text, sizeof(text), "{\"manifests\":[{\"digest\":\"%s\"}]}", digest);
	}
	add_text(&parts, "index.json", text);
	write_archive("deep.tar", &parts);
	assert_no_image("oci-archive:deep.tar", NULL, "nested too deeply");
	free_parts(&parts);
}

/* --- damage ------------------------------------------------------------------------ */

static struct fixture *contents_of(struct parts *parts, const char *digest)
{
	for (int i = 0; i < parts->count; i++)
		if (strstr(parts->blobs[i].name, digest + 7))
			return &parts->blobs[i].contents;
	fail_msg("%s is not a part", digest);
	return NULL;
}

static void wrong_digests(void **state)
{
	(void)state;
	struct cp_image_options verify = {.verify = true};
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = oci_parts(&layers, (enum form)form);
		struct fixture *layer = contents_of(&parts, layers.digests[1]);
		/* A byte that harms nothing else: the time in a header, or padding added. */
		if (form == PLAIN)
			layer->data[layer->size - 1] = 1;
		else if (form == GZIP)
			fixture_append(layer, "\0", 1);
		else
			fixture_append(layer, "\x50\x2a\x4d\x18\0\0\0\0", 8);
		write_archive("wrong.tar", &parts);
		struct cp_image *image = open_image("oci-archive:wrong.tar", &verify);
		assert_row(image, "digest does not match");
		assert_row(image, layers.digests[1] + 7);
		assert_row(image, "wrong.tar");
		assert_true(there(image, "/opt/old/new"));
		cp_image_free(image);
		contents_of(&parts, layers.manifest)->data[0] = ' ';
		write_archive("wrong.tar", &parts);
		assert_no_image("oci-archive:wrong.tar", NULL, "digest does not match");
		free_parts(&parts);
		free_layers(&layers);
	}
}

static void missing_layers(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, PLAIN);
	strcpy(parts.blobs[0].name, "elsewhere");
	write_archive("missing.tar", &parts);
	struct cp_image *image = open_image("missing.tar", NULL);
	assert_row(image, "is missing");
	assert_row(image, layers.digests[0] + 7);
	assert_true(there(image, "/opt/old/new"));
	cp_image_free(image);
	free_parts(&parts);
	free_layers(&layers);
}

static void foreign_layers(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = {.count = 0};
	char text[2000];
	make_tars(&layers);
	add_config(&parts, &layers, "amd64");
	snprintf(text, sizeof(text),
		"{\"config\":{\"digest\":\"%s\"},\"layers\":[{\"digest\":\"%s\","
		"\"urls\":[\"https://example.com/layer\"]}]}",
		layers.config, layers.diff_ids[0]);
	add_blob(&parts, text, strlen(text), layers.manifest);
	snprintf(text, sizeof(text), "{\"manifests\":[{\"digest\":\"%s\"}]}", layers.manifest);
	add_text(&parts, "index.json", text);
	write_layout("foreign", &parts);
	struct cp_image *image = open_image("oci:foreign", NULL);
	assert_row(image, "foreign layer");
	assert_row(image, "the manifest has 1 layers, the config 2");
	cp_image_free(image);
	free_parts(&parts);
	free_layers(&layers);
}

/* Whatever is cut off: an error, or a partial result; never a whole one. */
static void cut_archives_are_never_whole(void **state)
{
	(void)state;
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = docker_parts(&layers, (enum form)form);
		struct fixture tar = archive_of(&parts);
		struct fixture packed = gzip_of(tar.data, tar.size);
		for (size_t cut = 1; cut + 1024 < tar.size; cut += 331) {
			struct cp_image *image = NULL;
			cp_cleanup_error struct cp_error *err = NULL;
			write_file("cut.tar", tar.data, cut);
			if (open_with("cut.tar", NULL, &image, &err) == 0)
				assert_true(cp_index_error_count(image->root) > 0);
			else
				assert_non_null(strstr(err->message, "cut.tar"));
			cp_image_free(image);
		}
		for (size_t cut = 3; cut < packed.size; cut += packed.size / 40 + 1) {
			struct cp_image *image = NULL;
			cp_cleanup_error struct cp_error *err = NULL;
			write_file("cut.tar.gz", packed.data, cut);
			if (open_with("cut.tar.gz", NULL, &image, &err) == 0)
				assert_row(image, "cut.tar.gz");
			else
				assert_non_null(strstr(err->message, "cut.tar.gz"));
			cp_image_free(image);
		}
		fixture_free(&packed);
		fixture_free(&tar);
		free_parts(&parts);
		free_layers(&layers);
	}
}

static void broken_documents(void **state)
{
	(void)state;
	static const struct {
		const char *manifest;
		const char *message;
	} cases[] = {
		{"not json", "manifest.json: not JSON: line 1"},
		{"", "not JSON"},
		{"{}", "not a list of images"},
		{"[]", "holds no image"},
		{"[{}]", "an image without Config"},
		{"[{\"Config\":7}]", "an image without Config"},
		{"[{\"Config\":\"missing.json\"}]", "missing.json is missing"},
		{"[{\"Config\":\"/etc/passwd\"}]", "refusing the name"},
		{"[{\"Config\":\"../x.json\"}]", "refusing the name"},
		{"[{\"Config\":\"a/../x.json\"}]", "refusing the name"},
		{"[{\"Config\":\"c.json\"}]", "an image without Layers"},
		{"[{\"Config\":\"c.json\",\"Layers\":[1]}]", "name is not a string"},
		{"[{\"Config\":\"c.json\",\"Layers\":\"x\"}]", "an image without Layers"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct parts parts = {.count = 0};
		add_text(&parts, "c.json", "{}");
		add_text(&parts, "manifest.json", cases[i].manifest);
		write_archive("broken.tar", &parts);
		assert_no_image("docker-archive:broken.tar", NULL, cases[i].message);
		assert_no_image("docker-archive:broken.tar", NULL, "broken.tar");
		free_parts(&parts);
	}
}

static void names_that_leave_the_archive(void **state)
{
	(void)state;
	struct parts parts = {.count = 0};
	add_text(&parts, "../up", "x");
	add_text(&parts, "c.json", "{\"os\":\"linux\"}");
	add_text(&parts, "manifest.json",
		"[{\"Config\":\"c.json\",\"Layers\":[\"../../etc/passwd\",\"/abs\"]}]");
	write_archive("leaving.tar", &parts);
	struct cp_image *image = open_image("leaving.tar", NULL);
	assert_row(image, "refusing the name \"../up\"");
	assert_row(image, "refusing the name \"../../etc/passwd\"");
	assert_row(image, "refusing the name \"/abs\"");
	cp_image_free(image);
	free_parts(&parts);
}

static void broken_layouts(void **state)
{
	(void)state;
	static const struct {
		const char *index;
		const char *message;
	} cases[] = {
		{"[]", "has no manifests"},
		{"{\"manifests\":[{\"digest\":\"sha256:../../../etc/passwd\"}]}",
			"not a SHA-256 digest"},
		{"{\"manifests\":[{\"digest\":\"md5:00\"}]}", "not a SHA-256 digest"},
		{"{\"manifests\":[{}]}", "not a SHA-256 digest"},
		{"{\"manifests\":[]}", "holds no image"},
	};
	assert_int_equal(system("mkdir -p broken"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		write_file("broken/index.json", cases[i].index, strlen(cases[i].index));
		assert_no_image("oci:broken", NULL, cases[i].message);
	}
	assert_int_equal(unlink("broken/index.json"), 0);
	assert_no_image("oci:broken", NULL, "index.json is missing");
}

static void what_is_no_archive(void **state)
{
	(void)state;
	write_file("text", "just some text", 14);
	write_file("empty", "", 0);
	assert_no_image("docker-archive:text", NULL, "manifest.json is missing");
	assert_no_image("docker-archive:text", NULL, "the archive is damaged");
	assert_no_image("docker-archive:empty", NULL, "is empty");
	assert_no_image("docker-archive:nowhere.tar", NULL, "nowhere.tar: No such file");
	assert_int_equal(mkdir("folder", 0755), 0);
	assert_no_image("docker-archive:folder", NULL, "is a directory");
}

/* --- progress ----------------------------------------------------------------------- */

struct seen {
	uint64_t done;
	uint64_t total;
	bool backwards;
};

static void see(void *context, uint64_t done, uint64_t total)
{
	struct seen *seen = context;
	seen->backwards |= done < seen->done;
	seen->done = done;
	seen->total = total;
}

static void progress_reaches_its_total(void **state)
{
	(void)state;
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = docker_parts(&layers, (enum form)form);
		struct seen seen = {0};
		struct cp_image_options options = {.progress = see, .progress_context = &seen};
		write_archive("progress.tar", &parts);
		cp_image_free(open_image("progress.tar", &options));
		assert_true(seen.total > 0);
		assert_int_equal(seen.done, seen.total);
		assert_false(seen.backwards);
		free_parts(&parts);
		free_layers(&layers);
	}
}

/* --- the engine ---------------------------------------------------------------------- */

/* Answers requests on a socket until it is shut down: HTTP/1.1, in small chunks. */
struct engine {
	int listener;
	pthread_t thread;
	const struct fixture *archive; /* NULL: there is no such image */
	size_t stop_after;             /* bytes of the archive after which it hangs up; 0: never */
	char requests[1000];
};

static void send_text(int fd, const char *text)
{
	size_t length = strlen(text);
	if (send(fd, text, length, MSG_NOSIGNAL) != (ssize_t)length)
		return;
}

static void send_archive(int fd, const struct engine *engine)
{
	const struct fixture *archive = engine->archive;
	size_t size = engine->stop_after ? engine->stop_after : archive->size;
	send_text(fd, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t at = 0; at < size;) {
		char head[20];
		size_t part = size - at < 1000 ? size - at : 1000;
		snprintf(head, sizeof(head), "%zx\r\n", part);
		send_text(fd, head);
		if (send(fd, archive->data + at, part, MSG_NOSIGNAL) < 0)
			return;
		send_text(fd, "\r\n");
		at += part;
	}
	if (!engine->stop_after)
		send_text(fd, "0\r\n\r\n");
}

static void answer(struct engine *engine, int fd)
{
	char request[2000] = "";
	size_t size = 0;
	while (!strstr(request, "\r\n\r\n")) {
		ssize_t got = recv(fd, request + size, sizeof(request) - 1 - size, 0);
		if (got <= 0)
			return;
		size += (size_t)got;
		request[size] = '\0';
	}
	char *end = strstr(request, " HTTP");
	*end = '\0';
	strcat(strcat(engine->requests, request), "\n");
	if (!engine->archive)
		send_text(fd, "HTTP/1.1 404 Not Found\r\nContent-Length: 36\r\n\r\n"
			      "{\"message\":\"No such image: missing\"}\n");
	else if (strstr(request, "/json"))
		send_text(fd, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
	else
		send_archive(fd, engine);
}

static void *serve(void *context)
{
	struct engine *engine = context;
	int fd;
	while ((fd = accept(engine->listener, NULL, NULL)) >= 0) {
		answer(engine, fd);
		close(fd);
	}
	return NULL;
}

static void start_engine(struct engine *engine, const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	char host[120];
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	engine->listener = socket(AF_UNIX, SOCK_STREAM, 0);
	assert_int_equal(bind(engine->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(engine->listener, 4), 0);
	assert_int_equal(pthread_create(&engine->thread, NULL, serve, engine), 0);
	snprintf(host, sizeof(host), "unix://%s", path);
	setenv("DOCKER_HOST", host, 1);
}

static void stop_engine(struct engine *engine, const char *path)
{
	shutdown(engine->listener, SHUT_RDWR);
	pthread_join(engine->thread, NULL);
	close(engine->listener);
	unlink(path);
	unsetenv("DOCKER_HOST");
}

static void images_from_an_engine(void **state)
{
	(void)state;
	for (int form = PLAIN; form <= ZSTD; form++) {
		struct layers layers;
		struct parts parts = docker_parts(&layers, (enum form)form);
		struct fixture tar = archive_of(&parts);
		struct engine engine = {.archive = &tar};
		start_engine(&engine, "engine.sock");
		struct cp_image *image = open_image("docker-daemon:app:1.0", NULL);
		assert_whole(image, &layers, encodings[form]);
		assert_non_null(strstr(engine.requests, "GET /images/app:1.0/json\n"));
		assert_non_null(strstr(engine.requests, "GET /images/get?names=app:1.0\n"));
		stop_engine(&engine, "engine.sock");
		fixture_free(&tar);
		free_parts(&parts);
		free_layers(&layers);
	}
}

/* manifest.json first, then the config, then the layers. */
static void members_in_any_order(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, PLAIN);
	struct parts turned = {.count = 0};
	for (int i = parts.count; i-- > 0;)
		add_named(&turned, parts.blobs[i].name, parts.blobs[i].contents.data,
			parts.blobs[i].contents.size);
	struct fixture tar = archive_of(&turned);
	struct engine engine = {.archive = &tar};
	start_engine(&engine, "engine.sock");
	assert_whole(open_image("docker-daemon:app", NULL), &layers, "tar");
	stop_engine(&engine, "engine.sock");
	fixture_free(&tar);
	free_parts(&turned);
	free_parts(&parts);
	free_layers(&layers);
}

static void the_engines_own_words(void **state)
{
	(void)state;
	struct engine engine = {.archive = NULL};
	start_engine(&engine, "engine.sock");
	assert_no_image("docker-daemon:missing", NULL, "No such image: missing");
	stop_engine(&engine, "engine.sock");
	assert_no_image("docker-daemon:mis sing", NULL, "not an image name");
	assert_no_image("docker-daemon:../x", NULL, "not an image name");
	setenv("DOCKER_HOST", "unix:///nowhere/engine.sock", 1);
	assert_no_image("docker-daemon:app", NULL, "tried unix:///nowhere/engine.sock");
	assert_no_image("docker-daemon:app", NULL, "DOCKER_HOST");
	setenv("DOCKER_HOST", "ssh://host", 1);
	assert_no_image("docker-daemon:app", NULL, "only unix:// and tcp://");
	unsetenv("DOCKER_HOST");
}

static void an_engine_that_hangs_up(void **state)
{
	(void)state;
	struct layers layers;
	struct parts parts = docker_parts(&layers, PLAIN);
	struct fixture tar = archive_of(&parts);
	for (size_t stop = 100; stop < tar.size; stop += tar.size / 20) {
		struct engine engine = {.archive = &tar, .stop_after = stop};
		struct cp_image *image = NULL;
		cp_cleanup_error struct cp_error *err = NULL;
		start_engine(&engine, "engine.sock");
		if (open_with("docker-daemon:app", NULL, &image, &err) == 0)
			assert_row(image, "ends early");
		else
			assert_non_null(strstr(err->message, "ends early"));
		cp_image_free(image);
		stop_engine(&engine, "engine.sock");
	}
	fixture_free(&tar);
	free_parts(&parts);
	free_layers(&layers);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(docker_archives),
		cmocka_unit_test(archives_that_are_compressed_as_a_whole),
		cmocka_unit_test(archives_from_a_pipe),
		cmocka_unit_test(oci_layouts_and_archives),
		cmocka_unit_test(directories),
		cmocka_unit_test(objects_of_any_size_in_a_directory),
		cmocka_unit_test(kernel_views_in_a_directory),
		cmocka_unit_test(old_docker_archives),
		cmocka_unit_test(several_images_in_a_docker_archive),
		cmocka_unit_test(nested_indexes_and_platforms),
		cmocka_unit_test(endless_nesting_is_refused),
		cmocka_unit_test(wrong_digests),
		cmocka_unit_test(missing_layers),
		cmocka_unit_test(foreign_layers),
		cmocka_unit_test(cut_archives_are_never_whole),
		cmocka_unit_test(broken_documents),
		cmocka_unit_test(names_that_leave_the_archive),
		cmocka_unit_test(broken_layouts),
		cmocka_unit_test(what_is_no_archive),
		cmocka_unit_test(progress_reaches_its_total),
		cmocka_unit_test(images_from_an_engine),
		cmocka_unit_test(members_in_any_order),
		cmocka_unit_test(the_engines_own_words),
		cmocka_unit_test(an_engine_that_hangs_up),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
