/* SPDX-License-Identifier: MIT
 *
 * Which object of a program asks for a library that is not there? glibc's loader does not say. The
 * program's own DT_NEEDED are followed breadth first, as the loader does, through the directories
 * that it would look into: the object's RPATH or RUNPATH with $ORIGIN, then the usual ones. What
 * was found in another way (LD_LIBRARY_PATH, /etc/ld.so.conf) is not followed, so that an answer is
 * one that the files give.
 */
#ifndef CP_NEEDER_H
#define CP_NEEDER_H

/* The path of the first object, from `program` on, whose DT_NEEDED names `library`; owned by the
 * caller, NULL: none was found. `root`: a descriptor of the root that both are in. */
char *cp_needer_find(int root, const char *program, const char *library);

#endif
