/* SPDX-License-Identifier: MIT
 *
 * Writes a small base file with an entry of each kind, for the fuzzer to begin with.
 */
#include <stdio.h>
#include <string.h>

#include "base_text.h"
#include "memory.h"

static const char head[] = "format: compatprobe-base/1\nname: seed\nsource: a seed\n"
			   "architecture: amd64\nos-id:\nos-version: 1\nlibc: glibc\n"
			   "libc-version: 2.36\ngcompat: no\n";

static const char entries[] =
	"file /bin/p 5 executable\nlibrary /lib/a.so\n size 3\n class 2\n encoding 1\n"
	" os-abi 3\n type 3\n machine 62\n os android\n libc glibc\n soname a\\x20b\n"
	" flags 8\n dynamic\n bind-now\n stack executable\n tls-size 4\n tls-align 8\n"
	" glibc-min 2.34\n needed x\n needed y\n wants x V_1 weak\n wants x V_2\n"
	" defines a base\n defines V_3 weak\n exports 3\nlibrary /lib/b.so\n exports 2\n"
	"link /lib/c a.so\ntext /lib/t line\\nline\\x00\n\n";

static const char names[] = "environ Ow\nmalloc@@V_3\nmemcpy@V_3 I\na\\x20b@ Tupzb\nz Nz\n";

int main(int argc, char **argv)
{
	cp_cleanup_free char *path = NULL;
	cp_cleanup_fclose FILE *file = NULL;
	if (argc != 2)
		return 64;
	if (asprintf(&path, "%s/every-kind.base", argv[1]) < 0 || !(file = fopen(path, "wb")) ||
		fputs(head, file) < 0 ||
		cp_block_write(file, names, strlen(names), entries, NULL) < 0) {
		perror(argv[1]);
		return 1;
	}
	return 0;
}
