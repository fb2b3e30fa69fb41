/* SPDX-License-Identifier: MIT
 *
 * From a command's words to the packages that it adds or takes away: apt-get(8), apt(8), apk(8).
 */
#include <errno.h>
#include <string.h>

#include "dockerfile_parts.h"

int cp_docker_words_add(struct cp_docker_words *words, char *text, unsigned line)
{
	if (cp_grow(&words->items, &words->capacity, words->count + 1, sizeof(*words->items)) < 0) {
		free(text);
		return -1;
	}
	words->items[words->count++] = (struct cp_docker_word){text, line};
	return 0;
}

void cp_docker_words_clear(struct cp_docker_words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i].text);
	free(words->items);
	*words = (struct cp_docker_words){0};
}

void cp_docker_added_clear(struct cp_docker_added *added)
{
	for (size_t i = 0; i < added->count; i++)
		free(added->items[i].name);
	for (size_t i = 0; i < added->n_groups; i++)
		free(added->groups[i]);
	free(added->items);
	free(added->groups);
	*added = (struct cp_docker_added){0};
}

/* --- the tools ----------------------------------------------------------------------------- */

struct tool {
	const char *name;
	bool apk;
	const char *add, *remove[3];
	const char *with_value[12]; /* options whose value is a word of its own */
	const char *ends_name;      /* what a package's name ends at: a version, a release */
};

static const char *const apt_like[] = {"apt-get", "apt", "aptitude"};

static const struct tool apt = {
	.add = "install",
	.remove = {"remove", "purge", "autoremove"},
	.with_value = {"-t", "--target-release", "--default-release", "-o", "--option", "-c",
		"--config-file", "-a", "--host-architecture"},
	.ends_name = "=:/",
};

static const struct tool apk = {
	.apk = true,
	.add = "add",
	.remove = {"del"},
	.with_value = {"-t", "--virtual", "-X", "--repository", "-p", "--root", "--keys-dir",
		"--repositories-file", "--arch", "--cache-dir", "--cache-max-age", "--wait"},
	.ends_name = "=<>~@",
};

static const struct tool *find_tool(const char *word)
{
	const char *slash = word ? strrchr(word, '/') : NULL;
	const char *name = slash ? slash + 1 : word;
	if (!name)
		return NULL;
	for (size_t i = 0; i < sizeof(apt_like) / sizeof(*apt_like); i++)
		if (strcmp(name, apt_like[i]) == 0)
			return &apt;
	return strcmp(name, "apk") == 0 ? &apk : NULL;
}

