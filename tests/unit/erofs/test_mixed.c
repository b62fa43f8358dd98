/* Files of so much hole that their chunks are large, and those that are mixed are copied. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "erofs/disk.h"
#include "support.h"

#define GIB (UINT64_C(1) << 30)
#define TIB (UINT64_C(1) << 40)

static const wcl_erofs_device devices[] = { { 64 << 20, NULL }, { 64 << 20, NULL } };

/* A device's bytes say where they are. */
static uint8_t byte_of(uint32_t device, uint64_t address)
{
    return (uint8_t)(1 + (address / 512 * 7 + address + device * 101) % 255);
}

static wcl_status read_bytes(void *context, uint32_t device, uint64_t address, void *bytes,
                             size_t size, wcl_error *error)
{
    uint32_t base = context ? *(const uint32_t *)context : 0;

    (void)error;
    for (size_t i = 0; i < size; i++)
        ((uint8_t *)bytes)[i] = byte_of(device - base, address + i);
    return WCL_OK;
}

static const wcl_erofs_options options = { .devices = devices,
                                           .device_count = 2,
                                           .read = read_bytes };

static wcl_erofs_tree *new_tree(void)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree;

    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    return tree;
}

/* What the chunk index alone, which is what the kernel reads, says that is at an offset. */
static uint8_t byte_by_chunks(const wcl_buffer *image, uint64_t size, uint64_t offset)
{
    uint64_t inodes =
        (uint64_t)wcl_load_le32(image->data + EROFS_SUPER_OFFSET + EROFS_SB_META_BLOCK) * 512;
    /* The only extended inode of that size. */
    for (const uint8_t *inode = image->data + inodes;; inode += EROFS_SLOT_SIZE) {
        assert_true(inode + EROFS_EXTENDED_SIZE <= image->data + image->size);
        if (wcl_load_le64(inode + EROFS_EXTENDED_BYTES) != size ||
            wcl_load_le16(inode + EROFS_INODE_FORMAT) !=
                (EROFS_FORMAT_EXTENDED | EROFS_LAYOUT_CHUNKS << EROFS_FORMAT_LAYOUT_SHIFT))
            continue;
        unsigned bits = 9 + (wcl_load_le32(inode + EROFS_INODE_DATA) & EROFS_CHUNK_BITS_MASK);
        uint64_t inside = offset & ((UINT64_C(1) << bits) - 1);
        const uint8_t *index =
            inode + EROFS_EXTENDED_SIZE + (offset >> bits) * EROFS_CHUNK_INDEX_SIZE;
        uint32_t block = wcl_load_le32(index + EROFS_CHUNK_BLOCK);
        uint16_t device = wcl_load_le16(index + EROFS_CHUNK_DEVICE);
        if (block == EROFS_NULL_BLOCK)
            return 0;
        uint64_t address = (uint64_t)block * 512 + inside;
        assert_true(device || address < image->size);
        return device ? byte_of(device, address) : image->data[address];
    }
}

static uint8_t byte_by_extents(const wcl_extent *extents, size_t count, uint64_t offset)
{
    for (size_t i = 0; i < count; i++)
        if (offset >= extents[i].offset && offset - extents[i].offset < extents[i].length)
            return byte_of(extents[i].device, extents[i].address + (offset - extents[i].offset));
    return 0;
}

static void assert_chunks(const wcl_buffer *image, uint64_t size, const wcl_extent *extents,
                          size_t count)
{
    for (size_t i = 0; i < count; i++) {
        for (int64_t step = -1; step<(int64_t)extents[i].length + 1; step += step> 1 &&
                                        step + 512 < (int64_t)extents[i].length
                                    ? 509
                                    : 1) {
            uint64_t offset = extents[i].offset + (uint64_t)step;
            if (offset < size)
                assert_int_equal(byte_by_chunks(image, size, offset),
                                 byte_by_extents(extents, count, offset));
        }
    }
    assert_int_equal(byte_by_chunks(image, size, size - 1),
                     byte_by_extents(extents, count, size - 1));
}

static void mixed_chunks_say_the_same(void **state)
{
    /* The first in one chunk, two side by side that are not one run, one of many chunks, one that
     * ends the file in the middle of a block. */
    static const wcl_extent extents[] = {
        { 4096, 4096, 1, 512 },           { 60 * GIB, 1536, 1, 8192 },
        { 60 * GIB + 1536, 512, 2, 512 }, { 70 * GIB + 512, 32 << 20, 2, 1024 },
        { 78 * GIB, 100, 1, 65536 },
    };
    const uint64_t sizes[] = { 78 * GIB + 100, TIB + TIB / 5 };
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (size_t s = 0; s < 2; s++) {
        WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
        WCL_CLEANUP_BUFFER wcl_buffer again = WCL_BUFFER_INIT;
        wcl_erofs_tree *tree = new_tree(), *loaded = new_tree(), *shifted = new_tree();
        wcl_erofs_image *image;
        wcl_node file = add_at(tree, "folder/lastlog", S_IFREG | 0644);
        add_at(tree, "folder/zz", S_IFIFO | 0644);
        /* The 100 bytes are a block where they are not at the end. */
        wcl_extent given[5];
        memcpy(given, extents, sizeof(given));
        given[4].length = s ? 512 : 100;
        must(wcl_tree_set_extents(tree, file, sizes[s], given, 5, &error), &error);
        write_tree(tree, &options, &bytes);
        assert_true(bytes.size < 32 << 20);
        assert_chunks(&bytes, sizes[s], given, 5);
        must(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), &error);
        must(wcl_erofs_load(image, loaded, 0, &error), &error);
        must(wcl_erofs_load(image, shifted, 3, &error), &error);
        assert_same_trees(tree, loaded, 0);
        assert_same_trees(tree, shifted, 3);
        write_tree(loaded, &options, &again);
        assert_int_equal(again.size, bytes.size);
        assert_memory_equal(again.data, bytes.data, bytes.size);
        wcl_erofs_image_free(image);
        wcl_tree_free(tree);
        wcl_tree_free(loaded);
        wcl_tree_free(shifted);
    }
}

