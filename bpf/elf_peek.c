/* SPDX-License-Identifier: MIT */
#include "elf_peek.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 512
#define MAX_NEEDED 1000

const char *cp_peek_machine_name(int machine)
{
	switch (machine) {
	case EM_X86_64:
		return "x86-64";
	case EM_386:
		return "x86";
	case EM_AARCH64:
		return "AArch64";
	case EM_ARM:
		return "ARM";
	case EM_RISCV:
		return "RISC-V";
	case EM_PPC64:
		return "PowerPC64";
	case EM_S390:
		return "S/390";
	case EM_LOONGARCH:
		return "LoongArch";
	}
	return NULL;
}

bool cp_peek_is_native(const struct cp_peek *peek)
{
#if defined(__x86_64__)
	return peek->elf_class == ELFCLASS64 && peek->machine == EM_X86_64;
#elif defined(__aarch64__)
	return peek->elf_class == ELFCLASS64 && peek->machine == EM_AARCH64;
#else
	return true;
#endif
}

/* PT_INTERP as it stands in the file. */
static void read_interpreter(int fd, struct cp_peek *peek)
{
	size_t count;
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_getphdrnum(elf, &count) == 0) {
		for (size_t i = 0; i < count; i++) {
			GElf_Phdr segment;
			if (!gelf_getphdr(elf, (int)i, &segment) || segment.p_type != PT_INTERP)
				continue;
			ssize_t got = pread(fd, peek->interpreter, sizeof(peek->interpreter) - 1,
				(off_t)segment.p_offset);
			size_t size = got > 0 ? (size_t)got : 0;
			if (size > segment.p_filesz)
				size = (size_t)segment.p_filesz;
			peek->interpreter[size] = 0;
			break;
		}
	}
	elf_end(elf);
}

static void read_elf(int fd, const unsigned char *head, struct cp_peek *peek)
{
	peek->kind = CP_PEEK_ELF;
	peek->elf_class = head[EI_CLASS];
	peek->machine =
		head[EI_DATA] == ELFDATA2MSB ? head[18] << 8 | head[19] : head[19] << 8 | head[18];
	elf_version(EV_CURRENT);
	read_interpreter(fd, peek);
}

/* As the kernel does it (fs/binfmt_script.c): blanks, the interpreter, a blank or the line's end.
 */
static void read_script(const char *head, size_t size, struct cp_peek *peek)
{
	const char *end = memchr(head, '\n', size);
	const char *line = head + 2;
	const char *stop = end ? end : head + size;
	peek->kind = CP_PEEK_SCRIPT;
	while (line < stop && (*line == ' ' || *line == '\t'))
		line++;
	size_t length = 0;
	while (line + length < stop && line[length] != ' ' && line[length] != '\t')
		length++;
	if (length >= sizeof(peek->interpreter))
		length = sizeof(peek->interpreter) - 1;
	memcpy(peek->interpreter, line, length);
	peek->interpreter[length] = 0;
	if (length && peek->interpreter[length - 1] == '\r') {
		peek->ends_with_cr = true;
		peek->interpreter[length - 1] = 0;
	}
}

static enum cp_peek_kind kind_of(const char *head, size_t size)
{
	static const char lfs[] = "version https://git-lfs";
	static const unsigned char mach_o[][4] = {
		{0xcf, 0xfa, 0xed, 0xfe}, {0xce, 0xfa, 0xed, 0xfe}, {0xca, 0xfe, 0xba, 0xbe}};
	if (size == 0)
		return CP_PEEK_EMPTY;
	if (size >= sizeof(lfs) - 1 && memcmp(head, lfs, sizeof(lfs) - 1) == 0)
		return CP_PEEK_LFS_POINTER;
	if (size >= 2 && memcmp(head, "MZ", 2) == 0)
		return CP_PEEK_WINDOWS;
	for (size_t i = 0; size >= 4 && i < sizeof(mach_o) / sizeof(mach_o[0]); i++)
		if (memcmp(head, mach_o[i], 4) == 0)
			return CP_PEEK_MACH_O;
	return memchr(head, 0, size) ? CP_PEEK_DATA : CP_PEEK_TEXT;
}

int cp_peek(int fd, struct cp_peek *peek)
{
	char head[HEAD_SIZE];
	ssize_t got = pread(fd, head, sizeof(head), 0);
	*peek = (struct cp_peek){0};
	if (got < 0)
		return -errno;
	size_t size = (size_t)got;
	if (size >= EI_NIDENT + 4 && memcmp(head, ELFMAG, SELFMAG) == 0)
		read_elf(fd, (const unsigned char *)head, peek);
	else if (size >= 2 && memcmp(head, "#!", 2) == 0)
		read_script(head, size, peek);
	else
		peek->kind = kind_of(head, size);
	return 0;
}

static bool section_needs(Elf *elf, Elf_Scn *section, const char *library)
{
	GElf_Shdr header;
	Elf_Data *data = elf_getdata(section, NULL);
	if (!data || !gelf_getshdr(section, &header) || !header.sh_entsize)
		return false;
	for (size_t i = 0; i < data->d_size / header.sh_entsize && i < MAX_NEEDED; i++) {
		GElf_Dyn entry;
		if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
			break;
		const char *name = entry.d_tag == DT_NEEDED
					   ? elf_strptr(elf, header.sh_link, entry.d_un.d_val)
					   : NULL;
		if (name && strcmp(name, library) == 0)
			return true;
	}
	return false;
}

bool cp_peek_needs(int fd, const char *library)
{
	bool needs = false;
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF) {
		for (Elf_Scn *section = NULL; !needs && (section = elf_nextscn(elf, section));) {
			GElf_Shdr header;
			if (gelf_getshdr(section, &header) && header.sh_type == SHT_DYNAMIC)
				needs = section_needs(elf, section, library);
		}
	}
	elf_end(elf);
	return needs;
}
