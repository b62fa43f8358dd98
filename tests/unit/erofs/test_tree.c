/* How a tree finds, links, replaces and removes names, and what it refuses. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "support.h"

static wcl_erofs_tree *new_tree(wcl_tree_names names)
{
    wcl_error error = WCL_ERROR_INIT;
    wcl_erofs_tree *tree;

    must(wcl_tree_new(names, &tree, &error), &error);
    return tree;
}

static uint32_t links_of(const wcl_erofs_tree *tree, wcl_node node)
{
    wcl_erofs_inode inode;

    wcl_tree_get_inode(tree, node, &inode);
    return inode.links;
}

static wcl_node lone_node(wcl_erofs_tree *tree, uint32_t mode)
{
    const wcl_erofs_inode inode = { .mode = mode };
    wcl_error error = WCL_ERROR_INIT;
    wcl_node node;

    must(wcl_tree_add_node(tree, &inode, &node, &error), &error);
    return node;
}

static void assert_link_fails(wcl_erofs_tree *tree, wcl_node folder, const char *name,
                              wcl_node node, uint32_t code)
{
    wcl_error error = WCL_ERROR_INIT;

    assert_int_equal(wcl_tree_link(tree, folder, name, strlen(name), node, NULL, &error),
                     WCL_FAILED);
    assert_int_equal(error.code, code);
}

/* All paths of a tree, each on a line. */
static void list(wcl_erofs_tree *tree, wcl_buffer *paths)
{
    wcl_buffer_clear(paths);
    for (wcl_entry_id e = WCL_NO_ENTRY; (e = wcl_tree_walk(tree, e, false)) != WCL_NO_ENTRY;) {
        must(wcl_tree_path(tree, e, paths, NULL), NULL);
        must(wcl_buffer_append_byte(paths, '\n', NULL), NULL);
    }
}

static void assert_paths(wcl_erofs_tree *tree, const char *wanted)
{
    WCL_CLEANUP_BUFFER wcl_buffer paths = WCL_BUFFER_INIT;

    list(tree, &paths);
    assert_string_equal(wcl_buffer_text(&paths), wanted);
}

static void walk_gives_a_folder_first_and_names_in_byte_order(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);

    (void)state;
    add_at(tree, "b", S_IFREG);
    add_at(tree, "a/z", S_IFREG);
    add_at(tree, "a/B", S_IFREG);
    add_at(tree, "a/\xff", S_IFREG);
    add_at(tree, "a.b", S_IFREG);
    add_at(tree, "a/!/deep", S_IFREG);
    assert_paths(tree, "a\na/!\na/!/deep\na/B\na/z\na/\xff\na.b\nb\n");
    wcl_entry_id a = wcl_tree_find_entry(tree, "a");
    wcl_entry_id after = wcl_tree_walk(tree, a, true);
    assert_string_equal(wcl_tree_entry_name(tree, after, NULL), "a.b");
    wcl_tree_free(tree);
}

static void large_folders_are_put_in_order(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    char name[32], last[32] = "";
    chance c = { 3 };
    unsigned count = 0;

    (void)state;
    for (int i = 0; i < 20000; i++) {
        snprintf(name, sizeof(name), "%x", chance_below(&c, 1u << 30));
        add_at(tree, name, S_IFREG);
        if (i % 3 == 0)
            wcl_tree_unlink(tree, wcl_tree_find_entry(tree, name));
        if (i % 5000 == 0)
            wcl_tree_first(tree, WCL_TREE_ROOT);
    }
    for (wcl_entry_id e = wcl_tree_first(tree, WCL_TREE_ROOT); e != WCL_NO_ENTRY;
         e = wcl_tree_next(tree, e), count++) {
        snprintf(name, sizeof(name), "%s", wcl_tree_entry_name(tree, e, NULL));
        assert_true(strcmp(last, name) < 0);
        snprintf(last, sizeof(last), "%s", name);
        assert_int_equal(wcl_tree_find_entry(tree, name), e);
    }
    assert_in_range(count, 13300, 13334);
    wcl_tree_free(tree);
}

static void exact_trees_tell_case_apart(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);

    (void)state;
    add_at(tree, "Name", S_IFREG);
    add_at(tree, "NAME", S_IFREG);
    assert_int_equal(wcl_tree_find(tree, "name"), WCL_NO_NODE);
    assert_paths(tree, "NAME\nName\n");
    wcl_tree_free(tree);
}

