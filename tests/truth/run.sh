#!/bin/sh
# run.sh CACHE BUILD full|short [OPTION...]: fetches, lays out and asks; OPTIONs go to truth.c's program.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cache=$1
build=$2
short=$(test "$3" = full || echo short)
shift 3
if test "$(id -u)" != 0 || ! chroot / true 2>/dev/null; then
	echo "skipped: only root may chroot into a loader's root"
	exit 0
fi
sh "$here/roots.sh" "$cache"
sh "$here/packages.sh" "$cache" "$here/packages.txt" $short
run=$(mktemp -d "$cache/truth/run.XXXXXX")
trap 'rm -rf "$run"' EXIT
trap 'exit 130' INT TERM HUP
sh "$here/prepare.sh" "$cache" "$run" "$here/../../fixtures/loaders" "$build" $short
"$build/truth" "$@" "$run"/*
