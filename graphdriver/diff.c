/* Diffs: a layer as a tar, a tar as a layer, and what a layer changes. */
#include <string.h>
#include <wcl/tar.h>

#include "base/error.h"
#include "base/options.h"
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

static wcl_status make_open(wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    wcl_mount_use *use;

    if (wcl_mounts_enter(&driver->mounts, id, &use, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_mounts_leave(&driver->mounts, use, wcl_graphdriver_make_open(driver, id, error));
}

/* What is known of a layer. One made by Create is complete by then if it must be `whole`. */
static wcl_status look_up(wcl_graphdriver *driver, const char *id, const char *parent, bool whole,
                          wcl_layer_info **info, wcl_error *error)
{
    if (wcl_layer_id_check(id, error) != WCL_OK)
        return WCL_FAILED;
    if (*parent && wcl_layer_id_check(parent, error) != WCL_OK)
        return wcl_error_context(error, NULL, "its parent");
    wcl_status status =
        whole ? wcl_graphdriver_settle(driver, id, error) : make_open(driver, id, error);
    if (status != WCL_OK || wcl_layer_get_info(&driver->layers, id, info, error) != WCL_OK)
        return WCL_FAILED;
    if (whole || is_own_parent(*info, parent) || !is_sandbox(*info))
        return WCL_OK;
    /* Only what is read-only can be compared with something other than its parent. */
    wcl_free(*info);
    *info = NULL;
    return look_up(driver, id, parent, true, info, error);
}

static wcl_status fail_parent(const wcl_layer_info *info, const char *parent, wcl_error *error)
{
    bool own = info->parent_count && !wcl_graphdriver_is_scratch_of(info->parents[0], info->id);

    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "its parent is '%s'; cannot tell what it changes of '%s'",
                    own ? info->parents[0] : "", parent);
}

/* ---- Diff ------------------------------------------------------------------------------------ */

/* Writes what a reader gives, which is closed, as a tar. */
static wcl_status write_tar(const wcl_graphdriver *driver, wcl_layer_reader *reader,
                            wcl_write_fn write, void *context, wcl_error *error)
{
    wcl_layer_writer *writer = NULL;

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

/* A reader of what a read-only layer shows that `parent`, which it stands on, does not ("": all).
 */
static wcl_status open_difference(wcl_graphdriver *driver, const wcl_layer_info *info,
                                  const char *parent, wcl_layer_reader **reader, wcl_error *error)
{
    bool stands_on_it = *parent == '\0';

    for (size_t i = 0; i < info->parent_count; i++)
        stands_on_it |= strcmp(info->parents[i], parent) == 0;
    if (!stands_on_it || is_sandbox(info))
        return fail_parent(info, parent, error);
    if (*parent)
        return wcl_difference_open(driver, info->id, parent, reader, error);
    return wcl_layer_merged_reader_open(&driver->layers, info->id, reader, error);
}

static wcl_status diff(wcl_graphdriver *driver, const char *id, const char *parent,
                       wcl_write_fn write, void *context, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    wcl_layer_reader *reader = NULL;

    if (look_up(driver, id, parent, true, &info, error) != WCL_OK)
        return WCL_FAILED;
    if (is_own_parent(info, parent))
        return wcl_layer_export_tar(&driver->layers, id, (wcl_parents) { NULL, 0 }, write, context,
                                    NULL, error);
    if (open_difference(driver, info, parent, &reader, error) != WCL_OK)
        return WCL_FAILED;
    return write_tar(driver, reader, write, context, error);
}

wcl_status wcl_graphdriver_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                wcl_write_fn write, void *context, wcl_error *error)
{
    return diff(driver, id, wcl_text(parent), write, context, error) == WCL_OK
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

    if (look_up(driver, id, parent, false, &info, error) != WCL_OK)
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
    return changes(driver, id, wcl_text(parent), change, context, error) == WCL_OK
               ? WCL_OK
               : wcl_error_context(error, "list changes", id);
}

/* The bytes of all files and symbolic links; a hard link's file counts once. Closes the reader. */
static wcl_status measure(wcl_layer_reader *reader, uint64_t *size, wcl_error *error)
{
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        if (entry.kind == WCL_ENTRY_FILE)
            *size += entry.size;
        else if (entry.kind == WCL_ENTRY_SYMLINK && entry.target)
            *size += strlen(entry.target);
    }
    if (wcl_layer_reader_close(reader, status == WCL_END ? error : NULL) != WCL_OK)
        return WCL_FAILED;
    return status == WCL_END ? WCL_OK : WCL_FAILED;
}

