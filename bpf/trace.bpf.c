/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The kernel's side of a trace.
 *
 *   sys_exit           failed execs, changed roots, text to standard error, opened objects: one
 *                      raw tracepoint for all of them, since each one more taxes every system call.
 *                      At the exit the arguments are still in the registers, and the result is
 * known. sched_process_*    programs that started and processes that ended uprobes in libc dlopen
 * and what it says when it fails
 *
 * What is watched is decided here: by default every process in another mount namespace than the
 * tracer's, less the control groups that user space put on the `ignored` list. Nothing is judged
 * here; raw facts go into one ring buffer, which keeps their order. A record that finds no room is
 * counted in `lost`, by its type.
 *
 * A look-up of a shared object matters only while its thread is in dlopen(3): `gates` has those
 * threads. A process whose libc has no probes yet (it started before they could be set) is followed
 * from the moment it opens a .node file, for the next LOOKUPS_UNGATED look-ups.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "kernel_types.h"
#include "raw.h"
#include "syscalls.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

/* Set before loading. */
const volatile unsigned int own_mount_ns = 0;
const volatile bool watch_all = false;
const volatile unsigned int own_pid = 0;

#define LOOKUPS_UNGATED 64
#define O_ACCMODE 3

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 16 << 20);
} ring SEC(".maps");

/* ROOT records once more, for a reader that does nothing else and so is never late. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 << 10);
} roots SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CP_RAW_TYPES);
	__type(key, __u32);
	__type(value, __u64);
} lost SEC(".maps");

/* Control groups whose names were sent. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} seen SEC(".maps");

/* Control groups that user space does not want to hear of. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, __u64);
	__type(value, __u8);
} ignored SEC(".maps");

#define GATE_DEPTH 4

/* A constructor may call dlopen again, so calls nest. Each is known by its stack pointer, which
 * also tells a second probe on the same function (two ways to one file) from a second call, and a
 * call that was left by longjmp(3). */
struct gate {
	__u32 depth;
	__u32 lookups; /* still to be told though no dlopen was seen */
	__u64 stack[GATE_DEPTH];
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 65536);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u32);
	__type(value, struct gate);
} gates SEC(".maps");

/* Where a text is looked at before it is told: all that is written to standard error passes here,
 * little of it matters. `busy` would show a kernel that lets one task of a CPU interrupt another
 * here. */
