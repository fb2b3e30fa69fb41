#!/bin/sh
# The tracer under bad input: names with anything in them, engines that hang or lie, full disks, and
# its own death.
#
#   hostile.sh PROBE IMAGES FAKE_ENGINE
set -eu
[ $# -eq 3 ] || { echo "usage: hostile.sh PROBE IMAGES FAKE_ENGINE" >&2; exit 64; }
here=$(cd "$(dirname "$0")" && pwd)
. "$here/engine.sh"
. "$here/../e2e/lib.sh"
probe=$(readlink -f "$1") images=$2 fake=$(readlink -f "$3")
work=$(mktemp -d)
tracer='' faker=''
ended() {
	for pid in $tracer $faker; do kill -9 "$pid" 2>/dev/null || true; done
	engine_stop
	rm -rf "$work"
}
trap ended EXIT
trap 'exit 1' INT TERM
# Each command below ends with its container; this machine's other containers may lose what they like.
after='--duration 0 --allow-loss'
limit=60 # seconds that no trace below comes near

engine_start podman "$work/engine" || engine_start docker "$work/engine" ||
	{ echo "skipped: $engine_problem"; exit 0; }
image=localhost/hostile:1
engine import "$images/glibc-2.36.tar" "$image" >/dev/null 2>&1
engine import "$images/musl-1.2.5.tar" "$image-musl" >/dev/null 2>&1
escape=$(printf '\033')
line='
'

# trace STATUS WHAT ARGUMENT...: the exit status, within the limit.
trace() {
	# shellcheck disable=SC2086
	wanted=$1 what=$2 status=0
	shift 2
	rm -f "$work/events" "$work/id"
	DOCKER_HOST=${engine_told:-$engine_socket} timeout -k 5 $limit "$probe" trace $after "$@" \
		>"$work/out" 2>"$work/err" || status=$?
	expect "$what: exit status" "$wanted" "$status"
	[ "$status" = "$wanted" ] || head -n 5 "$work/err"
}
# in_container ARGUMENT...: as `run` of the engine wants it.
in_container() {
	# shellcheck disable=SC2086
	set -- "$engine_tool" run --rm --cidfile "$work/id" $engine_flags -v "$work/odd:/odd" -e PATH=/usr/local/bin:/usr/bin "$@"
	for word; do printf "'%s' " "$(printf '%s' "$word" | sed "s/'/'\\\\''/g")"; done >"$work/command"
	printf '#!/bin/sh\n%s >/dev/null 2>&1\ntrue\n' "$(cat "$work/command")" >"$work/up"
	chmod +x "$work/up"
}
# event FILTER: of the events that are our container's.
event() {
	jq -r --arg id "$(cat "$work/id" 2>/dev/null)" "select(.container.id == \$id) | $1" "$work/events" 2>/dev/null ||
		echo "no JSON"
}
# no_controls WHAT FILE: what a terminal would act upon is escaped.
no_controls() {
	expect "$1: no control characters" 0 "$(LC_ALL=C tr -d '\n\t\040-\176\200-\377' <"$2" | wc -c | tr -d ' ')"
}

# --- names
mkdir -p "$work/odd"
odd="odd ${escape}[31m${line}name	\"of\" \\ %s it.node"
: >"$work/odd/$odd"
in_container --entrypoint host "$image" "/odd/$odd"
trace 0 "an addon's odd name" -o json="$work/events" -- "$work/up"
expect "an addon's odd name: told" "/odd/$odd" "$(event 'select(.kind == "dlopen_failed").object')"
expect "an addon's odd name: once" 1 "$(event .kind | wc -l | tr -d ' ')"
expect "an addon's odd name: a line for each event" "$(jq -s length "$work/events")" "$(wc -l <"$work/events" | tr -d ' ')"
trace 0 "an addon's odd name, for people" -- "$work/up"
no_controls "an addon's odd name, for people" "$work/out"
expect_match "an addon's odd name, for people" 'of. .* it\.node' "$work/out"

in_container --entrypoint host "$image-musl" "/odd/$odd"
trace 0 "an addon's odd name, musl" -o json="$work/events" -- "$work/up"
expect "an addon's odd name, musl: told" "/odd/$odd" "$(event 'select(.kind == "dlopen_failed").object')"

directory=$(printf '%0250d' 0)
deep=/odd
while [ ${#deep} -lt 3800 ]; do deep=$deep/$directory; done
deep=$deep/$(printf "%0$((4095 - ${#deep} - 1))d" 1)
(cd "$work/odd" && for _ in $(seq 15); do mkdir "$directory" && cd -P "$directory"; done && : >"${deep##*/}")
in_container --entrypoint host "$image" "$deep"
trace 0 "an addon's path of 4,095 bytes" -o json="$work/events" -- "$work/up"
expect "an addon's path of 4,095 bytes: told" "$deep" "$(event 'select(.kind == "dlopen_failed").object')"
in_container --entrypoint host "$image" "${deep}0"
trace 0 "an addon's path that is too long" -o json="$work/events" -- "$work/up"
expect "an addon's path that is too long: told" dlopen_failed "$(event .kind)"
in_container --entrypoint run "$image" "$deep"
trace 0 "a program's path of 4,095 bytes" -o json="$work/events" -- "$work/up"
expect "a program's path of 4,095 bytes: told" exec_failed "$(event .kind)"

engine create --name copy "$image" true >/dev/null 2>&1
engine cp copy:/usr/local/bin/host "$work/odd/host"
engine rm copy >/dev/null 2>&1
comm="${escape}[2J${line}x\\"
cp "$work/odd/host" "$work/odd/$comm"
in_container --entrypoint run "$image" "/odd/$comm" /case/missing-library/main.node
trace 0 "a program's odd name" -o json="$work/events" -- "$work/up"
expect "a program's odd name: told" "$comm" "$(event 'select(.kind == "dlopen_failed").process.comm')"
expect "a program's odd name: exe" "/odd/$comm" "$(event 'select(.kind == "dlopen_failed").process.exe')"
trace 0 "a program's odd name, for people" -- "$work/up"
no_controls "a program's odd name, for people" "$work/out"

in_container --label "com.docker.compose.service=$odd" --label "com.docker.compose.project=$comm" \
	--entrypoint host "$image" /case/missing-library/main.node
trace 0 "odd labels" -o json="$work/events" -- "$work/up"
expect "odd labels: service" "$odd" "$(event .service)"
expect "odd labels: project" "$comm" "$(event .project)"
trace 0 "odd labels, for people" -- "$work/up"
no_controls "odd labels, for people" "$work/out"

# A process may write any loader's words; what it writes is no order to a terminal.
in_container --entrypoint sh "$image" -c "printf 'x: error while loading shared libraries: \033[2J\033]0;t\007lib: \377\376\n' >&2; exit 127"
trace 0 "forged last words" -o json="$work/events" -- "$work/up"
expect "forged last words: still JSON" "" "$(jq . "$work/events" 2>&1 >/dev/null)"
trace 0 "forged last words, for people" -- "$work/up"
no_controls "forged last words, for people" "$work/out"

# --- engines
in_container --entrypoint host "$image" /case/missing-library/main.node
for mode in hang noise endless slow types deep huge close; do
	"$fake" "$work/fake.sock" $mode &
	faker=$!
	sleep 0.2
	engine_told=unix://$work/fake.sock
	started=$(date +%s)
	trace 0 "an engine's socket: $mode" -o json="$work/events" -- "$work/up"
	expect "an engine's socket: $mode: told, without labels" "dlopen_failed null" "$(event '"\(.kind) \(.service)"')"
	expect "an engine's socket: $mode: the container's id" 64 "$(event '.container.id | length')"
	took=$(($(date +%s) - started))
	expect "an engine's socket: $mode: seconds, at most 15" yes "$([ $took -le 15 ] && echo yes || echo $took)"
	kill $faker 2>/dev/null && wait $faker 2>/dev/null || true
	faker=
done
engine_told=unix://$work/none.sock
trace 0 "no engine's socket" -o json="$work/events" -- "$work/up"
expect "no engine's socket: told, without labels" "dlopen_failed null" "$(event '"\(.kind) \(.service)"')"
engine_told=

# --- commands, outputs
trace 7 "the command's own status" -- sh -c 'exit 7'
status=0
"$probe" trace -- "$work/no-such-command" >"$work/out" 2>"$work/err" || status=$?
expect "a command that cannot be run: refused" yes "$([ "$status" != 0 ] && echo yes || echo no)"
expect_match "a command that cannot be run: named" no-such-command "$work/err"
trace 1 "a full disk" -o json=/dev/full -- "$work/up"
expect_match "a full disk: told" '/dev/full|[Nn]o space' "$work/err"
trace 1 "an output that cannot be made" -o json="$work/none/events" -- "$work/up"
expect_match "an output that cannot be made: named" none/events "$work/err"
started=$(date +%s)
after='--duration 1 --allow-loss'
trace 0 "a duration"
expect "a duration: seconds, at most 5" yes "$([ $(($(date +%s) - started)) -le 5 ] && echo yes || echo no)"

in_container -d --entrypoint sh "$image" -c 'sleep 1; host /case/missing-library/main.node; sleep 60'
after=--allow-loss
trace 0 "a command that leaves a container behind" -o json="$work/events" -- "$work/up"
expect "a command that leaves a container behind: told" dlopen_failed "$(event .kind)"
engine ps -q | xargs "$engine_tool" kill >/dev/null 2>&1

# --- ends
# traced: a tracer, and a container that both outlives it and fails under it.
# shellcheck disable=SC2086
begin() {
	DOCKER_HOST=$engine_socket "$probe" trace --allow-loss -o json="$work/events" --duration 60 >"$work/out" 2>"$work/err" &
	tracer=$!
	sleep 2
	engine run -d --name long $engine_flags --entrypoint sh "$image" \
		-c 'while :; do host /case/missing-library/main.node; sleep 0.05; done' >/dev/null 2>&1
	sleep 1
}
stopped() { cat /proc/[0-9]*/stat 2>/dev/null | sed 's/.*) //' | grep -c '^[Tt]' || true; }
programs() { bpftool -j prog show 2>/dev/null | jq -r '.[].id' 2>/dev/null | sort; }

stopped_before=$(stopped)
programs >"$work/programs.before"
begin
programs | comm -13 "$work/programs.before" - >"$work/programs.ours"
expect "the tracer has programs in the kernel" yes "$([ -s "$work/programs.ours" ] && echo yes || echo no)"
kill -9 $tracer
wait $tracer 2>/dev/null || true
tracer=
for _ in $(seq 20); do
	programs | comm -12 "$work/programs.ours" - >"$work/programs.left"
	[ -s "$work/programs.left" ] || break
	sleep 0.5
done
expect "killed: programs left in the kernel" "" "$(cat "$work/programs.left")"
expect "killed: nothing pinned" "" "$(find /sys/fs/bpf -type f -newer "$work/programs.before" 2>/dev/null)"
expect "killed: stopped processes" "$stopped_before" "$(stopped)"
expect "killed: the container goes on" true "$(engine inspect -f '{{.State.Running}}' long)"
engine rm -f long >/dev/null 2>&1

begin
started=$(date +%s)
kill -INT $tracer
status=0
wait $tracer || status=$?
tracer=
expect "interrupted: seconds, at most 4" yes "$([ $(($(date +%s) - started)) -le 4 ] && echo yes || echo no)"
expect "interrupted: each line is whole" "" "$(jq . "$work/events" 2>&1 >/dev/null)"
expect_match "interrupted: a summary" libabsent.so.1 "$work/events"
engine rm -f long >/dev/null 2>&1
sum_up "trace of bad input"
