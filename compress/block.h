/* Blocks of bytes that several consumers share without copying: what the input gives, the archive
 * reader, the hashing and the writing hold on to for as long as each needs it. */
#ifndef WCL_COMPRESS_BLOCK_H
#define WCL_COMPRESS_BLOCK_H

#include <wcl/base.h>

typedef struct wcl_block wcl_block;
typedef struct wcl_block_pool wcl_block_pool;

/* Of the address of every block's bytes, so that they can be written past the page cache. */
#define WCL_BLOCK_ALIGNMENT 4096u

struct wcl_block {
    uint8_t *data;
    size_t size;     /* bytes in it */
    uint64_t offset; /* of its first byte in the (decompressed) stream */
    /* private */
    wcl_block_pool *pool;
    wcl_block *next_free;
    int references; /* atomic */
};

/* A pool of at most `count` blocks of `capacity` bytes each, a multiple of the alignment. Their
 * memory is taken from the system as they are first used. */
wcl_status wcl_block_pool_new(size_t count, size_t capacity, wcl_block_pool **pool,
                              wcl_error *error);
/* An empty block with one reference; waits while all are in use, until a quarter is free: no more
 * than three quarters may be held for good. NULL only after
 * wcl_block_pool_cancel(). */
wcl_block *wcl_block_get(wcl_block_pool *pool);
wcl_block *wcl_block_ref(wcl_block *block);
/* Any thread; NULL is allowed. The last one gives the block back to its pool. */
void wcl_block_unref(wcl_block *block);
/* Wakes and refuses all who wait in wcl_block_get(). */
void wcl_block_pool_cancel(wcl_block_pool *pool);
/* All blocks must have been given back. */
void wcl_block_pool_free(wcl_block_pool *pool);

#endif
