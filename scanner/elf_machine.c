/* SPDX-License-Identifier: MIT
 *
 * Tables by machine. Relocation kinds: psABI x86-64 table 4.9 and "ELF for the Arm
 * 64-bit Architecture" (dynamic relocations), as far as glibc's elf_machine_rela
 * knows the types. Names: Node's process.arch, and GOARCH, which Docker uses.
 */
#include "facts.h"

#include <elf.h>

static const struct {
	uint16_t machine;
	uint16_t kind; /* enum cp_reloc_kind */
	uint32_t type;
} reloc_kinds[] = {
	{EM_X86_64, CP_RELOC_NONE, R_X86_64_NONE},
	{EM_X86_64, CP_RELOC_SYMBOLIC, R_X86_64_64},
	{EM_X86_64, CP_RELOC_OFFSET, R_X86_64_PC32},
	{EM_X86_64, CP_RELOC_OFFSET, R_X86_64_PC64},
	{EM_X86_64, CP_RELOC_OFFSET, R_X86_64_32},
	{EM_X86_64, CP_RELOC_COPY, R_X86_64_COPY},
	{EM_X86_64, CP_RELOC_GOT, R_X86_64_GLOB_DAT},
	{EM_X86_64, CP_RELOC_PLT, R_X86_64_JUMP_SLOT},
	{EM_X86_64, CP_RELOC_RELATIVE, R_X86_64_RELATIVE},
	{EM_X86_64, CP_RELOC_RELATIVE, R_X86_64_RELATIVE64},
	{EM_X86_64, CP_RELOC_IRELATIVE, R_X86_64_IRELATIVE},
	{EM_X86_64, CP_RELOC_DTPMOD, R_X86_64_DTPMOD64},
	{EM_X86_64, CP_RELOC_DTPOFF, R_X86_64_DTPOFF64},
	{EM_X86_64, CP_RELOC_TPOFF, R_X86_64_TPOFF64},
	{EM_X86_64, CP_RELOC_TLSDESC, R_X86_64_TLSDESC},
	{EM_X86_64, CP_RELOC_SIZE, R_X86_64_SIZE32},
	{EM_X86_64, CP_RELOC_SIZE, R_X86_64_SIZE64},
	{EM_AARCH64, CP_RELOC_NONE, R_AARCH64_NONE},
	{EM_AARCH64, CP_RELOC_SYMBOLIC, R_AARCH64_ABS64},
	{EM_AARCH64, CP_RELOC_OFFSET, R_AARCH64_ABS32},
	{EM_AARCH64, CP_RELOC_COPY, R_AARCH64_COPY},
	{EM_AARCH64, CP_RELOC_GOT, R_AARCH64_GLOB_DAT},
	{EM_AARCH64, CP_RELOC_PLT, R_AARCH64_JUMP_SLOT},
	{EM_AARCH64, CP_RELOC_RELATIVE, R_AARCH64_RELATIVE},
	{EM_AARCH64, CP_RELOC_IRELATIVE, R_AARCH64_IRELATIVE},
	{EM_AARCH64, CP_RELOC_DTPMOD, R_AARCH64_TLS_DTPMOD},
	{EM_AARCH64, CP_RELOC_DTPOFF, R_AARCH64_TLS_DTPREL},
	{EM_AARCH64, CP_RELOC_TPOFF, R_AARCH64_TLS_TPREL},
	{EM_AARCH64, CP_RELOC_TLSDESC, R_AARCH64_TLSDESC},
};

enum cp_reloc_kind cp_reloc_kind(uint16_t machine, uint32_t type)
{
	for (size_t i = 0; i < sizeof(reloc_kinds) / sizeof(reloc_kinds[0]); i++)
		if (reloc_kinds[i].machine == machine && reloc_kinds[i].type == type)
			return reloc_kinds[i].kind;
	return CP_RELOC_UNKNOWN;
}

/* One platform; 0 in elf_class or encoding: any. */
struct machine_name {
	uint16_t machine;
	uint8_t elf_class;
	uint8_t encoding;
	const char *node;
	const char *docker;
};

static const struct machine_name machine_names[] = {
	{EM_X86_64, ELFCLASS64, 0, "x64", "amd64"},
	{EM_AARCH64, ELFCLASS64, ELFDATA2LSB, "arm64", "arm64"},
	{EM_386, 0, 0, "ia32", "386"},
	{EM_ARM, 0, ELFDATA2LSB, "arm", "arm"},
	{EM_PPC64, ELFCLASS64, ELFDATA2LSB, "ppc64", "ppc64le"},
	{EM_PPC64, ELFCLASS64, ELFDATA2MSB, "ppc64", "ppc64"},
	{EM_PPC, 0, 0, "ppc", "ppc"},
	{EM_S390, ELFCLASS64, 0, "s390x", "s390x"},
	{EM_S390, ELFCLASS32, 0, "s390", "s390"},
	{EM_RISCV, ELFCLASS64, 0, "riscv64", "riscv64"},
	{EM_LOONGARCH, ELFCLASS64, 0, "loong64", "loong64"},
	{EM_MIPS, ELFCLASS32, ELFDATA2LSB, "mipsel", "mipsle"},
	{EM_MIPS, ELFCLASS32, ELFDATA2MSB, "mips", "mips"},
	{EM_MIPS, ELFCLASS64, ELFDATA2LSB, "mips64el", "mips64le"},
	{EM_MIPS, ELFCLASS64, ELFDATA2MSB, "mips64", "mips64"},
};

static const struct machine_name *find_machine(
	uint16_t machine, uint8_t elf_class, uint8_t encoding)
{
	for (size_t i = 0; i < sizeof(machine_names) / sizeof(machine_names[0]); i++) {
		const struct machine_name *name = &machine_names[i];
		if (name->machine == machine &&
			(!name->elf_class || name->elf_class == elf_class) &&
			(!name->encoding || name->encoding == encoding))
			return name;
	}
	return NULL;
}

const char *cp_machine_node_name(uint16_t machine, uint8_t elf_class, uint8_t encoding)
{
	const struct machine_name *name = find_machine(machine, elf_class, encoding);
	return name ? name->node : NULL;
}

const char *cp_machine_docker_name(uint16_t machine, uint8_t elf_class, uint8_t encoding)
{
	const struct machine_name *name = find_machine(machine, elf_class, encoding);
	return name ? name->docker : NULL;
}

const char *cp_os_name(enum cp_os os)
{
	static const char *const names[] = {
		[CP_OS_LINUX] = "linux",
		[CP_OS_FREEBSD] = "freebsd",
		[CP_OS_NETBSD] = "netbsd",
		[CP_OS_OPENBSD] = "openbsd",
		[CP_OS_SOLARIS] = "sunos",
		[CP_OS_OTHER] = "other",
		[CP_OS_ANDROID] = "android",
	};
	return (size_t)os < sizeof(names) / sizeof(names[0]) ? names[os] : NULL;
}

const char *cp_libc_name(enum cp_libc libc)
{
	switch (libc) {
	case CP_LIBC_GLIBC:
		return "glibc";
	case CP_LIBC_MUSL:
		return "musl";
	case CP_LIBC_OTHER:
		return "other";
	default:
		return NULL;
	}
}
