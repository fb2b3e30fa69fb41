# Shared by the end-to-end scripts: counting checks. Sourced.
checks=0 misses=0

# expect WHAT WANTED GOT
expect() {
	checks=$((checks + 1))
	[ "$2" = "$3" ] && return 0
	misses=$((misses + 1))
	printf 'MISSED %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$3"
}

# expect_match WHAT PATTERN FILE: some line of FILE matches the extended expression.
expect_match() {
	checks=$((checks + 1))
	grep -Eq -- "$2" "$3" && return 0
	misses=$((misses + 1))
	printf 'MISSED %s\n  wanted: %s\n  got:    %s\n' "$1" "$2" "$(head -c 2000 "$3")"
}

sum_up() {
	printf '%s: %s checks, %s missed\n' "$1" "$checks" "$misses"
	[ "$misses" = 0 ]
}
