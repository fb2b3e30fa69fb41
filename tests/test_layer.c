/* SPDX-License-Identifier: MIT */
#include "archive_fixture.h"

#include <fcntl.h>
#include <locale.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "gather.h"

static struct cp_index *index_of(const void *data, size_t size)
{
	struct cp_stream *stream = cp_stream_memory(data, size);
	struct cp_index *index = NULL;
	assert_int_equal(cp_layer_index(stream, "layer.tar", NULL, &index, NULL), 0);
	cp_stream_close(stream);
	assert_non_null(index);
	return index;
}

static struct cp_index *index_and_free(struct fixture *tar)
{
	struct cp_index *index = index_of(tar->data, tar->size);
	fixture_free(tar);
	return index;
}

static const struct cp_node *node_at(const struct cp_index *index, const char *path)
{
	uint32_t id = cp_index_find(index, path);
	if (id == CP_NO_NODE)
		fail_msg("%s is missing", path);
	return cp_index_node(index, id);
}

static void assert_no_errors(const struct cp_index *index)
{
	if (cp_index_error_count(index))
		fail_msg("%s: %s", cp_index_error_at(index, 0)->path,
			cp_index_error_at(index, 0)->message);
}

/* The first row is PARTIAL and names the layer. */
static void assert_partial(const struct cp_index *index, const char *message)
{
	assert_true(cp_index_error_count(index) > 0);
	const struct cp_index_error *row = cp_index_error_at(index, 0);
	assert_int_equal(row->severity, CP_PARTIAL);
	if (!strstr(row->path, "layer.tar") && !strstr(row->message, "layer.tar"))
		fail_msg("\"%s: %s\" does not name the layer", row->path, row->message);
	if (!strstr(row->message, message))
		fail_msg("\"%s\" does not say \"%s\"", row->message, message);
}

static void kinds_of_members(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_directory(&tar, "./");
	tar_directory(&tar, "./usr/");
	tar_entry(&tar, "./usr/run", AE_IFREG, 0755, NULL, "#!/bin/sh\n", 10);
	tar_symlink(&tar, "bin", "usr/bin");
	tar_entry(&tar, "/dev/null", AE_IFCHR, 0666, NULL, NULL, 0);
	tar_hardlink(&tar, "run", "./usr/run");
	tar_hardlink(&tar, "below", "in/a/lower/layer");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_no_errors(index);
	assert_int_equal(node_at(index, "/usr")->kind, CP_NODE_DIRECTORY);
	assert_int_equal(node_at(index, "/usr/run")->kind, CP_NODE_FILE);
	assert_int_equal(node_at(index, "/usr/run")->size, 10);
	assert_true(node_at(index, "/usr/run")->flags & CP_NODE_EXECUTABLE);
	assert_int_equal(node_at(index, "/bin")->kind, CP_NODE_SYMLINK);
	assert_string_equal(cp_index_link(index, cp_index_find(index, "/bin")), "usr/bin");
	assert_int_equal(node_at(index, "/dev/null")->kind, CP_NODE_OTHER);
	assert_int_equal(node_at(index, "/run")->kind, CP_NODE_FILE);
	assert_int_equal(node_at(index, "/run")->size, 10);
	assert_int_equal(node_at(index, "/below")->kind, CP_NODE_HARDLINK);
	cp_index_free(index);
}

static void later_members_replace_earlier_ones(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, "etc/os-release", "ID=old");
	tar_file(&tar, "etc/os-release", "ID=newer");
	tar_end(&tar);
	struct fixture kept = tar;
	struct cp_index *index = index_of(kept.data, kept.size);
	const struct cp_text *text = cp_index_text(index, cp_index_find(index, "/etc/os-release"));
	assert_int_equal(text->size, 8);
	assert_memory_equal(text->data, "ID=newer", 8);
	assert_null(text->owned); /* the archive is in memory: borrowed */
	cp_index_free(index);
	fixture_free(&kept);
}

