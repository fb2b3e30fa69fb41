/* SPDX-License-Identifier: MIT */
#ifndef CP_NODE_SYMBOLS_H
#define CP_NODE_SYMBOLS_H

#include <stdbool.h>

#define CP_PROGRAM_FORMAT "compatprobe-program/1"

/* Whether a shipped list has `symbol`, where the program exports it. */
bool cp_node_list_keeps(const char *symbol);

#endif
