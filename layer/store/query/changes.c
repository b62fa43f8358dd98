/* What a layer changes: two merged trees side by side. */
#include <string.h>

#include "base/error.h"
#include "base/hooks.h"
#include "layer/store/query/ask.h"
#include "layer/store/mount/chain.h"
#include "layer/store/read/entries.h"
#include "layer/store/query/same_data.h"

typedef struct comparison {
    const wcl_store *store;
    wcl_merged_side before, after;
    wcl_progress progress;
    wcl_buffer path;
    wcl_status (*change)(void *context, const char *path, wcl_change_kind kind, wcl_error *error);
    void *context;
} comparison;

/* ---- Nodes ----------------------------------------------------------------------------------- */

/* Where things are in a tar says nothing about what they are. */
static bool is_about_place(const char *name)
{
    return strcmp(name, WCL_XATTR_STREAMS) == 0 || strcmp(name, WCL_XATTR_IMPLICIT) == 0;
}

static size_t count_xattrs(const wcl_erofs_tree *tree, wcl_node node)
{
    wcl_xattr xattr;
    size_t count = 0;

    for (size_t i = 0; wcl_tree_xattr(tree, node, i, &xattr); i++)
        count += !is_about_place(xattr.name);
    return count;
}

static bool same_xattrs(const comparison *comparison, wcl_node before, wcl_node after)
{
    wcl_xattr a, b;

    if (count_xattrs(comparison->before.tree, before) !=
        count_xattrs(comparison->after.tree, after))
        return false;
    for (size_t i = 0; wcl_tree_xattr(comparison->before.tree, before, i, &a); i++) {
        if (is_about_place(a.name))
            continue;
        /* Most often it is at the same place of the list. */
        bool found =
            wcl_tree_xattr(comparison->after.tree, after, i, &b) && strcmp(a.name, b.name) == 0;
        if (!found && !wcl_tree_find_xattr(comparison->after.tree, after, a.name, &b))
            return false;
        if (a.size != b.size || memcmp(a.value, b.value, a.size) != 0)
            return false;
    }
    return true;
}

static bool same_inode(const wcl_erofs_inode *a, const wcl_erofs_inode *b)
{
    return a->mode == b->mode && a->uid == b->uid && a->gid == b->gid &&
           a->modified.tv_sec == b->modified.tv_sec && a->modified.tv_nsec == b->modified.tv_nsec &&
           a->device_major == b->device_major && a->device_minor == b->device_minor &&
           (S_ISDIR(a->mode) || a->size == b->size);
}

static bool same_link(const comparison *comparison, wcl_node before, wcl_node after)
{
    size_t size_a = 0, size_b = 0;
    const void *a = wcl_tree_bytes(comparison->before.tree, before, &size_a);
    const void *b = wcl_tree_bytes(comparison->after.tree, after, &size_b);

    return (a != NULL) == (b != NULL) && (!a || (size_a == size_b && memcmp(a, b, size_a) == 0));
}

static wcl_status same_node(comparison *comparison, wcl_node before, wcl_node after, bool *same,
                            wcl_error *error)
{
    wcl_erofs_inode a, b;

    wcl_tree_get_inode(comparison->before.tree, before, &a);
    wcl_tree_get_inode(comparison->after.tree, after, &b);
    *same = same_inode(&a, &b) && same_xattrs(comparison, before, after) &&
            same_link(comparison, before, after);
    if (!*same || !S_ISREG(a.mode))
        return WCL_OK;
    return wcl_same_data(comparison->store, &comparison->before, before, &comparison->after, after,
                         &comparison->progress, same, error);
}

/* ---- Folders --------------------------------------------------------------------------------- */

static wcl_status say_change(comparison *comparison, const wcl_merged_side *side,
                             wcl_entry_id entry, wcl_change_kind kind, wcl_error *error)
{
    wcl_buffer_clear(&comparison->path);
    if (wcl_buffer_append_byte(&comparison->path, '/', error) != WCL_OK ||
        wcl_tree_path(side->tree, entry, &comparison->path, error) != WCL_OK)
        return WCL_FAILED;
    return comparison->change(comparison->context, wcl_buffer_text(&comparison->path), kind, error);
}

/* Hears that the comparison shall end; once for each entry. */
static wcl_status go_on(comparison *comparison, wcl_error *error)
{
    comparison->progress.entries++;
    return wcl_hooks_report(comparison->store->hooks, &comparison->progress, error);
}

/* All that is in a new folder is new too. */
static wcl_status tell_added(comparison *comparison, wcl_entry_id entry, wcl_error *error)
{
    wcl_erofs_tree *tree = comparison->after.tree;
    wcl_node node = wcl_tree_entry_node(tree, entry);
    wcl_status status = go_on(comparison, error);

    if (status == WCL_OK)
        status = say_change(comparison, &comparison->after, entry, WCL_CHANGE_ADDED, error);
    if (status != WCL_OK || !wcl_tree_is_folder(tree, node))
        return status;
    for (wcl_entry_id inner = wcl_tree_first(tree, node); status == WCL_OK && inner != WCL_NO_ENTRY;
         inner = wcl_tree_next(tree, inner))
        status = tell_added(comparison, inner, error);
    return status;
}

static wcl_status compare_folders(comparison *comparison, wcl_node before, wcl_node after,
                                  wcl_error *error);

