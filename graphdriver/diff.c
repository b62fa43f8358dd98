/* Diffs: a layer as a tar, a tar as a layer, and what a layer changes. */
#include <string.h>
#include <wcl/tar.h>

#include "base/error.h"
#include "graphdriver/driver.h"

static bool is_sandbox(const wcl_layer_info *info)
{
    return strcmp(info->kind, "sandbox") == 0;
}

/* Whether `parent` ("" for none) is the layer's own. */
static bool is_own_parent(const wcl_layer_info *info, const char *parent)
{
    if (info->parent_count == 0 || wcl_graphdriver_is_scratch_of(info->parents[0], info->id))
        return *parent == '\0';
    return strcmp(info->parents[0], parent) == 0;
}

/* What is known of a layer, which is made complete before. */
static wcl_status look_up(wcl_graphdriver *driver, const char *id, const char *parent,
                          wcl_layer_info **info, wcl_error *error)
{
    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    if (*parent && wcl_layer_id_check(parent, error) != WCL_OK)
        return wcl_error_context(error, NULL, "its parent");
    if (wcl_graphdriver_settle(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_get_info(&driver->layers, id, info, error);
}

static wcl_status fail_parent(const wcl_layer_info *info, const char *parent, wcl_error *error)
{
    bool own = info->parent_count && !wcl_graphdriver_is_scratch_of(info->parents[0], info->id);

    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "its parent is '%s'; what it changes of '%s' cannot be told",
                    own ? info->parents[0] : "", parent);
}

/* ---- Diff ------------------------------------------------------------------------------------ */

/* All that a read-only layer shows, as a tar. */
static wcl_status write_merged(wcl_graphdriver *driver, const char *id, wcl_write_fn write,
                               void *context, wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    if (wcl_layer_merged_reader_open(&driver->layers, id, &reader, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_tar_writer_open(write, context, NULL, &writer, error);
    if (status == WCL_OK)
        status = wcl_layer_copy(reader, writer, driver->layers.hooks, error);
    if (wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return WCL_FAILED;
}

static wcl_status diff(wcl_graphdriver *driver, const char *id, const char *parent,
                       wcl_write_fn write, void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (look_up(driver, id, parent, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (is_own_parent(info, parent))
        return wcl_layer_export_tar(&driver->layers, id, (wcl_parents) { NULL, 0 }, write, context,
                                    NULL, error);
    if (*parent || is_sandbox(info))
        return fail_parent(info, parent, error);
    return write_merged(driver, id, write, context, error);
}

wcl_status wcl_graphdriver_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                wcl_write_fn write, void *context, wcl_error *error)
{
    return diff(driver, id, parent ? parent : "", write, context, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "diff", id);
}

/* ---- Changes and sizes ----------------------------------------------------------------------- */

static wcl_status changes(wcl_graphdriver *driver, const char *id, const char *parent,
                          wcl_status (*change)(void *context, const char *path,
                                               wcl_change_kind kind, wcl_error *error),
                          void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (look_up(driver, id, parent, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (is_own_parent(info, parent))
        return wcl_layer_changes(&driver->layers, id, NULL, change, context, error);
    if (!*parent || is_sandbox(info))
        return fail_parent(info, parent, error);
    if (wcl_graphdriver_settle(driver, parent, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_changes(&driver->layers, id, parent, change, context, error);
}

wcl_status wcl_graphdriver_changes(wcl_graphdriver *driver, const char *id, const char *parent,
                                   wcl_status (*change)(void *context, const char *path,
                                                        wcl_change_kind kind, wcl_error *error),
                                   void *context, wcl_error *error)
{
    return changes(driver, id, parent ? parent : "", change, context, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "list changes", id);
}

/* The files that a writable layer holds; a hard link's file counts once. */
static wcl_status measure(wcl_graphdriver *driver, const char *id, uint64_t *size, wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;

    wcl_status status =
        wcl_layer_reader_open(&driver->layers, id, (wcl_parents) { NULL, 0 }, &reader, error);
    while (status == WCL_OK) {
        status = wcl_layer_reader_next(reader, &entry, error);
        if (status == WCL_OK && entry.kind == WCL_ENTRY_FILE)
            *size += entry.size;
    }
    if (reader && wcl_layer_reader_close(reader, status == WCL_END ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

static wcl_status diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                            uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    *size = 0;
    if (look_up(driver, id, parent, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (!is_own_parent(info, parent))
        return fail_parent(info, parent, error);
    if (is_sandbox(info))
        return measure(driver, id, size, error);
    *size = info->data_size;
    return WCL_OK;
}

wcl_status wcl_graphdriver_diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                                     uint64_t *size, wcl_error *error)
{
    return diff_size(driver, id, parent ? parent : "", size, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "measure", id);
}

/* ---- ApplyDiff ------------------------------------------------------------------------------- */

/* The layers that one on `parent` stands on. The list's texts are `*info`'s and the caller's. */
static wcl_status chain_of(wcl_graphdriver *driver, const char *parent, wcl_layer_info **info,
                           const char ***chain, size_t *count, wcl_error *error)
{
    *count = 0;
    if (!*parent)
        return WCL_OK;
    if (wcl_graphdriver_settle(driver, parent, error) != WCL_OK ||
        wcl_layer_get_info(&driver->layers, parent, info, error) != WCL_OK)
        return WCL_FAILED;
    wcl_buffer list = WCL_BUFFER_INIT;
    const char **ids = NULL;
    if (wcl_buffer_append_zeros(&list, ((*info)->parent_count + 1) * sizeof(*ids), error) == WCL_OK)
        ids = wcl_buffer_detach(&list, NULL, error);
    if (!ids)
        return WCL_FAILED;
    ids[0] = (*info)->id;
    for (size_t i = 0; i < (*info)->parent_count; i++)
        ids[i + 1] = (*info)->parents[i];
    *chain = ids;
    *count = (*info)->parent_count + 1;
    return WCL_OK;
}

/* Makes a layer that somebody looked at while it was empty one to be filled again. */
static wcl_status unsettle(wcl_graphdriver *driver, const char *id, char **parent, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (strcmp(info->kind, "empty") != 0)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS,
                        is_sandbox(info) ? "the layer is writable; a diff can be applied to a "
                                           "read-only one that is new"
                                         : "the layer is filled already");
    wcl_buffer own = WCL_BUFFER_INIT;
    if (wcl_buffer_append_text(&own, info->parent_count ? info->parents[0] : "", error) != WCL_OK ||
        !(*parent = wcl_buffer_detach(&own, NULL, error)))
        return WCL_FAILED;
    if (wcl_pending_add(driver, id, *parent, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_destroy(&driver->layers, id, error) == WCL_OK)
        return WCL_OK;
    wcl_pending_remove(driver, id);
    return WCL_FAILED;
}

static wcl_status import(wcl_graphdriver *driver, const char *id, const char *parent,
                         wcl_read_fn read, void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    WCL_CLEANUP_FREE const char **chain = NULL;
    size_t count;

    if (chain_of(driver, parent, &info, &chain, &count, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_import_tar(&driver->layers, id, (wcl_parents) { chain, count }, read, context,
                                NULL, NULL, error);
}

static wcl_status apply(wcl_graphdriver *driver, const char *id, const char *parent,
                        wcl_read_fn read, void *context, uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FREE char *own = NULL;
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    bool filled;

    /* A layer with a note besides was filled by a process that ended just then. */
    if (wcl_layer_exists(&driver->layers, id, &filled, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = filled ? WCL_END : wcl_pending_parent(driver, id, &own, error);
    if (status == WCL_END)
        status = unsettle(driver, id, &own, error);
    if (status != WCL_OK)
        return WCL_FAILED;
    if (strcmp(own, parent) != 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the layer was created on '%s', not on '%s'", own, parent);
    if (import(driver, id, parent, read, context, error) != WCL_OK)
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    if (wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK)
        return WCL_FAILED;
    *size = info->data_size;
    return WCL_OK;
}

wcl_status wcl_graphdriver_apply_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                      wcl_read_fn read, void *context, uint64_t *size,
                                      wcl_error *error)
{
    wcl_reference *reference;

    if (wcl_layer_id_check(id, error) != WCL_OK ||
        wcl_references_enter(&driver->references, id, &reference, error) != WCL_OK)
        return wcl_error_context(error, "apply diff", id);
    wcl_status status = apply(driver, id, parent ? parent : "", read, context, size, error);
    wcl_references_leave(&driver->references, reference);
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "apply diff", id);
}
