#!/bin/sh
# The real image in every form it is stored in: the same answer from each, and the
# answer that the packages' own history gave.
#
#   forms.sh COMPATPROBE IMAGE_DIRECTORY
set -eu
[ $# -eq 2 ] || { echo "usage: forms.sh COMPATPROBE IMAGE_DIRECTORY" >&2; exit 64; }
probe=$1 image=$2
. "$(dirname "$0")/lib.sh"
work=$(mktemp -d)
engine=
stop_engine() {
	[ -z "$engine" ] || { kill "$engine" && wait "$engine"; } 2>/dev/null || true
	rm -rf "$work"
}
trap stop_engine EXIT INT TERM

# scan FORM REF: writes FORM.json and the part that must not depend on the form.
scan() {
	status=0
	"$probe" scan image "$2" -q -o json="$work/$1.json" > "$work/$1.out" 2> "$work/$1.err" || status=$?
	expect "$1: exit status" 0 "$status"
	expect "$1: nothing on stderr" "" "$(cat "$work/$1.err")"
	jq -S .packages "$work/$1.json" > "$work/$1.packages"
	[ "$1" = archive ] || expect "$1: the same packages as from the docker-archive" \
		"$(sha256sum < "$work/archive.packages")" "$(sha256sum < "$work/$1.packages")"
}

# A dockerd of our own: own socket, own data root, no network; stopped by its pid.
start_engine() {
	command -v dockerd >/dev/null || { echo "no engine: dockerd is not installed"; return 1; }
	dockerd --iptables=false --ip6tables=false --bridge=none --data-root "$work/docker" \
		--exec-root "$work/exec" --pidfile "$work/docker.pid" \
		--host "unix://$work/docker.sock" > "$work/dockerd.log" 2>&1 &
	engine=$!
	for _ in $(seq 100); do
		DOCKER_HOST=unix://$work/docker.sock docker info >/dev/null 2>&1 && return 0
		kill -0 "$engine" 2>/dev/null || break
		sleep 0.2
	done
	echo "no engine: dockerd does not start here: $(tail -n 1 "$work/dockerd.log")"
	return 1
}

verdict() { # PACKAGE TARGET FIELD
	jq -r --arg name "$1" --arg target "$2" --arg field "$3" \
		'.packages[] | select(.name == $name) | .verdicts[$target][$field]' "$work/archive.json"
}
outcome_of() { # PATH_SUFFIX TARGET
	jq -r --arg path "$1" --arg target "$2" \
		'.objects[] | select(.path | endswith($path)) | .outcomes[$target].outcome' "$work/archive.json"
}

scan archive "docker-archive:$image/docker.tar"
scan oci-gzip "oci:$image/oci-gzip"
scan oci-zstd "oci:$image/oci-zstd"
scan oci-archive "oci-archive:$image/oci-gzip.tar"
if start_engine; then
	docker -H "unix://$work/docker.sock" load -q -i "$image/docker.tar" >/dev/null
	export DOCKER_HOST="unix://$work/docker.sock"
	scan daemon docker-daemon:workflow:latest
	scan bare-name workflow:latest
	status=0
	"$probe" scan image docker-daemon:no-such-image:1 > "$work/none.out" 2>&1 || status=$?
	expect "an image the engine lacks: exit status" 1 "$status"
	expect_match "an image the engine lacks: named" "no-such-image" "$work/none.out"
fi

bridge=@temporalio/core-bridge
expect "core-bridge on alpine" fails "$(verdict $bridge alpine outcome)"
expect "core-bridge on alpine: cause" missing_loader "$(verdict $bridge alpine cause)"
expect "core-bridge on alpine: message" \
	"Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by /app/node_modules/$bridge/releases/x86_64-unknown-linux-gnu/index.node)" \
	"$(verdict $bridge alpine message)"
for debian in debian-bullseye debian-bookworm debian-trixie self; do
	expect "core-bridge on $debian" loads "$(verdict $bridge $debian outcome)"
done
expect "bcrypt's glibc build on alpine" loads "$(outcome_of prebuilds/linux-x64/bcrypt.glibc.node alpine)"
expect "bcrypt on alpine" loads "$(verdict bcrypt alpine outcome)"
expect "swc's gnu build on alpine" fails "$(outcome_of swc.linux-x64-gnu.node alpine)"
expect "core-bridge's builds for other platforms" 4 "$(jq -r --arg name $bridge '[.objects[] |
	select(.path | contains($name)) | select(.outcomes.alpine.outcome == "foreign")] | length' "$work/archive.json")"
jq -r --arg name $bridge '"prunable: \(.prunable.bytes) bytes in \(.prunable.files) files, of them core-bridge \([.objects[] |
	select(.path | contains($name)) | select(.outcomes.alpine.outcome == "foreign") | .size] | add)"' "$work/archive.json"
status=0
"$probe" scan image -q --fail-on fails --target alpine "docker-archive:$image/docker.tar" > /dev/null || status=$?
expect "--fail-on fails: exit status" 2 "$status"
sum_up "e2e forms"
