/* SPDX-License-Identifier: MIT
 *
 * All that happens in the handler is safe there (signal-safety(7)): reads, writes, and _exit.
 */
#include "cut_file.h"

#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "command.h"

static int maps = -1; /* /proc/self/maps; without it the file is not named */

/* The lines of `maps`, one at a time; longer ones are cut. */
struct lines {
	char buffer[4096], line[512];
	size_t size, at;
};

static int next_line(struct lines *lines)
{
	size_t length = 0;
	for (;;) {
		if (lines->at == lines->size) {
			ssize_t got = read(maps, lines->buffer, sizeof(lines->buffer));
			if (got <= 0)
				return 0;
			lines->size = (size_t)got;
			lines->at = 0;
		}
		char c = lines->buffer[lines->at++];
		if (c == '\n')
			break;
		if (length + 1 < sizeof(lines->line))
			lines->line[length++] = c;
	}
	lines->line[length] = '\0';
	return 1;
}

static uintptr_t take_hex(const char **text)
{
	uintptr_t value = 0;
	for (;; ++*text) {
		char c = **text;
		if (c >= '0' && c <= '9')
			value = value << 4 | (uintptr_t)(c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value << 4 | (uintptr_t)(c - 'a' + 10);
		else
			return value;
	}
}

/* The path in a line "FROM-TO rw-p OFFSET DEVICE INODE      PATH" that has the address, or NULL. */
static char *path_at(char *line, uintptr_t address)
{
	const char *text = line;
	uintptr_t from = take_hex(&text);
	text += *text == '-';
	uintptr_t to = take_hex(&text);
	return address >= from && address < to ? strchr(line, '/') : NULL;
}

/* The name of the file that is mapped at an address: NULL where that is not known. */
static char *mapped_at(struct lines *lines, uintptr_t address)
{
	if (maps < 0 || lseek(maps, 0, SEEK_SET) < 0)
		return NULL;
	while (next_line(lines)) {
		char *path = path_at(lines->line, address);
		if (path)
			return path;
	}
	return NULL;
}

static void put(const char *text)
{
	if (write(STDERR_FILENO, text, strlen(text)) < 0)
		_exit(CP_EXIT_ERROR);
}

/* Names come from others: nothing in them may act on a terminal. */
static void make_printable(char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text == 0x7f)
			*text = '?';
}

static void tell(int number, siginfo_t *info, void *context)
{
	static struct lines lines; /* one thread gets here: the others wait for the exit */
	static volatile sig_atomic_t telling;
	(void)context;
	if (info->si_code != BUS_ADRERR) { /* somebody's kill(2), or a machine that is broken */
		signal(number, SIG_DFL);
		raise(number);
		return;
	}
	while (__atomic_exchange_n(&telling, 1, __ATOMIC_SEQ_CST))
		pause();
	char *path = mapped_at(&lines, (uintptr_t)info->si_addr);
	if (path)
		make_printable(path);
	put("compatprobe: ");
	put(path ? path : "a file");
	put(": cut short, or not readable any more, while it was being read\n");
	_exit(CP_EXIT_ERROR);
}

void cp_cut_file_watch(void)
{
	struct sigaction action = {.sa_sigaction = tell, .sa_flags = SA_SIGINFO};
	sigemptyset(&action.sa_mask);
	maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	sigaction(SIGBUS, &action, NULL);
}
