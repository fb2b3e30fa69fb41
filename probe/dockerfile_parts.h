/* SPDX-License-Identifier: MIT
 *
 * The parts of the Dockerfile reader:
 *
 *   dockerfile_lines.c     text → instructions (continuations, comments, heredocs)
 *   dockerfile_vars.c      ARG and ENV, and what they make of $NAME and ${NAME:-word}
 *   dockerfile_shell.c     a RUN's text → commands, as words
 *   dockerfile_packages.c  commands → packages added and taken away
 *   dockerfile_stages.c    instructions → stages
 *   dockerfile.c           stages → the answer
 *
 * Rules: Docker's reference of the Dockerfile format, and POSIX's Shell Command Language.
 */
#ifndef CP_DOCKERFILE_PARTS_H
#define CP_DOCKERFILE_PARTS_H

#include "dockerfile.h"
#include "memory.h"

#define CP_DOCKERFILE_MAX_SIZE ((size_t)128 << 10)    /* bytes of a file */
#define CP_DOCKERFILE_MAX_STAGES 128                  /* of a file */
#define CP_DOCKERFILE_MAX_PACKAGES 2048               /* of a stage */
#define CP_DOCKERFILE_MAX_VARIABLES 1024              /* of a file, over all its stages */
#define CP_DOCKERFILE_MAX_EXPANSION ((size_t)4 << 20) /* bytes that variables become, of a file */

/* --- a text that grows --------------------------------------------------------------- */

struct cp_chars {
	char *text; /* NUL-terminated where not NULL; owned */
	size_t size, capacity;
};

int cp_chars_add(struct cp_chars *chars, const char *text, size_t size);
void cp_chars_clear(struct cp_chars *chars);
#define cp_cleanup_chars __attribute__((cleanup(cp_chars_clear)))

/* --- lines --------------------------------------------------------------------------- */

/* Where a physical line begins in a joined text. */
struct cp_docker_break {
	size_t offset;
	unsigned line;
};

/* A text made of physical lines, that still knows which was which. */
struct cp_docker_text {
	struct cp_chars chars;
	struct cp_docker_break *breaks;
	size_t n_breaks, capacity;
};

struct cp_docker_instruction {
	struct cp_docker_text text;     /* without its continuations: "RUN apt-get install -y x" */
	struct cp_docker_text heredocs; /* the bodies, one after the other */
	unsigned line;
};

struct cp_docker_lines {
	const char *at, *end;
	unsigned line; /* of `at`, 1-based */
	char escape;   /* '\\', or '`' by directive */
};

void cp_docker_lines_open(struct cp_docker_lines *lines, const char *text, size_t size);
/* The next instruction into *instruction (cleared first). 1, 0 at the end, -1; then
 * instruction->line tells where. */
int cp_docker_lines_next(struct cp_docker_lines *lines, struct cp_docker_instruction *instruction,
	struct cp_error **err);
void cp_docker_instruction_clear(struct cp_docker_instruction *instruction);
#define cp_cleanup_instruction __attribute__((cleanup(cp_docker_instruction_clear)))

/* The line that the byte at `offset` was on. */
unsigned cp_docker_line_of(const struct cp_docker_text *text, size_t offset);

/* --- variables ------------------------------------------------------------------------ */

#define CP_DOCKER_GLOBAL (-1) /* the "stage" of ARGs before the first FROM */

struct cp_docker_variable {
	char *name, *value; /* value NULL: declared, but not known */
	int stage;
	bool inherited; /* by stages that are FROM this one: ENV is, ARG is not */
};

struct cp_docker_variables {
	struct cp_docker_variable *items;
	size_t count, capacity;
	const int *parents; /* of each stage the stage that it is FROM, or -1 */
	size_t expanded;    /* bytes that were made so far */
	char escape;
};

/* Sets NAME (`length` bytes of `name`) in the stage; `value` may be NULL. 0 or -1. */
int cp_docker_variables_set(struct cp_docker_variables *variables, int stage, const char *name,
	size_t length, const char *value, bool inherited, struct cp_error **err);
/* Adds NAME before the others of that name, until the table is truncated to its count before. */
int cp_docker_variables_push(struct cp_docker_variables *variables, int stage, const char *name,
	size_t length, const char *value, bool inherited, struct cp_error **err);
void cp_docker_variables_truncate(struct cp_docker_variables *variables, size_t count);
/* What NAME is in the stage; NULL: not known. */
const char *cp_docker_variables_get(
	const struct cp_docker_variables *variables, int stage, const char *name, size_t length);
void cp_docker_variables_clear(struct cp_docker_variables *variables);

/* Appends what the `$…` at *at (before `end`) stands for, and steps over it. *known becomes false
 * where that depends on something that the file does not tell. 0 or -1. */
int cp_docker_expand_one(struct cp_docker_variables *variables, int stage, const char **at,
	const char *end, struct cp_chars *to, bool *known, struct cp_error **err);
/* Appends a word of an instruction: quotes removed, variables replaced. */
int cp_docker_expand(struct cp_docker_variables *variables, int stage, const char *text,
	size_t size, struct cp_chars *to, struct cp_error **err);

/* --- packages --------------------------------------------------------------------------- */

struct cp_docker_package {
	char *name;
	unsigned line;
	bool apk;     /* else apt */
	bool removed; /* taken away again: only needed to build */
	size_t group; /* of apk's --virtual; 0: none */
};

/* What one stage's commands add, in order. */
struct cp_docker_added {
	struct cp_docker_package *items;
	size_t count, capacity;
	char **groups; /* names of apk's --virtual groups; group 1 is the first */
	size_t n_groups, group_capacity;
	bool makes_python; /* as in struct cp_dockerfile */
};

/* A command's words, each with its line. */
struct cp_docker_words {
	struct cp_docker_word {
		char *text; /* NULL: it depends on what the file does not tell */
		unsigned line;
	} * items;
	size_t count, capacity;
};
/* Takes `text` over. */
int cp_docker_words_add(struct cp_docker_words *words, char *text, unsigned line);
void cp_docker_words_clear(struct cp_docker_words *words);

/* Reads the commands of a shell text from `offset` on and notes what they add. 0 or -1. */
int cp_docker_shell(struct cp_docker_added *added, const struct cp_docker_text *text, size_t offset,
	struct cp_docker_variables *variables, int stage, struct cp_error **err);
/* The same for one command (dockerfile_packages.c). */
int cp_docker_command(
	struct cp_docker_added *added, const struct cp_docker_words *words, struct cp_error **err);
void cp_docker_added_clear(struct cp_docker_added *added);

/* --- stages -------------------------------------------------------------------------------- */

struct cp_docker_stage {
	char *name;  /* AS NAME, or NULL */
	char *image; /* what FROM names, its ARGs filled in */
	char *platform;
	unsigned line;
	struct cp_docker_added added;
	bool copied[CP_DOCKERFILE_MAX_STAGES]; /* the stages that it takes files from */
};

struct cp_docker_reader {
	struct cp_docker_variables variables;
	struct cp_docker_stage *stages[CP_DOCKERFILE_MAX_STAGES];
	int parents[CP_DOCKERFILE_MAX_STAGES]; /* the stage that each is FROM, or -1 */
	int count;
	struct cp_error **err;
};

/* Takes one instruction into the stages read so far. 0, or -1 with an error without its place. */
int cp_docker_read_instruction(
	struct cp_docker_reader *reader, const struct cp_docker_instruction *instruction);

#endif
