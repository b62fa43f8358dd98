#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support.h"

uint32_t chance_below(chance *c, uint32_t limit)
{
    c->state = c->state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(c->state >> 33) % limit;
}

void must(wcl_status status, const wcl_error *error)
{
    char text[1500];

    if (status != WCL_OK)
        fail_msg("%s", wcl_error_format(error, text, sizeof(text)));
}

static wcl_node parent_at(wcl_erofs_tree *tree, const char *path)
{
    const wcl_erofs_inode inode = { .mode = 0711, .modified = { 77, 0 } };
    wcl_error error = WCL_ERROR_INIT;
    wcl_node folder;

    must(wcl_tree_make_parents(tree, path, &inode, NULL, 0, &folder, &error), &error);
    return folder;
}

void link_at(wcl_erofs_tree *tree, const char *path, wcl_node node)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    wcl_error error = WCL_ERROR_INIT;

    must(wcl_tree_link(tree, parent_at(tree, path), name, strlen(name), node, NULL, &error),
         &error);
}

wcl_node add_at(wcl_erofs_tree *tree, const char *path, uint32_t mode)
{
    const wcl_erofs_inode inode = { .mode = mode, .modified = { 1000, 5 } };
    wcl_error error = WCL_ERROR_INIT;
    wcl_node node;

    must(wcl_tree_add_node(tree, &inode, &node, &error), &error);
    link_at(tree, path, node);
    return node;
}

/* ---- Trees made by chance ------------------------------------------------------------------- */

static const wcl_erofs_device devices[] = {
    { WCL_EROFS_MAX_DEVICE_SIZE, "first" },
    { UINT64_C(1) << 40, NULL },
    { UINT64_C(1) << 40, "the third" },
};

const wcl_erofs_options ample_devices = { .devices = devices,
                                          .device_count = 3,
                                          .uuid = { 1, 2, 3, 4, 5, 6, 7, 8 } };

static void random_inode(chance *c, wcl_erofs_inode *inode)
{
    static const uint32_t kinds[] = { S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFREG, S_IFDIR,
                                      S_IFDIR, S_IFLNK, S_IFCHR, S_IFBLK, S_IFIFO, S_IFSOCK };

    memset(inode, 0, sizeof(*inode));
    inode->mode = kinds[chance_below(c, 12)] | chance_below(c, 010000);
    inode->uid = chance_below(c, 3) ? chance_below(c, 5) : chance_below(c, UINT32_MAX);
    inode->gid = chance_below(c, 3) ? chance_below(c, 5) : chance_below(c, UINT32_MAX);
    inode->modified.tv_sec = chance_below(c, 2) ? 1700000000 : (time_t)chance_below(c, 9) - 4;
    inode->modified.tv_nsec = chance_below(c, 2) ? 0 : (long)chance_below(c, 1000000000);
    inode->device_major = chance_below(c, 0x1000);
    inode->device_minor = chance_below(c, 0x100000);
}

static size_t random_extents(chance *c, wcl_extent *extents, size_t limit, uint64_t *size)
{
    uint64_t unit = UINT64_C(512) << chance_below(c, 6);
    size_t count = chance_below(c, (uint32_t)limit);

    *size = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t hole = chance_below(c, 3) * unit, length = (1 + chance_below(c, 4)) * unit;
        bool last = i + 1 == count;
        extents[i] = (wcl_extent) { *size + hole, length, 1 + chance_below(c, 3),
                                    (uint64_t)chance_below(c, 1u << 30) * 512 };
        if (last && chance_below(c, 2))
            extents[i].length -= chance_below(c, 511);
        *size = extents[i].offset + extents[i].length;
        if (last && *size % 512 == 0)
            *size += chance_below(c, 3000);
    }
    return count;
}