static void whiteouts(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, "a/.wh.gone", "");
	tar_file(&tar, "opaque/.wh..wh..opq", "");
	tar_file(&tar, "opaque/new", "x");
	tar_file(&tar, "a/.wh.", "just a name");
	tar_file(&tar, "a/.wh..wh.plnk", "");
	tar_file(&tar, "a/.wh..wh.aufs", "");
	tar_file(&tar, ".wh.top", "");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_no_errors(index);
	assert_int_equal(node_at(index, "/a/gone")->kind, CP_NODE_WHITEOUT);
	assert_int_equal(node_at(index, "/top")->kind, CP_NODE_WHITEOUT);
	assert_true(node_at(index, "/opaque")->flags & CP_NODE_OPAQUE);
	assert_int_equal(node_at(index, "/opaque/new")->kind, CP_NODE_FILE);
	assert_int_equal(node_at(index, "/a/.wh.")->kind, CP_NODE_FILE);
	assert_int_equal(cp_index_find(index, "/a/.wh..wh.plnk"), CP_NO_NODE);
	assert_int_equal(cp_index_find(index, "/a/wh.plnk"), CP_NO_NODE);
	assert_int_equal(cp_index_find(index, "/a/.wh.plnk"), CP_NO_NODE);
	cp_index_free(index);
}

static void opaque_root(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, "./.wh..wh..opq", "");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_no_errors(index);
	assert_true(cp_index_node(index, 0)->flags & CP_NODE_OPAQUE);
	cp_index_free(index);
}

static void whiteout_of_a_directory_by_itself_is_refused(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, "a/keep", "x");
	tar_file(&tar, "a/.wh..", "");
	tar_file(&tar, "a/.wh...", "");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_int_equal(cp_index_error_count(index), 2);
	assert_int_equal(node_at(index, "/a/keep")->kind, CP_NODE_FILE);
	cp_index_free(index);
}

static void names_that_leave_the_root_are_rows(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_file(&tar, "../../etc/passwd", "x");
	tar_file(&tar, "a/../b", "x");
	tar_file(&tar, "fine", "x");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_int_equal(cp_index_error_count(index), 2);
	assert_partial(index, "");
	assert_int_equal(node_at(index, "/fine")->kind, CP_NODE_FILE);
	cp_index_free(index);
}

static void rows_of_one_layer_are_capped(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	for (int i = 0; i < 500; i++)
		tar_file(&tar, "../x", "x");
	tar_file(&tar, "fine", "x");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_in_range(cp_index_error_count(index), 2, 150);
	assert_int_equal(node_at(index, "/fine")->kind, CP_NODE_FILE);
	cp_index_free(index);
}

/* --- names ------------------------------------------------------------------------- */

/* A ustar header by hand: libarchive's writer would convert names itself. */
static void raw_member(
	struct fixture *tar, const char *name, char type, const char *data, size_t size)
{
	char header[512] = {0};
	strncpy(header, name, 100);
	strcpy(header + 100, "0000644");
	strcpy(header + 108, "0000000");
	strcpy(header + 116, "0000000");
	snprintf(header + 124, 12, "%011zo", size);
	strcpy(header + 136, "00000000000");
	memset(header + 148, ' ', 8);
	header[156] = type;
	memcpy(header + 257, "ustar\00000", 8);
	unsigned sum = 0;
	for (size_t i = 0; i < sizeof(header); i++)
		sum += (unsigned char)header[i];
	snprintf(header + 148, 8, "%06o", sum);
	fixture_append(tar, header, sizeof(header));
	fixture_append(tar, data, size);
	static const char zeros[512];
	fixture_append(tar, zeros, (512 - size % 512) % 512);
}

static void raw_end(struct fixture *tar)
{
	static const char zeros[1024];
	fixture_append(tar, zeros, sizeof(zeros));
}

