#!/bin/sh
# A Debian release's two tables, from its own lists (fetch.sh):
#
#   make_debian.sh LISTS LEFT_OUT OUT
#
# OUT.tsv: "SONAME TAB PACKAGE", by soname. A library counts where a loader finds it (the default
# directories, and those two that Debian's alternatives link into them), in a package of section
# libs, and bears a version. lib.so.1.2.3 is dropped where the same package has lib.so.1, its soname. Of several packages
# the one named after the soname wins, as Debian Policy 8.1 has it (libcairo.so.2: libcairo2;
# libssl.so.3: libssl3t64), then the shortest.
#
# OUT.names: the release's packages but for those that a glob of LEFT_OUT matches (and no glob with
# a "!" before it), sorted and front-coded: a letter says how many characters of the name before are kept (A: none, …, Z: 25).
set -eu
export LC_ALL=C
[ $# -eq 3 ] || { echo "usage: make_debian.sh LISTS LEFT_OUT OUT" >&2; exit 64; }
lists=$1 left_out=$2 out=$3
globs() { sed 's/[+.]/\\&/g; s/\*/.*/g' | paste -sd '|'; }
kept=$(grep '^!' "$left_out" | tr -d '!' | globs)
dropped=$(grep -v '^!' "$left_out" | globs)

sed -n 's/^Package: //p' "$lists/Packages" | sort -u >"$out.all"
{ grep -xE "$kept" "$out.all"; grep -vxE "$dropped" "$out.all"; } | sort -u | awk '{
	for (same = 0; same < 25 && same < length(before); same++)
		if (substr($0, same + 1, 1) != substr(before, same + 1, 1))
			break
	print substr("ABCDEFGHIJKLMNOPQRSTUVWXYZ", same + 1, 1) substr($0, same + 1)
	before = $0
}' >"$out.names.new"

grep -E '^(usr/)?lib/(x86_64-linux-gnu/((blas|lapack)/)?)?lib[^/ ]*\.so(\.[^/ ]*)? ' "$lists/Contents" |
	awk -v all="$out.all" '
	function by_policy(soname, package,	name) {
		name = tolower(soname)
		if (match(name, /[0-9]\.so\./)) # libfoo-1.so.2: libfoo-1-2
			sub(/\.so\./, "-", name)
		sub(/\.so\./, "", name)
		gsub(/_/, "-", name)
		sub(/t64$/, "", package)
		return name == package
	}
	function better(soname, package, than) {
		if (by_policy(soname, package) != by_policy(soname, than))
			return by_policy(soname, package)
		if (length(package) != length(than))
			return length(package) < length(than)
		return package < than
	}
	BEGIN { while ((getline line <all) > 0) exists[line] = 1 }
	{
		name = $1
		sub(/.*\//, "", name)
		if (name !~ /[0-9]/)
			next
		many = split($2, packages, ",")
		for (i = 1; i <= many; i++) {
			if (packages[i] !~ /^(old)?libs\//)
				continue
			sub(/.*\//, "", packages[i])
			if (packages[i] in exists)
				has[name, packages[i]] = 1
		}
	}
	END {
		for (pair in has) {
			split(pair, part, SUBSEP)
			short = part[1]
			while (sub(/\.[0-9]+$/, "", short))
				if (short ~ /\.so\./ && (short, part[2]) in has)
					break
			if (short ~ /\.so\./ && short != part[1])
				continue
			if (!(part[1] in best) || better(part[1], part[2], best[part[1]]))
				best[part[1]] = part[2]
		}
		for (name in best)
			print name "\t" best[name]
	}' | sort >"$out.tsv.new"
rm "$out.all"
mv "$out.tsv.new" "$out.tsv"
mv "$out.names.new" "$out.names"
