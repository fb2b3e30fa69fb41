/* SPDX-License-Identifier: MIT
 *
 * Which script a service's command has Node run.
 *
 * Only what says so itself counts: `node [OPTION…] SCRIPT`, alone or behind an init or a shell
 * (`dumb-init node x.js`, `sh -c "migrate && exec node x.js"`). `npm start`, nodemon and the like
 * hide it.
 */
#include <stdlib.h>
#include <string.h>

#include "compose_parts.h"
#include "memory.h"

#define MAX_WORDS 1000

struct words {
	char *items[MAX_WORDS];
	size_t count;
};

static void free_words(struct words *words)
{
	for (size_t i = 0; i < words->count; i++)
		free(words->items[i]);
}

/* What ends a word for a shell, and often a command. */
static const char separators[] = " \t\n;&|()";

/* One shell word from `at` into `word`, which has room for all of the line. */
static const char *take_word(const char *at, char *word)
{
	char quote = '\0';
	for (; *at && (quote || !strchr(separators, *at)); at++) {
		if (quote ? *at == quote : *at == '"' || *at == '\'')
			quote = quote ? '\0' : *at;
		else if (*at == '\\' && quote != '\'' && at[1])
			*word++ = *++at;
		else
			*word++ = *at;
	}
	*word = '\0';
	return at;
}

static int add_word(struct words *words, const char *word);

static int split(struct words *words, const char *line)
{
	cp_cleanup_free char *word = malloc(strlen(line) + 1);
	if (!word)
		return -1;
	for (line += strspn(line, separators); *line; line += strspn(line, separators)) {
		line = take_word(line, word);
		if (add_word(words, word) < 0)
			return -1;
	}
	return 0;
}

/* What follows -c is a line again. Its blanks were quoted, so levels grow by doubling and are few.
 */
static int add_word(struct words *words, const char *word)
{
	if (words->count == MAX_WORDS)
		return 0;
	if (words->count && strcmp(words->items[words->count - 1], "-c") == 0 &&
		strpbrk(word, separators))
		return split(words, word);
	words->items[words->count] = strdup(word);
	return words->items[words->count++] ? 0 : -1;
}

static int add_words(struct words *words, const struct cp_yaml *from)
{
	if (from && from->kind == CP_YAML_TEXT)
		return split(words, from->text);
	for (size_t i = 0; from && i < from->count; i++) {
		const struct cp_yaml *item = from->items[i].value;
		if (add_word(words, item->kind == CP_YAML_TEXT ? item->text : "") < 0)
			return -1;
	}
	return 0;
}

static bool is_one_of(const char *word, const char *const *list)
{
	while (*list && strcmp(word, *list) != 0)
		list++;
	return *list != NULL;
}

/* Of the words behind `node`. */
static const char *find_script(char *const *words, size_t count)
{
	static const char *const with_value[] = {"-r", "--require", "--import", "--loader",
		"--experimental-loader", "-C", "--conditions", "--env-file", NULL};
	static const char *const without_script[] = {"-e", "--eval", "-p", "--print", "-pe", "-c",
		"--check", "--test", "-v", "--version", "-h", "--help", "-", NULL};
	for (size_t i = 0; i < count; i++) {
		if (*words[i] != '-')
			return *words[i] ? words[i] : NULL;
		if (is_one_of(words[i], without_script))
			return NULL;
		if (strcmp(words[i], "--") == 0)
			return i + 1 < count ? words[i + 1] : NULL;
		i += is_one_of(words[i], with_value);
	}
	return NULL;
}

static bool is_node(const char *word)
{
	const char *slash = strrchr(word, '/');
	return strcmp(slash ? slash + 1 : word, "node") == 0;
}

int cp_compose_entry(const struct cp_yaml *entrypoint, const struct cp_yaml *command, char **entry)
{
	struct words *words = calloc(1, sizeof(*words));
	*entry = NULL;
	if (!words)
		return -1;
	int status = add_words(words, entrypoint) < 0 ? -1 : add_words(words, command);
	size_t node = 0;
	while (status == 0 && node < words->count && !is_node(words->items[node]))
		node++;
	const char *script = status == 0 && node < words->count
				     ? find_script(words->items + node + 1, words->count - node - 1)
				     : NULL;
	if (script) {
		*entry = strdup(script);
		status = *entry ? 0 : -1;
	}
	free_words(words);
	free(words);
	return status;
}
