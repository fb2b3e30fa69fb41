#!/bin/sh
# The tracer on real containers: libcs × failures (cases.txt), each a service of a compose project.
#
#   matrix.sh [-n TIMES] [-r TRIES] [-b BASE] [-e docker|podman] [-c PATTERN] [-k] PROBE IMAGES [APP]
#
# For each base an engine of our own (engine.sh) runs the cases' containers, all at once, while
# PROBE traces; exactly the events that a case wants must be told, with its service, and no others.
# What a loader's text has to be is what the same run's containers printed, not what anyone typed.
# PROBE "" runs the containers alone, and shows that each case ends as it says. IMAGES are made by
# bases.sh; APP is the app of the fixtures' real image. -n: how many times in a row; -r: how
# often a case that failed is tried again (it is shown; a container that is gone before anybody looked
# at it is rare, and no reason to refuse a change); -k keeps the working directory.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
. "$here/engine.sh"
usage() { sed -n 's/^#   matrix/usage: matrix/p' "$0" >&2; exit 64; }

times=1 tries=0 bases='glibc-2.31 glibc-2.36 glibc-2.41 musl-1.2.5' only=. engines= keep=
while getopts n:r:b:e:c:k option; do
	case $option in
	n) times=$OPTARG ;;
	r) tries=$OPTARG ;;
	b) bases=$OPTARG ;;
	e) engines=$OPTARG ;;
	c) only=$OPTARG ;;
	k) keep=yes ;;
	*) usage ;;
	esac
done
shift $((OPTIND - 1))
[ $# -ge 2 ] || usage
probe=$1 images=$(cd "$2" && pwd) app=${3:+$(cd "$3" && pwd)}
[ -z "$probe" ] || probe=$(readlink -f "$probe")
work=$(mktemp -d)
limit=120 # seconds that no half of a round comes near
ended() {
	engine_stop
	[ -n "$keep" ] && echo "kept: $work" || rm -rf "$work"
}
trap ended EXIT
trap 'exit 1' INT TERM

# This machine's node, and the libraries beside the libc that it wants.
node_take() {
	node=$work/node
	mkdir -p "$node/bin" "$node/lib"
	command -v node >/dev/null || return 0
	cp "$(readlink -f "$(command -v node)")" "$node/bin/node"
	ldd "$node/bin/node" | awk '$2 == "=>" && $3 ~ /^\// { print $3 }' | while read -r library; do
		case ${library##*/} in
		libc.so.* | libm.so.* | libdl.so.* | libpthread.so.* | librt.so.* | libstdc++.so.* | libgcc_s.so.*) ;;
		*) cp "$library" "$node/lib" ;;
		esac
	done
}

# have: what there is besides the image.
have() {
	[ -z "$app" ] || printf 'app '
	case $base in
	glibc-*)
		# shellcheck disable=SC2086
		! engine run --rm $engine_flags -v "$node:/node:ro" -e LD_LIBRARY_PATH=/node/lib \
			--entrypoint /node/bin/node "$image" -e 0 >/dev/null 2>&1 || printf node
		;;
	esac
}

# service NAME: its part of the compose file.
service() {
	set -- "$1" "$(cat "$plan/$1.run")" "$(cat "$plan/$1.env")"
	case $2 in
	node\ *) node_paths=/node/lib ;;
	*) node_paths= ;;
	esac
	command=$2 variables=${3:-PATH=/usr/local/bin:/usr/bin:/node/bin}
	eval "set -- \"\$1\" $command"
	name=$1
	shift
	jq -cn --arg name "$name" --arg user "$(cat "$plan/$name.user")" --arg image "$image" --arg env "$variables" --arg paths "$node_paths" \
		--arg node "$node" --arg app "$app" '{($name): {image: $image, network_mode: "host",
		entrypoint: $ARGS.positional, user: (if $user == "" then "0" else $user end),
		environment: ([$env, if $env | startswith("PATH=") then empty else "PATH=/usr/local/bin:/usr/bin" end] +
			if $paths == "" then [] else ["LD_LIBRARY_PATH=" + $paths] end),
		volumes: (["\($node):/node:ro"] + if $app == "" then [] else ["\($app):/app:ro"] end)}}' --args -- "$@"
}

