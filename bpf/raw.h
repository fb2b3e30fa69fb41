/* SPDX-License-Identifier: MIT OR GPL-2.0-only
 *
 * What the kernel programs hand to user space: raw facts, in the order in which they happened,
 * through one ring buffer. No judgement is in them; that is story.c's.
 *
 *   CGROUP         a control group that was not seen before: its names
 *   ROOT           a process in another mount namespace changed its root, a container is being
 *                  made; `value` is 1 for pivot_root(2), 0 for chroot(2)
 *   EXEC           a program was started: the file that runs, for scripts the interpreter;
 *                  `value` is the thread that did it
 *   EXEC_FAILED    execve or execveat failed with `value`
 *   EXIT           the last thread of a process is gone; `value` is its wait status
 *   DLOPEN         a thread enters dlopen(3)
 *   EXCEPTION      glibc raises an error there: two texts, and errno in `value`
 *   OPEN           a shared object was opened, or not (`value`), by a thread within dlopen
 *   DLOPEN_RETURN  it leaves; `value` is 0 where dlopen returned NULL
 *   DLERROR        musl's dlerror(3) returned this text
 *   STDERR         something that looks like an error was written to descriptor 2
 *
 * Records come in three sizes, so that a burst of short ones does not fill the ring.
 */
#ifndef CP_RAW_H
#define CP_RAW_H

enum cp_raw_type {
	CP_RAW_CGROUP,
	CP_RAW_ROOT,
	CP_RAW_EXEC,
	CP_RAW_EXEC_FAILED,
	CP_RAW_EXIT,
	CP_RAW_DLOPEN,
	CP_RAW_EXCEPTION,
	CP_RAW_OPEN,
	CP_RAW_DLOPEN_RETURN,
	CP_RAW_DLERROR,
	CP_RAW_STDERR,
	CP_RAW_TYPES,
};

enum cp_raw_flags {
	CP_RAW_GLIBC = 1 << 0, /* a libc's own probe says which it is */
	CP_RAW_MUSL = 1 << 1,
	CP_RAW_CUT = 1 << 2,      /* the text was longer than what is here */
	CP_RAW_UNGATED = 1 << 3,  /* an OPEN outside of any dlopen that was seen */
	CP_RAW_WRITABLE = 1 << 4, /* an OPEN that could also write */
};

#define CP_RAW_SMALL 256
#define CP_RAW_TEXT 4096
#define CP_RAW_CGROUP_LEVELS 5
#define CP_RAW_CGROUP_NAME 128

struct cp_raw {
	unsigned int type;
	unsigned int flags;
	unsigned int pid; /* of the process, in the initial namespace */
	unsigned int tid;
	unsigned int mount_ns;
	unsigned int size;       /* bytes of text; without a NUL at the end */
	unsigned long long time; /* CLOCK_MONOTONIC, nanoseconds */
	unsigned long long cgroup;
	long long value;
	char comm[16];
};

struct cp_raw_small {
	struct cp_raw head;
	char text[CP_RAW_SMALL];
};

struct cp_raw_text {
	struct cp_raw head;
	char text[CP_RAW_TEXT];
};

/* Two texts: of an exception, its object and its string. */
struct cp_raw_long {
	struct cp_raw head;
	char text[CP_RAW_TEXT];
	char more[CP_RAW_TEXT];
};

/* Names from the leaf upwards, of the unified hierarchy and of a v1 controller's. */
struct cp_raw_cgroup {
	struct cp_raw head;
	char names[2][CP_RAW_CGROUP_LEVELS][CP_RAW_CGROUP_NAME];
};

#endif
