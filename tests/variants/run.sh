#!/bin/sh
# Which build a package's loader picks: the library's answer beside the loader's own.
#
#   run.sh CACHE CHOOSE
#
# Installs the packages of package.json as npm does on a glibc and on a musl machine, and makes a
# third tree of both (what npm ci leaves behind with a lock file that says nothing of libc). Each
# package's JavaScript then runs as on Debian and as on Alpine (observe.js), and on machines that are
# neither, once where all loads and once where nothing does; CHOOSE (choose.c) tells what the library takes for its choice and
# its order. Prints a table, and fails where they differ.
set -eu
cache=$(mkdir -p "$1/variants" && cd "$1/variants" && pwd -P)
choose=$2
node=${NODE:-node} # the Node that runs the loaders
here=$(cd "$(dirname "$0")" && pwd)
stamp=$cache/$(sha256sum "$here/package.json" | cut -c1-12)

# --- machines --------------------------------------------------------------------------

# The files that loaders ask for. Where a machine is neither Debian nor Alpine, the ways of telling
# musl fall apart: Void has no alpine-release; a glibc put into Alpine has musl's ldd beside it.
machine() { # NAME LIBC ARCH RELEASE LDD
	root=$cache/machines/$1
	rm -rf "$root"
	mkdir -p "$root/etc" "$root/usr/bin" "$root/proc/self"
	printf '%s %s\n' "$2" "$3" >"$root/platform"
	printf 'ID=%s\n' "$4" >"$root/etc/os-release"
	[ "$4" != alpine ] || echo 3.20.3 >"$root/etc/alpine-release"
	printf '#!/bin/sh\n# %s\n' "$5" >"$root/usr/bin/ldd"
	case $2 in
	musl) compiler=musl-gcc loader=/lib/ld-musl-x86_64.so.1 ;;
	glibc) compiler=gcc loader=/lib64/ld-linux-x86-64.so.2 ;;
	esac
	printf '7f00-7f01 r-xp 00000000 00:00 0 %s\n' "$loader" >"$root/proc/self/maps"
	printf 'int main(void) { return 0; }\n' | $compiler -x c - -o "$root/proc/self/exe"
}

machine debian glibc x64 debian 'This file is part of the GNU C Library.'
machine alpine musl x64 alpine 'exec /lib/ld-musl-x86_64.so.1 --list'
machine alpine-arm64 musl arm64 alpine 'exec /lib/ld-musl-aarch64.so.1 --list'
machine void musl x64 void 'exec /lib/ld-musl-x86_64.so.1 --list'
machine alpine-glibc glibc x64 alpine 'exec /lib/ld-musl-x86_64.so.1 --list'

# --- trees -------------------------------------------------------------------------------

# Scripts are left out but for the package that has nothing to load until it is compiled.
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
	(cd "$stamp/glibc" && npm rebuild --loglevel=error bcrypt-5)
	cp -al "$stamp/glibc" "$stamp/both"
	cp -aln "$stamp/musl/." "$stamp/both/"
	touch "$stamp/complete"
fi

# --- the comparison ------------------------------------------------------------------------

packages=$("$node" -p "Object.keys(require('$here/package.json').dependencies).join(' ')")
node_says=$("$node" -p '[process.versions.node.split(".")[0], process.versions.modules,
	process.versions.napi].join(" ")')
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

observe() { # TREE MACHINE
	for package in $packages; do
		printf '%s\n' "accept $stamp/$1 $package" "refuse $stamp/$1 $package"
	done | xargs -P 2 -L 1 "$node" "$here/observe.js" "$cache/machines/$2" 2>/dev/null
}

compare() { # TREE MACHINE
	observe "$1" "$2" >"$work/loader"
	# shellcheck disable=SC2046,SC2086 # they are words
	(cd "$stamp/$1" && "$choose" $(cat "$cache/machines/$2/platform") $node_says \
		"$cache/machines/$2" . $(printf 'node_modules/%s ' $packages)) >"$work/library"
	for package in $packages; do
		printf '%s\tpackage\n' "$package"
	done | cat - "$work/loader" "$work/library" |
		awk -v tree="$1" -v machine="$2" -f "$here/compare.awk" >>"$work/all"
}

for tree in glibc musl both; do
	compare $tree debian
	compare $tree alpine
done
compare both alpine-arm64
compare both void
compare both alpine-glibc
cat "$work/all"
awk -F '\t' '{ n++; bad += $NF != "agree"; chosen[$1] += $4 != "(none)" }
END {
	for (package in chosen)
		if (!chosen[package] && ++bad)
			print package ": its loader never chose anything: the test does not reach it"
	printf "variants-truth: %d choices, %d differ\n", n, bad
	exit bad > 0 || n == 0
}' "$work/all"
