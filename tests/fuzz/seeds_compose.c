/* SPDX-License-Identifier: MIT
 *
 * Writes projects of every form that the compose reader knows into a folder; fuzz_compose.c has
 * their format.
 */
#include <stdio.h>

#include "memory.h"

static const char *const projects[] = {
	"version: '3.8'\nservices:\n  web: {build: ., command: node a.js, profiles: [p]}\n"
	"  db: {image: pg}\n===\nservices:\n  web: {build: {dockerfile: D, target: t, args: "
	"[A=1]}}\n"
	"===\nTAG=1\n",
	"x-a: &a {image: a}\nx-b: &b\n  environment: {A: 1}\nservices:\n  one: {<<: *a}\n"
	"  two: {<<: [*a, *b], ports: ['1:1']}\n  three: *a\n===\nservices:\n"
	"  two: {environment: [B=2, A], ports: !override ['2:2'], image: !reset null}\n",
	"services:\n  a: {extends: b}\n  b: {extends: {file: other.yml, service: c}, build: x}\n"
	"===\nservices:\n  c: {extends: d, build: {context: ./y}}\n  d: {image: d}\n",
	"services:\n  a: {extends: b}\n  b: {extends: a}\n",
	"name: ${NAME:-x}\nservices:\n  v:\n    image: \"${REG?r}/$TAG$$${A:+${B:-${C-d}}}\"\n"
	"===\nservices: {}\n===\nexport REG='r'\nTAG=\"a\\n${REG}\" # c\nA=b\n",
	"services:\n  s:\n    entrypoint: [tini, --]\n    command: sh -c \"x && exec node -r y "
	"z.js\"\n"
	"  f:\n    command: >\n      node\n      folded.js\n    labels:\n      l: |\n        "
	"text\n",
	"services: &s\n  web: &w\n    <<: *w\n",
};

int main(int argc, char **argv)
{
	if (argc != 2)
		return 64;
	for (size_t i = 0; i < sizeof(projects) / sizeof(projects[0]); i++) {
		cp_cleanup_free char *path = NULL;
		cp_cleanup_fclose FILE *file = NULL;
		if (asprintf(&path, "%s/project-%zu", argv[1], i) < 0 ||
			!(file = fopen(path, "wb")) || fputs(projects[i], file) < 0) {
			perror(argv[1]);
			return 1;
		}
	}
	return 0;
}
