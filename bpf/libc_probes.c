/* SPDX-License-Identifier: MIT */
#include "libc_probes.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "monotonic.h"
#include "tree.h"

#define MAX_LIBC_SIZE ((off_t)64 << 20) /* bytes: a libc is 1 to 3 MB; more is none */
#define MAX_SYMBOLS 100000

/* A file that was looked at. */
struct seen {
	ino_t inode;
	off_t size;
	struct timespec changed;
	uint64_t since; /* when it got its probes, nanoseconds; 0: it has none */
};

struct cp_libc_probes {
	struct cp_kernel *kernel;
	void *seen; /* tsearch(3) */
	size_t probed, failed;
	char *why;
};

static int compare_seen(const void *left, const void *right)
{
	const struct seen *a = left, *b = right;
#define COMPARE(member)                                                                            \
	if (a->member != b->member)                                                                \
	return a->member < b->member ? -1 : 1
	COMPARE(inode);
	COMPARE(size);
	COMPARE(changed.tv_sec);
	COMPARE(changed.tv_nsec);
#undef COMPARE
	return 0;
}

struct cp_libc_probes *cp_libc_probes_new(struct cp_kernel *kernel)
{
	struct cp_libc_probes *self = calloc(1, sizeof(*self));
	if (self)
		self->kernel = kernel;
	return self;
}

void cp_libc_probes_free(struct cp_libc_probes *self)
{
	if (!self)
		return;
	tdestroy(self->seen, free);
	free(self->why);
	free(self);
}

size_t cp_libc_probes_count(const struct cp_libc_probes *self)
{
	return self->probed;
}

size_t cp_libc_probes_failed(const struct cp_libc_probes *self, const char **why)
{
	*why = self->why;
	return self->failed;
}

/* --- where a function is in its file --------------------------------------------------- */

struct wanted {
	const char *symbol;
	enum cp_probe probe;
};

static const struct wanted glibc_symbols[] = {
	{.symbol = "dlopen", .probe = CP_PROBE_GLIBC_DLOPEN},
	{.symbol = "_dl_signal_exception", .probe = CP_PROBE_GLIBC_EXCEPTION},
};
static const struct wanted musl_symbols[] = {
	{.symbol = "dlopen", .probe = CP_PROBE_MUSL_DLOPEN},
	{.symbol = "dlerror", .probe = CP_PROBE_MUSL_DLERROR},
};
#define N_SYMBOLS 2

/* From an address to its place in the file, by the executable segment that it is in. 0: none. */
static size_t file_offset(Elf *elf, GElf_Addr address)
{
	size_t count;
	if (elf_getphdrnum(elf, &count) < 0)
		return 0;
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr segment;
		if (gelf_getphdr(elf, (int)i, &segment) && segment.p_type == PT_LOAD &&
			(segment.p_flags & PF_X) && address >= segment.p_vaddr &&
			address - segment.p_vaddr < segment.p_filesz)
			return (size_t)(address - segment.p_vaddr + segment.p_offset);
	}
	return 0;
}

static Elf_Data *dynamic_symbols(Elf *elf, GElf_Shdr *header)
{
	for (Elf_Scn *section = NULL; (section = elf_nextscn(elf, section));)
		if (gelf_getshdr(section, header) && header->sh_type == SHT_DYNSYM)
			return elf_getdata(section, NULL);
	return NULL;
}

/* Fills offsets[] of the symbols that the file defines (0: it does not). */
static void find_symbols(Elf *elf, const struct wanted *wanted, size_t *offsets)
{
	GElf_Shdr header;
	Elf_Data *data = dynamic_symbols(elf, &header);
	size_t count = data && header.sh_entsize ? data->d_size / header.sh_entsize : 0;
	for (size_t i = 0; i < count && i < MAX_SYMBOLS; i++) {
		GElf_Sym symbol;
		if (!gelf_getsym(data, (int)i, &symbol) || symbol.st_shndx == SHN_UNDEF ||
			GELF_ST_TYPE(symbol.st_info) != STT_FUNC)
			continue;
		const char *name = elf_strptr(elf, header.sh_link, symbol.st_name);
		for (size_t k = 0; name && k < N_SYMBOLS; k++)
			if (strcmp(name, wanted[k].symbol) == 0)
				offsets[k] = file_offset(elf, symbol.st_value);
	}
}

