/* SPDX-License-Identifier: MIT
 *
 * Writes a small lock file of each format (fuzz_lockfile.c tells the first byte) into a folder.
 */
#include "write_seeds.h"

static const char *const seeds[] = {
	"\3{\"lockfileVersion\":3,\"packages\":{\"node_modules/@a/b\":{\"version\":\"1.0.0\","
	"\"os\":[\"linux\"],\"cpu\":[\"x64\"],\"libc\":\"musl\",\"optional\":true}}}",
	"\3{\"lockfileVersion\":1,\"dependencies\":{\"a\":{\"version\":\"1.0.0\","
	"\"dependencies\":{\"b\":{\"version\":\"2.0.0\"}}}}}",
	"\1lockfileVersion: '9.0'\npackages:\n  '@a/b@1.0.0':\n    cpu: [x64]\n    libc: [musl]\n"
	"snapshots:\n  '@a/b@1.0.0(c@1)':\n    optional: true\n",
	"\1lockfileVersion: '6.0'\npackages:\n  /@a/b@1.0.0(c@1):\n    requiresBuild: true\n",
	"\2# yarn lockfile v1\n\n\"@a/b@^1\", \"@a/b@1\":\n  version \"1.0.0\"\n"
	"  dependencies:\n    c \"^2\"\n",
	"\2__metadata:\n  version: 8\n\"@a/b@npm:1\":\n  version: 1.0.0\n"
	"  conditions: os=linux & (cpu=x64 | cpu=arm64) & libc=glibc\n",
};

int main(int argc, char **argv)
{
	return write_seeds(argc, argv, seeds, sizeof(seeds) / sizeof(seeds[0]));
}
