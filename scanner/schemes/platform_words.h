/* SPDX-License-Identifier: MIT
 *
 * The words by which names of packages and files tell a platform.
 *
 *     @swc/core-linux-x64-musl      linux, x64, musl; what is left: "@swc core"
 *     @img/sharp-linuxmusl-arm64    linux, arm64, musl; "@img sharp"
 *     koffi/musl_x64/koffi.node     x64, musl
 *
 * Words are Node's (process.platform, process.arch), LLVM's in target triples, and Debian's.
 */
#ifndef CP_PLATFORM_WORDS_H
#define CP_PLATFORM_WORDS_H

#include "load.h"

struct cp_platform_words {
	bool linux_;       /* says Linux */
	bool other;        /* says another system (darwin, win32, android, wasm32, …) */
	const char *arch;  /* Node's name, static; NULL: says none */
	enum cp_libc libc; /* CP_LIBC_NONE: says none */
};

struct cp_platform_words cp_platform_words(const char *name);
/* Whether two names are the same but for the words that tell a platform. */
bool cp_same_but_platform(const char *a, const char *b);
/* How many characters of the name do not tell a platform. */
size_t cp_length_but_platform(const char *name);

#endif
