/* SPDX-License-Identifier: MIT
 *
 * Of an addon: the Node-API version that it declares. It is not data but a function,
 * node_api_module_get_api_version_v1, which Node calls (NODE_API_MODULE_GET_API_VERSION
 * in node_api.h makes it return a constant), so its code is read where compilers write
 * it the plain way. Of a Node program: its release.
 */
#include "elf_read.h"

#include <ctype.h>
#include <string.h>

/* `mov $N,%eax; ret` or `push $N; pop %rax; ret`, within an optional frame. */
static int api_version_x86_64(const uint8_t *code, size_t size)
{
	static const uint8_t endbr[] = {0xf3, 0x0f, 0x1e, 0xfa}, frame[] = {0x55, 0x48, 0x89, 0xe5};
	size_t at = 0;
	if (size >= sizeof(endbr) && !memcmp(code, endbr, sizeof(endbr)))
		at += sizeof(endbr);
	bool framed = size - at >= sizeof(frame) && !memcmp(code + at, frame, sizeof(frame));
	at += framed ? sizeof(frame) : 0;
	int version = -1;
	if (size - at >= 5 && code[at] == 0xb8 && !code[at + 2] && !code[at + 3] && !code[at + 4]) {
		version = code[at + 1];
		at += 5;
	} else if (size - at >= 3 && code[at] == 0x6a && code[at + 2] == 0x58) {
		version = code[at + 1];
		at += 3;
	}
	if (framed && at < size && code[at] == 0x5d) /* pop %rbp */
		at++;
	bool returns = at < size && code[at] == 0xc3;
	return returns ? version : -1;
}

/* `mov w0, #N; ret`, after an optional landing pad. */
static int api_version_aarch64(const struct cp_elf *elf, const uint8_t *code, size_t size)
{
	const uint32_t bti_c = 0xd503245f, mov_w0 = 0x52800000, ret = 0xd65f03c0;
	if (size >= 4 && cp_elf_get32(elf, code) == bti_c) {
		code += 4;
		size -= 4;
	}
	if (size < 8 || cp_elf_get32(elf, code + 4) != ret)
		return -1;
	uint32_t mov = cp_elf_get32(elf, code);
	return (mov & 0xffe0001f) == mov_w0 ? (int)(mov >> 5 & 0xffff) : -1;
}

static int api_version(const struct cp_elf *elf)
{
	struct cp_bytes code = cp_elf_locate(elf, elf->api_version_code);
	if (!elf->api_version_code || !code.size)
		return -1;
	switch (elf->header.e_machine) {
	case EM_X86_64:
		return api_version_x86_64(code.at, code.size);
	case EM_AARCH64:
		return api_version_aarch64(elf, code.at, code.size);
	default:
		return -1;
	}
}

static bool may_be_node(const struct cp_facts *facts)
{
	bool program = facts->type == ET_EXEC || facts->interpreter;
	return program && (cp_elf_exports(facts, "napi_module_register") ||
				  cp_elf_exports(facts, "node_module_register"));
}

/* The length of "X.Y.Z" at `text` where '/' follows, else 0. */
static size_t release_length(const char *text, size_t size)
{
	size_t at = 0;
	for (int part = 0; part < 3; part++) {
		size_t first = at;
		while (at < size && isdigit((unsigned char)text[at]))
			at++;
		if (at == first || at - first > 4 || at == size)
			return 0;
		if (text[at++] != (part < 2 ? '.' : '/'))
			return 0;
	}
	return at - 1;
}

/* Node is built with the address of its release (process.release.headersUrl), both
 * on nodejs.org and on unofficial-builds.nodejs.org, where Alpine's come from. */
static int find_release(struct cp_elf *elf, struct cp_bytes bytes, struct cp_error **err)
{
	static const char url[] = "nodejs.org/download/release/v";
	const size_t url_size = sizeof(url) - 1;
	const char *end = (const char *)bytes.at + bytes.size;
	const char *at = (const char *)bytes.at;
	while ((at = memmem(at, (size_t)(end - at), url, url_size))) {
		at += url_size;
		size_t length = release_length(at, (size_t)(end - at));
		if (length)
			return cp_elf_add_string(elf, at, length, &elf->facts->node_version, err);
	}
	return 0;
}

/* Looks in what is mapped without write permission: data before code. */
static int read_node_version(struct cp_elf *elf, struct cp_error **err)
{
	uint64_t budget = elf->size;
	for (int code = 0; code < 2; code++) {
		for (size_t i = 0; i < elf->n_loads; i++) {
			const struct cp_elf_load *load = &elf->loads[i];
			bool has_code = load->flags & PF_X;
			if (has_code != code || load->flags & PF_W || load->size > budget)
				continue;
			budget -= load->size;
			struct cp_bytes bytes = {elf->data + load->offset, (size_t)load->size};
			if (find_release(elf, bytes, err) < 0)
				return -1;
			if (elf->facts->node_version)
				return 0;
		}
	}
	return 0;
}

int cp_elf_read_node(struct cp_elf *elf, struct cp_error **err)
{
	elf->facts->node_api = api_version(elf);
	return may_be_node(elf->facts) ? read_node_version(elf, err) : 0;
}
