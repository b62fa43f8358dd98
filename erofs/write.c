/* An image as a whole: superblock, device table, shared attributes, inodes, blocks, front to back.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/checksum.h"
#include "erofs/write_private.h"

#define DEVICE_TABLE_OFFSET (EROFS_SUPER_OFFSET + WCL_EROFS_BLOCK_SIZE)

/* ---- Superblock and devices ----------------------------------------------------------------- */

/* Where each part is, in blocks. */
typedef struct image_plan {
    uint64_t xattrs;
    uint64_t inodes;
    uint64_t raw;
    uint64_t end;
} image_plan;

static uint64_t blocks_of(uint64_t bytes)
{
    return bytes / WCL_EROFS_BLOCK_SIZE + (bytes % WCL_EROFS_BLOCK_SIZE != 0);
}

static wcl_status plan_image(const wcl_layout *layout, size_t device_count, image_plan *plan,
                             wcl_error *error)
{
    plan->xattrs = blocks_of(DEVICE_TABLE_OFFSET + (uint64_t)device_count * EROFS_DEVICE_SIZE);
    plan->inodes = plan->xattrs + blocks_of(layout->xattr_units * 4);
    plan->raw = plan->inodes + blocks_of(layout->slot_count * EROFS_SLOT_SIZE);
    plan->end = plan->raw + layout->raw_blocks;
    if (plan->end >= EROFS_NULL_BLOCK)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the index would be larger than 2 TiB");
    return WCL_OK;
}

static wcl_status put_superblock(const wcl_layout *layout, const wcl_erofs_options *options,
                                 const image_plan *plan, wcl_erofs_output *output, wcl_error *error)
{
    uint8_t block[WCL_EROFS_BLOCK_SIZE] = { 0 };
    size_t devices = options->device_count;

    wcl_store_le32(block + EROFS_SB_MAGIC, EROFS_MAGIC);
    wcl_store_le32(block + EROFS_SB_COMPAT, EROFS_COMPAT_CHECKSUM | EROFS_COMPAT_MTIME);
    block[EROFS_SB_BLOCK_BITS] = 9;
    wcl_store_le16(block + EROFS_SB_ROOT_NID, (uint16_t)layout->slots[WCL_TREE_ROOT]);
    wcl_store_le64(block + EROFS_SB_INODES, layout->inode_count);
    wcl_store_le64(block + EROFS_SB_BUILD_TIME, (uint64_t)layout->build_time.tv_sec);
    wcl_store_le32(block + EROFS_SB_BUILD_NANOSECONDS, (uint32_t)layout->build_time.tv_nsec);
    wcl_store_le32(block + EROFS_SB_BLOCKS, (uint32_t)plan->end);
    wcl_store_le32(block + EROFS_SB_META_BLOCK, (uint32_t)plan->inodes);
    wcl_store_le32(block + EROFS_SB_XATTR_BLOCK, (uint32_t)plan->xattrs);
    memcpy(block + EROFS_SB_UUID, options->uuid, sizeof(options->uuid));
    wcl_store_le32(block + EROFS_SB_INCOMPAT,
                   EROFS_INCOMPAT_CHUNKED | (devices ? EROFS_INCOMPAT_DEVICES : 0));
    wcl_store_le16(block + EROFS_SB_DEVICES, (uint16_t)devices);
    if (devices)
        wcl_store_le16(block + EROFS_SB_DEVICE_SLOT, DEVICE_TABLE_OFFSET / EROFS_DEVICE_SIZE);
    wcl_store_le32(block + EROFS_SB_CHECKSUM, wcl_erofs_checksum(UINT32_MAX, block, sizeof(block)));
    if (wcl_erofs_output_pad(output, EROFS_SUPER_OFFSET, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_erofs_output_put(output, block, sizeof(block), error);
}

static wcl_status put_devices(const wcl_erofs_options *options, wcl_erofs_output *output,
                              wcl_error *error)
{
    for (size_t i = 0; i < options->device_count; i++) {
        const wcl_erofs_device *device = &options->devices[i];
        uint8_t slot[EROFS_DEVICE_SIZE] = { 0 };
        if (device->tag)
            memcpy(slot, device->tag, strnlen(device->tag, EROFS_DEVICE_TAG_SIZE));
        else
            snprintf((char *)slot, EROFS_DEVICE_TAG_SIZE, "%zu", i + 1);
        wcl_store_le32(slot + EROFS_DEVICE_BLOCKS, (uint32_t)blocks_of(device->size));
        if (wcl_erofs_output_put(output, slot, sizeof(slot), error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

static wcl_status check_devices(const wcl_erofs_options *options, wcl_error *error)
{
    if (options->device_count > WCL_EROFS_MAX_DEVICES)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "%zu devices are more than the %d that an index can have",
                        options->device_count, WCL_EROFS_MAX_DEVICES);
    for (size_t i = 0; i < options->device_count; i++)
        if (options->devices[i].size > WCL_EROFS_MAX_DEVICE_SIZE)
            return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                            "device %zu has %llu bytes, more than the 2 TiB an index can address",
                            i + 1, (unsigned long long)options->devices[i].size);
    return WCL_OK;
}

/* ---- The image ------------------------------------------------------------------------------ */

static wcl_status put_image(const wcl_layout *layout, const wcl_erofs_options *options,
                            const image_plan *plan, wcl_erofs_output *output, wcl_error *error)
{
    wcl_erofs_inode_writer writer = { .layout = layout,
                                      .options = options,
                                      .output = output,
                                      .start = plan->inodes * WCL_EROFS_BLOCK_SIZE,
                                      .raw_block = plan->raw };

    if (put_superblock(layout, options, plan, output, error) != WCL_OK ||
        put_devices(options, output, error) != WCL_OK ||
        wcl_erofs_output_pad(output, plan->xattrs * WCL_EROFS_BLOCK_SIZE, error) != WCL_OK ||
        wcl_write_xattrs(layout, output, error) != WCL_OK ||
        wcl_erofs_output_pad(output, writer.start, error) != WCL_OK ||
        wcl_layout_visit(layout, wcl_write_inode, &writer, error) != WCL_OK ||
        wcl_erofs_output_pad(output, plan->raw * WCL_EROFS_BLOCK_SIZE, error) != WCL_OK ||
        wcl_layout_visit(layout, wcl_write_blocks, &writer, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_erofs_output_flush(output, error);
}

wcl_status wcl_erofs_write(wcl_erofs_tree *tree, const wcl_erofs_options *options,
                           wcl_write_fn write, void *context, uint64_t *size, wcl_error *error)
{
    wcl_layout layout = { .tree = tree };
    image_plan plan;

    if (check_devices(options, error) != WCL_OK)
        return WCL_FAILED;
    wcl_erofs_output *output = calloc(1, sizeof(*output));
    if (!output)
        return wcl_fail_memory(error);
    output->write = write;
    output->context = context;
    wcl_status status = wcl_layout_make(tree, options, &layout, error);
    if (status == WCL_OK)
        status = plan_image(&layout, options->device_count, &plan, error);
    if (status == WCL_OK)
        status = put_image(&layout, options, &plan, output, error);
    wcl_layout_free(&layout);
    free(output);
    if (status == WCL_OK && size)
        *size = plan.end * WCL_EROFS_BLOCK_SIZE;
    return status;
}