static wcl_status diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                            uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    wcl_layer_reader *reader = NULL;

    *size = 0;
    if (look_up(driver, id, parent, false, &info, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        is_own_parent(info, parent)
            ? wcl_layer_reader_open(&driver->layers, id, (wcl_parents) { NULL, 0 }, &reader, error)
            : open_difference(driver, info, parent, &reader, error);
    return status == WCL_OK ? measure(reader, size, error) : WCL_FAILED;
}

wcl_status wcl_graphdriver_diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                                     uint64_t *size, wcl_error *error)
{
    return diff_size(driver, id, wcl_text(parent), size, error) == WCL_OK
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
    if (is_sandbox(*info))
        return wcl_fail(error, WCL_CODE_BUSY,
                        "its parent '%s' is writable, or somebody still has it mounted", parent);
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

/* Makes a layer that somebody looked at while it was empty one to be filled again; WCL_END where it
 * is to be written to as it is. */
static wcl_status unsettle(wcl_graphdriver *driver, const char *id, char **parent, wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    wcl_status noted = wcl_pending_parent(driver, id, parent, error);
    if (noted == WCL_FAILED || wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK)
        return WCL_FAILED;
    bool is_open = noted == WCL_OK && is_sandbox(info);
    if (!is_sandbox(info) && strcmp(info->kind, "empty") != 0)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "the layer is filled already");
    const char *own = is_own_parent(info, "") ? "" : info->parents[0];
    if (!*parent && !(*parent = strdup(own)))
        return wcl_fail_memory(error);
    if (is_sandbox(info) &&
        (!is_open || info->is_mounted || wcl_graphdriver_has_changes(driver, id)))
        return WCL_END;
    if (wcl_pending_add(driver, id, *parent, error) != WCL_OK)
        return WCL_FAILED;
    if (wcl_layer_destroy(&driver->layers, id, error) == WCL_OK)
        return wcl_graphdriver_remove_scratch(driver, id, error);
    if (!is_open)
        wcl_pending_remove(driver, id);
    return WCL_FAILED;
}

static wcl_status graphdriver_diff_import(wcl_graphdriver *driver, const char *id,
                                          const char *parent, wcl_read_fn read, void *context,
                                          wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;
    WCL_CLEANUP_FREE const char **chain = NULL;
    size_t count;

    if (chain_of(driver, parent, &info, &chain, &count, error) != WCL_OK)
        return WCL_FAILED;
    return wcl_layer_import_tar(&driver->layers, id, (wcl_parents) { chain, count }, read, context,
                                NULL, NULL, error);
}

static wcl_status measure_layer(wcl_graphdriver *driver, const char *id, uint64_t *size,
                                wcl_error *error)
{
    wcl_layer_reader *reader = NULL;

    *size = 0;
    if (wcl_layer_reader_open(&driver->layers, id, (wcl_parents) { NULL, 0 }, &reader, error) !=
        WCL_OK)
        return WCL_FAILED;
    return measure(reader, size, error);
}

/* Lays a layer over one that is mounted for it. */
static wcl_status write_to(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                           const char *applied, wcl_error *error)
{
    WCL_CLEANUP_FREE char *path = NULL;

    if (wcl_graphdriver_get_held(driver, id, NULL, use, &path, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = wcl_graphdriver_lay_over(driver, applied, path, error);
    if (wcl_graphdriver_put_held(driver, id, use, status == WCL_OK ? error : NULL) != WCL_OK)
        return WCL_FAILED;
    return status;
}

/* Into a writable layer the tar goes by way of a layer of its own. */
static wcl_status apply_to_writable(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                                    wcl_read_fn read, void *context, uint64_t *size,
                                    wcl_error *error)
{
    const wcl_import_options options = { .struct_size = sizeof(options), .os = WCL_OS_LINUX };
    char applied[WCL_COMPANION_SIZE];

    if (wcl_graphdriver_discard_applied(driver, id, applied, error) != WCL_OK ||
        wcl_layer_import_tar(&driver->layers, applied, (wcl_parents) { NULL, 0 }, read, context,
                             &options, NULL, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = measure_layer(driver, applied, size, error);
    if (status == WCL_OK)
        status = write_to(driver, id, use, applied, error);
    if (wcl_layer_destroy(&driver->layers, applied, status == WCL_OK ? error : NULL) != WCL_OK)
        return WCL_FAILED;
    return status;
}

static wcl_status graphdriver_diff_apply(wcl_graphdriver *driver, const char *id,
                                         const char *parent, wcl_mount_use *use, wcl_read_fn read,
                                         void *context, uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FREE char *own = NULL;
    bool filled;

    if (wcl_layer_exists(&driver->layers, id, &filled, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status =
        filled ? unsettle(driver, id, &own, error) : wcl_pending_parent(driver, id, &own, error);
    if (status == WCL_FAILED)
        return WCL_FAILED;
    if (!own)
        return wcl_fail(error, WCL_CODE_FILE_NOT_FOUND, "there is no layer '%s'", id);
    if (strcmp(own, parent) != 0)
        return wcl_fail(error, WCL_CODE_INVALID_PARAMETER,
                        "the layer was created on '%s', not on '%s'", own, parent);
    if (status == WCL_END)
        return apply_to_writable(driver, id, use, read, context, size, error);
    if (graphdriver_diff_import(driver, id, parent, read, context, error) != WCL_OK)
        return WCL_FAILED;
    wcl_pending_remove(driver, id);
    return measure_layer(driver, id, size, error);
}

wcl_status wcl_graphdriver_apply_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                      wcl_read_fn read, void *context, uint64_t *size,
                                      wcl_error *error)
{
    wcl_mount_use *use;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);

    *size = 0;
    if (status == WCL_OK)
        status = wcl_mounts_leave(
            &driver->mounts, use,
            graphdriver_diff_apply(driver, id, wcl_text(parent), use, read, context, size, error));
    return status == WCL_OK ? WCL_OK : wcl_error_context(error, "apply diff", id);
}
