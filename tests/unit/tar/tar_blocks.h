/* A tar in memory that comes in blocks of a chosen size. */
#ifndef WCL_TEST_TAR_BLOCKS_H
#define WCL_TEST_TAR_BLOCKS_H

#include "layer/tar/scan.h"

typedef struct tar_blocks {
    const uint8_t *tar;
    size_t size;
    size_t step;
    size_t given; /* bytes in all */
    wcl_block_pool *pool;
} tar_blocks;

/* Opens a scanner of it. Two blocks are all that the scanner may hold at a time. */
void tar_blocks_open(tar_blocks *blocks, const void *tar, size_t size, size_t step,
                     wcl_tar_scanner **scanner);
void tar_blocks_close(tar_blocks *blocks, wcl_tar_scanner *scanner);

#endif