# The containers of a project, and a program that starts them and waits for their ends. None of them
# talks to anybody; under docker each has the host's network all the same, since a network of its own
# costs docker more than all the rest of a container.
#
# docker-compose 1.29 at times fails to start one ("Pool is closed": it keeps the connections of 25
# requests, and closes others' in use), and dockerd 20.10 at times locks itself up (libnetwork's
# getSvcRecords against its watchLoop). So they are given some services at a time, and a round in which
# they did not run all is void.
write_project() {
	for name in $(cat "$plan/names"); do service "$name"; done |
		jq -s '{version: "2.4", services: add}' >"$plan/services.json"
	case $engine_kind in
	docker)
		jq 'walk(if type == "string" then gsub("\\$"; "$$") else . end)' "$plan/services.json" >"$plan/compose.json"
		cat >"$plan/up" <<-UP
			#!/bin/sh
			export DOCKER_HOST=$engine_socket
			timeout $limit xargs -n 20 -a $plan/names \\
				docker-compose --no-ansi -p $project -f $plan/compose.json up -d --force-recreate &&
				docker ps -q --filter label=com.docker.compose.project=$project |
				timeout $limit xargs -r docker wait >/dev/null || touch $plan/void
		UP
		;;
	podman) # four at a time; the labels are those that compose gives
		jq -r --arg tool "$engine_tool" --arg project "$project" --arg flags "$engine_flags" \
			'"#!/bin/sh", (.services | to_entries | to_entries[] |
			.key as $n | .value | .key as $name | .value | [$tool, "run", "--replace", "--name", "\($project)_\($name)_1",
			"--label", "com.docker.compose.project=\($project)", "--label", "com.docker.compose.service=\($name)",
			"--user", .user, ($flags / " ")[], (.environment[] | "-e", .), (.volumes[] | "-v", .), "--entrypoint", (.entrypoint | tojson), .image] |
			(map(@sh) | join(" ")) + " </dev/null >/dev/null 2>&1 &" + if $n % 4 == 3 then "\nwait" else "" end), "wait"' \
			"$plan/services.json" >"$plan/up"
		;;
	esac
	chmod +x "$plan/up"
}

