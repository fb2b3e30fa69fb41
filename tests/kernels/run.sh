#!/bin/sh
# run.sh COMPATPROBE ENCLOSE CACHE WORK: the tracer under each kernel of CACHE/kernels, in an emulator.
#
# One initramfs (root.sh) boots them all, with the kernel's own module behind it. The guest (guest.sh)
# tells what it saw over its second serial port; here it is compared with what was expected, and
# printed as a table of kernel × feature × result. Exit 1 where a case does not hold. KERNELS="bookworm
# …" picks some; what each guest said stays in WORK.
set -eu
[ $# -eq 4 ] || { echo "usage: run.sh COMPATPROBE ENCLOSE CACHE WORK" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
probe=$1 enclose=$2 kernels=$3/kernels
emulator=
trap '[ -z "$emulator" ] || kill "$emulator" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM HUP
work=$(mkdir -p "$4" && cd "$4" && pwd)
"$here/root.sh" "$probe" "$enclose" "$work/root"
(cd "$work/root" && find . | cpio -o -H newc -R 0:0 --quiet) >"$work/initramfs"

boot() { # SUITE
	mkdir -p "$work/$1/modules"
	cp "$kernels/$1/overlay.ko" "$work/$1/modules"
	(cat "$work/initramfs" && cd "$work/$1" && find modules | cpio -o -H newc -R 0:0 --quiet) \
		>"$work/$1/initramfs"
	: >"$work/$1/told"
	timeout 400 qemu-system-x86_64 -accel tcg -cpu max -smp 2 -m 1G -nographic -no-reboot -net none \
		-kernel "$kernels/$1/vmlinuz" -initrd "$work/$1/initramfs" -append 'console=ttyS0 panic=-1' \
		-monitor none -serial "file:$work/$1/console" -serial "file:$work/$1/told" </dev/null &
	emulator=$!
	wait "$emulator" || echo "$1: the emulator ended with $?" >&2
	emulator=
	rm -f "$work/$1/initramfs"
}

suites=${KERNELS:-bullseye bookworm trixie}
for suite in $suites; do
	began=$(date +%s)
	boot "$suite"
	echo "$suite: Linux $(cat "$kernels/$suite/version"), $(($(date +%s) - began)) s" >&2
	sh "$here/judge.sh" "$here/cases" "$work/$suite/told" >"$work/$suite/results"
done

# One line per feature or case, one column per kernel; then what was seen where it is not what was
# wanted.
printf '%-50s' 'feature or case'
for suite in $suites; do printf '  %-12s' "$(cat "$kernels/$suite/version")"; done
echo
set --
for suite in $suites; do set -- "$@" "$work/$suite/results"; done
awk -F '\t' '
	FNR == 1 { file++ }
	!($1 in seen) { seen[$1] = 1; names[++count] = $1 }
	{ cell[$1, file] = $2 }
	END {
		for (i = 1; i <= count; i++) {
			printf "%-50s", names[i]
			for (f = 1; f <= file; f++)
				printf "  %-12s", (names[i], f) in cell ? cell[names[i], f] : "-"
			print ""
		}
	}' "$@"
status=0
for suite in $suites; do
	awk -F '\t' -v suite="$suite" '$2 == "MISSED" { print suite ": " $1 ": " $3; bad = 1 } END { exit bad }' \
		"$work/$suite/results" || status=1
done
exit $status
