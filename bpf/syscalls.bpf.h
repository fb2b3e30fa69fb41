/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * The machine's part of the kernel programs: which system call, which arguments.
 *
 * struct cp_registers is the kernel's struct pt_regs as far as it is needed; its members' places
 * are part of the ptrace(2) interface and do not change.
 */
#ifndef CP_SYSCALLS_BPF_H
#define CP_SYSCALLS_BPF_H

#if defined(__TARGET_ARCH_x86)

struct pt_regs {
	unsigned long r15, r14, r13, r12, bp, bx;
	unsigned long r11, r10, r9, r8, ax, cx, dx, si, di;
	unsigned long orig_ax, ip, cs, flags, sp, ss;
};
#define cp_registers pt_regs

enum {
	CP_SYS_write = 1,
	CP_SYS_open_number = 2,
	CP_SYS_writev = 20,
	CP_SYS_execve = 59,
	CP_SYS_pivot_root = 155,
	CP_SYS_chroot = 161,
	CP_SYS_openat = 257,
	CP_SYS_execveat = 322,
	CP_SYS_openat2 = 437,
};
#define CP_SYS_open CP_SYS_open_number

#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h: a 32-bit call, with other numbers */

static __always_inline long cp_syscall_number(const struct pt_regs *regs)
{
	return (long)regs->orig_ax;
}

#define cp_argument(regs, number)                                                                  \
	((number) == 0 ? (regs)->di : (number) == 1 ? (regs)->si : (regs)->dx)

#define CP_FUNCTION_ARGUMENT_1(ctx) ((ctx)->di)
#define CP_FUNCTION_ARGUMENT_2(ctx) ((ctx)->si)
#define CP_FUNCTION_RESULT(ctx) ((ctx)->ax)
/* The stack pointer that tells one call from another: `call` has pushed the way back, `ret` has
 * taken it off again. */
#define CP_STACK_AT_ENTRY(ctx) ((ctx)->sp)
#define CP_STACK_AT_RETURN(ctx) ((ctx)->sp - 8)

#else
#error "the tracer's kernel programs know x86-64 only"
#endif

#endif
