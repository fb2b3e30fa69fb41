/* SPDX-License-Identifier: MIT
 *
 * Seeds of fuzz_dockerfile: a file per part of the syntax, into the folder argv[1].
 */
#include "write_seeds.h"

static const char *const seeds[] = {
	"ARG V=20\nFROM --platform=$P node:${V:-22}-alpine AS b\n"
	"RUN apk add -t .d gcc && apk del .d\n"
	"FROM b\nCOPY --from=b /a /a\nENV P='x y'\nRUN apk add $P \"$P\"\n",
	"# escape=`\nFROM a\nRUN apt-get install -y `\n  x=1 `\n# no\n y && echo $(date) > /z\n",
	"FROM a\nRUN <<-'EOF' bash\n\tset -e; if true; then apt install x; fi\n\tEOF\n"
	"RUN [\"sh\", \"-c\", \"apt install y\"]\nRUN --mount=type=bind,from=0 d='x' && apt "
	"install $d\n",
};

int main(int argc, char **argv)
{
	return write_seeds(argc, argv, seeds, sizeof(seeds) / sizeof(seeds[0]));
}
