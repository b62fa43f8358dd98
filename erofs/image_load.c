/* Loading an image into a tree. */
#include <stdlib.h>
#include <string.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/list.h"
#include "erofs/image_private.h"
#include "base/pool.h"
#include "erofs/tree_private.h"

#define MAX_XATTRS 255u

/* Room for the extended attributes of one file. */
typedef struct xattr_room {
    wcl_erofs_xattr found[MAX_XATTRS];
    wcl_xattr xattrs[MAX_XATTRS];
} xattr_room;

/* An inode that was met, and its node. */
typedef struct known_inode {
    wcl_nid nid;
    wcl_node node;
} known_inode;

struct wcl_erofs_loader {
    const wcl_erofs_image *image;
    wcl_erofs_tree *tree;
    uint32_t device_base;
    xattr_room room;
    wcl_buffer bytes;    /* of the file being loaded */
    wcl_extent *extents; /* of the file being loaded */
    size_t extent_capacity;
    wcl_pool folders;      /* known_inode: those still to go through, in turn */
    wcl_pool known;        /* known_inode: folders, and files of several names */
    wcl_hash_table by_nid; /* of `known` */
    wcl_intern sets;       /* the numbers of shared attributes as inodes have them */
    wcl_pool tree_sets;    /* uint32_t: the tree's set for each of `sets`, plus 1 */
    uint64_t entry_limit;  /* more than these do not fit into the image */
};

wcl_status wcl_erofs_loader_new(const wcl_erofs_image *image, wcl_erofs_tree *tree,
                                uint32_t device_base, wcl_erofs_loader **loader, wcl_error *error)
{
    wcl_erofs_loader *l = calloc(1, sizeof(*l));

    if (!l)
        return wcl_fail_memory(error);
    l->image = image;
    l->tree = tree;
    l->device_base = device_base;
    l->folders.item_size = l->known.item_size = sizeof(known_inode);
    l->tree_sets.item_size = sizeof(uint32_t);
    wcl_intern_init(&l->sets, &tree->key);
    l->entry_limit = image->size / (EROFS_DIRENT_SIZE + 1);
    *loader = l;
    return WCL_OK;
}

void wcl_erofs_loader_free(wcl_erofs_loader *l)
{
    if (!l)
        return;
    wcl_buffer_free(&l->bytes);
    wcl_pool_free(&l->folders);
    wcl_pool_free(&l->known);
    wcl_hash_table_free(&l->by_nid);
    wcl_intern_free(&l->sets);
    wcl_pool_free(&l->tree_sets);
    free(l->extents);
    free(l);
}

/* ---- One node ------------------------------------------------------------------------------- */

/* Takes up to MAX_XATTRS attributes, as long as they are shared or as long as they are not. */
static wcl_status take_xattrs(wcl_erofs_loader *l, wcl_erofs_xattrs *xattrs, bool shared,
                              size_t *count, wcl_error *error)
{
    wcl_status status = WCL_OK;

    for (*count = 0; (xattrs->id_index < xattrs->id_count) == shared; (*count)++) {
        wcl_erofs_xattr last;
        wcl_erofs_xattr *found = *count < MAX_XATTRS ? &l->room.found[*count] : &last;
        status = wcl_erofs_xattrs_next(xattrs, found, error);
        if (status != WCL_OK)
            break;
        if (found == &last)
            return wcl_erofs_corrupt(xattrs->nid, "has too many extended attributes", error);
        l->room.xattrs[*count] = (wcl_xattr) { found->name, found->value, found->size };
    }
    return status == WCL_FAILED ? WCL_FAILED : WCL_OK;
}

/* Most inodes share their attributes with many others, so that the tree's set is known. */
static wcl_status load_shared(wcl_erofs_loader *l, wcl_erofs_xattrs *xattrs, wcl_node node,
                              uint32_t *set, wcl_error *error)
{
    uint32_t number, added;
    size_t count;

    *set = 0;
    if (!xattrs->id_count)
        return WCL_OK;
    if (wcl_intern_add(&l->sets, xattrs->ids, (size_t)xattrs->id_count * 4, &number, error) !=
        WCL_OK)
        return WCL_FAILED;
    if (number < l->tree_sets.count) {
        xattrs->id_index = xattrs->id_count;
        *set = *(const uint32_t *)wcl_pool_at(&l->tree_sets, number);
        return WCL_OK;
    }
    if (take_xattrs(l, xattrs, true, &count, error) != WCL_OK ||
        wcl_tree_set_xattrs(l->tree, node, l->room.xattrs, count, NULL, 0, error) != WCL_OK ||
        wcl_pool_add(&l->tree_sets, &added, error) != WCL_OK)
        return WCL_FAILED;
    *set = wcl_tree_node_at(l->tree, node)->shared;
    *(uint32_t *)wcl_pool_at(&l->tree_sets, added) = *set;
    return WCL_OK;
}

