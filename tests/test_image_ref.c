/* SPDX-License-Identifier: MIT */
#include "archive_fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "image.h"
#include "image_choice.h"

static void assert_ref(
	const char *text, enum cp_transport transport, const char *path, const char *selector)
{
	struct cp_image_ref ref;
	struct cp_error *err = NULL;
	if (cp_image_ref_parse(text, &ref, &err) < 0)
		fail_msg("%s: %s", text, err->message);
	assert_int_equal(ref.transport, transport);
	assert_string_equal(ref.path, path);
	if (selector)
		assert_string_equal(ref.selector, selector);
	else
		assert_null(ref.selector);
	cp_image_ref_clear(&ref);
}

static void assert_refused(const char *text, const char *message)
{
	struct cp_image_ref ref;
	cp_cleanup_error struct cp_error *err = NULL;
	assert_int_equal(cp_image_ref_parse(text, &ref, &err), -1);
	if (!strstr(err->message, message))
		fail_msg("\"%s\" does not say \"%s\"", err->message, message);
}

static void write_file(const char *name, const struct fixture *contents)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	assert_true(fd >= 0);
	if (contents)
		assert_int_equal(write(fd, contents->data, contents->size), contents->size);
	close(fd);
}

static void write_archive(const char *name, const char *member, const char *second)
{
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, member, "{}");
	if (second)
		tar_file(&tar, second, "{}");
	tar_end(&tar);
	write_file(name, &tar);
	fixture_free(&tar);
}

static char directory[] = "/tmp/compatprobe-ref-XXXXXX";

static int enter(void **state)
{
	(void)state;
	if (!mkdtemp(directory) || chdir(directory) < 0)
		return -1;
	mkdir("layout", 0755);
	mkdir("tree", 0755);
	mkdir("app", 0755);
	write_file("layout/oci-layout", NULL);
	write_file("odd:name.tar", NULL);
	write_archive("docker.tar", "./manifest.json", NULL);
	write_archive("both.tar", "manifest.json", "oci-layout");
	write_archive("oci.tar", "oci-layout", "index.json");
	return mkfifo("pipe", 0600);
}

static int leave(void **state)
{
	(void)state;
	char command[100];
	snprintf(command, sizeof(command), "rm -r %s", directory);
	return system(command);
}

