/* The places of an index: what is there, and putting something there. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/entry/path.h"
#include "layer/store/index/index_private.h"
#include "layer/tar/limits.h"

/* ---- Finding -------------------------------------------------------------------------------- */

/* The folder that holds `path`; WCL_NO_NODE where there is none yet. */
wcl_status wcl_index_find_parent(wcl_index *index, const char *path, wcl_node *folder,
                                 wcl_error *error)
{
    size_t length = wcl_path_parent_length(path);
    wcl_buffer *last = &index->folder_path;

    *folder = index->folder;
    /* A folder that is replaced, or is in one that is, loses its entry. */
    if (*folder != WCL_NO_NODE && last->size == length && memcmp(last->data, path, length) == 0 &&
        (*folder == WCL_TREE_ROOT || wcl_tree_node_entry(index->tree, *folder) != WCL_NO_ENTRY))
        return WCL_OK;
    index->folder = WCL_NO_NODE;
    wcl_buffer_clear(last);
    if (wcl_buffer_append(last, path, length, error) != WCL_OK)
        return WCL_FAILED;
    *folder = wcl_tree_find(index->tree, wcl_buffer_text(last));
    if (*folder != WCL_NO_NODE && !wcl_tree_is_folder(index->tree, *folder))
        *folder = WCL_NO_NODE;
    index->folder = *folder;
    return WCL_OK;
}

/* What is at the path of an entry; WCL_NO_NODE: nothing. */
wcl_status wcl_index_find(wcl_index *index, const char *path, wcl_node *node, wcl_error *error)
{
    const char *name = wcl_path_base(path);

    if (wcl_index_find_parent(index, path, node, error) != WCL_OK)
        return WCL_FAILED;
    if (*node == WCL_NO_NODE || !*name)
        return WCL_OK;
    wcl_entry_id entry = wcl_tree_lookup(index->tree, *node, name, strlen(name));
    *node = entry == WCL_NO_ENTRY ? WCL_NO_NODE : wcl_tree_entry_node(index->tree, entry);
    return WCL_OK;
}

/* ---- Placing entries ------------------------------------------------------------------------ */

/*
 * A folder in place of a file that the same layer listed before hides what the parents have there,
 * as if the layer were unpacked entry by entry.
 */