static wcl_status load_xattrs(wcl_erofs_loader *l, wcl_nid nid, wcl_node node, wcl_error *error)
{
    wcl_erofs_xattrs xattrs;
    uint32_t set;
    size_t count;

    if (wcl_erofs_xattrs_open(l->image, nid, &xattrs, error) != WCL_OK ||
        load_shared(l, &xattrs, node, &set, error) != WCL_OK ||
        take_xattrs(l, &xattrs, false, &count, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_set_own_xattrs(l->tree, node, set, l->room.xattrs, count, error);
}

static wcl_status add_extent(wcl_erofs_loader *l, size_t count, const wcl_extent *extent,
                             wcl_error *error)
{
    if (WCL_LIST_RESERVE(l->extents, count, l->extent_capacity, error) != WCL_OK)
        return WCL_FAILED;
    l->extents[count] = *extent;
    if (extent->device != WCL_DEVICE_HOLE)
        l->extents[count].device += l->device_base;
    return WCL_OK;
}

/* Data that is in the image itself, which a tree keeps whole. */
static wcl_status load_bytes(wcl_erofs_loader *l, wcl_nid nid, wcl_node node,
                             wcl_erofs_extents *extents, wcl_error *error)
{
    wcl_extent extent;
    wcl_status status;

    if (extents->size > UINT16_MAX)
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "inode %llu keeps %llu bytes in the index itself; at most 65535 are loaded",
                        (unsigned long long)nid, (unsigned long long)extents->size);
    wcl_buffer_clear(&l->bytes);
    while ((status = wcl_erofs_extents_next(extents, &extent, error)) == WCL_OK)
        if (wcl_buffer_append(&l->bytes, wcl_erofs_bytes(l->image, &extent), (size_t)extent.length,
                              error) != WCL_OK)
            return WCL_FAILED;
    if (status == WCL_FAILED)
        return WCL_FAILED;
    return wcl_tree_set_bytes(l->tree, node, l->bytes.data, l->bytes.size, error);
}

static wcl_status load_file(wcl_erofs_loader *l, wcl_nid nid, wcl_node node, wcl_error *error)
{
    wcl_erofs_extents extents;
    wcl_extent extent;
    wcl_status status;
    size_t count = 0;

    if (wcl_erofs_extents_open(l->image, nid, &extents, error) != WCL_OK)
        return WCL_FAILED;
    if (!extents.size)
        return WCL_OK;
    if (!extents.chunks)
        return load_bytes(l, nid, node, &extents, error);
    while ((status = wcl_erofs_extents_next(&extents, &extent, error)) == WCL_OK) {
        if (extent.device == WCL_DEVICE_IMAGE)
            return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                            "inode %llu keeps chunks in the index itself, which are not loaded",
                            (unsigned long long)nid);
        if (add_extent(l, count++, &extent, error) != WCL_OK)
            return WCL_FAILED;
    }
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (count == 1 && l->extents[0].device != WCL_DEVICE_HOLE)
        return wcl_tree_set_data(l->tree, node, l->extents[0].device, l->extents[0].address,
                                 extents.size, error);
    return wcl_tree_set_extents(l->tree, node, extents.size, l->extents, count, error);
}