static void random_data(wcl_erofs_tree *tree, chance *c, wcl_node node, uint32_t mode)
{
    static uint8_t bytes[65535];
    wcl_error error = WCL_ERROR_INIT;
    wcl_extent extents[40];
    uint64_t size;

    for (size_t i = 0; i < 100; i++)
        bytes[chance_below(c, sizeof(bytes))] = (uint8_t)(1 + chance_below(c, 255));
    if (S_ISLNK(mode)) {
        memset(bytes, 'x', 4095);
        must(wcl_tree_set_bytes(tree, node, bytes, 1 + chance_below(c, 700), &error), &error);
        return;
    }
    switch (chance_below(c, 4)) {
    case 0:
        must(wcl_tree_set_bytes(tree, node, bytes,
                                1 + chance_below(c, chance_below(c, 9) ? 600 : sizeof(bytes)),
                                &error),
             &error);
        return;
    case 1: {
        size_t count = random_extents(c, extents, 40, &size);
        must(wcl_tree_set_extents(tree, node, size, extents, count, &error), &error);
        return;
    }
    default:
        must(wcl_tree_set_data(tree, node, 1 + chance_below(c, 3),
                               (uint64_t)chance_below(c, 1u << 30) * 512,
                               chance_below(c, chance_below(c, 9) ? 100000 : UINT32_MAX), &error),
             &error);
    }
}

static void random_xattrs(wcl_erofs_tree *tree, chance *c, wcl_node node)
{
    static const uint8_t zeros[65535];
    uint8_t descriptor[300] = { 0 }, basic[40];
    wcl_error error = WCL_ERROR_INIT;

    descriptor[0] = (uint8_t)chance_below(c, 7);
    for (size_t i = 0; i < sizeof(basic); i++)
        basic[i] = (uint8_t)chance_below(c, 256);
    const wcl_xattr shared[] = { { "trusted.wcl.sd", descriptor, 1 + chance_below(c, 299) },
                                 { "security.capability", descriptor, 20 },
                                 { "system.posix_acl_access", descriptor, 28 } };
    const wcl_xattr own[] = { { "trusted.wcl.basic", basic, sizeof(basic) },
                              { "user.empty", NULL, 0 },
                              { "user.long", zeros, chance_below(c, 40) ? 900 : 65535 } };
    must(wcl_tree_set_xattrs(tree, node, shared, chance_below(c, 4), own, chance_below(c, 4),
                             &error),
         &error);
}

static size_t random_name(chance *c, char name[256])
{
    static const char letters[] = "abcxyzABC.-+ ~";
    size_t length = 1 + chance_below(c, chance_below(c, 10) ? 12 : 255);

    for (size_t i = 0; i < length; i++)
        name[i] = letters[chance_below(c, sizeof(letters) - 1)];
    if (name[0] == '.' && length < 3)
        name[0] = ',';
    name[length] = 0;
    return length;
}

void fill_tree(wcl_erofs_tree *tree, chance *c, size_t count)
{
    wcl_node folders[64] = { WCL_TREE_ROOT };
    wcl_node file = WCL_NO_NODE;
    uint32_t folder_count = 1;
    wcl_error error = WCL_ERROR_INIT;
    char name[256];

    for (size_t i = 0; i < count; i++) {
        wcl_node folder = folders[chance_below(c, folder_count)], node;
        size_t length = random_name(c, name);
        wcl_erofs_inode inode;
        if (wcl_tree_lookup(tree, folder, name, length) != WCL_NO_ENTRY)
            continue;
        if (file != WCL_NO_NODE && chance_below(c, 20) == 0) {
            must(wcl_tree_link(tree, folder, name, length, file, NULL, &error), &error);
            continue;
        }
        random_inode(c, &inode);
        must(wcl_tree_add_node(tree, &inode, &node, &error), &error);
        must(wcl_tree_link(tree, folder, name, length, node, NULL, &error), &error);
        random_xattrs(tree, c, node);
        if (S_ISREG(inode.mode) || S_ISLNK(inode.mode))
            random_data(tree, c, node, inode.mode);
        if (S_ISDIR(inode.mode))
            folders[folder_count < 64 ? folder_count++ : chance_below(c, 64)] = node;
        else if (chance_below(c, 4) == 0)
            file = node;
    }
}

/* ---- Images --------------------------------------------------------------------------------- */

static wcl_status append(void *context, const void *data, size_t size, wcl_error *error)
{
    return wcl_buffer_append(context, data, size, error);
}

wcl_status try_write_tree(wcl_erofs_tree *tree, const wcl_erofs_options *options, wcl_buffer *image,
                          wcl_error *error)
{
    return wcl_erofs_write(tree, options, append, image, NULL, error);
}

