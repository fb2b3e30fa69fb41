#!/bin/sh
# roots.sh CACHE: unpacks the dynamic loaders that the truth is asked from.
#
# Three Debian releases give glibc 2.31, 2.36 and 2.41 (with the few libraries that addons want)
# and, from their package "musl", musl 1.2.2, 1.2.3 and 1.2.5. Each release has its own apt state
# under CACHE, so nothing is installed and the machine's own lists stay as they are; apt checks the
# packages against Debian's archive keys. The mirror and any proxy are those of the machine's apt.
# A root is made beside its place and then moved, so an interrupted run is simply run again.
set -eu
umask 022
cache=$(mkdir -p "$1/truth" && cd "$1/truth" && pwd)
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
glibc_packages="libc6 libc-bin libgcc-s1 libstdc++6 libatomic1 zlib1g libudev1 libcap2"

exec 9>"$cache/.roots.lock"
flock 9

mirror() {
	apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' |
		grep -m1 -E '/debian/?$' || {
		echo "roots.sh: apt's configuration names no Debian mirror" >&2
		exit 1
	}
}

# fetch SUITE: the packages of a release, into $cache/debs/SUITE.
fetch() {
	debs=$cache/debs/$1
	test ! -e "$debs/complete" || return 0
	apt=$cache/apt/$1
	rm -rf "$debs" "$apt"
	mkdir -p "$debs" "$apt/lists/partial" "$apt/archives/partial"
	: >"$apt/status"
	echo "deb [arch=amd64 signed-by=$keyring] $(mirror) $1 main" >"$apt/sources.list"
	echo "truth: packages of $1" >&2
	set -- -q=2 -o Dir::Etc::SourceList="$apt/sources.list" -o Dir::Etc::SourceParts=- \
		-o Dir::State="$apt" -o Dir::State::Lists="$apt/lists" \
		-o Dir::State::Status="$apt/status" -o Dir::Cache="$apt" \
		-o Dir::Cache::Archives="$apt/archives" -o APT::Architecture=amd64 \
		-o APT::Architectures=amd64 -o APT::Sandbox::User=root -o Acquire::Retries=3
	apt-get "$@" update
	(cd "$debs" && apt-get "$@" download $glibc_packages musl)
	rm -rf "$apt"
	: >"$debs/complete"
}

# unpack ROOT DEB...: the files of packages, less what no loader looks at.
unpack() {
	into=$1
	shift
	for deb; do
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$into" --keep-directory-symlink \
			--exclude './usr/share/*' --exclude '*/gconv/*' --exclude '*/audit/*'
	done
	mkdir -p "$into/dev" "$into/etc" "$into/proc" "$into/tmp" "$into/usr/local/bin"
}

# As Debian's images are: /lib is a link since bookworm.
merge_usr() {
	test "$2" != bullseye || return 0
	mkdir -p "$1/usr/bin" "$1/usr/sbin" "$1/usr/lib" "$1/usr/lib64"
	ln -s usr/bin usr/sbin usr/lib usr/lib64 "$1"
}

# version SUITE PACKAGE: upstream's version of a library.
version() {
	dpkg-deb -f "$(echo "$cache/debs/$1/$2"_*.deb)" Version | sed 's/-.*//'
}

glibc_root() {
	root=$cache/roots/glibc-$(version "$1" libc6)
	test ! -d "$root" || return 0
	new=$cache/new
	rm -rf "$new"
	mkdir -p "$new" "$cache/roots"
	merge_usr "$new" "$1"
	for package in $glibc_packages; do
		unpack "$new" "$cache/debs/$1/${package}"_*.deb
	done
	ldconfig -r "$new"
	mv "$new" "$root"
}

musl_root() {
	root=$cache/roots/musl-$(version "$1" musl)
	test ! -d "$root" || return 0
	new=$cache/new
	rm -rf "$new"
	mkdir -p "$new" "$cache/roots"
	merge_usr "$new" "$1"
	unpack "$new" "$cache/debs/$1"/musl_*.deb
	mv "$new" "$root"
}

for suite in bullseye bookworm trixie; do
	fetch "$suite"
	glibc_root "$suite"
	musl_root "$suite"
done
