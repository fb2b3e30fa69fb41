#!/bin/sh
# The first process of the guest: watches a container per line of /cases, and tells over the second
# serial port what came of it, in sections that begin with "== NAME". Run by busybox.
export PATH=/bin
if [ "${1:-}" != second ]; then
	# pivot_root(2) refuses to leave the initramfs, so everything moves to a file system first.
	busybox mkdir /new
	busybox mount -t tmpfs -o mode=755 new /new
	busybox cp -a /bin /lib* /modules /roots /init /cases /new
	[ ! -e /usr ] || busybox cp -a /usr /new
	exec busybox switch_root /new /init second
fi
/bin/busybox --install -s /bin
mkdir -p /proc /sys /dev /tmp /run
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t securityfs securityfs /sys/kernel/security
mount -t devtmpfs dev /dev
mount -t tracefs tracefs /sys/kernel/tracing
mount -t cgroup2 cgroup2 /sys/fs/cgroup
stty -F /dev/ttyS1 raw
exec </dev/null >/dev/ttyS1 2>&1

section() { echo "== $*"; }
end() {
	section end
	sync
	poweroff -f
}

section kernel
uname -r
section version
compatprobe --version
section check
compatprobe trace --check
echo "status $?"

insmod /modules/overlay.ko || echo "no overlay" >&2
mkdir -p /overlay/upper /overlay/work /roots/overlay
mount -t overlay -o lowerdir=/roots/glibc,upperdir=/overlay/upper,workdir=/overlay/work overlay /roots/overlay

section watching
compatprobe trace -o json=/tmp/events >/dev/null 2>/tmp/told &
tracer=$!
for _ in $(seq 300); do
	grep -q '^compatprobe: watching' /tmp/told && break
	kill -0 $tracer 2>/dev/null || break
	sleep 0.2
done
cat /tmp/told
kill -0 $tracer 2>/dev/null || COMPATPROBE_LIBBPF=1 compatprobe trace --check 2>&1 | grep -v '^ ' | tail -n 40

section runs
number=0
while IFS='|' read -r name root command expected; do
	case $name in '#'*) continue ;; esac
	number=$((number + 1))
	eval "enclose -i $(printf '%064d' $number) /roots/$(echo $root) $command" >/tmp/output 2>&1
	echo "$number $?"
	while read -r line; do echo "$number : $line"; done </tmp/output
done </cases
sleep 3 # what is decided only after a while

section told
kill -INT $tracer
wait $tracer
echo "status $?"
cat /tmp/told
section events
cat /tmp/events
end
