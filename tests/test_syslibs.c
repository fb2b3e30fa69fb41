/* SPDX-License-Identifier: MIT
 *
 * System libraries: what a release's own lists say of sonames and packages.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base.h"
#include "syslibs.h"

static void test_packages_of_sonames(void **state)
{
	(void)state;
	static const struct {
		const char *release, *soname, *package;
	} cases[] = {
		{"debian-bullseye", "libcairo.so.2", "libcairo2"},
		{"debian-bookworm", "libpango-1.0.so.0", "libpango-1.0-0"},
		{"debian-bookworm", "libjpeg.so.62", "libjpeg62-turbo"},
		{"debian-bookworm", "libgif.so.7", "libgif7"},
		{"debian-trixie", "librsvg-2.so.2", "librsvg2-2"},
		{"debian-bullseye", "libGLEW.so.2.1", "libglew2.1"},
		{"debian-bookworm", "libGLEW.so.2.2", "libglew2.2"},
		{"debian-bullseye", "libGL.so.1", "libgl1"},
		{"debian-bookworm", "libudev.so.1", "libudev1"},
		{"debian-bookworm", "libvips.so.42", "libvips42"},
		{"debian-bookworm", "libsqlite3.so.0", "libsqlite3-0"},
		{"debian-bullseye", "libssl.so.1.1", "libssl1.1"},
		{"debian-bookworm", "libssl.so.3", "libssl3"},
		{"debian-trixie", "libssl.so.3", "libssl3t64"},
		{"debian-trixie", "libglib-2.0.so.0", "libglib2.0-0t64"},
		{"debian-bookworm", "libatomic.so.1", "libatomic1"},
		{"debian-bookworm", "libblas.so.3", "libblas3"},
		{"alpine-3.20", "libcairo.so.2", "cairo"},
		{"alpine-3.16", "libssl.so.1.1", "libssl1.1"},
		{"alpine-3.20", "libGL.so.1", "mesa-gl"},
		{"alpine-3.20", "ld-linux-x86-64.so.2", "gcompat"},
		{"alpine-3.18", "libtiff.so.6", "tiff"}, {"alpine-3.16", "libexpat.so.1", "expat"},
		{"alpine-3.17", "libexpat.so.1", "libexpat"},
		{"alpine-3.17", "libssl.so.1.1", "libssl1.1"}, /* openssl1.1-compat */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *package = cp_syslib_package(cases[i].release, cases[i].soname);
		if (!package || strcmp(package, cases[i].package) != 0)
			fail_msg("%s on %s: %s, not %s", cases[i].soname, cases[i].release,
				package ? package : "(none)", cases[i].package);
	}
}

static void test_sonames_that_no_package_brings(void **state)
{
	(void)state;
	assert_null(cp_syslib_package("debian-bookworm", "libssl.so.1.1"));
	assert_null(cp_syslib_package("debian-bullseye", "libGLEW.so.2.2"));
	assert_null(cp_syslib_package("alpine-3.19", "libssl.so.1.1"));
	assert_null(cp_syslib_package("alpine-3.17", "libtiff.so.6"));
	assert_null(cp_syslib_package("debian-sid", "libcairo.so.2"));
	assert_null(cp_syslib_package("debian-bookworm", ""));
	assert_null(cp_syslib_package("debian-bookworm", "libcairo.so"));
	assert_null(cp_syslib_package("debian-bookworm", "libcairo.so.2\t"));
	assert_null(cp_syslib_package("debian-bookworm", "\xff"));
}

/* A row that cannot be found by its own key would mean a table out of order. */
static void test_every_row_is_found(void **state)
{
	(void)state;
	const char *const *names = cp_base_names();
	for (size_t i = 0; names[i]; i++) {
		const char *package = cp_syslib_package(names[i], "libcairo.so.2"), *sonames[8];
		assert_non_null(package);
		size_t count = cp_syslib_sonames(names[i], package, sonames, 8);
		assert_int_equal(count, 1);
		assert_string_equal(sonames[0], "libcairo.so.2");
	}
}

