/* The nodes of a tree of files in memory: their inodes and their data. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "erofs/tree_private.h"

#define BLOCK_MASK (WCL_EROFS_BLOCK_SIZE - 1)
#define MAX_BYTES 65535u
#define MAX_LINK 4095u

static wcl_status init_tree(wcl_erofs_tree *tree, wcl_tree_names names, wcl_error *error)
{
    static const wcl_erofs_inode root = { .mode = S_IFDIR | 0755 };
    wcl_node node;
    uint32_t offset;

    if (wcl_siphash_key_new(&tree->key, error) != WCL_OK)
        return WCL_FAILED;
    tree->names = names;
    tree->nodes.item_size = sizeof(wcl_tree_node);
    tree->entries.item_size = sizeof(wcl_tree_entry);
    tree->extents.item_size = sizeof(wcl_extent_item);
    wcl_intern_init(&tree->xattr_names, &tree->key);
    wcl_intern_init(&tree->xattrs, &tree->key);
    wcl_intern_init(&tree->xattr_sets, &tree->key);
    /* Offset 0 stands for nothing. */
    if (wcl_arena_add(&tree->texts, 1, &offset, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_add_node(tree, &root, &node, error);
}

wcl_status wcl_tree_new(wcl_tree_names names, wcl_erofs_tree **tree, wcl_error *error)
{
    wcl_erofs_tree *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    if (init_tree(made, names, error) != WCL_OK) {
        wcl_tree_free(made);
        return WCL_FAILED;
    }
    *tree = made;
    return WCL_OK;
}

void wcl_tree_free(wcl_erofs_tree *tree)
{
    if (!tree)
        return;
    wcl_pool_free(&tree->nodes);
    wcl_pool_free(&tree->entries);
    wcl_pool_free(&tree->extents);
    wcl_arena_free(&tree->texts);
    wcl_hash_table_free(&tree->by_name);
    wcl_intern_free(&tree->xattr_names);
    wcl_intern_free(&tree->xattrs);
    wcl_intern_free(&tree->xattr_sets);
    wcl_buffer_free(&tree->scratch);
    free(tree);
}

uint32_t wcl_tree_node_count(const wcl_erofs_tree *tree)
{
    return tree->nodes.count;
}

uint32_t wcl_tree_entry_count(const wcl_erofs_tree *tree)
{
    return tree->entries.count;
}

size_t wcl_tree_memory(const wcl_erofs_tree *tree)
{
    size_t slots = tree->by_name.slots ? (size_t)tree->by_name.mask + 1 : 0;

    return sizeof(*tree) + wcl_pool_memory(&tree->nodes) + wcl_pool_memory(&tree->entries) +
           wcl_pool_memory(&tree->extents) + wcl_arena_memory(&tree->texts) +
           slots * sizeof(uint32_t) + wcl_intern_memory(&tree->xattr_names) +
           wcl_intern_memory(&tree->xattrs) + wcl_intern_memory(&tree->xattr_sets);
}

/* ---- Inodes --------------------------------------------------------------------------------- */

static bool is_device(uint32_t mode)
{
    return S_ISCHR(mode) || S_ISBLK(mode);
}

static wcl_status check_inode(const wcl_erofs_inode *inode, wcl_error *error)
{
    uint32_t mode = inode->mode;

    if (mode & ~(uint32_t)(S_IFMT | 07777) ||
        !(S_ISREG(mode) || S_ISDIR(mode) || S_ISLNK(mode) || is_device(mode) || S_ISFIFO(mode) ||
          S_ISSOCK(mode)))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "mode %o is not one of a file", mode);
    if (inode->modified.tv_nsec < 0 || inode->modified.tv_nsec > 999999999)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "a time has %ld nanoseconds",
                        (long)inode->modified.tv_nsec);
    if (is_device(mode) && (inode->device_major > 0xFFF || inode->device_minor > 0xFFFFF))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "device number %u:%u is beyond the 12 and 20 bits that Linux has for it",
                        inode->device_major, inode->device_minor);
    if (S_ISREG(mode) && inode->size > INT64_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a file has more than 8 EiB");
    return WCL_OK;
}

