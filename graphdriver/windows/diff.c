/* Diffs of the layers of the graph driver of Windows: read, told, measured and applied. */
#include <stdlib.h>
#include <string.h>
#include <wcl/tar.h>

#include "base/error.h"
#include "graphdriver/windows/driver.h"
#include "platform/windows/files.h"

#define COPY_SIZE (256 * 1024)

static const wcl_parents own_chain = { NULL, 0 };

/* Whether `parent` ("" or NULL: none) is the layer's own; no other can be asked about. */
static wcl_status check_parent(wcl_graphdriver *driver, const char *id, const char *parent,
                               wcl_error *error)
{
    WCL_CLEANUP_FREE wcl_layer_info *info = NULL;

    if (wcl_layer_get_info(&driver->layers, id, &info, error) != WCL_OK)
        return WCL_FAILED;
    const char *own = info->parent_count ? info->parents[0] : "";
    if (strcmp(own, parent ? parent : "") == 0)
        return WCL_OK;
    return wcl_fail(error, WCL_CODE_NOT_SUPPORTED,
                    "its parent is '%s'; Windows tells of no other one ('%.140s')", own,
                    parent ? parent : "");
}

/* Takes the layer's turn; a layer that is mounted is unmounted, since Windows reads no other. */
static wcl_status begin_reading(wcl_graphdriver *driver, const char *id, const char *parent,
                                wcl_mount_use **use, wcl_error *error)
{
    if (check_parent(driver, id, parent, error) != WCL_OK ||
        wcl_mounts_enter(&driver->mounts, id, use, error) != WCL_OK)
        return WCL_FAILED;
    if ((*use)->count == 0 || wcl_layer_unprepare(&driver->layers, id, error) == WCL_OK)
        return WCL_OK;
    return wcl_mounts_leave(&driver->mounts, *use, WCL_FAILED);
}

/* Undoes that; a failure is told unless there is one already. */
static wcl_status end_reading(wcl_graphdriver *driver, const char *id, wcl_mount_use *use,
                              wcl_status status, wcl_error *error)
{
    if (use->count && wcl_layer_prepare(&driver->layers, id, own_chain,
                                        status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    return wcl_mounts_leave(&driver->mounts, use, status);
}

wcl_status wcl_graphdriver_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                wcl_write_fn write, void *context, wcl_error *error)
{
    wcl_mount_use *use;

    if (begin_reading(driver, id, parent, &use, error) != WCL_OK)
        return wcl_error_context(error, "diff", id);
    wcl_status status =
        wcl_layer_export_tar(&driver->layers, id, own_chain, write, context, NULL, error);
    return wcl_graphdriver_done(end_reading(driver, id, use, status, error), "diff", id, error);
}

/* What is done with each entry of a layer. */
typedef wcl_status (*entry_fn)(void *context, const wcl_entry *entry, wcl_error *error);

static wcl_status read_entries(wcl_graphdriver *driver, const char *id, entry_fn entry_seen,
                               void *context, wcl_error *error)
{
    wcl_layer_reader *reader = NULL;
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    if (wcl_layer_reader_open(&driver->layers, id, own_chain, &reader, error) != WCL_OK)
        return WCL_FAILED;
    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK) {
        status = entry_seen(context, &entry, error);
        if (status != WCL_OK)
            break;
    }
    if (status == WCL_END)
        return wcl_layer_reader_close(reader, error);
    wcl_layer_reader_close(reader, NULL);
    return WCL_FAILED;
}

static wcl_status look_at(wcl_graphdriver *driver, const char *id, const char *parent,
                          entry_fn entry_seen, void *context, wcl_error *error)
{
    wcl_mount_use *use;

    if (begin_reading(driver, id, parent, &use, error) != WCL_OK)
        return WCL_FAILED;
    wcl_status status = read_entries(driver, id, entry_seen, context, error);
    return end_reading(driver, id, use, status, error);
}

typedef struct change_teller {
    wcl_status (*change)(void *context, const char *path, wcl_change_kind kind, wcl_error *error);
    void *context;
} change_teller;

/* What is added cannot be told from what is modified. */
static wcl_status tell_change(void *context, const wcl_entry *entry, wcl_error *error)
{
    const change_teller *teller = context;
    WCL_CLEANUP_BUFFER wcl_buffer path = WCL_BUFFER_INIT;

    if (wcl_buffer_printf(&path, error, "/%s", entry->path) != WCL_OK)
        return WCL_FAILED;
    return teller->change(
        teller->context, wcl_buffer_text(&path),
        entry->kind == WCL_ENTRY_DELETED ? WCL_CHANGE_DELETED : WCL_CHANGE_MODIFIED, error);
}

wcl_status wcl_graphdriver_changes(wcl_graphdriver *driver, const char *id, const char *parent,
                                   wcl_status (*change)(void *context, const char *path,
                                                        wcl_change_kind kind, wcl_error *error),
                                   void *context, wcl_error *error)
{
    change_teller teller = { change, context };

    return wcl_graphdriver_done(look_at(driver, id, parent, tell_change, &teller, error),
                                "tell changes", id, error);
}