static void caseless_trees_hold_one_spelling_the_last(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_CASELESS);

    (void)state;
    wcl_node first = add_at(tree, "Files/Windows/\xc3\xa9t\xc3\xa9", S_IFREG);
    wcl_node second = add_at(tree, "files/WINDOWS/\xc3\x89T\xc3\xa9", S_IFREG);
    assert_paths(tree, "Files\nFiles/Windows\nFiles/Windows/\xc3\x89T\xc3\xa9\n");
    assert_int_equal(wcl_tree_find(tree, "FILES/windows/\xc3\xa9T\xc3\x89"), second);
    assert_int_equal(links_of(tree, first), 0);
    /* Letters past the first plane have no other case on NTFS. */
    add_at(tree, "\xf0\x90\x90\x80", S_IFREG);
    assert_int_equal(wcl_tree_find(tree, "\xf0\x90\x90\xa8"), WCL_NO_NODE);
    /* A lone surrogate is a name, other bytes are not. */
    add_at(tree, "\xed\xa0\x80", S_IFREG);
    assert_int_not_equal(wcl_tree_find(tree, "\xed\xa0\x80"), WCL_NO_NODE);
    assert_link_fails(tree, WCL_TREE_ROOT, "\xff", lone_node(tree, S_IFREG), WCL_CODE_INVALID_NAME);
    assert_int_equal(wcl_tree_find(tree, "\xff"), WCL_NO_NODE);
    wcl_tree_free(tree);
}

static void replacing_a_folder_removes_what_is_in_it(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);

    (void)state;
    add_at(tree, "a/b/c/d", S_IFREG);
    wcl_node linked = add_at(tree, "a/b/e", S_IFREG);
    link_at(tree, "kept", linked);
    assert_int_equal(links_of(tree, linked), 2);
    assert_int_equal(links_of(tree, wcl_tree_find(tree, "a")), 3);
    wcl_node file = add_at(tree, "a", S_IFREG);
    assert_paths(tree, "a\nkept\n");
    assert_int_equal(wcl_tree_find(tree, "a"), file);
    assert_int_equal(wcl_tree_find(tree, "a/b"), WCL_NO_NODE);
    assert_int_equal(links_of(tree, linked), 1);
    assert_int_equal(links_of(tree, WCL_TREE_ROOT), 2);
    wcl_tree_free(tree);
}

static void folders_in_the_way_of_a_path_replace_files(void **state)
{
    const wcl_xattr implicit = { "trusted.wcl.implicit", "1", 1 };
    const wcl_erofs_inode inode = { .mode = 0750, .uid = 9 };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_error error = WCL_ERROR_INIT;
    wcl_node folder;
    wcl_erofs_inode got;
    wcl_xattr xattr;

    (void)state;
    add_at(tree, "a", S_IFREG);
    must(wcl_tree_make_parents(tree, "a/b/c", &inode, &implicit, 1, &folder, &error), &error);
    assert_int_equal(wcl_tree_find(tree, "a/b"), folder);
    wcl_tree_get_inode(tree, wcl_tree_find(tree, "a"), &got);
    assert_int_equal(got.mode, S_IFDIR | 0750);
    assert_int_equal(got.uid, 9);
    assert_true(wcl_tree_find_xattr(tree, folder, "trusted.wcl.implicit", &xattr));
    must(wcl_tree_make_parents(tree, "top", &inode, NULL, 0, &folder, &error), &error);
    assert_int_equal(folder, WCL_TREE_ROOT);
    wcl_tree_free(tree);
}

static void removed_names_can_be_given_again(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);

    (void)state;
    for (int i = 0; i < 1000; i++) {
        add_at(tree, "a/b", S_IFREG);
        wcl_tree_unlink(tree, wcl_tree_find_entry(tree, i % 2 ? "a" : "a/b"));
        assert_int_equal(wcl_tree_find(tree, "a/b"), WCL_NO_NODE);
    }
    wcl_node node = add_at(tree, "a/b", S_IFREG);
    assert_int_equal(wcl_tree_find(tree, "a/b"), node);
    wcl_entry_id entry = wcl_tree_find_entry(tree, "a/b");
    wcl_tree_unlink(tree, entry);
    wcl_tree_unlink(tree, entry);
    assert_int_equal(wcl_tree_entry_node(tree, entry), WCL_NO_NODE);
    wcl_tree_clear(tree, WCL_TREE_ROOT);
    assert_paths(tree, "");
    assert_int_equal(links_of(tree, WCL_TREE_ROOT), 2);
    wcl_tree_free(tree);
}

