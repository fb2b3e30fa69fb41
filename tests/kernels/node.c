/* SPDX-License-Identifier: MIT
 *
 * What a container of the kernel tests runs: the few things that Node does which a tracer tells of.
 *
 *   node load ADDON     dlopen(3), and dlerror(3) where it failed
 *   node call ADDON     the same, and then the addon's function run()
 *   node require NAME   ends as Node does where a module is missing
 *
 * It is linked once against glibc and once against musl.
 */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static int load(const char *path, int call)
{
	void *addon = dlopen(path, call ? RTLD_LAZY : RTLD_NOW);
	if (!addon) {
		fprintf(stderr, "Error: %s\n", dlerror());
		return 1;
	}
	void (*run)(void) = NULL;
	if (call)
		*(void **)&run = dlsym(addon, "run");
	if (run)
		run();
	return 0;
}

/* In one write, as Node has it: musl's stdio would write it piece by piece. */
static int require(const char *name)
{
	char text[1024];
	snprintf(text, sizeof(text),
		"node:internal/modules/cjs/loader:1210\n  throw err;\n  ^\n\n"
		"Error: Cannot find module '%s'\nRequire stack:\n- /app/index.js\n"
		"    at Module._resolveFilename (node:internal/modules/cjs/loader:1207:15) {\n"
		"  code: 'MODULE_NOT_FOUND',\n  requireStack: [ '/app/index.js' ]\n}\n\n"
		"Node.js v20.20.2\n",
		name);
	fputs(text, stderr);
	return 1;
}

int main(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "require") == 0)
		return require(argv[2]);
	if (argc == 3)
		return load(argv[2], strcmp(argv[1], "call") == 0);
	return 64;
}