static void store_inode(wcl_tree_node *item, const wcl_erofs_inode *inode)
{
    item->mode = (uint16_t)((item->mode & S_IFMT) | (inode->mode & 07777));
    item->uid = inode->uid;
    item->gid = inode->gid;
    item->seconds = inode->modified.tv_sec;
    item->nanoseconds = (uint32_t)inode->modified.tv_nsec;
}

wcl_status wcl_tree_add_node(wcl_erofs_tree *tree, const wcl_erofs_inode *inode, wcl_node *node,
                             wcl_error *error)
{
    bool regular = S_ISREG(inode->mode);

    if (check_inode(inode, error) != WCL_OK ||
        (regular &&
         wcl_tree_count_chunks(tree, inode->size, WCL_MAX_CHUNK_BITS, error) != WCL_OK) ||
        wcl_pool_add(&tree->nodes, node, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tree_node *item = wcl_tree_node_at(tree, *node);
    item->mode = (uint16_t)(inode->mode & S_IFMT);
    store_inode(item, inode);
    item->entry = WCL_NO_ENTRY;
    if (regular) {
        item->size = inode->size;
    } else if (S_ISDIR(inode->mode)) {
        item->folder.first = item->folder.last = WCL_NO_ENTRY;
        item->links = 2;
    } else if (is_device(inode->mode)) {
        item->data = inode->device_major << 20 | inode->device_minor;
    }
    return WCL_OK;
}

void wcl_tree_set_inode(wcl_erofs_tree *tree, wcl_node node, const wcl_erofs_inode *inode)
{
    store_inode(wcl_tree_node_at(tree, node), inode);
}

void wcl_tree_get_inode(const wcl_erofs_tree *tree, wcl_node node, wcl_erofs_inode *inode)
{
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);

    memset(inode, 0, sizeof(*inode));
    inode->mode = item->mode;
    inode->uid = item->uid;
    inode->gid = item->gid;
    inode->links = item->links;
    inode->modified.tv_sec = (time_t)item->seconds;
    inode->modified.tv_nsec = (long)item->nanoseconds;
    if (is_device(item->mode)) {
        inode->device_major = item->data >> 20;
        inode->device_minor = item->data & 0xFFFFF;
    } else if (!S_ISDIR(item->mode)) {
        inode->size = item->size;
    }
}

uint32_t wcl_tree_type(const wcl_erofs_tree *tree, wcl_node node)
{
    return wcl_tree_node_at(tree, node)->mode & S_IFMT;
}

bool wcl_tree_is_folder(const wcl_erofs_tree *tree, wcl_node node)
{
    return S_ISDIR(wcl_tree_node_at(tree, node)->mode);
}

/* ---- Data ----------------------------------------------------------------------------------- */

static wcl_status check_run(uint32_t device, uint64_t address, uint64_t size, wcl_error *error)
{
    uint64_t end;

    if (device == 0 || device > WCL_EROFS_MAX_DEVICES)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "device %u is not one from 1 to %d of an index", device,
                        WCL_EROFS_MAX_DEVICES);
    if (address & BLOCK_MASK)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the data at byte %llu does not start at a multiple of 512",
                        (unsigned long long)address);
    if (__builtin_add_overflow(address, size, &end) || end > WCL_EROFS_MAX_DEVICE_SIZE)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        "the data at byte %llu ends past the 2 TiB that an index can address",
                        (unsigned long long)address);
    return WCL_OK;
}

static wcl_status require_file(const wcl_erofs_tree *tree, wcl_node node, wcl_error *error)
{
    if (!S_ISREG(wcl_tree_node_at(tree, node)->mode))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "only a regular file has extents");
    return WCL_OK;
}

