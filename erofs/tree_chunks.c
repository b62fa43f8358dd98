/* Into chunks of what size the data of a file with holes is cut. */
#include "base/error.h"
#include "erofs/tree_private.h"

/* So that a few small entries with huge holes cannot ask for an index that fills the disk. */
#define MAX_CHUNKS_IN_ALL (UINT64_C(1) << 26)
/* Bytes that may be copied into the image: so many for each byte of data, and some to spare for a
 * file and for all files. */
#define COPIES_OF_DATA 8u
#define MAX_SPARE (UINT64_C(64) << 20)
#define MAX_SPARE_IN_ALL (UINT64_C(512) << 20)

uint64_t wcl_chunk_count(uint64_t size, unsigned bits)
{
    return (size >> bits) + ((size & ((UINT64_C(1) << bits) - 1)) != 0);
}

static wcl_status fail_holes(uint64_t size, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "a file of %llu bytes has holes too small for its size to be indexed",
                    (unsigned long long)size);
}

wcl_status wcl_tree_count_chunks(wcl_erofs_tree *tree, uint64_t size, unsigned bits,
                                 wcl_error *error)
{
    uint64_t count = wcl_chunk_count(size, bits);

    if (count > WCL_EROFS_MAX_CHUNKS || tree->chunk_total + count > MAX_CHUNKS_IN_ALL)
        return fail_holes(size, error);
    tree->chunk_total += count;
    return WCL_OK;
}

bool wcl_tree_has_copies(const wcl_erofs_tree *tree)
{
    return tree->copied != 0;
}

bool wcl_mixed_chunks_next(wcl_mixed_chunks *mixed, uint64_t *start, uint64_t *length)
{
    const wcl_extent_item *head = wcl_tree_extent_at(mixed->tree, mixed->head);
    uint64_t size = UINT64_C(1) << mixed->bits;

    while (++mixed->index < head->offset) {
        uint64_t border = wcl_tree_extent_at(mixed->tree, mixed->head + 1 + mixed->index)->offset;
        uint64_t from = border & ~(size - 1);
        if (border == from || border < mixed->end)
            continue;
        *start = from;
        *length = mixed->size - from < size ? mixed->size - from : size;
        mixed->end = from + *length;
        return true;
    }
    return false;
}

/* The bytes of all chunks that are neither in one run nor in one hole. */
static uint64_t mixed_bytes(const wcl_erofs_tree *tree, uint32_t head, uint64_t size, unsigned bits)
{
    wcl_mixed_chunks mixed = { .tree = tree, .head = head, .size = size, .bits = bits };
    uint64_t start, length, sum = 0;

    while (wcl_mixed_chunks_next(&mixed, &start, &length))
        sum += length;
    return sum;
}

static uint64_t data_bytes(const wcl_erofs_tree *tree, uint32_t head)
{
    uint64_t count = wcl_tree_extent_at(tree, head)->offset, sum = 0;

    for (uint32_t i = 1; i <= count; i++)
        if (wcl_tree_extent_at(tree, head + i)->device)
            sum += wcl_tree_extent_at(tree, head + i)->length;
    return sum;
}

/* The larger the chunks, the fewer of them are listed, but the more bytes lie in mixed ones: the
 * size that takes the least room in the image. */
static unsigned cheapest_bits(const wcl_erofs_tree *tree, uint32_t head, uint64_t size,
                              unsigned aligned, uint64_t *copied)
{
    uint64_t least = UINT64_MAX;
    unsigned found = aligned;

    for (unsigned bits = aligned + 1; bits <= WCL_MAX_CHUNK_BITS; bits++) {
        uint64_t count = wcl_chunk_count(size, bits);
        if (count > WCL_EROFS_MAX_CHUNKS)
            continue;
        uint64_t mixed = mixed_bytes(tree, head, size, bits);
        if (count * EROFS_CHUNK_INDEX_SIZE + mixed < least) {
            least = count * EROFS_CHUNK_INDEX_SIZE + mixed;
            *copied = mixed;
            found = bits;
        }
    }
    return found;
}

wcl_status wcl_tree_choose_chunks(wcl_erofs_tree *tree, uint32_t head, uint64_t size,
                                  unsigned aligned, wcl_error *error)
{
    wcl_extent_item *item = wcl_pool_at(&tree->extents, head);
    uint64_t copied = 0;
    unsigned bits = aligned;

    if (wcl_chunk_count(size, aligned) > WCL_EROFS_MAX_CHUNKS)
        bits = cheapest_bits(tree, head, size, aligned, &copied);
    if (copied) {
        uint64_t data = data_bytes(tree, head);
        uint64_t all_data = tree->copied_data + data;
        if (copied > MAX_SPARE + COPIES_OF_DATA * data ||
            tree->copied + copied > MAX_SPARE_IN_ALL + COPIES_OF_DATA * all_data ||
            copied / WCL_EROFS_BLOCK_SIZE >= UINT32_MAX)
            return fail_holes(size, error);
        tree->copied += copied;
        tree->copied_data = all_data;
    }
    item->length = bits;
    item->block = (uint32_t)(copied / WCL_EROFS_BLOCK_SIZE + (copied % WCL_EROFS_BLOCK_SIZE != 0));
    return wcl_tree_count_chunks(tree, size, bits, error);
}
