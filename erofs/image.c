/* Opening an image, and its inodes. */
#include "erofs/image.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/error.h"
#include "erofs/checksum.h"
#include "erofs/image_private.h"

#define KNOWN_INCOMPAT                                                                             \
    (EROFS_INCOMPAT_ZERO_PADDING | EROFS_INCOMPAT_CHUNKED | EROFS_INCOMPAT_DEVICES)
#define MIN_BLOCK_BITS 9u
#define MAX_BLOCK_BITS 16u

const uint8_t *wcl_erofs_take(const wcl_erofs_image *image, uint64_t offset, uint64_t size)
{
    wcl_cursor cursor = wcl_cursor_over(image->data, image->size);

    wcl_cursor_seek(&cursor, offset);
    return wcl_cursor_take(&cursor, size);
}

wcl_status wcl_erofs_corrupt(wcl_nid nid, const char *what, wcl_error *error)
{
    return wcl_fail(error, WCL_CODE_CORRUPT, "inode %llu of the index %s; the index is damaged",
                    (unsigned long long)nid, what);
}

/* ---- The superblock ------------------------------------------------------------------------- */

static wcl_status check_checksum(const wcl_erofs_image *image, const uint8_t *super,
                                 wcl_error *error)
{
    uint32_t size = 1u << image->block_bits;
    uint32_t stored = wcl_load_le32(super + EROFS_SB_CHECKSUM);
    static const uint8_t none[4];

    if (size > EROFS_SUPER_OFFSET)
        size -= EROFS_SUPER_OFFSET;
    const uint8_t *bytes = wcl_erofs_take(image, EROFS_SUPER_OFFSET, size);
    if (!bytes)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the index ends in its superblock");
    uint32_t sum = wcl_erofs_checksum(UINT32_MAX, bytes, EROFS_SB_CHECKSUM);
    sum = wcl_erofs_checksum(sum, none, sizeof(none));
    sum = wcl_erofs_checksum(sum, bytes + EROFS_SB_COMPAT, size - EROFS_SB_COMPAT);
    if (sum != stored)
        return wcl_fail(error, WCL_CODE_CORRUPT,
                        "the index's superblock has checksum %08x instead of %08x", sum, stored);
    return WCL_OK;
}

static wcl_status find_devices(wcl_erofs_image *image, const uint8_t *super, wcl_error *error)
{
    uint64_t offset = (uint64_t)wcl_load_le16(super + EROFS_SB_DEVICE_SLOT) * EROFS_DEVICE_SIZE;

    image->device_count = wcl_load_le16(super + EROFS_SB_DEVICES);
    for (image->device_mask = 1; image->device_mask < image->device_count + 1;)
        image->device_mask *= 2;
    image->device_mask--;
    image->devices =
        wcl_erofs_take(image, offset, (uint64_t)image->device_count * EROFS_DEVICE_SIZE);
    if (!image->devices)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the index's table of %u devices is outside it",
                        image->device_count);
    return WCL_OK;
}

static wcl_status read_super(wcl_erofs_image *image, wcl_error *error)
{
    const uint8_t *super = wcl_erofs_take(image, EROFS_SUPER_OFFSET, EROFS_SUPER_SIZE);

    if (!super)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "%zu bytes are too few for an EROFS image",
                        image->size);
    if (wcl_load_le32(super + EROFS_SB_MAGIC) != EROFS_MAGIC)
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is not an EROFS image");
    image->block_bits = super[EROFS_SB_BLOCK_BITS];
    if (image->block_bits < MIN_BLOCK_BITS || image->block_bits > MAX_BLOCK_BITS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED, "EROFS blocks of 2^%u bytes are not read",
                        image->block_bits);
    if ((wcl_load_le32(super + EROFS_SB_COMPAT) & EROFS_COMPAT_CHECKSUM) &&
        check_checksum(image, super, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t incompat = wcl_load_le32(super + EROFS_SB_INCOMPAT);
    if ((incompat & ~KNOWN_INCOMPAT) || super[EROFS_SB_FOLDER_BLOCK_BITS])
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "the EROFS image is compressed or has other features (%x) that are not "
                        "read here",
                        incompat);
    image->root = wcl_load_le16(super + EROFS_SB_ROOT_NID);
    image->inode_count = wcl_load_le64(super + EROFS_SB_INODES);
    image->build_time.tv_sec = (time_t)wcl_load_le64(super + EROFS_SB_BUILD_TIME);
    image->build_time.tv_nsec = (long)wcl_load_le32(super + EROFS_SB_BUILD_NANOSECONDS);
    image->inodes = (uint64_t)wcl_load_le32(super + EROFS_SB_META_BLOCK) << image->block_bits;
    image->xattrs = (uint64_t)wcl_load_le32(super + EROFS_SB_XATTR_BLOCK) << image->block_bits;
    memcpy(image->uuid, super + EROFS_SB_UUID, sizeof(image->uuid));
    return incompat & EROFS_INCOMPAT_DEVICES ? find_devices(image, super, error) : WCL_OK;
}

