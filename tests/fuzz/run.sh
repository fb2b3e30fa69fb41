#!/bin/sh
# Runs one fuzz target: run.sh NAME FUZZ_DIR LIBFUZZER_OPTION...
# Prints one line where all is well, and libFuzzer's report where it is not.
set -u
name=$1 dir=$2
shift 2
mkdir -p "$dir/corpus/$name"
dictionary=tests/fuzz/$name.dict
[ ! -f "$dictionary" ] || set -- "$@" "-dict=$dictionary"
log=$dir/$name.log
if "$dir/fuzz_$name" "$@" "-artifact_prefix=$dir/$name-" -print_final_stats=1 \
	"$dir/corpus/$name" "$dir/seeds/$name" > "$log" 2>&1; then
	awk -v name="$name" '/number_of_executed_units/ {print "fuzz " name ": " $2 " inputs, nothing found"}' "$log"
else
	tail -n 60 "$log"
	echo "fuzz $name: failed; the input is beside $log"
	exit 1
fi
