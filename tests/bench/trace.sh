#!/bin/sh
# What a running tracer costs those it watches, against others in the same run.
#
#   trace.sh COMPATPROBE TRACE_LOAD ENCLOSE SCRATCH
#
# Each round does the same work by turns: without a tracer, with `compatprobe trace` beside it, under
# strace, under strace's seccomp filter (of the calls that compatprobe watches), and beside bcc's
# opensnoop (-x: failed opens alone) and execsnoop, of libbpf-tools or else of bpfcc-tools, where they
# run. Medians over the rounds; the order of the first two changes with each round. The work runs in
# containers (enclose.c) but where a row says otherwise. Then, one by one, floods of several seconds: is
# anything lost? Exit 1 where a claim does not hold.
set -eu
[ $# -eq 4 ] || { echo "usage: trace.sh COMPATPROBE TRACE_LOAD ENCLOSE SCRATCH" >&2; exit 64; }
probe=$1 load=$2 enclose=$3 scratch=$4
rounds=${ROUNDS:-7}
. "$(dirname "$0")/lib.sh"
if [ "$(id -u)" != 0 ]; then
	echo "skipped: only root may trace"
	exit 0
fi
modules=2000 programs=500 starts=5
line='2026-01-01T00:00:00.000Z info: GET /api/things/17 200 12 ms - 512 bytes'
bad_line='2026-01-01T00:00:00.000Z error: GET /api/things/17 500 12 ms - upstream'
loader_line='Error loading shared library libmissing.so.1: No such file or directory'
rm -rf "$scratch"
mkdir -p "$scratch/modules"
scratch=$(cd "$scratch" && pwd)
beside='' lost_in_rounds=0
trap '[ -z "$beside" ] || kill "$beside" 2>/dev/null || true' EXIT
trap 'exit 130' INT TERM HUP

# --- tracers that run beside

# start READY_PATTERN COMMAND...: in the background, until it says that it is ready.
start() {
	ready=$1
	shift
	: >"$scratch/told"
	env --default-signal=INT PYTHONUNBUFFERED=1 "$@" </dev/null >"$scratch/told" 2>&1 &
	beside=$!
	for _ in $(seq 300); do
		! grep -q "$ready" "$scratch/told" || return 0
		kill -0 "$beside" 2>/dev/null || break
		sleep 0.1
	done
	stop || true
	return 1
}
stop() {
	kill -INT "$beside" 2>/dev/null || true
	status=0
	wait "$beside" || status=$?
	beside=
	return $status
}
count_lost() { lost=$(jq -s 'map(select(.kind == "lost") | .count // 1) | add // 0' "$scratch/events"); }
start_probe() {
	start '^compatprobe: watching' "$probe" trace -o json="$scratch/events" || {
		echo "trace.sh: compatprobe does not watch here: $(head -n 3 "$scratch/told")" >&2
		exit 1
	}
}
start_snoop() {
	case ${1##*/} in opensnoop*) failed_only=-x ;; *) failed_only= ;; esac
	start 'PCOMM\|PID' stdbuf -oL "$1" $failed_only
}

# --- the work

enclosed() { $peer "$enclose" / "$@"; }
# keep WHAT COMMAND...: what the command prints goes to the samples of this peer.
keep() {
	samples=$scratch/$1.$name
	shift
	"$@" >>"$samples" 2>/dev/null || {
		echo "trace.sh: failed ($name): $*" >&2
		exit 1
	}
}
write_to_pipe() { { enclosed "$load" write "$1" "$2" "$3" 2>&1 >&3 | cat >/dev/null; } 3>&1; }

# work NAME TRACER SCALE: every short thing once; SCALE divides the counts.
work() {
	name=$1 peer=$2 scale=$3
	keep getppid $peer "$load" getppid $((1000000 / scale)) 0
	keep getppid-enclosed enclosed "$load" getppid $((1000000 / scale)) 0
	keep open enclosed "$load" open $((200000 / scale)) 0 /srv/no/such-file
	keep open-library enclosed "$load" open $((200000 / scale)) 0 libmissing.so.1
	keep write write_to_pipe $((200000 / scale)) 0 "$line
"
	keep dlopen enclosed "$load" dlopen $((10000 / scale)) 0 libz.so.1
}
# work_long NAME TRACER STARTS: commands; that many starts of node.
work_long() {
	name=$1 peer=$2
	for _ in $(seq "$3"); do keep node $peer "$load" time "$enclose" / node "$scratch/modules/index.js"; done
	keep shell $peer "$load" time "$enclose" / sh -c \
		'i=0; while [ $i -lt '$programs' ]; do /bin/true; expr $i + 1; cat /dev/null; i=$((i + 1)); done'
}
without() { work none '' 1 && work_long none '' $starts; }
# What the tracer itself took since it was ready: % of a processor, and MiB at most.
ticks() { awk '{ sub(/.*[)] /, ""); print $12 + $13 }' "/proc/$beside/stat"; } # proc(5): utime, stime
uptime_now() { cut -d' ' -f1 /proc/uptime; }
with_probe() {
	start_probe
	from=$(uptime_now) had=$(ticks)
	work probe '' 1 && work_long probe '' $starts
	awk "BEGIN { print 100 * ($(ticks) - $had) / $(getconf CLK_TCK) / ($(uptime_now) - $from) }" >>"$scratch/own.probe"
	awk '/^VmHWM/ { print $2 / 1024 }' "/proc/$beside/status" >>"$scratch/memory.probe"
	stop || true
	count_lost
	[ "$status" = 0 ] || [ "$lost" != 0 ] || {
		echo "trace.sh: compatprobe ended with $status: $(tail -n 3 "$scratch/told")" >&2
		exit 1
	}
	lost_in_rounds=$((lost_in_rounds + lost))
}

# median WHAT PEER [FIELD], quantile WHAT PEER FIELD SHARE: of the samples that were kept.
quantile() {
	cut -f"$3" "$scratch/$1.$2" | sort -n | awk -v share="$4" \
		'{ value[NR] = $1 } END { print value[int(1 + (NR - 1) * share + 0.5)] }'
}
median() { quantile "$1" "$2" "${3:-1}" 0.5; }
minus() { awk "BEGIN { print $1 - $2 }"; }
percent() { awk "BEGIN { print 100 * ($1 / $2 - 1) }"; }

awk -v n=$modules -v to="$scratch/modules" 'BEGIN {
	for (i = 0; i < n; i++) {
		print "exports.number = " i ";" > (to "/m" i ".js"); close(to "/m" i ".js")
		print "require(\"./m" i "\");" > (to "/index.js")
	}
}'
snoops=
for snoop in opensnoop execsnoop; do
	command=$(command -v $snoop || command -v $snoop-bpfcc) || command=
	if [ -z "$command" ]; then
		echo "bcc's $snoop is not here: it is not installed"
	elif start_snoop "$command"; then
		stop || true
		snoops="$snoops $command"
	else
		echo "bcc's $snoop cannot run here: $(grep -m1 -iE 'unable|denied|failed|not permitted' "$scratch/told")"
	fi
done
strace="strace -f -o /dev/null"
seccomp="$strace --seccomp-bpf -e trace=open,openat,openat2,execve,execveat,write,writev,chroot,pivot_root"
began=$(date +%s) busy=$(cut -d' ' -f1 /proc/loadavg)
others=$(bpftool prog list 2>/dev/null | grep -c ': tracing') || true
for round in $(seq "$rounds"); do
	if [ $((round % 2)) = 1 ]; then without && with_probe; else with_probe && without; fi
	work strace "$strace" 40
	work seccomp "$seccomp" 40
	[ "$round" -gt 3 ] || { work_long strace "$strace" 1 && work_long seccomp "$seccomp" 1; }
	for snoop in $snoops; do
		start_snoop "$snoop"
		work "${snoop##*/}" '' 1
		[ "$round" -gt 3 ] || work_long "${snoop##*/}" '' 1
		stop || true
	done
done

echo "medians of $rounds rounds, tracers by turns (the node start: of $((starts * rounds)) starts; the long ones under"
echo "others than compatprobe: of 3); $(nproc) processors, $(($(date +%s) - began)) s; load $busy and"
echo "$others other tracing programs in the kernel at the start: both disturb"
printf '%-66s %10s  %s\n' what measured wanted
row "node start, $modules modules: added time, %" "$(percent "$(median node probe)" "$(median node none)")" "<=" 3
tell "    … of processor time, %" "$(percent "$(median node probe 2)" "$(median node none 2)")"
tell "    … half of the starts without a tracer lie within, %" \
	"$(percent "$(quantile node none 1 0.75)" "$(quantile node none 1 0.25)")"
tell "    … seconds without a tracer" "$(median node none)"
tell "shell loop, $((3 * programs)) programs: added time, %" "$(percent "$(median shell probe)" "$(median shell none)")"
tell "    … of processor time, %" "$(percent "$(median shell probe 2)" "$(median shell none 2)")"
tell "    … seconds without a tracer" "$(median shell none)"
for other in strace seccomp $snoops; do
	other=${other##*/}
	case $other in strace) called="strace -f" ;; seccomp) called="strace -f --seccomp-bpf" ;; *) called=$other ;; esac
	tell "node start: added time under $called, %" "$(percent "$(median node $other)" "$(median node none)")"
	tell "shell loop: added time under $called, %" "$(percent "$(median shell $other)" "$(median shell none)")"