wcl_status wcl_tree_set_data(wcl_erofs_tree *tree, wcl_node node, uint32_t device, uint64_t address,
                             uint64_t size, wcl_error *error)
{
    wcl_tree_node *item = wcl_tree_node_at(tree, node);

    if (require_file(tree, node, error) != WCL_OK ||
        check_run(device, address, size, error) != WCL_OK)
        return WCL_FAILED;
    item->kind = size ? WCL_DATA_RUN : WCL_DATA_HOLE;
    item->size = size;
    item->device = (uint16_t)device;
    item->data = (uint32_t)(address / WCL_EROFS_BLOCK_SIZE);
    return WCL_OK;
}

/* What set_extents is building: extents without gaps between them, joined where they touch. */
typedef struct extent_list {
    wcl_erofs_tree *tree;
    uint32_t first; /* number of the first in the pool; the item before it is the head */
    uint32_t count;
    uint64_t end;
    uint64_t borders; /* all offsets but the first or'd */
} extent_list;

static wcl_extent_item *extent_item(extent_list *list, uint32_t index)
{
    return wcl_pool_at(&list->tree->extents, list->first + index);
}

static wcl_status append_extent(extent_list *list, uint64_t length, uint16_t device, uint32_t block,
                                wcl_error *error)
{
    uint32_t number;

    if (list->count) {
        wcl_extent_item *last = extent_item(list, list->count - 1);
        if (last->device == device &&
            (!device || last->block + last->length / WCL_EROFS_BLOCK_SIZE == block)) {
            last->length += length;
            list->end += length;
            return WCL_OK;
        }
        list->borders |= list->end;
    }
    if (wcl_pool_add(&list->tree->extents, &number, error) != WCL_OK)
        return WCL_FAILED;
    *(wcl_extent_item *)wcl_pool_at(&list->tree->extents, number) =
        (wcl_extent_item) { list->end, length, block, device };
    list->count++;
    list->end += length;
    return WCL_OK;
}

static wcl_status check_extent(const extent_list *list, uint64_t size, const wcl_extent *extent,
                               wcl_error *error)
{
    uint64_t end;

    if (__builtin_add_overflow(extent->offset, extent->length, &end) || end > size ||
        extent->offset < list->end || !extent->length)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the extent at byte %llu is out of order, empty or past the file's end",
                        (unsigned long long)extent->offset);
    if (extent->offset & BLOCK_MASK || (extent->length & BLOCK_MASK && end != size))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the extent at byte %llu of %llu bytes does not cover whole blocks of 512",
                        (unsigned long long)extent->offset, (unsigned long long)extent->length);
    if (extent->device == WCL_DEVICE_HOLE)
        return WCL_OK;
    return check_run(extent->device, extent->address, extent->length, error);
}

static wcl_status add_extent(extent_list *list, uint64_t size, const wcl_extent *extent,
                             wcl_error *error)
{
    bool hole = extent->device == WCL_DEVICE_HOLE;

    if (check_extent(list, size, extent, error) != WCL_OK)
        return WCL_FAILED;
    if (extent->offset > list->end &&
        append_extent(list, extent->offset - list->end, 0, 0, error) != WCL_OK)
        return WCL_FAILED;
    return append_extent(list, extent->length, hole ? 0 : (uint16_t)extent->device,
                         hole ? 0 : (uint32_t)(extent->address / WCL_EROFS_BLOCK_SIZE), error);
}

static wcl_status build_extents(extent_list *list, uint64_t size, const wcl_extent *extents,
                                size_t count, wcl_error *error)
{
    uint32_t head;

    if (wcl_pool_add(&list->tree->extents, &head, error) != WCL_OK)
        return WCL_FAILED;
    list->first = head + 1;
    for (size_t i = 0; i < count; i++)
        if (add_extent(list, size, &extents[i], error) != WCL_OK)
            return WCL_FAILED;
    if (list->end < size && append_extent(list, size - list->end, 0, 0, error) != WCL_OK)
        return WCL_FAILED;
    return WCL_OK;
}

