/* What a file of an image has: extended attributes, extents, the target of a link. */
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/image_private.h"
#include "erofs/tree_private.h"

/* ---- Extended attributes -------------------------------------------------------------------- */

wcl_status wcl_erofs_xattrs_open(const wcl_erofs_image *image, wcl_nid nid,
                                 wcl_erofs_xattrs *xattrs, wcl_error *error)
{
    wcl_erofs_node node;

    memset(xattrs, 0, sizeof(*xattrs));
    if (wcl_erofs_node_read(image, nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    xattrs->image = image;
    xattrs->nid = nid;
    if (!node.xattr_size)
        return WCL_OK;
    uint64_t start = node.position + node.inode_size;
    const uint8_t *header = wcl_erofs_take(image, start, node.xattr_size);
    if (!header)
        return wcl_erofs_corrupt(nid, "has extended attributes outside", error);
    xattrs->id_count = header[EROFS_XATTR_SHARED_COUNT];
    if (xattrs->id_count > (node.xattr_size - EROFS_XATTR_HEADER_SIZE) / 4)
        return wcl_erofs_corrupt(nid, "has too many shared extended attributes", error);
    xattrs->ids = header + EROFS_XATTR_HEADER_SIZE;
    xattrs->position = start + EROFS_XATTR_HEADER_SIZE + (uint64_t)xattrs->id_count * 4;
    xattrs->end = start + node.xattr_size;
    return WCL_OK;
}

/* The attribute at an offset; it has to end at `limit`. Gives its length. */
static wcl_status read_xattr(const wcl_erofs_xattrs *xattrs, uint64_t offset, uint64_t limit,
                             wcl_erofs_xattr *xattr, uint64_t *length, wcl_error *error)
{
    const uint8_t *head = wcl_erofs_take(xattrs->image, offset, EROFS_XATTR_ENTRY_SIZE);

    if (!head)
        return wcl_erofs_corrupt(xattrs->nid, "has an extended attribute outside", error);
    uint32_t name_length = head[EROFS_XATTR_NAME_LENGTH];
    const char *prefix = wcl_xattr_prefix(head[EROFS_XATTR_NAME_INDEX]);
    xattr->size = wcl_load_le16(head + EROFS_XATTR_VALUE_SIZE);
    *length = (EROFS_XATTR_ENTRY_SIZE + name_length + xattr->size + 3) / 4 * 4;
    const uint8_t *name =
        wcl_erofs_take(xattrs->image, offset + EROFS_XATTR_ENTRY_SIZE, name_length + xattr->size);
    if (!name || *length > limit - offset)
        return wcl_erofs_corrupt(xattrs->nid, "has an extended attribute outside", error);
    if (!prefix)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "inode %llu has an extended attribute in a namespace (%u) unknown here",
                        (unsigned long long)xattrs->nid, head[EROFS_XATTR_NAME_INDEX]);
    size_t prefix_length = strlen(prefix);
    const char *suffix;
    uint8_t index;
    memcpy(xattr->name, prefix, prefix_length);
    memcpy(xattr->name + prefix_length, name, name_length);
    xattr->name[prefix_length + name_length] = 0;
    if (memchr(name, 0, name_length) || !wcl_xattr_split(xattr->name, &index, &suffix))
        return wcl_erofs_corrupt(xattrs->nid, "has an extended attribute without a proper name",
                                 error);
    xattr->value = name + name_length;
    return WCL_OK;
}

wcl_status wcl_erofs_xattrs_next(wcl_erofs_xattrs *xattrs, wcl_erofs_xattr *xattr, wcl_error *error)
{
    uint64_t length;

    xattr->shared = xattrs->id_index < xattrs->id_count;
    if (xattr->shared) {
        uint64_t offset = xattrs->image->xattrs +
                          (uint64_t)wcl_load_le32(xattrs->ids + (size_t)xattrs->id_index * 4) * 4;
        xattrs->id_index++;
        return read_xattr(xattrs, offset, UINT64_MAX, xattr, &length, error);
    }
    if (xattrs->position >= xattrs->end)
        return WCL_END;
    if (read_xattr(xattrs, xattrs->position, xattrs->end, xattr, &length, error) != WCL_OK)
        return WCL_FAILED;
    xattrs->position += length;
    return WCL_OK;
}

wcl_status wcl_erofs_find_xattr(const wcl_erofs_image *image, wcl_nid nid, const char *name,
                                wcl_erofs_xattr *xattr, wcl_error *error)
{
    wcl_erofs_xattrs xattrs;
    wcl_status status = wcl_erofs_xattrs_open(image, nid, &xattrs, error);

    if (status != WCL_OK)
        return status;
    do
        status = wcl_erofs_xattrs_next(&xattrs, xattr, error);
    while (status == WCL_OK && strcmp(xattr->name, name) != 0);
    return status;
}

/* ---- Extents -------------------------------------------------------------------------------- */

/* Where the first chunk that is in the image begins, in bytes; 0 where none is. */
static uint64_t first_inside(const wcl_erofs_extents *extents, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *index = extents->chunks + i * EROFS_CHUNK_INDEX_SIZE;
        uint32_t block = wcl_load_le32(index + EROFS_CHUNK_BLOCK);
        if (block != EROFS_NULL_BLOCK &&
            !(wcl_load_le16(index + EROFS_CHUNK_DEVICE) & extents->image->device_mask))
            return (uint64_t)block * WCL_EROFS_BLOCK_SIZE;
    }
    return 0;
}

