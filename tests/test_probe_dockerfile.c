/* SPDX-License-Identifier: MIT
 *
 * Dockerfiles: a rule each, on the smallest file that shows it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "dockerfile.h"

static struct cp_dockerfile *parse(const char *text)
{
	struct cp_dockerfile *file = NULL;
	struct cp_error *err = NULL;
	if (cp_dockerfile_parse(text, strlen(text), "D", &file, &err) < 0)
		fail_msg("%s: %s", text, err ? err->message : "no error");
	return file;
}

static void check_base(const char *text, const char *base)
{
	struct cp_dockerfile *file = parse(text);
	if (!base)
		assert_null(file->base);
	else if (!file->base || strcmp(file->base, base) != 0)
		fail_msg("%s: base %s, not %s", text, file->base ? file->base : "(none)", base);
	cp_dockerfile_free(file);
}

static void list(char *to, const struct cp_dockerfile_package *packages, size_t count)
{
	*to = '\0';
	for (size_t i = 0; i < count; i++)
		sprintf(to + strlen(to), "%s%s:%u", i ? " " : "", packages[i].name,
			packages[i].line);
}

/* `want`: "NAME:LINE NAME:LINE" */
static void check_apt(const char *text, const char *want)
{
	char got[1024];
	struct cp_dockerfile *file = parse(text);
	list(got, file->apt, file->n_apt);
	if (strcmp(got, want) != 0)
		fail_msg("%s: apt \"%s\", not \"%s\"", text, got, want);
	cp_dockerfile_free(file);
}

static void check_apk(const char *text, const char *want, const char *want_build)
{
	char got[1024];
	struct cp_dockerfile *file = parse(text);
	list(got, file->apk, file->n_apk);
	if (strcmp(got, want) != 0)
		fail_msg("%s: apk \"%s\", not \"%s\"", text, got, want);
	list(got, file->build_apk, file->n_build_apk);
	if (strcmp(got, want_build) != 0)
		fail_msg("%s: build apk \"%s\", not \"%s\"", text, got, want_build);
	cp_dockerfile_free(file);
}

static void check_error(const char *text, const char *part)
{
	struct cp_dockerfile *file = NULL;
	struct cp_error *err = NULL;
	assert_int_equal(cp_dockerfile_parse(text, strlen(text), "D", &file, &err), -1);
	assert_null(file);
	if (!strstr(err->message, part))
		fail_msg("%s: \"%s\" lacks \"%s\"", text, err->message, part);
	cp_error_free(err);
}

static void test_bases(void **state)
{
	(void)state;
	check_base("FROM node:20-alpine", "node:20-alpine");
	check_base("from node:20 as x\n", "node:20");
	check_base("FROM scratch", NULL);
	check_base("# comment\n\nFROM a\nFROM b\n", "b");
	check_base("FROM a AS one\nFROM b AS two\nFROM one\n", "a");
	check_base("FROM a AS One\nFROM b\nFROM oNE AS last\n", "a");
	check_base("FROM a\nFROM b\nCOPY --from=0 /x /x", "b");
	check_base("FROM a AS a\nFROM a", "a");
	check_base("\xef\xbb\xbf"
		   "FROM a\r\nUSER node\r\n",
		"a");
	check_base("FROM \\\n  a:1 \\\n# between\n\n  AS x", "a:1");
}

static void test_arguments_of_from(void **state)
{
	(void)state;
	check_base("ARG V=20\nFROM node:$V-alpine", "node:20-alpine");
	check_base("ARG V=20\nFROM node:${V}-alpine", "node:20-alpine");
	check_base("FROM node:${V:-22}", "node:22");
	check_base("ARG V=\nFROM node:${V:-22}", "node:22");
	check_base("ARG V=\nFROM node:${V-22}x", "node:x");
	check_base("ARG V=1\nFROM node${V:+:18}", "node:18");
	check_base("ARG A=1\nARG B=${A}2\nFROM x:$B", "x:12");
	check_base("ARG A=\"a b\" B='$A'\nFROM ${C:-${D:-x}}:1", "x:1");
	check_base("ARG V=20\nFROM a\nARG V=21\nFROM node:$V", "node:20");
	check_base("ARG R=reg/\nFROM ${R}node:20", "reg/node:20");
}

static void test_platforms(void **state)
{
	(void)state;
	struct cp_dockerfile *file = parse("ARG P=linux/arm64\n\nFROM --platform=$P a AS b");
	assert_string_equal(file->platform, "linux/arm64");
	assert_string_equal(file->base, "a");
	assert_int_equal(file->base_line, 3);
	cp_dockerfile_free(file);
	file = parse("FROM --platform=$BUILDPLATFORM a");
	assert_null(file->platform);
	cp_dockerfile_free(file);
}

static void test_apt_packages(void **state)
{
	(void)state;
	check_apt("FROM a\nRUN apt-get update && apt-get install -y x y=1.2 z/bookworm g++",
		"x:2 y:2 z:2 g++:2");
	check_apt("FROM a\nRUN apt-get install -y \\\n    x \\\n    # why\n    y \\\n    && rm z",
		"x:3 y:5");
	check_apt("FROM a\nRUN DEBIAN_FRONTEND=noninteractive apt-get -qq -o A=b install -t c x",
		"x:2");
	check_apt("FROM a\nRUN sudo apt install x; apt install y>/dev/null 2>&1", "x:2 y:2");
	check_apt("FROM a\nRUN (apt install x) | cat || { apt install y; }", "x:2 y:2");
	check_apt("FROM a\nRUN echo apt install x; apt update; apt search install", "");
	check_apt(
		"FROM a\nRUN apt install ./x.deb /y.deb 'lib*' $(cat list) `cat l` z:amd64", "z:2");
	check_apt("FROM a\nRUN apt install x y && apt purge y", "x:2");
	check_apt("FROM a\nRUN [\"apt-get\", \"install\", \"x\"]", "x:2");
	check_apt(
		"FROM a\nRUN [\"/bin/sh\", \"-c\", \"apt install x && apt install y\"]", "x:2 y:2");
	check_apt("FROM a\nRUN <<EOF\napt install x\napt install y\nEOF\nRUN apt install z",
		"x:3 y:4 z:6");
	check_apt("FROM a\nRUN <<-'E' bash\n\tapt install x\n\tE\n", "x:3");
	check_apt("FROM a\nRUN cat <<E >f\napt install x\nE\n", "");
	check_apt("FROM a\nRUN --mount=type=cache,target=/x apt install x", "x:2");
	check_apt("FROM a\nRUN if true; then apt install x; fi # apt install y", "x:2");
}

