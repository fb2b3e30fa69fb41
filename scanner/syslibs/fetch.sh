#!/bin/sh
# The lists that a release's table is made from:
#
#   fetch.sh SUITE OUT MIRROR KEYRING
#
# OUT/Packages comes through apt, which checks its signature. OUT/Contents comes as it is: mirrors
# renew it at another hour than the signed index, so make_debian.sh takes only those of its packages
# that the signed list has too.
set -eu
[ $# -eq 4 ] || { echo "usage: fetch.sh SUITE OUT MIRROR KEYRING" >&2; exit 64; }
suite=$1 out=$2 mirror=$3 keyring=$4
part=$out.part
rm -rf "$part"
mkdir -p "$part/lists/partial" "$part/cache" "$part/empty"
part=$(cd "$part" && pwd)
echo "deb [signed-by=$keyring arch=amd64] $mirror $suite main" >"$part/sources.list"
apt-get -qq update \
	-o Dir::Etc::sourcelist="$part/sources.list" -o Dir::Etc::sourceparts="$part/empty" \
	-o Dir::State::lists="$part/lists" -o Dir::Cache="$part/cache" \
	-o APT::Architecture=amd64 -o APT::Sandbox::User=root -o Acquire::Languages=none
/usr/lib/apt/apt-helper cat-file "$part"/lists/*_Packages* >"$part/Packages"
curl -fsS "$mirror/dists/$suite/main/Contents-amd64.gz" | gzip -dc >"$part/Contents"
rm -r "$part/lists" "$part/cache" "$part/empty" "$part/sources.list"
rm -rf "$out"
mv "$part" "$out"
