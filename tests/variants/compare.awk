# Reads PACKAGE<tab>package lines, the loaders' (PACKAGE<tab>MODE<tab>…) and the library's
# (PACKAGE<tab>…); prints a row for each package:
#
#     PACKAGE  TREE  MACHINE  the loader's choice  the library's  how many it tries  agree
#
# They agree where the choice is the same, and the order in which all is tried, and the platform
# packages that are asked for. What a loader asks for beyond those is for its message: esbuild looks
# what else is installed. What is chosen has to be among the builds that the library finds on disk.
BEGIN { FS = OFS = "\t" }

function chosen(list) {
	sub(/ .*/, "", list)
	sub(/.*node_modules\//, "", list)
	return list == "" ? "(none)" : list
}

function append(list, item) { return list == "" ? item : list " " item }

{ item = $NF; sub(/^(open|wants) /, "", item) }
$2 == "package" { names[++n] = $1; next }
$2 == "accept" && $3 ~ /^open / && !($1 in accepted) { accepted[$1] = item; next }
$2 == "accept" { next }
$2 == "refuse" && $3 ~ /^open / { order[$1] = append(order[$1], item); next }
$2 == "refuse" { asked[$1] = append(asked[$1], item); next }
$2 ~ /^open / { sub(/^\//, "", item); ours[$1] = append(ours[$1], item); next }
$2 ~ /^build / { sub(/^build \//, "", item); sub(/ .*/, "", item); built[$1, item]; next }
$2 ~ /^wants / { wanted[$1] = append(wanted[$1], item); next }

END {
	for (i = 1; i <= n; i++) {
		name = names[i]
		verdict = "agree"
		if (chosen(accepted[name]) != chosen(ours[name]))
			verdict = "differs in the choice"
		else if (order[name] != ours[name])
			verdict = "differs in the order: " order[name] " | " ours[name]
		else if (index(asked[name] " ", wanted[name] " ") != 1 && wanted[name] asked[name] != "")
			verdict = "differs in what is asked for: " asked[name] " | " wanted[name]
		else if (accepted[name] != "" && !((name, accepted[name]) in built))
			verdict = "differs: the choice is not among the builds"
		print name, tree, machine, chosen(accepted[name]), chosen(ours[name]), \
			split(order[name], tried, " "), verdict
	}
}
