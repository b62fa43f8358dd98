/* Any bytes as an index: all that is in it is read in every way there is, loaded into trees, and
 * what could be loaded is written again and must come back the same. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "erofs/checksum.h"
#include "erofs/disk.h"
#include "erofs/image.h"
#include "erofs/write.h"

#define MAX_IMAGE (256u * 1024)
#define MAX_VISITS 2000u

static wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    wcl_buffer *buffer = context;

    /* A few bytes can ask for an index of a file full of holes that fills the memory. */
    if (buffer->size > 16 * MAX_IMAGE)
        return WCL_FAILED;
    return wcl_buffer_append(buffer, data, size, error);
}

static void read_file(const wcl_erofs_image *image, wcl_nid nid)
{
    wcl_erofs_extents extents;
    wcl_erofs_xattrs xattrs;
    wcl_erofs_xattr xattr;
    wcl_buffer target = WCL_BUFFER_INIT;
    wcl_extent extent;
    uint64_t offset = 0, device_size;
    char tag[65];

    if (wcl_erofs_xattrs_open(image, nid, &xattrs, NULL) == WCL_OK)
        while (wcl_erofs_xattrs_next(&xattrs, &xattr, NULL) == WCL_OK)
            if (!strchr(xattr.name, '.') ||
                (xattr.size && !memchr(xattr.value, xattr.value[xattr.size - 1], xattr.size)))
                abort();
    wcl_erofs_read_link(image, nid, &target, NULL);
    wcl_buffer_free(&target);
    if (wcl_erofs_extents_open(image, nid, &extents, NULL) != WCL_OK)
        return;
    while (wcl_erofs_extents_next(&extents, &extent, NULL) == WCL_OK) {
        if (extent.offset != offset || !extent.length)
            abort();
        offset += extent.length;
        if (extent.device == WCL_DEVICE_IMAGE && !wcl_erofs_bytes(image, &extent))
            abort();
        if (extent.device != WCL_DEVICE_IMAGE && extent.device != WCL_DEVICE_HOLE &&
            wcl_erofs_image_device(image, extent.device, &device_size, tag, NULL) != WCL_OK)
            abort();
    }
}

/* Folders, depth first as far as the visits go. */
static void read_folders(const wcl_erofs_image *image)
{
    wcl_nid folders[MAX_VISITS] = { wcl_erofs_root(image) };
    unsigned count = 1, visits = 0;

    for (unsigned i = 0; i < count; i++) {
        wcl_erofs_folder folder;
        wcl_erofs_entry entry, found;
        if (wcl_erofs_folder_open(image, folders[i], &folder, NULL) != WCL_OK)
            continue;
        read_file(image, folders[i]);
        while (visits++ < MAX_VISITS && wcl_erofs_folder_next(&folder, &entry, NULL) == WCL_OK) {
            wcl_erofs_lookup(image, folders[i], entry.name, entry.length, WCL_NAMES_EXACT, &found,
                             NULL);
            if (visits % 16 == 0)
                wcl_erofs_lookup(image, folders[i], entry.name, entry.length, WCL_NAMES_CASELESS,
                                 &found, NULL);
            read_file(image, entry.nid);
            if (entry.type == S_IFDIR && count < MAX_VISITS)
                folders[count++] = entry.nid;
        }
    }
}

static wcl_status read_zeros(void *context, uint32_t device, uint64_t address, void *bytes,
                             size_t size, wcl_error *error)
{
    (void)context;
    (void)device;
    (void)address;
    (void)error;
    memset(bytes, 0, size);
    return WCL_OK;
}

static wcl_status write_tree(wcl_erofs_tree *tree, wcl_buffer *image)
{
    wcl_erofs_device devices[40];
    const wcl_erofs_options options = { .devices = devices,
                                        .device_count = 40,
                                        .read = read_zeros };

    for (size_t i = 0; i < 40; i++)
        devices[i] = (wcl_erofs_device) { WCL_EROFS_MAX_DEVICE_SIZE, NULL };
    return wcl_erofs_write(tree, &options, append, image, NULL, NULL);
}

static void load_and_write_again(const wcl_erofs_image *image, wcl_tree_names names)
{
    wcl_buffer first = WCL_BUFFER_INIT, second = WCL_BUFFER_INIT;
    wcl_erofs_tree *tree = NULL, *again = NULL;
    wcl_erofs_image *written = NULL;

    if (wcl_tree_new(names, &tree, NULL) != WCL_OK || wcl_tree_new(names, &again, NULL) != WCL_OK)
        abort();
    if (wcl_erofs_load(image, tree, 0, NULL) == WCL_OK && write_tree(tree, &first) == WCL_OK) {
        if (wcl_erofs_image_open(first.data, first.size, &written, NULL) != WCL_OK ||
            wcl_erofs_load(written, again, 0, NULL) != WCL_OK ||
            write_tree(again, &second) != WCL_OK || first.size != second.size ||
            memcmp(first.data, second.data, first.size) != 0)
            abort();
    }
    wcl_erofs_image_free(written);
    wcl_tree_free(again);
    wcl_tree_free(tree);
    wcl_buffer_free(&first);
    wcl_buffer_free(&second);
}

static void sign(uint8_t *bytes, size_t size)
{
    uint8_t *super = bytes + EROFS_SUPER_OFFSET;
    uint32_t bits = size > EROFS_SUPER_OFFSET + 12 ? super[EROFS_SB_BLOCK_BITS] : 0;
    uint32_t length = 1u << (bits & 15);

    if (length > EROFS_SUPER_OFFSET)
        length -= EROFS_SUPER_OFFSET;
    if (bits < 9 || bits > 15 || size < EROFS_SUPER_OFFSET + length)
        return;
    wcl_store_le32(super + EROFS_SB_CHECKSUM, 0);
    wcl_store_le32(super + EROFS_SB_CHECKSUM, wcl_erofs_checksum(UINT32_MAX, super, length));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    wcl_erofs_image *image;

    if (size > MAX_IMAGE)
        return 0;
    uint8_t *bytes = malloc(size ? size : 1);
    memcpy(bytes, data, size);
    sign(bytes, size);
    if (wcl_erofs_image_open(bytes, size, &image, NULL) == WCL_OK) {
        read_folders(image);
        load_and_write_again(image, WCL_NAMES_EXACT);
        load_and_write_again(image, WCL_NAMES_CASELESS);
        wcl_erofs_image_free(image);
    }
    free(bytes);
    return 0;
}