# collect: how each container ended, and what it printed (the same in each round, and so read in the
# first).
collect() {
	rm -f "$plan"/*.ended
	engine ps -aq | xargs "$engine_tool" inspect -f '{{.Name}} {{.State.ExitCode}} {{.Id}}' |
		sed 's|^/||' >"$plan/ended"
	while read -r container code id; do
		name=${container#"${project}_"}
		name=${name%_1}
		echo "$code" >"$plan/$name.ended"
		[ -e "$plan/$name.expected" ] || engine logs "$id" >"$plan/$name.out" 2>"$plan/$name.err"
	done <"$plan/ended"
}

# expected NAME: its events, with the texts that its container printed.
expected() {
	refusal=0
	while IFS='	' read -r message rest; do
		case $message in
		refused)
			refusal=$((refusal + 1))
			message=$(sed -n 's/^refused: //p' "$plan/$1.out" | sed -n "${refusal}p")
			;;
		stderr) message=$(head -n 1 "$plan/$1.err") ;;
		esac
		printf '%s\t%s\t%s\n' "$(printf '%s' "$message" | jq -Rrs '[.] | @tsv')" "$rest" \
			"$engine_kind ${project}_$1_1 $image"
	done <"$plan/$1.events"
}

# observe: what the trace told of each case, in the same form.
observe() {
	rm -f "$plan"/*.observed
	jq -r --arg project "$project" 'select(.project == $project and .service != null) |
		[.service, .message, .kind, .cause, .object, .needed_by, .blames_template, .source, .libc, .optional // false,
		 .signal // 0, .status // 0, if (.addons // []) == [] then null else .addons | join(",") end,
		 "\(.container.runtime) \(.container.name) \(.container.image)"] |
		map(if . == null then "-" else tostring end) | @tsv' "$plan/events.json" |
		awk -F '\t' -v dir="$plan" '{ file = dir "/" $1 ".observed"; sub(/^[^\t]*\t/, ""); print >file }'
}

passed=0 failed=0
verdict() { # NAME OUTCOME
	if [ "$2" != ok ] && [ "$left" -gt 0 ]; then
		echo "$1" >>"$plan/again"
		set -- "$1" "$2, tried again"
	elif [ "$2" = ok ]; then
		passed=$((passed + 1))
	else
		failed=$((failed + 1))
	fi
	printf '%-34s %-11s %-7s %s\n' "$1" "$base" "$engine_kind" "$2" >>"$work/table"
}

# judge NAME: did the case go as it should, and was exactly that told?
judge() {
	ended=$(cat "$plan/$1.ended" 2>/dev/null || echo nothing)
	if [ "$ended" != "$(cat "$plan/$1.exit")" ]; then
		verdict "$1" "the container ended with $ended"
		head -n 5 "$plan/$1.out" "$plan/$1.err" || true
		return 0
	fi
	[ -e "$plan/$1.expected" ] || expected "$1" >"$plan/$1.expected"
	if ! awk -F '\t' '$1 == "" { exit 1 }' "$plan/$1.expected"; then
		verdict "$1" "the container printed no text"
		head -n 5 "$plan/$1.out" "$plan/$1.err" || true
		return 0
	fi
	[ -n "$probe" ] || { verdict "$1" ok; return 0; }
	[ -e "$plan/$1.observed" ] || : >"$plan/$1.observed"
	if awk -f "$here/compare.awk" of=expected "$plan/$1.expected" of=observed "$plan/$1.observed" >"$plan/$1.diff"; then
		verdict "$1" ok
	else
		verdict "$1" FAILED
		echo "$base $1:"
		cat "$plan/$1.diff"
	fi
}

# judge_trace STATUS: the trace itself. Whatever it told beside the cases' events counts against it,
# but not what other containers of this machine did.
judge_trace() {
	[ -n "$probe" ] || return 0
	jq -c --arg project "$project" --arg strict "$engine_kind" --rawfile ended "$plan/ended" '
		(.container.id // "") as $id |
		select($strict == "docker" and .kind == "lost" or .kind != "lost" and (.project != $project or .service == null) and
			(if $id == "" then .object // "" | startswith("/case/") else $ended | contains($id) end))' \
		"$plan/events.json" >"$plan/beside" || echo "no JSON" >"$plan/beside"
	if [ "$1" = 0 ] && [ ! -s "$plan/beside" ]; then
		verdict "(nothing beside)" ok
	else
		verdict "(nothing beside)" FAILED
		echo "$base: the trace ended with $1, and told beside:"
		head -n 20 "$plan/beside"
		grep -Ev '^(Creating|Recreating) ' "$plan/log" | tail -n 20
	fi
}

# Under docker the trace is of the project alone, so that what other containers of this machine do
# loses nothing; podman's is of all there are. $plan/void is there where the round is.
round() { # NAME...
	judged=$*
	result=0
	rm -f "$plan/void"
	if [ -n "$probe" ]; then
		case $engine_kind in
		docker) set -- --project "$project" ;;
		podman) set -- --allow-loss ;;
		esac
		DOCKER_HOST=$engine_socket timeout -k 10 $((3 * limit)) "$probe" trace "$@" --duration 0 -o json="$plan/events.json" -- "$plan/up" \
			>"$plan/log" 2>&1 || result=$?
	else
		"$plan/up" >"$plan/log" 2>&1 || result=$?
	fi
	[ ! -e "$plan/void" ] || return 0
	collect
	[ -z "$probe" ] || observe
	for name in $judged; do judge "$name"; done
	judge_trace "$result"
}

# A round of all cases, and of those that failed again while there are tries left.
rounds() {
	left=$tries
	voids=0
	# shellcheck disable=SC2046
	set -- $(cat "$plan/names")
	while :; do
		rm -f "$plan/again"
		round "$@"
		if [ -e "$plan/void" ]; then
			voids=$((voids + 1))
			echo "$base: a round is void, docker did not run its containers:"
			grep ERROR "$plan/log" || tail -n 5 "$plan/log"
			[ "$voids" -lt 3 ] || { verdict "(start of containers)" FAILED; break; }
			engine_stop
			begin "$base"
			continue
		fi
		[ -e "$plan/again" ] || break
		left=$((left - 1))
		# shellcheck disable=SC2046
		set -- $(grep -v '^(' "$plan/again")
	done
}

engine_of() { # BASE
	[ -z "$engines" ] || { echo "$engines"; return 0; }
	[ "$1" = glibc-2.36 ] && echo podman || echo docker
}

# begin BASE: its engine, with its image.
begin() {
	engine_start "$(engine_of "$1")" "$work/engine" || return 1
	engine import "$images/$1.tar" "$image" >"$plan/log" 2>&1 || { cat "$plan/log" >&2; exit 1; }
}

node_take
for base in $bases; do
	image=localhost/compatprobe-$base:1 project=$(echo "$base" | tr -d .-) plan=$work/$base
	mkdir -p "$plan"
	if ! begin "$base"; then
		echo "$base: not run: $engine_problem" | tee -a "$work/skipped"
		continue
	fi
	awk -v base="$base" -v have="$(have)" -v dir="$plan" -f "$here/plan.awk" "$here/cases.txt" \
		2>"$plan/wants" | grep -E -- "$only" >"$plan/names" || true
	sed "s/^/$base: not run: /" "$plan/wants" | tee -a "$work/skipped"
	write_project
	for _ in $(seq "$times"); do rounds; done
	engine_stop
done
cat "$work/table" 2>/dev/null || true
[ $((passed + failed)) -gt 0 ] || { echo "skipped: $(tail -n 1 "$work/skipped")"; exit 0; }
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
