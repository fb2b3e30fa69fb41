/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What processes write to standard error: put together from its pieces, and told where it may be a
 * loader's or Node's words. Ordinary logging, however much, stays in the kernel.
 */
#ifndef CP_OUTPUT_BPF_H
#define CP_OUTPUT_BPF_H

#include "scratch.bpf.h"
#include "syscalls.bpf.h"

/* Processes whose last text that was told had no end of line: what they write next belongs to it.
 */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u32);
	__type(value, __u32);
} unfinished SEC(".maps");

/* Texts that a control group has had told in this second: a flood from one container must not push
 * out what others have to say. */
struct budget {
	__u64 since;
	__u32 used;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, __u64);
	__type(value, struct budget);
} budgets SEC(".maps");

#define CHUNK 64
#define SCANNED 2048 /* of a text, at most: an error says so early */

/* Letters are compared in either case (by bit 5, which also takes some marks for others: an alarm
 * too many is dropped in user space). A comparison yields a negative number where the words are
 * equal, without a branch, as verifiers count those. */
static __always_inline __s64 differs(__u32 word, __u32 wanted)
{
	return (__s64)(__u64)(word ^ wanted) - 1;
}

/* One of these is in every sentence below. */
static __always_inline bool may_be_error(const char *text, __u64 size)
{
	__u32 word = 0;
	__s64 found = 0;
	for (__u32 start = 0; start < SCANNED && start < size; start += CHUNK) {
#pragma clang loop unroll(disable)
		for (__u32 i = 0; i < CHUNK; i++) {
			word = word << 8 | (unsigned char)text[start + i] | 0x20;
			found |= differs(word, WORD('r', 'r', 'o', 'r')) |
				 differs(word, WORD('n', 'n', 'o', 't')) |
				 differs(word, WORD('f', 'o', 'u', 'n')) |
				 differs(word, WORD('o', 'd', 'u', 'l')) |
				 differs(word, WORD('o', 'u', 'l', 'd')) |
				 differs(word, WORD('a', 'i', 'l', 'e'));
		}
		if (found < 0)
			return true;
	}
	return false;
}

#define PHRASE(text)                                                                               \
	((__u64)(text)[0] << 56 | (__u64)(text)[1] << 48 | (__u64)(text)[2] << 40 |                \
		(__u64)(text)[3] << 32 | (__u64)(text)[4] << 24 | (__u64)(text)[5] << 16 |         \
		(__u64)(text)[6] << 8 | (__u64)(text)[7])

static __always_inline __s64 is_not(__u64 window, __u64 phrase)
{
	return (__s64)((window ^ phrase) & ~(1ULL << 63)) - 1;
}

/* Eight letters of each sentence that loader_text.c and js_text.c know. */
static __always_inline __s64 is_no_phrase(__u64 window)
{
	return is_not(window, PHRASE("error lo")) | /* Error loading shared library */
	       is_not(window, PHRASE("error re")) | /* Error relocating */
	       is_not(window, PHRASE("error wh")) | /* error while loading shared libraries */
	       is_not(window, PHRASE("ookup er")) | /* symbol lookup error */
	       is_not(window, PHRASE("ation er")) | /* relocation error */
	       is_not(window, PHRASE("found (r")) | /* version … not found (required by */
	       is_not(window, PHRASE("shared o")) | /* cannot open shared object file */
	       is_not(window, PHRASE("d symbol")) | /* undefined symbol */
	       is_not(window, PHRASE("cannot f")) | /* Cannot find module, package, addon */
	       is_not(window, PHRASE("not load")) | /* Could not load the "sharp" module */
	       is_not(window, PHRASE("not loca")) | /* could not locate the bindings file */
	       is_not(window, PHRASE("can not ")) | /* can not be found at path */
	       is_not(window, PHRASE("load nat")) | /* Failed to load native binding */
	       is_not(window, PHRASE("no nativ")) | /* No native build was found */
	       is_not(window, PHRASE("no prebu")) | /* No prebuild or local build */
	       is_not(window, PHRASE("query en")) | /* Query engine library */
	       is_not(window, PHRASE("compiled")) | /* was compiled against a different Node.js */
	       is_not(window, PHRASE("t self-r")) | /* Module did not self-register */
	       is_not(window, PHRASE(" missing")) | /* package is missing */
	       is_not(window, PHRASE("err\x7f"
				     "dlop")); /* ERR_DLOPEN_FAILED */
}

/* Whether a text may be a loader's or Node's. Ordinary logging, however much, stays in the kernel.
 * Looks at whole chunks: what lies behind the text may give an alarm too many. */
static __always_inline bool looks_like_error(const char *text, __u64 size)
{
	__u64 window = 0;
	__s64 found = 0;
	if (!may_be_error(text, size))
		return false;
	for (__u32 start = 0; start < SCANNED && start < size; start += CHUNK) {
#pragma clang loop unroll(disable)
		for (__u32 i = 0; i < CHUNK; i++) {
			window = window << 8 | (unsigned char)text[start + i] | 0x20;
			found |= is_no_phrase(window);
		}
		if (found < 0)
			return true;
	}
	return false;
}

