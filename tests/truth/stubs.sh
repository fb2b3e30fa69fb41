#!/bin/sh
# stubs.sh: turns lines "TYPE NAME" on stdin into assembler that defines each name.
#
# All functions are one that returns 0 and all data is one zeroed block: a loader binds names, it
# does not look behind them. Thread-local names go to .tbss, where they belong.
set -eu
echo '	.text
cp_truth_function:
	.cfi_startproc
	xor %eax, %eax
	ret
	.cfi_endproc
	.data
	.balign 64
cp_truth_data:
	.zero 65536
	.section .note.GNU-stack,"",@progbits
	.section .tbss,"awT",@nobits
cp_truth_thread:
	.zero 64'
sort -u -k2,2 | awk '
	BEGIN {
		kind["TLS"] = "tls_object"; stub["TLS"] = "cp_truth_thread"
		kind["OBJECT"] = "object"; stub["OBJECT"] = "cp_truth_data"
	}
	{
		type = $1 in kind ? kind[$1] : "function"
		value = $1 in stub ? stub[$1] : "cp_truth_function"
		printf "\t.globl %s\n\t.type %s, @%s\n\t.set %s, %s\n", $2, $2, type, $2, value
	}'