static wcl_status add_size(void *context, const wcl_entry *entry, wcl_error *error)
{
    uint64_t *size = context;

    if (__builtin_add_overflow(*size, entry->size, size))
        return wcl_fail(error, WCL_CODE_FILE_TOO_LARGE, "the sizes of its files are impossible");
    return WCL_OK;
}

wcl_status wcl_graphdriver_diff_size(wcl_graphdriver *driver, const char *id, const char *parent,
                                     uint64_t *size, wcl_error *error)
{
    *size = 0;
    return wcl_graphdriver_done(look_at(driver, id, parent, add_size, size, error), "measure", id,
                                error);
}

/* ---- Applying -------------------------------------------------------------------------------- */

static wcl_status copy_entry(wcl_layer_reader *reader, wcl_layer_writer *writer,
                             const wcl_entry *entry, uint8_t *room, wcl_error *error)
{
    size_t got = 0;

    if (wcl_layer_writer_add(writer, entry, error) != WCL_OK)
        return WCL_FAILED;
    do {
        if (wcl_layer_reader_read(reader, room, COPY_SIZE, &got, error) != WCL_OK ||
            (got && wcl_layer_writer_write(writer, room, got, error) != WCL_OK))
            return WCL_FAILED;
    } while (got);
    return WCL_OK;
}

static wcl_status windows_diff_copy(wcl_layer_reader *reader, wcl_layer_writer *writer,
                                    uint64_t *size, wcl_error *error)
{
    WCL_CLEANUP_FREE uint8_t *room = malloc(COPY_SIZE);
    wcl_entry entry = WCL_ENTRY_INIT;
    wcl_status status;

    if (!room)
        return wcl_fail_memory(error);
    while ((status = wcl_layer_reader_next(reader, &entry, error)) == WCL_OK)
        if (add_size(size, &entry, error) != WCL_OK ||
            copy_entry(reader, writer, &entry, room, error) != WCL_OK)
            return WCL_FAILED;
    return status == WCL_END ? WCL_OK : status;
}

static wcl_status windows_diff_import(wcl_graphdriver *driver, const char *id, const char *parent,
                                      wcl_read_fn read, void *context, uint64_t *size,
                                      wcl_error *error)
{
    const wcl_tar_reader_options tar = { .struct_size = sizeof(tar), .os = WCL_OS_WINDOWS };
    const wcl_parents parents = { &parent, parent && *parent ? 1 : 0 };
    wcl_layer_reader *reader = NULL;
    wcl_layer_writer *writer = NULL;

    wcl_status status = wcl_tar_reader_open(read, context, &tar, &reader, error);
    if (status == WCL_OK)
        status = wcl_layer_writer_open(&driver->layers, id, parents, &writer, error);
    if (status == WCL_OK)
        status = windows_diff_copy(reader, writer, size, error);
    if (reader && wcl_layer_reader_close(reader, status == WCL_OK ? error : NULL) != WCL_OK)
        status = WCL_FAILED;
    if (status == WCL_OK)
        return wcl_layer_writer_close(writer, error);
    wcl_layer_writer_abort(writer);
    return status;
}

/* Whether the layer has its registry, which every layer that was imported has. */
static wcl_status check_not_filled(const wcl_graphdriver *driver, const char *id, wcl_error *error)
{
    WCL_CLEANUP_FREE char *folder = wcl_long_join(driver->root, id, error);
    WCL_CLEANUP_FREE char *hives = folder ? wcl_long_join(folder, "Hives", error) : NULL;
    uint32_t attributes;
    wcl_status status = hives ? wcl_file_attributes(hives, &attributes, error) : WCL_FAILED;

    if (status == WCL_OK)
        return wcl_fail(error, WCL_CODE_ALREADY_EXISTS, "the layer was filled before");
    return status == WCL_END ? WCL_OK : status;
}

/* A layer that could not be filled is made anew, empty as it was. */
static wcl_status windows_diff_apply(wcl_graphdriver *driver, const char *id, const char *parent,
                                     wcl_read_fn read, void *context, uint64_t *size,
                                     wcl_error *error)
{
    if (check_parent(driver, id, parent, error) != WCL_OK ||
        check_not_filled(driver, id, error) != WCL_OK)
        return WCL_FAILED;
    if (windows_diff_import(driver, id, parent, read, context, size, error) == WCL_OK)
        return WCL_OK;
    wcl_layer_destroy(&driver->layers, id, NULL);
    wcl_layer_create(&driver->layers, id, parent, NULL);
    return WCL_FAILED;
}

wcl_status wcl_graphdriver_apply_diff(wcl_graphdriver *driver, const char *id, const char *parent,
                                      wcl_read_fn read, void *context, uint64_t *size,
                                      wcl_error *error)
{
    wcl_mount_use *use;

    *size = 0;
    wcl_status status = wcl_mounts_enter(&driver->mounts, id, &use, error);
    if (status == WCL_OK)
        status =
            wcl_mounts_leave(&driver->mounts, use,
                             windows_diff_apply(driver, id, parent, read, context, size, error));
    return wcl_graphdriver_done(status, "apply diff", id, error);
}
