/* Reading an image: finding names, and images that are damaged or made to mislead. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "erofs/checksum.h"
#include "erofs/disk.h"
#include "support.h"

static void open_tree(wcl_erofs_tree *tree, wcl_buffer *bytes, wcl_erofs_image **image)
{
    wcl_error error = WCL_ERROR_INIT;

    write_tree(tree, &ample_devices, bytes);
    must(wcl_erofs_image_open(bytes->data, bytes->size, image, &error), &error);
}

static wcl_erofs_tree *new_tree(void)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree;

    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    return tree;
}

/* ---- Finding -------------------------------------------------------------------------------- */

static void names_are_found_in_folders_of_every_size(void **state)
{
    static const unsigned sizes[] = { 0, 1, 2, 20, 30, 31, 100, 5000 };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_erofs_entry entry;
    char name[32];

    (void)state;
    for (size_t s = 0; s < sizeof(sizes) / sizeof(sizes[0]); s++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_erofs_tree *tree = new_tree();
        wcl_erofs_image *image;
        for (unsigned i = 0; i < sizes[s]; i++) {
            snprintf(name, sizeof(name), "%cname%u", '!' + i % 80 == '/' ? 'x' : '!' + i % 80, i);
            add_at(tree, name, S_IFREG);
        }
        open_tree(tree, &bytes, &image);
        for (wcl_entry_id e = WCL_NO_ENTRY; (e = wcl_tree_walk(tree, e, false)) != WCL_NO_ENTRY;) {
            size_t length;
            const char *wanted = wcl_tree_entry_name(tree, e, &length);
            must(wcl_erofs_lookup(image, wcl_erofs_root(image), wanted, length, WCL_NAMES_EXACT,
                                  &entry, &error),
                 &error);
            assert_int_equal(entry.length, length);
            assert_memory_equal(entry.name, wanted, length);
            snprintf(name, sizeof(name), "%.*s-", (int)length, wanted);
            assert_int_equal(wcl_erofs_lookup(image, wcl_erofs_root(image), name, length + 1,
                                              WCL_NAMES_EXACT, &entry, &error),
                             WCL_FAILED);
            assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
        }
        wcl_erofs_image_free(image);
        wcl_tree_free(tree);
    }
}