static void names_stay_bytes_in_the_c_locale(void **state)
{
	(void)state;
	struct fixture tar = {0};
	setlocale(LC_ALL, "C");
	raw_member(&tar, "caf\xc3\xa9", '0', "x", 1);
	raw_member(&tar, "caf\xe9", '0', "x", 1);
	raw_member(&tar, "pax", 'x', "16 path=p-caf\xc3\xa9\n", 16);
	raw_member(&tar, "replaced", '0', "x", 1);
	raw_member(&tar, "pax", 'x', "15 path=p-caf\xe9\n", 15);
	raw_member(&tar, "replaced", '0', "x", 1);
	raw_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_no_errors(index);
	node_at(index, "/caf\xc3\xa9");
	node_at(index, "/caf\xe9");
	node_at(index, "/p-caf\xc3\xa9");
	node_at(index, "/p-caf\xe9");
	cp_index_free(index);
}

static void long_names(void **state)
{
	(void)state;
	struct fixture tar;
	char name[6000];
	size_t length = 0;
	while (length < 3000)
		length +=
			(size_t)snprintf(name + length, 60, "%s%050zu", length ? "/" : "", length);
	tar_begin(&tar);
	tar_file(&tar, name, "x");
	char *kept = strdup(name);
	while (length < 5000)
		length += (size_t)snprintf(name + length, 60, "/%050zu", length);
	tar_file(&tar, name, "x");
	tar_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_int_equal(node_at(index, kept)->kind, CP_NODE_FILE);
	assert_int_equal(cp_index_error_count(index), 1);
	free(kept);
	cp_index_free(index);
}

/* --- contents --------------------------------------------------------------------- */

/* The least that is an ELF object: a header without program headers, and padding. */
static char *object_of(size_t size)
{
	static const unsigned char header[64] = {0x7f, 'E', 'L', 'F', 2, 1, 1,
		0, [16] = 3, [18] = 62, [20] = 1, [52] = 64, [54] = 56, [58] = 64};
	char *data = calloc(1, size);
	assert_non_null(data);
	memcpy(data, header, sizeof(header));
	return data;
}

static bool looked_at(const struct cp_index *index, const char *path)
{
	uint8_t content = node_at(index, path)->content;
	return content == CP_CONTENT_ELF || content == CP_CONTENT_ELF_UNREADABLE;
}

static void objects_are_kept_from_any_stream(void **state)
{
	(void)state;
	struct fixture tar;
	char *object = object_of(700000); /* longer than a block of a decompressor */
	tar_begin(&tar);
	for (int i = 0; i < 5; i++) {
		char name[20];
		snprintf(name, sizeof(name), "lib%d.so", i);
		tar_entry(&tar, name, AE_IFREG, 0755, NULL, object, 700000 - (size_t)i * 12345);
		tar_file(&tar, "between", "text");
	}
	tar_file(&tar, "etc/os-release", "ID=x");
	tar_end(&tar);
	struct fixture forms[] = {
		{tar.data, tar.size, 0, NULL},
		gzip_of(tar.data, tar.size),
		zstd_of(tar.data, tar.size),
	};
	for (int form = 0; form < 3; form++) {
		const char *encoding;
		struct cp_index *index = NULL;
		struct cp_stream *stream = cp_stream_decompress(
			cp_stream_memory(forms[form].data, forms[form].size), &encoding, NULL);
		assert_int_equal(cp_layer_index(stream, "layer.tar", NULL, &index, NULL), 0);
		cp_stream_close(stream);
		for (int i = 0; i < 5; i++) {
			char name[20];
			snprintf(name, sizeof(name), "lib%d.so", i);
			assert_true(looked_at(index, name));
			assert_int_equal(node_at(index, name)->size, 700000 - i * 12345);
		}
		assert_memory_equal(
			cp_index_text(index, cp_index_find(index, "/etc/os-release"))->data, "ID=x",
			4);
		cp_index_free(index);
	}
	fixture_free(&forms[1]);
	fixture_free(&forms[2]);
	fixture_free(&tar);
	free(object);
}

/* A stream that hands out `piece` bytes at a time, overwriting what it gave before. */
struct pieces {
	struct cp_stream base;
	const char *data;
	size_t left, piece;
	char copy[64];
};