/* The map that wcl_write_mixed_chunks() puts before a file's chunks; images of others have none. */
static void find_map(wcl_erofs_extents *extents, uint64_t chunk_count)
{
    const wcl_erofs_image *image = extents->image;

    if (extents->index_size != EROFS_CHUNK_INDEX_SIZE ||
        UINT64_C(1) << image->block_bits != WCL_EROFS_BLOCK_SIZE)
        return;
    uint64_t end = first_inside(extents, chunk_count);
    if (end < WCL_MAP_TRAILER_SIZE)
        return;
    const uint8_t *trailer =
        wcl_erofs_take(image, end - WCL_MAP_TRAILER_SIZE, WCL_MAP_TRAILER_SIZE);
    if (!trailer || memcmp(trailer, WCL_MAP_MAGIC, WCL_MAP_MAGIC_SIZE) != 0 ||
        wcl_load_le32(trailer + WCL_MAP_INODE) != extents->nid)
        return;
    uint32_t count = wcl_load_le32(trailer + WCL_MAP_COUNT);
    uint64_t size = wcl_map_blocks(count) * WCL_EROFS_BLOCK_SIZE;
    if (size > end)
        return;
    extents->map = wcl_erofs_take(image, end - size, size);
    extents->map_left = extents->map ? count : 0;
}

static wcl_status open_chunks(const wcl_erofs_node *node, wcl_erofs_extents *extents,
                              wcl_error *error)
{
    uint32_t format = node->data & 0xFFFF;

    if (format & ~(EROFS_CHUNK_BITS_MASK | EROFS_CHUNK_INDEXES))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "inode %llu has chunks of a format (%x) that is not read here",
                        (unsigned long long)extents->nid, format);
    extents->chunk_bits = extents->image->block_bits + (format & EROFS_CHUNK_BITS_MASK);
    extents->index_size =
        format & EROFS_CHUNK_INDEXES ? EROFS_CHUNK_INDEX_SIZE : EROFS_BLOCK_MAP_SIZE;
    uint64_t start = node->position + node->inode_size + node->xattr_size;
    start = (start + extents->index_size - 1) / extents->index_size * extents->index_size;
    uint64_t count = (node->size >> extents->chunk_bits) +
                     ((node->size & ((UINT64_C(1) << extents->chunk_bits) - 1)) != 0);
    if (count > WCL_EROFS_MAX_CHUNKS)
        return wcl_erofs_corrupt(extents->nid, "has more chunks than are read here", error);
    extents->chunks = wcl_erofs_take(extents->image, start, count * extents->index_size);
    if (!extents->chunks)
        return wcl_erofs_corrupt(extents->nid, "has its chunks outside", error);
    find_map(extents, count);
    return WCL_OK;
}

