#!/bin/bash
# The command from outside: what it says, where it says it, and how it exits.
#
#   test_cli.sh COMPATPROBE
#
# The project that is scanned is made here: four packages with an addon of a few lines of C.
set -u
[ $# -eq 1 ] || { echo "usage: test_cli.sh COMPATPROBE" >&2; exit 64; }
probe=$(realpath "$1")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work" || exit 1
unset NO_COLOR CI
failed=0 done=0

# run STATUS ARGUMENT...: runs the command; what it wrote is in $work/out and $work/err.
run() {
	expected=$1
	shift
	ran="compatprobe $*"
	"$probe" "$@" >out 2>err </dev/null
	status=$?
	done=$((done + 1))
	[ "$status" = "$expected" ] || complain "exit status $status, expected $expected"
}

complain() {
	failed=$((failed + 1))
	printf 'FAILED: %s\n  %s\n' "$ran" "$1"
	for file in out err; do
		head -n 5 $file | cut -c 1-200 | sed "s/^/  $file: /"
	done
}

has() { # has FILE TEXT
	grep -qF -- "$2" "$1" || complain "$1 lacks: $2"
}

empty() {
	[ ! -s "$1" ] || complain "$1 is not empty"
}

lines() { # lines FILE COUNT
	[ "$(wc -l <"$1")" = "$2" ] || complain "$1 has $(wc -l <"$1") lines, expected $2"
}

query() { # query FILE FILTER EXPECTED
	found=$(jq -rs "$2" "$1" 2>&1)
	[ "$found" = "$3" ] || complain "jq '$2' says '$found', expected '$3'"
}

# addon PACKAGE SOURCE LINK-OPTION...
addon() {
	directory=app/node_modules/$1 source=$2
	shift 2
	mkdir -p "$directory"
	printf '{"name":"%s","version":"1.2.3"}' "${directory#app/node_modules/}" >"$directory/package.json"
	printf '%s\n' "$source" | gcc -x c - -shared -fPIC -O1 -nostartfiles -Wl,--no-as-needed \
		-o "$directory/addon.node" "$@" || exit 1
}

addon plain 'int plain(void) { return 0; }'
addon '@scope/refused' 'int refused(void) { return 0; }' -lresolv
addon dying 'const char *gnu_get_libc_version(void);
const char *dying(void) { return gnu_get_libc_version(); }' -Wl,-z,lazy
printf '\317\372\355\376\007\000\000\001' >app/node_modules/plain/darwin.node

# image FILE LAYER [DIFF_ID]: a docker-archive with that one layer.
image() {
	printf '{"architecture":"amd64","os":"linux","config":{},"rootfs":{"diff_ids":["sha256:%s"]}}' \
		"${3:-$(sha256sum "$2" | cut -d' ' -f1)}" >config.json
	printf '[{"Config":"config.json","RepoTags":["cli:1"],"Layers":["%s"]}]' "$2" >manifest.json
	tar -cf "$1" manifest.json config.json "$2"
}

tar -cf layer.tar -C app .
head -c $(($(wc -c <layer.tar) / 2)) layer.tar >cut.tar
image whole-image.tar layer.tar
image cut-image.tar cut.tar
image changed-image.tar layer.tar "$(printf 'another layer' | sha256sum | cut -d' ' -f1)"

# --- help and mistakes --------------------------------------------------------------------
run 64; has err 'usage: compatprobe COMMAND'; empty out
run 0 --help; has out 'compatprobe scan dir .'; has out 'exit status'; empty err
run 0 --version; has out 'compatprobe '; lines out 1
for command in scan base; do
	run 0 help $command; has out "usage: compatprobe $command"; cp out page
	run 0 $command --help; cmp -s out page || complain "differs from 'help $command'"
done
run 64 scna; has err 'did you mean scan?'; has err 'compatprobe --help'; lines err 1
run 64 help nothing; has err 'unknown command nothing'
run 64 -v scan; has err 'options come after the command'
run 64 scan; has err "see 'compatprobe help scan'"; lines err 1
run 64 scan image; has err 'which image?'
run 64 scan dir; has err 'which directory?'
run 64 scan picture x; has err "'scan image REF'"
run 64 scan dir app --traget x; has err 'did you mean --target?'; lines err 1
run 64 scan dir app --verify=yes; has err '--verify takes no value'
run 64 scan dir app -Z; has err 'unknown option -Z'
run 64 scan dir app --target; has err 'option --target needs a value'
run 64 scan dir app -o; has err 'option --output needs a value'
run 64 scan dir app -o xml; has err 'the formats are table and json'
run 64 scan dir app -o json=; has err 'the formats are table and json'
run 64 scan dir app -o json -o table; has err 'only one format can go to standard output'
run 64 scan dir app -o json=x -o table=x; has err 'already the output'
run 64 scan dir app --fail-on everything; has err 'fails, crashes and loads_with'
run 64 scan dir app --platform amd64; has err 'linux/arm64'
run 64 scan dir app --target nothing-known; has err 'debian-bookworm'; empty out

# --- scan dir -----------------------------------------------------------------------------
run 0 scan dir app; empty err
has out '@scope/refused@1.2.3'; has out 'musl finds no libresolv.so.2'
has out 'calls gnu_get_libc_version, which musl lacks: dies at the first call'
has out '1 package loads on every target'; has out 'debian-bookworm  everything loads'
has out '8 bytes in 1 file is for other platforms'
grep -q "$(printf '\033')" out && complain 'escape sequences in a pipe'
run 0 scan dir app --target debian-bookworm --fail-on loads_with
run 2 scan dir app --target alpine --fail-on fails; has err '--fail-on fails was reached'
run 2 scan dir app --target alpine --fail-on crashes -q; empty err
rm -r app/node_modules/@scope
run 0 scan dir app --target alpine --fail-on fails
run 2 scan dir app --target alpine --fail-on crashes
run 0 scan -v dir app --target node:20-alpine3.20
has out 'loader says  nothing'; has out 'node:20-alpine3.20: foreign'
run 0 scan -v dir app; has out 'every target: foreign'
run 1 scan dir nowhere; has err 'nowhere'; empty out

# --- outputs ------------------------------------------------------------------------------
run 0 scan dir app -o json --target alpine; empty err; lines out 1
query out '.[0].schema' compatprobe.scan/1
query out '.[0].packages[] | select(.name == "dying").verdicts.alpine.outcome' crashes
query out '.[0].objects | length' 3
cp out first
run 0 scan dir app -o json --target alpine; cmp -s out first || complain 'two runs differ'
run 0 scan dir app -o json=report.json -o table; has out 'crashes'; query report.json length 1
[ "$(stat -c %a report.json)" = "$(printf '%o' $((0666 & ~0$(umask))))" ] ||
	complain 'the file has odd permissions'
ln -s report.json link.json; rm -f report.json; touch report.json
run 0 scan dir app -o json=link.json; query report.json length 1
[ -L link.json ] || complain 'the link was replaced'
run 1 scan dir app -o json=no/such/report.json; has err 'no/such/report.json'; empty out
run 1 scan dir app -o json=/dev/full; has err 'No space left on device'
ran='compatprobe scan dir app >/dev/full'
"$probe" scan dir app >/dev/full 2>err && complain 'a full disk is no error'
has err 'cannot write to standard output'
ran='compatprobe base show alpine -v | true'
{ "$probe" base show alpine -v 2>err; echo $? >status; } | true
[ "$(cat status)" = 1 ] || complain "exit status $(cat status) with a closed pipe"
has err 'Broken pipe'
ls ./*.json.* >/dev/null 2>&1 && complain 'a temporary file was left behind'

# --- scan image ---------------------------------------------------------------------------
run 0 scan image whole-image.tar --target alpine; has out 'docker-archive:'; has out 'linux/amd64'
run 0 scan image docker-archive:whole-image.tar rootfs:app -o json --target alpine; lines out 2
query out 'map(.packages | length) | unique | length' 2
run 1 scan image docker-archive:missing.tar; has err 'missing.tar: No such file'; empty out
run 1 scan image missing.tar; has err 'no file or directory has that name'; empty out
run 1 scan image missing.tar whole-image.tar --target alpine -o json; lines out 1
run 1 scan image cut-image.tar --target alpine --fail-on crashes -o json
has err 'the result is partial'; query out '.[0].errors[0].severity' partial
run 0 scan image whole-image.tar --target alpine --verify
run 1 scan image changed-image.tar --target alpine --verify; has err 'the result is partial'
run 1 scan image docker-archive:whole-image.tar:other; has err 'cli:1'

# --- bases --------------------------------------------------------------------------------
run 0 base list; has out debian-bookworm; has out 'musl 1.2.5'
run 0 base list -o json; query out '.[0].bases | map(.libc) | unique | join(" ")' 'glibc musl'
run 0 base show debian-bullseye; has out 'GLIBC_2.31'; has out 'GLIBCXX_3.4.28'; has out '  libstdc++.so.6  '
run 0 base show node:20-alpine3.18 -o json
query out '.[0].libraries[] | select(.soname == "libc.musl-x86_64.so.1").export_count > 1000' true
run 0 base show alpine -v; has out '      malloc'
run 64 base; has err "'base list'"
run 64 base show; has err 'which one base?'
run 1 base show nothing-known; has err 'debian-bookworm'
run 64 base create rootfs:app; has err '-o FILE'
mkdir -p root/lib root/etc
cp /lib/x86_64-linux-gnu/libc.so.6 /lib64/ld-linux-x86-64.so.2 root/lib/
printf 'ID=tiny\nVERSION_ID=7\n' >root/etc/os-release
run 0 base create rootfs:root -o tiny.base; empty out; empty err
run 0 base show ./tiny.base; has out 'tiny 7'; has out 'libc.so.6'
run 0 scan dir app --target ./tiny.base; has out 'everything loads'
run 1 base create cut-image.tar -o cut.base; has err 'is not whole'
[ ! -e cut.base ] || complain 'a base was made of a part of an image'

# --- pipes as files --------------------------------------------------------------------------
ran='compatprobe scan with pipes'
"$probe" scan image docker-archive:<(cat whole-image.tar) --target debian -o json=/dev/stdout 2>err | cat >out
query out '.[0].targets | length' 1; empty err
"$probe" base create rootfs:root -o /dev/stdout 2>err | cat >out
has out 'libc.so.6'; empty err

# --- builds for other programs ------------------------------------------------------------
# One for the Bare runtime beside one for Node: only Node's is judged. What a compiler leaves
# before linking is nothing that a loader maps.
mkdir -p bare/node_modules/both
printf '{"name":"both","version":"1.2.3"}' >bare/node_modules/both/package.json
echo 'int js_create_object(void); int both(void) { return js_create_object(); }' >bare/both.c
gcc -shared -fPIC -nostartfiles -o bare/node_modules/both/both.bare bare/both.c
gcc -c -fPIC -o bare/node_modules/both/both.o bare/both.c
cp app/node_modules/plain/addon.node bare/node_modules/both/both.node
run 0 scan dir bare --target debian -o json
query out '[.[0].objects[].path | split(".")[1]] | join(" ")' 'bare node'
query out '[.[0].objects[].outcomes.debian.outcome] | tojson' '[null,"loads"]'
query out '.[0].packages[0].verdicts.debian.outcome' loads

# --- templates ------------------------------------------------------------------------------
printf 'FROM node:20-bullseye-slim\nRUN apt-get install -y \\\n  libglew2.2 python3\n' >ml.Dockerfile
run 2 template check ml.Dockerfile; empty err
has out 'ml.Dockerfile:3: libglew2.2 does not exist in bullseye; it has libglew2.1'
has out 'python exists only as python3'
run 2 template check ml.Dockerfile -o json
query out '[.[0].findings[].suggestion] | join(" ")' 'libglew2.1 python-is-python3'
sed 's/2\.2 python3/2.1/' ml.Dockerfile >good.Dockerfile
run 0 template check good.Dockerfile; has out 'nothing found'
run 0 template check good.Dockerfile --image rootfs:app; has out 'nothing found'
run 1 template check good.Dockerfile --image rootfs:gone; has err 'gone'
echo 'FROM our/node:20' >own.Dockerfile
run 1 template check own.Dockerfile; has err 'own.Dockerfile:1'; has err 'base create'; empty out
run 1 template check gone.Dockerfile; has err 'gone.Dockerfile'
# Of a project: gl's way to call python, by a file that its binding.gyp names.
mkdir -p drawing/node_modules/gl/angle/src
printf '{"name":"gl","version":"8.1.6"}' >drawing/node_modules/gl/package.json
echo "{'targets': [{'dependencies': ['angle/src/angle.gyp:libEGL']}]}" >drawing/node_modules/gl/binding.gyp
echo "{'variables': {'id%': '<!(python commit_id.py check ..)'}}" >drawing/node_modules/gl/angle/src/angle.gyp
printf 'FROM node:20-bullseye-slim\nRUN apt-get install -y python3\n' >python.Dockerfile
printf 'services:\n  drawing:\n    build: {context: ., dockerfile: python.Dockerfile}\n  other:\n    image: x\n' >drawing.yml
printf 'templates:\n  - {name: ml, dockerfile: good.Dockerfile}\n' >drawing-catalogue.yaml
run 2 template check python.Dockerfile; has out "if a package's build calls"
run 0 template check python.Dockerfile --image rootfs:app; has out 'nothing found'
run 2 template check python.Dockerfile --image rootfs:drawing; has out 'gl@8.1.6 of rootfs:drawing calls "python"'
run 2 template check python.Dockerfile -f drawing.yml --catalogue drawing-catalogue.yaml --image drawing=rootfs:drawing --image other=rootfs:app -o json
query out '.[0].findings[] | [.kind, .service, .subject, .conditional | tostring] | join(" ")' 'python drawing gl@8.1.6 false'
run 0 template check good.Dockerfile -f drawing.yml --catalogue drawing-catalogue.yaml --image drawing=rootfs:app --image other=rootfs:app
has err 'no service of the project'
run 1 template check python.Dockerfile -f drawing.yml --catalogue drawing-catalogue.yaml --image drawing=rootfs:drawing
has err 'warning: other'; has out 'of drawing calls'
run 64 template check python.Dockerfile -f drawing.yml --image rootfs:drawing; has err 'it is SERVICE=REF'
run 64 template check python.Dockerfile --catalogue drawing-catalogue.yaml; has err '-f FILE'
printf 'FROM node:20-alpine\nRUN apk add tini cairo\n' >apk.Dockerfile
run 0 template check apk.Dockerfile; has out 'not looked up, as no list here has such names: tini'
run 64 template check; has err 'which one Dockerfile'
run 64 template; has err 'template check DOCKERFILE'

# --- terminals ----------------------------------------------------------------------------
# terminal ENVIRONMENT...: what the command writes to a terminal, in $work/out.
terminal() {
	ran="compatprobe scan dir app on a terminal with $*"
	env "$@" script -qec "'$probe' scan dir app --target alpine" /dev/null >out </dev/null
	done=$((done + 1))
}
escape=$(printf '\033')
terminal TERM=xterm; has out "${escape}[35mcrashes${escape}[0m"
terminal TERM=xterm NO_COLOR=1; grep -q "$escape" out && complain 'colour despite NO_COLOR'
terminal TERM=dumb; grep -q "$escape" out && complain 'colour on a dumb terminal'

echo "cli: $done runs, $failed complaints"
[ "$failed" = 0 ]
