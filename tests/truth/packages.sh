#!/bin/sh
# packages.sh CACHE LIST [short]: fetches the npm packages of LIST and keeps their ELF objects.
#
# npm checks each archive's integrity against the registry's metadata. The objects end in
# CACHE/truth/pkg/NAME@VERSION/, at the paths that they have in the package. An interrupted run is
# simply run again.
set -eu
umask 022
cache=$(mkdir -p "$1/truth" && cd "$1/truth" && pwd)
exec 9>"$cache/.packages.lock"
flock 9

# objects DIRECTORY: removes what is not an ELF object.
objects() {
	find "$1" -type f | while IFS= read -r file; do
		test "$(head -c 4 "$file" | tail -c 3)" = ELF || rm "$file"
	done
	find "$1" -depth -type d -empty -delete
}

fetch() {
	place=$cache/pkg/$1
	test ! -d "$place" || return 0
	new=$cache/new-package
	rm -rf "$new"
	mkdir -p "$new/objects" "$(dirname "$place")"
	echo "truth: $1" >&2
	(cd "$new" && npm pack --loglevel=error "$1" >/dev/null </dev/null)
	tar -xzf "$new"/*.tgz -C "$new/objects" --strip-components=1 --no-same-owner --wildcards \
		'*.node' '*.so' '*.so.*' '*/bin/*' 2>/dev/null || true # a pattern may match nothing
	objects "$new/objects"
	test -d "$new/objects" || {
		echo "packages.sh: $1 has no ELF objects" >&2
		return 1
	}
	mv "$new/objects" "$place"
	rm -rf "$new"
}

grep -v '^#' "$2" | while read -r spec short; do
	test -z "${3-}" || test "$3" = "$short" || continue
	fetch "$spec"
done
