/* SPDX-License-Identifier: MIT
 *
 * Files that are cut while they are read.
 *
 * Archives, layers and large objects are read where the kernel maps them. Where somebody makes such
 * a file shorter meanwhile, or the disk cannot give a page of it, the kernel has no other way to
 * tell than SIGBUS, which would end the run without a word. Nothing that was read since can be
 * trusted, in any thread, so the run does end there, but as any that could not read its input: with
 * a message that names the file, and CP_EXIT_ERROR. Outputs are files without a name until they are
 * whole (output.c), so that no half of one is left.
 */
#ifndef CP_CUT_FILE_H
#define CP_CUT_FILE_H

/* For the rest of the process. To be called before the sandbox is entered: what tells the names of
 * mapped files is opened here. */
void cp_cut_file_watch(void);

#endif