static void entries_may_go_while_going_through(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    char path[32];
    int left = 0;

    (void)state;
    for (int i = 0; i < 300; i++) {
        snprintf(path, sizeof(path), "%d/%d/%d", i % 7, i % 5, i);
        add_at(tree, path, S_IFREG);
    }
    for (wcl_entry_id e = wcl_tree_walk(tree, WCL_NO_ENTRY, false); e != WCL_NO_ENTRY;) {
        bool remove = e % 2 == 0;
        if (remove)
            wcl_tree_unlink(tree, e);
        e = wcl_tree_walk(tree, e, remove);
    }
    for (wcl_entry_id e = WCL_NO_ENTRY; (e = wcl_tree_walk(tree, e, false)) != WCL_NO_ENTRY;) {
        assert_int_equal(e % 2, 1);
        left++;
    }
    assert_true(left > 0);
    wcl_tree_free(tree);
}

static void impossible_names_are_refused(void **state)
{
    static const char *const names[] = { "", ".", "..", "a/b", "/" };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = lone_node(tree, S_IFREG);
    wcl_error error = WCL_ERROR_INIT;
    char name[257];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_link_fails(tree, WCL_TREE_ROOT, names[i], file, WCL_CODE_INVALID_NAME);
    assert_int_equal(wcl_tree_link(tree, WCL_TREE_ROOT, "a\0b", 3, file, NULL, &error), WCL_FAILED);
    memset(name, 'x', 256);
    name[256] = 0;
    assert_link_fails(tree, WCL_TREE_ROOT, name, file, WCL_CODE_NAME_TOO_LONG);
    assert_link_fails(tree, file, "a", lone_node(tree, S_IFREG), WCL_CODE_DIRECTORY);
    name[255] = 0;
    must(wcl_tree_link(tree, WCL_TREE_ROOT, name, 255, file, NULL, &error), &error);
    wcl_tree_free(tree);
}

static void folders_have_one_name_and_no_loop(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    wcl_node folder = add_at(tree, "a/b", S_IFDIR);
    assert_link_fails(tree, WCL_TREE_ROOT, "again", folder, WCL_CODE_INVALID_PARAMETER);
    assert_link_fails(tree, folder, "root", WCL_TREE_ROOT, WCL_CODE_INVALID_PARAMETER);
    wcl_node lone = lone_node(tree, S_IFDIR), inner = lone_node(tree, S_IFDIR);
    must(wcl_tree_link(tree, lone, "inner", 5, inner, NULL, &error), &error);
    assert_link_fails(tree, inner, "loop", lone, WCL_CODE_INVALID_PARAMETER);
    assert_link_fails(tree, lone, "self", lone, WCL_CODE_INVALID_PARAMETER);
    must(wcl_tree_link(tree, folder, "lone", 4, lone, NULL, &error), &error);
    assert_paths(tree, "a\na/b\na/b/lone\na/b/lone/inner\n");
    wcl_tree_free(tree);
}

static void impossible_inodes_are_refused(void **state)
{
    static const wcl_erofs_inode bad[] = {
        { .mode = 0644 },
        { .mode = S_IFREG | 0200000 },
        { .mode = S_IFREG, .modified = { 0, 1000000000 } },
        { .mode = S_IFREG, .modified = { 0, -1 } },
        { .mode = S_IFCHR, .device_major = 0x1000 },
        { .mode = S_IFBLK, .device_minor = 0x100000 },
        { .mode = S_IFREG, .size = UINT64_C(1) << 63 },
    };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node node;

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(wcl_tree_add_node(tree, &bad[i], &node, NULL), WCL_FAILED);
    wcl_tree_free(tree);
}

static void data_must_be_addressable(void **state)
{
    static const struct {
        uint64_t address, size;
        uint32_t device, code;
    } cases[] = {
        { 1, 10, 1, WCL_CODE_INVALID_PARAMETER },
        { 0, 10, 0, WCL_CODE_INVALID_PARAMETER },
        { 0, 10, 65535, WCL_CODE_INVALID_PARAMETER },
        { 0, WCL_EROFS_MAX_DEVICE_SIZE + 1, 1, WCL_CODE_FILE_TOO_LARGE },
        { WCL_EROFS_MAX_DEVICE_SIZE - 512, 513, 1, WCL_CODE_FILE_TOO_LARGE },
        { UINT64_MAX - 511, 512, 1, WCL_CODE_FILE_TOO_LARGE },
        { WCL_EROFS_MAX_DEVICE_SIZE - 512, 512, 65534, 0 },
    };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG), folder = add_at(tree, "folder", S_IFDIR);

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        wcl_error error = WCL_ERROR_INIT;
        wcl_status status =
            wcl_tree_set_data(tree, file, cases[i].device, cases[i].address, cases[i].size, &error);
        assert_int_equal(status, cases[i].code ? WCL_FAILED : WCL_OK);
        assert_int_equal(error.code, cases[i].code);
    }
    assert_int_equal(wcl_tree_set_data(tree, folder, 1, 0, 0, NULL), WCL_FAILED);
    assert_int_equal(wcl_tree_set_bytes(tree, folder, "", 0, NULL), WCL_FAILED);
    wcl_tree_free(tree);
}

