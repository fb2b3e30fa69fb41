#!/bin/sh
# Containers that are gone before anyone could look: 200 that fail within a millisecond of their start,
# as many at once as the engine manages, and removed as soon as they end. Every failure has to be told,
# with the text and the service.
#
#   many.sh [-e docker|podman] [-n EACH] PROBE IMAGES
#
# Five services of EACH (40) containers: glibc's and musl's start and dlopen(3), and an exec(2) that
# fails in the engine's own first process.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/engine.sh"
. "$here/../e2e/lib.sh"
engines='docker podman' each=40
while getopts e:n: option; do
	case $option in
	e) engines=$OPTARG ;;
	n) each=$OPTARG ;;
	*) exit 64 ;;
	esac
done
shift $((OPTIND - 1))
[ $# -eq 2 ] || { echo "usage: many.sh [-e docker|podman] [-n EACH] PROBE IMAGES" >&2; exit 64; }
probe=$(readlink -f "$1") images=$2
work=$(mktemp -d)
trap 'engine_stop; rm -rf "$work"' EXIT
trap 'exit 1' INT TERM

# SERVICE BASE COMMAND...
services() {
	cat <<-'LIST'
		start-glibc glibc-2.36 /case/exec-missing-library/prog
		start-musl musl-1.2.5 /case/exec-missing-library/prog
		exec musl-1.2.5 /case/exec-missing-interpreter/prog
		dlopen-glibc glibc-2.31 host /case/missing-library/main.node
		dlopen-musl musl-1.2.5 host /case/missing-library/main.node
	LIST
}

# How each of a service's containers ends, and what must be told of it: kind, cause, object, source.
wanted() {
	case $1 in
	start-*) echo '127 start_failed missing_library libabsent.so.1 stderr' ;;
	exec) echo '1 exec_failed missing_interpreter /case/exec-missing-interpreter/prog *' ;;
	dlopen-*) echo '1 dlopen_failed missing_library libabsent.so.1 loader' ;;
	esac
}

write_up() {
	echo '#!/bin/sh'
	services | while read -r service base command; do
		number=0
		while [ "$number" -lt "$each" ]; do
			number=$((number + 1))
			# shellcheck disable=SC2086
			set -- $command
			first=$1
			shift
			echo "$number $engine_tool run --rm --name ${service}_$number $engine_flags" \
				"--label com.docker.compose.project=many --label com.docker.compose.service=$service" \
				"-e PATH=/usr/local/bin:/usr/bin --entrypoint $first localhost/$base:1 $* </dev/null >/dev/null 2>&1; echo $service \$?"
		done
	done | sort -n -k1,1 -s | cut -d' ' -f2- >"$work/commands"
	echo "xargs -P 50 -I COMMAND sh -c COMMAND <$work/commands >$work/ended"
}

for kind in $engines; do
	if ! engine_start "$kind" "$work/$kind"; then
		echo "$kind: not run: $engine_problem"
		continue
	fi
	for base in glibc-2.31 glibc-2.36 musl-1.2.5; do
		engine import "$images/$base.tar" "localhost/$base:1" >/dev/null 2>&1
	done
	write_up >"$work/up"
	chmod +x "$work/up"
	status=0
	DOCKER_HOST=$engine_socket timeout -k 10 600 "$probe" trace --project many --duration 0 -o json="$work/events.json" -- "$work/up" >"$work/log" 2>&1 || status=$?
	expect "$kind: exit status" 0 "$status"
	for service in $(services | cut -d' ' -f1); do
		wanted "$service" >"$work/wanted"
		read -r ends event cause object source <"$work/wanted"
		expect "$kind: $service: containers that ended with $ends" "$each" \
			"$(grep -cx "$service $ends" "$work/ended" || true)"
		jq -r --arg service "$service" --arg kind "$event" --arg cause "$cause" --arg object "$object" --arg source "$source" '
			select(.service == $service and .project == "many" and .kind == $kind and .cause == $cause and
				.object == $object and ($source == "*" or .source == $source) and .message != null) |
			.container.name' "$work/events.json" | sort -u >"$work/names"
		expect "$kind: $service: containers told of" "$each" "$(wc -l <"$work/names" | tr -d ' ')"
	done
	# This machine may run other containers; no others load these objects.
	jq -c 'select(.kind == "lost" or (.object // "" | test("absent|^/case/")))' "$work/events.json" >"$work/ours"
	expect "$kind: events in all" $((each * 5)) "$(wc -l <"$work/ours" | tr -d ' ')"
	expect "$kind: without a service" 0 "$(jq -c 'select(.service == null)' "$work/ours" | wc -l | tr -d ' ')"
	[ "$status" = 0 ] || tail -n 20 "$work/log"
	engine_stop
done
[ "$checks" -gt 0 ] || { echo "skipped: $engine_problem"; exit 0; }
sum_up "trace of $((each * 5)) short-lived containers"
