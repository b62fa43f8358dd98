/* A thread that takes blocks in the order they are given and does one thing with them. */
#ifndef WCL_STORE_BLOCK_THREAD_H
#define WCL_STORE_BLOCK_THREAD_H

#include "compress/block.h"

/* The most blocks that are handed over at once. */
#define WCL_BLOCK_THREAD_MOST 8

typedef struct wcl_block_thread wcl_block_thread;

/* Uses `count` blocks, which stay the thread's. Not called again once it has failed. */
typedef wcl_status (*wcl_blocks_fn)(void *context, wcl_block *const *blocks, size_t count,
                                    wcl_error *error);

wcl_status wcl_block_thread_start(wcl_blocks_fn use, void *context, wcl_block_thread **thread,
                                  wcl_error *error);
/* Gives the thread a reference of its own. Fails as `use` did, as soon as that is known. */
wcl_status wcl_block_thread_give(wcl_block_thread *thread, wcl_block *block, wcl_error *error);
/* Waits until all blocks are used, and ends the thread. May be called once. */
wcl_status wcl_block_thread_finish(wcl_block_thread *thread, wcl_error *error);
/* Ends the thread, gives all blocks back, and frees. NULL is allowed. */
void wcl_block_thread_free(wcl_block_thread *thread);

#endif