static void extents_must_be_aligned_in_order_and_inside(void **state)
{
    static const wcl_extent bad[][2] = {
        { { 0, 512, 1, 0 }, { 0, 512, 1, 0 } },          { { 0, 1024, 1, 0 }, { 512, 512, 1, 0 } },
        { { 512, 512, 1, 0 }, { 0, 512, 1, 0 } },        { { 0, 512, 1, 0 }, { 600, 512, 1, 0 } },
        { { 0, 100, 1, 0 }, { 512, 512, 1, 0 } },        { { 0, 512, 1, 7 }, { 512, 512, 1, 0 } },
        { { 0, 512, 1, 0 }, { 9728, 513, 1, 0 } },       { { 0, 512, 1, 0 }, { 512, 0, 1, 0 } },
        { { 0, 512, 1, 0 }, { 512, UINT64_MAX, 1, 0 } },
    };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG);

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(wcl_tree_set_extents(tree, file, 10240, bad[i], 2, NULL), WCL_FAILED);
    wcl_tree_free(tree);
}

static void extents_are_joined_and_holes_filled_in(void **state)
{
    static const wcl_extent given[] = {
        { 512, 512, 1, 1024 },
        { 1024, 1024, 1, 1536 },
        { 2048, 512, WCL_DEVICE_HOLE, 0 },
        { 4096, 100, 2, 0 },
    };
    static const wcl_extent wanted[] = {
        { 0, 512, WCL_DEVICE_HOLE, 0 },
        { 512, 1536, 1, 1024 },
        { 2048, 2048, WCL_DEVICE_HOLE, 0 },
        { 4096, 100, 2, 0 },
    };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG);
    wcl_error error = WCL_ERROR_INIT;
    wcl_extent extent;

    (void)state;
    must(wcl_tree_set_extents(tree, file, 4196, given, 4, &error), &error);
    for (size_t i = 0; i < 4; i++) {
        assert_true(wcl_tree_extent(tree, file, i, &extent));
        assert_true(extent.offset == wanted[i].offset && extent.length == wanted[i].length);
        assert_true(extent.device == wanted[i].device && extent.address == wanted[i].address);
    }
    assert_false(wcl_tree_extent(tree, file, 4, &extent));
    wcl_tree_free(tree);
}

static void indexes_of_holes_have_a_limit(void **state)
{
    static const wcl_extent small = { 512, 512, 1, 0 };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG);
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    must(wcl_tree_set_extents(tree, file, UINT64_C(512) << 24, &small, 1, &error), &error);
    for (int i = 0; i < 3; i++)
        wcl_tree_set_extents(tree, file, UINT64_C(512) << 24, &small, 1, NULL);
    assert_int_equal(wcl_tree_set_extents(tree, file, UINT64_C(512) << 24, &small, 1, &error),
                     WCL_FAILED);
    wcl_tree_free(tree);
}

static void xattrs_that_do_not_fit_are_refused(void **state)
{
    static uint8_t bytes[65536];
    static const struct {
        wcl_xattr xattr;
        uint32_t code;
    } cases[] = {
        { { "system.other", bytes, 1 }, WCL_CODE_NOT_SUPPORTED },
        { { "user.", bytes, 1 }, WCL_CODE_NOT_SUPPORTED },
        { { "nothing", bytes, 1 }, WCL_CODE_NOT_SUPPORTED },
        { { "system.posix_acl_accessory", bytes, 1 }, WCL_CODE_NOT_SUPPORTED },
        { { "user.x", bytes, 65536 }, WCL_CODE_FILE_TOO_LARGE },
        { { "user.x", bytes, 65535 }, 0 },
        { { "system.posix_acl_default", bytes, 4 }, 0 },
    };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG);
    wcl_error error = WCL_ERROR_INIT;

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        const wcl_xattr *xattr = &cases[i].xattr;
        error.code = 0;
        wcl_status as_shared = wcl_tree_set_xattrs(tree, file, xattr, 1, NULL, 0, &error);
        assert_int_equal(error.code, cases[i].code);
        assert_int_equal(wcl_tree_set_xattrs(tree, file, NULL, 0, xattr, 1, &error), as_shared);
        assert_int_equal(error.code, cases[i].code);
        assert_int_equal(wcl_tree_set_xattrs(tree, file, xattr, 1, xattr, 1, &error), WCL_FAILED);
    }
    wcl_tree_free(tree);
}