#define CONTINUATIONS 64 /* writes after one without an end of line */

/* Whether the process had begun a line with its last write; takes note of how this one ends. */
static __always_inline bool is_continued(__u32 pid)
{
	return bpf_map_lookup_elem(&unfinished, &pid) != NULL;
}

static __always_inline void note_end(__u32 pid, bool ends_line)
{
	__u32 *count = bpf_map_lookup_elem(&unfinished, &pid);
	__u32 next = count ? *count + 1 : 1;
	if (ends_line || next > CONTINUATIONS)
		bpf_map_delete_elem(&unfinished, &pid);
	else
		bpf_map_update_elem(&unfinished, &pid, &next, BPF_ANY);
}

#define TEXTS_PER_SECOND 4000

static __always_inline bool is_within_budget(__u64 cgroup)
{
	__u64 now = bpf_ktime_get_ns();
	struct budget first = {.since = now, .used = 1};
	struct budget *budget = bpf_map_lookup_elem(&budgets, &cgroup);
	if (!budget || now - budget->since > 1000000000ULL) {
		bpf_map_update_elem(&budgets, &cgroup, &first, BPF_ANY);
		return true;
	}
	return ++budget->used <= TEXTS_PER_SECOND;
}

/* Copies the text out of the scratch into a record that is large enough. */
static __always_inline void tell_text(
	struct whom *whom, const struct scratch *scratch, __u64 size, __u32 flags)
{
	struct cp_raw_small *small;
	struct cp_raw_text *large;
	barrier_var(size); /* the verifier is to see these very comparisons */
	if (size <= CP_RAW_SMALL) {
		if (!BEGIN(small, CP_RAW_STDERR, whom))
			return;
		small->head.size = size;
		small->head.flags = flags;
		bpf_probe_read_kernel(small->text, size, scratch->text);
		bpf_ringbuf_submit(small, BPF_RB_NO_WAKEUP);
		return;
	}
	if (!BEGIN(large, CP_RAW_STDERR, whom))
		return;
	if (size > CP_RAW_TEXT)
		size = CP_RAW_TEXT;
	large->head.size = size;
	large->head.flags = flags;
	bpf_probe_read_kernel(large->text, size, scratch->text);
	bpf_ringbuf_submit(large, BPF_RB_NO_WAKEUP);
}

/* Tells what is in the scratch, where it may matter. */
static __always_inline void tell_output(
	struct whom *whom, const struct scratch *scratch, __u64 size, __u32 flags)
{
	__u32 pid = bpf_get_current_pid_tgid() >> 32;
	if (!size || (!is_continued(pid) && !looks_like_error(scratch->text, size)))
		return;
	note_end(pid, scratch->text[(size - 1) & (CP_RAW_TEXT - 1)] == '\n');
	if (is_within_budget(whom->cgroup))
		tell_text(whom, scratch, size, flags);
	else
		count_lost(CP_RAW_STDERR);
}

/* What one write(2) wrote. Returns how much of it is in the scratch. */
static __noinline __u64 take_write(struct scratch *scratch, const char *from, __u64 size)
{
	if (!scratch)
		return 0;
	barrier_var(size);
	if (size > CP_RAW_TEXT)
		size = CP_RAW_TEXT;
	return bpf_probe_read_user(scratch->text, size, from) == 0 ? size : 0;
}

struct user_iovec {
	const char *base;
	__u64 size;
};

#define MAX_IOVECS 16

/* The same of writev(2), put together: glibc's loader writes a line in 10 pieces, musl's in several
 * calls of 2. */
static __noinline __u64 take_pieces(
	struct scratch *scratch, const struct user_iovec *vector, __u64 count)
{
	__u64 used = 0;
	if (!scratch)
		return 0;
	for (__u32 i = 0; i < MAX_IOVECS && i < count; i++) {
		struct user_iovec one;
		if (bpf_probe_read_user(&one, sizeof(one), &vector[i]) < 0)
			break;
		__u64 size = one.size;
		if (used >= CP_RAW_TEXT || size >= CP_RAW_TEXT)
			break;
		barrier_var(used); /* what the line above says, as old verifiers understand it */
		barrier_var(size);
		used &= CP_RAW_TEXT - 1;
		size &= CP_RAW_TEXT - 1;
		if (bpf_probe_read_user(scratch->text + used, size, one.base) < 0)
			break;
		used += size;
	}
	return used;
}

static __noinline int on_output(const struct cp_registers *regs, bool in_pieces, __u64 written)
{
	struct whom whom;
	struct scratch *scratch = regs && watched(&whom) ? take_scratch() : NULL;
	if (!scratch)
		return 0;
	__u64 size =
		in_pieces ? take_pieces(scratch, (void *)cp_argument(regs, 1), cp_argument(regs, 2))
			  : take_write(scratch, (void *)cp_argument(regs, 1), written);
	tell_output(&whom, scratch, size, size < written ? CP_RAW_CUT : 0);
	scratch->busy = 0;
	return 0;
}

#endif