static bool is_one_of(const char *word, const char *const *list, size_t max)
{
	for (size_t i = 0; i < max && list[i]; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

/* --- packages -------------------------------------------------------------------------------- */

/* The number of the --virtual group of that name, made where it is new; 0 without memory. */
static size_t group_number(struct cp_docker_added *added, const char *name)
{
	char *copy = strdup(name);
	if (!copy || cp_grow(&added->groups, &added->group_capacity, added->n_groups + 1,
			     sizeof(*added->groups)) < 0) {
		free(copy);
		return 0;
	}
	added->groups[added->n_groups++] = copy;
	return added->n_groups;
}

/* How much of the word is a package's name; 0: a file, a pattern, or no name at all. */
static size_t name_size(const struct tool *tool, const char *word)
{
	size_t size = strcspn(word, tool->ends_name);
	if (*word == '/' || *word == '.' || *word == '!' || strpbrk(word, "*?[\\(){}^"))
		return 0;
	return !tool->apk && size > 4 && strcmp(word + strlen(word) - 4, ".deb") == 0 ? 0 : size;
}

static int add_package(struct cp_docker_added *added, const struct tool *tool,
	const struct cp_docker_word *word, size_t group)
{
	size_t size = name_size(tool, word->text);
	if (!size)
		return 0;
	char *name = added->count < CP_DOCKERFILE_MAX_PACKAGES ? strndup(word->text, size) : NULL;
	if (!name || cp_grow(&added->items, &added->capacity, added->count + 1,
			     sizeof(*added->items)) < 0) {
		free(name);
		return -1;
	}
	added->items[added->count++] = (struct cp_docker_package){
		.name = name, .line = word->line, .apk = tool->apk, .group = group};
	return 0;
}

static void remove_package(struct cp_docker_added *added, const struct tool *tool, const char *word)
{
	for (size_t i = 0; i < added->count; i++) {
		struct cp_docker_package *package = &added->items[i];
		const char *group = package->group ? added->groups[package->group - 1] : NULL;
		if (package->apk == tool->apk &&
			(strcmp(package->name, word) == 0 || (group && strcmp(group, word) == 0)))
			package->removed = true;
	}
}

/* --- commands ----------------------------------------------------------------------------------
 */

/* Words that may stand before a command, or a reserved word of the shell. */
static bool is_prefix(const char *word)
{
	static const char *const prefixes[] = {"sudo", "env", "exec", "time", "command", "!", "{",
		"if", "then", "else", "elif", "while", "until", "do", "eatmydata", "nice"};
	const char *equals = strchr(word, '=');
	return is_one_of(word, prefixes, sizeof(prefixes) / sizeof(*prefixes)) ||
	       (equals && equals != word && *word != '-');
}

/* An apk option "--virtual=NAME", "--virtual NAME" or "-t NAME": its NAME. */
static const char *virtual_name(const struct cp_docker_words *words, size_t at)
{
	const char *word = words->items[at].text;
	if (strncmp(word, "--virtual=", 10) == 0)
		return word + 10;
	if (strcmp(word, "--virtual") != 0 && strcmp(word, "-t") != 0)
		return NULL;
	return at + 1 < words->count ? words->items[at + 1].text : NULL;
}

/* One pass over the words behind the tool's name: options, the verb, then packages. apk's --virtual
 * may come after the packages, so it is looked for before. */
static int run_tool(struct cp_docker_added *added, const struct tool *tool,
	const struct cp_docker_words *words, size_t at)
{
	bool adds = false, removes = false;
	size_t group = 0;
	for (size_t i = at; tool->apk && i < words->count && !group; i++) {
		const char *name = words->items[i].text ? virtual_name(words, i) : NULL;
		if (name && !(group = group_number(added, name)))
			return -1;
	}
	for (; at < words->count; at++) {
		const char *word = words->items[at].text;
		if (!word || !*word)
			continue;
		if (*word == '-')
			at += is_one_of(word, tool->with_value, 12);
		else if (adds && add_package(added, tool, &words->items[at], group) < 0)
			return -1;
		else if (removes)
			remove_package(added, tool, word);
		else if (!adds && !(adds = strcmp(word, tool->add) == 0) &&
			 !(removes = is_one_of(word, tool->remove, 3)))
			return 0;
	}
	return 0;
}

/* "ln -s python3 /usr/bin/python", "update-alternatives --install /usr/bin/python …" */
static bool makes_python(const struct cp_docker_words *words, size_t at)
{
	const char *tool = at < words->count ? words->items[at].text : NULL;
	if (!tool || (strcmp(tool, "ln") != 0 && strcmp(tool, "update-alternatives") != 0))
		return false;
	for (size_t i = at + 1; i < words->count; i++) {
		const char *slash =
			words->items[i].text ? strrchr(words->items[i].text, '/') : NULL;
		if (slash && strcmp(slash, "/python") == 0)
			return true;
	}
	return false;
}

int cp_docker_command(
	struct cp_docker_added *added, const struct cp_docker_words *words, struct cp_error **err)
{
	size_t at = 0;
	while (at < words->count && words->items[at].text && is_prefix(words->items[at].text))
		at++;
	added->makes_python |= makes_python(words, at);
	const struct tool *tool = at < words->count ? find_tool(words->items[at].text) : NULL;
	if (tool && run_tool(added, tool, words, at + 1) < 0)
		return cp_error_set(err, ENOMEM,
			"out of memory, or more than %d packages in one stage",
			CP_DOCKERFILE_MAX_PACKAGES);
	return 0;
}
