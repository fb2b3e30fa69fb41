#!/bin/sh
# docker-compose as the judge: of what services a project has, and of overrides.
#
#   real.sh PROJECT      PROJECT: the program made of project.c
#
# Each project of projects/ is read by compatprobe and by `docker-compose config`, whose output is
# then read by compatprobe as well: the services must be the same. Then an override that moves all
# of them is given to docker-compose: it must take it, and merge it in.
set -u
project=$(realpath "$1")
here=$(dirname "$(realpath "$0")")
command -v docker-compose >/dev/null || { echo "skipped: no docker-compose on this machine"; exit 0; }
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0 failed=0
unset COMPOSE_PROJECT_NAME COMPOSE_FILE TAG

fail() {
	failed=$((failed + 1))
	printf 'not ok: %s\n' "$*"
}

# The names of files given to -f, those of a project in the order of their names.
files_of() {
	for file in "$1"/*.yml; do printf '%s\n' "${file##*/}"; done
}

same_services() {
	# shellcheck disable=SC2086
	docker-compose ${files} config >config.out 2>config.err ||
		{ fail "$name: docker-compose refuses: $(cat config.err)"; return 1; }
	# shellcheck disable=SC2046
	"$project" show $(files_of .) >ours 2>ours.err || { fail "$name: $(cat ours.err)"; return 1; }
	"$project" show config.out >theirs || { fail "$name: config's output"; return 1; }
	sort ours >ours.sorted
	sort theirs >theirs.sorted
	diff theirs.sorted ours.sorted >difference || { fail "$name: $(cat difference)"; return 1; }
}

takes_override() {
	# shellcheck disable=SC2046
	"$project" override override.yaml Moved.Dockerfile $(files_of .) 2>ours.err ||
		{ fail "$name: $(cat ours.err)"; return 1; }
	# shellcheck disable=SC2086
	docker-compose ${files} -f override.yaml config >merged 2>merged.err ||
		{ fail "$name: override refused: $(cat merged.err)"; return 1; }
	"$project" show merged | sort >after
	# What was built is now built from the new Dockerfile, and nothing else changed.
	sed '/context=-/!s|dockerfile=[^ ]*|dockerfile=MOVED|' theirs.sorted >expected
	sed 's|dockerfile=[^ ]*Moved.Dockerfile|dockerfile=MOVED|' after >got
	diff expected got >difference || { fail "$name: override: $(cat difference)"; return 1; }
	cp override.yaml first
	# shellcheck disable=SC2046
	"$project" override override.yaml Moved.Dockerfile $(files_of .) && cmp -s first override.yaml ||
		{ fail "$name: a second run changes the override"; return 1; }
}

# judge NAME: the project in $work/NAME.
judge() {
	name=$1
	cd "$work/$name" || exit 1
	: >Moved.Dockerfile
	mkdir -p web job ctx common/node # build contexts; git keeps no empty directories
	files=
	for file in $(files_of .); do files="$files -f $file"; done
	same_services && takes_override && passed=$((passed + 1))
	cd "$here" || exit 1
}

for directory in "$here"/projects/*/; do
	name=$(basename "$directory")
	cp -r "$directory" "$work/$name"
	judge "$name"
done
for version in 2 2.4 3 3.8; do
	mkdir "$work/version-$version"
	{ echo "version: \"$version\""; cat "$here/projects/plain/a.yml"; } >"$work/version-$version/a.yml"
	judge "version-$version"
done
echo "docker-compose: $passed projects alike, $failed not"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