static void copies_have_a_limit(void **state)
{
    static const wcl_extent small = { 512, 512, 1, 0 };
    wcl_erofs_tree *tree = new_tree();
    wcl_error error = WCL_ERROR_INIT;
    wcl_extent *many = calloc(1000, sizeof(*many));
    wcl_node file = add_at(tree, "file", S_IFREG);
    unsigned taken = 0;

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        many[i] = (wcl_extent) { (UINT64_C(1) << 50) * i + 512, 512, 1, i * 512 };
    assert_int_equal(wcl_tree_set_extents(tree, file, UINT64_C(1) << 60, many, 1000, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    /* One piece in so much hole that the chunk with it alone is over the limit; and just not. */
    assert_int_equal(wcl_tree_set_extents(tree, file, UINT64_C(1) << 51, &small, 1, &error),
                     WCL_FAILED);
    must(wcl_tree_set_extents(tree, file, UINT64_C(1) << 50, &small, 1, &error), &error);
    /* And not for any number of files. */
    while (taken < 100 &&
           wcl_tree_set_extents(tree, file, UINT64_C(1) << 49, &small, 1, &error) == WCL_OK)
        taken++;
    assert_in_range(taken, 2, 20);
    assert_int_equal(error.code, WCL_CODE_FILE_TOO_LARGE);
    free(many);
    wcl_tree_free(tree);
}

static void devices_that_cannot_be_read_are_said(void **state)
{
    static const wcl_extent small = { 512, 512, 1, 0 };
    const wcl_erofs_options blind = { .devices = devices, .device_count = 2 };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_erofs_tree *tree = new_tree();
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    must(wcl_tree_set_extents(tree, add_at(tree, "f", S_IFREG), TIB, &small, 1, &error), &error);
    assert_int_equal(try_write_tree(tree, &blind, &bytes, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    wcl_tree_free(tree);
}

static uint8_t *find_map(const wcl_buffer *bytes)
{
    return memmem(bytes->data, bytes->size, WCL_MAP_MAGIC, WCL_MAP_MAGIC_SIZE);
}

/* Whether the image's only file can be loaded. */
static wcl_status load(const wcl_buffer *bytes, wcl_error *error)
{
    wcl_erofs_tree *tree = new_tree();
    wcl_erofs_image *image;

    must(wcl_erofs_image_open(bytes->data, bytes->size, &image, error), error);
    wcl_status status = wcl_erofs_load(image, tree, 0, error);
    wcl_erofs_image_free(image);
    wcl_tree_free(tree);
    return status;
}

static void maps_that_do_not_fit_are_refused(void **state)
{
    static const wcl_extent extents[] = { { 512, 512, 1, 0 }, { 40 * GIB, 512, 2, 0 } };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_erofs_tree *tree = new_tree();
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    must(wcl_tree_set_extents(tree, add_at(tree, "f", S_IFREG), 78 * GIB, extents, 2, &error),
         &error);
    write_tree(tree, &options, &bytes);
    wcl_tree_free(tree);
    must(load(&bytes, &error), &error);
    uint8_t *trailer = find_map(&bytes);
    assert_non_null(trailer);
    uint8_t *entries = trailer + WCL_MAP_TRAILER_SIZE - 512;
    const struct {
        uint8_t *at;
        uint32_t value;
    } damages[] = {
        { trailer + WCL_MAP_COUNT, 4 },     /* ends early */
        { trailer + WCL_MAP_COUNT, 0 },     /* is empty */
        { trailer + WCL_MAP_COUNT, 70000 }, /* begins before its place, or the image */
        { trailer + WCL_MAP_COUNT, UINT32_MAX },
        { trailer + WCL_MAP_INODE, 0 }, /* another file's */
        { entries + WCL_MAP_LENGTH, 0 },
        { entries + WCL_MAP_LENGTH + 4, UINT32_MAX },
        { entries + 16 + WCL_MAP_DEVICE, 3 }, /* no such device */
        { entries + 16 + WCL_MAP_BLOCK, UINT32_MAX },
    };
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        uint32_t before = wcl_load_le32(damages[i].at);
        wcl_store_le32(damages[i].at, damages[i].value);
        assert_int_equal(load(&bytes, &error), WCL_FAILED);
        wcl_store_le32(damages[i].at, before);
    }
    must(load(&bytes, &error), &error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(mixed_chunks_say_the_same),
        cmocka_unit_test(copies_have_a_limit),
        cmocka_unit_test(devices_that_cannot_be_read_are_said),
        cmocka_unit_test(maps_that_do_not_fit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
