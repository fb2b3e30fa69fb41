#!/bin/sh
# Runs each step named (a make target) to its end, whatever came before, and sums up:
#
#   run.sh STEP...
#
# A step that cannot run on this machine ends with a line "skipped: WHY".
set -u
passed=0 failed=0 skipped=0 bad=
for step; do
	printf '\n== %s\n' "$step"
	log=$(mktemp)
	{ ${MAKE:-make} --no-print-directory "$step"; echo $? > "$log.status"; } 2>&1 | tee "$log"
	if [ "$(cat "$log.status")" != 0 ]; then
		failed=$((failed + 1)) bad="$bad $step"
	elif tail -n 1 "$log" | grep -q '^skipped: '; then
		skipped=$((skipped + 1))
	else
		passed=$((passed + 1))
	fi
	rm -f "$log" "$log.status"
done
printf '\n'
[ -z "$bad" ] || printf 'failed steps:%s\n' "$bad"
printf '%s passed, %s failed, %s skipped\n' "$passed" "$failed" "$skipped"
[ "$failed" = 0 ]