done

# per_call WHAT LABEL: what each tracer adds to a call.
per_call() {
	before=$(median "$1" none)
	tell "$2: ns without a tracer" "$before"
	tell "    … added by compatprobe, ns" "$(minus "$(median "$1" probe)" "$before")"
	tell "    … added by compatprobe, %" "$(percent "$(median "$1" probe)" "$before")"
	tell "    … added by strace -f, ns" "$(minus "$(median "$1" strace)" "$before")"
	tell "    … added by strace -f --seccomp-bpf, ns" "$(minus "$(median "$1" seccomp)" "$before")"
	for snoop in $snoops; do
		tell "    … added by ${snoop##*/}, ns" "$(minus "$(median "$1" "${snoop##*/}")" "$before")"
	done
}
per_call getppid "unrelated call, outside of containers"
per_call getppid-enclosed "unrelated call, in a container"
for kind in open open-library; do
	case $kind in open) label="failing open" ;; *) label="failing open of libmissing.so.1" ;; esac
	per_call $kind "$label"
	row "$label: added by strace -f / by compatprobe" \
		"$(awk "BEGIN { ours = $(median $kind probe) - $before
			print ($(median $kind strace) - $before) / (ours > 1 ? ours : 1) }")" ">=" 20
done
per_call write "line to standard error"
per_call dlopen "dlopen and dlclose of a library that is there"