/* Keeps the finished list, in the simplest form that says the same. */
static wcl_status keep_extents(extent_list *list, wcl_tree_node *item, wcl_error *error)
{
    unsigned bits = list->borders ? (unsigned)__builtin_ctzll(list->borders) : WCL_MAX_CHUNK_BITS;

    bits = bits < WCL_MAX_CHUNK_BITS ? bits : WCL_MAX_CHUNK_BITS;
    ((wcl_extent_item *)wcl_pool_at(&list->tree->extents, list->first - 1))->offset = list->count;
    if (wcl_tree_choose_chunks(list->tree, list->first - 1, list->end, bits, error) != WCL_OK)
        return WCL_FAILED;
    item->size = list->end;
    item->kind = WCL_DATA_HOLE;
    item->data = 0;
    if (list->count > 1) {
        item->kind = WCL_DATA_EXTENTS;
        item->data = list->first - 1;
    } else if (list->count && extent_item(list, 0)->device) {
        item->kind = WCL_DATA_RUN;
        item->device = extent_item(list, 0)->device;
        item->data = extent_item(list, 0)->block;
    }
    return WCL_OK;
}

wcl_status wcl_tree_set_extents(wcl_erofs_tree *tree, wcl_node node, uint64_t size,
                                const wcl_extent *extents, size_t count, wcl_error *error)
{
    extent_list list = { .tree = tree };

    if (require_file(tree, node, error) != WCL_OK)
        return WCL_FAILED;
    if (size > INT64_MAX)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "a file has more than 8 EiB");
    if (build_extents(&list, size, extents, count, error) != WCL_OK)
        return WCL_FAILED;
    return keep_extents(&list, wcl_tree_node_at(tree, node), error);
}

wcl_status wcl_tree_set_bytes(wcl_erofs_tree *tree, wcl_node node, const void *bytes, size_t size,
                              wcl_error *error)
{
    wcl_tree_node *item = wcl_tree_node_at(tree, node);
    size_t limit = S_ISLNK(item->mode) ? MAX_LINK : MAX_BYTES;
    uint32_t offset;

    if (!S_ISREG(item->mode) && !S_ISLNK(item->mode))
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "only regular files and symbolic links have bytes of their own");
    if (size > limit)
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                        S_ISLNK(item->mode) ? "a link's target has %zu bytes; at most %zu are kept"
                                            : "%zu bytes are too many for an index to hold: %zu",
                        size, limit);
    if (wcl_arena_add(&tree->texts, size, &offset, error) != WCL_OK)
        return WCL_FAILED;
    if (size)
        memcpy(wcl_arena_at(&tree->texts, offset), bytes, size);
    item->kind = WCL_DATA_BYTES;
    item->size = size;
    item->data = offset;
    return WCL_OK;
}

const void *wcl_tree_bytes(const wcl_erofs_tree *tree, wcl_node node, size_t *size)
{
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);

    if (item->kind != WCL_DATA_BYTES)
        return NULL;
    *size = (size_t)item->size;
    return wcl_arena_at(&tree->texts, item->data);
}

static void to_extent(const wcl_extent_item *from, wcl_extent *extent)
{
    extent->offset = from->offset;
    extent->length = from->length;
    extent->device = from->device ? from->device : WCL_DEVICE_HOLE;
    extent->address = (uint64_t)from->block * WCL_EROFS_BLOCK_SIZE;
}

bool wcl_tree_extent(const wcl_erofs_tree *tree, wcl_node node, size_t index, wcl_extent *extent)
{
    const wcl_tree_node *item = wcl_tree_node_at(tree, node);

    if (!S_ISREG(item->mode) || !item->size || item->kind == WCL_DATA_BYTES)
        return false;
    if (item->kind == WCL_DATA_EXTENTS) {
        if (index >= wcl_tree_extent_at(tree, item->data)->offset)
            return false;
        to_extent(wcl_tree_extent_at(tree, item->data + 1 + (uint32_t)index), extent);
        return true;
    }
    const wcl_extent_item whole = { 0, item->size, item->data,
                                    item->kind == WCL_DATA_RUN ? item->device : 0 };
    to_extent(&whole, extent);
    return index == 0;
}
