# plan.awk -v base=BASE -v have="node app" -v dir=DIR cases.txt: the cases of a base.
#
# Writes DIR/NAME.run, .env, .user, .exit and .events for each, and "NAME" to standard output; cases that
# want what is not there ("node") are named on standard error.
function about(i, word, fits) {
	fits = wants = ""
	for (i = 3; i <= NF; i++) {
		word = $i
		if (word == "node" || word == "app") {
			if (word == "node" && base ~ /^glibc/)
				fits = "yes"
			if (index(" " have " ", " " word " ") == 0)
				wants = word
		} else if (word == "all" || word == base || index(base, word "-") == 1)
			fits = "yes"
	}
	return fits != ""
}
BEGIN { OFS = "\t" }
/^(#|$)/ { next }
$1 == "case" {
	on = about()
	if (on && wants != "") {
		print $2 " wants " wants > "/dev/stderr"
		on = 0
	}
	if (on) {
		name = $2
		print name
		file = dir "/" name
		printf "" > (file ".events")
		printf "" > (file ".env")
		printf "" > (file ".user")
	}
	next
}
!on { next }
{ line = $0; sub(/^[a-z]+ +/, "", line) }
$1 == "run" { print line > (file ".run") }
$1 == "env" { print line > (file ".env") }
$1 == "user" { print line > (file ".user") }
$1 == "exit" { print line > (file ".exit") }
$1 == "event" {
	# The message, which has blanks, comes first; tabs between.
	libc = base; sub(/-.*/, "", libc)
	optional = "false"; signal = status = "0"; addons = "-"
	while (match(line, / (optional|signal|status|addons|libc)=[^ ]*$/)) {
		split(substr(line, RSTART + 1), pair, "=")
		if (pair[1] == "libc") libc = pair[2]
		if (pair[1] == "optional") optional = pair[2]
		if (pair[1] == "signal") signal = pair[2]
		if (pair[1] == "status") status = pair[2]
		if (pair[1] == "addons") addons = pair[2]
		line = substr(line, 1, RSTART - 1)
	}
	split(line, word, " ")
	message = line
	for (i = 1; i <= 6; i++)
		sub(/^[^ ]+ */, "", message)
	if (word[1] == "exec_failed" || word[1] == "module_not_found")
		libc = "*"
	print message, word[1], word[2], word[3], word[4], word[5], word[6], libc, optional, signal, status,
		addons > (file ".events")
}