struct scratch {
	__u32 busy;
	char text[2 * CP_RAW_TEXT];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

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

/* --- whom ------------------------------------------------------------------------------ */

static __always_inline void count_lost(__u32 type)
{
	__u64 *count = bpf_map_lookup_elem(&lost, &type);
	if (count)
		*count += 1;
}

static __always_inline unsigned int mount_ns_of(struct task_struct *task)
{
	return BPF_CORE_READ(task, nsproxy, mnt_ns, ns.inum);
}

static __always_inline struct kernfs_node *parent_of(struct kernfs_node *node)
{
	struct kernfs_node___since_6_15 *later = (void *)node;
	if (bpf_core_field_exists(later->__parent))
		return BPF_CORE_READ(later, __parent);
	return BPF_CORE_READ(node, parent);
}

/* On a pure v1 machine every process is at the unified hierarchy's root; a controller that every
 * runtime sets tells them apart. */
static __always_inline struct kernfs_node *v1_node(struct task_struct *task)
{
	struct cgroup_subsys_state *state = NULL;
	int id = -1;
	if (bpf_core_enum_value_exists(enum cgroup_subsys_id, memory_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id);
	else if (bpf_core_enum_value_exists(enum cgroup_subsys_id, pids_cgrp_id))
		id = bpf_core_enum_value(enum cgroup_subsys_id, pids_cgrp_id);
	if (id < 0 || id >= 16)
		return NULL;
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	bpf_core_read(&state, sizeof(state), &set->subsys[id]);
	return state ? BPF_CORE_READ(state, cgroup, kn) : NULL;
}

static __always_inline struct kernfs_node *unified_node(struct task_struct *task)
{
	return BPF_CORE_READ(task, cgroups, dfl_cgrp, kn);
}

static __always_inline __u64 cgroup_of(struct task_struct *task)
{
	struct kernfs_node *node = unified_node(task);
	if (node && parent_of(node))
		return BPF_CORE_READ(node, id);
	struct kernfs_node *v1 = v1_node(task);
	return v1 ? BPF_CORE_READ(v1, id) | 1ULL << 63 : BPF_CORE_READ(node, id);
}

struct whom {
	struct task_struct *task;
	__u64 cgroup;
	unsigned int mount_ns;
};

/* Whether the current task is watched, and who it is. */
static __always_inline bool watched(struct whom *whom)
{
	whom->task = (void *)bpf_get_current_task();
	whom->mount_ns = mount_ns_of(whom->task);
	if (!watch_all && whom->mount_ns == own_mount_ns)
		return false;
	if (own_pid && bpf_get_current_pid_tgid() >> 32 == own_pid)
		return false;
	whom->cgroup = cgroup_of(whom->task);
	return !bpf_map_lookup_elem(&ignored, &whom->cgroup);
}

/* --- records --------------------------------------------------------------------------- */

static __always_inline void fill(struct cp_raw *head, __u32 type, const struct whom *whom)
{
	__u64 both = bpf_get_current_pid_tgid();
	head->type = type;
	head->flags = 0;
	head->pid = both >> 32;
	head->tid = (__u32)both;
	head->mount_ns = whom->mount_ns;
	head->size = 0;
	head->time = bpf_ktime_get_ns();
	head->cgroup = whom->cgroup;
	head->value = 0;
	bpf_get_current_comm(head->comm, sizeof(head->comm));
}

static __always_inline void read_names(
	char names[CP_RAW_CGROUP_LEVELS][CP_RAW_CGROUP_NAME], struct kernfs_node *node)
{
	for (int level = 0; level < CP_RAW_CGROUP_LEVELS; level++) {
		names[level][0] = 0;
		if (!node)
			continue;
		const char *name = BPF_CORE_READ(node, name);
		bpf_probe_read_kernel_str(names[level], CP_RAW_CGROUP_NAME, name);
		node = parent_of(node);
	}
}

/* Before the first record of a control group come its names: afterwards it may be gone. */
static __noinline int introduce(struct whom *whom)
{
	if (!whom)
		return 0;
	__u8 one = 1;
	struct cp_raw_cgroup *record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);
	if (!record) {
		count_lost(CP_RAW_CGROUP);
		return 0;
	}
	fill(&record->head, CP_RAW_CGROUP, whom);
	read_names(record->names[0], unified_node(whom->task));
	read_names(record->names[1], v1_node(whom->task));
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	bpf_map_update_elem(&seen, &whom->cgroup, &one, BPF_ANY);
	return 0;
}

static __always_inline void introduce_once(struct whom *whom)
{
	if (!bpf_map_lookup_elem(&seen, &whom->cgroup))
		introduce(whom);
}

/* A record of SIZE bytes for the current task; NULL (counted) where there is no room. */
#define BEGIN(record, TYPE, whom)                                                                  \
	({                                                                                         \
		introduce_once(whom);                                                              \
		record = bpf_ringbuf_reserve(&ring, sizeof(*record), 0);                           \
		if (record)                                                                        \
			fill((struct cp_raw *)record, TYPE, whom);                                 \
		else                                                                               \
			count_lost(TYPE);                                                          \
		record;                                                                            \
	})

static __always_inline void tell(struct whom *whom, __u32 type, __s64 value, __u64 wakeup)
{
	struct cp_raw *record;
	if (!BEGIN(record, type, whom))
		return;
	record->value = value;
	bpf_ringbuf_submit(record, wakeup);
}

static __always_inline void set_size(struct cp_raw *head, long length, long room)
{
	head->size = length > 0 ? (unsigned int)length - 1 : 0;
	if (length == room)
		head->flags |= CP_RAW_CUT;
}

/* A record with one string; a short one where the string turns out to be short. */
static __always_inline void tell_string(struct whom *whom, __u32 type, __s64 value, __u32 flags,
	const char *user, const char *kernel, __u64 wakeup)
{
	struct cp_raw_small *small;
	if (!BEGIN(small, type, whom))
		return;
	long length = user ? bpf_probe_read_user_str(small->text, sizeof(small->text), user)
			   : bpf_probe_read_kernel_str(small->text, sizeof(small->text), kernel);
	small->head.value = value;
	small->head.flags = flags;
	if (length < CP_RAW_SMALL) {
		set_size(&small->head, length, CP_RAW_SMALL);
		bpf_ringbuf_submit(small, wakeup);
		return;
	}
	bpf_ringbuf_discard(small, BPF_RB_NO_WAKEUP);
	struct cp_raw_text *text;
	if (!BEGIN(text, type, whom))
		return;
	length = user ? bpf_probe_read_user_str(text->text, sizeof(text->text), user)
		      : bpf_probe_read_kernel_str(text->text, sizeof(text->text), kernel);
	text->head.value = value;
	text->head.flags = flags;
	set_size(&text->head, length, CP_RAW_TEXT);
	bpf_ringbuf_submit(text, wakeup);
}

/* --- text to standard error ------------------------------------------------------------ */

#define WORD(a, b, c, d) ((__u32)(a) << 24 | (__u32)(b) << 16 | (__u32)(c) << 8 | (__u32)(d))

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

static __always_inline struct scratch *take_scratch(void)
{
	__u32 zero = 0;
	struct scratch *scratch = bpf_map_lookup_elem(&scratches, &zero);
	if (!scratch)
		return NULL;
	if (scratch->busy) {
		count_lost(CP_RAW_STDERR);
		return NULL;
	}
	scratch->busy = 1;
	return scratch;
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

/* --- opened objects --------------------------------------------------------------------- */

enum name_kind { NAME_OTHER, NAME_LIBRARY, NAME_ADDON };

#define NAME_TAIL                                                                                  \
	48 /* bytes at the end of a path that are looked at: "libstdc++.so.6.0.33" and such */

/* By the end of a path whose length is known: NAME.node, NAME.so or NAME.so.N. */
static __always_inline enum name_kind kind_of_tail(const char *path, __u32 length)
{
	__u32 word = 0;
	bool library = false;
	__u32 start = length > NAME_TAIL ? length - NAME_TAIL : 0;
	for (__u32 i = 0; i < NAME_TAIL; i++) {
		if (start + i >= length)
			break;
		word = word << 8 | (unsigned char)path[(start + i) & (CP_RAW_TEXT - 1)];
		if ((word & 0xffffff) == ('.' << 16 | 's' << 8 | 'o'))
			library = true;
		else if ((word & 0xff) == '/')
			library = false;
	}
	if (word == WORD('n', 'o', 'd', 'e'))
		return NAME_ADDON;
	return library ? NAME_LIBRARY : NAME_OTHER;
}

static __always_inline enum name_kind kind_of_name(const char *user)
{
	struct scratch *scratch = take_scratch();
	if (!scratch)
		return NAME_OTHER;
	long length = bpf_probe_read_user_str(scratch->text, CP_RAW_TEXT, user);
	enum name_kind kind = length > 4 ? kind_of_tail(scratch->text, length - 1) : NAME_OTHER;
	scratch->busy = 0;
	return kind;
}

static __always_inline struct gate *gate_of_thread(void)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	return bpf_map_lookup_elem(&gates, &tid);
}

/* A thread whose libc has no probes opened an addon: its next look-ups tell how that ends. */
static __always_inline void follow_ungated(struct whom *whom, const char *name, long fd)
{
	struct gate gate = {.lookups = LOOKUPS_UNGATED};
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	if (bpf_map_update_elem(&gates, &tid, &gate, BPF_ANY) < 0)
		count_lost(CP_RAW_OPEN);
	tell_string(whom, CP_RAW_OPEN, fd, CP_RAW_UNGATED, name, NULL, BPF_RB_NO_WAKEUP);
}

static __noinline int on_open(const char *name, __u64 how, long fd)
{
	struct whom whom;
	struct gate *gate = gate_of_thread();
	if (!gate && (fd < 0 || (how & O_ACCMODE)))
		return 0;
	if (!watched(&whom))
		return 0;
	enum name_kind kind = kind_of_name(name);
	if (kind == NAME_OTHER)
		return 0;
	if (!gate) {
		if (kind == NAME_ADDON)
			follow_ungated(&whom, name, fd);
		return 0;
	}
	__u32 flags = how & O_ACCMODE ? CP_RAW_WRITABLE : 0;
	if (!gate->depth) {
		flags |= CP_RAW_UNGATED;
		if (gate->lookups <= 1) {
			__u32 tid = (__u32)bpf_get_current_pid_tgid();
			bpf_map_delete_elem(&gates, &tid);
		} else {
			gate->lookups--;
		}
	}
	tell_string(&whom, CP_RAW_OPEN, fd, flags, name, NULL, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void on_openat2(const struct cp_registers *regs, long fd)
{
	__u64 how = 0;
	if (gate_of_thread() || fd >= 0)
		bpf_probe_read_user(&how, sizeof(how), (const void *)cp_argument(regs, 2));
	on_open((const char *)cp_argument(regs, 1), how, fd);
}

/* --- programs --------------------------------------------------------------------------- */

static __noinline int on_exec_failed(const char *name, long result)
{
	struct whom whom;
	if (result < 0 && watched(&whom))
		tell_string(&whom, CP_RAW_EXEC_FAILED, result, 0, name, NULL, BPF_RB_NO_WAKEUP);
	return 0;
}

static __noinline int on_root(long number)
{
	struct whom whom;
	if (mount_ns_of((void *)bpf_get_current_task()) == own_mount_ns || !watched(&whom))
		return 0;
	struct cp_raw *record = bpf_ringbuf_reserve(&roots, sizeof(*record), 0);
	if (record) {
		fill(record, CP_RAW_ROOT, &whom);
		record->value = number == CP_SYS_pivot_root;
		bpf_ringbuf_submit(record, BPF_RB_FORCE_WAKEUP);
	}
	tell(&whom, CP_RAW_ROOT, number == CP_SYS_pivot_root, BPF_RB_FORCE_WAKEUP);
	return 0;
}

SEC("tp_btf/sys_exit")
int on_sys_exit(__u64 *ctx)
{
	const struct cp_registers *regs = (const struct cp_registers *)ctx[0];
	long result = (long)ctx[1];
	long number = cp_syscall_number(regs);
	switch (number) {
	case CP_SYS_write:
	case CP_SYS_writev:
		if (cp_argument(regs, 0) == 2 && result > 0)
			on_output(regs, number == CP_SYS_writev, result);
		break;
#ifdef CP_SYS_open
	case CP_SYS_open:
		on_open((const char *)cp_argument(regs, 0), cp_argument(regs, 1), result);
		break;
#endif
	case CP_SYS_openat:
		on_open((const char *)cp_argument(regs, 1), cp_argument(regs, 2), result);
		break;
	case CP_SYS_openat2:
		on_openat2(regs, result);
		break;
	case CP_SYS_execve:
		on_exec_failed((const char *)cp_argument(regs, 0), result);
		break;
	case CP_SYS_execveat:
		on_exec_failed((const char *)cp_argument(regs, 1), result);
		break;
	case CP_SYS_pivot_root:
	case CP_SYS_chroot:
		if (result == 0)
			on_root(number);
		break;
	}
	return 0;
}

SEC("tp_btf/sched_process_exec")
int on_exec(__u64 *ctx)
{
	struct whom whom;
	struct linux_binprm *program = (struct linux_binprm *)ctx[2];
	__u32 old_tid = (__u32)ctx[1];
	bpf_map_delete_elem(&gates, &old_tid);
	if (watched(&whom))
		tell_string(&whom, CP_RAW_EXEC, (int)old_tid, 0, NULL,
			BPF_CORE_READ(program, interp), BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("tp_btf/sched_process_exit")
int on_exit(__u64 *ctx)
{
	struct whom whom;
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	(void)ctx;
	bpf_map_delete_elem(&gates, &tid);
	if (!watched(&whom))
		return 0;
	struct task_struct *task = whom.task;
	if (BPF_CORE_READ(task, signal, live.counter) != 0)
		return 0;
	int code = BPF_CORE_READ(task, signal, group_exit_code);
	if (!code)
		code = BPF_CORE_READ(task, exit_code);
	tell(&whom, CP_RAW_EXIT, code, BPF_RB_NO_WAKEUP);
	return 0;
}

/* --- libc ------------------------------------------------------------------------------- */

/* Opens the gate for a call that begins at this stack pointer. False where the call is known. */
static __always_inline bool open_gate(__u64 stack)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct gate first = {.depth = 1, .stack = {stack}};
	struct gate *gate = bpf_map_lookup_elem(&gates, &tid);
	if (!gate || !gate->depth) {
		if (bpf_map_update_elem(&gates, &tid, &first, BPF_ANY) < 0)
			count_lost(CP_RAW_DLOPEN);
		return true;
	}
	for (int i = 0; i < GATE_DEPTH; i++)
		if (gate->depth && gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] < stack)
			gate->depth--; /* that call's frame is gone */
	if (gate->depth && gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] == stack)
		return false;
	__u32 slot = gate->depth;
	if (slot >= GATE_DEPTH)
		return false;
	barrier_var(slot); /* what the line above says, as old verifiers understand it */
	slot &= GATE_DEPTH - 1;
	gate->stack[slot] = stack;
	gate->depth++;
	return true;
}

/* Closes the gate of the call that began at this stack pointer. False where none is open. */
static __always_inline bool close_gate(__u64 stack)
{
	__u32 tid = (__u32)bpf_get_current_pid_tgid();
	struct gate *gate = bpf_map_lookup_elem(&gates, &tid);
	if (!gate || !gate->depth || gate->stack[(gate->depth - 1) & (GATE_DEPTH - 1)] != stack)
		return false;
	if (gate->depth > 1)
		gate->depth--;
	else
		bpf_map_delete_elem(&gates, &tid);
	return true;
}

static __noinline int enter_dlopen(const char *name, __u64 stack, __u32 libc)
{
	struct whom whom;
	if (name && watched(&whom) && open_gate(stack)) /* dlopen(NULL) is the program itself */
		tell_string(&whom, CP_RAW_DLOPEN, 0, libc, name, NULL, BPF_RB_NO_WAKEUP);
	return 0;
}

static __noinline int leave_dlopen(__u64 handle, __u64 stack, __u32 libc)
{
	struct whom whom;
	struct cp_raw *record;
	if (!watched(&whom) || !close_gate(stack) || !BEGIN(record, CP_RAW_DLOPEN_RETURN, &whom))
		return 0;
	record->value = handle != 0;
	record->flags = libc;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}

SEC("uprobe")
int glibc_dlopen(struct pt_regs *ctx)
{
	return enter_dlopen(
		(const char *)CP_FUNCTION_ARGUMENT_1(ctx), CP_STACK_AT_ENTRY(ctx), CP_RAW_GLIBC);
}

SEC("uretprobe")
int glibc_dlopen_return(struct pt_regs *ctx)
{
	return leave_dlopen(CP_FUNCTION_RESULT(ctx), CP_STACK_AT_RETURN(ctx), CP_RAW_GLIBC);
}

SEC("uprobe")
int musl_dlopen(struct pt_regs *ctx)
{
	return enter_dlopen(
		(const char *)CP_FUNCTION_ARGUMENT_1(ctx), CP_STACK_AT_ENTRY(ctx), CP_RAW_MUSL);
}

SEC("uretprobe")
int musl_dlopen_return(struct pt_regs *ctx)
{
	return leave_dlopen(CP_FUNCTION_RESULT(ctx), CP_STACK_AT_RETURN(ctx), CP_RAW_MUSL);
}

SEC("uretprobe")
int musl_dlerror_return(struct pt_regs *ctx)
{
	struct whom whom;
	const char *text = (const char *)CP_FUNCTION_RESULT(ctx);
	if (text && watched(&whom))
		tell_string(&whom, CP_RAW_DLERROR, 0, CP_RAW_MUSL, text, NULL, BPF_RB_NO_WAKEUP);
	return 0;
}

/* glibc's struct dl_exception, GLIBC_PRIVATE; the same from 2.26 to 2.41 (include/ldsodefs.h). */
struct dl_exception {
	const char *object;
	const char *text;
};

/* void _dl_signal_exception (int errcode, struct dl_exception *, const char *occasion). It is
 * called again each time that an inner catch hands the exception on: the last one before dlopen
 * returns is what dlerror would tell. */
SEC("uprobe")
int glibc_exception(struct pt_regs *ctx)
{
	struct whom whom;
	struct dl_exception exception;
	struct cp_raw_long *record;
	struct gate *gate = gate_of_thread();
	const void *from = (const void *)CP_FUNCTION_ARGUMENT_2(ctx);
	if (!gate || !gate->depth || !watched(&whom) ||
		bpf_probe_read_user(&exception, sizeof(exception), from) < 0)
		return 0;
	if (!BEGIN(record, CP_RAW_EXCEPTION, &whom))
		return 0;
	record->head.value = (int)CP_FUNCTION_ARGUMENT_1(ctx);
	record->head.flags = CP_RAW_GLIBC;
	record->text[0] = record->more[0] = 0;
	set_size(&record->head,
		bpf_probe_read_user_str(record->text, sizeof(record->text), exception.object),
		CP_RAW_TEXT);
	if (bpf_probe_read_user_str(record->more, sizeof(record->more), exception.text) ==
		CP_RAW_TEXT)
		record->head.flags |= CP_RAW_CUT;
	bpf_ringbuf_submit(record, BPF_RB_NO_WAKEUP);
	return 0;
}
