/* SPDX-License-Identifier: MIT
 *
 * The same work on all processors: the caller and a thread for each other processor
 * run one function, which deals out its items by itself (an atomic counter).
 */
#ifndef CP_WORKERS_H
#define CP_WORKERS_H

#define CP_WORKERS_MAX 8

/* Runs work(context) on up to CP_WORKERS_MAX threads, this one among them, but on no more than
 * there are `items`; returns when all are done. Where no thread can be made, this one does it all.
 */
void cp_workers_run(void (*work)(void *context), void *context, unsigned long items);

#endif