static ssize_t pieces_read(struct cp_stream *stream, const void **block, struct cp_error **err)
{
	(void)err;
	struct pieces *self = (struct pieces *)stream;
	size_t size = self->left < self->piece ? self->left : self->piece;
	memset(self->copy, 0xee, sizeof(self->copy));
	memcpy(self->copy, self->data, size);
	*block = self->copy;
	self->data += size;
	self->left -= size;
	return (ssize_t)size;
}

static void contents_in_tiny_pieces(void **state)
{
	(void)state;
	struct fixture tar;
	char *object = object_of(5000);
	tar_begin(&tar);
	tar_entry(&tar, "a.so", AE_IFREG, 0755, NULL, object, 5000);
	tar_entry(&tar, "b.so", AE_IFREG, 0755, NULL, object, 65);
	tar_file(&tar, "etc/os-release",
		"ID=alpine\nVERSION_ID=3.20\nPRETTY_NAME=\"Alpine Linux\"\n");
	tar_end(&tar);
	for (size_t piece = 1; piece <= 64; piece += 9) {
		struct pieces stream = {
			{pieces_read, NULL, NULL, false}, tar.data, tar.size, piece, {0}};
		struct cp_index *index = NULL;
		assert_int_equal(cp_layer_index(&stream.base, "layer.tar", NULL, &index, NULL), 0);
		assert_true(looked_at(index, "a.so"));
		assert_true(looked_at(index, "b.so"));
		const struct cp_text *text =
			cp_index_text(index, cp_index_find(index, "/etc/os-release"));
		assert_non_null(text);
		assert_memory_equal(text->data, "ID=alpine\nVERSION_ID=3.20\n", 26);
		cp_index_free(index);
	}
	fixture_free(&tar);
	free(object);
}

/* GNU sparse format 1.0: the map comes first in the contents, then the data. */
static void sparse_member(
	struct fixture *tar, const char *name, uint64_t real_size, const char *data, size_t size)
{
	struct fixture pax = {0};
	struct fixture contents = {0};
	char map[512] = {0};
	char line[200];
	static const char *const keys[] = {"GNU.sparse.major=1", "GNU.sparse.minor=0"};
	for (int i = 0; i < 2; i++)
		fixture_append(
			&pax, line, (size_t)snprintf(line, sizeof(line), "22 %s\n", keys[i]));
	int length = snprintf(line, sizeof(line), "GNU.sparse.name=%s\n", name);
	fixture_append(&pax, line,
		(size_t)snprintf(line, sizeof(line), "%d GNU.sparse.name=%s\n", length + 3, name));
	length = snprintf(
		line, sizeof(line), "GNU.sparse.realsize=%llu\n", (unsigned long long)real_size);
	fixture_append(&pax, line,
		(size_t)snprintf(line, sizeof(line), "%d GNU.sparse.realsize=%llu\n", length + 3,
			(unsigned long long)real_size));
	raw_member(tar, "pax", 'x', pax.data, pax.size);
	snprintf(map, sizeof(map), "2\n0\n%zu\n%llu\n0\n", size, (unsigned long long)real_size);
	fixture_append(&contents, map, sizeof(map));
	fixture_append(&contents, data, size);
	raw_member(tar, "GNUSparseFile.0/x", '0', contents.data, contents.size);
	fixture_free(&pax);
	fixture_free(&contents);
}

