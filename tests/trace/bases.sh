#!/bin/sh
# The images that traced containers run: a file system per libc, as a tar archive.
#
#   bases.sh ROOTS OUT
#
# ROOTS are the unpacked loaders that the truth is asked from (tests/truth/roots.sh); what is added
# to them is made by fixtures/trace/make.sh. OUT/BASE.tar is for an engine's `import`.
set -eu
[ $# -eq 2 ] || { echo "usage: bases.sh ROOTS OUT" >&2; exit 64; }
roots=$1 out=$2
make=$(dirname "$0")/../../fixtures/trace/make.sh
mkdir -p "$out"
for base in glibc-2.31 glibc-2.36 glibc-2.41 musl-1.2.5; do
	rm -rf "${out:?}/$base"
	cp -a "$roots/$base" "$out/$base"
	"$make" "${base%-*}" "$out/$base"
	tar -cf "$out/$base.tar.new" --owner=0 --group=0 -C "$out/$base" .
	mv "$out/$base.tar.new" "$out/$base.tar"
	rm -rf "${out:?}/$base"
done