tell "compatprobe's own processor time meanwhile, % of a processor" "$(median own probe)"
tell "compatprobe's own memory, MiB" "$(median memory probe)"
row "lost while all this ran" "$lost_in_rounds" "==" 0

# --- floods: is anything lost?

# flood row|tell LABEL RATE PROCESSES LOAD...: some seconds of it, watched by a tracer of its own; with a
# claim or without one.
flood() {
	told=$1 label=$2 rate=$3 processes=$4
	shift 4
	name=flood peer=
	count=$((rate > 0 ? rate * 5 : 3000000))
	rm -f "$scratch/flood.flood"
	start_probe
	flooders=
	for _ in $(seq "$processes"); do
		if [ "$1" = write ]; then
			(keep flood write_to_pipe "$count" "$rate" "$2") &
		else
			(keep flood enclosed "$load" "$1" "$count" "$rate" "$2") &
		fi
		flooders="$flooders $!"
	done
	for flooder in $flooders; do wait "$flooder" || exit 1; done
	status=0
	stop || true
	count_lost
	tell "$label: calls per second" "$(cut -f2 "$scratch/flood.flood" | awk '{ sum += $1 } END { print sum }')"
	"$told" "    … lost" "$lost" "==" 0
	"$told" "    … the tracer ends with" "$status" "==" 0
}
flood row "failing opens at 200,000/s" 200000 1 open /srv/no/such-file
flood row "failing opens of libmissing.so.1 at 200,000/s" 200000 1 open libmissing.so.1
flood row "failing opens of libmissing.so.1, as fast as one can" 0 1 open libmissing.so.1
flood row "failing opens of libmissing.so.1, on all processors" 0 "$(nproc)" open libmissing.so.1
flood row "log lines at 200,000/s" 200000 1 write "$line
"
flood row "log lines that speak of errors at 200,000/s" 200000 1 write "$bad_line
"
flood tell "lines as a loader's at 200,000/s" 200000 1 write "$loader_line
"
exit $missed