static wcl_status load_link(wcl_erofs_loader *l, wcl_nid nid, wcl_node node, wcl_error *error)
{
    wcl_buffer_clear(&l->bytes);
    if (wcl_erofs_read_link(l->image, nid, &l->bytes, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_set_bytes(l->tree, node, l->bytes.data, l->bytes.size, error);
}

static wcl_status load_node(wcl_erofs_loader *l, wcl_nid nid, const wcl_erofs_inode *inode,
                            wcl_node *node, wcl_error *error)
{
    wcl_erofs_inode empty = *inode;

    empty.size = 0;
    if (wcl_tree_add_node(l->tree, &empty, node, error) != WCL_OK ||
        load_xattrs(l, nid, *node, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISREG(inode->mode))
        return load_file(l, nid, *node, error);
    return S_ISLNK(inode->mode) ? load_link(l, nid, *node, error) : WCL_OK;
}

wcl_status wcl_erofs_loader_node(wcl_erofs_loader *loader, wcl_nid nid, wcl_node *node,
                                 wcl_error *error)
{
    wcl_erofs_inode inode;

    if (wcl_erofs_node_inode(loader->image, nid, &inode, error) != WCL_OK)
        return WCL_FAILED;
    return load_node(loader, nid, &inode, node, error);
}

wcl_status wcl_erofs_load_node(const wcl_erofs_image *image, wcl_nid nid, wcl_erofs_tree *tree,
                               uint32_t device_base, wcl_node *node, wcl_error *error)
{
    wcl_erofs_loader *loader = NULL;

    if (wcl_erofs_loader_new(image, tree, device_base, &loader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_erofs_loader_node(loader, nid, node, error);
    wcl_erofs_loader_free(loader);
    return status;
}

/* ---- All of them ---------------------------------------------------------------------------- */

static uint32_t nid_hash(const wcl_erofs_loader *l, wcl_nid nid)
{
    return wcl_hash(&l->tree->key, 0, &nid, sizeof(nid));
}

static uint32_t known_hash(const void *context, uint32_t number)
{
    const wcl_erofs_loader *l = context;

    return nid_hash(l, ((const known_inode *)wcl_pool_at(&l->known, number))->nid);
}

static wcl_node find_known(const wcl_erofs_loader *l, wcl_nid nid)
{
    const wcl_hash_table *table = &l->by_nid;

    if (!table->slots)
        return WCL_NO_NODE;
    for (uint32_t slot = nid_hash(l, nid) & table->mask; table->slots[slot];
         slot = (slot + 1) & table->mask) {
        const known_inode *known = wcl_pool_at(&l->known, table->slots[slot] - 1);
        if (known->nid == nid)
            return known->node;
    }
    return WCL_NO_NODE;
}

static wcl_status remember(wcl_erofs_loader *l, wcl_nid nid, wcl_node node, bool folder,
                           wcl_error *error)
{
    uint32_t number;

    if (wcl_hash_table_reserve(&l->by_nid, known_hash, l, error) != WCL_OK ||
        wcl_pool_add(&l->known, &number, error) != WCL_OK)
        return WCL_FAILED;
    *(known_inode *)wcl_pool_at(&l->known, number) = (known_inode) { nid, node };
    wcl_hash_table_add(&l->by_nid, nid_hash(l, nid), number);
    if (!folder)
        return WCL_OK;
    if (wcl_pool_add(&l->folders, &number, error) != WCL_OK)
        return WCL_FAILED;
    *(known_inode *)wcl_pool_at(&l->folders, number) = (known_inode) { nid, node };
    return WCL_OK;
}

/* The node of an inode, made when it is first met. */
static wcl_status node_of(wcl_erofs_loader *l, wcl_nid nid, wcl_node *node, wcl_error *error)
{
    wcl_erofs_inode inode;

    *node = find_known(l, nid);
    if (*node != WCL_NO_NODE) {
        if (wcl_tree_is_folder(l->tree, *node))
            return wcl_erofs_corrupt(nid, "is a folder with two names", error);
        return WCL_OK;
    }
    if (wcl_erofs_node_inode(l->image, nid, &inode, error) != WCL_OK ||
        load_node(l, nid, &inode, node, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISDIR(inode.mode) || inode.links > 1)
        return remember(l, nid, *node, S_ISDIR(inode.mode), error);
    return WCL_OK;
}

static wcl_status load_entry(wcl_erofs_loader *l, wcl_nid folder_nid, wcl_node folder,
                             const wcl_erofs_entry *entry, wcl_error *error)
{
    wcl_node node;

    if (l->entry_limit-- == 0)
        return wcl_erofs_corrupt(folder_nid, "shares its entries with other folders", error);
    /* Names that are the same by bytes were refused by the folder's order. */
    if (l->tree->names == WCL_NAMES_CASELESS &&
        wcl_tree_lookup(l->tree, folder, entry->name, entry->length) != WCL_NO_ENTRY)
        return wcl_erofs_corrupt(folder_nid, "has a name twice, in different case", error);
    if (node_of(l, entry->nid, &node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_link(l->tree, folder, entry->name, entry->length, node, NULL, error);
}

static wcl_status load_folder(wcl_erofs_loader *l, wcl_nid nid, wcl_node node, wcl_error *error)
{
    wcl_erofs_folder folder;
    wcl_erofs_entry entry;
    wcl_status status;

    if (wcl_erofs_folder_open(l->image, nid, &folder, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_erofs_folder_next(&folder, &entry, error)) == WCL_OK)
        if (load_entry(l, nid, node, &entry, error) != WCL_OK)
            return WCL_FAILED;
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status load_all(wcl_erofs_loader *l, wcl_error *error)
{
    wcl_nid root = wcl_erofs_root(l->image);
    wcl_erofs_inode inode;

    if (wcl_erofs_node_inode(l->image, root, &inode, error) != WCL_OK ||
        load_xattrs(l, root, WCL_TREE_ROOT, error) != WCL_OK ||
        remember(l, root, WCL_TREE_ROOT, true, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tree_set_inode(l->tree, WCL_TREE_ROOT, &inode);
    for (uint32_t i = 0; i < l->folders.count; i++) {
        known_inode folder = *(const known_inode *)wcl_pool_at(&l->folders, i);
        if (load_folder(l, folder.nid, folder.node, error) != WCL_OK)
            return WCL_FAILED;
    }
    return WCL_OK;
}

wcl_status wcl_erofs_load(const wcl_erofs_image *image, wcl_erofs_tree *tree, uint32_t device_base,
                          wcl_error *error)
{
    wcl_erofs_loader *loader = NULL;

    if (wcl_erofs_loader_new(image, tree, device_base, &loader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = load_all(loader, error);
    wcl_erofs_loader_free(loader);
    return status;
}
