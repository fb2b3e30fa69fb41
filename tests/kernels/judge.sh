#!/bin/sh
# judge.sh CASES TOLD: what a guest told (guest.sh), against what was expected (cases).
#
# prints lines of three fields, between tabs: NAME, RESULT, and for what was MISSED what was seen.
set -eu
[ $# -eq 2 ] || { echo "usage: judge.sh CASES TOLD" >&2; exit 64; }
cases=$1 told=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tr -d '\r' <"$told" >"$work/told"

section() { sed -n "/^== $1\$/,/^== /{ /^== /d; p; }" "$work/told"; }
result() { printf '%s\t%s\t%s\n' "$1" "$2" "$(printf '%s' "${3:-}" | tr '\n\t' '  ')"; }
# wanted NAME WANTED GOT
wanted() { if [ "$2" = "$3" ]; then result "$1" ok; else result "$1" MISSED "wanted $2, got $3"; fi; }

if ! grep -q '^== end' "$work/told"; then
	result 'the guest comes to its end' MISSED "last: $(tail -n 1 "$work/told")"
	exit 0
fi
result 'the guest comes to its end' ok
# What trace --check says of the machine; uprobe_multi is in kernels since 6.6, and what the tracer
# stands on is in all of these.
section check | sed -nE 's/^  ([^ ]( ?[^ ]+)*)  +(yes|no|NO) .*/\1\t\3/p' | sed "s/NO$/no/" >"$work/check"
newer=$(section kernel | awk -F '[.-]' '{ print ($1 * 1000 + $2 >= 6006) ? "yes" : "no" }')
while IFS="$(printf '\t')" read -r feature there; do
	case $feature in
	kernel | 'type information (BTF)' | 'ring buffer' | uprobes | 'the tracing programs' | tp_btf) expected=yes ;;
	uprobe_multi) expected=$newer ;;
	*) expected=$there ;;
	esac
	if [ "$there" = "$expected" ]; then
		result "check: $feature" "$there"
	else
		result "check: $feature" MISSED "wanted $expected, got $there"
	fi
done <"$work/check"
wanted 'trace --check ends with 0' 0 "$(section check | sed -n 's/^status //p')"
status=$(section told | sed -n 's/^status //p')
case $status in
0) result 'trace ends with 0' ok ;;
*) result 'trace ends with 0' MISSED "it ends with $status: $(section told | grep '^compatprobe: ' | tail -n 2)" ;;
esac
# Per case, each event's kind and cause; the case is the number that the container has for its id.
section events | grep '^{' | jq -r '[(.container.id // "none" | ltrimstr("0") | sub("^0*"; "")), .kind,
	.kind + (if .cause then " " + .cause else "" end), .source // "", .message // ""] | @tsv' >"$work/events"
wanted 'events of no container' 0 "$(grep -c '^none' "$work/events" || true)"
wanted 'things lost' 0 "$(cut -f2 "$work/events" | grep -c '^lost' || true)"

number=0 of=
while IFS='|' read -r name root command expected; do
	case $name in '#'*) continue ;; esac
	number=$((number + 1))
	name=$(echo $name)
	of=${name:-$of}
	expected=$(echo "$expected" | tr ',' '\n' | sed 's/^ *//; s/ *$//; /^$/d' | sort)
	awk -F '\t' -v number=$number '$1 == number' "$work/events" >"$work/case"
	got=$(cut -f3 "$work/case" | sort)
	if [ "$got" != "$expected" ]; then
		result "$of, $(echo $root)" MISSED "wanted '$expected', got '$got'; $(section runs | grep "^$number " | head -n 2)"
	elif cut -f4 "$work/case" | grep -q inferred; then
		result "$of, $(echo $root)" inferred
	else
		result "$of, $(echo $root)" ok
	fi
done <"$cases"
