/* Merging a layer with its parents into one index. */
#include "layer/store/mount/chain.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cursor.h"
#include "base/error.h"
#include "base/hooks.h"
#include "erofs/image.h"
#include "base/map.h"

/* Folders in folders; paths of entries are no deeper (wcl_path_check()). */
#define DEPTH_MAX 1100

/* ---- Applying one layer ---------------------------------------------------------------------- */

typedef struct merge {
    wcl_erofs_tree *tree;
    const wcl_erofs_image *image; /* of the layer being applied */
    wcl_erofs_loader *loader;
    uint32_t device_base;
    /* From inodes with several names, and links into the parents, which were found first, to nodes
     * of the tree. */
    wcl_map *nodes;
    unsigned depth;
    const wcl_hooks *hooks;
    wcl_progress progress;
} merge;

typedef wcl_status (*visit_fn)(merge *merge, wcl_node folder, const wcl_erofs_entry *entry,
                               wcl_error *error);

/* Calls `visit` for all that is in a folder of the layer. */
static wcl_status each_in(merge *merge, wcl_nid nid, wcl_node folder, visit_fn visit,
                          wcl_error *error)
{
    wcl_erofs_folder walk;
    wcl_erofs_entry entry;
    wcl_status status = WCL_OK;

    if (++merge->depth > DEPTH_MAX)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the index has folders nested deeper than %d",
                        DEPTH_MAX);
    if (wcl_erofs_folder_open(merge->image, nid, &walk, error) != WCL_OK)
        return WCL_FAILED;
    while (status == WCL_OK && (status = wcl_erofs_folder_next(&walk, &entry, error)) == WCL_OK) {
        merge->progress.entries++;
        status = wcl_hooks_report(merge->hooks, &merge->progress, error);
        if (status == WCL_OK)
            status = visit(merge, folder, &entry, error);
    }
    merge->depth--;
    return status == WCL_END ? WCL_OK : status;
}

/* Finds the targets of links into the parents while the tree still is the parents'. */
static wcl_status find_link(merge *merge, wcl_node folder, const wcl_erofs_entry *entry,
                            wcl_error *error)
{
    wcl_erofs_xattr xattr;

    (void)folder;
    if (S_ISDIR(entry->type))
        return each_in(merge, entry->nid, WCL_TREE_ROOT, find_link, error);
    if (!S_ISREG(entry->type))
        return WCL_OK;
    wcl_status status =
        wcl_erofs_find_xattr(merge->image, entry->nid, WCL_XATTR_LINK, &xattr, error);
    if (status != WCL_OK)
        return status == WCL_END ? WCL_OK : status;
    WCL_CLEANUP_FREE char *path = strndup((const char *)xattr.value, xattr.size);
    if (!path)
        return wcl_fail_memory(error);
    wcl_node target = wcl_tree_find(merge->tree, path);
    if (target == WCL_NO_NODE || wcl_tree_is_folder(merge->tree, target))
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                        "the target '%.200s' of the hard link '%.*s' is not in the parent layers",
                        path, (int)entry->length, entry->name);
    return wcl_map_set(merge->nodes, &entry->nid, sizeof(entry->nid), &target, error);
}

static bool is_whiteout(const wcl_erofs_inode *inode)
{
    return S_ISCHR(inode->mode) && inode->device_major == 0 && inode->device_minor == 0;
}

static wcl_status has_xattr(const merge *merge, wcl_nid nid, const char *name, bool *has,
                            wcl_error *error)
{
    wcl_erofs_xattr xattr;
    wcl_status status = wcl_erofs_find_xattr(merge->image, nid, name, &xattr, error);

    *has = status == WCL_OK;
    return status == WCL_FAILED ? status : WCL_OK;
}

/* Copies an inode of the layer into the tree; its alternate streams then are in the device that the
 * layer's tar is there. */
