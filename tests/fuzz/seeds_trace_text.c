/* SPDX-License-Identifier: MIT
 *
 * Writes a text of each form into a folder.
 */
#include "write_seeds.h"

static const char *const seeds[] = {
	"Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by "
	"/x.node)\n",
	"Error relocating /x.node: _ZN2v811HandleScopeC1EPNS_7IsolateE: symbol not found\n",
	"Error relocating /x: y: initial-exec TLS resolves to dynamic definition in /x\n",
	"./p: error while loading shared libraries: libn.so: cannot open shared object file: No "
	"such file or directory\n",
	"./p: symbol lookup error: ./p: undefined symbol: f, version V1\n",
	"./p: /lib/libc.so.6: version `GLIBC_2.38' not found (required by ./p)\n",
	"/x: symbol f, version V1 not defined in file l.so with link time reference\n",
	"Inconsistency detected by ld.so: dl-version.c: 204: _dl_check_map_versions: Assertion\n",
	"Error: Cannot find module 'kafkajs'\nRequire stack:\n- /app/a.js\n- /app/b.js\n"
	"    at Object.<anonymous> \033[90m(/app/\033[39mj.js:1:149\033[90m)\033[39m {\n"
	"  code: 'MODULE_NOT_FOUND'\n}\n",
	"Error [ERR_MODULE_NOT_FOUND]: Cannot find package '@a/b' imported from /app/i.mjs\n",
	"{\"msg\":\"Cannot find module 'pg'\\nRequire stack:\\n- /app/db.js\\n- /app/i.js\"}\n",
	"Error: The module '/x.node'\nwas compiled against a different Node.js version using\n"
	"NODE_MODULE_VERSION 137. This version of Node.js requires\nNODE_MODULE_VERSION 115. \n"
	"    at bindings (/app/node_modules/bindings/bindings.js:112:48)\n",
	"Error: No native build was found for platform=linux arch=x64 libc=musl\n"
	"    loaded from: /app/node_modules/b\n",
	"Error: Could not load the \"sharp\" module using the linuxmusl-x64 runtime\n"
	"ERR_DLOPEN_FAILED: libvips-cpp.so.42: cannot open shared object file: No such file\n",
	"Error: /x.node: file too short\n  code: 'ERR_DLOPEN_FAILED'\n",
};

int main(int argc, char **argv)
{
	return write_seeds(argc, argv, seeds, sizeof(seeds) / sizeof(seeds[0]));
}
