#!/bin/sh
# The claims of speed and memory, each as a ratio against a named tool in the same run.
#
#   bench.sh COMPATPROBE MEASURE IMAGE_DIRECTORY SCRATCH
#
# Exit 1 where a claim does not hold.
set -eu
[ $# -eq 4 ] || { echo "usage: bench.sh COMPATPROBE MEASURE IMAGE SCRATCH" >&2; exit 64; }
probe=$1 measure=$2 image=$3 scratch=$4
rounds=${ROUNDS:-7}
. "$(dirname "$0")/lib.sh"
mkdir -p "$scratch"

field() { echo "$measured" | sed -n "$1p" | cut -f"$2"; }

scan="exec $probe scan image -q -o json=/dev/null"
layers="$image/1.tar $image/2.tar $image/3.tar"
blobs=$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' "$image/oci-gzip/index.json")
gzip_blobs=$(jq -r '.layers[].digest | ltrimstr("sha256:")' "$image/oci-gzip/blobs/sha256/$blobs" \
	| sed "s|^|$image/oci-gzip/blobs/sha256/|" | tr '\n' ' ')
manifest=$(jq -r '.manifests[0].digest | ltrimstr("sha256:")' "$image/oci-zstd/index.json")
zstd_blobs=$(jq -r '.layers[].digest | ltrimstr("sha256:")' "$image/oci-zstd/blobs/sha256/$manifest" \
	| sed "s|^|$image/oci-zstd/blobs/sha256/|" | tr '\n' ' ')
largest=$(tar -tvf "$image/2.tar" | awk '{ if ($3 > m) m = $3 } END { print int(m / 1024) }')

echo "medians of $rounds interleaved rounds, page cache warm; $(nproc) processors"
printf '%-66s %10s  %s\n' what measured wanted

measured=$($measure "$rounds" "$scan docker-archive:$image/docker.tar" \
	"for layer in $layers; do tar -tf \$layer; done")
row "docker-archive: time / 'tar -t' over the same layers" "$(ratio "$(field 1 1)" "$(field 2 1)")" "<=" 3
row "docker-archive: anonymous MiB" "$(ratio "$(field 1 2)" 1024)" "<=" "$((64 + largest / 1024))"
row "docker-archive: bytes written to disk" "$(field 1 3)" "==" 0

measured=$($measure 1 "$scan docker-archive:$image/docker.tar" \
	"rm -rf $scratch/x && mkdir $scratch/x && for layer in $layers; do tar -xf \$layer -C $scratch/x; done; scanelf -qR $scratch/x")
row "docker-archive: ('tar -x' then 'scanelf -R') / time" "$(ratio "$(field 2 1)" "$(field 1 1)")" ">=" 20
rm -rf "$scratch/x"

measured=$($measure "$rounds" "$scan oci:$image/oci-gzip" \
	"printf '%s\n' $gzip_blobs | xargs -P 2 -n 1 igzip -dc")
row "OCI gzip: time / 'igzip -dc' of the same layers, two at a time" "$(ratio "$(field 1 1)" "$(field 2 1)")" "<=" 1.3
row "OCI gzip: anonymous MiB" "$(ratio "$(field 1 2)" 1024)" "<=" "$((64 + largest / 1024))"
row "OCI gzip: bytes written to disk" "$(field 1 3)" "==" 0

measured=$($measure "$rounds" "$scan oci:$image/oci-zstd" \
	"printf '%s\n' $zstd_blobs | xargs -P 2 -n 1 zstd -qdc")
tell "OCI zstd: time / 'zstd -dc' of the same layers, two at a time" "$(ratio "$(field 1 1)" "$(field 2 1)")"
row "OCI zstd: anonymous MiB" "$(ratio "$(field 1 2)" 1024)" "<=" "$((64 + largest / 1024))"

# Growth: the service's own layer repeated under 1, 4 and 16 directories.
for times in 1 4 16; do
	[ -e "$scratch/$times.tar" ] || {
		rm -f "$scratch/$times.tar.part"
		for copy in $(seq "$times"); do
			tar -rf "$scratch/$times.tar.part" --exclude='*.node' --exclude='*.so*' \
				-C "$image/app-layer" --transform "s|^app|app$copy|" app
		done
		mv "$scratch/$times.tar.part" "$scratch/$times.tar"
	}
	[ -e "$scratch/$times/docker.tar" ] || "$(dirname "$0")/../../fixtures/images/mkimage.sh" \
		"$scratch/$times" "times$times" "" "$scratch/$times.tar"
done
measured=$($measure "$rounds" "$scan --target alpine docker-archive:$scratch/1/docker.tar" \
	"$scan --target alpine docker-archive:$scratch/4/docker.tar" \
	"$scan --target alpine docker-archive:$scratch/16/docker.tar" \
	"$scan --target alpine oci:$scratch/16/oci-gzip")
row "growth: time per file at 16x / at 4x" "$(ratio "$(field 3 1)" "(4 * $(field 2 1))")" "<=" 1.3
row "growth: time per file at 16x / at 1x" "$(ratio "$(field 3 1)" "(16 * $(field 1 1))")" "<=" 1.3
row "growth: anonymous MiB at 16x, mapped ($(tar -tf "$scratch/16.tar" | wc -l) entries)" "$(ratio "$(field 3 2)" 1024)" "<=" 64
row "growth: anonymous MiB at 16x, gzip" "$(ratio "$(field 4 2)" 1024)" "<=" 64
exit $missed
