#!/bin/sh
# root.sh COMPATPROBE ENCLOSE DIRECTORY: lays out the initramfs that every kernel boots.
#
# At its top the program under test with its libraries, busybox, enclose and the guest's script; below
# /roots a root directory with glibc and one with musl, each with a host program ("node") and, in
# /app, an object for each way to fail.
set -eu
umask 022
[ $# -eq 3 ] || { echo "usage: root.sh COMPATPROBE ENCLOSE DIRECTORY" >&2; exit 64; }
here=$(dirname "$0")
probe=$1 enclose=$2 top=$3
rm -rf "$top"
mkdir -p "$top/bin" "$top/modules"

# install_program FILE ROOT: a program into ROOT/bin, its loader and libraries to where they are here.
install_program() {
	install -s "$1" "$2/bin"
	for library in $(ldd "$1" | grep -o '/[^ ]*'); do
		mkdir -p "$2$(dirname "$library")"
		cp -L "$library" "$2$library"
	done
}

install_program "$probe" "$top"
cp "$(command -v busybox)" "$enclose" "$top/bin"
ln -s busybox "$top/bin/sh"
install -m 755 "$here/guest.sh" "$top/init"
cp "$here/cases" "$top"

# library NAME: an empty one to link against, which is then missing.
library() { : | $cc -shared -x c - -Wl,-soname,"$1" -o "$stubs/$1"; }
# object NAME [OPTION...]: an addon of /app, from C on stdin.
object() {
	file=$app/$1
	shift
	$cc -shared -fPIC -x c - -x none "$@" -o "$file"
}

stubs=$top/stubs
for libc in glibc musl; do
	root=$top/roots/$libc app=$root/app
	mkdir -p "$root/bin" "$root/proc" "$root/dev" "$root/tmp" "$app" "$stubs"
	cp "$top/bin/busybox" "$root/bin"
	ln -s busybox "$root/bin/sh"
	if [ $libc = glibc ]; then
		cc=gcc other=libc.musl-x86_64.so.1
		$cc "$here/node.c" -o "$stubs/node"
		install_program "$stubs/node" "$root"
	else
		cc=musl-gcc other=ld-linux-x86-64.so.2
		$cc "$here/node.c" -o "$root/bin/node"
		mkdir "$root/lib"
		cp -L /lib/ld-musl-x86_64.so.1 "$root/lib"
	fi
	library libabsent.so.1
	library "$other"
	echo 'void run(void) {}' | object good.node
	echo 'void run(void) { *(volatile int *)0 = 1; }' | object crash.node
	echo 'extern void absent(void); void run(void) { absent(); }' | object symbol.node -Wl,-z,lazy
	echo 'void run(void) {}' | object library.node -Wl,--no-as-needed "$stubs/libabsent.so.1"
	echo 'void run(void) {}' | object other-libc.node -Wl,--no-as-needed "$stubs/$other"
	cp "$here/root.sh" "$app/text.node"
	echo 'int main(void) { return 0; }' >"$stubs/main.c"
	$cc "$stubs/main.c" -Wl,--no-as-needed "$stubs/libabsent.so.1" -o "$app/start"
	$cc "$stubs/main.c" -Wl,--dynamic-linker=/lib/ld-absent.so.1 -o "$app/interpreter"
	$cc -static "$stubs/main.c" -o "$app/machine"
	printf '\267\0' | dd of="$app/machine" bs=1 seek=18 conv=notrunc status=none # AArch64
	printf '#!/bin/absent\n' >"$app/script"
	printf '#!/bin/sh\r\n' >"$app/crlf"
	printf '#!/bin/sh\n' >"$app/not-executable"
	chmod 755 "$app/script" "$app/crlf"
	rm -r "$stubs"
done
