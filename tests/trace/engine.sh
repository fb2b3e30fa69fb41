# Container engines of our own, for the scripts of this folder. Sourced.
#
#   engine_start docker|podman DIR   starts one; all of its files are in DIR. Returns 1, with the
#                                    reason in $engine_problem, where this machine cannot.
#   engine_stop                      stops what was started, by its pid; also after a failure
#   engine COMMAND...                the engine's own command line
#   engine_compose ARGUMENT...       docker-compose on it (docker only)
#
# Neither touches the engines that this machine may have: sockets, images, and state are in DIR. There
# is no network, and nothing is pulled. $engine_socket is what DOCKER_HOST wants, $engine_tool a
# program that is the engine's command line, for others to run, $engine_flags what `run` wants.
engine_kind= engine_pid= engine_dir= engine_problem= engine_socket= engine_tool= engine_flags=

engine() { "$engine_tool" "$@"; }
engine_compose() { DOCKER_HOST=$engine_socket docker-compose --no-ansi "$@"; }

# engine_wait COMMAND...: until it answers, or the engine ended.
engine_wait() {
	for _ in $(seq 150); do
		"$@" >/dev/null 2>&1 && return 0
		kill -0 "$engine_pid" 2>/dev/null || break
		sleep 0.2
	done
	engine_problem="$engine_kind does not start here: $(tail -n 1 "$engine_dir/log")"
	engine_stop
	return 1
}

# engine_wants COMMAND...: the machine has them all, and we may use them.
engine_wants() {
	engine_problem=
	[ "$(id -u)" = 0 ] || engine_problem="containers want root"
	for wanted; do
		command -v "$wanted" >/dev/null || engine_problem="$wanted is not installed"
	done
	[ -z "$engine_problem" ]
}

engine_start() {
	engine_kind=$1
	mkdir -p "$2"
	engine_dir=$(cd "$2" && pwd)
	engine_socket=unix://$engine_dir/api.sock
	engine_tool=$engine_dir/tool
	case $1 in
	docker)
		engine_wants dockerd docker docker-compose || return 1
		engine_flags='--network none'
		printf '#!/bin/sh\nexec docker --host %s "$@"\n' "$engine_socket" >"$engine_tool"
		chmod +x "$engine_tool"
		dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$engine_dir/data" \
			--exec-root "$engine_dir/exec" --pidfile "$engine_dir/pid" \
			--host "$engine_socket" >"$engine_dir/log" 2>&1 &
		engine_pid=$!
		engine_wait engine info
		;;
	podman)
		engine_wants podman runc conmon || return 1
		engine_flags='--network none --ulimit nofile=1024:1024 --ulimit nproc=1000:1000'
		printf '#!/bin/sh\nexec podman --root %s/data --runroot %s/run --tmpdir %s/tmp --storage-driver overlay --cgroup-manager cgroupfs --events-backend file --runtime runc "$@"\n' \
			"$engine_dir" "$engine_dir" "$engine_dir" >"$engine_tool"
		chmod +x "$engine_tool"
		"$engine_tool" system service --time=0 "$engine_socket" >"$engine_dir/log" 2>&1 &
		engine_pid=$!
		engine_wait test -S "$engine_dir/api.sock"
		;;
	esac
}

# engine_end: one that is stuck is killed, and a dockerd's containerd and shims with it.
engine_end() {
	timeout 30 "$engine_tool" ps -q | timeout 30 xargs -r "$engine_tool" kill >/dev/null 2>&1 || true
	kill "$engine_pid" 2>/dev/null || true
	for _ in $(seq 150); do
		case $(ps -o stat= -p "$engine_pid") in Z* | '') break ;; esac
		sleep 0.2
	done
	kill -KILL "$engine_pid" 2>/dev/null || true
	wait "$engine_pid" 2>/dev/null || true
	pkill -KILL -f "^[^ ]*containerd[^ ]* .*$engine_dir/" || true
	engine_pid=
}

engine_stop() {
	[ -n "$engine_pid" ] || return 0
	engine_end
	# What a killed engine leaves mounted must not be deleted through.
	awk -v dir="$engine_dir/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r |
		while IFS= read -r place; do umount -l "$place" 2>/dev/null || true; done
	rm -rf --one-file-system "$engine_dir"
}
