/* Looking files of an image up. */
#include "image/append/base.h"

#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "layer/internal.h"

struct wcl_append_base {
    wcl_store store;
    wcl_store_layer layer;
    wcl_erofs_tree *tree;
    wcl_buffer spelling;
    wcl_buffer target;
};

wcl_status wcl_append_base_open(const wcl_driver *driver, const char *id, wcl_append_base **base,
                                wcl_error *error)
{
    wcl_append_base *made = calloc(1, sizeof(*made));

    if (!made)
        return wcl_fail_memory(error);
    made->store = (wcl_store)WCL_STORE_INIT;
    made->layer = (wcl_store_layer)WCL_STORE_LAYER_INIT;
    if (wcl_store_open(driver, &made->store, error) == WCL_OK &&
        wcl_store_layer_open(&made->store, id, WCL_LOCK_SHARED, &made->layer, error) == WCL_OK &&
        wcl_chain_load(&made->store, &made->layer, &made->tree, error) == WCL_OK) {
        *base = made;
        return WCL_OK;
    }
    wcl_append_base_free(made);
    return WCL_FAILED;
}

void wcl_append_base_free(wcl_append_base *base)
{
    if (!base)
        return;
    wcl_tree_free(base->tree);
    wcl_store_layer_close(&base->layer);
    wcl_store_close(&base->store);
    wcl_buffer_free(&base->spelling);
    wcl_buffer_free(&base->target);
    free(base);
}

static wcl_status read_target(wcl_append_base *base, wcl_node node, wcl_append_base_file *file,
                              wcl_error *error)
{
    size_t size;
    const void *text = wcl_tree_bytes(base->tree, node, &size);

    wcl_buffer_clear(&base->target);
    if (text && wcl_buffer_append(&base->target, text, size, error) != WCL_OK)
        return WCL_FAILED;
    file->target = wcl_buffer_text(&base->target);
    return WCL_OK;
}

static void read_metadata(const wcl_append_base *base, wcl_node node, wcl_append_base_file *file)
{
    wcl_xattr xattr;

    if (wcl_tree_find_xattr(base->tree, node, WCL_XATTR_SD, &xattr)) {
        file->security = xattr.value;
        file->security_size = xattr.size;
    }
    if (wcl_tree_find_xattr(base->tree, node, WCL_XATTR_BASIC, &xattr))
        wcl_basic_info_load(xattr.value, xattr.size, &file->info);
}

wcl_status wcl_append_base_find(wcl_append_base *base, const char *path, wcl_append_base_file *file,
                                wcl_error *error)
{
    wcl_entry_id entry = base ? wcl_tree_find_entry(base->tree, path) : WCL_NO_ENTRY;

    *file = (wcl_append_base_file) { .kind = 0, .spelling = path };
    if (entry == WCL_NO_ENTRY)
        return WCL_OK;
    wcl_node node = wcl_tree_entry_node(base->tree, entry);
    file->kind = wcl_entry_kind_of_mode(wcl_tree_type(base->tree, node));
    wcl_buffer_clear(&base->spelling);
    if (wcl_tree_path(base->tree, entry, &base->spelling, error) != WCL_OK)
        return WCL_FAILED;
    file->spelling = wcl_buffer_text(&base->spelling);
    read_metadata(base, node, file);
    return file->kind == WCL_ENTRY_SYMLINK ? read_target(base, node, file, error) : WCL_OK;
}
