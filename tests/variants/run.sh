#!/bin/sh
# Which build a package's loader picks: the library's answer beside the loader's own.
#
#   run.sh CACHE CHOOSE
#
# Installs the packages of package.json as npm does on a glibc and on a musl machine, and makes a
# third tree of both (what npm ci leaves behind with a lock file that says nothing of libc). Each
# package's JavaScript then runs as on Debian and as on Alpine (observe.js), once where all loads
# and once where nothing does; CHOOSE (choose.c) tells what the library takes for its choice and
# its order. Prints a table, and fails where they differ.
set -eu
cache=$(mkdir -p "$1/variants" && cd "$1/variants" && pwd)
choose=$2
here=$(cd "$(dirname "$0")" && pwd)
stamp=$cache/$(sha256sum "$here/package.json" | cut -c1-12)

# --- what a machine answers ------------------------------------------------------------

machine() { # LIBC COMPILER RELEASE LDD LOADER
	root=$cache/answers/$1
	mkdir -p "$root/etc" "$root/usr/bin" "$root/proc/self"
	rm -f "$root/etc/alpine-release"
	printf '%s\n' "$3" >"$root/etc/os-release"
	printf '%s\n' "$4" >"$root/usr/bin/ldd"
	printf '7f00-7f01 r-xp 00000000 00:00 0 %s\n' "$5" >"$root/proc/self/maps"
	printf 'int main(void) { return 0; }\n' | "$2" -x c - -o "$root/proc/self/exe"
}

machine glibc gcc 'ID=debian' '# This file is part of the GNU C Library.' \
	/lib/x86_64-linux-gnu/libc.so.6
machine musl musl-gcc 'ID=alpine' 'exec /lib/ld-musl-x86_64.so.1 --list "$@"' \
	/lib/ld-musl-x86_64.so.1
echo 3.20.3 >"$cache/answers/musl/etc/alpine-release"

# --- trees -------------------------------------------------------------------------------

# Scripts are left out but for the two packages that have nothing to load until they are fetched or
# compiled.
install() { # LIBC
	mkdir -p "$stamp/$1"
	cp "$here/package.json" "$stamp/$1/"
	(cd "$stamp/$1" && npm install --ignore-scripts --no-audit --no-fund --loglevel=error \
		--os=linux --cpu=x64 --libc="$1")
}

if [ ! -e "$stamp/complete" ]; then
	rm -rf "$stamp"
	install glibc
	install musl
	(cd "$stamp/glibc" && npm rebuild --loglevel=error better-sqlite3 bcrypt-5)
	cp -al "$stamp/glibc" "$stamp/both"
	cp -aln "$stamp/musl/." "$stamp/both/"
	touch "$stamp/complete"
fi

# --- the comparison ------------------------------------------------------------------------

packages=$(node -p "Object.keys(require('$here/package.json').dependencies).join(' ')")
node_says=$(node -p '[process.versions.node.split(".")[0], process.versions.modules,
	process.versions.napi].join(" ")')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

observe() { # TREE LIBC
	for package in $packages; do
		printf '%s\n' "accept $stamp/$1 $package" "refuse $stamp/$1 $package"
	done | xargs -P 2 -L 1 node "$here/observe.js" "$cache/answers/$2" 2>/dev/null
}

: >"$work/all"
for tree in glibc musl both; do
	for libc in glibc musl; do
		observe $tree $libc >"$work/loader"
		# shellcheck disable=SC2086,SC2046 # they are words
		(cd "$stamp/$tree" && "$choose" $libc x64 $node_says "$cache/answers/$libc" . \
			$(printf 'node_modules/%s ' $packages)) >"$work/library"
		for package in $packages; do
			printf '%s\tpackage\n' "$package"
		done | cat - "$work/loader" "$work/library" |
			awk -v tree=$tree -v libc=$libc -f "$here/compare.awk" >>"$work/all"
	done
done
cat "$work/all"
awk -F '\t' '{ n++; bad += $NF != "agree"; chosen[$1] += $4 != "(none)" }
END {
	for (package in chosen)
		if (!chosen[package] && ++bad)
			print package ": its loader never chose anything: the test does not reach it"
	printf "variants-truth: %d choices, %d differ\n", n, bad
	exit bad > 0 || n == 0
}' "$work/all"
