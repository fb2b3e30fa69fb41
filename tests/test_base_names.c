/* SPDX-License-Identifier: MIT
 *
 * Names of targets: shipped bases, aliases, image names, files.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base.h"
#include "memory.h"

static void test_names_that_tell_a_base(void **state)
{
	(void)state;
	static const struct {
		const char *name, *base;
		int node;
		const char *note; /* a part of it; NULL: there is none */
	} cases[] = {
		{"alpine-3.18", "alpine-3.18", 0, NULL},
		{"debian-trixie", "debian-trixie", 0, NULL},
		{"alpine", "alpine-3.20", 0, "newest"},
		{"debian", "debian-bookworm", 0, "bookworm is taken"},
		{"alpine:3.18", "alpine-3.18", 0, NULL},
		{"alpine:3.18.4", "alpine-3.18", 0, NULL},
		{"alpine:latest", "alpine-3.20", 0, "newest"},
		{"debian:bookworm-slim", "debian-bookworm", 0, NULL},
		{"debian:bullseye-20240101-slim", "debian-bullseye", 0, NULL},
		{"debian:12.5", "debian-bookworm", 0, NULL},
		{"debian:13-slim", "debian-trixie", 0, NULL},
		{"node:20-alpine3.19", "alpine-3.19", 20, NULL},
		{"node:20.11.1-alpine3.19", "alpine-3.19", 20, NULL},
		{"node:26-alpine3.20", "alpine-3.20", 26, NULL},
		{"node:22-alpine", "alpine-3.20", 22, "newest"},
		{"node:alpine3.17", "alpine-3.17", 0, NULL},
		{"node:lts-alpine3.17", "alpine-3.17", 0, NULL},
		{"node:iron-alpine3.17", "alpine-3.17", 20, NULL},
		{"node:22-bookworm-slim", "debian-bookworm", 22, NULL},
		{"node:20-bullseye-slim", "debian-bullseye", 20, NULL},
		{"node:24-trixie", "debian-trixie", 24, "the full image"},
		{"node:20-slim", "debian-bookworm", 20, "bookworm is taken"},
		{"node:20", "debian-bookworm", 20, "bookworm is taken; the libraries"},
		{"node", "debian-bookworm", 0, "bookworm is taken; the libraries"},
		{"node:bookworm-slim", "debian-bookworm", 0, NULL},
		{"node:20-alpine3.19@sha256:0123", "alpine-3.19", 20, NULL},
		{"library/node:20-alpine3.19", "alpine-3.19", 20, NULL},
		{"docker.io/library/node:20-alpine3.19", "alpine-3.19", 20, NULL},
		{"localhost/node:20-alpine3.19", "alpine-3.19", 20, NULL},
		{"host:5000/a/b/node:20-alpine3.19", "alpine-3.19", 20, NULL},
		{"mirror.example/hub/debian:11", "debian-bullseye", 0, NULL},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int node = -1;
		cp_cleanup_base struct cp_base *base = NULL;
		cp_cleanup_error struct cp_error *err = NULL;
		if (cp_base_find(cases[i].name, &base, &node, &err) < 0)
			fail_msg("%s: %s", cases[i].name, err->message);
		assert_string_equal(base->name, cases[i].base);
		assert_int_equal(node, cases[i].node);
		if (!cases[i].note != !base->note ||
			(base->note && !strstr(base->note, cases[i].note)))
			fail_msg("%s: note \"%s\"", cases[i].name, base->note);
	}
}

static void test_names_that_do_not(void **state)
{
	(void)state;
	static const struct {
		const char *name, *error;
	} cases[] = {
		{"", "is not a target"},
		{"alpine-3.2", "is not a target"},
		{"ubuntu:22.04", "is not a target: neither a shipped base (alpine-3.16, "},
		{"someone/node:20", "is not a target"},
		{"node:20-windows", "is not a target"},
		{"node:20-bookworm-slim-x", "is not a target"},
		{"node:20-slim-slim", "is not a target"},
		{"node:20-12", "is not a target"},
		{"node:99999999999999999999", "is not a target"},
		{"node:20-alpine3", "is not a target"},
		{"node:20-alpineX", "is not a target"},
		{"debian:sid", "is not a target"},
		{"./alpine-3.20", "is not a target"},
		{"/", "is not a target"},
		{"node:24-alpine3.23", "node:24-alpine3.23 stands on alpine-3.23, which is not "
				       "shipped (alpine-3.16, "},
		{"node:24-alpine3.23", "\"compatprobe base create node:24-alpine3.23 -o FILE\""},
		{"debian:10", "stands on debian-buster, which is not shipped"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		int node;
		struct cp_base *base;
		cp_cleanup_error struct cp_error *err = NULL;
		assert_int_equal(cp_base_find(cases[i].name, &base, &node, &err), -1);
		assert_null(base);
		if (!strstr(err->message, cases[i].error))
			fail_msg("%s: %s", cases[i].name, err->message);
	}
}

static void test_a_file(void **state)
{
	(void)state;
	int node;
	char path[] = "/tmp/test_base_names.XXXXXX";
	struct cp_base *read = NULL;
	cp_cleanup_base struct cp_base *base = NULL;
	cp_cleanup_error struct cp_error *err = NULL;
	cp_cleanup_close int fd = mkstemp(path);
	assert_true(fd >= 0);
	assert_int_equal(cp_base_find(path, &read, &node, &err), -1);
	assert_non_null(strstr(err->message, ":1: the file ends too early"));

	assert_int_equal(cp_base_find("alpine-3.20", &base, &node, NULL), 0);
	cp_cleanup_fclose FILE *file = fopen(path, "w");
	assert_int_equal(cp_base_write(base, file, NULL), 0);
	assert_int_equal(cp_base_find(path, &read, &node, NULL), 0);
	unlink(path);
	assert_string_equal(read->name, "alpine-3.20");
	assert_int_equal(node, 0);
	cp_base_free(read);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_names_that_tell_a_base),
		cmocka_unit_test(test_names_that_do_not),
		cmocka_unit_test(test_a_file),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
