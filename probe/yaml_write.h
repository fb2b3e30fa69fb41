/* SPDX-License-Identifier: MIT
 *
 * Writing YAML that others read: quoted text, lists of it, comments.
 */
#ifndef CP_YAML_WRITE_H
#define CP_YAML_WRITE_H

#include <stddef.h>
#include <stdio.h>

/* Text as a double-quoted scalar. What is no UTF-8 becomes U+FFFD, what does not show is escaped,
 * and a dollar is doubled: compose would take it for a variable. 0, or -1 without memory. */
int cp_yaml_write_text(FILE *file, const char *text);
/* A key: bare where nobody can misread it, else quoted (dollars as they are: keys are not
 * interpolated). */
int cp_yaml_write_key(FILE *file, const char *key);
/* "KEY:" and a line per item, `indent` blanks in; nothing where there is none. */
int cp_yaml_write_list(FILE *file, int indent, const char *key, char *const *items, size_t count);
/* "KEY: TEXT"; nothing where `text` is NULL. */
int cp_yaml_write_pair(FILE *file, int indent, const char *key, const char *text);
/* "# TEXT", folded at blanks; whatever `text` holds, it stays a comment. */
int cp_yaml_write_comment(FILE *file, int indent, const char *text);

#endif
