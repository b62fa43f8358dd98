/* A tree that was written, loaded and written again is the same tree and the same image. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

static wcl_erofs_tree *load(const wcl_buffer *bytes, wcl_tree_names names, uint32_t device_base)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_image *image;
    wcl_erofs_tree *tree;

    must(wcl_erofs_image_open(bytes->data, bytes->size, &image, &error), &error);
    must(wcl_tree_new(names, &tree, &error), &error);
    must(wcl_erofs_load(image, tree, device_base, &error), &error);
    wcl_erofs_image_free(image);
    return tree;
}

static void trees_of_all_kinds_come_back_equal(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer first = WCL_BUFFER_INIT, second = WCL_BUFFER_INIT;

    (void)state;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        chance c = { seed };
        wcl_error error = WCL_ERROR_INIT;
        wcl_erofs_tree *tree;
        must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
        fill_tree(tree, &c, seed % 6 ? seed * 5 : 3000);
        write_tree(tree, &ample_devices, &first);
        wcl_erofs_tree *loaded = load(&first, WCL_NAMES_EXACT, 0);
        assert_same_trees(tree, loaded, 0);
        write_tree(loaded, &ample_devices, &second);
        assert_int_equal(first.size, second.size);
        assert_memory_equal(first.data, second.data, first.size);
        wcl_tree_free(loaded);
        wcl_tree_free(tree);
    }
}

static void caseless_trees_come_back_equal(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    chance c = { 9 };
    wcl_erofs_tree *tree;

    (void)state;
    must(wcl_tree_new(WCL_NAMES_CASELESS, &tree, &error), &error);
    fill_tree(tree, &c, 2000);
    write_tree(tree, &ample_devices, &bytes);
    wcl_erofs_tree *loaded = load(&bytes, WCL_NAMES_CASELESS, 0);
    assert_same_trees(tree, loaded, 0);
    wcl_tree_free(loaded);
    wcl_tree_free(tree);
}

static void devices_are_renumbered_when_loaded(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    chance c = { 4 };
    wcl_erofs_tree *tree;

    (void)state;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    fill_tree(tree, &c, 500);
    write_tree(tree, &ample_devices, &bytes);
    wcl_erofs_tree *loaded = load(&bytes, WCL_NAMES_EXACT, 100);
    assert_same_trees(tree, loaded, 100);
    wcl_tree_free(loaded);
    wcl_tree_free(tree);
}

/* Inode by inode, as a chain is merged, gives the same as all at once. */
static void inodes_are_loaded_one_by_one(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree, *copy;
    wcl_erofs_folder folder;
    wcl_erofs_entry entry;
    wcl_erofs_loader *loader;
    wcl_erofs_image *image;
    wcl_status status;
    chance c = { 8 };
    wcl_node node;

    (void)state;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    must(wcl_tree_new(WCL_NAMES_EXACT, &copy, &error), &error);
    fill_tree(tree, &c, 600);
    for (wcl_entry_id e = WCL_NO_ENTRY; (e = wcl_tree_walk(tree, e, true)) != WCL_NO_ENTRY;) {
        wcl_erofs_inode inode;
        wcl_tree_clear(tree, wcl_tree_entry_node(tree, e));
        wcl_tree_get_inode(tree, wcl_tree_entry_node(tree, e), &inode);
        if (inode.links > 1 && !S_ISDIR(inode.mode))
            wcl_tree_unlink(tree, e);
    }
    write_tree(tree, &ample_devices, &bytes);
    must(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), &error);
    must(wcl_erofs_loader_new(image, copy, 3, &loader, &error), &error);
    must(wcl_erofs_folder_open(image, wcl_erofs_root(image), &folder, &error), &error);
    while ((status = wcl_erofs_folder_next(&folder, &entry, &error)) == WCL_OK) {
        if (wcl_tree_node_count(copy) % 5 == 0)
            must(wcl_erofs_load_node(image, entry.nid, copy, 3, &node, &error), &error);
        else
            must(wcl_erofs_loader_node(loader, entry.nid, &node, &error), &error);
        must(wcl_tree_link(copy, WCL_TREE_ROOT, entry.name, entry.length, node, NULL, &error),
             &error);
    }
    assert_int_equal(status, WCL_END);
    assert_same_trees(tree, copy, 3);
    wcl_erofs_loader_free(loader);
    wcl_erofs_image_free(image);
    wcl_tree_free(copy);
    wcl_tree_free(tree);
}