static void sparse_files_cost_what_they_hold(void **state)
{
	(void)state;
	struct fixture tar = {0};
	struct rusage before;
	struct rusage after;
	char *object = object_of(1024);
	getrusage(RUSAGE_SELF, &before);
	time_t start = time(NULL);
	sparse_member(&tar, "big", (uint64_t)10 << 30, "plain text at the start", 23);
	sparse_member(&tar, "huge.so", (uint64_t)10 << 30, object, 1024);
	sparse_member(&tar, "large.so", (uint64_t)512 << 20, object, 1024);
	raw_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	getrusage(RUSAGE_SELF, &after);
	assert_int_equal(node_at(index, "/big")->size, (uint64_t)10 << 30);
	assert_int_equal(node_at(index, "/huge.so")->content, CP_CONTENT_ELF_UNREADABLE);
	assert_true(looked_at(index, "/large.so"));
	assert_in_range(time(NULL) - start, 0, 10);
	assert_in_range(after.ru_maxrss - before.ru_maxrss, 0, 100 * 1024); /* KiB */
	cp_index_free(index);
	free(object);
}

/* --- damage ----------------------------------------------------------------------- */

static void every_cut_is_told(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	tar_directory(&tar, "usr");
	tar_file(&tar, "usr/one", "0123456789");
	tar_file(&tar, "etc/os-release", "ID=x");
	tar_symlink(&tar, "link", "usr/one");
	tar_end(&tar);
	for (size_t cut = 0; cut + 1024 < tar.size; cut += 37)
		for (int whole_blocks = 0; whole_blocks < 2; whole_blocks++) {
			size_t size = whole_blocks ? cut / 512 * 512 : cut;
			struct cp_index *index = index_of(tar.data, size);
			assert_partial(index, "");
			cp_index_free(index);
		}
	fixture_free(&tar);
}

static void cut_compressed_layers_are_told(void **state)
{
	(void)state;
	struct fixture tar;
	tar_begin(&tar);
	for (int i = 0; i < 200; i++) {
		char name[20];
		snprintf(name, sizeof(name), "file%d", i * 7919);
		tar_file(&tar, name, name);
	}
	tar_end(&tar);
	struct fixture packed = gzip_of(tar.data, tar.size);
	for (size_t cut = 3; cut < packed.size; cut += packed.size / 50 + 1) {
		const char *encoding;
		struct cp_index *index = NULL;
		struct cp_stream *stream =
			cp_stream_decompress(cp_stream_memory(packed.data, cut), &encoding, NULL);
		assert_int_equal(cp_layer_index(stream, "layer.tar", NULL, &index, NULL), 0);
		assert_partial(index, "gzip stream ends early");
		cp_stream_close(stream);
		cp_index_free(index);
	}
	packed.data[packed.size - 5] ^= 1; /* checksum: comes after the tar's end */
	const char *encoding;
	struct cp_index *index = NULL;
	struct cp_stream *stream =
		cp_stream_decompress(cp_stream_memory(packed.data, packed.size), &encoding, NULL);
	assert_int_equal(cp_layer_index(stream, "layer.tar", NULL, &index, NULL), 0);
	assert_partial(index, "checksum");
	assert_int_equal(node_at(index, "/file0")->kind, CP_NODE_FILE);
	cp_stream_close(stream);
	cp_index_free(index);
	fixture_free(&packed);
	fixture_free(&tar);
}

static void what_is_no_tar_is_told(void **state)
{
	(void)state;
	static const char text[] = "This is not a tar archive, whatever its name says. ";
	char long_text[4096];
	for (size_t i = 0; i < sizeof(long_text); i++)
		long_text[i] = text[i % (sizeof(text) - 1)];
	struct cp_index *index = index_of(long_text, sizeof(long_text));
	assert_partial(index, "damaged tar");
	cp_index_free(index);
	index = index_of(NULL, 0);
	assert_partial(index, "empty");
	cp_index_free(index);
}

static void an_empty_layer_is_whole(void **state)
{
	(void)state;
	static const char zeros[1024];
	struct cp_index *index = index_of(zeros, sizeof(zeros));
	assert_no_errors(index);
	assert_int_equal(cp_index_count(index), 1);
	cp_index_free(index);
}

