/* SPDX-License-Identifier: MIT */
#include "elf_peek.h"

#include <elf.h>
#include <errno.h>
#include <gelf.h>
#include <string.h>
#include <unistd.h>

#define HEAD_SIZE 512
#define MAX_ENTRIES 1000 /* of a dynamic section */
#define MAX_RELOCATIONS 1000000

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

/* --- dynamic sections -------------------------------------------------------------------- */

/* Calls `ask` for each entry of the dynamic section until it says yes. */
static bool any_dynamic(Elf *elf,
	bool (*ask)(Elf *elf, size_t strings, const GElf_Dyn *entry, const char *name),
	const char *name)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		Elf_Data *data;
		if (!gelf_getshdr(section, &header) || header.sh_type != SHT_DYNAMIC ||
			!header.sh_entsize || !(data = elf_getdata(section, NULL)))
			continue;
		for (size_t i = 0; i < data->d_size / header.sh_entsize && i < MAX_ENTRIES; i++) {
			GElf_Dyn entry;
			if (!gelf_getdyn(data, (int)i, &entry) || entry.d_tag == DT_NULL)
				break;
			if (ask(elf, header.sh_link, &entry, name))
				return true;
		}
	}
	return false;
}

static bool is_needed(Elf *elf, size_t strings, const GElf_Dyn *entry, const char *name)
{
	const char *needed =
		entry->d_tag == DT_NEEDED ? elf_strptr(elf, strings, entry->d_un.d_val) : NULL;
	return needed && strcmp(needed, name) == 0;
}

static bool is_now(Elf *elf, size_t strings, const GElf_Dyn *entry, const char *name)
{
	(void)elf, (void)strings, (void)name;
	return entry->d_tag == DT_BIND_NOW ||
	       (entry->d_tag == DT_FLAGS && (entry->d_un.d_val & DF_BIND_NOW)) ||
	       (entry->d_tag == DT_FLAGS_1 && (entry->d_un.d_val & DF_1_NOW));
}

/* Opens the file for `ask`, and answers no where it is no ELF file. */
static bool ask_file(int fd, bool (*ask)(Elf *elf, const char *name), const char *name)
{
	elf_version(EV_CURRENT);
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	bool answer = elf && elf_kind(elf) == ELF_K_ELF && ask(elf, name);
	elf_end(elf);
	return answer;
}

static bool elf_needs(Elf *elf, const char *library)
{
	return any_dynamic(elf, is_needed, library);
}

bool cp_peek_needs(int fd, const char *library)
{
	return ask_file(fd, elf_needs, library);
}

/* --- relocations ------------------------------------------------------------------------- */

static const char *symbol_name(Elf *elf, Elf_Scn *symbols, size_t index)
{
	GElf_Shdr header;
	GElf_Sym symbol;
	Elf_Data *data = symbols ? elf_getdata(symbols, NULL) : NULL;
	return data && gelf_getshdr(symbols, &header) && gelf_getsym(data, (int)index, &symbol)
		       ? elf_strptr(elf, header.sh_link, symbol.st_name)
		       : NULL;
}

static bool section_binds(Elf *elf, Elf_Scn *section, const GElf_Shdr *header, const char *name)
{
	Elf_Data *data = elf_getdata(section, NULL);
	Elf_Scn *symbols = elf_getscn(elf, header->sh_link);
	size_t count = data && header->sh_entsize ? data->d_size / header->sh_entsize : 0;
	for (size_t i = 0; i < count && i < MAX_RELOCATIONS; i++) {
		GElf_Rela entry;
		if (!gelf_getrela(data, (int)i, &entry) || !GELF_R_SYM(entry.r_info) ||
			GELF_R_TYPE(entry.r_info) == R_X86_64_JUMP_SLOT)
			continue;
		const char *asked = symbol_name(elf, symbols, GELF_R_SYM(entry.r_info));
		if (asked && strcmp(asked, name) == 0)
			return true;
	}
	return false;
}

static bool elf_binds(Elf *elf, const char *symbol)
{
	if (any_dynamic(elf, is_now, NULL))
		return true;
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));) {
		GElf_Shdr header;
		if (gelf_getshdr(section, &header) && header.sh_type == SHT_RELA &&
			section_binds(elf, section, &header, symbol))
			return true;
	}
	return false;
}

bool cp_peek_binds_at_load(int fd, const char *symbol)
{
	return ask_file(fd, elf_binds, symbol);
}