/* The bytes are those of the tree, not of the way it was made. */
static void order_of_making_does_not_show(void **state)
{
    wcl_buffer images[2] = { WCL_BUFFER_INIT, WCL_BUFFER_INIT };
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (int turn = 0; turn < 2; turn++) {
        wcl_erofs_tree *tree;
        must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
        for (int i = 0; i < 1000; i++) {
            int number = turn ? 999 - i : i;
            uint8_t value = (uint8_t)(number % 9);
            const wcl_xattr xattr = { number % 2 ? "user.a" : "user.b", &value, 1 };
            char path[64];
            snprintf(path, sizeof(path), "%d/file%d", number % 7, number);
            wcl_node node = add_at(tree, path, S_IFREG | 0644);
            must(wcl_tree_set_xattrs(tree, node, &xattr, 1, NULL, 0, &error), &error);
            must(wcl_tree_set_data(tree, node, 1, 512u * (unsigned)number, 100, &error), &error);
        }
        if (turn) {
            add_at(tree, "3/extra", S_IFDIR | 0755);
            add_at(tree, "3/extra/more", S_IFREG | 0644);
            wcl_tree_unlink(tree, wcl_tree_find_entry(tree, "3/extra"));
        }
        write_tree(tree, &ample_devices, &images[turn]);
        wcl_tree_free(tree);
    }
    assert_int_equal(images[0].size, images[1].size);
    assert_memory_equal(images[0].data, images[1].data, images[0].size);
    wcl_buffer_free(&images[0]);
    wcl_buffer_free(&images[1]);
}

static void super_block_says_what_is_in_the_image(void **state)
{
    WCL_CLEANUP_BUFFER wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_error error = WCL_ERROR_INIT;
    uint8_t uuid[16];
    wcl_erofs_image *image;
    wcl_erofs_tree *tree;
    uint64_t size;
    char tag[65];

    (void)state;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    wcl_node file = add_at(tree, "a/b", S_IFREG | 0644);
    link_at(tree, "a/c", file);
    write_tree(tree, &ample_devices, &bytes);
    must(wcl_erofs_image_open(bytes.data, bytes.size, &image, &error), &error);
    assert_int_equal(wcl_erofs_image_inode_count(image), 3);
    assert_int_equal(wcl_erofs_image_device_count(image), 3);
    must(wcl_erofs_image_device(image, 1, &size, tag, &error), &error);
    assert_string_equal(tag, "first");
    assert_int_equal(size, WCL_EROFS_MAX_DEVICE_SIZE);
    must(wcl_erofs_image_device(image, 2, &size, tag, &error), &error);
    assert_string_equal(tag, "2");
    assert_int_equal(wcl_erofs_image_device(image, 4, &size, tag, &error), WCL_FAILED);
    wcl_erofs_image_uuid(image, uuid);
    assert_memory_equal(uuid, ample_devices.uuid, sizeof(uuid));
    wcl_erofs_image_free(image);
    wcl_tree_free(tree);
}

static void data_outside_its_device_is_refused(void **state)
{
    const wcl_erofs_device device = { 1000, NULL };
    const wcl_erofs_options options = { .devices = &device, .device_count = 1 };
    wcl_error error = WCL_ERROR_INIT;
    wcl_buffer bytes = WCL_BUFFER_INIT;
    wcl_erofs_tree *tree;

    (void)state;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    wcl_node file = add_at(tree, "file", S_IFREG | 0644);
    must(wcl_tree_set_data(tree, file, 1, 512, 488, &error), &error);
    write_tree(tree, &options, &bytes);
    must(wcl_tree_set_data(tree, file, 1, 512, 489, &error), &error);
    assert_int_equal(wcl_erofs_write(tree, &options, NULL, NULL, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    must(wcl_tree_set_data(tree, file, 2, 0, 10, &error), &error);
    assert_int_equal(wcl_erofs_write(tree, &options, NULL, NULL, NULL, &error), WCL_FAILED);
    assert_int_equal(error.code, WCL_CODE_INVALID_PARAMETER);
    wcl_buffer_free(&bytes);
    wcl_tree_free(tree);
}

static wcl_status refuse(void *context, const void *data, size_t size, wcl_error *error)
{
    (void)data;
    (void)size;
    if (--*(int *)context > 0)
        return WCL_OK;
    error->code = WCL_CODE_DISK_FULL;
    return WCL_FAILED;
}

static void failing_to_write_is_passed_on(void **state)
{
    wcl_error error = WCL_ERROR_INIT;
    chance c = { 2 };
    wcl_erofs_tree *tree;

    (void)state;
    must(wcl_tree_new(WCL_NAMES_EXACT, &tree, &error), &error);
    fill_tree(tree, &c, 2000);
    for (int calls = 1; calls < 4; calls++) {
        int left = calls;
        error.code = 0;
        assert_int_equal(wcl_erofs_write(tree, &ample_devices, refuse, &left, NULL, &error),
                         WCL_FAILED);
        assert_int_equal(error.code, WCL_CODE_DISK_FULL);
        assert_int_equal(left, 0);
    }
    wcl_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(trees_of_all_kinds_come_back_equal),
        cmocka_unit_test(caseless_trees_come_back_equal),
        cmocka_unit_test(devices_are_renumbered_when_loaded),
        cmocka_unit_test(inodes_are_loaded_one_by_one),
        cmocka_unit_test(order_of_making_does_not_show),
        cmocka_unit_test(super_block_says_what_is_in_the_image),
        cmocka_unit_test(data_outside_its_device_is_refused),
        cmocka_unit_test(failing_to_write_is_passed_on),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
