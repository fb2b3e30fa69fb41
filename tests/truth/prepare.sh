#!/bin/sh
# prepare.sh CACHE RUN FIXTURES BUILD [short]: lays out what the loaders are asked about.
#
# RUN/LIBC-VERSION[-cxx]/ are copies of the unpacked roots (by hard links, so RUN must be on CACHE's
# file system). Each gets a host as /usr/local/bin/node, the npm packages' objects in /pkg and the
# tiny cases in /case. No musl build of libstdc++ is to be had from Debian: the plain musl roots go
# without one, as a bare Alpine does, and the -cxx ones get a stand-in that defines the same names.
# A case that changes its root gets a root of its own, RUN/LIBC-VERSION@CASE.
set -eu
umask 022
cache=$(cd "$1/truth" && pwd)
mkdir -p "$2" "$4"
run=$(cd "$2" && pwd)
fixtures=$3
build=$(cd "$4" && pwd)
short=${5-}
here=$(cd "$(dirname "$0")" && pwd)
gnu=lib/x86_64-linux-gnu
musl=lib/x86_64-linux-musl

packages() {
	grep -v '^#' "$here/packages.txt" | while read -r spec mark; do
		test -z "$short" || test "$mark" = "$short" || continue
		echo "$spec"
	done
}

# dynamic DEFINED FILE...: "TYPE NAME" of each dynamic symbol that is (1) or is not (0) defined.
dynamic() {
	wanted=$1
	shift
	readelf -W --dyn-syms "$@" 2>/dev/null | awk -v wanted="$wanted" '
		$1 ~ /^[0-9]+:$/ && $5 != "LOCAL" && NF >= 8 && ($7 != "UND") == wanted {
			sub(/@.*/, "", $8); print $4, $8
		}'
}

# What Node 20 exports: its own list, and what the packages ask of a Node, be it newer or older. What
# @datadog/pprof asks is left out: its builds, one per Node ABI, show what a wrong ABI gives. Names
# that every program has, and those of the libraries (Node's copies of their data, inlined C++), are
# not stubbed, since the libraries themselves would be bound to the stubs.
node_names() {
	{
		for library in libc.so.6 libm.so.6 libgcc_s.so.1 libstdc++.so.6; do
			dynamic 1 "$cache/roots/glibc-2.41/$gnu/$library" | sed 's/^/LIBRARY /'
		done
		"$build/truth" -e 20
		packages | grep -v '^@datadog/pprof@' | while read -r spec; do
			find "$cache/pkg/$spec" -type f | while IFS= read -r object; do
				dynamic 0 "$object"
			done
		done | awk '$2 ~ /^(napi_|node_|uv_|_ZNK?2v8|_ZNK?4node)/ { print "FUNC", $2 }'
	} | awk '
		$1 == "LIBRARY" { skip[$3] = 1; next }
		!($2 in skip) && $2 !~ /^(main|_start|_init|_fini|_edata|_end|__bss_start|__data_start|data_start|_IO_stdin_used|__dso_handle|__TMC_END__)$/'
}

# What libstdc++ and libgcc define for musl, on top of ROOT's musl.
stand_ins() {
	libraries=$1/usr/$musl
	mkdir -p "$libraries"
	for library in libgcc_s.so.1 libstdc++.so.6; do
		dynamic 1 "$cache/roots/glibc-2.41/$gnu/$library" | awk '$2 !~ /^(GCC|GLIBC|GLIBCXX|CXXABI)_/' |
			sh "$here/stubs.sh" >"$build/$library.S"
		needed=$(test $library = libgcc_s.so.1 || echo "$libraries/libgcc_s.so.1")
		gcc -shared -nostdlib -Wl,-soname,$library -Wl,--no-as-needed "$build/$library.S" \
			$needed -L"$1/$musl" -l:libc.so -o "$libraries/$library"
	done
}

# host ROOT LIBRARY...: builds ROOT's /usr/local/bin/node, which needs the libraries named.
host() {
	root=$1
	shift
	gcc -O1 -fno-stack-protector -rdynamic -nodefaultlibs -Wl,--no-as-needed \
		-Wl,--allow-shlib-undefined -I"$here" "$here/host.c" "$build/node.o" "$@" \
		-o "$root/usr/local/bin/node"
}