void write_tree(wcl_erofs_tree *tree, const wcl_erofs_options *options, wcl_buffer *image)
{
    wcl_error error = WCL_ERROR_INIT;
    uint64_t size;

    wcl_buffer_clear(image);
    must(wcl_erofs_write(tree, options, append, image, &size, &error), &error);
    assert_int_equal(size, image->size);
    assert_int_equal(size % 512, 0);
}

/* ---- Comparing ------------------------------------------------------------------------------ */

static void assert_same_data(const wcl_erofs_tree *a, wcl_node x, const wcl_erofs_tree *b,
                             wcl_node y, uint32_t device_base)
{
    size_t a_size, b_size, i = 0;
    const void *a_bytes = wcl_tree_bytes(a, x, &a_size);
    const void *b_bytes = wcl_tree_bytes(b, y, &b_size);
    wcl_extent from, to;

    if (a_bytes && a_size) {
        assert_non_null(b_bytes);
        assert_int_equal(a_size, b_size);
        assert_memory_equal(a_bytes, b_bytes, a_size);
        return;
    }
    for (; wcl_tree_extent(a, x, i, &from); i++) {
        assert_true(wcl_tree_extent(b, y, i, &to));
        assert_int_equal(from.offset, to.offset);
        assert_int_equal(from.length, to.length);
        assert_int_equal(from.address, to.address);
        if (from.device != WCL_DEVICE_HOLE)
            from.device += device_base;
        assert_int_equal(from.device, to.device);
    }
    assert_false(wcl_tree_extent(b, y, i, &to));
}

static void assert_same_xattrs(const wcl_erofs_tree *a, wcl_node x, const wcl_erofs_tree *b,
                               wcl_node y)
{
    wcl_xattr from, to;
    size_t i = 0;

    for (; wcl_tree_xattr(a, x, i, &from); i++) {
        assert_true(wcl_tree_xattr(b, y, i, &to));
        assert_string_equal(from.name, to.name);
        assert_int_equal(from.size, to.size);
        assert_memory_equal(from.value, to.value, from.size);
        assert_true(wcl_tree_find_xattr(b, y, from.name, &to));
    }
    assert_false(wcl_tree_xattr(b, y, i, &to));
}

static void assert_same_nodes(const wcl_erofs_tree *a, wcl_node x, const wcl_erofs_tree *b,
                              wcl_node y, uint32_t device_base)
{
    wcl_erofs_inode from, to;

    wcl_tree_get_inode(a, x, &from);
    wcl_tree_get_inode(b, y, &to);
    assert_int_equal(from.mode, to.mode);
    assert_int_equal(from.uid, to.uid);
    assert_int_equal(from.gid, to.gid);
    assert_int_equal(from.links, to.links);
    assert_int_equal(from.size, to.size);
    assert_int_equal(from.modified.tv_sec, to.modified.tv_sec);
    assert_int_equal(from.modified.tv_nsec, to.modified.tv_nsec);
    assert_int_equal(from.device_major, to.device_major);
    assert_int_equal(from.device_minor, to.device_minor);
    assert_same_data(a, x, b, y, device_base);
    assert_same_xattrs(a, x, b, y);
}

void assert_same_trees(wcl_erofs_tree *a, wcl_erofs_tree *b, uint32_t device_base)
{
    wcl_node *seen = calloc(wcl_tree_node_count(a), sizeof(*seen));
    wcl_entry_id x = WCL_NO_ENTRY, y = WCL_NO_ENTRY;

    assert_same_nodes(a, WCL_TREE_ROOT, b, WCL_TREE_ROOT, device_base);
    for (;;) {
        size_t a_length, b_length;
        x = wcl_tree_walk(a, x, false);
        y = wcl_tree_walk(b, y, false);
        if (x == WCL_NO_ENTRY || y == WCL_NO_ENTRY)
            break;
        const char *a_name = wcl_tree_entry_name(a, x, &a_length);
        const char *b_name = wcl_tree_entry_name(b, y, &b_length);
        assert_string_equal(a_name, b_name);
        assert_int_equal(a_length, b_length);
        wcl_node from = wcl_tree_entry_node(a, x), to = wcl_tree_entry_node(b, y);
        assert_true(!seen[from] || seen[from] == to);
        if (!seen[from])
            assert_same_nodes(a, from, b, to, device_base);
        seen[from] = to;
    }
    assert_int_equal(x, y);
    free(seen);
}
