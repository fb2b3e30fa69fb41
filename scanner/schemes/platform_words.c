/* SPDX-License-Identifier: MIT */
#include "platform_words.h"

#include <string.h>

enum kind { LINUX, OTHER, ARCH, LIBC, FILLER };

static const struct word {
	const char *text;
	enum kind kind;
	const char *arch;
	enum cp_libc libc;
} words[] = {
	{"linux", LINUX, NULL, CP_LIBC_NONE},
	{"linuxmusl", LINUX, NULL, CP_LIBC_MUSL},
	{"linuxglibc", LINUX, NULL, CP_LIBC_GLIBC},
	{"musl", LIBC, NULL, CP_LIBC_MUSL},
	{"musleabi", LIBC, NULL, CP_LIBC_MUSL},
	{"musleabihf", LIBC, NULL, CP_LIBC_MUSL},
	{"gnu", LIBC, NULL, CP_LIBC_GLIBC},
	{"glibc", LIBC, NULL, CP_LIBC_GLIBC},
	{"gnueabi", LIBC, NULL, CP_LIBC_GLIBC},
	{"gnueabihf", LIBC, NULL, CP_LIBC_GLIBC},
	{"x64", ARCH, "x64", CP_LIBC_NONE},
	{"x86_64", ARCH, "x64", CP_LIBC_NONE},
	{"amd64", ARCH, "x64", CP_LIBC_NONE},
	{"64", ARCH, "x64", CP_LIBC_NONE},
	{"arm64", ARCH, "arm64", CP_LIBC_NONE},
	{"aarch64", ARCH, "arm64", CP_LIBC_NONE},
	{"arm", ARCH, "arm", CP_LIBC_NONE},
	{"armv6", ARCH, "arm", CP_LIBC_NONE},
	{"armv7", ARCH, "arm", CP_LIBC_NONE},
	{"armv7l", ARCH, "arm", CP_LIBC_NONE},
	{"armhf", ARCH, "arm", CP_LIBC_NONE},
	{"ia32", ARCH, "ia32", CP_LIBC_NONE},
	{"x86", ARCH, "ia32", CP_LIBC_NONE},
	{"i686", ARCH, "ia32", CP_LIBC_NONE},
	{"32", ARCH, "ia32", CP_LIBC_NONE},
	{"ppc64", ARCH, "ppc64", CP_LIBC_NONE},
	{"ppc64le", ARCH, "ppc64", CP_LIBC_NONE},
	{"s390x", ARCH, "s390x", CP_LIBC_NONE},
	{"riscv64", ARCH, "riscv64", CP_LIBC_NONE},
	{"loong64", ARCH, "loong64", CP_LIBC_NONE},
	{"mips64el", ARCH, "mips64el", CP_LIBC_NONE},
	{"darwin", OTHER, NULL, CP_LIBC_NONE},
	{"macos", OTHER, NULL, CP_LIBC_NONE},
	{"osx", OTHER, NULL, CP_LIBC_NONE},
	{"ios", OTHER, NULL, CP_LIBC_NONE},
	{"win32", OTHER, NULL, CP_LIBC_NONE},
	{"windows", OTHER, NULL, CP_LIBC_NONE},
	{"freebsd", OTHER, NULL, CP_LIBC_NONE},
	{"openbsd", OTHER, NULL, CP_LIBC_NONE},
	{"netbsd", OTHER, NULL, CP_LIBC_NONE},
	{"android", OTHER, NULL, CP_LIBC_NONE},
	{"openharmony", OTHER, NULL, CP_LIBC_NONE},
	{"aix", OTHER, NULL, CP_LIBC_NONE},
	{"sunos", OTHER, NULL, CP_LIBC_NONE},
	{"wasm32", OTHER, NULL, CP_LIBC_NONE},
	{"wasm", OTHER, NULL, CP_LIBC_NONE},
	{"wasi", OTHER, NULL, CP_LIBC_NONE},
	{"webcontainers", OTHER, NULL, CP_LIBC_NONE},
	{"msvc", FILLER, NULL, CP_LIBC_NONE},
	{"eabi", FILLER, NULL, CP_LIBC_NONE},
	{"universal", FILLER, NULL, CP_LIBC_NONE},
	{"unknown", FILLER, NULL, CP_LIBC_NONE},
	{"apple", FILLER, NULL, CP_LIBC_NONE},
	{"pc", FILLER, NULL, CP_LIBC_NONE},
};

static const struct word *find_word(const char *text, size_t length)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i].text) == length && !memcmp(words[i].text, text, length))
			return &words[i];
	return NULL;
}

/* Cuts the next word off *at; its length, or 0 at the end. The machine's name with a low line in
 * it is one word. */
static size_t next_word(const char **at, const char **word)
{
	static const char between[] = "-./_@", x86_64[] = "x86_64";
	*at += strspn(*at, between);
	*word = *at;
	size_t length = strcspn(*at, between), whole = sizeof(x86_64) - 1;
	if (!strncmp(*at, x86_64, whole) && strcspn(*at + whole, between) == 0)
		length = whole;
	*at += length;
	return length;
}

struct cp_platform_words cp_platform_words(const char *name)
{
	struct cp_platform_words said = {.libc = CP_LIBC_NONE};
	const char *word;
	for (size_t length; (length = next_word(&name, &word)) > 0;) {
		const struct word *known = find_word(word, length);
		if (!known)
			continue;
		said.linux_ |= known->kind == LINUX;
		said.other |= known->kind == OTHER;
		if (known->arch)
			said.arch = known->arch;
		if (known->libc != CP_LIBC_NONE)
			said.libc = known->libc;
	}
	return said;
}

/* The next word that tells no platform. */
static size_t next_plain(const char **at, const char **word)
{
	size_t length;
	do {
		length = next_word(at, word);
	} while (length && find_word(*word, length));
	return length;
}

bool cp_same_but_platform(const char *a, const char *b)
{
	const char *left, *right;
	for (;;) {
		size_t length = next_plain(&a, &left);
		if (next_plain(&b, &right) != length || memcmp(left, right, length) != 0)
			return false;
		if (!length)
			return true;
	}
}

size_t cp_length_but_platform(const char *name)
{
	const char *word;
	size_t sum = 0;
	for (size_t length; (length = next_plain(&name, &word)) > 0;)
		sum += length;
	return sum;
}