glibc_host() {
	libraries=
	for name in libdl.so.2 libstdc++.so.6 libm.so.6 libgcc_s.so.1 libpthread.so.0 libc.so.6; do
		library=$1/$gnu/$name
		test -e "$library" || library=$1/usr/$gnu/$name
		libraries="$libraries $library"
	done
	host "$1" $libraries "$1/$gnu/ld-linux-x86-64.so.2"
}

musl_host() {
	libraries=
	case $1 in
	*-cxx) libraries="$1/usr/$musl/libstdc++.so.6 $1/usr/$musl/libgcc_s.so.1" ;;
	esac
	host "$1" -Wl,-dynamic-linker,/lib/ld-musl-x86_64.so.1 $libraries -L"$1/$musl" -l:libc.so
}

# own_root ROOT CASE OBJECTS: a copy of ROOT with the files that the case wants in its root.
own_root() {
	own=$1@$2
	cp -al "$1" "$own"
	rm -rf "$own/case" "$own/pkg"
	sed -n 's/^root-remove: *//p' "$3/case.txt" | while IFS= read -r file; do
		rm -f "$own/${file#/}"
	done
	sed -n 's/^root-file: *//p' "$3/case.txt" | while IFS= read -r line; do
		file=${line%%=*}
		file=$own/${file#/}
		mkdir -p "$(dirname "$file")"
		rm -f "$file" # not the shared one
		printf '%b' "${line#*=}" >"$file"
	done
	sed -n 's/^root-copy: *//p' "$3/case.txt" | while IFS= read -r line; do
		file=${line%%=*}
		file=$own/${file#/}
		mkdir -p "$(dirname "$file")"
		cp "$3/${line#*=}" "$file"
	done
	test ! -e "$own/etc/ld.so.cache" || ldconfig -r "$own"
	echo "$own"
}

# cases LIBC CC: builds each tiny case that is about LIBC's loader, and puts it into its roots.
cases() {
	for script in "$fixtures"/*/build.sh; do
		case=$(basename "$(dirname "$script")")
		about=$(sed -n 's/^loaders://p' "$fixtures/$case/case.txt")
		case " ${about:-$1} " in
		*" $1 "*) ;;
		*) continue ;;
		esac
		out=$build/cases/$1/$case
		if test ! -e "$out/case.txt" ||
			test -n "$(find "$fixtures/$case" "$fixtures"/*.* -newer "$out/case.txt")"; then
			rm -rf "$out"
			mkdir -p "$out"
			CC=$2 OUT=$out SRC=$fixtures/$case sh "$script"
			cp "$fixtures/$case/case.txt" "$out"
		fi
		for root in "$run/$1"-*; do
			case $root in
			*@* | *-cxx) continue ;;
			esac
			if grep -q '^root-' "$out/case.txt"; then
				root=$(own_root "$root" "$case" "$out")
			fi
			mkdir -p "$root/case"
			cp -a "$out" "$root/case"
		done
	done
}

add_packages() {
	packages | while read -r spec; do
		mkdir -p "$1/pkg/$(dirname "$spec")"
		cp -al "$cache/pkg/$spec" "$1/pkg/$spec"
		ln -sfn "$(basename "$spec")" "$1/pkg/${spec%@*}" # sharp finds libvips so
	done
}

node_names | sh "$here/stubs.sh" >"$build/node.S"
gcc -c "$build/node.S" -o "$build/node.o"
for root in "$cache"/roots/glibc-*; do
	cp -al "$root" "$run"
	glibc_host "$run/$(basename "$root")"
done
for root in "$cache"/roots/musl-*; do
	plain=$run/$(basename "$root")
	cp -al "$root" "$plain"
	cp -al "$root" "$plain-cxx"
	stand_ins "$plain-cxx"
	musl_host "$plain"
	musl_host "$plain-cxx"
done
cases glibc gcc &
cases musl musl-gcc
wait $!
for root in "$run"/*; do
	case $root in
	*@*) ;;
	*) add_packages "$root" ;;
	esac
done
