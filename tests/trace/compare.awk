# compare.awk of=expected EXPECTED of=observed OBSERVED: the events that a trace must tell of one case, and those that it told.
#
# Both have a line per event, the fields with tabs between, the message first. In EXPECTED "*" fits
# anything, and a message that begins with "~" any that holds the rest. Prints what is missing and
# what is too much; ends with 1 where there is any.
BEGIN { FS = "\t" }
function fits(wanted, got, message) {
	if (wanted == "*" || wanted == got)
		return 1
	return message && substr(wanted, 1, 1) == "~" && index(got, substr(wanted, 2)) > 0
}
function differs(line, i, n, got) {
	n = split(line, got, FS)
	for (i = 1; i <= n || i <= NF; i++)
		if (!fits($i, got[i], i == 1))
			return i
	return 0
}
of == "expected" { expected[++wanted] = $0 }
of == "observed" { observed[++told] = $0 }
END {
	for (w = 1; w <= wanted; w++) {
		$0 = expected[w]
		found = 0
		for (t = 1; t <= told && !found; t++)
			if (!used[t] && !differs(observed[t]))
				found = used[t] = 1
		if (!found) {
			bad = 1
			print "  wanted: " expected[w]
		}
	}
	for (t = 1; t <= told; t++)
		if (!used[t]) {
			bad = 1
			print "  told:   " observed[t]
		}
	exit bad
}