wcl_status wcl_erofs_extents_open(const wcl_erofs_image *image, wcl_nid nid,
                                  wcl_erofs_extents *extents, wcl_error *error)
{
    wcl_erofs_node node;
    wcl_erofs_flat flat;

    memset(extents, 0, sizeof(*extents));
    if (wcl_erofs_node_read(image, nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (!S_ISREG(node.inode.mode))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "inode %llu is not a regular file",
                        (unsigned long long)nid);
    extents->image = image;
    extents->nid = nid;
    extents->size = node.size;
    if (node.layout == EROFS_LAYOUT_CHUNKS)
        return open_chunks(&node, extents, error);
    if (wcl_erofs_flat_find(image, nid, &node, &flat, error) != WCL_OK)
        return WCL_FAILED;
    extents->raw = flat.raw;
    extents->raw_size = flat.raw_size;
    extents->tail = flat.tail;
    return WCL_OK;
}

/* The chunk that starts at an offset of the file. */
static void chunk_at(const wcl_erofs_extents *extents, uint64_t offset, wcl_extent *extent)
{
    const wcl_erofs_image *image = extents->image;
    const uint8_t *index = extents->chunks + (offset >> extents->chunk_bits) * extents->index_size;
    uint64_t left = extents->size - offset;
    bool wide = extents->index_size == EROFS_CHUNK_INDEX_SIZE;
    uint32_t block = wcl_load_le32(index + (wide ? EROFS_CHUNK_BLOCK : 0));

    extent->offset = offset;
    extent->length = left >> extents->chunk_bits ? UINT64_C(1) << extents->chunk_bits : left;
    extent->device = WCL_DEVICE_HOLE;
    extent->address = 0;
    if (block == EROFS_NULL_BLOCK)
        return;
    extent->device =
        wide ? wcl_load_le16(index + EROFS_CHUNK_DEVICE) & image->device_mask : WCL_DEVICE_IMAGE;
    extent->address = (uint64_t)block << image->block_bits;
}

static wcl_status check_extent(const wcl_erofs_extents *extents, const wcl_extent *extent,
                               wcl_error *error)
{
    const wcl_erofs_image *image = extents->image;
    uint64_t size = image->size;
    char tag[65];

    if (extent->device == WCL_DEVICE_HOLE)
        return WCL_OK;
    if (extent->device != WCL_DEVICE_IMAGE &&
        wcl_erofs_image_device(image, extent->device, &size, tag, error) != WCL_OK)
        return wcl_erofs_corrupt(extents->nid, "has data in a device that is not there", error);
    if (!size)
        return WCL_OK; /* as mkfs.erofs 1.5 leaves it */
    if (extent->length > size || extent->address > size - extent->length)
        return wcl_erofs_corrupt(extents->nid, "has data past the end of a device", error);
    return WCL_OK;
}

static bool continues(const wcl_extent *extent, const wcl_extent *next)
{
    return next->device == extent->device &&
           (extent->device == WCL_DEVICE_HOLE || next->address == extent->address + extent->length);
}

static void next_flat(wcl_erofs_extents *extents, wcl_extent *extent)
{
    bool tail = extents->offset >= extents->raw_size;

    extent->offset = extents->offset;
    extent->length = (tail ? extents->size : extents->raw_size) - extents->offset;
    extent->device = WCL_DEVICE_IMAGE;
    extent->address = tail ? extents->tail : extents->raw;
    extents->offset += extent->length;
}

static wcl_status next_of_map(wcl_erofs_extents *extents, wcl_extent *extent, wcl_error *error)
{
    const wcl_erofs_image *image = extents->image;

    if (!extents->map_left)
        return wcl_erofs_corrupt(extents->nid, "has a map that ends before its data", error);
    extent->offset = extents->offset;
    extent->length = wcl_load_le64(extents->map + WCL_MAP_LENGTH);
    extent->device = wcl_load_le16(extents->map + WCL_MAP_DEVICE) & image->device_mask;
    extent->address = (uint64_t)wcl_load_le32(extents->map + WCL_MAP_BLOCK) * WCL_EROFS_BLOCK_SIZE;
    if (!extent->device) {
        extent->device = WCL_DEVICE_HOLE;
        extent->address = 0;
    }
    if (!extent->length || extent->length > extents->size - extent->offset)
        return wcl_erofs_corrupt(extents->nid, "has a map that does not fit its size", error);
    extents->map += WCL_MAP_ENTRY_SIZE;
    extents->map_left--;
    extents->offset += extent->length;
    return check_extent(extents, extent, error);
}

wcl_status wcl_erofs_extents_next(wcl_erofs_extents *extents, wcl_extent *extent, wcl_error *error)
{
    wcl_extent next;

    if (extents->offset == extents->size)
        return WCL_END;
    if (!extents->chunks) {
        next_flat(extents, extent);
        return WCL_OK;
    }
    if (extents->map)
        return next_of_map(extents, extent, error);
    chunk_at(extents, extents->offset, extent);
    while (extent->offset + extent->length < extents->size) {
        chunk_at(extents, extent->offset + extent->length, &next);
        if (!continues(extent, &next))
            break;
        extent->length += next.length;
    }
    extents->offset += extent->length;
    return check_extent(extents, extent, error);
}

/* ---- Bytes in the image --------------------------------------------------------------------- */

const uint8_t *wcl_erofs_bytes(const wcl_erofs_image *image, const wcl_extent *extent)
{
    return wcl_erofs_take(image, extent->address, extent->length);
}

wcl_status wcl_erofs_read_link(const wcl_erofs_image *image, wcl_nid nid, wcl_buffer *target,
                               wcl_error *error)
{
    wcl_erofs_node node;
    wcl_erofs_flat flat;

    if (wcl_erofs_node_read(image, nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    if (!S_ISLNK(node.inode.mode))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "inode %llu is not a symbolic link",
                        (unsigned long long)nid);
    if (wcl_erofs_flat_find(image, nid, &node, &flat, error) != WCL_OK)
        return WCL_FAILED;
    if (flat.raw_size && wcl_buffer_append(target, wcl_erofs_take(image, flat.raw, flat.raw_size),
                                           (size_t)flat.raw_size, error) != WCL_OK)
        return WCL_FAILED;
    if (!flat.tail_size)
        return WCL_OK;
    return wcl_buffer_append(target, wcl_erofs_take(image, flat.tail, flat.tail_size),
                             (size_t)flat.tail_size, error);
}
