/* Whiteouts of a layer: noted while its entries are added, applied when all are there. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "layer/entry/path.h"
#include "layer/store/index/index_private.h"

#define WHITEOUT_PREFIX ".wh."
#define OPAQUE_NAME ".wh..wh..opq"
/* Whiteouts of the implementation's own, of no meaning in a layer (".wh..wh.aufs", ".wh..wh.plnk").
 */
#define META_PREFIX ".wh..wh."
#define PSEUDO_LINKS ".wh..wh.plnk/"

/* Whether the path is, or is in, what a driver keeps for itself. */
static bool is_of_driver(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, META_PREFIX, strlen(META_PREFIX)) == 0 && strcmp(at, OPAQUE_NAME) != 0)
            return true;
    }
    return false;
}

bool wcl_index_is_pseudo_link(const char *path)
{
    return strncmp(path, PSEUDO_LINKS, strlen(PSEUDO_LINKS)) == 0;
}

wcl_status wcl_index_take_whiteout(wcl_buffer *path, wcl_whiteout_kind *kind, wcl_error *error)
{
    const char *base = wcl_path_base(wcl_buffer_text(path));
    size_t folder = (size_t)(base - wcl_buffer_text(path));

    *kind = is_of_driver(wcl_buffer_text(path)) ? WCL_WHITEOUT_OF_DRIVER : WCL_WHITEOUT_NONE;
    if (*kind == WCL_WHITEOUT_OF_DRIVER)
        return WCL_OK;
    if (strncmp(base, WHITEOUT_PREFIX, strlen(WHITEOUT_PREFIX)) != 0)
        return WCL_OK;
    if (strcmp(base, OPAQUE_NAME) == 0) {
        *kind = WCL_WHITEOUT_OF_CONTENTS;
        path->size = folder ? folder - 1 : 0;
        path->data[path->size] = '\0';
        return WCL_OK;
    }
    const char *name = base + strlen(WHITEOUT_PREFIX);
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return wcl_fail(error, WCL_CODE_INVALID_NAME, "it is a whiteout of nothing");
    *kind = WCL_WHITEOUT_OF_NAME;
    memmove(path->data + folder, name, strlen(name) + 1);
    path->size -= strlen(WHITEOUT_PREFIX);
    return WCL_OK;
}

wcl_status wcl_index_note_whiteout(wcl_index *index, wcl_whiteout_kind kind, wcl_error *error)
{
    bool is_short;

    if (kind == WCL_WHITEOUT_OF_DRIVER)
        return WCL_OK;
    if (wcl_index_shorten_path(&index->path, index->os, &is_short, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_paths_add(kind == WCL_WHITEOUT_OF_CONTENTS ? &index->opaques : &index->whiteouts,
                         wcl_buffer_text(&index->path), error);
}

/* Whether the layer has something else than a folder where a folder of the path would be. That
 * hides what the parents have beneath, and what is noted there says nothing any more. */
static bool is_beneath_file(const wcl_index *index, const char *path)
{
    size_t length;
    wcl_node node = wcl_tree_find_in_way(index->tree, path, &length);

    return node != WCL_NO_NODE && !wcl_index_is_whiteout(index->tree, node);
}

static wcl_status apply_opaque(wcl_index *index, const char *path, wcl_error *error)
{
    wcl_node node = *path ? wcl_tree_find(index->tree, path) : WCL_TREE_ROOT;

    /* A file there hides the parents' folder by itself. */
    if (node != WCL_NO_NODE && !wcl_tree_is_folder(index->tree, node))
        return WCL_OK;
    if (node == WCL_NO_NODE && is_beneath_file(index, path))
        return WCL_OK;
    if (node == WCL_NO_NODE) {
        const wcl_erofs_inode inode = { .mode = S_IFDIR | 0755 };
        if (wcl_tree_add_node(index->tree, &inode, &node, error) != WCL_OK ||
            wcl_index_mark_implicit(index, node, error) != WCL_OK ||
            wcl_index_place(index, path, node, error) != WCL_OK)
            return WCL_FAILED;
    }
    return wcl_index_set_xattr(index->tree, node, WCL_XATTR_OPAQUE, "y", 1, error);
}

static wcl_status apply_whiteout(wcl_index *index, const char *path, wcl_error *error)
{
    const wcl_erofs_inode whiteout = { .mode = S_IFCHR };
    wcl_node node = wcl_tree_find(index->tree, path);

    if (node != WCL_NO_NODE && wcl_tree_is_folder(index->tree, node))
        return apply_opaque(index, path, error);
    if (node != WCL_NO_NODE || is_beneath_file(index, path))
        return WCL_OK;
    if (wcl_tree_add_node(index->tree, &whiteout, &node, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_index_place(index, path, node, error);
}

/* What replaces folders first, since a whiteout of such a folder says the same. */
wcl_status wcl_index_apply_whiteouts(wcl_index *index, const wcl_hooks *hooks, wcl_error *error)
{
    const wcl_progress progress = { .operation = "import" };
    const char *path;
    size_t position = 0;

    while ((path = wcl_paths_next(&index->opaques, &position)))
        if (wcl_hooks_report(hooks, &progress, error) != WCL_OK ||
            apply_opaque(index, path, error) != WCL_OK ||
            wcl_index_check_memory(index, error) != WCL_OK)
            return WCL_FAILED;
    position = 0;
    while ((path = wcl_paths_next(&index->whiteouts, &position)))
        if (wcl_hooks_report(hooks, &progress, error) != WCL_OK ||
            apply_whiteout(index, path, error) != WCL_OK ||
            wcl_index_check_memory(index, error) != WCL_OK)
            return WCL_FAILED;
    return WCL_OK;
}
