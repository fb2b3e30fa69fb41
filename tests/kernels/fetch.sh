#!/bin/sh
# fetch.sh CACHE: Debian's kernels for virtual machines, the newest of each suite's index.
#
# Nothing is installed: each suite has its own apt state for the time of the download, and apt checks
# the package against Debian's archive keys. What stays is CACHE/kernels/SUITE with vmlinuz, the one
# module that the tests want (overlay.ko) and the version. Made beside its place and then moved.
set -eu
umask 022
cache=$(mkdir -p "$1/kernels" && cd "$1/kernels" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg

exec 9>"$cache/.lock"
flock 9

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
	grep -m1 -E '/debian/?$') || {
	echo "fetch.sh: apt's configuration names no Debian mirror" >&2
	exit 1
}

for suite in bullseye bookworm trixie; do
	[ ! -e "$cache/$suite/vmlinuz" ] || continue
	new=$cache/new
	rm -rf "$new"
	mkdir -p "$new/apt/lists/partial" "$new/apt/archives/partial" "$new/files" "$new/kernel"
	: >"$new/apt/status"
	echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main" >"$new/apt/sources.list"
	echo "kernels: the kernel of $suite" >&2
	set -- -q=2 -o Dir::Etc::SourceList="$new/apt/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$new/apt" -o Dir::State::Lists="$new/apt/lists" \
		-o Dir::State::Status="$new/apt/status" -o Dir::Cache="$new/apt" \
		-o Dir::Cache::Archives="$new/apt/archives" -o APT::Architecture=amd64 \
		-o APT::Architectures=amd64 -o APT::Sandbox::User=root -o Acquire::Retries=3
	apt-get "$@" update
	package=$(apt-cache "$@" depends linux-image-cloud-amd64 | awk '/Depends: linux-image-/ { print $2 }')
	(cd "$new" && apt-get "$@" download "$package")
	dpkg-deb -x "$new"/linux-image-*.deb "$new/files"
	cp "$new"/files/boot/vmlinuz-* "$new/kernel/vmlinuz"
	module=$(find "$new/files" -name 'overlay.ko*')
	case $module in
	*.xz) xz -dc "$module" >"$new/kernel/overlay.ko" ;;
	*) cp "$module" "$new/kernel/overlay.ko" ;;
	esac
	dpkg-deb -f "$new"/linux-image-*.deb Version >"$new/kernel/version"
	mv "$new/kernel" "$cache/$suite"
	rm -rf "$new"
done
