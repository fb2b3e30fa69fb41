# Shared by the benchmarks: rows of "what, measured, wanted". Sourced.
missed=0

# row WHAT VALUE OPERATOR WANTED: prints a line and notes a miss.
row() {
	if awk "BEGIN { exit !($2 $3 $4) }"; then verdict=ok; else verdict=MISSED missed=1; fi
	printf '%-66s %10.2f  %s %-8s %s\n' "$1" "$2" "$3" "$4" "$verdict"
}
# tell WHAT VALUE: a figure without a claim.
tell() { printf '%-66s %10.2f\n' "$1" "$2"; }
ratio() { awk "BEGIN { print ($1) / ($2) }"; }