static void test_sonames_of_a_package(void **state)
{
	(void)state;
	const char *sonames[2] = {NULL, NULL};
	size_t count = cp_syslib_sonames("debian-bookworm", "libssl3", sonames, 2);
	assert_int_equal(count, 2);
	assert_string_equal(sonames[0], "libcrypto.so.3");
	assert_string_equal(sonames[1], "libssl.so.3");
	sonames[1] = NULL;
	assert_int_equal(cp_syslib_sonames("debian-bookworm", "libssl3", sonames, 1), 2);
	assert_null(sonames[1]);
	assert_int_equal(cp_syslib_sonames("debian-bookworm", "libssl", sonames, 2), 0);
	assert_int_equal(cp_syslib_sonames("debian-sid", "libssl3", sonames, 2), 0);
}

static void test_which_packages_exist(void **state)
{
	(void)state;
	static const struct {
		const char *release, *package;
		int exists;
	} cases[] = {
		{"debian-bullseye", "libglew2.1", 1}, {"debian-bullseye", "libglew2.2", 0},
		{"debian-bookworm", "libglew2.2", 1}, {"debian-bullseye", "python", 0},
		{"debian-bullseye", "python3", 1}, {"debian-bullseye", "python-is-python3", 1},
		{"debian-trixie", "python3-pip", 1},
		{"debian-trixie", "python3-distutils", 0}, /* an exception of what is left out */
		{"debian-bookworm", "build-essential", 1}, {"debian-bookworm", "", 0},
		{"debian-bookworm", "python3-requests", -1}, /* of a kind that is left out */
		{"debian-bookworm", "node-no-such-thing", -1}, {"debian-sid", "libc6", -1},
		{"alpine-3.20", "cairo", 1},
		{"alpine-3.20", "no-such-package", -1}, /* Alpine's list is not shipped */
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
		if (cp_syslib_package_exists(cases[i].release, cases[i].package) != cases[i].exists)
			fail_msg("%s on %s is not %d", cases[i].package, cases[i].release,
				cases[i].exists);
}

static void test_the_same_under_another_version(void **state)
{
	(void)state;
	static const struct {
		const char *release, *package, *similar;
	} cases[] = {
		{"debian-bullseye", "libglew2.2", "libglew2.1"},
		{"debian-bookworm", "libglew2.1", "libglew2.2"},
		{"debian-bookworm", "libssl1.1", "libssl3"},
		{"debian-trixie", "libssl1.1", "libssl3t64"},
		{"debian-trixie", "libssl3", "libssl3t64"},
		{"debian-trixie", "libglib2.0-0", "libglib2.0-0t64"},
		{"debian-bookworm", "libglib2.0-0t64", "libglib2.0-0"},
		{"debian-bookworm", "libtiff5", "libtiff6"},
		{"debian-bookworm", "no-such-thing", NULL},
		{"debian-bookworm", "no-such-thing7", NULL},
		{"debian-bookworm", "7", NULL},
		{"debian-bookworm", "", NULL},
		{"debian-sid", "libssl1.1", NULL},
		{"debian-bookworm", "libssl99999999999999999999999999999999", "libssl3"},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		const char *similar = cp_syslib_similar_package(cases[i].release, cases[i].package);
		if (!similar != !cases[i].similar ||
			(similar && strcmp(similar, cases[i].similar) != 0))
			fail_msg("%s on %s: %s, not %s", cases[i].package, cases[i].release,
				similar ? similar : "(none)",
				cases[i].similar ? cases[i].similar : "(none)");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_packages_of_sonames),
		cmocka_unit_test(test_sonames_that_no_package_brings),
		cmocka_unit_test(test_every_row_is_found),
		cmocka_unit_test(test_sonames_of_a_package),
		cmocka_unit_test(test_which_packages_exist),
		cmocka_unit_test(test_the_same_under_another_version),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
