/* SPDX-License-Identifier: MIT
 *
 * pnpm-lock.yaml and node_modules/.pnpm/lock.yaml.
 *
 *     lockfileVersion 9                    6                            5
 *     packages:                            packages:                    packages:
 *       '@scope/name@1.2.3':                 /@scope/name@1.2.3:          /@scope/name/1.2.3:
 *         libc: [musl]                         libc: [musl]                 libc: [musl]
 *     snapshots:                               optional: true
 *       '@scope/name@1.2.3(peer@4.0.0)':       requiresBuild: true
 *         optional: true
 *
 * The key tells name and version; (peers), or _peers in 5, tell what it was resolved with. pnpm 9
 * does not record any more whether a package has an install script. Several documents in a file
 * (pnpm 11) are read one after the other.
 */
#include "lockfile_private.h"

#include <string.h>

struct reading {
	struct cp_lockfile *lockfile;
	struct cp_locked *current; /* what the fields at hand tell of */
};

static struct cp_piece up_to(struct cp_piece piece, char end)
{
	const char *at = memchr(piece.text, end, piece.length);
	if (at)
		piece.length = (size_t)(at - piece.text);
	return piece;
}

static void split_key(struct cp_piece key, struct cp_piece *name, struct cp_piece *version)
{
	if (key.length && *key.text == '/') {
		key.text++;
		key.length--;
	}
	key = up_to(key, '(');
	cp_split_descriptor(key, name, version);
	if (version->length)
		return;
	const char *slash = memrchr(key.text, '/', key.length);
	if (!slash)
		return;
	name->length = (size_t)(slash - key.text);
	version->text = slash + 1;
	version->length = key.length - name->length - 1;
	*version = up_to(*version, '_');
}

static int take_key(void *context, const struct cp_yaml_path *path, struct cp_error **err)
{
	struct reading *reading = context;
	struct cp_piece name, version;
	if (path->depth > 2)
		return 0;
	reading->current = NULL;
	if (path->depth < 2 || (!cp_piece_is(path->keys[0], "packages") &&
				       !cp_piece_is(path->keys[0], "snapshots")))
		return 0;
	split_key(path->keys[1], &name, &version);
	if (!name.length || !version.length)
		return 0;
	reading->current = cp_lockfile_add(reading->lockfile, name, version, err);
	return reading->current ? 0 : -1;
}

static int take_text(
	void *context, const struct cp_yaml_path *path, struct cp_piece text, struct cp_error **err)
{
	struct cp_locked *current = ((struct reading *)context)->current;
	if (!current || path->depth != 3)
		return 0;
	struct cp_piece field = path->keys[2];
	if (cp_piece_is(field, "os"))
		return cp_locked_add_word(&current->os, text, err);
	if (cp_piece_is(field, "cpu"))
		return cp_locked_add_word(&current->cpu, text, err);
	if (cp_piece_is(field, "libc"))
		return cp_locked_add_word(&current->libc, text, err);
	if (cp_piece_is(field, "optional"))
		current->optional = cp_piece_is(text, "true");
	else if (cp_piece_is(field, "requiresBuild"))
		current->has_install_script = cp_piece_is(text, "true");
	else if (cp_piece_is(field, "version")) /* of what comes from no registry */
		return cp_locked_set_version(current, text, err);
	return 0;
}

int cp_lockfile_read_pnpm(struct cp_lockfile *lockfile, const char *data, size_t size,
	const char *label, struct cp_error **err)
{
	static const struct cp_yaml_visitor visitor = {take_key, take_text};
	struct reading reading = {lockfile, NULL};
	return cp_yaml_walk(data, size, label, &visitor, &reading, err);
}
