#!/bin/sh
# The platform of 14 services: what recommend says of it, and that compose takes its override.
#
#   platform.sh COMPATPROBE IMAGES
set -eu
[ $# -eq 2 ] || { echo "usage: platform.sh COMPATPROBE IMAGES" >&2; exit 64; }
probe=$1 images=$2
here=$(dirname "$0")
. "$here/lib.sh"
platform=$here/../../fixtures/platform
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT INT TERM
cp -R "$platform/docker-compose.yml" "$platform/compatprobe.yaml" "$platform/infrastructure" "$work"

set --
for service in $(sed '/^#/d; s/:.*//' "$platform/services.txt"); do
	set -- "$@" --image "$service=docker-archive:$images/$service.tar"
done
override=$work/compose.compatprobe.yaml
recommend() {
	status=0
	"$probe" recommend -q -f "$work/docker-compose.yml" "$@" -o "$override" -o json="$work/out.json" \
		> "$work/out" 2> "$work/err" || status=$?
}
before=$(sha256sum < "$work/docker-compose.yml")
recommend "$@"
expect "exit status" 0 "$status"
expect "nothing on stderr" "" "$(cat "$work/err")"
expect "14 services" 14 "$(jq '.services | length' "$work/out.json")"
chosen() { jq -r --arg t "$1" '[.services[] | select(.template == $t) | .name] | join(" ")' "$work/out.json"; }
expect "to Debian" "workflow finance" "$(chosen debian-ml)"
expect "stay on Alpine" "auth master-data rules-engine api-gateway file-storage audit notification scheduler organization document-generator configuration import-export" "$(chosen alpine)"
of() { jq -r --arg s "$1" ".services[] | select(.name == \$s) | $2" "$work/out.json"; }
expect_in() { # WHAT PATTERN TEXT
	printf '%s\n' "$3" > "$work/text"
	expect_match "$1" "$2" "$work/text"
}
expect_in "workflow: the bridge" "@temporalio/core-bridge@.* is built for glibc" "$(of workflow '.passed_over[0].because[]')"
expect_in "finance: TensorFlow" "@tensorflow/tfjs-node" "$(of finance '.passed_over[0].because[]')"
expect_in "finance: canvas" "canvas" "$(of finance '.passed_over[0].because[]')"
expect_in "rules-engine: not the template's" "Cannot find module 'kafkajs'" "$(of rules-engine '.not_the_template[]')"
expect_in "configuration: not the template's" "Cannot find module '@nestjs/apollo'" "$(of configuration '.not_the_template[]')"
expect "the others: nothing beside" "" "$(jq -r '.services[] | select(.name != "rules-engine" and .name != "configuration") | .not_the_template[]' "$work/out.json")"
expect "confidence" simulated "$(jq -r '[.services[].confidence] | unique | join(" ")' "$work/out.json")"
expect "built from now" alpine "$(of workflow .current_template)"
expect "the user's file" "$before" "$(sha256sum < "$work/docker-compose.yml")"

first=$(sha256sum < "$override")
recommend "$@"
expect "a second run changes nothing" "$first" "$(sha256sum < "$override")"
if command -v docker-compose >/dev/null; then
	docker-compose -f "$work/docker-compose.yml" -f "$override" config > "$work/merged" 2> "$work/err" || true
	expect "docker-compose config" "" "$(grep -v -i warn "$work/err" || true)"
	for service in workflow finance auth; do
		awk -v s="  $service:" '$0 == s { on = 1; next } /^  [^ ]/ { on = 0 } on && /dockerfile:/ { print $2 }' \
			"$work/merged" > "$work/$service.dockerfile"
	done
	ml=infrastructure/docker/templates/node-service-debian-ml.Dockerfile
	expect "merged: workflow" "$ml" "$(cat "$work/workflow.dockerfile")"
	expect "merged: finance" "$ml" "$(cat "$work/finance.dockerfile")"
	expect "merged: auth" infrastructure/docker/templates/node-service-production.Dockerfile "$(cat "$work/auth.dockerfile")"
else
	echo "without docker-compose: the merged result was not looked at"
fi

# --- with what a trace saw, as the tracer writes it
event() { # KIND CAUSE SERVICE OBJECT NEEDED_BY MESSAGE BLAMES
	jq -cn --arg kind "$1" --arg cause "$2" --arg service "$3" --arg object "$4" --arg by "$5" \
		--arg message "$6" --argjson blames "$7" '
		def text($t): if $t == "" then null else $t end;
		{schema: "compatprobe.event/1", time: "2026-11-25T10:00:00.000000000Z", kind: $kind,
		 cause: text($cause), object: text($object), needed_by: text($by),
		 message: text($message), source: "loader", libc: "musl", blames_template: $blames,
		 optional: false, process: {pid: 7, comm: "node", exe: "/usr/local/bin/node"},
		 container: {id: "0123456789abcdef", name: ("platform_" + $service + "_1"),
		 image: ("platform/" + $service), runtime: "docker"}, project: "platform",
		 service: $service, addons: [], signal: null, status: null, count: null}'
}
bridge=/app/node_modules/@temporalio/core-bridge/releases/x86_64-unknown-linux-gnu/index.node
loader_text="Error loading shared library ld-linux-x86-64.so.2: No such file or directory (needed by $bridge)"
{
	event dlopen_failed missing_loader workflow ld-linux-x86-64.so.2 "$bridge" "$loader_text" true
	event module_not_found module_not_found rules-engine kafkajs /app/index.js "Cannot find module 'kafkajs'" false
	event addon_loaded "" auth /app/node_modules/bcrypt/bcrypt.node "" "" null
} > "$work/events.jsonl"
recommend -p platform --trace "$work/events.jsonl" "$@"
expect "trace: exit status" 0 "$status"
expect "trace: nothing on stderr" "" "$(cat "$work/err")"
expect "trace: to Debian" "workflow finance" "$(chosen debian-ml)"
expect "trace: workflow, observed" "observed: dlopen failed: $loader_text" "$(of workflow '.passed_over[0].because[0]')"
expect_in "trace: workflow, simulated" "^@temporalio/core-bridge@.* is built for glibc" "$(of workflow '.passed_over[0].because[1]')"
expect "trace: rules-engine" "observed: module not found: Cannot find module 'kafkajs' (required by /app/index.js)" "$(of rules-engine '.not_the_template[1]')"
expect "trace: rules-engine stays" alpine "$(of rules-engine .template)"
expect "trace: auth" "observed: 1 addon loaded on alpine" "$(of auth '.why[-1]')"
expect "trace: confidence" "auth workflow" "$(jq -r '[.services[] | select(.confidence == "observed") | .name] | join(" ")' "$work/out.json")"
expect_match "trace: the override says so" "observed: dlopen failed: Error loading shared library ld-linux" "$override"
status=0
"$probe" recommend -f "$work/docker-compose.yml" -p another --trace "$work/events.jsonl" "$@" > "$work/out" 2> "$work/err" || status=$?
expect_match "another project's trace: told" "none of the 3 observed events is of a service of the project another; some are of platform" "$work/err"
expect "another project's trace: not used" 0 "$(grep -c observed "$work/out")"
echo '{"schema":"compatprobe.event/1"' >> "$work/events.jsonl"
recommend -p platform --trace "$work/events.jsonl" "$@"
expect "a broken trace: exit status" 1 "$status"
expect_match "a broken trace: file and line" "events.jsonl:4: " "$work/err"

# --- the templates of these services
templates=$work/infrastructure/docker/templates
check() { # TEMPLATE OPTION...
	template=$templates/node-service-$1.Dockerfile
	shift
	status=0
	"$probe" template check "$template" -q "$@" -o json > "$work/findings" 2> "$work/err" || status=$?
}
services=$*
# shellcheck disable=SC2086
check production -f "$work/docker-compose.yml" $services
expect "template production: exit status" 0 "$status"
expect "template production: not looked up" "tini python3 make g++" "$(jq -r '.not_looked_up | join(" ")' "$work/findings")"
# shellcheck disable=SC2086
check debian-ml -f "$work/docker-compose.yml" $services
expect "template debian-ml: exit status" 0 "$status"
sed -i 's/libglew2.1/libglew2.2/' "$templates/node-service-debian-ml.Dockerfile"
# shellcheck disable=SC2086
check debian-ml -f "$work/docker-compose.yml" $services
expect "template debian-ml as it was: exit status" 2 "$status"
expect "template debian-ml as it was" "missing_package libglew2.2 libglew2.1" "$(jq -r '.findings[] | "\(.kind) \(.subject) \(.suggestion)"' "$work/findings")"

# --- what goes wrong
shift 2
recommend "$@" --image auth=docker-archive:"$work/none.tar"
expect "an image that is not there: exit status" 1 "$status"
expect_in "an image that is not there: named" "none.tar" "$(of auth '.not_the_template[]')"
printf 'services:\n  a: [\n' > "$work/broken.yml"
status=0
"$probe" recommend -f "$work/broken.yml" > "$work/out" 2>&1 || status=$?
expect "broken YAML: exit status" 1 "$status"
expect_match "broken YAML: line and column" "broken.yml:[0-9]+:[0-9]+" "$work/out"
sum_up "e2e platform"