static wcl_status load_node(merge *merge, wcl_nid nid, wcl_node *node, wcl_error *error)
{
    wcl_xattr streams;

    if (wcl_erofs_loader_node(merge->loader, nid, node, error) != WCL_OK)
        return WCL_FAILED;
    if (!merge->device_base ||
        !wcl_tree_find_xattr(merge->tree, *node, WCL_XATTR_STREAMS, &streams))
        return WCL_OK;
    if (streams.size < 4)
        return wcl_fail(error, WCL_CODE_CORRUPT, "the index has a damaged list of streams");
    WCL_CLEANUP_FREE uint8_t *moved = malloc(streams.size);
    if (!moved)
        return wcl_fail_memory(error);
    memcpy(moved, streams.value, streams.size);
    wcl_store_le32(moved, wcl_load_le32(moved) + merge->device_base);
    return wcl_index_set_xattr(merge->tree, *node, WCL_XATTR_STREAMS, moved, streams.size, error);
}

/* A node for an inode of the layer: the one it has already, or a new one. */
static wcl_status node_of(merge *merge, wcl_nid nid, const wcl_erofs_inode *inode, wcl_node *node,
                          wcl_error *error)
{
    const wcl_node *known = wcl_map_find(merge->nodes, &nid, sizeof(nid));

    if (known) {
        *node = *known;
        return WCL_OK;
    }
    if (load_node(merge, nid, node, error) != WCL_OK)
        return WCL_FAILED;
    if (inode->links > 1 && !S_ISDIR(inode->mode))
        return wcl_map_set(merge->nodes, &nid, sizeof(nid), node, error);
    return WCL_OK;
}

/* Gives a folder that the parents have the layer's own metadata. */
static wcl_status change_folder(merge *merge, wcl_node folder, wcl_nid nid,
                                const wcl_erofs_inode *inode, wcl_error *error)
{
    wcl_node loaded;

    if (load_node(merge, nid, &loaded, error) != WCL_OK)
        return WCL_FAILED;
    wcl_tree_set_inode(merge->tree, folder, inode);
    wcl_tree_copy_xattrs(merge->tree, loaded, folder);
    return WCL_OK;
}

static wcl_status apply_entry(merge *merge, wcl_node folder, const wcl_erofs_entry *entry,
                              wcl_error *error);

static wcl_status apply_folder(merge *merge, wcl_node folder, const wcl_erofs_entry *entry,
                               const wcl_erofs_inode *inode, wcl_entry_id found, wcl_error *error)
{
    bool opaque, implicit;
    wcl_node node;

    if (has_xattr(merge, entry->nid, WCL_XATTR_OPAQUE, &opaque, error) != WCL_OK ||
        has_xattr(merge, entry->nid, WCL_XATTR_IMPLICIT, &implicit, error) != WCL_OK)
        return WCL_FAILED;
    if (found != WCL_NO_ENTRY &&
        wcl_tree_is_folder(merge->tree, wcl_tree_entry_node(merge->tree, found))) {
        node = wcl_tree_entry_node(merge->tree, found);
        if (opaque)
            wcl_tree_clear(merge->tree, node);
        if (!implicit && change_folder(merge, node, entry->nid, inode, error) != WCL_OK)
            return WCL_FAILED;
    } else if (load_node(merge, entry->nid, &node, error) != WCL_OK ||
               wcl_tree_link(merge->tree, folder, entry->name, entry->length, node, NULL, error) !=
                   WCL_OK) {
        return WCL_FAILED;
    }
    return each_in(merge, entry->nid, node, apply_entry, error);
}