static wcl_status check_root(const wcl_erofs_image *image, wcl_error *error)
{
    wcl_erofs_node root;

    if (wcl_erofs_node_read(image, image->root, &root, error) != WCL_OK)
        return WCL_FAILED;
    if (!S_ISDIR(root.inode.mode))
        return wcl_erofs_corrupt(image->root, "is the root but not a folder", error);
    return WCL_OK;
}

wcl_status wcl_erofs_image_open(const void *data, size_t size, wcl_erofs_image **image,
                                wcl_error *error)
{
    wcl_erofs_image *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->data = data;
    made->size = size;
    if (read_super(made, error) != WCL_OK || check_root(made, error) != WCL_OK) {
        free(made);
        return WCL_FAILED;
    }
    *image = made;
    return WCL_OK;
}

static wcl_status map_file(const char *path, void **data, size_t *size, wcl_error *error)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    struct stat st;

    if (fd < 0)
        return wcl_fail_errno(error, errno, "cannot open the index %s", path);
    if (fstat(fd, &st) == 0) {
        *size = (size_t)st.st_size;
        *data = *size ? mmap(NULL, *size, PROT_READ, MAP_PRIVATE, fd, 0) : NULL;
    } else {
        *data = MAP_FAILED;
    }
    int number = errno;
    close(fd);
    if (*data == MAP_FAILED)
        return wcl_fail_errno(error, number, "cannot map the index %s", path);
    if (!*data)
        return wcl_fail(error, WCL_CODE_TRUNCATED, "the index %s is empty", path);
    return WCL_OK;
}

wcl_status wcl_erofs_image_open_file(const char *path, wcl_erofs_image **image, wcl_error *error)
{
    size_t size = 0;
    void *data = NULL;

    if (map_file(path, &data, &size, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_erofs_image_open(data, size, image, error) != WCL_OK) {
        munmap(data, size);
        return wcl_error_context(error, NULL, path);
    }
    (*image)->mapped = true;
    return WCL_OK;
}

void wcl_erofs_image_free(wcl_erofs_image *image)
{
    if (!image)
        return;
    if (image->mapped)
        munmap((void *)(uintptr_t)image->data, image->size);
    free(image);
}

wcl_nid wcl_erofs_root(const wcl_erofs_image *image)
{
    return image->root;
}

uint64_t wcl_erofs_image_inode_count(const wcl_erofs_image *image)
{
    return image->inode_count;
}

uint32_t wcl_erofs_image_device_count(const wcl_erofs_image *image)
{
    return image->device_count;
}

wcl_status wcl_erofs_image_device(const wcl_erofs_image *image, uint32_t device, uint64_t *size,
                                  char tag[65], wcl_error *error)
{
    if (device == 0 || device > image->device_count)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "the index has %u devices, no device %u",
                        image->device_count, device);
    const uint8_t *slot = image->devices + (size_t)(device - 1) * EROFS_DEVICE_SIZE;
    *size = (uint64_t)wcl_load_le32(slot + EROFS_DEVICE_BLOCKS) << image->block_bits;
    memcpy(tag, slot + EROFS_DEVICE_TAG, EROFS_DEVICE_TAG_SIZE);
    tag[EROFS_DEVICE_TAG_SIZE] = 0;
    return WCL_OK;
}

void wcl_erofs_image_uuid(const wcl_erofs_image *image, uint8_t uuid[16])
{
    memcpy(uuid, image->uuid, sizeof(image->uuid));
}

/* ---- Inodes --------------------------------------------------------------------------------- */

static void read_compact(const wcl_erofs_image *image, const uint8_t *bytes, wcl_erofs_node *node)
{
    node->inode.links = wcl_load_le16(bytes + EROFS_COMPACT_LINKS);
    node->inode.uid = wcl_load_le16(bytes + EROFS_COMPACT_UID);
    node->inode.gid = wcl_load_le16(bytes + EROFS_COMPACT_GID);
    node->inode.modified = image->build_time;
    node->size = wcl_load_le32(bytes + EROFS_COMPACT_BYTES);
}

static void read_extended(const uint8_t *bytes, wcl_erofs_node *node)
{
    node->inode.links = wcl_load_le32(bytes + EROFS_EXTENDED_LINKS);
    node->inode.uid = wcl_load_le32(bytes + EROFS_EXTENDED_UID);
    node->inode.gid = wcl_load_le32(bytes + EROFS_EXTENDED_GID);
    node->inode.modified.tv_sec = (time_t)wcl_load_le64(bytes + EROFS_EXTENDED_MTIME);
    node->inode.modified.tv_nsec = (long)wcl_load_le32(bytes + EROFS_EXTENDED_NANOSECONDS);
    node->size = wcl_load_le64(bytes + EROFS_EXTENDED_BYTES);
}