static wcl_status compare_entries(comparison *comparison, wcl_entry_id old, wcl_entry_id new,
                                  wcl_error *error)
{
    wcl_node before = wcl_tree_entry_node(comparison->before.tree, old);
    wcl_node after = wcl_tree_entry_node(comparison->after.tree, new);
    bool was_folder = wcl_tree_is_folder(comparison->before.tree, before);
    bool is_folder = wcl_tree_is_folder(comparison->after.tree, after);
    bool same;

    if (go_on(comparison, error) != WCL_OK ||
        same_node(comparison, before, after, &same, error) != WCL_OK)
        return WCL_FAILED;
    if (!same &&
        say_change(comparison, &comparison->after, new, WCL_CHANGE_MODIFIED, error) != WCL_OK)
        return WCL_FAILED;
    if (was_folder && is_folder)
        return compare_folders(comparison, before, after, error);
    wcl_status status = WCL_OK;
    if (is_folder)
        for (wcl_entry_id inner = wcl_tree_first(comparison->after.tree, after);
             status == WCL_OK && inner != WCL_NO_ENTRY;
             inner = wcl_tree_next(comparison->after.tree, inner))
            status = tell_added(comparison, inner, error);
    return status;
}

static wcl_entry_id counterpart(const wcl_erofs_tree *tree, wcl_node folder,
                                const wcl_erofs_tree *other, wcl_entry_id entry)
{
    size_t length;
    const char *name = wcl_tree_entry_name(other, entry, &length);
    return wcl_tree_lookup(tree, folder, name, length);
}

static wcl_status compare_folders(comparison *comparison, wcl_node before, wcl_node after,
                                  wcl_error *error)
{
    wcl_erofs_tree *old = comparison->before.tree, *new = comparison->after.tree;
    wcl_status status = WCL_OK;

    for (wcl_entry_id entry = wcl_tree_first(old, before);
         status == WCL_OK && entry != WCL_NO_ENTRY; entry = wcl_tree_next(old, entry))
        if (counterpart(new, after, old, entry) == WCL_NO_ENTRY)
            status = say_change(comparison, &comparison->before, entry, WCL_CHANGE_DELETED, error);
    for (wcl_entry_id entry = wcl_tree_first(new, after); status == WCL_OK && entry != WCL_NO_ENTRY;
         entry = wcl_tree_next(new, entry)) {
        wcl_entry_id there = counterpart(old, before, new, entry);
        status = there == WCL_NO_ENTRY ? tell_added(comparison, entry, error)
                                       : compare_entries(comparison, there, entry, error);
    }
    return status;
}

/* ---- As a whole ------------------------------------------------------------------------------ */

static wcl_status open_side(const wcl_store *store, const char *id, wcl_merged_side *side,
                            wcl_error *error)
{
    if (wcl_store_layer_open(store, id, WCL_LOCK_SHARED, &side->layer, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_chain_load(store, &side->layer, &side->tree, error);
}

static wcl_status compare_sandbox(comparison *comparison, wcl_store *store, wcl_store_layer *layer,
                                  const char *other, wcl_error *error)
{
    const wcl_driver driver = { .struct_size = sizeof(driver),
                                .flavour = WCL_FLAVOUR_FILTER,
                                .home_dir = store->home,
                                .hooks = store->hooks };
    wcl_store again = WCL_STORE_INIT;

    if (other && (!layer->record.parent_count || strcmp(other, layer->record.parents[0]) != 0))
        return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                        "a sandbox can be compared with its parent only");
    if (wcl_store_open(&driver, &again, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_sandbox_changes(&again, layer, comparison->change, comparison->context, error);
}

static wcl_status changes_compare(comparison *comparison, wcl_store *store, const char *id,
                                  const char *other, wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_layer_open(store, id, WCL_LOCK_SHARED, &layer, error) != WCL_OK)
        return WCL_FAILED;
    if (layer.record.kind == WCL_LAYER_SANDBOX)
        return compare_sandbox(comparison, store, &layer, other, error);
    if (!other && layer.record.parent_count)
        other = layer.record.parents[0];
    if (other ? open_side(store, other, &comparison->before, error) != WCL_OK
              : wcl_tree_new(WCL_NAMES_EXACT, &comparison->before.tree, error) != WCL_OK)
        return WCL_FAILED;
    if (open_side(store, id, &comparison->after, error) != WCL_OK)
        return WCL_FAILED;
    return compare_folders(comparison, WCL_TREE_ROOT, WCL_TREE_ROOT, error);
}

wcl_status wcl_store_changes(const wcl_driver *driver, const char *id, const char *other,
                             wcl_status (*change)(void *context, const char *path,
                                                  wcl_change_kind kind, wcl_error *error),
                             void *context, wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    comparison comparison = { .store = &store,
                              .before = WCL_MERGED_SIDE_INIT,
                              .after = WCL_MERGED_SIDE_INIT,
                              .progress = { .operation = "diff", .subject = id },
                              .change = change,
                              .context = context };

    wcl_status status = wcl_store_open(driver, &store, error);
    if (status == WCL_OK)
        status = changes_compare(&comparison, &store, id, other, error);
    wcl_merged_side_close(&comparison.before);
    wcl_merged_side_close(&comparison.after);
    wcl_buffer_free(&comparison.path);
    return status;
}