static void xattrs_are_found_and_replaced(void **state)
{
    const wcl_xattr shared[] = { { "user.z", "zz", 2 }, { "user.a", "aa", 2 } };
    const wcl_xattr own = { "trusted.wcl.basic", "own", 3 };
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_EXACT);
    wcl_node file = add_at(tree, "file", S_IFREG), other = add_at(tree, "other", S_IFREG);
    wcl_error error = WCL_ERROR_INIT;
    wcl_xattr xattr;

    (void)state;
    must(wcl_tree_set_xattrs(tree, file, shared, 2, &own, 1, &error), &error);
    assert_true(wcl_tree_xattr(tree, file, 0, &xattr));
    assert_string_equal(xattr.name, "user.a");
    assert_true(wcl_tree_find_xattr(tree, file, "trusted.wcl.basic", &xattr));
    assert_int_equal(xattr.size, 3);
    assert_memory_equal(xattr.value, "own", 3);
    wcl_tree_copy_xattrs(tree, file, other);
    must(wcl_tree_set_xattrs(tree, file, NULL, 0, NULL, 0, &error), &error);
    assert_false(wcl_tree_xattr(tree, file, 0, &xattr));
    assert_true(wcl_tree_find_xattr(tree, other, "user.z", &xattr));
    assert_false(wcl_tree_find_xattr(tree, other, "user.zz", &xattr));
    wcl_tree_free(tree);
}

/* What the store's limit on memory is made of: 250 bytes an entry, names and times included. */
static void entries_are_small(void **state)
{
    wcl_erofs_tree *tree = new_tree(WCL_NAMES_CASELESS);
    uint8_t basic[40] = { 0 }, descriptor[200] = { 0 };
    const wcl_xattr shared = { "trusted.wcl.sd", descriptor, sizeof(descriptor) };
    const wcl_xattr own = { "trusted.wcl.basic", basic, sizeof(basic) };
    wcl_error error = WCL_ERROR_INIT;
    char path[64];

    (void)state;
    for (uint32_t i = 0; i < 100000; i++) {
        snprintf(path, sizeof(path), "folder %u/a name of 30 bytes%10u", i / 50, i);
        memcpy(basic, &i, sizeof(i));
        descriptor[0] = (uint8_t)(i % 100);
        wcl_node node = add_at(tree, path, S_IFREG | 0644);
        must(wcl_tree_set_xattrs(tree, node, &shared, 1, &own, 1, &error), &error);
    }
    assert_in_range(wcl_tree_memory(tree) / 100000, 100, 180);
    wcl_tree_free(tree);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walk_gives_a_folder_first_and_names_in_byte_order),
        cmocka_unit_test(large_folders_are_put_in_order),
        cmocka_unit_test(exact_trees_tell_case_apart),
        cmocka_unit_test(caseless_trees_hold_one_spelling_the_last),
        cmocka_unit_test(replacing_a_folder_removes_what_is_in_it),
        cmocka_unit_test(folders_in_the_way_of_a_path_replace_files),
        cmocka_unit_test(removed_names_can_be_given_again),
        cmocka_unit_test(entries_may_go_while_going_through),
        cmocka_unit_test(impossible_names_are_refused),
        cmocka_unit_test(folders_have_one_name_and_no_loop),
        cmocka_unit_test(impossible_inodes_are_refused),
        cmocka_unit_test(data_must_be_addressable),
        cmocka_unit_test(extents_must_be_aligned_in_order_and_inside),
        cmocka_unit_test(extents_are_joined_and_holes_filled_in),
        cmocka_unit_test(indexes_of_holes_have_a_limit),
        cmocka_unit_test(xattrs_that_do_not_fit_are_refused),
        cmocka_unit_test(xattrs_are_found_and_replaced),
        cmocka_unit_test(entries_are_small),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
