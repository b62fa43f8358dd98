/* Putting a layer on parents that were not there when it was imported. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/error.h"
#include "layer/store/import/import.h"
#include "layer/store/mount/chain.h"
#include "layer/store/store.h"

static wcl_status check_pair(const wcl_layer_record *record, const wcl_layer_record *parent,
                             wcl_error *error)
{
    if (record->kind == WCL_LAYER_SANDBOX)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER, "it is a sandbox");
    if (parent->kind == WCL_LAYER_SANDBOX)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the parent '%s' is a sandbox; a read-only layer cannot stand on one",
                        parent->id);
    if (record->entries == 0 || record->os == parent->os || parent->os == WCL_OS_UNKNOWN)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_INVALID_DATA,
                    "the layer looks like one of %s, which its parent '%s' is not",
                    record->os == WCL_OS_WINDOWS ? "Windows" : "Linux", parent->id);
}

/* The parent, and what it stands on. */
static wcl_status take_chain(const wcl_store *store, wcl_layer_record *record,
                             const wcl_layer_record *parent, wcl_error *error)
{
    WCL_CLEANUP_FREE const char **ids = calloc(parent->parent_count + 1, sizeof(*ids));

    if (!ids)
        return wcl_fail_memory(error);
    ids[0] = parent->id;
    for (size_t i = 0; i < parent->parent_count; i++)
        ids[i + 1] = parent->parents[i];
    return wcl_layer_record_set_parents(record, store,
                                        (wcl_parents) { ids, parent->parent_count + 1 }, error);
}

static wcl_status check_links(const wcl_store *store, const wcl_store_layer *layer,
                              wcl_error *error)
{
    wcl_erofs_tree *tree = NULL;

    if (!layer->record.links_below)
        return WCL_OK;
    wcl_status status = wcl_chain_load(store, layer, &tree, error);
    wcl_tree_free(tree);
    return status;
}

static wcl_status rebase(const wcl_store *store, wcl_store_layer *layer, const char *parent,
                         wcl_error *error)
{
    WCL_CLEANUP_STORE_LAYER wcl_store_layer below = WCL_STORE_LAYER_INIT;
    wcl_layer_record *record = &layer->record;

    if (wcl_store_layer_open(store, parent, WCL_LOCK_SHARED, &below, error) != WCL_OK ||
        check_pair(record, &below.record, error) != WCL_OK ||
        take_chain(store, record, &below.record, error) != WCL_OK)
        return WCL_FAILED;
    if (record->kind == WCL_LAYER_BASE)
        record->kind = WCL_LAYER_LAYER;
    record->os = below.record.os ? below.record.os : record->os;
    if (unlinkat(layer->fd, "chain.erofs", 0) != 0 && errno != ENOENT)
        return wcl_fail_errno(error, errno, "cannot remove the index of what it stood on");
    return check_links(store, layer, error) == WCL_OK
               ? wcl_layer_record_write(layer->fd, record, error)
               : WCL_FAILED;
}

wcl_status wcl_store_rebase(const wcl_driver *driver, const char *id, const char *parent,
                            wcl_error *error)
{
    WCL_CLEANUP_STORE wcl_store store = WCL_STORE_INIT;
    WCL_CLEANUP_STORE_LAYER wcl_store_layer layer = WCL_STORE_LAYER_INIT;

    if (wcl_store_open(driver, &store, error) == WCL_OK &&
        wcl_store_layer_open(&store, id, WCL_LOCK_EXCLUSIVE, &layer, error) == WCL_OK &&
        rebase(&store, &layer, parent, error) == WCL_OK)
        return WCL_OK;
    return wcl_error_context(error, "rebase", id);
}
