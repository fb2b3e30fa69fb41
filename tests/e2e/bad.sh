#!/bin/sh
# Bad input, as a user meets it: a clear error that names the file, the right exit
# status, bounded time and memory.
#
#   bad.sh COMPATPROBE
set -eu
[ $# -eq 1 ] || { echo "usage: bad.sh COMPATPROBE" >&2; exit 64; }
probe=$1
here=$(dirname "$0")
. "$here/lib.sh"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
limit_kib=$((2 * 1024 * 1024)) # address space, a bound no honest scan of these comes near
limit_seconds=60

# scan WHAT STATUS PATTERN REF...: the exit status, and a line of the output.
scan() {
	what=$1 wanted=$2 pattern=$3
	shift 3
	status=0
	(ulimit -v $limit_kib; exec timeout $limit_seconds "$probe" scan image "$@") > "$work/out" 2>&1 || status=$?
	expect "$what: exit status" "$wanted" "$status"
	expect_match "$what" "$pattern" "$work/out"
}

mkdir -p "$work/layer/app/node_modules/a"
printf '{"name":"a","version":"1.0.0"}' > "$work/layer/app/node_modules/a/package.json"
cp /bin/true "$work/layer/app/true"
tar -cf "$work/layer.tar" -C "$work/layer" app
make_image() { "$here/../../fixtures/images/mkimage.sh" "$@"; }
make_image "$work/good" good:1 "" "$work/layer.tar"
scan "a good image" 0 . "docker-archive:$work/good/docker.tar"

# --- missing, wrong type, empty
scan "a missing file" 1 "$work/none.tar" "docker-archive:$work/none.tar"
scan "an unknown transport's word" 1 "nonsense" "docker-archive:nonsense"
: > "$work/empty.tar"
scan "an empty file" 1 "empty.tar" "docker-archive:$work/empty.tar"
head -c 100000 /dev/urandom > "$work/noise.tar"
scan "noise" 1 "noise.tar" "docker-archive:$work/noise.tar"
scan "a directory that is no layout" 1 "oci-layout|index.json" "oci:$work/layer"

# --- archives
# The last tenth is the padding of tar's last record.
size=$(stat -c %s "$work/good/docker.tar")
for part in 1 2 3 4 5 6 7 8; do
	head -c $((size * part / 10)) "$work/good/docker.tar" > "$work/cut.tar"
	scan "an archive cut at $part/10" 1 "cut.tar|layer.tar" "docker-archive:$work/cut.tar"
done
rm -rf "$work/m" && mkdir "$work/m" && tar -xf "$work/good/docker.tar" -C "$work/m"
printf 'not json' > "$work/m/manifest.json"
tar -cf "$work/notjson.tar" -C "$work/m" .
scan "a manifest that is not JSON" 1 "manifest.json" "docker-archive:$work/notjson.tar"
printf '[{"Config":"../../etc/passwd","Layers":["/etc/passwd"]}]' > "$work/m/manifest.json"
tar -cf "$work/escape.tar" -C "$work/m" .
scan "a manifest that points outside" 1 "manifest.json|etc/passwd" "docker-archive:$work/escape.tar"
printf '[{"Config":"none.json","Layers":["none/layer.tar"]}]' > "$work/m/manifest.json"
tar -cf "$work/nolayer.tar" -C "$work/m" .
scan "a missing layer" 1 "none" "docker-archive:$work/nolayer.tar"

# --- layouts
blob=$(jq -r '.manifests[0].digest' "$work/good/oci-gzip/index.json" | cut -d: -f2)
layer=$(jq -r '.layers[0].digest' "$work/good/oci-gzip/blobs/sha256/$blob" | cut -d: -f2)
cp -a "$work/good/oci-gzip" "$work/cutlayer"
truncate -s -100 "$work/cutlayer/blobs/sha256/$layer"
scan "a truncated gzip layer" 1 "$layer" "oci:$work/cutlayer"
cp -a "$work/good/oci-gzip" "$work/wrong"
gzip -c < /bin/true > "$work/wrong/blobs/sha256/$layer"
scan "a layer with the wrong digest" 1 "$layer" "oci:$work/wrong"
cp -a "$work/good/oci-gzip" "$work/lost"
rm "$work/lost/blobs/sha256/$layer"
scan "a lost blob" 1 "$layer" "oci:$work/lost"

# --- layers
one() { make_image "$work/$1" "$1:1" "" "$2"; }
(cd "$work/layer" && tar -cf "$work/dotdot.tar" -P --transform 's|^|../../|' app)
one dotdot "$work/dotdot.tar"
scan "names with .." 1 "\.\." "docker-archive:$work/dotdot/docker.tar"
(cd "$work/layer" && tar -cf "$work/absolute.tar" -P --transform 's|^|/|' app)
one absolute "$work/absolute.tar"
scan "absolute names stay inside" 0 . "docker-archive:$work/absolute/docker.tar"
mkdir -p "$work/loops/lib" "$work/loops/usr"
ln -s b "$work/loops/lib/a" && ln -s a "$work/loops/lib/b" && ln -s ../lib/a "$work/loops/usr/lib"
ln -s a "$work/loops/lib/libc.so.6"
for i in $(seq 200); do ln -s "c$((i + 1))" "$work/loops/lib/c$i"; done
mkdir "$work/loops/etc" && ln -s ../lib/c1 "$work/loops/etc/os-release"
cp /bin/true "$work/loops/true"
tar -cf "$work/loops.tar" -C "$work/loops" .
one loops "$work/loops.tar"
scan "symlink loops and endless chains" 0 . "docker-archive:$work/loops/docker.tar"
mkdir "$work/sparse" && truncate -s 10G "$work/sparse/hole.so"
tar -cSf "$work/sparse.tar" -C "$work/sparse" hole.so
one sparse "$work/sparse.tar"
scan "a sparse file of 10 GB" 0 . "docker-archive:$work/sparse/docker.tar"
awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "d%d/f%d\n", i % 3000, i }' > "$work/names"
"$here/../../$BUILD/many_entries" "$work/names" > "$work/many.tar"
one many "$work/many.tar"
scan "a million entries, mapped" 0 . "docker-archive:$work/many/docker.tar"
scan "a million entries, gzip" 0 . "oci:$work/many/oci-gzip"
rm -rf "$work/many" "$work/many.tar"

# --- objects
mkdir -p "$work/elf/app"
size=$(stat -c %s /bin/true)
for part in 1 2 3 4 5 6 7 8 9; do
	head -c $((size * part / 10)) /bin/true > "$work/elf/app/cut$part.node"
done
printf '\177ELF' > "$work/elf/app/magic.node"
tar -cf "$work/elf.tar" -C "$work/elf" app
one elf "$work/elf.tar"
scan "cut objects spoil only themselves" 0 . "docker-archive:$work/elf/docker.tar"
sum_up "e2e bad input"
