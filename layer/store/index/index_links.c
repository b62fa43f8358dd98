/* Hard links of a layer, within it and into its parents. */
#include <string.h>

#include "base/error.h"
#include "layer/store/index/index_private.h"

wcl_status wcl_index_place_or_keep(wcl_index *index, const char *path, wcl_node node,
                                   wcl_error *error)
{
    if (!wcl_index_is_pseudo_link(path))
        return wcl_index_place(index, path, node, error);
    if (!index->pseudo_links && wcl_map_new(sizeof(node), &index->pseudo_links, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_map_set(index->pseudo_links, path, strlen(path), &node, error);
}

/* A link to what only a parent has: a file without data that says where. */
static wcl_status add_parent_link(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                                  wcl_error *error)
{
    const wcl_erofs_inode inode = { .mode = S_IFREG | 0644, .modified = entry->modified };
    const wcl_xattr link = { WCL_XATTR_LINK, index->target.data, index->target.size };
    wcl_node node;

    if (wcl_tree_add_node(index->tree, &inode, &node, error) != WCL_OK ||
        wcl_tree_set_xattrs(index->tree, node, NULL, 0, &link, 1, error) != WCL_OK ||
        wcl_paths_add(&index->parent_links, wcl_buffer_text(&index->target), error) != WCL_OK ||
        wcl_paths_add(&index->parent_links, path, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_place(index, path, node, error);
}

static wcl_node index_links_find_target(const wcl_index *index)
{
    const wcl_buffer *target = &index->target;
    const wcl_node *kept =
        index->pseudo_links ? wcl_map_find(index->pseudo_links, target->data, target->size) : NULL;

    return kept ? *kept : wcl_tree_find(index->tree, wcl_buffer_text(target));
}

wcl_status wcl_index_add_link(wcl_index *index, const wcl_tar_entry *entry, const char *path,
                              wcl_error *error)
{
    bool is_short;

    if (wcl_index_tidy_path(entry->link, entry->link_size, &index->target, error) != WCL_OK)
        return wcl_fail(error, WCL_CODE_INVALID_NAME,
                        "its hard link's target '%.200s' is not a path", entry->link);
    if (index->os == WCL_OS_WINDOWS)
        wcl_index_spell_root(&index->target);
    if (wcl_index_shorten_path(&index->target, index->os, &is_short, error) != WCL_OK)
        return WCL_FAILED;
    wcl_node node = index_links_find_target(index);
    if (node == WCL_NO_NODE)
        return add_parent_link(index, entry, path, error);
    if (wcl_tree_is_folder(index->tree, node))
        return wcl_fail(error, WCL_CODE_INVALID_DATA, "it is a hard link to the folder '%.200s'",
                        entry->link);
    wcl_node there;
    if (wcl_index_find(index, path, &there, error) != WCL_OK)
        return WCL_FAILED;
    if (there == node)
        return WCL_OK;
    return wcl_index_place(index, path, node, error);
}

const char *wcl_index_next_parent_link(const wcl_index *index, size_t *position, const char **link)
{
    const char *target = wcl_paths_next(&index->parent_links, position);

    *link = target ? wcl_paths_next(&index->parent_links, position) : NULL;
    return target;
}
