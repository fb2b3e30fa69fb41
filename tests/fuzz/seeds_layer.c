/* SPDX-License-Identifier: MIT
 *
 * Writes layers of every tar dialect and encoding, in every way to arrive, into a folder.
 */
#include <archive.h>
#include <archive_entry.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *name;
	unsigned type;
	const char *link;
	const char *text;
} members[] = {
	{"usr/", AE_IFDIR, NULL, NULL},
	{"usr/lib/.wh.gone.so", AE_IFREG, NULL, ""},
	{"opt/.wh..wh..opq", AE_IFREG, NULL, ""},
	{"etc/os-release", AE_IFREG, NULL, "ID=debian\nVERSION_ID=\"12\"\n"},
	{"app/node_modules/a/package.json", AE_IFREG, NULL, "{\"name\":\"a\",\"version\":\"1\"}"},
	{"lib", AE_IFLNK, "usr/lib", NULL},
	{"usr/lib/a.so", AE_IFREG, NULL, "\177ELF\2\1\1 and then nothing of an object at all"},
	{"hard", AE_IFREG, "usr/lib/a.so", NULL},
	{"caf\303\251/"
	 "a-name-that-is-longer-than-the-hundred-bytes-that-the-oldest-header-of-them-all-"
	 "has-for-it-and-so-needs-another",
		AE_IFREG, NULL, "x"},
	{"dev/null", AE_IFCHR, NULL, NULL},
};

static void write_member(struct archive *archive, size_t at)
{
	struct archive_entry *entry = archive_entry_new();
	const char *text = members[at].text ? members[at].text : "";
	archive_entry_set_pathname(entry, members[at].name);
	archive_entry_set_filetype(entry, members[at].type);
	archive_entry_set_perm(entry, 0755);
	archive_entry_set_size(entry, (la_int64_t)strlen(text));
	if (members[at].link && members[at].type == AE_IFLNK)
		archive_entry_set_symlink(entry, members[at].link);
	else if (members[at].link)
		archive_entry_set_hardlink(entry, members[at].link);
	if (members[at].type == AE_IFREG && strlen(text) > 40) { /* a sparse one */
		archive_entry_set_size(entry, 1 << 20);
		archive_entry_sparse_add_entry(entry, 0, (la_int64_t)strlen(text));
	}
	if (archive_write_header(archive, entry) == ARCHIVE_OK)
		archive_write_data(archive, text, strlen(text));
	archive_entry_free(entry);
}

static int write_seed(const char *folder, int format, int filter, unsigned char pieces)
{
	char path[4096];
	snprintf(path, sizeof(path), "%s/%d-%d-%u", folder, format, filter, pieces);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
	if (fd < 0 || write(fd, &pieces, 1) != 1)
		return -1;
	struct archive *archive = archive_write_new();
	archive_write_set_format(archive, format);
	archive_write_add_filter(archive, filter);
	archive_write_set_bytes_in_last_block(archive, 1);
	int result = archive_write_open_fd(archive, fd);
	for (size_t i = 0; result == ARCHIVE_OK && i < sizeof(members) / sizeof(members[0]); i++)
		write_member(archive, i);
	result = archive_write_close(archive);
	archive_write_free(archive);
	close(fd);
	return result == ARCHIVE_OK ? 0 : -1;
}

int main(int argc, char **argv)
{
	static const int formats[] = {ARCHIVE_FORMAT_TAR_USTAR, ARCHIVE_FORMAT_TAR_GNUTAR,
		ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE};
	static const int filters[] = {
		ARCHIVE_FILTER_NONE, ARCHIVE_FILTER_GZIP, ARCHIVE_FILTER_ZSTD};
	if (argc != 2)
		return 64;
	for (int format = 0; format < 3; format++)
		for (int filter = 0; filter < 3; filter++)
			for (unsigned char pieces = 0; pieces < 4; pieces++)
				if (write_seed(argv[1], formats[format], filters[filter], pieces) <
					0)
					return 1;
	return 0;
}