static wcl_status apply_entry(merge *merge, wcl_node folder, const wcl_erofs_entry *entry,
                              wcl_error *error)
{
    wcl_entry_id found = wcl_tree_lookup(merge->tree, folder, entry->name, entry->length);
    wcl_erofs_inode inode;
    wcl_node node;

    if (wcl_erofs_node_inode(merge->image, entry->nid, &inode, error) != WCL_OK)
        return WCL_FAILED;
    if (is_whiteout(&inode)) {
        if (found != WCL_NO_ENTRY)
            wcl_tree_unlink(merge->tree, found);
        return WCL_OK;
    }
    if (S_ISDIR(inode.mode))
        return apply_folder(merge, folder, entry, &inode, found, error);
    if (node_of(merge, entry->nid, &inode, &node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_link(merge->tree, folder, entry->name, entry->length, node, NULL, error);
}

/* The root's own metadata counts where the layer lists it. */
static wcl_status apply_root(merge *merge, wcl_error *error)
{
    wcl_nid root = wcl_erofs_root(merge->image);
    wcl_erofs_inode inode;
    bool implicit, opaque;

    if (wcl_erofs_node_inode(merge->image, root, &inode, error) != WCL_OK ||
        has_xattr(merge, root, WCL_XATTR_IMPLICIT, &implicit, error) != WCL_OK ||
        has_xattr(merge, root, WCL_XATTR_OPAQUE, &opaque, error) != WCL_OK)
        return WCL_FAILED;
    if (opaque)
        wcl_tree_clear(merge->tree, WCL_TREE_ROOT);
    if (!implicit && change_folder(merge, WCL_TREE_ROOT, root, &inode, error) != WCL_OK)
        return WCL_FAILED;
    return each_in(merge, root, WCL_TREE_ROOT, apply_entry, error);
}

static wcl_status open_image(const wcl_store *store, const char *id, const char *name,
                             wcl_erofs_image **image, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, name);

    if (!path)
        return wcl_fail_memory(error);
    if (wcl_erofs_image_open_file(path, image, error) == WCL_OK)
        return WCL_OK;
    wcl_error_context(error, NULL, name);
    return wcl_error_context(error, NULL, id);
}

static wcl_status apply_layer(const wcl_store *store, const char *id, const char *name,
                              uint32_t device_base, wcl_erofs_tree *tree, wcl_error *error)
{
    merge merge = { .tree = tree,
                    .device_base = device_base,
                    .hooks = store->hooks,
                    .progress = { .operation = "merge", .subject = id } };
    wcl_erofs_image *image = NULL;

    if (open_image(store, id, name, &image, error) != WCL_OK)
        return WCL_FAILED;
    merge.image = image;
    wcl_status status = wcl_map_new(sizeof(wcl_node), &merge.nodes, error);
    if (status == WCL_OK)
        status = wcl_erofs_loader_new(image, tree, device_base, &merge.loader, error);
    if (status == WCL_OK)
        status = each_in(&merge, wcl_erofs_root(image), WCL_TREE_ROOT, find_link, error);
    if (status == WCL_OK)
        status = apply_root(&merge, error);
    if (status != WCL_OK)
        wcl_error_context(error, NULL, id);
    wcl_map_free(merge.nodes);
    wcl_erofs_loader_free(merge.loader);
    wcl_erofs_image_free(image);
    return status;
}

/* ---- Chains --------------------------------------------------------------------------------- */

/* Whether the layer has that file. What cannot be looked at is not taken for missing: a chain would
 * be made, and kept, without it. */
static wcl_status look_for(const wcl_store *store, const char *id, const char *name, bool *is_there,
                           wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = wcl_store_path(store, id, name);
    struct stat info;

    if (!path)
        return wcl_fail_memory(error);
    *is_there = stat(path, &info) == 0;
    if (*is_there || errno == ENOENT)
        return WCL_OK;
    return wcl_fail_errno(error, errno, "cannot look for '%s'", path);
}

/* The i-th layer of the chain: 0 is the layer itself. */
static const char *chain_id(const wcl_layer_record *record, size_t i)
{
    return i == 0 ? record->id : record->parents[i - 1];
}

wcl_status wcl_chain_load(const wcl_store *store, const wcl_store_layer *layer,
                          wcl_erofs_tree **tree, wcl_error *error)
{
    const wcl_layer_record *record = &layer->record;
    size_t next = record->parent_count + 1; /* how many layers are to be applied */
    wcl_erofs_tree *made = NULL;
    bool is_there = false;

    wcl_status status = wcl_tree_new(
        record->os == WCL_OS_WINDOWS ? WCL_NAMES_CASELESS : WCL_NAMES_EXACT, &made, error);
    /* The nearest parent that has a chain spares applying it and what it stands on. */
    for (size_t i = 1; status == WCL_OK && i < next; i++) {
        status = look_for(store, chain_id(record, i), "chain.erofs", &is_there, error);
        if (status != WCL_OK || !is_there)
            continue;
        status = apply_layer(store, chain_id(record, i), "chain.erofs", (uint32_t)i, made, error);
        next = i;
    }
    if (status == WCL_OK)
        status = look_for(store, record->id, "layer.erofs", &is_there, error);
    for (size_t i = next; status == WCL_OK && i-- > 0;)
        if (i > 0 || is_there)
            status =
                apply_layer(store, chain_id(record, i), "layer.erofs", (uint32_t)i, made, error);
    if (status == WCL_OK)
        *tree = made;
    else
        wcl_tree_free(made);
    return status;
}

static wcl_status write_chain(const wcl_store *store, const wcl_store_layer *layer,
                              wcl_erofs_tree *tree, wcl_error *error)
{
    const wcl_layer_record *record = &layer->record;
    WCL_CLEANUP_FREE uint64_t *sizes = calloc(record->parent_count + 1, sizeof(*sizes));
    WCL_CLEANUP_TAR_SOURCE wcl_tar_source tars = { .store = store, .record = record, .own_fd = -1 };

    if (!sizes)
        return wcl_fail_memory(error);
    sizes[0] = record->tar_size;
    for (size_t i = 0; i < record->parent_count; i++) {
        WCL_CLEANUP_STORE_LAYER wcl_store_layer parent = WCL_STORE_LAYER_INIT;
        if (wcl_store_layer_open(store, record->parents[i], WCL_LOCK_NONE, &parent, error) !=
            WCL_OK)
            return WCL_FAILED;
        sizes[i + 1] = parent.record.tar_size;
    }
    return wcl_index_write(tree, layer->fd, "chain.erofs", sizes, record->parent_count + 1, &tars,
                           error);
}

wcl_status wcl_chain_ensure(const wcl_store *store, const wcl_store_layer *layer, wcl_error *error)
{
    wcl_erofs_tree *tree = NULL;
    bool is_there;

    if (look_for(store, layer->record.id, "chain.erofs", &is_there, error) != WCL_OK)
        return WCL_FAILED;
    if (is_there)
        return WCL_OK;
    wcl_status status = wcl_chain_load(store, layer, &tree, error);
    if (status == WCL_OK)
        status = write_chain(store, layer, tree, error);
    wcl_tree_free(tree);
    return status;
}

wcl_status wcl_chain_check_links(const wcl_store *store, const wcl_store_chain *parents,
                                 const wcl_index *index, wcl_error *error)
{
    wcl_erofs_tree *tree = NULL;
    wcl_status status = WCL_OK;
    size_t position = 0;
    const char *link, *path = wcl_index_next_parent_link(index, &position, &link);

    if (!path)
        return WCL_OK;
    if (parents->count == 0)
        return wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                        "the target '%.200s' of the hard link '%.200s' is not in the layer, which "
                        "has no parents",
                        path, link);
    status = wcl_chain_load(store, &parents->layers[0], &tree, error);
    for (; status == WCL_OK && path; path = wcl_index_next_parent_link(index, &position, &link)) {
        wcl_node node = wcl_tree_find(tree, path);
        if (node == WCL_NO_NODE || wcl_tree_is_folder(tree, node))
            status = wcl_fail(error, WCL_CODE_PATH_NOT_FOUND,
                              "the target '%.200s' of the hard link '%.200s' is neither in the "
                              "layer nor in its parents",
                              path, link);
    }
    wcl_tree_free(tree);
    return status;
}