static void paths_are_found_with_and_without_case(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree = new_tree();
    wcl_erofs_image *image;
    wcl_nid nid, other;
    wcl_erofs_inode inode;

    (void)state;
    add_at(tree,
           "Files/Windows/\xc3\x89"
           "clair",
           S_IFREG | 0644);
    add_at(tree, "files", S_IFREG | 0600);
    open_tree(tree, &bytes, &image);
    must(wcl_erofs_find(image,
                        "Files/Windows/\xc3\x89"
                        "clair",
                        WCL_NAMES_EXACT, &nid, &error),
         &error);
    must(wcl_erofs_find(image,
                        "Files/WINDOWS/\xc3\xa9"
                        "CLAIR",
                        WCL_NAMES_CASELESS, &other, &error),
         &error);
    assert_int_equal(nid, other);
    must(wcl_erofs_node_inode(image, nid, &inode, &error), &error);
    assert_int_equal(inode.mode, S_IFREG | 0644);
    must(wcl_erofs_find(image, "files", WCL_NAMES_CASELESS, &nid, &error), &error);
    must(wcl_erofs_node_inode(image, nid, &inode, &error), &error);
    assert_int_equal(inode.mode, S_IFREG | 0600);
    must(wcl_erofs_find(image, "", WCL_NAMES_EXACT, &nid, &error), &error);
    assert_int_equal(nid, wcl_erofs_root(image));
    assert_int_equal(wcl_erofs_find(image, "Files/x", WCL_NAMES_EXACT, &nid, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_FILE_NOT_FOUND);
    assert_int_equal(wcl_erofs_find(image, "Files/x/y", WCL_NAMES_EXACT, &nid, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PATH_NOT_FOUND);
    assert_int_equal(wcl_erofs_find(image, "files/y", WCL_NAMES_EXACT, &nid, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_PATH_NOT_FOUND);
    assert_int_equal(wcl_erofs_find(image, "Files/..", WCL_NAMES_EXACT, &nid, &error), WCL_FAILED);
    wcl_erofs_image_free(image);
    wcl_tree_free(tree);
}

/* ---- Damage --------------------------------------------------------------------------------- */

/* Reads all there is, as far as it goes; the sanitizers say whether that was harmless. */
static wcl_status read_all(const uint8_t *bytes, size_t size)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_image *image;
    wcl_erofs_tree *tree;

    if (wcl_erofs_image_open(bytes, size, &image, &error) != WCL_OK)
        return WCL_FAILED;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    wcl_status status = wcl_erofs_load(image, tree, 0, &error);
    if (status == WCL_OK) {
        wcl_buffer again = WCL_BUFFER_INIT;
        write_tree(tree, &ample_devices, &again);
        wcl_buffer_free(&again);
    } else {
        assert_true(error.code == WCL_CODE_CORRUPT || error.code == WCL_CODE_NOT_SUPPORTED ||
                    error.code == WCL_CODE_INVALID_PARAMETER ||
                    error.code == WCL_CODE_FILE_TOO_LARGE || error.code == WCL_CODE_NAME_TOO_LONG);
    }
    wcl_tree_free(tree);
    wcl_erofs_image_free(image);
    return status;
}

static void sign_again(uint8_t *bytes)
{
    uint8_t *super = bytes + EROFS_SUPER_OFFSET;

    wcl_store_le32(super + EROFS_SB_CHECKSUM, 0);
    wcl_store_le32(super + EROFS_SB_CHECKSUM, wcl_erofs_checksum(UINT32_MAX, super, 512));
}

/* One of everything in a few blocks. */
static void small_image(wcl_buffer *bytes)
{
    static const wcl_extent extents[] = { { 512, 512, 1, 1024 }, { 2048, 100, 2, 0 } };
    const wcl_xattr shared = { "trusted.wcl.sd", "descriptor", 10 };
    const wcl_xattr own = { "trusted.wcl.basic", "times and attributes", 20 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree = new_tree();
    char path[48];

    for (int i = 0; i < 30; i++) {
        snprintf(path, sizeof(path), "folder/a longer name %d", i);
        add_at(tree, path, i % 2 ? S_IFIFO : S_IFCHR);
    }
    must(wcl_tree_set_data(tree, add_at(tree, "data", S_IFREG), 1, 512, 3000, &error), &error);
    wcl_node sparse = add_at(tree, "sparse", S_IFREG);
    must(wcl_tree_set_extents(tree, sparse, 2148, extents, 2, &error), &error);
    must(wcl_tree_set_xattrs(tree, sparse, &shared, 1, &own, 1, &error), &error);
    must(wcl_tree_set_bytes(tree, add_at(tree, "link", S_IFLNK), "target", 6, &error), &error);
    must(wcl_tree_set_bytes(tree, add_at(tree, "bytes", S_IFREG), path, 20, &error), &error);
    link_at(tree, "folder/hard", sparse);
    write_tree(tree, &ample_devices, bytes);
    wcl_tree_free(tree);
}

/* Exact-sized copies, so that reading past the end shows. */
static wcl_status read_copy(const wcl_buffer *bytes, size_t size)
{
    uint8_t *copy = malloc(size ? size : 1);

    memcpy(copy, bytes->data, size);
    wcl_status status = read_all(copy, size);
    free(copy);
    return status;
}

static void flipped_bytes_are_detected_or_harmless(void **state)
{
    static const uint8_t masks[] = { 0xFF, 0x01, 0x80, 0x10 };
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    size_t refused = 0;

    (void)state;
    small_image(&bytes);
    assert_int_equal(read_copy(&bytes, bytes.size), WCL_OK);
    for (size_t i = EROFS_SUPER_OFFSET; i < bytes.size; i++) {
        uint8_t mask = masks[i % 4];
        bytes.data[i] ^= mask;
        if (i < EROFS_SUPER_OFFSET + 512) {
            /* All but the flag that says that there is a checksum are under it. */
            if (i != EROFS_SUPER_OFFSET + EROFS_SB_COMPAT)
                assert_int_equal(read_all(bytes.data, bytes.size), WCL_FAILED);
            sign_again(bytes.data);
        }
        refused += read_all(bytes.data, bytes.size) == WCL_FAILED;
        bytes.data[i] ^= mask;
        sign_again(bytes.data);
    }
    assert_true(refused > 100);
    assert_int_equal(read_copy(&bytes, bytes.size), WCL_OK);
}

static void images_cut_anywhere_are_refused(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;

    (void)state;
    small_image(&bytes);
    for (size_t size = 0; size + 512 <= bytes.size; size += size < 2000 ? 1 : 64)
        assert_int_equal(read_copy(&bytes, size), WCL_FAILED);
}

/* The dirent of the only entry of the only folder, "folder", in the image of one. */
static uint8_t *dirent_of(wcl_buffer *bytes, const char *name)
{
    for (size_t i = EROFS_SUPER_OFFSET; i + 64 < bytes->size; i += 4)
        if (wcl_load_le16(bytes->data + i + EROFS_DIRENT_NAME) == 3 * EROFS_DIRENT_SIZE)
            for (size_t j = 0; j < 3; j++) {
                uint8_t *dirent = bytes->data + i + j * EROFS_DIRENT_SIZE;
                size_t at = i + wcl_load_le16(dirent + EROFS_DIRENT_NAME);
                if (at + strlen(name) <= bytes->size &&
                    memcmp(bytes->data + at, name, strlen(name)) == 0)
                    return dirent;
            }
    fail_msg("no entry %s", name);
    return NULL;
}

static void folder_loops_are_corrupt(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree = new_tree(), *loaded = new_tree();
    wcl_erofs_image *image;

    (void)state;
    add_at(tree, "outer/inner", S_IFDIR | 0755);
    write_tree(tree, &ample_devices, &bytes);
    uint8_t *outer = dirent_of(&bytes, "outer"), *inner = dirent_of(&bytes, "inner");
    memcpy(inner, outer, 8);
    must(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), &error);
    assert_int_equal(wcl_erofs_load(image, loaded, 0, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CORRUPT);
    wcl_erofs_image_free(image);
    wcl_tree_free(loaded);
    wcl_tree_free(tree);
}

static void misleading_names_are_corrupt(void **state)
{
    static const char *const names[] = { "a/b", "a\0b", "..\0" };

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
        wcl_erofs_tree *tree = new_tree();
        add_at(tree, "abc", S_IFREG);
        write_tree(tree, &ample_devices, &bytes);
        uint8_t *dirent = dirent_of(&bytes, "abc");
        uint8_t *name = dirent - 2 * EROFS_DIRENT_SIZE + wcl_load_le16(dirent + EROFS_DIRENT_NAME);
        memcpy(name, names[i], 3);
        wcl_error error = WCL_ERROR_INIT;
        wcl_erofs_folder folder;
        wcl_erofs_entry entry;
        wcl_erofs_image *image;
        must(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), &error);
        must(wcl_erofs_folder_open(image, wcl_erofs_root(image), &folder, &error), &error);
        wcl_status status = wcl_erofs_folder_next(&folder, &entry, &error);
        /* A name that ends early at the block's end is a shorter name, if one at all. */
        if (i == 1)
            assert_int_equal(entry.length, 1);
        else
            assert_int_equal(status, WCL_FAILED);
        wcl_erofs_image_free(image);
        wcl_tree_free(tree);
    }
}

static void names_differing_in_case_do_not_load_caseless(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree = new_tree(), *caseless;
    wcl_erofs_image *image;

    (void)state;
    add_at(tree, "a", S_IFREG);
    add_at(tree, "A", S_IFREG);
    open_tree(tree, &bytes, &image);
    must(wcl_tree_new(WCL_NAMES_CASELESS, &caseless, &error), &error);
    assert_int_equal(wcl_erofs_load(image, caseless, 0, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_CORRUPT);
    wcl_tree_free(caseless);
    wcl_tree_free(tree);
    wcl_erofs_image_free(image);
}

static void other_formats_are_refused_by_name(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_image *image;

    (void)state;
    small_image(&bytes);
    uint8_t *super = bytes.data + EROFS_SUPER_OFFSET;
    super[EROFS_SB_INCOMPAT] |= 2; /* compression configurations */
    sign_again(bytes.data);
    assert_int_equal(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_NOT_SUPPORTED);
    super[0]++;
    assert_int_equal(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_DATA);
    assert_int_equal(wcl_erofs_image_open_file("/dev/null", &image, &error), WCL_FAILED);
    assert_int_equal(wcl_erofs_image_open_file("/nowhere/image", &image, &error), WCL_FAILED);
    assert_true(wcl_error_is_not_exist(&error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_are_found_in_folders_of_every_size),
        cmocka_unit_test(paths_are_found_with_and_without_case),
        cmocka_unit_test(flipped_bytes_are_detected_or_harmless),
        cmocka_unit_test(images_cut_anywhere_are_refused),
        cmocka_unit_test(folder_loops_are_corrupt),
        cmocka_unit_test(misleading_names_are_corrupt),
        cmocka_unit_test(names_differing_in_case_do_not_load_caseless),
        cmocka_unit_test(other_formats_are_refused_by_name),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