static void a_hundred_thousand_members(void **state)
{
	(void)state;
	struct fixture tar = {0};
	char name[60];
	time_t start = time(NULL);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "node_modules/p%d/lib/index.js", i);
		raw_member(&tar, name, '0', "x", 1);
	}
	raw_end(&tar);
	struct cp_index *index = index_and_free(&tar);
	assert_no_errors(index);
	assert_int_equal(node_at(index, "/node_modules/p99999/lib/index.js")->size, 1);
	assert_in_range(time(NULL) - start, 0, 20); /* linear, even with sanitizers */
	cp_index_free(index);
}

/* --- the buffer and its gate ---------------------------------------------------------- */

static void gathered_bytes_stay_inside(void **state)
{
	(void)state;
	struct cp_gather gather = {0};
	for (int round = 0; round < 2; round++) { /* nothing is left over from the first */
		assert_int_equal(cp_gather_begin(&gather, 10, NULL), 0);
		if (round == 0)
			cp_gather_put(&gather, 0, "0123456789", 10);
		else
			cp_gather_put(&gather, 2, "a", 1);
		cp_gather_put(&gather, 8, "abcdef", 6);
		cp_gather_put(&gather, 10, "x", 1);
		cp_gather_put(&gather, UINT64_MAX, "x", 1);
		cp_gather_finish(&gather);
		assert_memory_equal(
			gather.data, round == 0 ? "01234567ab" : "\0\0a\0\0\0\0\0ab", 10);
	}
	assert_int_equal(cp_gather_begin(&gather, 5, NULL), 0);
	cp_gather_finish(&gather);
	assert_memory_equal(gather.data, "\0\0\0\0\0", 5);
	assert_int_equal(cp_gather_begin(&gather, ((uint64_t)1 << 30) + 1, NULL), -1);
	cp_gather_clear(&gather);
}

struct two_walks {
	struct cp_gate *gate;
	int inside;
	int most;
};

static void *hold_large(void *context)
{
	struct two_walks *walks = context;
	struct cp_gather gather = {.gate = walks->gate};
	for (int i = 0; i < 50; i++) {
		/* More than what smaller ones may have together beside it. */
		if (cp_gather_begin(&gather, (size_t)64 << 20, NULL) < 0)
			return NULL;
		int now = __atomic_add_fetch(&walks->inside, 1, __ATOMIC_SEQ_CST);
		if (now > walks->most)
			walks->most = now;
		cp_gather_put(&gather, CP_GATE_SIZE, "x", 1);
		__atomic_sub_fetch(&walks->inside, 1, __ATOMIC_SEQ_CST);
		cp_gather_end(&gather);
	}
	return walks;
}

static void one_large_object_at_a_time(void **state)
{
	(void)state;
	struct two_walks walks = {.gate = cp_gate_new()};
	pthread_t threads[4];
	for (int i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, hold_large, &walks), 0);
	for (int i = 0; i < 4; i++) {
		void *done;
		pthread_join(threads[i], &done);
		assert_non_null(done);
	}
	assert_int_equal(walks.most, 1);
	cp_gate_free(walks.gate);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_members),
		cmocka_unit_test(later_members_replace_earlier_ones),
		cmocka_unit_test(whiteouts),
		cmocka_unit_test(opaque_root),
		cmocka_unit_test(whiteout_of_a_directory_by_itself_is_refused),
		cmocka_unit_test(names_that_leave_the_root_are_rows),
		cmocka_unit_test(rows_of_one_layer_are_capped),
		cmocka_unit_test(names_stay_bytes_in_the_c_locale),
		cmocka_unit_test(long_names),
		cmocka_unit_test(objects_are_kept_from_any_stream),
		cmocka_unit_test(contents_in_tiny_pieces),
		cmocka_unit_test(sparse_files_cost_what_they_hold),
		cmocka_unit_test(every_cut_is_told),
		cmocka_unit_test(cut_compressed_layers_are_told),
		cmocka_unit_test(what_is_no_tar_is_told),
		cmocka_unit_test(an_empty_layer_is_whole),
		cmocka_unit_test(a_hundred_thousand_members),
		cmocka_unit_test(gathered_bytes_stay_inside),
		cmocka_unit_test(one_large_object_at_a_time),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
