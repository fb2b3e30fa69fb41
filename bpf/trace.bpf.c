/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The kernel's side of a trace: raw facts for user space (raw.h), and no judgement.
 *
 *   sys_exit          failed execs, changed roots, text to standard error, opened objects
 *   sched_process_*   programs that started, processes that ended
 *   uprobes in libc   dlopen, and what it says when it fails
 *
 * One raw tracepoint serves all system calls, since each one more taxes every call. At the exit of
 * a call its arguments are still in the registers, and its result is known.
 */
#include <linux/bpf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_core_read.h>

#include "opens.bpf.h"
#include "output.bpf.h"

char LICENSE[] SEC("license") = "Dual MIT/GPL";

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
	if (!watched(&whom) || whom.mount_ns == own_mount_ns)
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