static void test_variables_of_packages(void **state)
{
	(void)state;
	check_apt("FROM a\nARG V=2.2\nRUN apt install libglew${V} libglew$V-dev",
		"libglew2.2:3 libglew2.2-dev:3");
	check_apt("ARG V=1\nFROM a\nARG V\nRUN apt install x$V", "x1:4");
	check_apt("ARG V=1\nFROM a\nRUN apt install x$V y", "y:3");
	check_apt("FROM a\nENV P='x y'\nRUN apt install $P \"$P\"", "x:3 y:3 x y:3");
	check_apt("FROM a\nENV P x y\nRUN apt install $P", "x:3 y:3");
	check_apt("FROM a\nRUN d='x y' && apt install $d\nRUN apt install $d", "x:2 y:2");
	check_apt("FROM a AS b\nENV E=x\nARG A=y\nFROM b\nRUN apt install $E $A", "x:5");
	check_apt("# escape=`\nFROM a\nRUN apt install `\n x", "x:4");
}

static void test_apk_packages(void **state)
{
	(void)state;
	check_apk("FROM a\nRUN apk add --no-cache x y~=1 z@edge 'w>2' !v", "x:2 y:2 z:2 w:2", "");
	check_apk("FROM a\nRUN apk --no-cache add -X http://e x", "x:2", "");
	check_apk("FROM a\nRUN apk add -t .d gcc make && apk add x && apk del .d", "x:2",
		"gcc:2 make:2");
	check_apk("FROM a\nRUN apk add gcc --virtual=.d && apk del .d", "", "gcc:2");
	check_apk("FROM a\nRUN apk add --virtual .d gcc", "gcc:2", "");
}

static void test_stages_of_packages(void **state)
{
	(void)state;
	check_apk("FROM a AS b\nRUN apk add gcc\nFROM a\nRUN apk add x\nCOPY --from=b /o /o", "x:4",
		"gcc:2");
	check_apk("FROM a AS b\nRUN apk add gcc\nFROM a\nRUN apk add x", "x:4", "");
	check_apk("FROM a AS b\nRUN apk add x\nFROM b\nRUN apk add y", "x:2 y:4", "");
	check_apk("FROM a AS b\nRUN apk add x\nFROM b AS c\nFROM a\nCOPY --from=c / /", "", "x:2");
	check_apk("FROM a\nRUN apk add x\nFROM a\nRUN --mount=type=bind,from=0,target=/t true", "",
		"x:2");
	check_apk("FROM a\nRUN apk add x\nFROM a\nCOPY --from=nginx /t /t", "", "");
}

static void test_mistakes(void **state)
{
	(void)state;
	check_error("", "no FROM");
	check_error("# nothing\n", "no FROM");
	check_error("RUN x", "D:1: RUN before the first FROM");
	check_error("FROM a\nRNU x\n", "D:2: no instruction of a Dockerfile: RNU");
	check_error("FROM", "names no image");
	check_error("ARG B\nFROM $B", "D:2: FROM names no image: $B is empty");
	check_error("FROM a b", "AS NAME");
	check_error("FROM a AS", "AS NAME");
	check_error("FROM ${A", "\"}\"");
	check_error("FROM a\nRUN <<E\nx\n", "D:2: the here-document has no end: E");
	check_error(
		"FROM ${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-${A:-"
		"${A:-${A:-${A:-x}}}}}}}}}}}}}}}}}}",
		"too deep");
}

static void test_nul_bytes(void **state)
{
	(void)state;
	struct cp_dockerfile *file = NULL;
	struct cp_error *err = NULL;
	assert_int_equal(cp_dockerfile_parse("FROM a\0b", 8, "D", &file, &err), -1);
	assert_non_null(strstr(err->message, "NUL"));
	cp_error_free(err);
}

/* Each variable is twice the one before: 2^40 bytes if nobody counted. */
static void test_variables_that_double(void **state)
{
	(void)state;
	char text[4096] = "FROM a\nENV V0=0123456789\n";
	for (int i = 1; i < 40; i++)
		sprintf(text + strlen(text), "ENV V%d=$V%d$V%d\n", i, i - 1, i - 1);
	check_error(text, "bytes");
}

static void test_too_many_stages(void **state)
{
	(void)state;
	char text[8192] = "";
	for (int i = 0; i < 200; i++)
		strcat(text, "FROM a\n");
	check_error(text, "stages");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_bases),
		cmocka_unit_test(test_arguments_of_from),
		cmocka_unit_test(test_platforms),
		cmocka_unit_test(test_apt_packages),
		cmocka_unit_test(test_variables_of_packages),
		cmocka_unit_test(test_apk_packages),
		cmocka_unit_test(test_stages_of_packages),
		cmocka_unit_test(test_mistakes),
		cmocka_unit_test(test_nul_bytes),
		cmocka_unit_test(test_variables_that_double),
		cmocka_unit_test(test_too_many_stages),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
