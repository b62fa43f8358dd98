/* Mixed chunks: those of data and holes, or of several runs, which no address outside the image
 * stands for. Their bytes are copied into the image, behind the map of where the file's data is. */
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/write_private.h"

static wcl_status put_map(const wcl_erofs_inode_writer *writer, wcl_node node,
                          const wcl_tree_node *item, wcl_error *error)
{
    const wcl_erofs_tree *tree = writer->layout->tree;
    uint64_t count = wcl_tree_extent_at(tree, item->data)->offset;
    uint64_t end = writer->output->position + wcl_map_blocks(count) * WCL_EROFS_BLOCK_SIZE;
    uint8_t trailer[WCL_MAP_TRAILER_SIZE] = WCL_MAP_MAGIC;

    for (uint32_t i = 1; i <= count; i++) {
        const wcl_extent_item *extent = wcl_tree_extent_at(tree, item->data + i);
        uint8_t entry[WCL_MAP_ENTRY_SIZE] = { 0 };
        wcl_store_le64(entry + WCL_MAP_LENGTH, extent->length);
        wcl_store_le32(entry + WCL_MAP_BLOCK, extent->block);
        wcl_store_le16(entry + WCL_MAP_DEVICE, extent->device);
        if (wcl_erofs_output_put(writer->output, entry, sizeof(entry), error) != WCL_OK)
            return WCL_FAILED;
    }
    wcl_store_le32(trailer + WCL_MAP_INODE, writer->layout->slots[node]);
    wcl_store_le32(trailer + WCL_MAP_COUNT, (uint32_t)count);
    if (wcl_erofs_output_pad(writer->output, end - sizeof(trailer), error) != WCL_OK)
        return WCL_FAILED;
    return wcl_erofs_output_put(writer->output, trailer, sizeof(trailer), error);
}

static wcl_status copy_data(const wcl_erofs_inode_writer *writer, uint32_t device, uint64_t address,
                            uint64_t length, wcl_error *error)
{
    const wcl_erofs_options *options = writer->options;
    uint8_t bytes[16384];

    if (!options->read)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "cannot copy a file's data, because nothing reads the devices");
    while (length) {
        size_t part = length < sizeof(bytes) ? (size_t)length : sizeof(bytes);
        if (options->read(options->read_context, device, address, bytes, part, error) != WCL_OK ||
            wcl_erofs_output_put(writer->output, bytes, part, error) != WCL_OK)
            return WCL_FAILED;
        address += part;
        length -= part;
    }
    return WCL_OK;
}

/* `number` is the extent that the chunk starts in. */
static wcl_status put_mixed(const wcl_erofs_inode_writer *writer, uint32_t number, uint64_t start,
                            uint64_t length, wcl_error *error)
{
    uint64_t at = start, end = start + length;

    while (at < end) {
        const wcl_extent_item *extent = wcl_tree_extent_at(writer->layout->tree, number++);
        uint64_t inside = at - extent->offset;
        uint64_t part = extent->length - inside < end - at ? extent->length - inside : end - at;
        uint64_t address = (uint64_t)extent->block * WCL_EROFS_BLOCK_SIZE + inside;
        wcl_status status =
            extent->device
                ? copy_data(writer, extent->device, address, part, error)
                : wcl_erofs_output_pad(writer->output, writer->output->position + part, error);
        if (status != WCL_OK)
            return WCL_FAILED;
        at += part;
    }
    return WCL_OK;
}

wcl_status wcl_write_mixed_chunks(const wcl_erofs_inode_writer *writer, wcl_node node,
                                  wcl_error *error)
{
    const wcl_tree_node *item = wcl_tree_node_at(writer->layout->tree, node);
    wcl_mixed_chunks mixed = {
        .tree = writer->layout->tree,
        .head = item->data,
        .size = item->size,
        .bits = (unsigned)wcl_tree_extent_at(writer->layout->tree, item->data)->length
    };
    uint64_t start, length;

    if (put_map(writer, node, item, error) != WCL_OK)
        return WCL_FAILED;
    /* The border that makes a chunk mixed is the first in it, so the extent before has its start.
     */
    while (wcl_mixed_chunks_next(&mixed, &start, &length))
        if (put_mixed(writer, item->data + mixed.index, start, length, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