static void transports_are_taken_at_their_word(void **state)
{
	(void)state;
	assert_ref("docker-archive:docker.tar", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar", NULL);
	assert_ref("oci:layout", CP_TRANSPORT_OCI, "layout", NULL);
	assert_ref("oci-archive:docker.tar", CP_TRANSPORT_OCI_ARCHIVE, "docker.tar", NULL);
	assert_ref("docker-daemon:app:1", CP_TRANSPORT_DAEMON, "app:1", NULL);
	assert_ref("rootfs:tree", CP_TRANSPORT_ROOTFS, "tree", NULL);
	assert_ref("docker-archive:-", CP_TRANSPORT_DOCKER_ARCHIVE, "-", NULL);
}

static void selectors(void **state)
{
	(void)state;
	assert_ref("docker-archive:docker.tar:app:1.0", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar",
		"app:1.0");
	assert_ref("docker-archive:docker.tar@1", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar", "@1");
	assert_ref("docker-archive:docker.tar:@1", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar", "@1");
	assert_ref("oci:layout:v1", CP_TRANSPORT_OCI, "layout", "v1");
	assert_ref("docker.tar:localhost:5000/app:2", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar",
		"localhost:5000/app:2");
	assert_ref("docker-archive:missing.tar:app", CP_TRANSPORT_DOCKER_ARCHIVE, "missing.tar",
		"app");
	assert_refused("docker-archive:docker.tar:@x", "@NUMBER");
}

static void the_longest_path_that_exists_counts(void **state)
{
	(void)state;
	assert_ref(
		"docker-archive:odd:name.tar", CP_TRANSPORT_DOCKER_ARCHIVE, "odd:name.tar", NULL);
	assert_ref("docker-archive:odd:name.tar:app:1", CP_TRANSPORT_DOCKER_ARCHIVE, "odd:name.tar",
		"app:1");
}

static void bare_words_are_looked_at(void **state)
{
	(void)state;
	assert_ref("docker.tar", CP_TRANSPORT_DOCKER_ARCHIVE, "docker.tar", NULL);
	assert_ref("both.tar", CP_TRANSPORT_DOCKER_ARCHIVE, "both.tar", NULL);
	assert_ref("oci.tar", CP_TRANSPORT_OCI_ARCHIVE, "oci.tar", NULL);
	assert_ref("oci.tar:v1", CP_TRANSPORT_OCI_ARCHIVE, "oci.tar", "v1");
	assert_ref("layout", CP_TRANSPORT_OCI, "layout", NULL);
	assert_ref("tree", CP_TRANSPORT_ROOTFS, "tree", NULL);
	assert_ref("./tree", CP_TRANSPORT_ROOTFS, "./tree", NULL);
	assert_ref("pipe", CP_TRANSPORT_DOCKER_ARCHIVE, "pipe", NULL);
	assert_ref("-", CP_TRANSPORT_DOCKER_ARCHIVE, "-", NULL);
	assert_ref("node:20-alpine", CP_TRANSPORT_DAEMON, "node:20-alpine", NULL);
	assert_ref("registry.example:5000/team/app@sha256:0123", CP_TRANSPORT_DAEMON,
		"registry.example:5000/team/app@sha256:0123", NULL);
}

/* A directory that is called like an image must not hide the image's tag. */
static void a_directory_does_not_take_an_image_name(void **state)
{
	(void)state;
	assert_ref("app:latest", CP_TRANSPORT_DAEMON, "app:latest", NULL);
	assert_ref("app", CP_TRANSPORT_ROOTFS, "app", NULL);
}

static void nonsense_is_refused(void **state)
{
	(void)state;
	assert_refused("", "known transports");
	assert_refused("docker://node", "docker-daemon:");
	assert_refused("ftp://node", "unknown transport");
	assert_refused("oci:", "needs a path");
	assert_refused("docker-daemon:", "needs a path or a name");
	assert_refused("./missing.tar", "no such file");
	assert_refused("/missing.tar:app", "no such file");
}

static void names_match_as_engines_read_them(void **state)
{
	(void)state;
	assert_true(cp_image_name_matches("app:latest", "app"));
	assert_true(cp_image_name_matches("docker.io/library/app:1", "app:1"));
	assert_true(cp_image_name_matches("localhost/app:1", "app:1"));
	assert_true(cp_image_name_matches("team/app", "docker.io/team/app:latest"));
	assert_true(cp_image_name_matches("host:5000/app", "host:5000/app:latest"));
	assert_false(cp_image_name_matches("app:1", "app"));
	assert_false(cp_image_name_matches("team/app", "app"));
	assert_false(cp_image_name_matches("host:5000/app", "host"));
}

static struct cp_candidate candidate(size_t number, const char *os, const char *architecture,
	const char *variant, const char *identity)
{
	return (struct cp_candidate){.number = number,
		.position = number,
		.platform = {os, architecture, variant},
		.identity = identity};
}

static void platforms(void **state)
{
	(void)state;
	struct cp_candidate all[] = {
		candidate(0, "linux", "riscv64", NULL, "a"),
		candidate(1, "linux", "arm64", "v8", "b"),
		candidate(2, "linux", "arm", "v7", "c"),
		candidate(3, "linux", "arm", "v6", "d"),
		candidate(4, "windows", "arm64", NULL, "e"),
	};
	static const struct {
		const char *platform;
		const char *identity;
	} cases[] = {{"linux/arm64", "b"}, {"linux/aarch64", "b"}, {"linux/arm64/v8", "b"},
		{"linux/arm/v6", "d"}, {"linux/armv7l", "c"}, {"windows/arm64", "e"}};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct cp_candidate copy[5];
		cp_cleanup_error struct cp_error *err = NULL;
		memcpy(copy, all, sizeof(all));
		const struct cp_candidate *chosen =
			cp_candidate_choose(copy, 5, NULL, cases[i].platform, &err);
		if (!chosen)
			fail_msg("%s: %s", cases[i].platform, err->message);
		assert_string_equal(chosen->identity, cases[i].identity);
	}
}

static void assert_choice_fails(struct cp_candidate *all, size_t count, const char *selector,
	const char *platform, const char *message)
{
	cp_cleanup_error struct cp_error *err = NULL;
	assert_null(cp_candidate_choose(all, count, selector, platform, &err));
	if (!strstr(err->message, message))
		fail_msg("\"%s\" does not say \"%s\"", err->message, message);
}

static void choices_are_listed(void **state)
{
	(void)state;
	struct cp_candidate all[] = {
		candidate(0, "linux", "riscv64", NULL, "a"),
		candidate(1, "linux", "arm", "v7", "b"),
		candidate(2, "linux", "arm", "v6", "c"),
	};
	assert_choice_fails(all, 3, NULL, NULL, "@0 (linux/riscv64)\n  @1 (linux/arm/v7)");
	assert_choice_fails(all, 3, NULL, "linux/arm", "@1 (linux/arm/v7)\n  @2 (linux/arm/v6)");
	assert_choice_fails(all, 3, NULL, "linux/mips", "no image for linux/mips");
	assert_choice_fails(all, 3, "@3", NULL, "no image \"@3\"");
	assert_choice_fails(all, 3, "@", NULL, "no image");
	assert_choice_fails(all, 3, "name", NULL, "no image \"name\"");
	assert_choice_fails(all, 3, NULL, "linux", "OS/ARCHITECTURE");
	assert_choice_fails(all, 3, NULL, "linux/arm/v7/x", "OS/ARCHITECTURE");
	assert_choice_fails(all, 1, NULL, "linux/arm64", "no image for linux/arm64");
	assert_choice_fails(all, 0, NULL, NULL, "holds no image");
}

static void one_image_under_two_names_is_no_choice(void **state)
{
	(void)state;
	struct cp_candidate all[] = {
		candidate(0, "linux", "amd64", NULL, "same"),
		candidate(1, "linux", "amd64", NULL, "same"),
	};
	assert_non_null(cp_candidate_choose(all, 2, NULL, NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(transports_are_taken_at_their_word),
		cmocka_unit_test(selectors),
		cmocka_unit_test(the_longest_path_that_exists_counts),
		cmocka_unit_test(bare_words_are_looked_at),
		cmocka_unit_test(a_directory_does_not_take_an_image_name),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(names_match_as_engines_read_them),
		cmocka_unit_test(platforms),
		cmocka_unit_test(choices_are_listed),
		cmocka_unit_test(one_image_under_two_names_is_no_choice),
	};
	return cmocka_run_group_tests(tests, enter, leave);
}
