#!/bin/sh
# Lock files as npm, pnpm and Yarn write them: what the library reads, beside what the tools' own
# parsers do; and what compatprobe says that a fresh install on Alpine would bring.
#
#   run.sh CACHE READ COMPATPROBE
#
# The tools are npm packages (tools.json) and make a lock file each for project.json, once. Which
# registry they ask, and whom they trust, is npm's configuration of this machine.
set -eu
[ $# -eq 3 ] || { echo "usage: run.sh CACHE READ COMPATPROBE" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
cache=$(mkdir -p "$1/lockfiles" && cd "$1/lockfiles" && pwd -P)
read=$2 probe=$3
stamp=$cache/$(cat "$here/tools.json" "$here/project.json" | sha256sum | cut -c1-12)
tools=$stamp/tools/node_modules
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM

# --- made once --------------------------------------------------------------------------------

# lock NAME SCRIPT ARGUMENT...: has a tool write the lock file of the project.
lock() {
	name=$1 script=$tools/$1/$2
	shift 2
	mkdir -p "$stamp/$name"
	cp "$here/project.json" "$stamp/$name/package.json"
	case $name in yarn-4) : > "$stamp/$name/yarn.lock" ;; esac # a project of its own
	(cd "$stamp/$name" && node "$script" "$@" > log 2>&1) ||
		{ tail -n 20 "$stamp/$name/log" >&2; echo "$name made no lock file" >&2; return 1; }
	rm -rf "$stamp/$name/node_modules"
}

# The project's packages for Debian: what lies in an image that is to move to Alpine.
tree() {
	mkdir -p "$stamp/tree"
	cp "$here/project.json" "$stamp/tree/package.json"
	(cd "$stamp/tree" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
		--no-package-lock --os=linux --cpu=x64 --libc=glibc)
	rm -f "$stamp/tree/node_modules/.package-lock.json"
}

make_all() {
	rm -rf "$stamp"
	mkdir -p "$stamp/tools"
	cp "$here/tools.json" "$stamp/tools/package.json"
	tree &
	tree=$!
	(cd "$stamp/tools" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error)
	YARN_NPM_REGISTRY_SERVER=$(npm config get registry)
	export YARN_NPM_REGISTRY_SERVER YARN_ENABLE_GLOBAL_CACHE=0 YARN_ENABLE_TELEMETRY=0
	# The only one that has to fetch all packages to write its lock file.
	lock yarn-1 bin/yarn.js install --ignore-scripts --non-interactive --cache-folder "$work/yarn" &
	slow=$!
	lock npm-10 bin/npm-cli.js install --package-lock-only --no-audit --no-fund
	lock npm-11 bin/npm-cli.js install --package-lock-only --no-audit --no-fund
	lock pnpm-9 bin/pnpm.cjs install --lockfile-only
	lock pnpm-8 bin/pnpm.cjs install --lockfile-only
	lock pnpm-10 bin/pnpm.cjs install --lockfile-only
	lock yarn-4 bin/yarn.js install --mode=update-lockfile
	wait $slow
	wait $tree
	rm -rf "$stamp"/*/.yarn "$stamp"/*/.pnp.*
	touch "$stamp/complete"
}

[ -e "$stamp/complete" ] || make_all

# --- the comparison ----------------------------------------------------------------------------

failed=0 checks=0
complain() {
	failed=$((failed + 1))
	echo "lockfiles: $1" >&2
}

# The package that each of these asks for on x64 with musl, as its JavaScript names it.
wanted='sharp @img/sharp-linuxmusl-x64
@swc/core @swc/core-linux-x64-musl
lightningcss lightningcss-linux-x64-musl
@parcel/watcher @parcel/watcher-linux-x64-musl
snappy @napi-rs/snappy-linux-x64-musl
@node-rs/argon2 @node-rs/argon2-linux-x64-musl
rollup @rollup/rollup-linux-x64-musl'

# compare NAME PARSER READER FILE
compare() {
	name=$1 file=$stamp/$1/$4
	(cd "$stamp/tools" && node "$here/expect.js" "$2" "$file") > "$work/expected"
	echo "$(wc -l < "$work/expected") in all" > "$work/count"
	"$read" "$3" "$file" < "$work/expected" > "$work/found" || complain "$name: not read"
	cat "$work/expected" "$work/count" | diff - "$work/found" > "$work/diff" ||
		{ complain "$name: differs from its tool's parser"; head -n 20 "$work/diff" >&2; }
	checks=$((checks + $(wc -l < "$work/expected")))
	brings "$name" "$4"
	printf 'lockfiles: %-8s %4d packages, %d of them say a libc\n' "$name" \
		"$(wc -l < "$work/expected")" "$(cut -f 5 "$work/expected" | grep -c -v -e '^-$')"
}

# brings NAME LOCKFILE: with the lock file beside the packages for Debian, what would come.
brings() {
	rm -rf "$work/app"
	cp -al "$stamp/tree" "$work/app"
	cp "$stamp/$1/$2" "$work/app/"
	"$probe" scan dir "$work/app" -q -t node:20-alpine3.20 -o json > "$work/scan" ||
		complain "$1: no scan"
	echo "$wanted" | while read -r package platform; do
		version=$(awk -F '\t' -v n="$platform" '$1 == n { print $2 }' "$work/expected")
		said=$(jq -r --arg p "$package" '.packages[] | select(.name == $p) |
			.verdicts[] | "\(.how) \(.brings)"' "$work/scan")
		[ "$said" = "obtainable $platform@$version" ] ||
			echo "$1: $package on Alpine: '$said', not 'obtainable $platform@$version'"
	done > "$work/wrong"
	while read -r line; do complain "$line"; done < "$work/wrong"
	checks=$((checks + $(echo "$wanted" | wc -l)))
}

compare npm-10 npm npm package-lock.json
compare npm-11 npm npm package-lock.json
compare pnpm-8 pnpm pnpm pnpm-lock.yaml
compare pnpm-9 pnpm pnpm pnpm-lock.yaml
compare pnpm-10 pnpm pnpm pnpm-lock.yaml
compare yarn-1 yarn1 yarn yarn.lock
compare yarn-4 yarn4 yarn yarn.lock
echo "lockfiles-truth: $checks checks, $failed differ"
[ "$failed" = 0 ]