static wcl_status check_node(wcl_nid nid, wcl_erofs_node *node, wcl_error *error)
{
    uint32_t mode = node->inode.mode;

    if (node->inode.modified.tv_nsec > 999999999)
        return wcl_erofs_corrupt(nid, "has a time of too many nanoseconds", error);
    if (node->size > INT64_MAX)
        return wcl_erofs_corrupt(nid, "is larger than a file can be", error);
    if (S_ISREG(mode) || S_ISLNK(mode)) {
        node->inode.size = node->size;
    } else if (S_ISCHR(mode) || S_ISBLK(mode)) {
        node->inode.device_major = node->data >> 8 & 0xFFF;
        node->inode.device_minor = (node->data & 0xFF) | (node->data >> 12 & 0xFFF00);
    } else if (!S_ISDIR(mode) && !S_ISFIFO(mode) && !S_ISSOCK(mode)) {
        return wcl_erofs_corrupt(nid, "is of no known type", error);
    }
    return WCL_OK;
}

wcl_status wcl_erofs_node_read(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_node *node,
                               wcl_error *error)
{
    memset(node, 0, sizeof(*node));
    if (__builtin_mul_overflow(nid, (uint64_t)EROFS_SLOT_SIZE, &node->position) ||
        __builtin_add_overflow(node->position, image->inodes, &node->position))
        return wcl_erofs_corrupt(nid, "is outside", error);
    const uint8_t *bytes = wcl_erofs_take(image, node->position, EROFS_COMPACT_SIZE);
    if (!bytes)
        return wcl_erofs_corrupt(nid, "is outside", error);
    uint32_t format = wcl_load_le16(bytes + EROFS_INODE_FORMAT);
    bool extended = format & EROFS_FORMAT_EXTENDED;
    node->inode_size = extended ? EROFS_EXTENDED_SIZE : EROFS_COMPACT_SIZE;
    bytes = wcl_erofs_take(image, node->position, node->inode_size);
    if (!bytes)
        return wcl_erofs_corrupt(nid, "is outside", error);
    node->layout = format >> EROFS_FORMAT_LAYOUT_SHIFT & EROFS_FORMAT_LAYOUT_MASK;
    if ((format & ~EROFS_FORMAT_ALL) ||
        (node->layout != EROFS_LAYOUT_PLAIN && node->layout != EROFS_LAYOUT_INLINE &&
         node->layout != EROFS_LAYOUT_CHUNKS))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "inode %llu is compressed or of a format (%x) that is not read here",
                        (unsigned long long)nid, format);
    uint32_t xattrs = wcl_load_le16(bytes + EROFS_INODE_XATTR_COUNT);
    node->xattr_size = xattrs ? EROFS_XATTR_HEADER_SIZE + (xattrs - 1) * 4 : 0;
    node->inode.mode = wcl_load_le16(bytes + EROFS_INODE_MODE);
    node->data = wcl_load_le32(bytes + EROFS_INODE_DATA);
    if (extended)
        read_extended(bytes, node);
    else
        read_compact(image, bytes, node);
    return check_node(nid, node, error);
}

wcl_status wcl_erofs_node_inode(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_inode *inode,
                                wcl_error *error)
{
    wcl_erofs_node node;

    if (wcl_erofs_node_read(image, nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    *inode = node.inode;
    return WCL_OK;
}

wcl_status wcl_erofs_flat_find(const wcl_erofs_image *image, wcl_nid nid,
                               const wcl_erofs_node *node, wcl_erofs_flat *flat, wcl_error *error)
{
    uint64_t block_size = UINT64_C(1) << image->block_bits;

    memset(flat, 0, sizeof(*flat));
    if (node->layout == EROFS_LAYOUT_CHUNKS)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "inode %llu is a folder or link in chunks, which is not read here",
                        (unsigned long long)nid);
    if (node->layout == EROFS_LAYOUT_INLINE && node->size) {
        flat->tail = node->position + node->inode_size + node->xattr_size;
        flat->tail_size = (node->size - 1) % block_size + 1;
        if (flat->tail % block_size + flat->tail_size > block_size ||
            !wcl_erofs_take(image, flat->tail, flat->tail_size))
            return wcl_erofs_corrupt(nid, "has its last block outside", error);
    }
    flat->raw = (uint64_t)node->data << image->block_bits;
    flat->raw_size = node->size - flat->tail_size;
    if (flat->raw_size && !wcl_erofs_take(image, flat->raw, flat->raw_size))
        return wcl_erofs_corrupt(nid, "has its data outside", error);
    return WCL_OK;
}
