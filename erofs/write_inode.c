/* Inodes as they are written, with what is behind them: attributes, chunk indexes or the last
 * block, and the blocks that are elsewhere. */
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/write_private.h"

/* ---- Extended attributes -------------------------------------------------------------------- */

static wcl_status put_xattr(wcl_erofs_output *output, const wcl_xattr *xattr, wcl_error *error)
{
    static const uint8_t zeros[4];
    uint8_t head[EROFS_XATTR_ENTRY_SIZE];
    const char *suffix;
    uint8_t index;

    wcl_xattr_split(xattr->name, &index, &suffix);
    size_t length = strlen(suffix);
    head[EROFS_XATTR_NAME_LENGTH] = (uint8_t)length;
    head[EROFS_XATTR_NAME_INDEX] = index;
    wcl_store_le16(head + EROFS_XATTR_VALUE_SIZE, (uint16_t)xattr->size);
    if (wcl_erofs_output_put(output, head, sizeof(head), error) != WCL_OK ||
        wcl_erofs_output_put(output, suffix, length, error) != WCL_OK ||
        wcl_erofs_output_put(output, xattr->value, xattr->size, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_erofs_output_put(output, zeros, (0 - length - xattr->size) % 4, error);
}

wcl_status wcl_write_xattrs(const wcl_layout *layout, wcl_erofs_output *output, wcl_error *error)
{
    for (uint32_t i = 0; i < layout->xattr_count; i++) {
        wcl_xattr xattr;
        wcl_tree_shared_xattr(layout->tree, layout->xattr_list[i], &xattr);
        if (put_xattr(output, &xattr, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status put_node_xattrs(const wcl_erofs_inode_writer *writer, const wcl_tree_node *item,
                                  wcl_error *error)
{
    const wcl_erofs_tree *tree = writer->layout->tree;
    wcl_own_xattrs own = wcl_tree_own_xattrs(tree, item);
    uint32_t shared = item->shared ? wcl_tree_set_count(tree, item->shared - 1) : 0;
    uint8_t header[EROFS_XATTR_HEADER_SIZE] = { 0 };
    wcl_xattr xattr;

    header[EROFS_XATTR_SHARED_COUNT] = (uint8_t)shared;
    if (wcl_erofs_output_put(writer->output, header, sizeof(header), error) != WCL_OK)
        return WCL_FAILED;
    for (uint32_t i = 0; i < shared; i++) {
        uint8_t id[4];
        wcl_store_le32(id,
                       writer->layout->xattr_ids[wcl_tree_set_member(tree, item->shared - 1, i)]);
        if (wcl_erofs_output_put(writer->output, id, sizeof(id), error) != WCL_OK)
            return WCL_FAILED;
    }
    while (wcl_own_xattrs_next(tree, &own, &xattr))
        if (put_xattr(writer->output, &xattr, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}

/* ---- Inodes --------------------------------------------------------------------------------- */

static uint32_t inode_data(const wcl_erofs_inode_writer *writer, const wcl_tree_node *item,
                           const wcl_erofs_spot *place)
{
    if (S_ISCHR(item->mode) || S_ISBLK(item->mode)) {
        uint32_t major = item->data >> 20, minor = item->data & 0xFFFFF;
        return (minor & 0xFF) | major << 8 | (minor & ~0xFFu) << 12;
    }
    if (place->layout == EROFS_LAYOUT_CHUNKS)
        return EROFS_CHUNK_INDEXES | (place->chunk_bits - 9);
    return place->raw_blocks ? (uint32_t)writer->raw_block : 0;
}

static void fill_compact(uint8_t *inode, const wcl_tree_node *item, const wcl_erofs_spot *place)
{
    wcl_store_le16(inode + EROFS_COMPACT_LINKS, (uint16_t)item->links);
    wcl_store_le32(inode + EROFS_COMPACT_BYTES, (uint32_t)place->size);
    wcl_store_le16(inode + EROFS_COMPACT_UID, (uint16_t)item->uid);
    wcl_store_le16(inode + EROFS_COMPACT_GID, (uint16_t)item->gid);
}

static void fill_extended(uint8_t *inode, const wcl_tree_node *item, const wcl_erofs_spot *place)
{
    wcl_store_le64(inode + EROFS_EXTENDED_BYTES, place->size);
    wcl_store_le32(inode + EROFS_EXTENDED_UID, item->uid);
    wcl_store_le32(inode + EROFS_EXTENDED_GID, item->gid);
    wcl_store_le64(inode + EROFS_EXTENDED_MTIME, (uint64_t)item->seconds);
    wcl_store_le32(inode + EROFS_EXTENDED_NANOSECONDS, item->nanoseconds);
    wcl_store_le32(inode + EROFS_EXTENDED_LINKS, item->links);
}

static wcl_status put_inode(const wcl_erofs_inode_writer *writer, wcl_node node,
                            const wcl_tree_node *item, const wcl_erofs_spot *place,
                            wcl_error *error)
{
    uint8_t inode[EROFS_EXTENDED_SIZE] = { 0 };
    bool extended = place->inode_size == EROFS_EXTENDED_SIZE;

    wcl_store_le16(inode + EROFS_INODE_FORMAT,
                   (uint16_t)((extended ? EROFS_FORMAT_EXTENDED : 0) |
                              place->layout << EROFS_FORMAT_LAYOUT_SHIFT));
    if (place->xattr_size)
        wcl_store_le16(inode + EROFS_INODE_XATTR_COUNT,
                       (uint16_t)((place->xattr_size - EROFS_XATTR_HEADER_SIZE) / 4 + 1));
    wcl_store_le16(inode + EROFS_INODE_MODE, item->mode);
    wcl_store_le32(inode + EROFS_INODE_DATA, inode_data(writer, item, place));
    wcl_store_le32(inode + EROFS_INODE_NUMBER, writer->layout->slots[node]);
    if (extended)
        fill_extended(inode, item, place);
    else
        fill_compact(inode, item, place);
    return wcl_erofs_output_put(writer->output, inode, place->inode_size, error);
}

/* ---- Data ----------------------------------------------------------------------------------- */

static wcl_status put_chunk(wcl_erofs_output *output, uint16_t device, uint64_t block,
                            wcl_error *error)
{
    uint8_t index[EROFS_CHUNK_INDEX_SIZE] = { 0 };

    wcl_store_le16(index + EROFS_CHUNK_DEVICE, device);
    wcl_store_le32(index + EROFS_CHUNK_BLOCK, (uint32_t)block);
    return wcl_erofs_output_put(output, index, sizeof(index), error);
}

static wcl_status put_chunks(const wcl_erofs_inode_writer *writer, const wcl_tree_node *item,
                             const wcl_erofs_spot *place, wcl_error *error)
{
    const wcl_erofs_tree *tree = writer->layout->tree;
    const wcl_extent_item whole = { 0, item->size, item->data,
                                    item->kind == WCL_DATA_RUN ? item->device : 0 };
    const wcl_extent_item *extent = &whole;
    uint32_t number = item->data;
    uint64_t mixed = writer->raw_block;

    if (item->kind == WCL_DATA_EXTENTS) {
        mixed -= wcl_tree_extent_at(tree, number)->block;
        extent = wcl_tree_extent_at(tree, ++number);
    }
    for (uint64_t i = 0; i < place->chunk_count; i++) {
        uint64_t offset = i << place->chunk_bits;
        uint64_t length = UINT64_C(1) << place->chunk_bits;
        length = item->size - offset < length ? item->size - offset : length;
        while (offset - extent->offset >= extent->length)
            extent = wcl_tree_extent_at(tree, ++number);
        uint64_t block = extent->device
                             ? extent->block + (offset - extent->offset) / WCL_EROFS_BLOCK_SIZE
                             : EROFS_NULL_BLOCK;
        bool is_mixed = length > extent->length - (offset - extent->offset);
        if (put_chunk(writer->output, is_mixed ? 0 : extent->device, is_mixed ? mixed : block,
                      error) != WCL_OK)
            return WCL_FAILED;
        mixed += is_mixed ? length / WCL_EROFS_BLOCK_SIZE : 0;
    }
    return WCL_OK;
}

static wcl_status put_folder_tail(const wcl_erofs_inode_writer *writer, wcl_node node,
                                  const wcl_erofs_spot *place, wcl_error *error)
{
    wcl_folder_blocks blocks = wcl_folder_blocks_begin(writer->layout->tree, node);
    uint8_t block[WCL_EROFS_BLOCK_SIZE];

    for (uint64_t i = 0; i < place->raw_blocks; i++)
        wcl_folder_blocks_next(&blocks, NULL, NULL);
    wcl_folder_blocks_next(&blocks, writer->layout->slots, block);
    return wcl_erofs_output_put(writer->output, block, place->tail_size, error);
}

static wcl_status put_data(const wcl_erofs_inode_writer *writer, wcl_node node,
                           const wcl_tree_node *item, const wcl_erofs_spot *place, wcl_error *error)
{
    if (place->chunk_count) {
        uint64_t position = (writer->output->position + 7) / 8 * 8;
        if (wcl_erofs_output_pad(writer->output, position, error) != WCL_OK)
            return WCL_FAILED;
        return put_chunks(writer, item, place, error);
    }
    if (!place->tail_size)
        return WCL_OK;
    if (S_ISDIR(item->mode))
        return put_folder_tail(writer, node, place, error);
    const uint8_t *bytes = wcl_arena_at(&writer->layout->tree->texts, item->data);
    return wcl_erofs_output_put(writer->output, bytes + place->raw_blocks * WCL_EROFS_BLOCK_SIZE,
                                place->tail_size, error);
}

wcl_status wcl_write_inode(void *context, wcl_node node, wcl_error *error)
{
    wcl_erofs_inode_writer *writer = context;
    const wcl_tree_node *item = wcl_tree_node_at(writer->layout->tree, node);
    uint64_t position = writer->start + (uint64_t)writer->layout->slots[node] * EROFS_SLOT_SIZE;
    wcl_erofs_spot place;

    wcl_layout_place(writer->layout, node, &place);
    if (wcl_erofs_output_pad(writer->output, position, error) != WCL_OK ||
        put_inode(writer, node, item, &place, error) != WCL_OK ||
        (place.xattr_size && put_node_xattrs(writer, item, error) != WCL_OK))
        return WCL_FAILED;
    writer->raw_block += place.raw_blocks;
    return put_data(writer, node, item, &place, error);
}

/* ---- Blocks elsewhere ----------------------------------------------------------------------- */

static wcl_status put_folder_blocks(const wcl_erofs_inode_writer *writer, wcl_node node,
                                    const wcl_erofs_spot *place, wcl_error *error)
{
    wcl_folder_blocks blocks = wcl_folder_blocks_begin(writer->layout->tree, node);
    uint8_t block[WCL_EROFS_BLOCK_SIZE];

    for (uint64_t i = 0; i < place->raw_blocks; i++) {
        wcl_folder_blocks_next(&blocks, writer->layout->slots, block);
        if (wcl_erofs_output_put(writer->output, block, sizeof(block), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_write_blocks(void *context, wcl_node node, wcl_error *error)
{
    wcl_erofs_inode_writer *writer = context;
    const wcl_erofs_tree *tree = writer->layout->tree;
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);
    wcl_erofs_spot place;

    if (!S_ISDIR(item->mode) && item->kind != WCL_DATA_BYTES && item->kind != WCL_DATA_EXTENTS)
        return WCL_OK;
    wcl_layout_place(writer->layout, node, &place);
    if (!place.raw_blocks)
        return WCL_OK;
    if (S_ISDIR(item->mode))
        return put_folder_blocks(writer, node, &place, error);
    uint64_t size = place.raw_blocks * WCL_EROFS_BLOCK_SIZE;
    wcl_status status =
        item->kind == WCL_DATA_BYTES
            ? wcl_erofs_output_put(writer->output, wcl_arena_at(&tree->texts, item->data),
                                   (size_t)(size < place.size ? size : place.size), error)
            : wcl_write_mixed_chunks(writer, node, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    uint64_t end = (writer->output->position + WCL_EROFS_BLOCK_SIZE - 1) / WCL_EROFS_BLOCK_SIZE;
    return wcl_erofs_output_pad(writer->output, end * WCL_EROFS_BLOCK_SIZE, error);
}