static wcl_status note_replaced(wcl_index *index, const char *path, size_t length, wcl_error *error)
{
    if (wcl_buffer_append(&index->opaques, path, length, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_buffer_append_byte(&index->opaques, '\0', error);
}

/* Notes the file that stands in the way to `path`, if one does. */
static wcl_status note_file_in_way(wcl_index *index, const char *path, wcl_error *error)
{
    size_t length;

    if (wcl_tree_find_in_way(index->tree, path, &length) == WCL_NO_NODE)
        return WCL_OK;
    return note_replaced(index, path, length, error);
}

/* The folder that `path` belongs in; those that lead there and are not listed are made. */
static wcl_status implicit_parents(wcl_index *index, const char *path, wcl_node *folder,
                                   wcl_error *error)
{
    const wcl_erofs_inode inode = { .mode = S_IFDIR | 0755 };
    const wcl_xattr implicit = { WCL_XATTR_IMPLICIT, "y", 1 };

    if (wcl_index_find_parent(index, path, folder, error) != WCL_OK)
        return WCL_FAILED;
    if (*folder != WCL_NO_NODE)
        return WCL_OK;
    if (note_file_in_way(index, path, error) != WCL_OK)
        return WCL_FAILED;
    uint32_t before = wcl_tree_node_count(index->tree);
    if (wcl_tree_make_parents(index->tree, path, &inode, &implicit, 1, folder, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tar_count_entries(&index->counted, wcl_tree_node_count(index->tree) - before,
                                 index->max_entries, error);
}

wcl_status wcl_index_mark_implicit(wcl_index *index, wcl_node node, wcl_error *error)
{
    const wcl_xattr implicit = { WCL_XATTR_IMPLICIT, "y", 1 };
    return wcl_tree_set_xattrs(index->tree, node, &implicit, 1, NULL, 0, error);
}

/* Gives the node its place; a folder that is there already keeps what is in it. */
wcl_status wcl_index_place(wcl_index *index, const char *path, wcl_node node, wcl_error *error)
{
    const char *name = wcl_path_base(path);
    wcl_node folder;

    if (implicit_parents(index, path, &folder, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_tree_link(index->tree, folder, name, strlen(name), node, NULL, error);
}

/* ---- Nodes ---------------------------------------------------------------------------------- */

static wcl_status set_data(wcl_index *index, const wcl_tar_entry *entry, wcl_node node,
                           wcl_error *error)
{
    if (entry->size == 0)
        return WCL_OK;
    index->data_size += entry->size;
    if (!entry->is_sparse)
        return wcl_tree_set_data(index->tree, node, 1, entry->data_offset, entry->size, error);
    WCL_CLEANUP_FREE wcl_extent *extents = calloc(entry->segment_count + 1, sizeof(*extents));
    if (!extents)
        return wcl_fail_memory(error);
    size_t count = 0;
    for (size_t i = 0; i < entry->segment_count; i++) {
        const wcl_tar_segment *segment = &entry->segments[i];
        if (segment->size)
            extents[count++] = (wcl_extent) { .offset = segment->offset,
                                              .length = segment->size,
                                              .device = 1,
                                              .address = segment->position };
    }
    return wcl_tree_set_extents(index->tree, node, entry->size, extents, count, error);
}

wcl_status wcl_index_make_node(wcl_index *index, const wcl_tar_entry *entry,
                               const wcl_erofs_inode *inode, wcl_node *node, wcl_error *error)
{
    if (wcl_tree_add_node(index->tree, inode, node, error) != WCL_OK)
        return WCL_FAILED;
    if (S_ISREG(inode->mode))
        return set_data(index, entry, *node, error);
    return WCL_OK;
}

/* A folder: the one that is there, changed, or a new one. */
wcl_status wcl_index_place_folder(wcl_index *index, const char *path, const wcl_erofs_inode *inode,
                                  wcl_node *node, wcl_error *error)
{
    wcl_node there = WCL_TREE_ROOT;

    if (*path && wcl_index_find(index, path, &there, error) != WCL_OK)
        return WCL_FAILED;
    if (there != WCL_NO_NODE && wcl_tree_is_folder(index->tree, there)) {
        /* Listed after what is in it, or twice: the tar cannot be read in the order of its entries.
         */
        index->scattered |= *path != '\0';
        wcl_tree_set_inode(index->tree, there, inode);
        *node = there;
        return WCL_OK;
    }
    if (there != WCL_NO_NODE && note_replaced(index, path, strlen(path), error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_tree_add_node(index->tree, inode, node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_place(index, path, *node, error);
}

wcl_status wcl_index_place_file(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                const wcl_erofs_inode *inode, wcl_node *node, wcl_error *error)
{
    if (wcl_index_make_node(index, entry, inode, node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_place(index, path, *node, error);
}

/* ---- Asking --------------------------------------------------------------------------------- */

wcl_status wcl_index_check_memory(const wcl_index *index, wcl_error *error)
{
    uint64_t memory = index->whiteouts.size + index->opaques.size + index->parent_links.size +
                      (index->tree ? wcl_tree_memory(index->tree) : 0);

    if (memory <= index->max_memory)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE,
                    "the layer's index takes more than the %llu bytes of memory that are allowed; "
                    "--max-memory raises the limit",
                    (unsigned long long)index->max_memory);
}

bool wcl_index_is_whiteout(const wcl_erofs_tree *tree, wcl_node node)
{
    wcl_erofs_inode inode;

    wcl_tree_get_inode(tree, node, &inode);
    return S_ISCHR(inode.mode) && inode.device_major == 0 && inode.device_minor == 0;
}

bool wcl_index_is_opaque(const wcl_erofs_tree *tree, wcl_node node)
{
    wcl_xattr xattr;
    return wcl_tree_find_xattr(tree, node, WCL_XATTR_OPAQUE, &xattr);
}
