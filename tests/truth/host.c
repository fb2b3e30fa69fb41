/* SPDX-License-Identifier: MIT
 *
 * A host: the smallest program that loads an addon as Node does.
 *
 *     node lazy|now PATH
 *
 * It is linked against the libc of the root that it runs in, together with stubs of the symbols
 * that Node exports (stubs.sh), and says on stdout what dlopen(3) did. It calls nothing in the
 * addon; constructors run, and may end the process before it could speak.
 */
#include <dlfcn.h>
#include <string.h>
#include <unistd.h>

static void say(const char *text)
{
	if (write(STDOUT_FILENO, text, strlen(text)) < 0)
		_exit(3);
}

int main(int argc, char **argv)
{
	if (argc != 3)
		return 64;
	void *handle = dlopen(argv[2], strcmp(argv[1], "now") == 0 ? RTLD_NOW : RTLD_LAZY);
	const char *problem = handle ? NULL : dlerror();
	say(handle ? "loaded" : "refused: ");
	if (problem)
		say(problem);
	_exit(0); /* no destructors: they are none of dlopen's business */
}
