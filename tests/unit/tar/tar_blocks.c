#include "tests/unit/tar/tar_blocks.h"

#include "tests/tools/check.h"

static wcl_status next_block(void *context, wcl_block **block, wcl_error *error)
{
    tar_blocks *blocks = context;
    size_t size = blocks->size - blocks->given;

    (void)error;
    if (size == 0)
        return WCL_END;
    if (size > blocks->step)
        size = blocks->step;
    *block = wcl_block_get(blocks->pool);
    memcpy((*block)->data, blocks->tar + blocks->given, size);
    (*block)->size = size;
    (*block)->offset = blocks->given;
    blocks->given += size;
    return WCL_OK;
}

void tar_blocks_open(tar_blocks *blocks, const void *tar, size_t size, size_t step,
                     wcl_tar_scanner **scanner)
{
    *blocks = (tar_blocks) { .tar = tar, .size = size, .step = step };
    CHECK(wcl_block_pool_new(2, step, &blocks->pool, NULL) == WCL_OK);
    CHECK(wcl_tar_scanner_new(next_block, blocks, scanner, NULL) == WCL_OK);
}

void tar_blocks_close(tar_blocks *blocks, wcl_tar_scanner *scanner)
{
    wcl_tar_scanner_free(scanner);
    wcl_block_pool_free(blocks->pool);
}
