/* What a sandbox changes: its entries against its parents. */
#include <string.h>

#include "base/error.h"
#include "layer/store/read/entries.h"
#include "layer/store/sandbox/sandbox_read.h"

/* Where an entry of a sandbox is in its mount; false for what is beside the volume of Windows. */
static bool sandbox_changes_place_of(const wcl_lower *lower, const char *path, const char **place)
{
    size_t length = strlen(lower->root_name);

    *place = path;
    if (lower->chain.os != WCL_OS_WINDOWS)
        return true;
    if (strncmp(path, lower->root_name, length) != 0 || (path[length] && path[length] != '/'))
        return false;
    *place = path + length + (path[length] == '/');
    return true;
}

/* What a sandbox's reader gives is what changed; whether it was there before decides how. */
static wcl_status kind_of(const wcl_layer_reader *reader, const wcl_entry *entry,
                          wcl_change_kind *kind, wcl_error *error)
{
    const wcl_lower *lower = &((const wcl_sandbox_reader *)reader)->lower;
    const char *place;
    uint32_t type;

    *kind = entry->kind == WCL_ENTRY_DELETED ? WCL_CHANGE_DELETED : WCL_CHANGE_MODIFIED;
    if (*kind == WCL_CHANGE_DELETED || !sandbox_changes_place_of(lower, entry->path, &place) ||
        !*place)
        return WCL_OK;
    if (wcl_lower_type(lower, place, &type, error) != WCL_OK)
        return WCL_FAILED;
    if (type == 0)
        *kind = WCL_CHANGE_ADDED;
    return WCL_OK;
}

wcl_status wcl_sandbox_changes(wcl_store *store, wcl_store_layer *layer, wcl_change_fn change,
                               void *context, wcl_error *error)
{
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;
    wcl_layer_reader *reader = NULL;
    wcl_change_kind kind;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status = wcl_sandbox_reader_open(store, layer, &reader, error);

    if (status == WCL_OK)
        ((wcl_sandbox_reader *)reader)->no_opaque = true;
    while (status == WCL_OK && (status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        if (entry.flags & WCL_ENTRY_IMPLICIT)
            continue;
        wcl_buffer_clear(&path);
        status = kind_of(reader, &entry, &kind, error);
        if (status == WCL_OK)
            status = wcl_buffer_printf(&path, error, "/%s", entry.path);
        if (status == WCL_OK)
            status = change(context, wcl_buffer_text(&path), kind, error);
    }
    wcl_layer_reader_close(reader, NULL);
    return status == WCL_END ? WCL_OK : status;
}