/* --- one file -------------------------------------------------------------------------- */

static void keep_failure(struct cp_libc_probes *self, struct cp_error *err)
{
	self->failed++;
	free(self->why);
	self->why = err ? strdup(err->message) : NULL;
}

/* Returns when it got its probes; 0: there is nothing to probe. */
static uint64_t probe_file(struct cp_libc_probes *self, int fd, const struct wanted *wanted)
{
	bool probed = false;
	size_t offsets[N_SYMBOLS] = {0};
	Elf *elf = elf_begin(fd, ELF_C_READ, NULL);
	if (elf && elf_kind(elf) == ELF_K_ELF && gelf_getclass(elf) == ELFCLASS64)
		find_symbols(elf, wanted, offsets);
	elf_end(elf);
	for (size_t k = 0; k < N_SYMBOLS; k++) {
		cp_cleanup_error struct cp_error *err = NULL;
		if (!offsets[k])
			continue;
		if (cp_kernel_probe(self->kernel, wanted[k].probe, fd, offsets[k], &err) < 0)
			keep_failure(self, err);
		else
			probed = true;
	}
	self->probed += probed;
	return probed ? cp_monotonic() : 0;
}

static uint64_t add_file(
	struct cp_libc_probes *self, int directory, const char *path, const struct wanted *wanted)
{
	struct stat status;
	cp_cleanup_close int fd = cp_tree_open(directory, path);
	if (fd < 0 || fstat(fd, &status) < 0 || status.st_size > MAX_LIBC_SIZE)
		return 0;
	struct seen *file = malloc(sizeof(*file));
	if (!file)
		return 0;
	*file = (struct seen){
		.inode = status.st_ino, .size = status.st_size, .changed = status.st_ctim};
	struct seen **kept = tsearch(file, &self->seen, compare_seen);
	if (!kept || *kept != file) {
		free(file);
		return kept ? (*kept)->since : 0;
	}
	file->since = probe_file(self, fd, wanted);
	return file->since;
}

/* --- a tree ---------------------------------------------------------------------------- */

static uint64_t later(uint64_t left, uint64_t right)
{
	return left > right ? left : right;
}

uint64_t cp_libc_probes_add_tree(struct cp_libc_probes *self, int directory)
{
	/* Debian's and Ubuntu's, before and after the merge of /usr; Fedora's, SUSE's; Arch's.
	 * Since 2.41 (measured) the exceptions of dlopen are raised in ld.so itself, before in
	 * libc.so. */
	static const char *const glibc[] = {"lib/x86_64-linux-gnu/libc.so.6",
		"usr/lib/x86_64-linux-gnu/libc.so.6", "lib64/libc.so.6", "usr/lib64/libc.so.6",
		"usr/lib/libc.so.6", "lib/x86_64-linux-gnu/libdl.so.2",
		"usr/lib/x86_64-linux-gnu/libdl.so.2", "lib64/libdl.so.2", "usr/lib64/libdl.so.2",
		"usr/lib/libdl.so.2", "lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
		"usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2", "lib64/ld-linux-x86-64.so.2",
		"usr/lib64/ld-linux-x86-64.so.2", "usr/lib/ld-linux-x86-64.so.2"};
	/* Alpine's, before and after the merge of /usr; Debian's package of musl. */
	static const char *const musl[] = {"lib/ld-musl-x86_64.so.1", "usr/lib/ld-musl-x86_64.so.1",
		"lib/x86_64-linux-musl/libc.so", "usr/lib/x86_64-linux-musl/libc.so"};
	uint64_t since = 0;
	elf_version(EV_CURRENT);
	for (size_t i = 0; i < sizeof(glibc) / sizeof(glibc[0]); i++)
		since = later(since, add_file(self, directory, glibc[i], glibc_symbols));
	for (size_t i = 0; i < sizeof(musl) / sizeof(musl[0]); i++)
		since = later(since, add_file(self, directory, musl[i], musl_symbols));
	return since;
}
