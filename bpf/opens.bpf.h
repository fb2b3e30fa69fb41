/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * Shared objects that are opened, or not, by a thread in dlopen. A process whose libc has no probes
 * yet (it started before they could be set) is followed from the moment it opens a .node file, for
 * the next LOOKUPS_UNGATED look-ups.
 */
#ifndef CP_OPENS_BPF_H
#define CP_OPENS_BPF_H

#include "gates.bpf.h"
#include "scratch.bpf.h"
#include "syscalls.bpf.h"

#define LOOKUPS_UNGATED 64
#define O_ACCMODE 3

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

#endif
